"""Engines that the agreement chooses: the registries are complete, and a toy of each kind runs through the machines."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, ClassVar, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.world import World, agreement, alignment, tables

from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.effects import Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.oprf import OPRFS, Oprf
from accord_protocols.phases.keys import EVENTS
from accord_protocols.phases.training.able import unable
from accord_protocols.phases.training.engines import ENGINES
from accord_protocols.phases.training.padded import Padded
from accord_protocols.phases.training.products import Batch, Factors, Offsets, OwnPads, ProductEngine
from accord_protocols.primitives.ring import Ring
from accord_protocols.tasks import TASKS, Context, Result, Task
from accord_schemas.agreement import Agreement
from accord_schemas.events import Blinded, Event, PaillierKey, Signed
from accord_schemas.parts import Train


def test_what_an_agreement_may_name_is_there() -> None:
    named = get_args(Train.model_fields["engine"].annotation)
    assert set(ENGINES) == {engine for engine in named if not unable(Train(engine=engine), 2)}


@pytest.mark.parametrize("oprf", OPRFS.values(), ids=OPRFS)
def test_an_oprf_has_its_tasks(oprf: Oprf) -> None:
    assert {oprf.make, oprf.check, oprf.blind, oprf.evaluate, oprf.tag, oprf.finalise} <= set(TASKS)
    assert oprf.secrets


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_a_product_engine_has_its_machine_and_its_key(engine: ProductEngine) -> None:
    for machine, begins in ((engine.machine, Batch), (engine.rounds, Factors)):
        assert machine.table[machine.first].state is begins
        assert machine in JOBS["train"].machines.values()
    assert engine.key in EVENTS
    assert {f"keys.{engine.key.name}.make", f"keys.{engine.key.name}.check"} <= set(TASKS)


# ---- an OPRF that hides nothing


class Open:
    """Tags are hashes under the server's key, of hashes that the leader sends in clear."""

    name = "open"
    secrets: tuple[str, ...] = ("open",)
    make, check = "open.make", "open.check"
    blind, evaluate, tag, finalise = "open.blind", "open.evaluate", "open.tag", "open.finalise"

    def width(self, key: NDArray[np.uint8]) -> int:
        return int(key.shape[1])

    def id_bytes(self, key_bits: int) -> int:
        return 32

    def terms(self, key: NDArray[np.uint8]) -> Fields:
        return {}


def hashed(rows: list[bytes], key: bytes = b"") -> np.ndarray:
    return np.frombuffer(b"".join(hashlib.sha256(key + row).digest() for row in rows), np.uint8).reshape(-1, 32)


def of_ids(context: Context, key: bytes = b"") -> np.ndarray:
    return hashed([*map(bytes, hashed([i.encode() for i in context.ids]))], key)


TOYS: dict[str, tuple[Callable[[Context], Result], dict[str, Any]]] = {
    "make": (
        lambda context: Result(
            {"scheme": "open", "key": np.zeros((1, 32), np.uint8), "proof": np.zeros((1, 32), np.uint8)},
            {"open": context.xof.bytes(32)},
        ),
        {},
    ),
    "check": (lambda context: Result({}), {}),
    "blind": (lambda context: Result({"numbers": hashed([i.encode() for i in context.ids])}), {"by_ids": True}),
    "evaluate": (
        lambda context: Result({"numbers": hashed([*map(bytes, context.inputs["numbers"])], context.secrets["open"])}),
        {"split": ("numbers",)},
    ),
    "tag": (lambda context: Result({"tags": of_ids(context, context.secrets["open"])}), {"by_ids": True}),
    "finalise": (lambda context: Result({"tags": context.inputs["numbers"]}), {"split": ("numbers",)}),
}


def test_another_oprf_is_a_class_and_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("accord_protocols.tasks.open")
    module.__dict__.update({name: function for name, (function, _) in TOYS.items()})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name, (_, how) in TOYS.items():
        monkeypatch.setitem(TASKS, f"open.{name}", Task(f"open:{name}", **how))
    monkeypatch.setitem(OPRFS, "open", Open())
    terms, data = alignment(3, 512), tables(3, n=40)
    toy = terms.model_copy(update={"align": terms.align.model_copy(update={"protocol": "open"})})
    worlds = [World(one, data).run() for one in (terms, toy)]
    for me, party in worlds[0].parties.items():
        rows, again = (sorted(world.parties[me].notes["rows"].tolist()) for world in worlds)
        assert party.states[-1] == "completed" and rows == again


