"""Sizes of a training on shares, and what its family of models means there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from accord_protocols.primitives.fourier import Series, exponential, logistic_loss, sigmoid
from accord_protocols.primitives.lattice import Layout, Product, Terms, pieces
from accord_protocols.primitives.sharing import RING

X_BITS, U_BITS, W_BITS = 16, 24, 32
"""Fraction bits of features, of scores and residuals, of weights, gradients and the Hessian."""
WAVE_BITS, LOSS_BITS = 26, 22
"""Fraction bits of the encrypted waves, and of what they are multiplied with for the loss."""
WEIGHT_BITS = 7
"""A row has less than 2^7 times the average weight: the inverse's iteration begins from a multiple of the identity that
is safe for such rows."""
_FACTOR_BITS, _EXP_BITS = 24, 20
"""Of the logistic function and its slope, and of the exponential function, whose coefficients are larger."""
_SUM_BITS = {"logistic": 54, "poisson": 56}
"""What a row's sum of products of waves needs: their bits, and those of the sum of the coefficients."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What both holders know of one training.

    The weights stand in the order: first holder, parties that hold no shares, second holder; so each holder's columns,
    of which it has the numbers or a share of them, are a range.

    Args:
        rows: n, of TRAIN.
        head: Rows, from the first, that the Hessian is summed over once its weights differ by row.
        columns: Of the first holder, of all parties that hold no shares, of the second holder.
        first: Whether this is the first holder; it has the labels.
        family: ``linear``, ``logistic``, ``tangent`` (the logistic function's tangent at 0) or ``poisson``.
        period: Of the logistic function's series.
        rounds: At most.
        weighted: Whether the Hessian is summed with a weight for each row: its link's derivative, or its own.
        uneven: Whether rows count for more or less; how much, the first holder knows.
        anew: How often training began anew with a longer period: each time has half the statistical distance that the
            one before had, so that all of them together have what one would have.
    """

    rows: int
    head: int
    columns: tuple[int, int, int]
    first: bool
    family: str
    period: int
    rounds: int
    weighted: bool
    uneven: bool = False
    anew: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """From a task's inputs, where `fields` of it stand as they are."""
        return cls(**{**fields, "columns": tuple(fields["columns"])})

    def fields(self) -> dict[str, Any]:
        """For a task's inputs."""
        return asdict(self) | {"columns": list(self.columns)}

    # ---- places

    @property
    def m(self) -> int:
        """All weights."""
        return sum(self.columns)

    def places(self, *, first: bool) -> slice:
        """The columns of a holder."""
        return slice(0, self.m - self.columns[2]) if first else slice(self.columns[0], self.m)

    @property
    def mine(self) -> slice:
        """The own columns."""
        return self.places(first=self.first)

    @property
    def theirs(self) -> slice:
        """The other holder's."""
        return self.places(first=not self.first)

    def width(self, *, own: bool) -> int:
        """How many columns a holder has."""
        place = self.mine if own else self.theirs
        return int(place.stop - place.start)

    # ---- products

    def scores(self, *, own: bool) -> Layout:
        """Of rows and penalty times weights."""
        width = self.width(own=own)
        return Layout("scores", self.rows + width, width)

    def sums(self, *, own: bool) -> Layout:
        """Of columns times a vector."""
        return Layout("sums", self.rows, self.width(own=own))

    def heads(self, *, own: bool) -> Layout:
        """Of the first rows' columns times a vector."""
        return Layout("sums", self.head, self.width(own=own))

    def pairs(self, *, own: bool) -> Layout:
        """Of the first rows' products of two columns times a vector."""
        width = self.width(own=own)
        return Layout("sums", self.head, width * (width + 1) // 2)

    @property
    def square(self) -> Product:
        """Of two matrices like the Hessian."""
        return Product(self.m, self.m, self.m)

    @property
    def image(self) -> Product:
        """Of such a matrix and a vector."""
        return Product(self.m, self.m, 1)

    @property
    def inner(self) -> Product:
        """Of gradient and weights, as rows, with up to this many columns."""
        return Product(2, self.m, max(self.m, 4))

    @property
    def pieces(self) -> tuple[slice, ...]:
        """Rows whose waves are encrypted, multiplied and opened together."""
        return pieces(self.rows)

    def wanted(self, piece: int, *, light: bool) -> tuple[int, ...]:
        """Which series of a piece are opened: slopes, of a logistic model, for rows that the Hessian is summed over.

        Args:
            piece: Its number.
            light: Whether the residual is all that is wanted.
        """
        known, beyond = range(1 if light else self.outputs), self.pieces[piece].start >= self.head
        return tuple(k for k in known if not (beyond and self.weighted and self.series_names[k] == "slope"))

    def terms(self, piece: slice) -> Terms:
        """Of the link's waves of some rows."""
        rows = piece.stop - piece.start
        outputs = 3 * self.rows * (self.rounds + 1) << self.anew + (self.family == "logistic")
        more = WEIGHT_BITS if self.uneven else 0
        if self.quadratic:  # a row's weight times a share of its score, which is as large as the ring
            return Terms(rows, 1, RING.bits + WAVE_BITS + more, 1 << outputs.bit_length())
        return Terms(rows, 2 * self.series[0].terms, _SUM_BITS[self.family] + more, 1 << outputs.bit_length())

    # ---- the family

    @property
    def quadratic(self) -> bool:
        """Whether the residual is affine in the score."""
        return self.family in ("linear", "tangent")

    @property
    def multiplies(self) -> bool:
        """Whether a residual takes products of what one holder has with what the other has."""
        return self.uneven or not self.quadratic

    @property
    def settled(self) -> bool:
        """Whether the Hessian is the same in all rounds."""
        return self.quadratic or not self.weighted

    @property
    def outputs(self) -> int:
        """How many sums of products are opened of a row, each round."""
        return 1 if self.quadratic else len(self.series)

    @property
    def curvature(self) -> float:
        """The loss's second derivative at the score 0: at most that everywhere, but for Poisson."""
        return 1.0 if self.family in ("linear", "poisson") else 0.25

    @property
    def start(self) -> float:
        """The expected label at the score 0."""
        return {"linear": 0.0, "poisson": 1.0}.get(self.family, 0.5)

    @property
    def series(self) -> tuple[Series, ...]:
        """What is opened of every row's score, in shares.

        The expected label; where it is logistic, also its slope, if it is wanted, and the loss, last.
        """
        if self.family == "poisson":
            return (exponential(),)
        found = sigmoid(self.period)
        return (found, *([found.derivative()] if self.weighted else []), logistic_loss(self.period))

    @property
    def series_names(self) -> tuple[str, ...]:
        """What each of these is."""
        if self.family == "poisson" or self.quadratic:
            return ("label",)
        return ("label", *(["slope"] if self.weighted else []), "loss")

    @property
    def series_bits(self) -> tuple[int, ...]:
        """Fraction bits of these series' factors; the waves that they are multiplied with have `WAVE_BITS`."""
        if self.family == "poisson":
            return (_EXP_BITS,)
        return (*[_FACTOR_BITS] * (len(self.series) - 1), LOSS_BITS)

    @property
    def mean_bits(self) -> int:
        """s where 2^s >= n: sums over rows are divided by 2^s, and so are those over the Hessian's."""
        return (self.rows - 1).bit_length()


def wave_bytes(period: int) -> int:
    """Bytes of a row's encrypted waves, at most: cosines and sines, in two pairs of moduli of 7 · 30 bits."""
    return 2 * max(sigmoid(period).terms, exponential().terms) * 2 * (7 * 30 // 8 + 1)
