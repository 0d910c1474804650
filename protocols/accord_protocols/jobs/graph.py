"""`job: graph`: something is computed over the union of graphs whose edges several parties have, and keep."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from accord_protocols.graph.scale import MAX_PARTIES, Scale
from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, Output
from accord_protocols.kernel.plan import Known, Phase, Plan
from accord_protocols.phases.graph.flags import Choice, Flagging
from accord_protocols.phases.graph.offline import Offline, Ready
from accord_protocols.phases.graph.sparse import Sparse
from accord_protocols.phases.graph.spread import Membership, Reckoned, Spread
from accord_protocols.phases.keys import Keys
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete
from accord_schemas.graph import GRAPH

RECEIVER, MEMBER = "receiver", "member"
_LINES = 4096  # of a table, in a piece


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
    return Reads(graph=terms, asks=terms is not None and terms.task == "reach" and party in terms.result_to)


def _about(agreement: Agreement) -> str:
    terms = agreement.graph
    if terms is None or terms.task == "risk":
        return f"risk over a graph of {terms.size if terms else 0} vertices"
    return f"whether up to {terms.queries} of {terms.size} vertices are within {terms.hops} hops of a flagged one"


def _unable(agreement: Agreement) -> str:
    terms = agreement.graph
    assert terms is not None, "a section that the job requires"
    if len(agreement.parties) > MAX_PARTIES:
        return f"a graph job has 2 to {MAX_PARTIES} parties"
    receivers = {party for party, member in agreement.parties.items() if member.role == RECEIVER}
    if receivers != set(terms.result_to):
        return "graph.result_to names other parties than those with the role receiver"
    if terms.task == "reach" and len(receivers) != 1:
        return "graph.result_to names one party in task: reach: who asks"
    if agreement.leader not in receivers:
        return f"a graph job is led by one of its receivers, not by {agreement.leader}"
    scale = Scale.of(agreement)
    return scale.unable or ("" if scale.slots else "keys are too short for vectors of this length")


def _graph(learned: Learned) -> dict[str, Any] | None:
    terms = learned.agreement.graph
    if terms is None:
        return None
    found: dict[str, Any] = {"task": terms.task, "vertices": terms.size, "result_to": list(terms.result_to)}
    if "drawing" in learned.notes:
        values = learned.notes["values"]
        counted = {"asked": len(values), "reached": int(values.sum())} if terms.task == "reach" else {}
        found |= {**counted, "drawing": learned.notes["drawing"]}
    return found


def _body(notes: Notes, rows: Rows | None) -> Iterator[bytes]:
    assert rows is not None and rows.edges is not None
    values = notes["values"].tolist()
    if notes["task"] == "risk":
        head, lines = "score", ([name, repr(value)] for name, value in zip(rows.ids, values, strict=True))
    else:
        places = rows.edges.asked.tolist()
        head = "reached"
        lines = ([rows.ids[p], "true" if value else "false"] for p, value in zip(places, values, strict=True))
    yield f"id,{head}\n".encode()
    while some := list(islice(lines, _LINES)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(some)
        yield buffer.getvalue().encode()


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
                starts=(Sparse.kind, Flagging.kind, Choice.kind),
            ),
            Phase("spread", Spread.kind, given=_ready, starts=(Membership.kind,)),
        ),
        _complete,
    ),
    machines=machines(Keys, Offline, Sparse, Flagging, Choice, Spread, Membership),
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
