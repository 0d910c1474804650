"""`job: train` for people: preparation, training and evaluation in a scenario, and the words for its results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ModelWrapValidatorHandler, field_validator, model_validator

from accord_protocols.jobs import train
from accord_protocols.phases.training.able import unable
from accord_scenarios import sizing
from accord_scenarios.jobs import binning_words as binned
from accord_scenarios.jobs import training_words as words
from accord_scenarios.jobs.base import Folder, Played, Tables
from accord_scenarios.model import Member, Scenario, Section, absent_is_default, sole
from accord_scenarios.report import bins as drawn
from accord_scenarios.report import company, prediction, sections
from accord_scenarios.sizing import Expect
from accord_schemas.agreement import LABEL_HOLDER, Prepare
from accord_schemas.parts import Party, TestRows, Train

FIRST_PERIOD = 32
"""Where a training begins whose range grows when scores leave it: its work grows with the range."""
LAST = "lattice"
"""The engine that can do every training."""


def _chosen(value: Any) -> Any:
    """What follows from the rest where a file does not say it: at `closed` the optimiser, there and at `shared` the range
    of scores that a logistic model begins with; and an engine that can do it, until sizes are known."""
    if not isinstance(value, dict):
        return value
    closed = value.get("protection") == "closed"
    ranged = value.get("model") == "logistic" and value.get("protection", "shared") in ("shared", "closed")
    grows = {"period": FIRST_PERIOD} if ranged and value.get("link") != "linear" else {}
    return {
        **({"optimiser": "newton"} if closed else {}),
        **grows,
        **value,
        **({"engine": LAST} if _open(value) else {}),
    }


def _open(value: dict[str, Any]) -> bool:
    """Whether a section leaves the engine to us."""
    return bool(value.get("engine", "auto") == "auto")


class Trainer(Member):
    """A party of a training."""

    role: Literal["label_holder", "feature_holder"]


class Evaluate(Section):
    """Which rows are kept for testing, and whether the runner compares with plaintext training.

    Attributes:
        test_rows: Which rows are TEST rows; None for none of them.
        reference: Whether `accord run`, which on one machine may see all files, also trains in plaintext and compares.
    """

    test_rows: TestRows | None = TestRows()
    reference: bool = True

    @field_validator("test_rows")
    @classmethod
    def _can_be_equal(cls, rows: TestRows | None) -> TestRows | None:
        if rows is not None and rows.equals >= rows.hash_modulus:
            raise ValueError(
                f"equals is {rows.equals}; it must be below hash_modulus, {rows.hash_modulus}, or no row is TEST"
            )
        return rows


class Labelled(Scenario):
    """What trainings of every kind say: one party has the label."""

    parties: dict[Party, Trainer]

    @field_validator("parties")
    @classmethod
    def _one_label_holder(cls, parties: dict[str, Trainer]) -> dict[str, Trainer]:
        holder = sole(parties, LABEL_HOLDER)
        for name, party in parties.items():
            if name != holder and party.data.label is not None:
                raise ValueError(f"{name} names a label; only the label_holder, {holder}, may")
        return parties

    @property
    def label_holder(self) -> str:
        """The party that holds the label."""
        return next(name for name, party in self.parties.items() if party.role == LABEL_HOLDER)


class Training(Labelled):
    """A training.

    Attributes:
        prepare: What each party does to its own columns first.
        train: The model, and how it is trained; None ends the job after alignment. `engine: auto`, as where it is not
            said, takes the fastest one; at `closed` the optimiser is `newton` where it is not said.
        evaluate: Which rows are TEST rows; None trains on every aligned row.
        computing: The label holder and the party that computes with it at `shared`; None: the first other by name.
        expect: How large it is going to be, where an engine is chosen (`train.engine: auto`) and the files do not tell.
    """

    job: Literal["train"] = "train"
    prepare: Annotated[Prepare, BeforeValidator(absent_is_default)] = Prepare()
    train: Annotated[Train, BeforeValidator(_chosen)] | None = None
    evaluate: Evaluate | None = None
    computing: list[Party] | None = None
    expect: Annotated[Expect, BeforeValidator(absent_is_default)] = Expect()

    @model_validator(mode="wrap")
    @classmethod
    def _engine_chosen(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Put the fastest engine where a file says none: an agreement names one."""
        scenario = handler(value)
        section = value.get("train") if isinstance(value, dict) else None
        if scenario.train is None or not isinstance(section, dict) or not _open(section):
            return scenario
        fields, files = scenario.train.model_dump(exclude={"engine"}), [p.data for p in scenario.parties.values()]
        able = sizing.engines(fields, len(files))
        name = sizing.chosen(able, scenario.train, files, scenario.expect, scenario.keys.bits)
        return scenario.model_copy(update={"train": scenario.train.model_copy(update={"engine": name})})

    @model_validator(mode="after")
    def _label_to_learn(self) -> Self:
        if self.train and self.parties[self.label_holder].data.label is None:
            raise ValueError(f"parties.{self.label_holder}.data.label is missing; training needs the column to predict")
        return self

    @model_validator(mode="after")
    def _able(self) -> Self:
        if self.train and (wrong := unable(self.train, len(self.parties), self.prepare)):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _two_compute(self) -> Self:
        two = self.train is not None and self.train.protection != "score"
        if wrong := misnamed(self.computing, self.label_holder, self.parties, two=two):
            raise ValueError(wrong)
        return self


