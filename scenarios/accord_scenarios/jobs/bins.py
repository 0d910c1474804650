"""`job: bins` for people: binning in a scenario, and the words for its results."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from accord_protocols.jobs import bins
from accord_scenarios.jobs import binning_words as binned
from accord_scenarios.jobs import training_words as words
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.jobs.train import Evaluate, Labelled
from accord_scenarios.model import absent_is_default
from accord_scenarios.report import bins as drawn
from accord_scenarios.report import sections
from accord_scenarios.wording import leader, listed, number
from accord_schemas.agreement import Prepare
from accord_schemas.parts import Binning as Terms

MODEL = "bins"


class Bins(Terms):
    """What `train` says of bins: what the agreement does, and that there are no more than these.

    Attributes:
        model: Which.
    """

    model: Literal["bins"] = "bins"


class Binning(Labelled):
    """Bins of every party's columns, and what each says of the label.

    Attributes:
        prepare: Bins are made of values as they stand: of it nothing is left to do.
        train: How many bins, and of how many rows.
        evaluate: Which rows are TEST rows: bins are made of the others; None for all aligned rows.
    """

    job: Literal["bins"] = "bins"
    prepare: Annotated[Prepare, BeforeValidator(absent_is_default)] = Prepare()
    train: Annotated[Bins, BeforeValidator(absent_is_default)] = Bins()
    evaluate: Evaluate | None = Evaluate()

    @model_validator(mode="after")
    def _able(self) -> Self:
        if self.prepare.woe:
            raise ValueError("prepare.woe is for train.model: logistic; bins are made of every column")
        if self.parties[self.label_holder].data.label is None:
            raise ValueError(f"parties.{self.label_holder}.data.label is missing; bins are weighed by it")
        return self


def _terms(scenario: Binning) -> dict[str, Any]:
    rule = scenario.evaluate.test_rows if scenario.evaluate else None
    return {"bins": Terms(**scenario.train.model_dump(exclude={"model"})), "test_rows": rule}


def _verdict(result: Result) -> str:
    parties, values = listed(result.get("parties") or []), binned.values(result)
    said = f"{parties} have {number(result.get('intersection_size'))} users in common and binned {number(len(values))} columns."
    return f"{said} {values[0][1]}'s {values[0][2]} says most of the label, {values[0][0]:.3f}." if values else said


def _learned(result: Result) -> list[str]:
    return [f"{leader(result)} learns which users all parties share.", *binned.learned(result)]


PLAYED = Played(
    job=bins.JOB,
    scenario=Binning,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("rows", words.rows), ("information value", binned.highest)),
    sections=(drawn.information, drawn.weights, sections.gate, sections.columns),
)
