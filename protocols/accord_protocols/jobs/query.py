"""`job: query`: one party asks another for the values of keys, and neither names nor shows a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.alignment import noted
from accord_protocols.jobs.base import Fact, Job, Reads, Said, machines
from accord_protocols.jobs.outputs import Notes, table
from accord_protocols.kernel.plan import Brought, Known, Phase, Place, Plan
from accord_protocols.phases.keys import Keyed, Keys
from accord_protocols.phases.query.database import Announced, Database, Prepared, server
from accord_protocols.phases.query.query import Open, Queried, Query
from accord_protocols.tasks.registry import Rows
from accord_schemas.address import Address
from accord_schemas.agreement import QUERY, Agreement
from accord_schemas.events import Complete, Receipt

CLIENT, SERVER = "client", "server"


def _announced(known: Known) -> Announced:
    """How many keys the server has; of the two who announced a number, the one with a key for the OPRF."""
    keyed = known.of(Keyed)
    (party,) = keyed.served
    return Announced(keyed.sizes[party])


def _opened(known: Known) -> Open:
    return Open(known.of(Prepared), known.of(Brought).rows)


def _client(roles: Mapping[str, str]) -> str:
    return next(party for party, role in sorted(roles.items()) if role == CLIENT)


def _reads(agreement: Agreement, party: str) -> Reads:
    terms = agreement.query
    if terms is None or party != server(agreement):
        return Reads()
    return Reads(cells=terms.columns, cell_bytes=terms.width)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed after {said['rows']} hidden questions."


def _about(agreement: Agreement) -> str:
    terms = agreement.query
    return f"hidden queries, up to {terms.max_queries}, of {', '.join(terms.columns)}" if terms else "no query"


def _receipts(agreement: Agreement) -> list[Address]:
    return [Address(Query.kind, "receipt", party) for party in agreement.order]


def _counted(said: Said) -> dict[str, Any]:
    return {a.sender: event.questions for a, event in said.items() if isinstance(event, Receipt)}


def _told(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for party, questions in value.items():
        yield f"{party} says that {questions} keys were asked for.", f"the signed receipt of {party}"


def _answers(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    for identifier, answer in zip(chain(rows.ids, notes["named"]), notes["answers"], strict=True):
        yield [identifier, *answer]


JOB = Job(
    name=QUERY,
    plan=Plan(
        (
            alignment.KEYS,
            Phase("prepare", Database.kind, "prepared", "PREPARED", given=_announced),
            Phase("ask", Query.kind, given=_opened, clear={Receipt: Place(_receipts)}),
        ),
        lambda known: Complete(rows=known.of(Queried).questions),
    ),
    machines=machines(Keys, Database, Query),
    roles={CLIENT: (1, 1), SERVER: (1, 1)},
    leader=_client,
    led_by=CLIENT,
    sections=frozenset({"query"}),
    requires=frozenset({"query"}),
    reads=_reads,
    asks=Query.kind,
    facts={name: alignment.FACTS[name] for name in ("commitments", "keys")} | {"receipts": Fact(_counted, _told)},
    completed=_completed,
    figures={"questions": noted("questions"), "found": noted("found")},
    outputs=(table("answers.csv", "answers", ("id", "found"), _answers, further=lambda notes: notes["columns"]),),
    about=_about,
    learns=sentences.queried,
)
