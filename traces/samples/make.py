#!/usr/bin/env python3
"""Makes the samples of the formats that other tools write, beside itself."""

import gzip
import lzma
import pathlib
import random
import struct
import zipfile

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


def counting(draw, thread):
    """Instructions of a thread that adds up its own words and counts in a line that all share:
    address, length, loads, stores, each of 8 bytes."""
    own = 0x7F0000000000 + thread * 0x100000
    for turn in range(draw.randrange(60, 90)):
        yield 0x401000, 4, [own + turn * 8], []
        yield 0x401004, 3, [], []
        if turn % 5 == 0:
            yield 0x401007, 5, [0x602040 + thread * 8], [0x602040 + thread * 8]
        yield 0x40100C, 2, [], []


def thread_file(draw, thread):
    """A thread of drmemtrace: records of type, size, address; a block every 20 instructions."""
    entries = [(25, 0, 7), (28, 12, 7), (28, 9, 0x240), (22, 0, 5000 + thread), (24, 0, 5000)]
    time = 13_350_000_000_000_000 + thread * 7
    for number, (at, length, loads, stores) in enumerate(counting(draw, thread)):
        if number % 20 == 0:
            time += draw.randrange(20, 60)
            entries += [(28, 2, time), (28, 3, thread)]
        # The last instruction of a turn is a jump that is taken, until it is not.
        entries.append((48 if length == 2 else 10, length, at))
        entries += [(0, 8, addr) for addr in loads] + [(1, 8, addr) for addr in stores]
    entries += [(20, 64, 0x602040), (23, 0, 5000 + thread), (26, 0, 0)]
    return b"".join(struct.pack("<HHQ", *entry) for entry in entries)


def chunks(path, data):
    """A zip as DynamoRIO's tools write it, in chunks."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, at in enumerate(range(0, len(data), 1200)):
            archive.writestr(zipfile.ZipInfo(f"chunk.{number:04}"), data[at:at + 1200],
                             zipfile.ZIP_DEFLATED)


def champsim(draw, stores, padding):
    """A core of ChampSim; so many places for stores, and so many bytes of registers and nothing."""
    def places(addresses, count):
        return struct.pack(f"<{count}Q", *addresses, *[0] * (count - len(addresses)))
    out = b""
    for at, length, loads, stored in counting(draw, 0):
        jump = length == 2
        out += struct.pack("<QBB", at, jump, jump) + bytes([1, 2]) + bytes(padding - 2)
        out += places(stored, stores) + places(loads, 4) + bytes(8 if stores == 4 else 0)
    return out


def turns(count):
    """Such threads, which take turns: the thread, and an instruction of it."""
    running = [(thread, counting(random.Random(30 + thread), thread)) for thread in range(count)]
    while running:
        for one in list(running):
            instruction = next(one[1], None)
            if instruction is None:
                running.remove(one)
            else:
                yield one[0], instruction


def table():
    """A table with columns that nobody needs, in no usual order."""
    lines = ["address:dec;what;bytes;thread;rw"]
    for thread, (at, length, loads, stores) in turns(3):
        lines.append(f'{at};"fetched; {length} bytes";{length};{7000 + 11 * thread};ifetch')
        lines += [f"{addr};data;8;{7000 + 11 * thread};load" for addr in loads]
        lines += [f"{addr};data;8;{7000 + 11 * thread};store" for addr in stores]
    return "\n".join(lines) + "\n"


def pinatrace():
    """A thread as Pin's example writes it."""
    lines = []
    for at, _, loads, stores in counting(random.Random(40), 0):
        lines += [f"{at:#x}: R {addr:#x}" for addr in loads]
        lines += [f"{at:#x}: W {addr:#x}" for addr in stores]
    return "\n".join(lines) + "\n#eof\n"


def execlog():
    """Such threads on the CPUs of QEMU; with the names of devices, as of a whole machine."""
    lines = []
    for cpu, (at, length, loads, stores) in turns(2):
        words = [str(cpu), f"{at:#x}", f"{at % 251:#x}", f'"op.{length} x{cpu}, [sp, #{length}]"']
        words += [word for addr in loads for word in ("load", f"0x{addr:08x}", "RAM")]
        words += [word for addr in stores for word in ("store", f"0x{addr:08x}", "RAM")]
        lines.append(", ".join(words))
    return "\n".join(lines) + "\n"


def spike():
    """Such threads on the harts of Spike; a count is one atomic instruction there."""
    lines = []
    for hart, (at, length, loads, stores) in turns(2):
        compressed = length < 4
        opcode = "0x8082" if compressed else "0x00b5352f" if stores else "0x0005b503"
        lines.append(f"core   {hart}: 0x{at:016x} ({opcode}) {'ret' if compressed else 'x10'}")
        line = f"core   {hart}: 0 0x{at:016x} ({opcode})"
        if loads:
            line += " x10 0x0000000000000001"
        line += "".join(f" mem 0x{addr:016x}" for addr in loads)
        line += "".join(f" mem 0x{addr:016x} 0x{1:016x}" for addr in stores)
        lines.append(line)
    return "\n".join(lines) + "\n"


def varint(number):
    """A number, seven bits a byte."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def message(*fields):
    """A protobuf message of numbers and strings, behind its length."""
    out = b""
    for field, value in fields:
        if isinstance(value, bytes):
            out += varint(field << 3 | 2) + varint(len(value)) + value
        else:
            out += varint(field << 3) + varint(value)
    return varint(len(out)) + out


def gem5(draw):
    """A core of gem5, and what its cache sends down now and then."""
    out = b"gem5" + message((1, b"system.cpu.probe"), (2, 0), (3, 10**12), (4, message((1, 5))[1:]))
    tick = 0
    for at, length, loads, stores in counting(draw, 0):
        tick += 500 * draw.randrange(1, 4)
        out += message((1, tick), (2, 1), (3, at), (4, length), (5, 0x100), (6, 5), (7, at))
        for addr in loads:
            out += message((1, tick), (2, 1), (3, addr), (4, 8), (5, 0), (6, 5), (7, at))
        for addr in stores:
            out += message((1, tick), (2, 4), (3, addr), (4, 8), (5, 0), (6, 5), (7, at))
        if draw.randrange(20) == 0:
            out += message((1, tick), (2, 7), (3, 0x602040), (4, 64))
    return out


THREADS = FOLDER / "counting.dir" / "trace"
THREADS.mkdir(parents=True, exist_ok=True)
for thread in range(3):
    data = thread_file(random.Random(10 + thread), thread)
    name = f"drmemtrace.counting.{5000 + thread}.0001.trace"
    if thread < 2:
        chunks(THREADS / f"{name}.zip", data)
    else:
        (THREADS / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
(FOLDER / "counting.champsimtrace.xz").write_bytes(lzma.compress(champsim(random.Random(20), 2, 6)))
(FOLDER / "counting.csv").write_text(table())
(FOLDER / "counting.ptrc.gz").write_bytes(gzip.compress(gem5(random.Random(50)), mtime=0))
(FOLDER / "counting.execlog.xz").write_bytes(lzma.compress(execlog().encode()))
(FOLDER / "counting.spike.xz").write_bytes(lzma.compress(spike().encode()))
(FOLDER / "counting.pinatrace").write_text(pinatrace())
(FOLDER / "counting.trace.xz").write_bytes(lzma.compress(champsim(random.Random(21), 4, 14)))
(FOLDER / "cache.oracleGeneral").write_bytes(oracle_general(random.Random(1)))
(FOLDER / "disks.csv").write_text(disks(random.Random(2)))
(FOLDER / "cache.csv").write_text(cache(random.Random(3)))
