"""Levels of protection, each with the machine that trains at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accord_protocols.closed.shape import wave_bytes
from accord_protocols.express.moments import row_bytes
from accord_protocols.kernel.machine import Machine
from accord_protocols.phases.training.closed.columns import Columns
from accord_protocols.phases.training.closed.machine import Closed
from accord_protocols.phases.training.closed.weights import Weights
from accord_protocols.phases.training.dealt import SharedDealt
from accord_protocols.phases.training.engines import ENGINES, engine_of
from accord_protocols.phases.training.express import Express
from accord_protocols.phases.training.glm import Train
from accord_protocols.phases.training.series import SharedSeries
from accord_protocols.phases.training.weighed import Weighed
from accord_schemas.agreement import Agreement


@dataclass(frozen=True, slots=True)
class Level:
    """One level.

    Args:
        machine: From `Given` to `Trained`, an instance named as its kind, at everybody.
        starts: Further machines that it starts.
        row_bytes: Bytes of a TRAIN row in the largest content.
    """

    machine: type[Machine]
    starts: tuple[type[Machine], ...]
    row_bytes: Callable[[Agreement], int]


def _by_engine(agreement: Agreement) -> int:
    return engine_of(agreement).row_bytes(agreement.key_bits)


def _by_waves(agreement: Agreement) -> int:
    return wave_bytes(agreement.train.period) if agreement.train else 0


def _by_columns(_agreement: Agreement) -> int:
    return row_bytes()


_MADE = tuple(machine for engine in ENGINES.values() for machine in (engine.machine, engine.rounds))
_OPEN = Level(Train, (*_MADE, SharedSeries, SharedDealt, Weighed), _by_engine)
LEVELS = {
    "score": _OPEN,
    "shared": _OPEN,
    "closed": Level(Closed, (Columns, Weights), _by_waves),
    "express": Level(Express, (Weights,), _by_columns),
}
MACHINES = tuple(dict.fromkeys(m for level in LEVELS.values() for m in (level.machine, *level.starts)))
"""All of them, each once."""


def level_of(agreement: Agreement) -> Level:
    """The agreed level."""
    assert agreement.train is not None
    return LEVELS[agreement.train.protection]
