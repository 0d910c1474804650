"""Sections of the agreement: the terms of one job each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, field_validator, model_validator

from accord_schemas.header import PARTY

Party = Annotated[str, Field(pattern=f"^{PARTY}$")]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Weight = Annotated[float, Field(gt=0)]
Bins = Annotated[int, Field(ge=2, le=63)]
BinRows = Annotated[int, Field(ge=20, le=1_000_000)]


class Part(BaseModel):
    """A part of the agreement: frozen, strict, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class TestRows(Part):
    """A row is TEST iff ``int(sha256(id)[:8 hex digits], 16) % hash_modulus == equals``.

    Args:
        hash_modulus: One of so many rows is TEST, about.
        equals: Which of them.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name
    hash_modulus: Annotated[int, Field(ge=2, le=1_000_000)] = 5
    equals: Annotated[int, Field(ge=0)] = 0


class Train(Part):
    """The model and how it is trained.

    Args:
        model: ``linear``, ``logistic`` (labels 0 and 1) or ``poisson`` (counts, log link).
        protection: What the parties learn on the way, from most to least: ``score``, ``express``, ``shared``,
            ``closed``.
        engine: What multiplies another party's columns.
        optimiser: ``lbfgs``, ``nesterov`` or ``gd`` where gradients are known to their owners; ``newton``, ``gram`` or
            ``nesterov`` at ``closed``. Means nothing at ``express``.
        l2: Penalty on every weight but the intercept, on the scale of the mean loss.
        max_rounds: At most.
        tolerance: Of the gradient, relative to the first.
        link: ``linear`` replaces the logistic function by its tangent, which two parties can share without a dealer.
        dealer: A party that deals correlated randomness to the two that compute, and learns none of theirs.
        weights: The label holder's column of row weights.
        class_weights: ``balanced`` weighs the rows of each class so that all classes weigh alike; or a weight for
            label 0 and one for label 1.
        exposure: The label holder's column of exposures of a Poisson model: its logarithm is added to the score.
        period: Range in which a score of a logistic model at ``shared`` and ``closed`` lies, a power of two.
        folds: Of cross-validation at ``express``; 0 for none.
        l2_path: Further penalties that are tried at ``express``, where cross-validation chooses one.
    """

    model: Literal["linear", "logistic", "poisson"] = "linear"
    protection: Literal["shared", "score", "closed", "express"] = "shared"
    engine: Literal["paillier", "lattice"] = "paillier"
    optimiser: Literal["lbfgs", "gd", "nesterov", "newton", "gram"] = "lbfgs"
    l2: Annotated[float, Field(ge=0)] = 0.0
    max_rounds: Annotated[int, Field(ge=1, le=100_000)] = 60
    tolerance: Annotated[float, Field(gt=0)] = 1e-6
    link: Literal["exact", "linear"] = "exact"
    dealer: Party | None = None
    weights: Name | None = None
    class_weights: Literal["balanced"] | Annotated[tuple[Weight, Weight], Strict(False)] | None = None
    exposure: Name | None = None
    period: Literal[16, 32, 64, 128, 256] = 64
    folds: Annotated[int, Field(ge=0, le=100)] = 0
    l2_path: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Strict(False), Field(max_length=100)] = ()

    @property
    def penalties(self) -> tuple[float, ...]:
        """Those that are tried, each once, the largest last."""
        return tuple(sorted({self.l2, *self.l2_path}))

    @model_validator(mode="after")
    def _goes_together(self) -> Train:
        if wrong := self._against():
            raise ValueError(wrong)
        return self

    def _against(self) -> str:
        """What does not go together; or nothing."""
        known = ("newton", "gram", "nesterov") if self.protection == "closed" else ("lbfgs", "gd", "nesterov")
        if self.optimiser not in known:
            return f"protection: {self.protection} has no optimiser {self.optimiser}; it has {', '.join(known)}"
        if self.protection in ("closed", "express") and self.engine != "lattice":
            return f"protection: {self.protection} needs engine: lattice"
        if self.protection == "express" and self.model != "linear":
            return f"protection: express is for model: linear, not for {self.model}"
        if self.optimiser == "nesterov" and self.model == "poisson":
            return "optimiser: nesterov has no safe step for model: poisson"
        only = {"link": "logistic", "class_weights": "logistic", "exposure": "poisson"}
        said = self.model_dump(exclude_defaults=True)
        if wrong := [name for name, model in only.items() if name in said and self.model != model]:
            return f"{wrong[0]} is for model: {only[wrong[0]]}, not for {self.model}"
        if wrong := [name for name in ("folds", "l2_path") if name in said and self.protection != "express"]:
            return f"{wrong[0]} is for protection: express"
        if self.l2_path and not self.folds:
            return "l2_path needs folds: cross-validation chooses among its penalties"
        return "" if self.folds != 1 else "folds is 1; cross-validation has at least 2"


class Trees(Part):
    """Gradient-boosted trees over the columns of all parties.

    Numbers that are no integers mean the decimals that they are written as, exactly.

    Args:
        protection: ``shared``, at which nobody sees which rows a node holds; ``paths``, the most open level of all:
            everybody sees on which side of every split every row falls.
        objective: ``logistic`` (labels 0 and 1), ``squared`` or ``poisson`` (counts, log link).
        trees: At most.
        depth: Splits between the root and a leaf, at most.
        bins: Of a column, the one of missing values included.
        learning_rate: By which a tree's leaves are multiplied.
        l2: Added to the sum of second derivatives of a leaf.
        min_gain: What a split has to gain more than.
        min_child_weight: The least sum of second derivatives of a child.
        min_rows: The fewest TRAIN rows of a group whose sums anybody sees, and of a child.
        stop_after: Trees without a smaller loss on TEST rows after which no more are grown; None grows all.
        subsample: Part of the TRAIN rows that each tree is grown on.
        column_sample: Part of each party's columns that each tree looks at.
    """

    protection: Literal["shared", "paths"] = "shared"
    objective: Literal["logistic", "squared", "poisson"] = "logistic"
    trees: Annotated[int, Field(ge=1, le=1000)] = 50
    depth: Annotated[int, Field(ge=1, le=7)] = 5
    bins: Literal[4, 8, 16, 32, 64] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    l2: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    min_gain: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    min_child_weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    min_rows: Annotated[int, Field(ge=20, le=1_000_000)] = 20
    stop_after: Annotated[int, Field(ge=1, le=1000)] | None = 5
    subsample: Annotated[float, Field(gt=0, le=1)] = 1.0
    column_sample: Annotated[float, Field(gt=0, le=1)] = 1.0


class Binning(Part):
    """Bins of every party's columns, with the weight of evidence of each.

    Args:
        bins: Of a column at most, quantiles of its TRAIN rows; missing values have one more of their own.
        min_rows: The fewest TRAIN rows of a bin: smaller ones are joined with those beside them.
    """

    bins: Bins = 10
    min_rows: BinRows = 20

    @property
    def leaves(self) -> int:
        """Bins that a cell is made for: a power of two, with room for missing values."""
        return max(4, 1 << self.bins.bit_length())


class Predict(Part):
    """Prediction of new rows by a model that the parties have trained before, and whose parts they hold.

    Args:
        of: Id of the collaboration that trained it.
        model: Its family.
        models: SHA-256 of every party's ``model.json``: all use parts of one model, or nobody computes anything.
        queries: Of an online prediction, how many ids may be asked for in all.
        protection: Of boosted trees: ``shared``, at which nobody sees on which side of a split a row falls; or
            ``paths``: everybody sees on which side of the splits that it passes every row falls.
    """

    of: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    model: Literal["linear", "logistic", "poisson", "boosted_trees"]
    models: dict[Party, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    queries: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    protection: Literal["shared", "paths"] = "shared"


class Query(Part):
    """Hidden queries: a client asks for values by their keys, and the server does not learn which.

    Args:
        protocol: ``lwe``: keyword PIR over learning with errors, symmetric by an OPRF.
        columns: Of the server's file, in this order: what stands in them is what is asked for.
        max_queries: How many keys may be asked for in all.
        width: Bytes that a row's cells may have: two for each, and those of its UTF-8. All values take as many.
    """

    protocol: Literal["lwe"] = "lwe"
    columns: Annotated[tuple[Name, ...], Strict(False), Field(min_length=1, max_length=100)]
    max_queries: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    width: Annotated[int, Field(ge=1, le=8192)] = 256

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            raise ValueError(f"the column {twice[0]!r} is named twice")
        return columns
