"""Curves y² = x³ − 3x + B of prime order: hashing to them, and multiplication where no library does it.

Points are affine, None is the identity. Numbers are `gmpy2.mpz`, which do not compute in constant time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gmpy2 import invert, is_zero, mpz, powmod

Affine = tuple[mpz, mpz] | None
Expand = Callable[[bytes, bytes, int], bytes]
"""expand_message (RFC 9380, section 5.3): message, domain separation tag and length to uniform bytes."""
_WINDOW = 4


@dataclass(frozen=True)
class Curve:
    """A curve with a = −3 over a field of p ≡ 3 modulo 4, as all recommended ones are.

    Args:
        p: The field's prime.
        b: The curve's constant.
        order: The prime number of its points.
        base: The generator.
        z: What simplified SWU needs (RFC 9380, section 6.6.2): no square, not −1, g(x) − z irreducible, g(b/(z·a)) a
            square; the least of these in absolute value (appendix H.2).
        field_bytes: L of hash_to_field: ⌈(bits of p + 128) / 8⌉, 128 of them the security level.
    """

    p: mpz
    b: mpz
    order: int
    base: tuple[mpz, mpz]
    z: mpz
    field_bytes: int = 48
    a: mpz = field(default=mpz(-3), init=False)

    def right(self, x: mpz) -> mpz:
        """x³ + ax + b."""
        return ((x * x + self.a) * x + self.b) % self.p

    def root(self, square: mpz) -> mpz | None:
        """A square root, or None where there is none."""
        found = powmod(square, (self.p + 1) // 4, self.p)
        return found if found * found % self.p == square else None

    def has(self, x: mpz, y: mpz) -> bool:
        """Whether these are coordinates of a point, each in its one form."""
        return bool(0 <= x < self.p and 0 <= y < self.p and y * y % self.p == self.right(x))

    def hash_to_curve(self, message: bytes, dst: bytes, expand: Expand) -> Affine:
        """A point whose logarithm nobody knows: hash_to_curve of RFC 9380, section 3, indifferentiable from random.

        The curve's cofactor is 1, so that there is nothing to clear.
        """
        length = self.field_bytes
        wide = expand(message, dst, 2 * length)
        first, second = (mpz(int.from_bytes(wide[at : at + length], "big")) % self.p for at in (0, length))
        return self.add(self.map_to_curve(first), self.map_to_curve(second))

    def map_to_curve(self, u: mpz) -> tuple[mpz, mpz]:
        """The simplified map of Shallue, van de Woestijne and Ulas for ab ≠ 0 (RFC 9380, section 6.6.2)."""
        p, zu2 = self.p, self.z * u * u % self.p
        ratio = (zu2 * zu2 + zu2) % p
        if is_zero(ratio):
            x = self.b * invert(self.z * self.a, p) % p
        else:
            x = -self.b * (ratio + 1) * invert(self.a * ratio, p) % p
        y = self.root(self.right(x))
        if y is None:  # then the other one has a root
            x = zu2 * x % p
            y = self.root(self.right(x))
            assert y is not None, "z is not as simplified SWU needs it"
        return x, y if u % 2 == y % 2 else -y % p

    def add(self, left: Affine, right: Affine) -> Affine:
        """The sum."""
        if left is None or right is None:
            return right if left is None else left
        (x, y), (u, v), p = left, right, self.p
        if x == u:
            if is_zero((y + v) % p):
                return None
            slope = (3 * x * x + self.a) * invert(2 * y, p) % p
        else:
            slope = (v - y) * invert(u - x, p) % p
        w = (slope * slope - x - u) % p
        return w, (slope * (x - w) - y) % p

    def multiply(self, scalar: int, point: tuple[mpz, mpz]) -> Affine:
        """A multiple, by windows of four bits, in homogeneous coordinates and complete formulas.

        Renes, Costello, Batina, EUROCRYPT 2016, algorithms 4 and 6: no exceptional cases in a group of odd order.
        """
        table = [(mpz(0), mpz(1), mpz(0)), (*point, mpz(1))]
        for _ in range((1 << _WINDOW) - 2):
            table.append(self._sum(table[-1], table[1]))
        total = table[0]
        for shift in range((scalar.bit_length() + _WINDOW - 1) // _WINDOW * _WINDOW - _WINDOW, -1, -_WINDOW):
            for _ in range(_WINDOW):
                total = self._double(total)
            total = self._sum(total, table[scalar >> shift & ((1 << _WINDOW) - 1)])
        x, y, z = total
        if is_zero(z):
            return None
        inverse = invert(z, self.p)
        return x * inverse % self.p, y * inverse % self.p

    def _sum(self, left: tuple[mpz, mpz, mpz], right: tuple[mpz, mpz, mpz]) -> tuple[mpz, mpz, mpz]:
        (x1, y1, z1), (x2, y2, z2), p, b = left, right, self.p, self.b
        xx, yy, zz = x1 * x2 % p, y1 * y2 % p, z1 * z2 % p
        xy = ((x1 + y1) * (x2 + y2) - xx - yy) % p
        yz = ((y1 + z1) * (y2 + z2) - yy - zz) % p
        xz = ((x1 + z1) * (x2 + z2) - xx - zz) % p
        middle = 3 * (xz - b * zz) % p
        minus, plus = yy - middle, yy + middle
        cross = 3 * (b * xz - 3 * zz - xx) % p
        tangent = 3 * (xx - zz)
        return (
            (xy * plus - yz * cross) % p,
            (plus * minus + tangent * cross) % p,
            (yz * minus + xy * tangent) % p,
        )

    def _double(self, point: tuple[mpz, mpz, mpz]) -> tuple[mpz, mpz, mpz]:
        (x, y, z), p, b = point, self.p, self.b
        xx, yy, zz = x * x % p, y * y % p, z * z % p
        xz, yz2 = 2 * x * z % p, 2 * y * z % p
        middle = 3 * (b * zz - xz) % p
        minus, plus = yy - middle, yy + middle
        cross = 3 * (b * xz - 3 * zz - xx) % p
        tangent = 3 * (xx - zz)
        return (
            (2 * x * y * minus - yz2 * cross) % p,
            (plus * minus + tangent * cross) % p,
            4 * yz2 * yy % p,
        )
