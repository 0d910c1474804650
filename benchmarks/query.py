"""Hidden queries: how long a table takes to prepare and a question to answer, beside what others publish.

``python -m benchmarks.query [--keys 100000 1000000] [--value 256] [--batch 32] [--workers N] [--json]``. Preparation
runs in as many processes as an agent has workers, its parts as an agent cuts them; questions are answered in one. Wall
seconds: the machine should have nothing else to do. That every answer is the right one is checked.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.pir import loops, matrix, question, table
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.parameters import DIMENSION, MODULUS_BITS, SIGMA, estimate
from accord_protocols.primitives.pir.sealing import groups_of
from accord_protocols.primitives.psi import ecdh, groups
from accord_protocols.primitives.xof import Xof

SETUP, SID, SEED = bytes(32), bytes(32), bytes(16)
CHUNK = 512 * 1024
_IDS = 2048  # in a part of the OPRF, as in the registry of tasks
_REPEATS = 5
Bytes = NDArray[np.uint8]
PUBLISHED = (
    ("chalamet_pir 0.1 (its README)", "2^20 x 1,024 B", "32 vCPU, AVX-512", "1,416 s", "33 ms", "2,130 ms"),
    ("SecretFlow APSI (its report)", "10^6 x 32 B", "32 cores", "", "494 ms", ""),
)
"""What others give: scheme, table, machine, preparation, server a question, client a question. The first one hides only
what is asked for: its client may read the whole table."""


@dataclass
class Run:
    """One size."""

    keys: int
    value: int
    groups: int
    oprf_seconds: float
    table_seconds: float
    hint_mib: float
    question_kib: float
    answer_kib: float
    table_mib: float
    server_ms: float
    server_numpy_ms: float
    client_ms: float
    client_batch_ms: float
    right: bool
    peak_rss_mib: int = 0


def identifier(number: int) -> str:
    """A key."""
    return f"customer-{number:012d}@example.org"


def tagged(key: bytes, first: int, count: int) -> Bytes:
    """A part of the server's OPRF of its own keys."""
    return ecdh.own_tags(groups.RISTRETTO, key, SID, [identifier(i) for i in range(first, first + count)])


def value_of(number: int, size: int) -> bytes:
    """A row's value."""
    return number.to_bytes(8, "big") * (size // 8)


def filled(layout: Layout, tags: Bytes, numbers: NDArray[np.int64], group: int) -> tuple[bytes, Bytes, Bytes]:
    """A column group and its part of the hint."""
    values = [value_of(number, layout.value) for number in numbers.tolist()]
    salt, part = table.build(layout, SETUP, tags, values, Xof(bytes(32), group))
    return salt, part, matrix.hint(SEED, part).view(np.uint8)


def timed(work: Callable[[], object], times: int = _REPEATS) -> float:
    """The median of some repeats, in ms."""
    found = []
    for _ in range(times):
        before = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - before))
    return statistics.median(found)


