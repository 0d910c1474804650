"""Functions of a shared score as Fourier series: of a sum modulo the period, every term is a sum of products of shares.

``f(u) = constant + Σ_j cos_j · cos(k_j u) + sin_j · sin(k_j u)``, every k a multiple of ``2π/period``. Where ``u = a +
b`` modulo the period, ``cos k(a+b) = cos ka · cos kb − sin ka · sin kb`` and ``sin k(a+b) = sin ka · cos kb + cos ka ·
sin kb``: a ring that wraps does no harm. A period is a power of two, and a phase is an integer: a share's low bits.

The logistic function's own period matters to nobody: its waves are the odd ones of a turn that is as long as its range
needs. What has odd waves alone is its own negative half a turn on, as a square wave is, and so is nearly the logistic
function less ½, at a bit more than half of the waves that a period of its range takes.

Coefficients and waves enter what travels, so they have the same bits everywhere: the coefficients come from decimal
arithmetic of 50 digits, whose every operation is correctly rounded, the waves from `+ - *` element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Phases = NDArray[np.uint64]

FRACTION_BITS = 24
"""Of a score: a phase counts in 2^-24."""
TABLE_BITS, LOSS_BITS = 20, 26
"""Fraction bits of the waves that are multiplied: for residuals and weights of rows, and for the loss."""
TURNS = {16: (28, 7), 32: (45, 11), 64: (73, 20), 128: (125, 31), 256: (229, 57)}
"""Of the logistic function, by the agreed period, 13/32 of which it goes up and down: the turn of its first wave, and
how many waves there are; the turns are those of the least error. At 64, with which `closed` begins, two waves more than
that: standard errors follow from the derivative, and are to be within 1e-4."""
PERIODS = tuple(TURNS)
_FINE = 1 << 24
"""The period of which the waves of any turn are multiples, nearly enough."""
EXP_PERIOD, EXP_LOW, EXP_HIGH = 16, -6, 4
"""Of the exponential function: period, and the range in which a score may lie."""

_EXACT = Context(prec=50)
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
LOG_2 = 0.6931471805599453
_STEPS = 8
"""Grid points per unit of the score: the highest wave has 16 per turn."""


@dataclass(frozen=True, eq=False)
class Series:
    """A periodic function.

    Attributes:
        period: A power of two.
        low: Where the range begins in which it is what its name says.
        high: Where it ends.
        constant: Its mean.
        orders: ``(J,)``, k as multiples of 2π/period.
        cos: ``(J,)`` coefficients of cos(ku).
        sin: ``(J,)`` of sin(ku).
    """

    period: int
    low: float
    high: float
    constant: float
    orders: tuple[int, ...]
    cos: Floats
    sin: Floats

    @property
    def terms(self) -> int:
        """J."""
        return len(self.cos)

    @property
    def phase_bits(self) -> int:
        """Bits of a share that matter: those of the period and of the fraction."""
        return FRACTION_BITS + self.period.bit_length() - 1

    @property
    def _frequencies(self) -> Floats:
        return np.array([2 * float(_PI) * order / self.period for order in self.orders])

    def derivative(self) -> Series:
        """By u."""
        k = self._frequencies
        return replace(self, constant=0.0, cos=self.sin * k, sin=-(self.cos * k))

    def integral(self, at_zero: float) -> Series:
        """Of what it is without its constant, with this value at 0."""
        k = self._frequencies
        cos = -(self.sin / k)
        return replace(self, constant=at_zero - sum(cos.tolist()), cos=cos, sin=self.cos / k)

    def phases(self, shares: NDArray[np.uint64]) -> Phases:
        """The low bits of shares ``(n, words)`` with 24 fraction bits: ``(n,)``."""
        low: Phases = shares[:, 0] & np.uint64((1 << self.phase_bits) - 1)
        return low

    def waves(self, phases: Phases) -> tuple[Floats, Floats]:
        """cos(k_j a) and sin(k_j a) of phases a ``(n,)``, each ``(n, J)``; within 2^-50; multiples wrap modulo 2^64."""
        multiples: NDArray[np.uint64] = np.multiply.outer(phases, np.array(self.orders, np.uint64))
        return circle(multiples & np.uint64((1 << self.phase_bits) - 1), self.phase_bits)

    def factors(self, phases: Phases) -> Floats:
        """What one sharer multiplies with the other's `spokes`: ``(n, 2J)``."""
        return self.turned(*self.waves(phases))

    def turned(self, cos: Floats, sin: Floats) -> Floats:
        """The same from `waves`, which series that follow from one another have in common."""
        return np.hstack([self.cos * cos + self.sin * sin, self.sin * cos - self.cos * sin])

    def spokes(self, phases: Phases) -> Floats:
        """The waves that no coefficient enters, the same for every series of one period and length: ``(n, 2J)``."""
        return np.hstack(self.waves(phases))

    def at(self, u: Floats) -> Floats:
        """Its values at scores ``(n,)``, each rounded to 24 fraction bits."""
        turns = np.rint(np.ldexp(u, FRACTION_BITS)).astype(np.int64).view(np.uint64)
        cos, sin = self.waves(turns & np.uint64((1 << self.phase_bits) - 1))
        total = np.full(len(u), self.constant)
        for j in range(self.terms):
            total += self.cos[j] * cos[:, j] + self.sin[j] * sin[:, j]
        return total


