"""`job: predict` for people: whose model predicts for whom in a scenario, and the words for its results."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator

from accord_agents.config.party_file import Config
from accord_agents.results.trained import trained
from accord_protocols.jobs import predict
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.model import Member, Scenario, Section, sole
from accord_scenarios.report import sections
from accord_scenarios.wording import leader, listed, number
from accord_schemas.agreement import Align
from accord_schemas.errors import UsageError
from accord_schemas.parts import Party, Predict


class Scorer(Member):
    """A party of a prediction: the one that gets it, or one that adds its part."""

    role: Literal["requester", "scorer"]


class Model(Section):
    """Which model: how the id of the collaboration that trained it begins.

    Family and digests follow from it: whoever proposes has them in its results.

    Attributes:
        of: How the id of the training begins, at least 4 of its digits.
        model: Its family; follows from `of`.
        models: SHA-256 of every party's part; follows from `of`.
        protection: Of boosted trees, `shared`, or `paths`: everybody sees on which side every row falls of the splits
            that it passes.
    """

    of: Annotated[str, Field(pattern=r"^[0-9a-f]{4,32}$")]
    model: Literal["linear", "logistic", "poisson", "boosted_trees"] | None = None
    models: dict[Party, str] | None = None
    protection: Literal["shared", "paths"] = "shared"

    def whole(self, terms: Predict) -> Self:
        """The same with all that follows from the model."""
        return self.model_copy(update={"of": terms.of, "model": terms.model, "models": terms.models})


def _open(value: Any) -> Any:
    """The gate is off where a file does not say otherwise: new rows are often all of them rows of the other party."""
    return {"max_overlap": None, **value} if isinstance(value, dict) else value or {"max_overlap": None}


class Predicting(Scenario):
    """What every prediction has: one party that gets it, and others.

    Attributes:
        predict: Which model.
    """

    parties: dict[Party, Scorer]
    predict: Model

    @field_validator("parties")
    @classmethod
    def _one_requester(cls, parties: dict[str, Scorer]) -> dict[str, Scorer]:
        sole(parties, predict.REQUESTER)
        return parties


class Prediction(Predicting):
    """Predicting the common rows of new files."""

    job: Literal["predict"] = "predict"
    align: Annotated[Align, BeforeValidator(_open)] = Align(max_overlap=None)


def terms(scenario: Predicting) -> dict[str, Any]:
    """What the agreement says of the model.

    Raises:
        UsageError: The scenario does not say all of it, as one that nobody has proposed yet.
    """
    said = scenario.predict
    if said.model is None or said.models is None:
        raise UsageError(
            "a prediction needs a model that its parties have trained.",
            hint="Try: accord predict DIR, after accord run; between companies: accord propose",
        )
    return {"predict": Predict(of=said.of, model=said.model, models=said.models, protection=said.protection)}


def completed(scenario: Predicting, config: Config) -> Predicting:
    """The scenario with family and digests of the model, from the results of the party that proposes it.

    Raises:
        UsageError: It has no such model, or the model is of other parties.
    """
    found = trained(config.trained, config.party, scenario.predict.of)
    if strangers := sorted(set(scenario.parties) ^ set(found.digests)):
        owners = listed(sorted(found.digests))
        raise UsageError(f"{strangers[0]} has no place here: the model's parts are {owners}'s.", hint="Name them all.")
    return scenario.model_copy(update={"predict": scenario.predict.whole(found.terms)})


def _verdict(result: Result) -> str:
    rows, unmatched = result.get("predicted") or 0, result.get("unmatched") or 0
    missing = f" {number(unmatched)} of its rows another party has no record of." if unmatched else ""
    return f"{leader(result)} got the predictions of {number(rows)} row{'' if rows == 1 else 's'}.{missing}"


def _learned(result: Result) -> list[str]:
    first = leader(result)
    others = sorted(party for party in result.get("parties") or {} if party != first)
    return [
        *(_summed(first, others) if result.get("protection") is None else _walked(first, str(result["protection"]))),
        f"{listed(others)} {'learns' if len(others) == 1 else 'learn'} the number of {first}'s users, and which of the "
        "own users all parties share.",
        "Predictions of one row by different models add up: an agent counts them (max_scores_per_row).",
    ]


def _summed(first: str, others: list[str]) -> list[str]:
    alone = [f"With two parties, each such sum is {others[0]}'s own part."] if len(others) == 1 else []
    return [
        f"{first} learns which users all parties share, and the model's prediction for each of them: the sum of the "
        "others' parts of its score.",
        *alone,
    ]


def _walked(first: str, protection: str) -> list[str]:
    """By boosted trees."""
    own = f"{first} learns which users all parties share, and the prediction for each of them"
    if protection == "paths":
        return [f"{own}.", "Everybody learns on which side of the splits that it passes each of these rows falls."]
    return [f"{own}, to a 64th of the score's unit. Nobody learns on which side of a split a row falls."]


def _rows(result: Result) -> str | None:
    if result.get("predicted") is None:
        return None
    return f"{number(result['predicted'])} predicted, {number(result.get('unmatched'))} without a record at all parties"


def model(result: Result) -> str:
    """A section of the report: whose parts, of which training."""
    found = result.get("predicted_by")
    if not found:
        return ""
    rows = [[party, digest] for party, digest in sorted((result.get("model_digest") or {}).items())]
    body = f"<p>Trained by the collaboration <strong>{found[:12]}</strong>.</p>"
    return sections.section("Model", body + sections.table(["party", "SHA-256 of model.json"], rows))


PLAYED = Played(
    job=predict.JOB,
    scenario=Prediction,
    terms=terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("rows", _rows), ("model of", lambda result: result.get("predicted_by"))),
    sections=(model, sections.gate, sections.alignment),
    completed=completed,
)
