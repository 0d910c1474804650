"""What tasks of predictions at `paths` give; `accord_protocols.tasks.paths` says what each field is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.tasks.results.common import Bytes, Ints

Places = NDArray[np.uint8]


def _none() -> Bytes:
    return np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """The own sides."""

    inner: Bytes = field(default_factory=_none)
    last: Bytes = field(default_factory=_none)


@dataclass(frozen=True, slots=True, repr=False)
class Gone:
    """Rows one level further."""

    places: Places


@dataclass(frozen=True, slots=True, repr=False)
class Fallen:
    """What leaves come to."""

    scores: Ints