def table(values: Floats, bits: int) -> NDArray[np.int64]:
    """``round(2^bits · values)``, ties to even."""
    rounded: NDArray[np.int64] = np.rint(np.ldexp(values, bits)).astype(np.int64)
    return rounded


# ---- the functions


@cache
def sigmoid(period: int) -> Series:
    """1/(1 + e^-u) for |u| <= 13/32 of the period.

    Errors there, of it / its derivative / `logistic_loss`: 5e-5 / 2e-4 / 3e-5; at 64 2e-5 / 5.1e-5 / 2e-5.

    Raises:
        ValueError: The period is none of `PERIODS`.
    """
    if period not in PERIODS:
        raise ValueError(f"a period is one of {', '.join(map(str, PERIODS))}, not {period}")
    edge, (turn, count) = 13 * period // 32, TURNS[period]
    odd = range(1, 2 * count, 2)
    fitted = _fit(lambda u: 1 / (1 + (-u).exp()) - Decimal("0.5"), turn, -edge, edge, odd, "1e-9", odd=True)
    return replace(fitted, constant=0.5, period=_FINE, orders=tuple(order * round(_FINE / turn) for order in odd))


def logistic_loss(period: int) -> Series:
    """log(1 + e^u) − u/2 on the same range: what a row adds to the log-loss besides its label's part, (½ − y)·u."""
    return sigmoid(period).integral(LOG_2)


@cache
def exponential() -> Series:
    """e^u for −6 <= u <= 4 with period 16 and 16 terms; within 6e-4."""
    return _fit(lambda u: u.exp(), EXP_PERIOD, EXP_LOW, EXP_HIGH, range(1, EXP_PERIOD + 1), "1e-11")


