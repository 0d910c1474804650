"""All parties' machines in one process: contents delivered in any order, jobs run inline."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from accord_protocols.graph.edges import Edges
from accord_protocols.jobs.registry import JOBS, ROOT
from accord_protocols.kernel.effects import Abort, Note, Reach
from accord_protocols.kernel.engine import Engine, Job
from accord_protocols.kernel.machine import Setup
from accord_protocols.tasks import TASKS, Context, run
from accord_protocols.tasks.registry import cut, join, part, spans
from accord_schemas.address import SELF, Address, Content
from accord_schemas.agreement import Agreement, Align, Member, Prepare
from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import FrameError, ProtocolError
from accord_schemas.events import Event
from accord_schemas.parts import Binning, TestRows, Train, Trees

NAMES = ("bank", "shop", "telco", "insurer", "clinic")
Tamper = Callable[[str, Content], Event]
"""What a recipient gets instead of what was said."""


@dataclass(frozen=True)
class Rows:
    """A party's table."""

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray
    labels: np.ndarray | None
    weights: np.ndarray | None = None
    exposure: np.ndarray | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cells: tuple[bytes, ...] = ()
    edges: Edges | None = None

    def find(self, identifier: str) -> int | None:
        """The row of an id."""
        return self.ids.index(identifier) if identifier in self.ids else None


@dataclass
class Party:
    """One party: its machines, what they asked for and what it learned."""

    me: str
    rows: Rows
    engine: Engine
    secrets: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    aborted: Abort | None = None


