"""When rows are few for what a training opens: rules of thumb that every party is warned by.

T gradients of m columns are T·m numbers about n labels; see docs/threat-model.md.
"""

from __future__ import annotations

from accord_schemas.parts import Train

PER_COLUMN = 50
"""TRAIN rows for each column of a party."""
PER_VALUE = 10
"""TRAIN rows for each number that is opened to it."""
_OPENING = ("score", "shared")
"""Levels at which a party gets its gradient in every round."""


def wanted(train: Train, rounds: int) -> int:
    """How many TRAIN rows each column of a party should have, in a training of so many rounds."""
    return max(PER_COLUMN, PER_VALUE * rounds if train.protection in _OPENING else 0)
