"""How a table is laid out: in how many column groups, so that a question and its answer fit one chunk of a log."""

from __future__ import annotations

import math
from dataclasses import dataclass

from accord_protocols.primitives.pir.parameters import DIMENSION, WORD
from accord_protocols.primitives.psi.okvs import Geometry

TAG = 16
"""Bytes that encryption adds to a value."""
MOST_GROUPS = 1024
_HEAD = 2048  # of two events: names, shapes
_DEVIATIONS = 8  # a group has more keys than this above the mean with a probability of 2^-50


@dataclass(frozen=True, slots=True)
class Layout:
    """What both sides compute from announced sizes.

    Args:
        keys: Of the server.
        value: Bytes of a value, padded.
        groups: Column groups: each has a filter of its own for its part of the keys, and all have as many rows.
    """

    keys: int
    value: int
    groups: int

    @staticmethod
    def of(keys: int, value: int, chunk: int) -> Layout:
        """The fewest groups with which a question and its answer fit `chunk` bytes.

        Raises:
            ValueError: No number of groups does it.
        """
        for groups in range(1, MOST_GROUPS + 1):
            layout = Layout(keys, value, groups)
            if layout.question + layout.answer + _HEAD <= chunk:
                return layout
        raise ValueError("the table is too large for the chunks of the log")

    @property
    def geometry(self) -> Geometry:
        """Of each group's filter: keys fall into groups by chance, hardly ever more than there is room for."""
        mean = -(-self.keys // self.groups)
        spread = math.isqrt(mean) + 1 if self.groups > 1 else 0
        return Geometry.of(mean + _DEVIATIONS * spread)

    @property
    def rows(self) -> int:
        """Of every group, and numbers in a question."""
        return self.geometry.rows

    @property
    def width(self) -> int:
        """Bytes of a row in one group: an encrypted value."""
        return self.value + TAG

    @property
    def question(self) -> int:
        """Bytes."""
        return self.rows * WORD

    @property
    def answer(self) -> int:
        """Bytes."""
        return self.groups * self.width * WORD

    @property
    def hint(self) -> int:
        """Bytes."""
        return self.answer * DIMENSION
