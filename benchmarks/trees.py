"""Sums of one boosted tree: ``python -m benchmarks.trees [--rows 24011] [--columns 10] [--bits 2048] [--sample 4096]``.

All-but-one transfers beside the shape of SecureBoost with this repository's own Paillier: the label holder encrypts a
word of g and h for every row, the other side multiplies ciphertexts by node and bin, and the sums come back to be
decrypted. Both take the sums of the root and, on four further levels, of children that hold a half of the rows each
(the smaller ones, at most as many). Processor time of both parties, on a sample of rows; what grows with rows is scaled
up to all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LEVELS, BINS, DEPTH = 5, 32, 5
SID = bytes(32)


def cpu(work: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Seconds of processor time of the fastest call, and what it gave."""
    found, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        found = min(found, time.process_time() - start)
    return found, result


def transfers(rows: int, columns: int) -> tuple[float, float]:
    """Seconds of the cells once, and of a tree, both ends."""
    from accord_protocols.primitives.onehot import cot, halftree, seeds, words
    from accord_protocols.primitives.onehot.blocks import Permutation
    from accord_protocols.primitives.xof import Xof

    rng, root = np.random.default_rng(0), Xof(bytes(32), "benchmark")
    bins = rng.integers(0, BINS, (rows, columns)).astype(np.uint8)
    sender = seeds.Sender(SID, root.fork("sender"))
    answer, leaves = seeds.answer(sender.points, SID, root.fork("holder"))
    secret, bits = sender.learn(answer), halftree.choices(bins.reshape(-1), DEPTH).reshape(-1)

    def cells() -> tuple[Any, Any]:
        said, t = cot.choose(leaves, SID, bytes(16), bits, bytes(16))
        q = cot.accept(secret, SID, said, len(bits))
        growing = Permutation(SID, "grow", 0)
        told = halftree.grow(growing, q.reshape(-1, DEPTH, 2), secret.block)
        kept = halftree.siblings(growing, t.reshape(-1, DEPTH, 2), told, bins.reshape(-1))
        return q.reshape(rows, -1), kept.reshape(rows, -1)

    once, (q, kept) = cpu(cells)
    wanted = {}
    place, vector = words.Place(SID, 0, DEPTH), rng.integers(0, 2**64, rows, np.uint64)

    for some in (rows, rows // 2):
        wanted[some] = np.zeros((columns, BINS), np.uint64)
        for column in range(columns):
            np.add.at(wanted[some][column], bins[:some, column], vector[:some])

    def tree() -> None:
        pads = words.send(place, q, secret.block, bytes(16))
        told = pads.sum(axis=2, dtype=np.uint64) + vector[:, None]
        taken = words.receive(place, kept, bins, told, bytes(16))
        for level in range(LEVELS):
            some = np.arange(rows if level == 0 else rows // 2)
            nodes = max(1, 2 ** (level - 1))
            slots = (some % nodes).astype(np.uint8)
            shares = words.totals(taken, some, slots, nodes) - words.totals(pads, some, slots, nodes)
            if not np.array_equal(shares.sum(axis=0, dtype=np.uint64), wanted[len(some)]):
                raise SystemExit("the sums are WRONG")

    return once, cpu(tree)[0]


def secureboost(rows: int, columns: int, bits: int, total: int) -> float:
    """Seconds of a tree of `total` rows, both parties, of which so many are computed with."""
    from gmpy2 import mpz

    from accord_protocols.primitives.paillier.cipher import decrypt, encrypt_own
    from accord_protocols.primitives.paillier.keys import generate
    from accord_protocols.primitives.xof import Xof

    private = generate(bits, Xof(bytes(32), "key"))
    square = mpz(private.public.n) ** 2
    words = np.random.default_rng(0).integers(0, 2**62, rows).tolist()
    encrypting, numbers = cpu(lambda: encrypt_own(private, words, Xof(bytes(32), "words")), 1)

    def add() -> Any:
        found = numbers[0]
        for number in numbers[1:]:
            found = found * number % square
        return found

    adding = cpu(add)[0] / (rows - 1)
    opening = cpu(lambda: decrypt(private, numbers[:32]))[0] / 32
    visits = total * (1 + (LEVELS - 1) / 2)
    sums = columns * BINS * sum(max(1, 2 ** (level - 1)) for level in range(LEVELS))
    packed = sums * 64 // (bits - 64)  # a ciphertext carries as many sums as fit, 64 bits each
    return float(total * encrypting / rows + visits * columns * adding + packed * opening)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = {"rows": 24011, "columns": 10, "bits": 2048, "sample": 4096}
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    sample = min(asked.sample, asked.rows)
    once, tree = (value * asked.rows / sample for value in transfers(sample, asked.columns))
    boost = secureboost(min(sample, 1024), asked.columns, asked.bits, asked.rows)
    shape = f"{asked.rows:,} rows x {asked.columns} columns, {BINS} bins, depth {DEPTH}, CPU of both parties"
    print(f"{shape}\ntransfers: {once:.2f} s once, {tree:.3f} s a tree")
    print(f"Paillier-{asked.bits}: {boost:.1f} s a tree, {boost / tree:.0f} times as much")


if __name__ == "__main__":
    main()
