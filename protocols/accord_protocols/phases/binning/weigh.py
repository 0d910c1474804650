"""Weighing: how many labels of each bin are 1 is opened to the columns' owner alone, who tells what columns say in all.

The label holder sends its labels under the pads of all cells, and its shares of the sums by bin: of a bin of the
owner's, which nobody else knows, the owner learns how many ones it has. It tells the information value of every column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.model.bins import BinsPart, document
from accord_protocols.phases.boosting.edge import Edge, Linked, Opening
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.preparation.woe import EvidenceFit
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.primitives.onehot.halftree import depth_of
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.tasks.results.boosting import Shared, VectorSent, Weighed
from accord_protocols.tasks.results.common import Words
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Information, Positives
from accord_schemas.parts import Binning

UNFIT = "what was said of bins is not of the agreed form"
MILLIONTHS = 1_000_000
"""An information value is told in these: to more places it would tell how many rows bins have."""
MOST = 1000 * MILLIONTHS


@dataclass(frozen=True, slots=True, repr=False)
class Cells:
    """The own bins, and the own edges by their holders."""

    ready: Ready
    edges: Mapping[str, Linked]


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """The label holder's labels as words, with a nonce for every edge."""

    ready: Ready
    nonces: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Summing:
    """A holder, with the label holder's shares."""

    ready: Ready
    told: Words


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """The label holder, which has told everybody, with the weights of its own columns."""

    ready: Ready
    woe: tuple[EvidenceFit, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What everybody ends with: the weights of the own columns."""

    woe: tuple[EvidenceFit, ...] = ()


class Weigh(Machine):
    """One instance, at everybody."""

    kind = "weigh"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"positives": Positives, "information": Information}
    goes: ClassVar[dict[str, Goes]] = {"positives": Goes.STEP, "information": Goes.LABEL}

    @property
    def terms(self) -> Binning:
        """On bins."""
        assert self.agreement.binning is not None
        return self.agreement.binning

    def _ends(self, ready: Ready) -> tuple[str, ...]:
        """The holders of the own edges: who has columns to weigh."""
        return tuple(p for p in self.agreement.others if ready.columns[p] and (self.setup.labelled or p == self.me))

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Prepare all cells."""
        block, depth = state.block, depth_of(self.terms.leaves)
        if block.n < self.terms.min_rows:
            raise ProtocolError("there are fewer TRAIN rows than a bin has to have", whose=self.me)
        if not (self.setup.labelled or self._ends(state)):
            return Fired((Done(Found()),))
        bins = None if self.setup.labelled else block.train
        spawns = (
            Spawn(f"{Edge.kind}.{holder}", Opening(block.n, state.columns[holder], depth, bins))
            for holder in self._ends(state)
        )
        return Fired(tuple(spawns), self.linked.keeping(state))

    @transition(Ready, lambda self, state: [self.done(f"{Edge.kind}.{holder}") for holder in self._ends(state)])
    def linked(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: put the labels under the pads of every edge. Holders: wait for that."""
        edges = {holder: inputs.ended(Linked, f"{Edge.kind}.{holder}") for holder in self._ends(state)}
        if not self.setup.labelled:
            return Fired((), self.hear.keeping(Cells(state, edges)))
        words = loaded(state.block.y)[: state.block.n].astype(np.uint64)
        nonces, jobs = {}, []
        for holder, edge in edges.items():
            nonces[holder] = nonce(draw.key("nonce", holder), ("vector", edge.sid, 0), words.tobytes())
            fields = self._fields(edge, nonces[holder], state.block.n, state.columns[holder])
            fields |= {"q": edge.cells, "delta": edge.delta, "words": words}
            jobs.append(Compute(f"sent.{holder}", "onehot.sent", fields))
        own = Compute("weighed", "bins.weighed", {"train": state.block.train, "y": state.block.y})
        return Fired((*jobs, own), self.send.keeping(Sending(state, nonces)))

    def _fields(self, edge: Linked, once: bytes, rows: int, columns: int) -> dict[str, Any]:
        """Of a task that sums over an edge: all rows, into one total."""
        return {
            "sid": edge.sid,
            "depth": depth_of(self.terms.leaves),
            "nonce": once,
            "slots": np.ones(rows, np.uint8),
            "sampled": np.ones(rows, np.uint8),
            "totals": 1,
            "columns": np.arange(columns),
        }

    @transition(
        Sending, lambda self, state: [self.job("weighed"), *(self.job(f"sent.{p}") for p in self._ends(state.ready))]
    )
    def send(self, state: Sending, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: tell them, and the own shares of all sums; the own columns are weighed without anybody."""
        sends: list[Effect] = []
        for holder in self._ends(state.ready):
            made = inputs.result(VectorSent, self.job(f"sent.{holder}"))
            shares = loaded(made.shares).sum(axis=(0, 1), dtype=np.uint64)
            event = Positives(nonce=state.nonces[holder], words=made.words, shares=shares)
            sends.append(Send(f"positives.{holder}", [holder], event))
        part = document(self.me, state.ready.block, inputs.result(Weighed, self.job("weighed")))
        return Fired((*sends, self._note(part)), self.end.keeping(Told(state.ready, part.woe)))

    @transition(Cells, lambda self, _: [self.at(f"positives.{self.me}", self.setup.leader)])
    def hear(self, state: Cells, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: take the own share of the sums."""
        said = inputs.event(Positives, self.at(f"positives.{self.me}", self.setup.leader))
        block, edge = state.ready.block, state.edges[self.me]
        columns = state.ready.columns[self.me]
        if (said.words.shape, said.shares.shape) != ((block.n, columns), (columns, self.terms.leaves)):
            raise ProtocolError(UNFIT, whose=self.setup.leader)
        fields = self._fields(edge, said.nonce, block.n, columns) | {
            "kept": edge.cells,
            "bins": block.train,
            "starts": np.arange(0, block.n, ROWS),
            "told": said.words,
        }
        return Fired(
            (Compute("received", "onehot.received", fields),), self.sum.keeping(Summing(state.ready, said.shares))
        )

    @transition(Summing, lambda self, _: [self.job("received")])
    def sum(self, state: Summing, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: both shares are there."""
        shares = loaded(inputs.result(Shared, self.job("received")).shares).sum(axis=(0, 1), dtype=np.uint64)
        fields = {"train": state.ready.block.train, "ones": shares + loaded(state.told), "peer": self.setup.leader}
        return Fired((Compute("weighed", "bins.weighed", fields),), self.tell.keeping(state.ready))

    @transition(Ready, lambda self, _: [self.job("weighed")])
    def tell(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: tell what columns say in all."""
        weighed = inputs.result(Weighed, self.job("weighed"))
        values = np.rint(loaded(weighed.values) * MILLIONTHS).astype(np.uint64)
        send = Send("information", [self.setup.leader], Information(values=values[:, None]))
        part = document(self.me, state.block, weighed)
        return Fired((send, self._note(part), Done(Found(part.woe))))

    @transition(Told, lambda self, state: [self.at("information", holder) for holder in self._ends(state.ready)])
    def end(self, state: Told, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: everybody has told."""
        told = {}
        for holder, event in inputs.events(Information).items():
            values = loaded(event.values)
            if values.shape != (state.ready.columns[holder], 1) or int(values.max(initial=0)) > MOST:
                raise ProtocolError(UNFIT, whose=holder)
            told[holder] = [value / MILLIONTHS for value in values[:, 0].tolist()]
        return Fired((Note({"information_told": told}), Done(Found(state.woe))))

    @staticmethod
    def _note(part: BinsPart) -> Note:
        """The own weights, for people."""
        return Note(
            {
                "bins": part.to_json(),
                "woe": {one.column: [[b.says, b.woe] for b in one.bins] for one in part.columns},
                "information_value": {one.column: one.information_value for one in part.columns},
                "warnings": [
                    f"Column {one.column!r}: all TRAIN rows of {b.says} have one label, so that they weigh nothing."
                    for one in part.columns
                    for b in one.bins
                    if b.ones in (0, b.rows)
                ],
            }
        )
