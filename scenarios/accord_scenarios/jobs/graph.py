"""`job: graph` for people: whose edges are united to what end, and how the results read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationError, ValidationInfo, field_validator, model_validator

from accord_agents.files.paths import expanded
from accord_agents.intake.edges import vertex_list
from accord_protocols.graph.edges import listed as digest_of
from accord_protocols.graph.neighbourhoods import unable
from accord_protocols.graph.scale import MAX_PARTIES, Scale
from accord_protocols.jobs import graph
from accord_scenarios.graph_reference import held_against
from accord_scenarios.jobs.base import Folder, Played, Result, Tables
from accord_scenarios.model import Bringer, GraphData, Scenario, Section
from accord_scenarios.report import graphs
from accord_scenarios.wording import listed, number
from accord_schemas.errors import UsageError
from accord_schemas.graph import ASKS, COMPARES, MAX_EDGES, MAX_STRENGTH, ONLY, Graph, Kind, misplaced
from accord_schemas.parts import Party

_ANY = "0" * 64


class Part(Bringer):
    """A party: its edges. Who learns the result follows from `graph.result_to`."""

    role: Literal["receiver", "member"] = "member"
    data: GraphData


class Task(Section):
    """What is computed, see `accord_schemas.graph.Graph`; what is left out has its default.

    Attributes:
        task: ``risk``: scores that spread along edges from flagged vertices; ``reach``: whether a vertex that one party
            asks for is within `hops` of a flagged one; ``common_neighbours``: how many neighbours it has both in the
            asker's graph and in another party's; ``similar``: who has nearly its neighbours there.
        vertices: The agreed list of vertices, in a column id; the same file for all parties.
        result_to: Who learns the scores; of all other tasks, the party that asks.
        damping: Of ``risk``: what of a score passes on along an edge.
        max_strength: Of ``risk``: what the weights of one party's edges at one vertex add up to, at most.
        rounds: Of ``risk``: how often scores pass on.
        hops: Of ``reach``: how far.
        queries: Of all tasks but ``risk``: how many vertices may be asked for; as many questions are sent, however many
            are meant.
        degree: Of ``common_neighbours``: how many neighbours a vertex that is asked for may have.
        max_edges: Of ``common_neighbours``: how many edges a party may have, at most.
        threshold: Of ``similar``: the Jaccard index of two neighbourhoods from which on they shall be found.
        recall: Of ``similar``: the share of pairs just at the threshold that is found, at least.
    """

    task: Kind
    vertices: Annotated[Path, Strict(False)]
    result_to: Annotated[list[Party], Field(min_length=1)]
    damping: Annotated[float, Field(gt=0, le=1)] | None = None
    max_strength: Annotated[float, Field(gt=0, le=MAX_STRENGTH)] | None = None
    rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    hops: Annotated[int, Field(ge=1, le=10)] | None = None
    queries: Annotated[int, Field(ge=1, le=100_000)] | None = None
    degree: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_edges: Annotated[int, Field(ge=1, le=MAX_EDGES)] | None = None
    threshold: Annotated[float, Field(ge=0.05, le=1)] | None = None
    recall: Annotated[float, Field(ge=0.5, lt=1)] | None = None

    @field_validator("vertices")
    @classmethod
    def _beside_the_file(cls, path: Path, info: ValidationInfo) -> Path:
        return (Path((info.context or {}).get("folder", ".")) / expanded(path)).absolute()

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if wrong := misplaced(self.task, (name for name in ONLY if getattr(self, name) is not None)):
            raise ValueError(wrong)
        try:
            self.terms(_ANY, 2)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    def terms(self, vertices: str, size: int) -> Graph:
        """The section of the agreement, for a list of vertices."""
        said = {name: value for name in ONLY if (value := getattr(self, name)) is not None}
        return Graph(task=self.task, vertices=vertices, size=size, result_to=tuple(self.result_to), **said)


class Graphs(Scenario):
    """Computing over the union of graphs."""

    job: Literal["graph"] = "graph"
    parties: dict[Party, Part]
    graph: Task

    @model_validator(mode="before")
    @classmethod
    def _said_once(cls, value: Any) -> Any:
        """Roles follow from who learns the result; the list of vertices is the same for all."""
        section = value.get("graph") if isinstance(value, dict) else None
        parties = value.get("parties") if isinstance(value, dict) else None
        if not isinstance(section, dict) or not isinstance(parties, dict):
            return value
        told, vertices = section.get("result_to"), section.get("vertices")
        receivers = told if isinstance(told, list) else []
        found = {}
        for name, party in parties.items():
            if isinstance(party, dict) and isinstance(party.get("data"), dict):
                data = party["data"] if vertices is None else {"vertices": vertices, **party["data"]}
                party = {"role": "receiver" if name in receivers else "member", **party, "data": data}
            found[name] = party
        return {**value, "parties": found}

    @model_validator(mode="after")
    def _asked_by_one(self) -> Self:
        task, names = self.graph, sorted(self.parties)
        if len(names) > MAX_PARTIES:
            raise ValueError(f"found {len(names)} parties; a graph job has 2 to {MAX_PARTIES}")
        if strangers := sorted(set(task.result_to) - set(names)):
            raise ValueError(f"graph.result_to names {strangers[0]}, which is no party; parties are {listed(names)}")
        if wrong := [name for name in names if (self.parties[name].role == "receiver") != (name in task.result_to)]:
            raise ValueError(f"parties.{wrong[0]}.role goes against graph.result_to; leave it out")
        flagging = [name for name in names if self.parties[name].data.flagged]
        if not flagging and task.task not in COMPARES:
            raise ValueError("no party flags a vertex; set data.flagged of one of them")
        if flagging and task.task in COMPARES:
            raise ValueError(f"parties.{flagging[0]}.data.flagged is for tasks risk and reach; leave it out")
        asking = [name for name in names if self.parties[name].data.ask is not None]
        if task.task in ASKS and (len(task.result_to) != 1 or asking != list(task.result_to)):
            said = "has one party that asks: graph.result_to names it, and its data have ask"
            raise ValueError(f"task: {task.task} {said}")
        if task.task == "risk" and asking:
            raise ValueError(f"parties.{asking[0]}.data.ask is for task: reach; scores are of all vertices")
        return self


def _terms(scenario: Graphs) -> dict[str, Any]:
    vertices = vertex_list(scenario.graph.vertices)
    terms = scenario.graph.terms(digest_of(vertices), len(vertices))
    compares = terms.task in COMPARES
    if wrong := unable(terms) if compares else Scale(terms, len(scenario.parties), scenario.keys.bits).unable:
        raise UsageError(f"graph: {wrong}.")
    return {"graph": terms}


def _compare(scenario: Graphs, result: dict[str, Any], tables: Tables, folder: Folder) -> None:
    held_against(scenario.graph, sorted(scenario.parties), result, tables, folder)


def _found(result: Result) -> dict[str, Any]:
    return result.get("graph") or {}


def _verdict(result: Result) -> str:
    found, parties = _found(result), listed(result.get("parties") or [])
    who, plain = listed(found.get("result_to") or []), result.get("reference") or {}
    if found.get("task") in COMPARES:
        return _compared(found, who, plain)
    if found.get("task") == "reach":
        hops = f"{number(found.get('reached'))} of {number(found.get('asked'))} vertices"
        against = "" if "wrong" not in plain else f" {number(plain['wrong'])} answers differ from a plain computation."
        return f"{who} asked {parties} together: {hops} are near a flagged one.{against}"
    error = plain.get("max_score_error")
    against = "" if error is None else f" They differ from a plain computation by at most {number(error, 2)}."
    return f"{who} learned the risk of {number(found.get('vertices'))} vertices from the edges of {parties}.{against}"


def _compared(found: dict[str, Any], who: str, plain: dict[str, Any]) -> str:
    if found["task"] == "common_neighbours":
        against = "" if "wrong" not in plain else f" {number(plain['wrong'])} numbers differ from a plain computation."
        asked = f"{who} asked for {number(found.get('asked'))} vertices"
        return f"{asked}, whose graphs have {number(found.get('common'))} neighbours in common.{against}"
    near = plain.get("pairs")
    against = (
        "" if near is None else f" Of {number(near)} pairs above the threshold {number(plain['found'])} are there."
    )
    matches = f"{number(found.get('matches'))} matches for {number(found.get('matched'))} of its vertices"
    return f"{who} found {matches}, by {number(found.get('bands'))} bands.{against}"


def _learned(result: Result) -> list[str]:
    found, parties = _found(result), sorted(result.get("parties") or {})
    told = list(found.get("result_to") or [])
    others = [party for party in parties if party not in told]
    rest = f"{listed(others)} {'learns' if len(others) == 1 else 'learn'}" if others else ""
    if found.get("task") in COMPARES:
        what = "how many" if found["task"] == "common_neighbours" else "who is alike, and how much"
        asked = f"{rest} that something was asked, and for how many vertices at most."
        return [f"{told[0]} learns of each vertex that it asks for {what}, and no edge as such.", asked]
    first, *computing = [result.get("leader") or "", *(p for p in parties if p != result.get("leader"))]
    said = [
        f"What runs through the graph exists in two random shares, at {first} and at {computing[0]}: neither of them "
        "sees any of it. Both together could, and the edges of any other party."
    ]
    if found.get("task") == "reach":
        asked = f"{rest} that something was asked, and for how many vertices at most." if rest else ""
        return [f"{told[0]} learns of each vertex that it asks for whether it is near, and nothing else.", asked, *said]
    scores = f"{listed(told)} {'learns' if len(told) == 1 else 'learn'} the score of every vertex."
    more = (
        "Scores tell edges: those of vertices that have few, summed over the other parties, and more with each run of "
        "other flags."
    )
    return [part for part in (scores, f"{rest} that scores were computed." if rest else "", more, *said) if part]


def _line(result: Result) -> str | None:
    found = _found(result)
    if not found:
        return None
    asked = f", {number(found['asked'])} asked for" if "asked" in found else ""
    return f"{number(found.get('vertices'))} vertices{asked}"


PLAYED = Played(
    job=graph.JOB,
    scenario=Graphs,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("graph", _line),),
    sections=(graphs.picture,),
    compare=_compare,
)
