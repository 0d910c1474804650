"""What a scenario file may say. Sections that go into the agreement are the agreement's own models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from accord_agents.config.data_sets import EdgeFiles, IdColumns, Source
from accord_agents.config.problems import AS_WRITTEN
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import MAX_KEY_BITS, MIN_KEY_BITS, QUERY, RESERVED, Align, Ids, Limits, misaligned
from accord_schemas.header import MAX_PARTIES
from accord_schemas.parts import Party
from accord_schemas.suites import DEFAULT, Profile


def absent_is_default(value: Any) -> Any:
    """A section that is empty in the file is one with every default."""
    return {} if value is None else value


def sole(parties: Mapping[str, Bringer], role: str) -> str:
    """Who has a role that one party has.

    Raises:
        ValueError: Nobody has it, or several.
    """
    found = [name for name, party in parties.items() if party.role == role]
    if len(found) != 1:
        raise ValueError(f"exactly one party has the role {role}; found {', '.join(found) or 'none'}")
    return found[0]


class Section(BaseModel):
    """A part of a scenario: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Data(Source):
    """The same in a scenario, whose paths are relative to it: here they are absolute."""

    @model_validator(mode="after")
    def _beside_the_file(self, info: ValidationInfo) -> Self:
        return self.beside(Path((info.context or {}).get("folder", ".")))


class GraphData(EdgeFiles):
    """A part of a graph in a scenario, likewise."""

    @model_validator(mode="after")
    def _beside_the_file(self, info: ValidationInfo) -> Self:
        return self.beside(Path((info.context or {}).get("folder", ".")))


class Bringer(Section):
    """A party: what it brings.

    Attributes:
        role: What it is in the job.
        data: Its rows.
    """

    role: str
    data: Data | GraphData


class Member(Bringer):
    """A party that brings a table."""

    data: Data


class Keys(Section):
    """Size of the Paillier and RSA moduli.

    Attributes:
        bits: In bits, a multiple of 8.
    """

    bits: Annotated[int, Field(ge=MIN_KEY_BITS, le=MAX_KEY_BITS, multiple_of=8)] = 3072


class Security(Section):
    """Which algorithms sign and encrypt.

    Attributes:
        profile: The family: `default`; `sm` with SM2, SM3 and SM4; `pq` with ML-KEM and ML-DSA, too.
    """

    profile: Profile = DEFAULT


class Scenario(Section):
    """What every scenario says, checked, with absolute paths and every default in its place; jobs add their sections.

    Attributes:
        name: What the collaboration is called; the file's name where it is not said.
        job: What the parties do together.
        parties: The parties by name, 2 to 32 of them; names are 1 to 32 of a-z, 0-9, _ and -.
        align: How common ids are found, and the overlap gate.
        keys: Size of the Paillier and RSA moduli.
        security: Which algorithms sign and encrypt.
        limits: Bounds that everybody keeps.
        seed: For demos and tests alone: every secret follows from it, nothing is protected, and runs are repeatable.
    """

    name: Annotated[str, Field(min_length=1, max_length=100), AS_WRITTEN]
    job: str
    parties: Mapping[Party, Bringer]
    align: Annotated[Align, BeforeValidator(absent_is_default)] = Align()
    keys: Annotated[Keys, BeforeValidator(absent_is_default)] = Keys()
    security: Annotated[Security, BeforeValidator(absent_is_default)] = Security()
    limits: Annotated[Limits, BeforeValidator(absent_is_default)] = Limits()
    seed: int | None = None

    @field_validator("parties")
    @classmethod
    def _enough(cls, parties: Mapping[str, Bringer]) -> Mapping[str, Bringer]:
        if not 2 <= len(parties) <= MAX_PARTIES:
            raise ValueError(f"found {len(parties)}; a collaboration has 2 to {MAX_PARTIES} parties")
        if reserved := sorted(RESERVED & set(parties)):
            raise ValueError(f"no party may be called {reserved[0]}; choose another name")
        found = {name: member.data for name, member in parties.items() if isinstance(member.data, Data)}
        first, *others = found or [""]
        for other in others:
            if len(found[other].made_of.columns) != len(found[first].made_of.columns):
                raise ValueError(f"the ids of {first} and {other} are made of different numbers of columns")
        said = [data.id.normalise for data in found.values() if isinstance(data.id, IdColumns)]
        if len({tuple(steps) for steps in said if steps is not None}) > 1:
            raise ValueError("ids are normalised differently; parties that compare ids even them out alike")
        return parties

    @model_validator(mode="after")
    def _tellable(self, info: ValidationInfo) -> Self:
        tables = {name: member.data for name, member in self.parties.items() if isinstance(member.data, Data)}
        offers = [name for name, data in tables.items() if data.columns is not None]
        if offers and self.job != QUERY:
            raise ValueError(f"{offers[0]} names data.columns, which are for job: {QUERY}; say features")
        if not (info.context or {}).get("played", True):
            return self  # as another job, perhaps
        if wrong := misaligned(self.align, self.job, self.parties, self.leader):
            raise ValueError(wrong)
        return self

    @property
    def ids(self) -> Ids:
        """What an id is, as all parties' data have it; a party that says no more than a column goes with the others."""
        keys = [member.data.made_of for member in self.parties.values() if isinstance(member.data, Data)]
        if not keys:
            return Ids()
        steps = next((key.normalise for key in keys if key.normalise), ())
        return Ids(columns=len(keys[0].columns), normalise=steps)

    @property
    def roles(self) -> dict[str, str]:
        """What each party is, as the agreement says it."""
        return {name: party.role for name, party in self.parties.items()}

    @property
    def leader(self) -> str:
        """The party that leads: it proposes, decides for all and signs the log."""
        return JOBS[self.job].leader({name: party.role for name, party in self.parties.items()})

    def resolved(self) -> dict[str, Any]:
        """Plain values with absolute paths and all defaults; loading them gives an equal scenario."""
        return self.model_dump(mode="json")