def _fit(
    f: Callable[[Decimal], Decimal], period: int, low: int, high: int, orders: range, ridge: str, *, odd: bool = False
) -> Series:
    """Least squares on an even grid, with a small penalty: on a part of the period, waves overlap."""
    with localcontext(_EXACT):
        turn, points = period * _STEPS, range(low * _STEPS, high * _STEPS + 1)
        wheel = [_cosine(2 * _PI * k / turn) for k in range(turn)]

        def cos(k: int) -> Decimal:
            return wheel[k % turn]

        def sin(k: int) -> Decimal:
            return wheel[(k - turn // 4) % turn]

        values = [f(Decimal(i) / _STEPS) for i in points]
        # products of two waves are sums of two: the Gram matrix is made of few sums of each kind
        sums = range(2 * orders[-1] + 1)
        even = [sum((cos(m * i) for i in points), Decimal()) for m in sums]
        uneven = [] if odd else [sum((sin(m * i) for i in points), Decimal()) for m in sums]
        names = [(1, j) for j in orders]
        names = names if odd else [(0, j) for j in (0, *orders)] + names

        def inner(a: tuple[int, int], b: tuple[int, int]) -> Decimal:
            (first, i), (second, j) = sorted((a, b))
            if first == second:
                return (even[abs(i - j)] + (1 - 2 * first) * even[i + j]) / 2
            return (uneven[i + j] + (uneven[j - i] if j >= i else -uneven[i - j])) / 2

        gram = [[inner(a, b) + (Decimal(ridge) * len(points) if a == b else 0) for b in names] for a in names]
        sides = [
            sum((v * (sin if kind else cos)(j * i) for i, v in zip(points, values, strict=True)), Decimal())
            for kind, j in names
        ]
        found = dict(zip(names, map(float, _solve(gram, sides)), strict=True))
    waves = (np.array([found.get((kind, j), 0.0) for j in orders]) for kind in (0, 1))
    return Series(period, float(low), float(high), found.get((0, 0), 0.0), tuple(orders), *waves)


def _solve(matrix: Sequence[Sequence[Decimal]], side: Sequence[Decimal]) -> list[Decimal]:
    """x of A x = b for a symmetric positive definite A: elimination in order."""
    rows = [[*row, b] for row, b in zip(matrix, side, strict=True)]
    for k, pivot in enumerate(rows):
        for row in rows[k + 1 :]:
            factor = row[k] / pivot[k]
            for j in range(k, len(pivot)):
                row[j] -= factor * pivot[j]
    out: list[Decimal] = []
    for k in reversed(range(len(rows))):
        known = sum((rows[k][j] * x for j, x in zip(range(k + 1, len(rows)), reversed(out), strict=True)), Decimal())
        out.append((rows[k][-1] - known) / rows[k][k])
    return out[::-1]


def _cosine(x: Decimal) -> Decimal:
    """By its Taylor series; 0 <= x < 2π."""
    total = term = Decimal(1)
    n = 0
    while abs(term) > Decimal("1e-48"):
        n += 2
        term *= -x * x / (n * (n - 1))
        total += term
    return total


# ---- the waves

_SIN = (1, -6, 120, -5040, 362880, -39916800, 6227020800, -1307674368000)
_COS = (1, -2, 24, -720, 40320, -3628800, 479001600, -87178291200, 20922789888000)
"""Taylor's denominators: up to an eighth of a turn the first one left out adds less than 2^-53."""


def circle(phases: Phases, bits: int) -> tuple[Floats, Floats]:
    """cos and sin of 2π·phase/2^bits, within 2^-50, of phases below 2^bits and bits from 3 to 53.

    The eighth of the circle follows from integers; within it, polynomials in a fixed order.
    """
    eighth = (phases >> np.uint64(bits - 3)).astype(np.int64)
    rest = phases & np.uint64((1 << (bits - 3)) - 1)
    odd = (eighth & 1).astype(bool)
    rest = np.where(odd, np.uint64(1 << (bits - 3)) - rest, rest)
    x = rest.astype(np.float64) * (2 * float(_PI) * 2.0**-bits)
    square = x * x
    sin, cos = x * _polynomial(_SIN, square), _polynomial(_COS, square)
    swap = ((eighth + 1) >> 1 & 1).astype(bool)  # nearer to the upright
    cos, sin = np.where(swap, sin, cos), np.where(swap, cos, sin)
    cos = np.where((eighth >= 2) & (eighth < 6), -cos, cos)
    return cos, np.where(eighth >= 4, -sin, sin)


def _polynomial(denominators: Sequence[int], x: Floats) -> Floats:
    total = np.full_like(x, 1 / denominators[-1])
    for denominator in reversed(denominators[:-1]):
        total = total * x + 1 / denominator
    return total
