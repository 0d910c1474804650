"""What machines remember and hand over: frozen, silent, and in types that mypy checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import NoneType
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from tests.unit.machines.test_engine import SETUP, Made, Root, engine

from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.effects import Spawn
from accord_protocols.kernel.inputs import Inputs, typed, whole
from accord_protocols.kernel.machine import ContractError, Machine
from accord_protocols.kernel.plan import Known
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.tasks import results
from accord_protocols.tasks.results.alignment import Common, Located
from accord_schemas.address import Address
from accord_schemas.blob import Blob
from accord_schemas.events import State

if TYPE_CHECKING:  # mypy says that an ignore is unused: each line is a mistake that it must find

    class Wrong(Root):
        @transition(Made, lambda self, state: [self.at(state.typo, "shop")])  # type: ignore[attr-defined]
        def read(self, state: Made, inputs: Inputs, draw: Draw) -> Fired:
            _ = inputs.result(Made, self.job("made")).typo  # type: ignore[attr-defined]
            _ = inputs.ended(Made, "child.shop").typo  # type: ignore[attr-defined]
            _ = inputs.event(State, self.at("end", "shop")).typo  # type: ignore[attr-defined]
            state.number = state.typo  # type: ignore[attr-defined, misc]
            _ = Known().of(Made).typo  # type: ignore[attr-defined]
            return Fired(then=self.end.keeping(None))  # type: ignore[arg-type]

        @transition(Made, nothing)  # type: ignore[arg-type]
        def take(self, state: int, inputs: Inputs, draw: Draw) -> Fired:
            return Fired(then=self.typo.keeping(state))  # type: ignore[attr-defined]


def remembered() -> Iterator[type]:
    """Classes of states, and of what tasks give."""
    for job in JOBS.values():
        for machine in job.machines.values():
            yield from (row.state for row in machine.table.values())
    for found in iter_modules(results.__path__):
        module = import_module(f"{results.__name__}.{found.name}")
        yield from (one for one in vars(module).values() if isinstance(one, type) and is_dataclass(one))


@pytest.mark.parametrize("state", sorted({s for s in remembered() if s is not NoneType}, key=str))
def test_what_is_remembered_is_frozen_and_never_shown(state: type) -> None:
    assert is_dataclass(state) and state.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert state.__repr__ is object.__repr__ and "__slots__" in vars(state)


def test_a_state_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(Made(1), fields(Made)[0].name, 2)


def test_a_machine_waits_in_the_state_that_its_transition_takes() -> None:
    class Other(Root):
        @transition(None, nothing, starts=True)
        def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Start a child in a state that is none of its."""
            return Fired((Spawn("child.shop", Made(1)),))

    with pytest.raises(ContractError, match=r"child.shop waits for wait in a NoneType, not a Made"):
        list(engine(Other).begin())


def test_which_transition_starts_is_said() -> None:
    with pytest.raises(TypeError, match="Nowhere starts with no transition"):

        class Nowhere(Machine):
            kind: ClassVar[str] = "nowhere"

            @transition(None, nothing)
            def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
                """Its name alone does not say so."""
                return Fired()

    with pytest.raises(TypeError, match="Twice starts with start and again"):

        class Twice(Root):
            @transition(None, nothing, starts=True)
            def again(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
                """One more."""
                return Fired()


def test_a_result_has_the_fields_that_its_reader_knows_and_no_others() -> None:
    found = typed(Common, {"rows": np.arange(2), "tags.shop": np.zeros(1), "tags.telco": np.ones(1)})
    assert [*found.tags] == ["shop", "telco"]
    for fields_of in ({"count": 1}, {"number": 1, "more": 2}):
        with pytest.raises(TypeError):
            typed(Made, fields_of)
    at = Address("root", "made", "job")
    with pytest.raises(TypeError, match="dict is no State"):
        Inputs({at: {"number": 1}}).event(State, at)
    with pytest.raises(LookupError, match="no phase has ended with Made"):
        Known().plus(None).of(Made)


def test_outputs_are_whole_where_a_machine_looks_at_numbers() -> None:
    class Memory:
        def read(self, digest: bytes, start: int, stop: int) -> bytes:
            return np.arange(3, dtype="<i8").tobytes()[start:stop]

    @dataclass(frozen=True)
    class Deep:
        inner: Located
        count: int

    rows = Blob(bytes(32), "<i8", (3,), Memory())
    kept = Deep(Located(rows), 3)  # type: ignore[arg-type]
    assert whole(kept).inner.rows.tolist() == [0, 1, 2] and whole(kept).count == 3
    plain = Deep(Located(np.arange(3)), 3)
    assert whole(plain) is plain and SETUP.me == "bank"
