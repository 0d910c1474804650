"""`job: online` for people: a prediction that is asked for row by row, and the words for its results."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from accord_protocols.jobs import online
from accord_scenarios.jobs import predict
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.wording import leader, listed, number
from accord_schemas.parts import Predict


class Asked(predict.Model):
    """Which model, and how many ids may be asked for.

    Attributes:
        queries: Ids that may be asked for in all.
    """

    queries: Annotated[int, Field(ge=1, le=1_000_000)] = 1000


class Service(predict.Predicting):
    """Predicting rows as they are asked for."""

    job: Literal["online"] = "online"
    predict: Asked


def _terms(scenario: Service) -> dict[str, Any]:
    said: Predict = predict.terms(scenario)["predict"]
    return {"predict": said.model_copy(update={"queries": scenario.predict.queries})}


def _verdict(result: Result) -> str:
    rows, unmatched = result.get("predicted") or 0, result.get("unmatched") or 0
    missing = f" {number(unmatched)} ids some party does not have." if unmatched else ""
    return f"{leader(result)} asked for {number(rows + unmatched)} ids and got {number(rows)} predictions.{missing}"


def _learned(result: Result) -> list[str]:
    first = leader(result)
    others = sorted(party for party in result.get("parties") or {} if party != first)
    asked = f"{listed(others)} {'learns' if len(others) == 1 else 'learn'} which ids {first} asks for, and when."
    own = (
        f"{first} learns which of the others have an id that it asks for, and the model's prediction where all have it"
    )
    if result.get("protection"):  # by trees
        return [asked, f"{own}, to a 64th of the score's unit. Nobody learns on which side of a split a row falls."]
    alone = [f"With two parties, each such sum is {others[0]}'s own part."] if len(others) == 1 else []
    return [asked, f"{own}: the sum of the others' parts of its score.", *alone]


PLAYED = Played(
    job=online.JOB,
    scenario=Service,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=predict.PLAYED.lines,
    sections=(predict.model,),
    completed=predict.completed,
)