def measure(keys: int, value: int, batch: int, workers: int) -> Run:
    """Prepare, ask, answer, read."""
    layout, key = Layout.of(keys, value, CHUNK), groups.RISTRETTO.random_scalar(Xof(SID, "key"))
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(tagged, key, 0, 1).result()
        begun = time.perf_counter()
        counts = [(first, min(_IDS, keys - first)) for first in range(0, keys, _IDS)]
        tags = np.concatenate([*pool.map(functools.partial(tagged, key), *zip(*counts, strict=True))])
        tagged_at = time.perf_counter()
        where = groups_of(tags, SETUP, layout.groups)
        rows = [np.flatnonzero(where == group) for group in range(layout.groups)]
        parts = [*pool.map(functools.partial(filled, layout), (tags[r] for r in rows), rows, range(layout.groups))]
        done = time.perf_counter()
    print(f"{keys:,} keys: OPRF {tagged_at - begun:.1f} s, table {done - tagged_at:.1f} s", file=sys.stderr, flush=True)
    salts = np.stack([np.frombuffer(salt, np.uint8) for salt, _, _ in parts])
    whole, hints = np.concatenate([part for _, part, _ in parts]), np.concatenate([hint for _, _, hint in parts])
    del parts
    wanted = [*range(0, keys, max(1, keys // (batch // 2))), *range(keys, keys + batch)][:batch]
    asked = ecdh.own_tags(groups.RISTRETTO, key, SID, [identifier(i) for i in wanted])
    ask = functools.partial(question.ask, layout, SEED, SETUP, salts)
    made = ask(asked, Xof(bytes(32), "ask"))
    loops.warm()
    server = timed(lambda: question.answer(layout, whole, made[:1]))
    sums = question.answer(layout, whole, made).reshape(batch, layout.groups, layout.width)
    right = all(
        _read(layout, asked, hints, sums, k) == (value_of(i, value) if i < keys else None) for k, i in enumerate(wanted)
    )
    compiled, loops.compiled = loops.compiled, lambda: None  # type: ignore[assignment]
    numpy = timed(lambda: question.answer(layout, whole, made[:1]), 3)
    loops.compiled = compiled
    return Run(
        keys=keys,
        value=value,
        groups=layout.groups,
        oprf_seconds=tagged_at - begun,
        table_seconds=done - tagged_at,
        hint_mib=layout.hint / 2**20,
        question_kib=layout.question / 1024,
        answer_kib=layout.answer / 1024,
        table_mib=whole.nbytes / 2**20,
        server_ms=server,
        server_numpy_ms=numpy,
        client_ms=timed(lambda: ask(asked[:1], Xof(bytes(32), "ask")), 3)
        + timed(lambda: _read(layout, asked, hints, sums, 0)),
        client_batch_ms=timed(lambda: ask(asked, Xof(bytes(32), "ask")), 1) / batch,
        right=right,
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    )


def _read(layout: Layout, asked: Bytes, hints: Bytes, sums: NDArray[np.uint32], k: int) -> bytes | None:
    group = int(groups_of(asked[k : k + 1], SETUP, layout.groups)[0])
    own = np.ascontiguousarray(hints[group * layout.width : (group + 1) * layout.width]).view("<u4")
    return question.read(
        layout, SETUP, asked[k].tobytes(), own.reshape(-1, DIMENSION), sums[k, group], Xof(bytes(32), "ask"), k
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.query", description=__doc__)
    parser.add_argument("--keys", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--value", type=int, default=256, help="bytes of a value, a multiple of 8")
    parser.add_argument("--batch", type=int, default=32, help="keys that are asked for at once")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [measure(keys, options.value, options.batch, options.workers) for keys in options.keys]
    if options.json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
        return
    bits = estimate(DIMENSION, MODULUS_BITS, SIGMA, SIGMA).bits
    print(
        f"LWE: n = {DIMENSION}, q = 2^{MODULUS_BITS}, sigma = {SIGMA}: {bits:.0f} bits (core-SVP); "
        f"{options.workers} workers."
    )
    heads = ("", "table", "machine", "prepare", "server", "client")
    print("\n{:32} {:>16} {:>18} {:>10} {:>9} {:>9}".format(*heads))
    for run in runs:
        prepare = f"{run.oprf_seconds + run.table_seconds:.1f} s"
        cells = (f"{run.keys:,} x {run.value} B", f"{options.workers} workers", prepare)
        print(
            "{:32} {:>16} {:>18} {:>10} {:>6.1f} ms {:>6.1f} ms".format("accord", *cells, run.server_ms, run.client_ms)
        )
    for row in PUBLISHED:
        print("{:32} {:>16} {:>18} {:>10} {:>9} {:>9}".format(*row))
    for run in runs:
        print(
            f"\n{run.keys:,} keys: {run.groups} groups; OPRF {run.oprf_seconds:.1f} s, table and hint "
            f"{run.table_seconds:.1f} s; hint {run.hint_mib:.1f} MiB; question {run.question_kib:.0f} KiB, answer "
            f"{run.answer_kib:.1f} KiB; table {run.table_mib:.0f} MiB in memory; server without numba "
            f"{run.server_numpy_ms:.0f} ms; client {run.client_batch_ms:.1f} ms a key in batches; "
            f"answers {'right' if run.right else 'WRONG'}; peak {run.peak_rss_mib} MiB"
        )


if __name__ == "__main__":
    main()
