"""The lattice engine on one core: ``python -m benchmarks.lattice [--rows 24011] [--columns 14] [--million] [--numpy]``.

Processor time, the best of some calls. Every product is checked. ``--million`` checks a million products of random and
extreme numbers instead; ``--numpy`` leaves numba out, with the same results.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from accord_protocols.primitives.lattice import Layout, SecretKey
    from accord_protocols.primitives.xof import Xof

REPEATS = 5
SID = bytes(32)


def best(work: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    """Milliseconds of processor time of the fastest call, and what it gave."""
    found, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        found = min(found, time.process_time() - start)
    return 1000 * found, result


class Bench:
    """Two parties in one process: whose key it is, and who evaluates."""

    def __init__(self) -> None:
        from accord_protocols.primitives.lattice import SecretKey
        from accord_protocols.primitives.ring import Ring
        from accord_protocols.primitives.xof import Xof

        self.root: Xof = Xof(bytes(32), "benchmark")
        self.secret: SecretKey = SecretKey.generate(SID, "clinic", self.root.fork("key"))
        self.public = self.secret.public
        self.rng, self.ring = np.random.default_rng(0), Ring(128)

    def elements(self, *shape: int) -> NDArray[np.uint64]:
        """Ring elements, one in nine the least, one in nine the greatest."""
        found = self.rng.integers(0, 2**64, (*shape, 2), dtype=np.uint64)
        chosen = self.rng.integers(0, 9, shape)
        found[chosen == 0], found[chosen == 1] = (0, 1 << 63), (2**64 - 1, 2**63 - 1)
        return found

    def exact(self, shares: NDArray[np.uint64], mask: NDArray[np.uint64], expected: NDArray[np.uint64]) -> str:
        """Whether both sides' shares add up to what they should."""
        return "exact" if (self.ring.add(shares, mask) == expected).all() else "WRONG"

    def columns(self, rows: int, columns: int) -> None:
        """``X^T d`` and ``X·w``."""
        from accord_protocols.primitives import lattice

        x = self.rng.integers(-(2**21), 2**21, (rows, columns))
        d, w = self.elements(rows), self.elements(columns)
        sums, scores = lattice.Layout("sums", rows, columns), lattice.Layout("scores", rows, columns)
        self.product("X^T d", x, sums, d, lattice.transposed, lattice.open_transposed, self.ring.matvec(x, d))
        self.product("X·w", x, scores, w, lattice.forward, lattice.open_forward, self.ring.matvec(x.T.copy(), w))

    def product(
        self,
        name: str,
        x: NDArray[np.int64],
        layout: Layout,
        vector: NDArray[np.uint64],
        multiply: Callable[..., Any],
        opened: Callable[..., Any],
        expected: NDArray[np.uint64],
    ) -> None:
        """One of the two."""
        from accord_protocols.primitives import lattice

        own = self.root.fork(name)
        made, blocks = best(lambda: lattice.encrypt_columns(self.secret, layout, x, own), 2)
        took, (message, mask) = best(lambda: multiply(self.public, layout, blocks, vector, own))
        expanded = lattice.expand(self.public, layout, blocks)
        less, _ = best(lambda: multiply(self.public, layout, expanded, vector, own))
        read, shares = best(lambda: opened(self.secret, layout, message))
        print(
            f"{name:8}{layout.rows} x {layout.columns}: encrypt once {made:.0f} ms, {blocks.nbytes / 1e6:.1f} MB; "
            f"answer {took:.0f} ms ({less:.0f} expanded), {message.nbytes / 1e3:.0f} kB; open {read:.1f} ms; "
            f"{self.exact(shares, mask, expected)}",
            flush=True,
        )

    def terms(self, rows: int, terms: int, outputs: int) -> None:
        """Sums of products, row by row."""
        from accord_protocols.primitives import lattice

        sizes = lattice.Terms(rows, terms)
        a = self.rng.integers(-(2**20), 2**20, (rows, terms))
        b = self.rng.integers(-(2**20), 2**20, (outputs, rows, terms))
        own = self.root.fork("terms", rows)
        made, blocks = best(lambda: lattice.encrypt_terms(self.secret, sizes, a, own), 2)
        took, (message, mask) = best(lambda: lattice.multiply_terms(self.public, sizes, blocks, b, own), 2)
        read, shares = best(lambda: lattice.open_terms(self.secret, sizes, message), 2)
        print(
            f"terms   {rows} x {terms}, {outputs} outputs: encrypt {made:.0f} ms, {blocks.nbytes / 1e6:.1f} MB; answer "
            f"{took:.0f} ms, {message.nbytes / 1e6:.2f} MB; open {read:.0f} ms; "
            f"{self.exact(shares, mask, self.ring.from_int64((a * b).sum(axis=-1)))}",
            flush=True,
        )

    def matrices(self, side: int) -> None:
        """A square product."""
        from accord_protocols.primitives import lattice

        product, a, b = lattice.Product(side, side, side), self.elements(side, side), self.elements(side, side)
        own = self.root.fork("matrix", side)
        made, blocks = best(lambda: lattice.encrypt_matrix(self.secret, product, a, own))
        took, (message, mask) = best(lambda: lattice.multiply_matrix(self.public, product, blocks, b, own))
        read, shares = best(lambda: lattice.open_matrix(self.secret, product, message))
        left, right = (np.array(self.ring.to_ints(m), dtype=object).reshape(side, side) for m in (a, b))
        expected = self.ring.from_ints(left.dot(right).ravel()).reshape(side, side, 2)
        print(
            f"matrix  {side} cubed: encrypt {made:.1f} ms, {blocks.nbytes / 1e3:.0f} kB; answer {took:.1f} ms, "
            f"{message.nbytes / 1e3:.0f} kB; open {read:.1f} ms; {self.exact(shares, mask, expected)}",
            flush=True,
        )

    def million(self) -> None:
        """A million products of 128-bit numbers, one by one."""
        from accord_protocols.primitives import lattice

        wrong, size = 0, 20_000
        for turn in range(50):
            sizes, own = lattice.Terms(size, 1, bits=255, outputs=1 << 20), self.root.fork("million", turn)
            a, b = self.elements(size, 1), self.elements(1, size, 1)
            blocks = lattice.encrypt_terms(self.secret, sizes, a, own.fork("a"))
            message, mask = lattice.multiply_terms(self.public, sizes, blocks, b, own.fork("b"))
            found = self.ring.add(lattice.open_terms(self.secret, sizes, message), mask)
            pairs = zip(self.ring.to_ints(a), self.ring.to_ints(b), strict=True)
            expected = self.ring.from_ints(x * y for x, y in pairs)
            wrong += int((found[0] != expected).any(axis=1).sum())
        print(f"a million products of 128-bit numbers, two in nine extreme: {wrong} wrong", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lattice", description=__doc__)
    parser.add_argument("--rows", type=int, default=24_011)
    parser.add_argument("--columns", type=int, default=14)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--numpy", action="store_true")
    options = parser.parse_args()
    if options.numpy:
        sys.modules["numba"] = None  # type: ignore[assignment]
    from accord_protocols.primitives.lattice import loops
    from accord_protocols.primitives.lattice.warm import warm

    took, _ = best(warm, 1)
    again, _ = best(warm, 1)
    print(
        f"{'numba' if loops.is_compiled() else 'numpy'}: {took - again:.0f} ms to compile, or to load what was compiled"
    )
    bench = Bench()
    if options.million:
        bench.million()
        return
    bench.columns(options.rows, options.columns)
    for outputs in (1, 3):
        bench.terms(options.rows, 32, outputs)
    bench.terms(455, 64, 1)
    for side in (24, 50):
        bench.matrices(side)


if __name__ == "__main__":
    main()
