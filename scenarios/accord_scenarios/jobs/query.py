"""`job: query` for people: who asks whom for which columns, and the words for its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from accord_protocols.jobs import query
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.model import Member, Scenario, Section, absent_is_default, sole
from accord_scenarios.report import sections
from accord_scenarios.wording import leader, listed, number, other
from accord_schemas.parts import Party, Query

_SERVER_TASKS, _CLIENT_TASKS = (
    ("ecdh.evaluate", "sm2.evaluate", "query.answer"),
    ("query.blind", "query.ask", "query.read"),
)


class Asker(Member):
    """A party of a hidden query: the one that asks, or the one that is asked."""

    role: Literal["client", "server"]


class Terms(Section):
    """How many keys may be asked for, and how many bytes the cells of a row may have.

    Attributes:
        protocol: ``lwe``: keyword PIR over learning with errors, symmetric by an OPRF.
        max_queries: How many keys may be asked for in all.
        width: Bytes that a row's cells may have: two for each, and those of its UTF-8.
    """

    protocol: Literal["lwe"] = "lwe"
    max_queries: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    width: Annotated[int, Field(ge=1, le=8192)] = 256


class HiddenQuery(Scenario):
    """Asking for values by keys that are not named."""

    job: Literal["query"] = "query"
    parties: dict[Party, Asker]
    query: Annotated[Terms, BeforeValidator(absent_is_default)] = Terms()

    @model_validator(mode="after")
    def _one_asks_one(self) -> Self:
        for role in (query.CLIENT, query.SERVER):
            sole(self.parties, role)
        if not self.asked[1]:
            raise ValueError(f"{self.asked[0]} is asked and names no data.columns: what may be asked for")
        return self

    @property
    def asked(self) -> tuple[str, tuple[str, ...]]:
        """Who is asked, and for which columns."""
        server = sole(self.parties, query.SERVER)
        return server, tuple(self.parties[server].data.columns or ())


def _terms(scenario: HiddenQuery) -> dict[str, Any]:
    said, (_, columns) = scenario.query, scenario.asked
    return {"query": Query(protocol=said.protocol, columns=columns, max_queries=said.max_queries, width=said.width)}


def _verdict(result: Result) -> str:
    asked, found = result.get("questions") or 0, result.get("found")
    had = "" if found is None else f", of which it has {number(found)}"
    return f"{leader(result)} asked {other(result)} for {number(asked)} key{'' if asked == 1 else 's'}{had}."


def _learned(result: Result) -> list[str]:
    first, second = leader(result), other(result)
    return [
        f"{first} learns, for each key that it asks for, whether {second} has it, and then the agreed columns of that row; "
        f"besides that the number of rows.",
        f"{second} learns how many keys {first} asks for, and when; no key, no answer, and not which were found.",
    ]


def _questions(result: Result) -> str | None:
    if result.get("questions") is None:
        return None
    return f"{number(result['questions'])}, signed by both; {number(result.get('found'))} found"


def _times(result: Result) -> dict[str, float]:
    """Seconds that each side worked for a question, where it is known."""
    asked, work = result.get("questions") or 0, result.get("work") or {}
    found = {leader(result): _CLIENT_TASKS, other(result): _SERVER_TASKS}
    return {party: _seconds(work[party], tasks) / asked for party, tasks in found.items() if asked and party in work}


def _seconds(work: Mapping[str, Mapping[str, float]], tasks: tuple[str, ...]) -> float:
    return sum(work[task]["seconds"] for task in tasks if task in work)


def _each(result: Result) -> str | None:
    said = [f"{party} {1000 * seconds:.0f} ms" for party, seconds in _times(result).items()]
    return f"{listed(said)} of work" if said else None


def questions(result: Result) -> str:
    """A section of the report: how many keys were asked for, what that took each side, and how it was prepared."""
    if result.get("questions") is None:
        return ""
    rows: list[list[sections.Cell]] = [
        ["keys asked for", (number(result["questions"]),)],
        ["found", (number(result.get("found")),)],
    ]
    rows += [[f"work of {p} for a key", (f"{1000 * seconds:.0f} ms",)] for p, seconds in _times(result).items()]
    note = "<p>Both sides have signed the number of questions; neither number tells which keys they were of.</p>"
    return sections.section("Questions", sections.table(["", ("",)], rows) + note)


PLAYED = Played(
    job=query.JOB,
    scenario=HiddenQuery,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("questions", _questions), ("for a question", _each)),
    sections=(questions,),
)
