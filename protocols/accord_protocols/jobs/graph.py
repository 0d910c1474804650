"""`job: graph`: something is computed over the union of graphs whose edges several parties have, and keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from accord_protocols.graph.bands import Bands
from accord_protocols.graph.neighbourhoods import unable
from accord_protocols.graph.scale import MAX_PARTIES, Scale
from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, Output, as_csv
from accord_protocols.kernel.plan import Known, Phase, Plan
from accord_protocols.phases.alignment.base_transfers import BaseTransfers
from accord_protocols.phases.graph.comparison import Comparison
from accord_protocols.phases.graph.flags import Choice, Flagging
from accord_protocols.phases.graph.offline import Offline, Ready
from accord_protocols.phases.graph.sparse import Sparse
from accord_protocols.phases.graph.spread import Membership, MembershipTransfers, Reckoned, Spread
from accord_protocols.phases.keys import Keys
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete
from accord_schemas.graph import ASKS, COMPARES, GRAPH

RECEIVER, MEMBER = "receiver", "member"
_HEADS = {
    "risk": ("score",),
    "reach": ("reached",),
    "common_neighbours": ("party", "common"),
    "similar": ("party", "match", "bands"),
}
"""Columns of the result beside the vertex, by task."""


def _leader(roles: Mapping[str, str]) -> str:
    """Who learns the result; of several the first by name."""
    return min((party for party, role in roles.items() if role == RECEIVER), default=min(roles))


def _ready(known: Known) -> Ready:
    return known.of(Ready)


def _complete(known: Known) -> Complete:
    return Complete(rows=known.of(Reckoned).vertices)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed over {said['rows']} vertices."


def _reads(agreement: Agreement, party: str) -> Reads:
    terms = agreement.graph
    return Reads(graph=terms, asks=terms is not None and terms.task in ASKS and party in terms.result_to)


def _about(agreement: Agreement) -> str:
    terms = agreement.graph
    if terms is None or terms.task == "risk":
        return f"risk over a graph of {terms.size if terms else 0} vertices"
    asked = f"up to {terms.queries} of {terms.size} vertices"
    if terms.task == "common_neighbours":
        return f"how many neighbours {asked} have at both of two parties"
    if terms.task == "similar":
        return f"which vertices have nearly the neighbours that {asked} have"
    return f"whether {asked} are within {terms.hops} hops of a flagged one"


def _unable(agreement: Agreement) -> str:
    terms = agreement.graph
    assert terms is not None, "a section that the job requires"
    if len(agreement.parties) > MAX_PARTIES:
        return f"a graph job has 2 to {MAX_PARTIES} parties"
    receivers = {party for party, member in agreement.parties.items() if member.role == RECEIVER}
    if receivers != set(terms.result_to):
        return "graph.result_to names other parties than those with the role receiver"
    if terms.task in ASKS and len(receivers) != 1:
        return f"graph.result_to names one party in task: {terms.task}: who asks"
    if agreement.leader not in receivers:
        return f"a graph job is led by one of its receivers, not by {agreement.leader}"
    if terms.task in COMPARES:
        return unable(terms)
    scale = Scale.of(agreement)
    return scale.unable or ("" if scale.slots else "keys are too short for vectors of this length")


_COUNTED: Mapping[str, Callable[[Any], dict[str, int]]] = {
    "risk": lambda values: {},
    "reach": lambda values: {"asked": len(values), "reached": int(values.sum())},
    "common_neighbours": lambda rows: {"asked": len({*rows[:, 1].tolist()}), "common": int(rows[:, 3].sum())},
    "similar": lambda rows: {"matches": len(rows), "matched": len({*rows[:, 1].tolist()})},
}
"""What is told of a result, by task."""


def _graph(learned: Learned) -> dict[str, Any] | None:
    terms = learned.agreement.graph
    if terms is None:
        return None
    found: dict[str, Any] = {"task": terms.task, "vertices": terms.size, "result_to": list(terms.result_to)}
    if "drawing" in learned.notes:
        found |= {**_COUNTED[terms.task](learned.notes["values"]), "drawing": learned.notes["drawing"]}
    if terms.task == "similar" and (bands := Bands.of(terms.threshold, terms.recall)):
        found |= {"threshold": terms.threshold, "bands": bands.bands, "recall": round(bands.found(terms.threshold), 6)}
    return found


def _body(notes: Notes, rows: Rows | None) -> Iterator[bytes]:
    assert rows is not None and rows.edges is not None
    yield from as_csv(chain([("id", *_HEADS[notes["task"]])], _lines(notes, rows.ids, rows.edges.asked.tolist())))


def _lines(notes: Notes, ids: Sequence[str], asked: list[int]) -> Iterator[Sequence[str]]:
    values = notes["values"].tolist()
    match notes["task"]:
        case "risk":
            yield from ([name, repr(value)] for name, value in zip(ids, values, strict=True))
        case "reach":
            yield from ([ids[p], "true" if value else "false"] for p, value in zip(asked, values, strict=True))
        case "common_neighbours":
            for party, question, _, count in sorted(values, key=lambda row: (row[1], row[0])):
                yield ids[asked[question]], notes["others"][party], str(count)
        case _:
            yield from _alike(values, notes["others"], ids, asked)


def _alike(values: list[list[int]], others: Sequence[str], ids: Sequence[str], asked: list[int]) -> Iterator[list[str]]:
    """A line for each match of a vertex at a party, the closest first; or one without."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for party, question, place, bands in values:
        found.setdefault((question, party), []).append((-bands, place))
    for question, vertex in enumerate(asked):
        for party, name in enumerate(others):
            for bands, place in sorted(found.get((question, party), [(0, -1)])):
                yield [ids[vertex], name, ids[place] if place >= 0 else "", str(-bands)]


JOB = Job(
    name=GRAPH,
    plan=Plan(
        (
            alignment.KEYS,
            Phase(
                "offline",
                Offline.kind,
                "prepared",
                "PREPARED",
                given=alignment.keyed,
                starts=(Sparse.kind, Flagging.kind, BaseTransfers.kind, Choice.kind),
            ),
            Phase(
                "spread", Spread.kind, given=_ready, starts=(MembershipTransfers.kind, Membership.kind, Comparison.kind)
            ),
        ),
        _complete,
    ),
    machines=machines(
        Keys, Offline, Sparse, Flagging, BaseTransfers, Choice, Spread, MembershipTransfers, Membership, Comparison
    ),
    roles={RECEIVER: (1, MAX_PARTIES), MEMBER: (0, MAX_PARTIES)},
    leader=_leader,
    sections=frozenset({"graph"}),
    requires=frozenset({"graph"}),
    reads=_reads,
    facts={name: alignment.FACTS[name] for name in ("commitments", "keys")},
    completed=_completed,
    figures={"graph": _graph},
    outputs=(Output("graph.csv", "values", _body, ("id",)),),
    about=_about,
    unable=_unable,
    learns=sentences.graphed,
)
