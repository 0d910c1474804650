"""What a scenario file may say. Sections that go into the agreement are the agreement's own models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from accord_agents.config.problems import AS_WRITTEN
from accord_agents.files.paths import expanded
from accord_schemas.agreement import (
    LABEL_HOLDER,
    MAX_KEY_BITS,
    MIN_KEY_BITS,
    RESERVED,
    Align,
    Limits,
    Party,
    Prepare,
    TestRows,
    Train,
)
from accord_schemas.header import MAX_PARTIES
from accord_schemas.suites import DEFAULT, Profile

Column = Annotated[str, Field(min_length=1), AS_WRITTEN]


def _absent_is_default(value: Any) -> Any:
    return {} if value is None else value


def _chosen_engine(value: Any) -> Any:
    return {**value, "engine": "paillier"} if isinstance(value, dict) and value.get("engine") == "auto" else value


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Data(_Section):
    """A party's table: which file, and what its columns are.

    Attributes:
        csv: Absolute path.
        id: The column of common identifiers.
        label: The column to predict; the label holder's only.
        features: Columns to use; None for all but id and label.
    """

    csv: Annotated[Path, Strict(False)]
    id: Column
    label: Column | None = None
    features: list[Column] | None = None

    @field_validator("csv")
    @classmethod
    def _beside_the_file(cls, csv: Path, info: ValidationInfo) -> Path:
        return (Path((info.context or {}).get("folder", ".")) / expanded(csv)).absolute()

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        named = [self.id, *([self.label] if self.label is not None else []), *(self.features or [])]
        if twice := sorted({column for column in named if named.count(column) > 1}):
            raise ValueError(f"the column {twice[0]!r} is named twice; id, label and features are different columns")
        return self


class Member(_Section):
    """A party: what it brings."""

    role: Literal["label_holder", "feature_holder"]
    data: Data


class Evaluate(_Section):
    """Which rows are kept for testing, and whether the runner compares with plaintext training."""

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


class Keys(_Section):
    """Size of the Paillier and RSA moduli, in bits."""

    bits: Annotated[int, Field(ge=MIN_KEY_BITS, le=MAX_KEY_BITS, multiple_of=8)] = 3072


class Security(_Section):
    """The family of algorithms: `default`, or `sm` with SM2, SM3 and SM4."""

    profile: Profile = DEFAULT


class Scenario(_Section):
    """A whole scenario, checked, with absolute paths and every default in its place.

    `train` None ends the job after alignment; `evaluate` None trains on every aligned row.
    """

    name: Annotated[str, Field(min_length=1, max_length=100), AS_WRITTEN]
    parties: dict[Party, Member]
    align: Annotated[Align, BeforeValidator(_absent_is_default)] = Align()
    prepare: Annotated[Prepare, BeforeValidator(_absent_is_default)] = Prepare()
    train: Annotated[Train, BeforeValidator(_chosen_engine)] | None = None
    evaluate: Evaluate | None = None
    keys: Annotated[Keys, BeforeValidator(_absent_is_default)] = Keys()
    security: Annotated[Security, BeforeValidator(_absent_is_default)] = Security()
    limits: Annotated[Limits, BeforeValidator(_absent_is_default)] = Limits()
    seed: int | None = None

    @field_validator("parties")
    @classmethod
    def _one_label_holder(cls, parties: dict[str, Member], info: ValidationInfo) -> dict[str, Member]:
        if not 2 <= len(parties) <= MAX_PARTIES:
            raise ValueError(f"found {len(parties)}; a collaboration has 2 to {MAX_PARTIES} parties")
        if reserved := sorted(RESERVED & set(parties)):
            raise ValueError(f"no party may be called {reserved[0]}; choose another name")
        holders = [name for name, party in parties.items() if party.role == LABEL_HOLDER]
        if len(holders) != 1:
            raise ValueError(f"exactly one party has the role label_holder; found {', '.join(holders) or 'none'}")
        for name, party in parties.items():
            if name not in holders and party.data.label is not None:
                raise ValueError(f"{name} names a label; only the label_holder, {holders[0]}, may")
        return parties

    @model_validator(mode="after")
    def _label_to_learn(self) -> Self:
        if self.train and self.parties[self.label_holder].data.label is None:
            raise ValueError(f"parties.{self.label_holder}.data.label is missing; training needs the column to predict")
        return self

    @property
    def label_holder(self) -> str:
        """The party that holds the label and leads."""
        return next(name for name, party in self.parties.items() if party.role == LABEL_HOLDER)

    def resolved(self) -> dict[str, Any]:
        """Plain values with absolute paths and all defaults; loading them gives an equal scenario."""
        return self.model_dump(mode="json")