def misnamed(computing: list[Party] | None, first: str, parties: Iterable[str], *, two: bool) -> str:
    """What is wrong with who is named to compute with the label holder, `first`, if `two` parties do; or nothing."""
    pairs = [[first, other] for other in sorted(set(parties) - {first})]
    if computing is None or (two and computing in pairs):
        return ""
    if not two:
        return "computing is for a train.protection at which two parties compute; leave it out"
    known = ", ".join(f"[{one}, {other}]" for one, other in pairs)
    return f"computing is {computing}; it names the label holder and one other: {known}"


def _terms(scenario: Training) -> dict[str, Any]:
    rule = scenario.evaluate.test_rows if scenario.evaluate else None
    named = tuple(scenario.computing or ())
    return {"prepare": scenario.prepare, "train": scenario.train, "test_rows": rule, "computing": named}


def _compared(scenario: Training) -> bool:
    return bool(scenario.train and scenario.evaluate and scenario.evaluate.reference)


def _compare(scenario: Training, result: dict[str, Any], tables: Tables, _folder: Folder) -> None:
    if _compared(scenario):
        from accord_scenarios.reference import held_against  # scikit-learn is loaded where it is used

        held_against(result, scenario, tables)


_SCIKIT = ("sklearn.linear_model",)
PLAYED = Played(
    job=train.JOB,
    scenario=Training,
    terms=_terms,
    verdict=words.verdict,
    learned=words.learned,
    reserved=words.reserved,
    lines=(
        ("rows", words.rows),
        ("model", words.model),
        ("information value", binned.highest),
        ("on TEST rows", lambda result: words.metrics(result.get("metrics"))),
        ("without the others", lambda result: words.metrics(words.alone(result))),
        ("in plaintext", lambda result: words.metrics(result.get("reference"))),
        ("without preparation", lambda result: words.metrics((result.get("reference") or {}).get("unprepared"))),
    ),
    sections=(
        company.added,
        sections.metrics,
        prediction.deciles,
        prediction.residuals,
        sections.coefficients,
        drawn.information,
        drawn.weights,
        sections.penalties,
        prediction.stability,
        sections.loss,
        sections.gate,
        sections.alignment,
        prediction.steps,
        sections.columns,
    ),
    compare=_compare,
    ahead=lambda scenario: ("accord_scenarios.reference", *_SCIKIT) if _compared(scenario) else (),
)
