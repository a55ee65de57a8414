#!/usr/bin/env python3
"""Makes the samples of the formats of requests, beside itself."""

import pathlib
import random
import struct

FOLDER = pathlib.Path(__file__).parent
OPERATIONS = ["get"] * 5 + ["gets", "set", "set", "add", "replace", "cas", "append", "prepend",
                            "incr", "decr", "delete"]


def cache_requests(draw):
    """400 requests for 40 objects within a minute: time, object, size."""
    sizes = [draw.randrange(1, 600) for _ in range(40)]
    for request in range(400):
        thing = min(int(draw.expovariate(0.15)), 39)
        yield request * 60 // 400, thing, sizes[thing]


def oracle_general(draw):
    requests = list(cache_requests(draw))
    out = b""
    for at, (time, thing, size) in enumerate(requests):
        later = [i for i in range(at + 1, len(requests)) if requests[i][1] == thing]
        out += struct.pack("<IQIq", time, 0x9E3779B97F4A7C15 * (thing + 1) % 2**64, size,
                           later[0] if later else -1)
    return out


def disks(draw):
    """300 requests to three disks of two hosts; some are late, some large."""
    lines, time = [], 128166372003061629
    for _ in range(300):
        time += draw.randrange(200_000)
        host, disk = draw.choice([("web", 0), ("web", 1), ("usr", 0)])
        kind = "Read" if draw.random() < 0.35 else "Write"
        size = draw.choice([512, 4096, 4096, 8192, 65536, 200_704])
        late = draw.randrange(400_000) if draw.random() < 0.05 else 0
        offset = draw.randrange(1 << 20) * 4096
        lines.append(f"{time - late},{host},{disk},{kind},{offset},{size},{draw.randrange(9999)}")
    return "\n".join(lines) + "\n"


def cache(draw):
    lines = []
    for time, thing, size in cache_requests(draw):
        key, client = f"user:{thing * 7919 % 1000:03}:score", draw.randrange(8)
        operation = draw.choice(OPERATIONS)
        bytes_, ttl = (0, 0) if operation in ("get", "gets", "delete") else (size, 3600)
        lines.append(f"{time},{key},{len(key)},{bytes_},{client},{operation},{ttl}")
    return "\n".join(lines) + "\n"


(FOLDER / "cache.oracleGeneral").write_bytes(oracle_general(random.Random(1)))
(FOLDER / "disks.csv").write_text(disks(random.Random(2)))
(FOLDER / "cache.csv").write_text(cache(random.Random(3)))
