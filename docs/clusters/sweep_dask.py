"""Runs the parts of a sweep as dask tasks: sweep_dask.py MESIM PLAN RESULTS PARTS [SCHEDULER]."""

import subprocess
import sys

from dask.distributed import Client, LocalCluster


def run(part, parts, mesim, plan, results):
    """Runs one part on whichever worker it comes to; the exit code says what came of it."""
    return subprocess.call([mesim, "sweep", "run", plan, "-d", results, "--shard", f"{part}/{parts}"])


if __name__ == "__main__":
    mesim, plan, results, parts, *scheduler = sys.argv[1:]
    cluster = scheduler[0] if scheduler else LocalCluster(threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        # Two runs of a part may end differently, so that dask must not take one for the other (pure).
        tasks = client.map(run, range(1, int(parts) + 1), parts=int(parts), mesim=mesim, plan=plan,
                           results=results, pure=False)
        sys.exit(max(client.gather(tasks)))
