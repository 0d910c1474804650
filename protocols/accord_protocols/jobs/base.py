"""What a job is made of: everything about it that generic code on every floor reads.

To add a job: a descriptor beside this file, its half for people in ``accord_scenarios.jobs``, and an entry in both
registries. tests/unit/jobs/test_completeness.py says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from accord_protocols.jobs.outputs import Output
from accord_protocols.kernel.lifecycle import AGREED, COMPLETED, TERMINAL, Table, begins, table
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.plan import Place, Plan
from accord_protocols.kernel.session import Session
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import Event
from accord_schemas.graph import Graph
from accord_schemas.matching import Match

Machines = Mapping[tuple[str, int], type[Machine]]
"""Machine classes by kind and version."""
WITNESS = "witness"
"""Pinned beside the machines: the form of checkpoints, and that they are said at all."""
WITNESSES = frozenset({1})
"""Versions of it that this program has."""
CONSENT = "consent"
"""Pinned likewise: the sentences that parties consent to, and that nonces are committed to before they are opened."""
CONSENTS = frozenset({1, 2})
"""Versions of it that this program has."""
Said = Mapping[Address, Event]
"""Events that travelled in clear, by address."""


def machines(*classes: type[Machine]) -> Machines:
    """Classes by kind and version, the session among them.

    Raises:
        ValueError: Two are of one kind and version.
    """
    everything: tuple[type[Machine], ...] = (Session, *classes)
    found = {(machine.kind, machine.version): machine for machine in everything}
    if len(found) < len(everything):
        raise ValueError("two machines have one kind and version")
    return found


def _untold(_agreement: Agreement, _party: str) -> str:
    return ""


def _able(_agreement: Agreement) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a job reads of a party's file besides the ids.

    Args:
        model: What is trained on it; None where ids are all.
        label: Whether this party's label is needed.
        weights: Its column of row weights, if any.
        exposure: Its column of exposures, if any.
        one_hot: Columns that hold categories where it has them.
        carried: Columns of whatever it has, that are told as they are.
        cells: Columns whose cells are kept as they are written.
        cell_bytes: What these may have in a row, see `accord_protocols.primitives.pir.cells`.
        graph: Of a job over a graph, its terms: then edges are read, and no table.
        asks: Whether this party asks for vertices of it.
        pictures: Of a job over pictures, its terms: then a folder of images is read, as their embeddings.
    """

    model: Literal["linear", "logistic", "poisson"] | None = None
    label: bool = False
    weights: str | None = None
    exposure: str | None = None
    one_hot: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    cell_bytes: int = 0
    graph: Graph | None = None
    asks: bool = False
    pictures: Match | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """What a party has learned, to tell people.

    Args:
        me: The party.
        agreement: The terms.
        notes: The united notes of its machines.
        completed: Whether the collaboration was.
    """

    me: str
    agreement: Agreement
    notes: Mapping[str, Any] = field(repr=False)
    completed: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that follows from what was said in clear.

    Args:
        of: Its value in JSON, from the events.
        sentences: The value for people: sentence, and what it rests on.
    """

    of: Callable[[Said], dict[str, Any]]
    sentences: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class Job:
    """A kind of collaboration.

    Args:
        name: What the agreement calls it.
        plan: Its phases.
        machines: All that it runs, in every version that this program has.
        roles: What parties are, each with the least and the most of them.
        leader: Who leads, by the parties' roles: it proposes, decides for all and signs the log.
        sections: Sections of the agreement that mean something in it, besides what every job has.
        requires: Those that it cannot do without.
        reads: What it reads of a party's file.
        facts: What follows from its clear events, by name.
        completed: What a party's last word says, in the words that follow the party's name.
        models: Whether every party ends with a model.
        asks: The instance, at whoever leads, that takes what its people ask for while the collaboration lives, at
            ``own.N``, until they say that it was the last, at ``stop.N``. Empty: they ask nothing.
        led_by: The role of whoever leads, where nobody else may: it learns what the others must not. Empty: anybody.
        figures: Fields of result.json beyond those of every job.
        later: Those of them that came after 0.1.0: where a journal does not say which figures a result has, it may lack
            them.
        outputs: Files that a party is left with.
        unable: What of the terms this program cannot do; or nothing.
        about: What it does, in a few words, by the terms.
        learns: What a party learns beyond sizes and times, by the terms, in parts joined by semicolons: it stands in
            the agreement. Empty: nothing.
    """

    name: str
    plan: Plan
    machines: Machines
    roles: Mapping[str, tuple[int, int]]
    leader: Callable[[Mapping[str, str]], str]
    reads: Callable[[Agreement, str], Reads]
    completed: Callable[[Mapping[str, Any]], str]
    about: Callable[[Agreement], str]
    learns: Callable[[Agreement, str], str] = _untold
    unable: Callable[[Agreement], str] = _able
    sections: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    models: bool = False
    asks: str = ""
    led_by: str = ""
    figures: Mapping[str, Callable[[Learned], Any]] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    outputs: tuple[Output, ...] = ()

    # ---- what an agreement says

    @property
    def versions(self) -> dict[str, int]:
        """What a new agreement pins: the newest version of each of its machines."""
        return {kind: max(known) for kind, known in self._known().items()}

    def strange(self, versions: Mapping[str, int]) -> list[str]:
        """Machines that an agreement pins in a version that is not here, does not pin, or that are not the job's."""
        known = self._known()
        return sorted(kind for kind in {*known, *versions} if versions.get(kind) not in known.get(kind, ()))

    def objection(self, agreement: Agreement) -> str:
        """Why an agreement is none of this job; or nothing."""
        roles = {party: member.role for party, member in agreement.parties.items()}
        for role, (least, most) in self.roles.items():
            if not least <= (count := list(roles.values()).count(role)) <= most:
                return f"{count} parties have the role {role}, of which a {self.name} job has {_range(least, most)}"
        if strangers := sorted(set(roles.values()) - set(self.roles)):
            return f"a {self.name} job has no {strangers[0]}"
        if self.led_by and roles.get(agreement.leader) != self.led_by:
            return f"a {self.name} job is led by its {self.led_by}, not by {agreement.leader}"
        said = set(agreement.terms()) & SECTIONS
        if wrong := sorted((said - self.sections) | (self.requires - said)):
            return f"a {self.name} job {'cannot do without' if wrong[0] in self.requires else 'has no'} {wrong[0]}"
        return self.unable(agreement)

    def sentences(self, agreement: Agreement) -> dict[str, str]:
        """Who learns what, by the terms: what an agreement has to say in `learns`."""
        return {party: said for party in agreement.order if (said := self.learns(agreement, party))}

    def told(self, agreement: Agreement) -> Agreement:
        """The agreement with these sentences."""
        return agreement.model_copy(update={"learns": self.sentences(agreement)})

    def untold(self, agreement: Agreement) -> str:
        """What an agreement says otherwise of what a party learns than its terms mean; or nothing."""
        wanted = self.sentences(agreement)
        for party in sorted({*wanted, *agreement.learns}):
            said, meant = (learns.get(party, "").split("; ") for learns in (agreement.learns, wanted))
            if hidden := [part for part in meant if part and part not in said]:
                return f"it does not say that {party} learns {hidden[0]}"
            if said != meant:
                return f"it says that {party} learns {'; '.join(said)!r}, where its terms mean {'; '.join(meant)!r}"
        return ""

    def _known(self) -> dict[str, set[int]]:
        known: dict[str, set[int]] = {WITNESS: {*WITNESSES}, CONSENT: {*CONSENTS}}
        for kind, version in self.machines:
            known.setdefault(kind, set()).add(version)
        return known

    # ---- its states

    @cached_property
    def table(self) -> Table:
        """Its transitions."""
        return table(self.plan.phases)

    @cached_property
    def checkpoints(self) -> frozenset[str]:
        """States at which a checkpoint is said: the end of each phase, and every end, but no single round."""
        return TERMINAL | {phase.reaches for phase in self.plan.phases if phase.reaches}

    @cached_property
    def phase_of(self) -> dict[str, str]:
        """The phase that a state begins, by its name for people."""
        found: dict[str, str] = {}
        for state, phase in begins(self.plan.phases):
            found |= {state: phase.name} | ({phase.rounds.reaches: phase.rounds.name} if phase.rounds else {})
        return found

    @cached_property
    def ends(self) -> dict[str, str]:
        """The phase that a state ends, by its name for people; of consent and completion likewise."""
        return {AGREED: "consent", COMPLETED: "complete"} | {p.reaches: p.name for p in self.plan.phases if p.reaches}

    @cached_property
    def after(self) -> dict[str, str]:
        """The state that a party reaches before its machines of a kind say anything."""
        return {kind: state for state, phase in begins(self.plan.phases) for kind in phase.kinds}

    @cached_property
    def last(self) -> str:
        """The state from which a party says that it is done."""
        return next(state for (state, _), end in self.table.items() if end == COMPLETED)

    # ---- what it says in clear

    @cached_property
    def places(self) -> dict[type[Event], Place]:
        """Its own events that travel in clear, and where they are said."""
        return {event: place for phase in self.plan.phases for event, place in phase.clear.items()}

    def backing(self, agreement: Agreement, state: str) -> Iterator[Address]:
        """What must have been said before anybody can reach a state; consent and completion apart."""
        for phase in self.plan.phases:
            if phase.reaches == state:
                for place in phase.clear.values():
                    yield from place.at(agreement)


SECTIONS = frozenset({"align", "prepare", "train", "test_rows", "predict", "query", "trees", "bins", "graph", "match"})
"""Sections of the agreement that are not every job's; a new one stands here and in the jobs that have it."""


def _range(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} to {most}"
