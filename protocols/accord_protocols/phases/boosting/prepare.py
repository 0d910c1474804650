"""Binning: each party cuts its own columns on its own TRAIN rows, and commits to what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.tasks.results.boosting import Binned
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Prepared


@dataclass(frozen=True, slots=True, repr=False)
class Announcing:
    """The own rows of the intersection, and their bins."""

    rows: NDArray[np.int64]
    block: Binned


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """What everybody ends with: the own bins, and how many columns each party has."""

    block: Binned
    columns: Mapping[str, int]


class Bin(Machine):
    """One instance, at everybody."""

    kind = "bin"
    by_reference = True
    task = "trees.binned"
    says: ClassVar[dict[str, type[Event]]] = {"prepared": Prepared}
    goes: ClassVar[dict[str, Goes]] = {"prepared": Goes.ALL}

    @transition(Aligned, nothing, starts=True)
    def start(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Cut the own columns."""
        rule = self.agreement.test_rows
        fields = {
            "rows": state.rows,
            "modulus": rule.hash_modulus if rule else 0,
            "equals": rule.equals if rule else 0,
            "labelled": self.setup.labelled,
            **self.cuts(),
        }
        compute = Compute("binned", self.task, fields, key=draw.key("salts"), data=True)
        return Fired((compute,), self.announce.keeping(state))

    def cuts(self) -> Fields:
        """How columns are cut, and what the labels are for."""
        trees = self.agreement.trees
        assert trees is not None
        return {"bins": trees.bins, "objective": trees.objective}

    def lacks(self, columns: int) -> bool:
        """Whether a party that has no label needs more columns than these to take part."""
        return not columns

    @transition(Aligned, lambda self, _: [self.job("binned")])
    def announce(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Say how many columns there are, and commit to them."""
        block = inputs.result(Binned, self.job("binned"))
        event = Prepared(
            columns=len(block.names),
            bound=0,
            shift=0,
            data=block.data_committed,
            block=block.block_committed,
            label=block.label_committed,
        )
        note = Note(
            {
                "train_rows": block.n,
                "test_rows": len(block.test_rows),
                "columns": [
                    {"column": name, "kept": True, "nulls": nulls, "clipped": 0, "stability": shift, "note": ""}
                    for name, nulls, shift in zip(block.names, block.missing, block.stability, strict=True)
                ],
                "warnings": [
                    f"Column {name!r} has one value among the TRAIN rows, so that nothing is split on it."
                    for name, cuts, nulls in zip(block.names, block.cuts, block.missing, strict=True)
                    if not cuts and nulls in (0, block.n)
                ],
            }
        )
        send = Send("prepared", self.agreement.order, event)
        return Fired((note, send), self.end.keeping(Announcing(state.rows, block)))

    @transition(Announcing, lambda self, _: [self.at("prepared", p) for p in self.agreement.order])
    def end(self, state: Announcing, inputs: Inputs, draw: Draw) -> Fired:
        """End with the own bins and what everybody announced."""
        events = inputs.events(Prepared)
        for party, event in events.items():
            if len(event.label) != (32 if party == self.agreement.label_holder else 0) or event.range:
                raise ProtocolError("commitments are not those of the agreement", whose=party)
            if party != self.agreement.label_holder and self.lacks(event.columns):
                raise ProtocolError("a party has no columns", whose=party)
        columns = {party: event.columns for party, event in events.items()}
        note = Note({"rows": state.rows, "widths": columns})
        return Fired((note, Done(Ready(state.block, columns))))
