"""Seconds and bytes of both engines' operations, on one core: ``python -m benchmarks.costs [--write]``.

`accord_protocols.phases.training.costs` multiplies them with how often each is done. ``--write`` puts them into its
table. Processor time, the best of some calls.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from accord_protocols.phases.training import costs
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

ROWS, COLUMNS, KEYS = 512, 4, 3
BITS = (2048, 3072, 4096)
SID = bytes(32)


def best(work: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds of processor time of the fastest call."""
    found = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        found = min(found, time.process_time() - start)
    return found


def mean(work: Callable[[], Any], repeats: int) -> float:
    """Seconds of processor time of a call whose length is chance."""
    start = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - start) / repeats


def of_paillier(bits: int) -> dict[str, float]:
    """One size of keys: a key, and per row, per entry, per column."""
    from accord_protocols.primitives.paillier import jobs, packing
    from accord_protocols.primitives.paillier.keys import generate

    xof, ring = Xof(bytes(32), "costs", bits), Ring(128)
    key = generate(bits, xof)
    x = np.random.default_rng(0).integers(-(1 << costs.X_BITS - 1), 1 << costs.X_BITS - 1, (ROWS, COLUMNS))
    width = packing.slot_bits(ring.bits, costs.X_BITS, ROWS)
    slots = packing.slots(bits, width, 2 * COLUMNS * 100)
    masks = ring.random(xof, ROWS, slots)
    numbers = jobs.encrypt_masks(key, masks, width, xof)
    hiding, _ = jobs.answer_masks(key.public, COLUMNS, slots, width, ring.bits, xof)
    products = jobs.masked_products(key.public, numbers, x, hiding, costs.X_BITS)
    return {
        "keys": 2 * mean(lambda: generate(bits, xof), KEYS),  # one is made, another's is checked
        "encrypt": best(lambda: jobs.encrypt_masks(key, masks, width, xof)) / ROWS,
        "hide": best(lambda: jobs.answer_masks(key.public, COLUMNS, slots, width, ring.bits, xof)) / COLUMNS,
        "multiply": best(lambda: jobs.masked_products(key.public, numbers, x, hiding, costs.X_BITS)) / x.size,
        "decrypt": best(lambda: jobs.decrypt_products(key, products, slots, width, ring.bits)) / COLUMNS,
    }


def of_lattice(bits: int) -> dict[str, float]:
    """One ring: a key, and per block and per answer."""
    from accord_protocols.primitives import lattice
    from accord_protocols.primitives.lattice.cipher import answer_width
    from accord_protocols.primitives.lattice.warm import warm

    warm()
    xof, ring = Xof(bytes(32), "costs", bits), Ring(bits)
    secret = lattice.SecretKey.generate(SID, "clinic", xof)
    public, degree = secret.public, lattice.Layout("sums", 1, 1, bits).plain.degree
    taken = {}
    for spans in (1, 5):
        rows = spans * (degree.size // costs.MOST_COLUMNS)
        layout = lattice.Layout("sums", rows, costs.MOST_COLUMNS, bits)
        x = np.random.default_rng(0).integers(-(1 << costs.X_BITS - 1), 1 << costs.X_BITS - 1, (rows, layout.columns))
        d, own = ring.random(xof, rows), xof.fork(spans)
        blocks = lattice.encrypt_columns(secret, layout, x, own)
        message, _ = lattice.transposed(public, layout, blocks, d, own)
        taken[spans] = (
            best(lambda s=(layout, x, own): lattice.encrypt_columns(secret, *s)) / layout.blocks,  # type: ignore[misc]
            best(lambda s=(layout, blocks, d, own): lattice.transposed(public, *s)),  # type: ignore[misc]
            best(lambda s=(layout, message): lattice.open_transposed(secret, *s)),  # type: ignore[misc]
        )
    multiply = (taken[5][1] - taken[1][1]) / 4
    none = answer_width(degree, 0)
    return {
        "degree": degree.size,
        "keys": 2 * best(lambda: lattice.SecretKey.generate(SID, "clinic", xof)),
        "encrypt": taken[5][0],
        "answer": taken[1][1] - multiply,
        "multiply": multiply,
        "open": taken[5][2],
        "block_bytes": lattice.Layout("sums", 1, 1, bits).width,
        "answer_bytes": none,
        "opened_bytes": (answer_width(degree, 16) - none) / 16,
    }


def of_starting() -> float:
    """Seconds of a worker's processor time until it has its compiled loops, where they are on disk."""
    program = "from accord_protocols.primitives.lattice.warm import warm\nwarm()"

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(3):
        start = spent()
        subprocess.run([sys.executable, "-c", program], check=True)
        times.append(spent() - start)
    return min(times)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    starting = of_starting()
    rings = {str(bits): of_lattice(bits) for bits in (64, 128)}
    for row in rings.values():
        row["keys"] += starting
    found = {"paillier": {str(bits): of_paillier(bits) for bits in BITS}, "lattice": rings}
    rounded = {e: {k: {n: float(f"{v:.3g}") for n, v in row.items()} for k, row in t.items()} for e, t in found.items()}
    for ring in rings:  # bytes are exact
        rounded["lattice"][ring] |= {n: v for n, v in rings[ring].items() if n.endswith("bytes") or n == "degree"}
    said = json.dumps(rounded, indent=1) + "\n"
    print(said, end="")
    if options.write:
        Path(costs.__file__).with_name("costs.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    main()