def tables(parties: int, n: int = 200, columns: int = 3, keep: float = 0.9, seed: int = 1) -> dict[str, Rows]:
    """Linear data, each party missing other rows."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns * parties))
    y = (X * rng.normal(size=columns * parties)).sum(axis=1) + 3 + 0.5 * rng.normal(size=n)
    X, y = X.round(6), y.round(6)  # the same tables on every processor
    out = {}
    for p, name in enumerate(NAMES[:parties]):
        rows = np.flatnonzero(rng.random(n) < keep)
        rng.shuffle(rows)
        block = X[rows, columns * p : columns * (p + 1)]
        names = tuple(f"x{p}_{j}" for j in range(columns))
        out[name] = Rows(tuple(f"user-{i}" for i in rows), names, block, y[rows] if p == 0 else None)
    return out


def agreement(parties: int, bits: int = 2048, gate: float | None = None, **train: Any) -> Agreement:
    """An agreement of that many parties; ``bits`` below 2048 make a small key for tests that are not about its size."""
    names = NAMES[:parties]
    roles = {n: Member(role="feature_holder" if k else "label_holder", identity=n) for k, n in enumerate(names)}
    align, training = Align(max_overlap=gate), Train(**train)
    terms = Agreement(
        name="test",
        parties=roles,
        align=align,
        prepare=Prepare(),
        train=training,
        test_rows=TestRows(),
        versions=JOBS["train"].versions,
    )
    return JOBS["train"].told(terms.model_copy(update={"key_bits": bits}))


def alignment(parties: int, bits: int = 2048, gate: float | None = None) -> Agreement:
    """An agreement to align alone."""
    job = JOBS["psi"]
    update = {"job": job.name, "train": None, "test_rows": None, "versions": job.versions}
    return job.told(agreement(parties, bits, gate).model_copy(update=update))


def measuring(parties: int) -> Agreement:
    """An agreement to count what is shared."""
    job = JOBS["overlap"]
    return job.told(alignment(parties).model_copy(update={"job": job.name, "versions": job.versions}))


def boosted(parties: int, gate: float | None = None, **trees: Any) -> Agreement:
    """An agreement to grow boosted trees at `paths`, small ones of a squared loss."""
    job = JOBS["trees"]
    small = {"protection": "paths", "objective": "squared", "trees": 2, "depth": 3, "bins": 8}
    grows = {"train": None, "trees": Trees(**{**small, **trees}), "align": Align(protocol="ecdh", max_overlap=gate)}
    update = {"job": job.name, "versions": job.versions, **grows}
    return job.told(agreement(parties, gate=gate).model_copy(update=update))


def binned(parties: int, gate: float | None = None, **bins: Any) -> Agreement:
    """An agreement to bin columns."""
    job = JOBS["bins"]
    weighs = {"train": None, "bins": Binning(**bins), "align": Align(protocol="ecdh", max_overlap=gate)}
    update = {"job": job.name, "versions": job.versions, **weighs}
    return job.told(agreement(parties, gate=gate).model_copy(update=update))


class World:
    """Parties over a bag of undelivered contents.

    Args:
        terms: The agreement.
        data: Tables by party.
        order: Which of the random orders.
        seed: Gives all parties' seeds.
        tamper: Changes an event on its way to a recipient.
        brought: What parties say when they accept, besides how many rows they have.
    """

    def __init__(
        self,
        terms: Agreement,
        data: dict[str, Rows],
        order: int = 0,
        seed: bytes = b"s",
        tamper: Tamper | None = None,
        brought: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        self.terms, self.rng, self.tamper = terms, random.Random(order), tamper
        self.bag: list[tuple[str, Content]] = []
        self.jobs: list[tuple[str, Job]] = []
        self.log: dict[Address, Content] = {}
        sid = digest(b"sid", seed)
        job, self.parties = JOBS[terms.job], {}
        for me, rows in data.items():
            engine = Engine(Setup(terms, me, "00" * 16, sid, job.plan), digest(b"seed", seed, me), job.machines, ROOT)
            self.parties[me] = Party(me, rows, engine)
            own = {"rows": len(rows.ids), **(brought or {}).get(me, {})}
            self._take(me, engine.begin())
            self._take(me, engine.local(Address("session", "data", SELF), own))

    def own(self, me: str, address: Address, fields: dict[str, Any]) -> None:
        """What a party's own people say."""
        self._take(me, self.parties[me].engine.local(address, fields), me)

    def run(self) -> World:
        """Deliver and work in random order until nothing is left."""
        while self.bag or self.jobs:
            pick = self.rng.randrange(len(self.bag) + len(self.jobs))
            if pick < len(self.bag):
                to, content = self.bag.pop(pick)
                if self.parties[to].aborted is None:
                    self._deliver(to, content)
            else:
                me, job = self.jobs.pop(pick - len(self.bag))
                if self.parties[me].aborted is None:
                    self._work(me, job)
        return self

    def fingerprint(self) -> str:
        """A digest of everything that was said, and of what each party learned and went through."""
        said = [digest(*address, content.digest(self.terms.digest())) for address, content in sorted(self.log.items())]
        learned = [canonical_json([me, p.states, _plain(p.notes)]) for me, p in sorted(self.parties.items())]
        return digest(*said, *learned).hex()

    def work(self, me: str, job: Job) -> dict[str, Any]:
        """A job's result."""
        party, compute = self.parties[me], job.compute
        key = digest(b"fresh", me, str(job.address)) if compute.fresh else compute.key
        secrets = {name: party.secrets[name] for name in compute.secrets}
        task, rows = TASKS[compute.task], party.rows if compute.data else None
        results = []
        for k, span in enumerate(spans(task, compute.inputs, len(rows.ids) if rows else 0)):
            context = Context(cut(task, compute.inputs, span), key, secrets, rows)
            results.append(run(compute.task, part(task, context, k, span)))
        result = join(results)
        party.secrets |= result.secrets
        return result.fields

    def _deliver(self, to: str, content: Content) -> None:
        sender = content.address.sender
        if self.tamper:
            event = self.tamper(to, content)
            try:
                content = replace(content, event=type(event).decode(event.encode()))
            except FrameError as error:
                self.parties[to].aborted = Abort("failed", error.message, sender)
                return
        self._take(to, self.parties[to].engine.content(content), sender)

    def _work(self, me: str, job: Job) -> None:
        try:
            fields = self.work(me, job)
        except ProtocolError as error:
            self.parties[me].aborted = Abort("failed", error.message, error.whose or me)
        else:
            self._take(me, self.parties[me].engine.local(job.address, fields), me)

    def _take(self, me: str, said: Any, sender: str = "") -> None:
        """Do what one step says; a broken protocol ends the party's part, as it does in an agent."""
        try:
            for item in said:
                self._do(me, item)
        except ProtocolError as error:
            self.parties[me].aborted = Abort("failed", error.message, error.whose or sender or me)

    def _do(self, me: str, item: Any) -> None:
        party = self.parties[me]
        match item:
            case Content():
                assert item.address not in self.log
                self.log[item.address] = item
                self.bag += [(to, item) for to in item.to]
            case Job():
                self.jobs.append((me, item))
            case Note(fields):
                warnings = sorted([*party.notes.get("warnings", []), *fields.get("warnings", [])])
                party.notes |= {**fields, "warnings": warnings}
            case Reach(trigger):
                party.states.append(trigger)
            case Abort():
                party.aborted = item


def _plain(value: Any) -> Any:
    match value:
        case np.ndarray():
            return [str(value.dtype), value.tolist()]
        case dict():
            return {name: _plain(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
    return value