# ---- a product engine that hides nothing


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """The owner's pads."""

    batch: Batch
    masks: np.ndarray


class Plain(Machine):
    """``plain.OWNER.BATCH``: the owner sends its pads in clear, and gets the products back."""

    kind = "plain"
    says: ClassVar[dict[str, type[Event]]] = {"masks": Blinded, "products": Signed}
    goes: ClassVar[dict[str, Goes]] = {"masks": Goes.ALL, "products": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        return qualifier.partition(".")[0] in setup.agreement.keyholders

    @property
    def owner(self) -> str:
        return self.qualifier.partition(".")[0]

    @transition(Batch, nothing, starts=True)
    def start(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        if self.me != self.owner:
            return Fired(then=self.multiply.keeping(state))
        masks = state.sizes.ring.random(draw("masks"), state.sizes.rows, state.sizes.slots)
        event = Blinded(numbers=masks.reshape(len(masks), -1).view(np.uint8))
        return Fired((Send("masks", self.setup.peers, event),), self.end.keeping(Waiting(state, masks)))

    @transition(Batch, lambda self, _: [self.at("masks", self.owner)])
    def multiply(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        ring, slots = state.sizes.ring, state.sizes.slots
        masks = words(inputs.event(Blinded, self.at("masks", self.owner)).numbers, state.sizes.slots, ring)
        products = np.stack([ring.matvec(state.x, masks[:, t]) for t in range(slots)], axis=1)
        offsets = ring.random(draw("offsets"), state.x.shape[1], slots)
        event = Signed(numbers=ring.add(products, offsets).reshape(len(offsets), -1).view(np.uint8))
        return Fired((Send("products", [self.owner], event), Done(Offsets(offsets))))

    @transition(Waiting, lambda self, _: [self.at("products", p) for p in self.setup.peers])
    def end(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        sizes = state.batch.sizes
        products = {p: words(e.numbers, sizes.slots, sizes.ring) for p, e in inputs.events(Signed).items()}
        return Fired((Done(OwnPads(state.masks, products)),))


def words(numbers: np.ndarray, slots: int, ring: Ring) -> np.ndarray:
    return np.ascontiguousarray(numbers).view(np.uint64).reshape(len(numbers), slots, ring.words)


class InClear:
    """Four rounds a batch."""

    name = "plain"
    key: type[Event] = PaillierKey
    machine: type[Machine] = Plain
    rounds: type[Machine] = Padded

    def holders(self, agreement: Agreement) -> tuple[str, ...]:
        return agreement.keyholders

    def supplies(self, agreement: Agreement, columns: Mapping[str, int], slots: int, number: int) -> Mapping[str, str]:
        batch, column = divmod(number, slots)
        return {} if column else {q: f"plain.{q}.{batch}" for q in agreement.keyholders}

    def row_bytes(self, key_bits: int) -> int:
        return 64

    def slots(self, key_bits: int, ring: Ring, x_bits: int, rows: int, answers: int) -> int:
        return 4


@pytest.mark.parametrize("protection", ["shared", "score"])
def test_another_product_engine_is_a_class_and_its_machine(protection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pads cancel, whatever multiplied them. Rows stand in another order, so that last bits differ."""
    terms, data = agreement(3, 512, protection=protection), tables(3, n=40)
    monkeypatch.setitem(ENGINES, "plain", InClear())
    machines = {**JOBS["train"].machines, ("plain", 1): Plain}
    monkeypatch.setitem(JOBS, "toy", replace(JOBS["train"], name="toy", machines=machines))
    assert terms.train is not None
    train = terms.train.model_copy(update={"engine": "plain"})
    toy = terms.model_copy(update={"job": "toy", "train": train, "versions": terms.versions | {"plain": 1}})
    worlds = [World(one, data).run() for one in (terms, toy)]
    assert any(address.instance == "plain.bank.1" for address in worlds[1].log), "more than one batch"
    for me, party in worlds[0].parties.items():
        assert party.states[-1] == "completed"
        one, other = ([*world.parties[me].notes["model"]["coefficients"].values()] for world in worlds)
        np.testing.assert_allclose(other, one, rtol=1e-9)
