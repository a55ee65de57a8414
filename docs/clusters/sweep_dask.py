"""Runs the shares of a sweep as dask tasks: sweep_dask.py MESIM PLAN RESULTS SHARES [SCHEDULER]."""

import subprocess
import sys

from dask.distributed import Client, LocalCluster


def run(share, shares, mesim, plan, results):
    """Runs one share on whichever worker it comes to; the exit code says what came of it."""
    shard = f"{share}/{shares}"
    return subprocess.call([mesim, "sweep", "run", plan, "-d", results, "--shard", shard])


if __name__ == "__main__":
    mesim, plan, results, shares, *scheduler = sys.argv[1:]
    cluster = (scheduler or [LocalCluster(threads_per_worker=1, dashboard_address=None)])[0]
    with Client(cluster) as client:
        # A share that is run again may end differently, so dask must not take it for known (pure).
        tasks = client.map(run, range(1, int(shares) + 1), shares=int(shares), mesim=mesim,
                           plan=plan, results=results, pure=False)
        sys.exit(max(code & 255 for code in client.gather(tasks)))
