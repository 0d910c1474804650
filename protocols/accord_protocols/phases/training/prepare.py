"""Preparation: each party fits its steps on its own TRAIN rows; what others need to size the ring is announced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.registry import basis_curvature, link_name
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.phases.binning.cut import Cut
from accord_protocols.phases.binning.weigh import Found, Weigh
from accord_protocols.phases.boosting.prepare import Ready as Cells
from accord_protocols.phases.training import few_rows
from accord_protocols.phases.training.sizes import Announced
from accord_protocols.preparation.fitted import Fitted
from accord_protocols.preparation.woe import EvidenceFit
from accord_protocols.tasks.results.training import Block
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Prepared

SOME = 20
"""Rounds that a training is taken to have, at most, before it was seen how many it has."""
_COMBINED = (
    "Column {!r} is nearly a combination of others of its party, so that their coefficients are not unique; "
    "leave it out, or set train.l2."
)
_UNDETERMINED = (
    "{rows} TRAIN rows cannot determine {weights} coefficients, the intercept included: many models fit equally well. "
    "Set train.l2, or use fewer columns."
)


@dataclass(frozen=True, slots=True, repr=False)
class Announcing:
    """The own rows of the intersection, and what became of them."""

    rows: NDArray[np.int64]
    block: Block


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """What everybody ends with: the own rows, what everybody announced, and whether TRAIN rows are few for columns."""

    block: Block
    announced: Announced
    few: bool


class Prepare(Machine):
    """One instance, at everybody."""

    kind = "prepare"
    version = 3
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"prepared": Prepared}
    goes: ClassVar[dict[str, Goes]] = {"prepared": Goes.ALL}

    @transition(Aligned, nothing, starts=True)
    def start(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Fit and transform; cut the columns first that become weights of evidence, if there are any."""
        if self.agreement.prepare.woe:
            return Fired((Spawn(Cut.kind, state),), self.weigh.keeping(state))
        return self._fit(state, (), draw)

    @transition(Aligned, lambda self, _: [self.done(Cut.kind)])
    def weigh(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Weigh the bins."""
        return Fired((Spawn(Weigh.kind, inputs.ended(Cells, Cut.kind)),), self.weighed.keeping(state))

    @transition(Aligned, lambda self, _: [self.done(Weigh.kind)])
    def weighed(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Fit and transform, with the weights in place of values."""
        return self._fit(state, inputs.ended(Found, Weigh.kind).woe, draw)

    def _fit(self, state: Aligned, woe: Sequence[EvidenceFit], draw: Draw) -> Fired:
        rule, train = self.agreement.test_rows, self.agreement.train
        fields = {
            "rows": state.rows,
            "settings": self.agreement.prepare.model_dump(mode="json"),
            "modulus": rule.hash_modulus if rule else 0,
            "equals": rule.equals if rule else 0,
            "labelled": self.setup.labelled,
            "l2": max(train.penalties) if train else 0.0,
            "model": train.model if train else "linear",
            "link": link_name(train) if train else "linear",
            "curvature": basis_curvature(train) if train else 1.0,
            "class_weights": train.model_dump(mode="json")["class_weights"] if train else None,
            **({"woe": [own.model_dump(mode="json") for own in woe]} if woe else {}),
        }
        return Fired(
            (Compute("fitted", "prepare.fit", fields, key=draw.key("salts"), data=True),), self.announce.keeping(state)
        )

    @transition(Aligned, lambda self, _: [self.job("fitted")])
    def announce(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Say how many columns there are and how large their values get."""
        block = inputs.result(Block, self.job("fitted"))
        event = Prepared(
            columns=block.columns,
            bound=block.bound,
            shift=block.shift,
            range=block.range if self._sized(self.me) else 0,
            data=block.data_committed,
            block=block.block_committed,
            label=block.label_committed,
        )
        fitted = Fitted.from_json(block.fitted)
        note = Note(
            {
                "train_rows": block.n,
                "test_rows": len(block.test_rows),
                "columns": [
                    *(
                        {
                            "column": c.name,
                            "kept": True,
                            "nulls": c.nulls,
                            "clipped": c.clipped,
                            "stability": block.stability[c.name],
                            "note": "",
                        }
                        for c in fitted.kept
                    ),
                    *(
                        {"column": c, "kept": False, "nulls": 0, "clipped": 0, "step": why.step, "note": why.reason}
                        for c, why in fitted.dropped.items()
                    ),
                ],
                "warnings": [
                    *fitted.warnings(),
                    *block.remarks,
                    *map(_COMBINED.format, block.dependent),
                    *self._few(block.n, block.columns),
                ],
                **({"constant_label": block.constant} if self.setup.labelled else {}),
                **({"unique": False} if block.dependent else {}),
            }
        )
        send = Send("prepared", self.agreement.order, event)
        return Fired((note, send), self.end.keeping(Announcing(state.rows, block)))

    @transition(Announcing, lambda self, _: [self.at("prepared", p) for p in self.agreement.order])
    def end(self, state: Announcing, inputs: Inputs, draw: Draw) -> Fired:
        """End with the own block and what everybody announced."""
        events = inputs.events(Prepared)
        for party, event in events.items():
            if bool(event.range) != self._sized(party):
                raise ProtocolError("announced sizes are not those of the agreement", whose=party)
            if len(event.label) != (32 if party == self.agreement.label_holder else 0):
                raise ProtocolError("commitments are not those of the agreement", whose=party)
        announced = Announced(
            columns={p: e.columns for p, e in events.items()},
            bounds={p: e.bound for p, e in events.items()},
            shift=events[self.agreement.label_holder].shift,
            range=events[self.agreement.label_holder].range,
        )
        done = Done(Ready(state.block, announced, self._are_few(state.block.n, state.block.columns)))
        trains = Note({"rows": state.rows, "widths": announced.columns})
        return Fired((trains, *self._undetermined(state.block.n, announced.columns), done))

    def _undetermined(self, rows: int, columns: Mapping[str, int]) -> tuple[Note, ...]:
        train, weights = self.agreement.train, sum(columns.values())
        if train is None or train.l2 or rows >= weights:
            return ()
        return (Note({"unique": False, "warnings": [_UNDETERMINED.format(rows=rows, weights=weights)]}),)

    def _sized(self, party: str) -> bool:
        """Whether a party says how large a residual may be: the label holder where that decides about the ring."""
        train = self.agreement.train
        return party == self.setup.leader and train is not None and train.protection == "score"

    def _are_few(self, rows: int, columns: int) -> bool:
        train = self.agreement.train
        return train is not None and rows < few_rows.wanted(train, min(train.max_rounds, SOME)) * columns

    def _few(self, rows: int, columns: int) -> list[str]:
        """Few even for what any level opens; what the rounds add is told when they are over."""
        if rows >= few_rows.PER_COLUMN * columns:
            return []
        return [
            f"{self.me}: {rows} TRAIN rows for {columns} columns are few: what is opened tells more about each row."
        ]
