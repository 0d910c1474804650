"""`job: trees` for people: boosted trees in a scenario, and the words for their results."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from accord_protocols.jobs import trees
from accord_protocols.phases.boosting.able import unable
from accord_scenarios.jobs import training_words as words
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.jobs.train import Evaluate, Labelled, misnamed
from accord_scenarios.model import absent_is_default
from accord_scenarios.report import prediction, sections
from accord_scenarios.report import trees as drawn
from accord_scenarios.wording import leader, listed, number
from accord_schemas.agreement import Prepare
from accord_schemas.parts import Party, Trees

MODEL = "boosted_trees"


class Boosting(Trees):
    """What `train` says of boosted trees: what the agreement does, and which model it is.

    Attributes:
        model: Which.
    """

    model: Literal["boosted_trees"] = "boosted_trees"


class Growing(Labelled):
    """A training of boosted trees.

    Attributes:
        prepare: Trees split on values as they stand: of it nothing is left to do.
        train: The trees, and how they are grown.
        evaluate: Which rows are TEST rows; None grows on every aligned row.
        computing: The label holder and the party that holds the other share of the rows at `shared`; None: the first
            other by name.
    """

    job: Literal["trees"] = "trees"
    prepare: Annotated[Prepare, BeforeValidator(absent_is_default)] = Prepare()
    train: Annotated[Boosting, BeforeValidator(absent_is_default)] = Boosting()
    evaluate: Evaluate | None = Evaluate()
    computing: list[Party] | None = None

    @model_validator(mode="after")
    def _able(self) -> Self:
        if wrong := unable(self.train):
            raise ValueError(wrong)
        shared = self.train.protection == "shared"
        if wrong := misnamed(self.computing, self.label_holder, self.parties, two=shared):
            raise ValueError(wrong)
        if self.prepare.woe:
            raise ValueError("prepare.woe is for train.model: logistic; trees split on values as they stand")
        if self.parties[self.label_holder].data.label is None:
            raise ValueError(f"parties.{self.label_holder}.data.label is missing; training needs the column to predict")
        return self


def _terms(scenario: Growing) -> dict[str, Any]:
    rule = scenario.evaluate.test_rows if scenario.evaluate else None
    grown = Trees(**scenario.train.model_dump(exclude={"model"}))
    return {"trees": grown, "test_rows": rule, "computing": tuple(scenario.computing or ())}


def _verdict(result: Result) -> str:
    parties, grown = listed(result.get("parties") or []), result.get("trees") or 0
    common = f"{parties} have {number(result.get('intersection_size'))} users in common"
    untested = "" if result.get("test_rows") else " No row was kept for testing: nobody knows how well they predict."
    return f"{common} and grew {number(grown)} boosted tree{'' if grown == 1 else 's'}.{untested}"


def _learned(result: Result) -> list[str]:
    first = leader(result)
    others = listed(sorted(party for party in result.get("parties") or {} if party != first))
    if result.get("protection") == "shared":
        many = len(result.get("parties") or {}) > 2
        hidden = "By itself nobody learns which rows a node holds; the two who hold the shares could together."
        return [
            f"{first} learns which users all parties share, per node sums over groups of rows by ranges of {others}'s "
            "columns, and of TEST rows a rounded score.",
            f"{others} learn each its own splits. {hidden}"
            if many
            else f"{others} learns its own splits. Nobody learns which rows a node holds.",
            f"If it cheated, {first} has read the whole binned table of {others}; an audit replay shows it.",
        ]
    return [
        f"{first} learns which users all parties share, and every row's score.",
        f"Every party learns on which side of every split of every party each row falls: after 20 trees {first} has about "
        "half of what the others' binned columns say, for few rows or repeated runs nearly all.",
        f"With a few dozen labels that they know, {others} can infer the rest nearly as well as the model.",
        f"If it cheated, {first} has read the whole binned tables of {others}; an audit replay shows it.",
    ]


def _model(result: Result) -> str | None:
    if result.get("trees") is None:
        return None
    return f"{result['trees']} trees, {result.get('objective')}; protection {result.get('protection')}"


def _importance(result: Result) -> str | None:
    found: dict[str, Any] = {}
    for own in (result.get("importance") or {}).values():
        found |= own.get("parties") or {}
    return ", ".join(f"{party} {own['splits']} splits" for party, own in found.items()) or None


PLAYED = Played(
    job=trees.JOB,
    scenario=Growing,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(
        ("rows", words.rows),
        ("model", _model),
        ("on TEST rows", lambda result: words.metrics(result.get("metrics"))),
        ("splits", _importance),
    ),
    sections=(
        sections.metrics,
        prediction.deciles,
        prediction.residuals,
        drawn.importance,
        drawn.trees,
        prediction.stability,
        sections.loss,
        sections.gate,
        sections.columns,
    ),
)
