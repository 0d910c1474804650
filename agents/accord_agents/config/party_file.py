"""Configuration of one agent: ``party.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from accord_agents.config.metrics import MetricsSettings
from accord_agents.config.policy import Policy
from accord_agents.config.problems import AS_WRITTEN, usage_error
from accord_agents.files import yaml12
from accord_agents.files.paths import expanded
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.agreement import Ids, Step
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

Column = Annotated[str, Field(min_length=1), AS_WRITTEN]


class IdColumns(BaseModel):
    """How ids are made.

    Attributes:
        column: The column of common identifiers, or those that one is made of, in the agreed order.
        normalise: What is done to each of them besides NFKC and trimming; None for whatever is agreed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    column: Column | Annotated[list[Column], Field(min_length=1)]
    normalise: list[Step] | None = None


class Source(BaseModel):
    """A party's table: which file, and what its columns are; of party.yaml and of scenarios alike.

    Attributes:
        csv: The file.
        id: The column of common identifiers; or those that one is made of; or these, and how they are evened out.
        label: The column to predict; the label holder's only.
        features: Columns to use; None for all but id and label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    csv: Annotated[Path, Strict(False)]
    id: Column | Annotated[list[Column], Field(min_length=1)] | IdColumns
    label: Column | None = None
    features: list[Column] | None = None

    @property
    def made_of(self) -> Key:
        """What an id is made of, by this file."""
        column = self.id.column if isinstance(self.id, IdColumns) else self.id
        steps = tuple(self.id.normalise or ()) if isinstance(self.id, IdColumns) else ()
        return Key(tuple([column] if isinstance(column, str) else column), steps)

    def key(self, agreed: Ids) -> Key:
        """What an id is made of, by what was agreed.

        Raises:
            UsageError: This file says otherwise.
        """
        own = self.made_of
        if len(own.columns) != agreed.columns:
            raise UsageError(
                f"{self.csv.name}: the agreement makes an id of {agreed.columns} columns, data.id names {own}.",
                hint="Name as many columns in data.id, in the order that the parties agreed on.",
            )
        if isinstance(self.id, IdColumns) and self.id.normalise is not None and own.normalise != agreed.normalise:
            said = ", ".join(agreed.normalise) or "nothing"
            raise UsageError(
                f"{self.csv.name}: the agreement normalises ids by {said}, data.id by {', '.join(own.normalise)}.",
                hint="Leave normalise out to do what is agreed, or have it proposed again.",
            )
        return Key(own.columns, agreed.normalise)

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        named = [*self.made_of.columns, *([self.label] if self.label is not None else []), *(self.features or [])]
        if twice := sorted({column for column in named if named.count(column) > 1}):
            raise ValueError(f"the column {twice[0]!r} is named twice; id, label and features are different columns")
        return self


class Config(BaseModel):
    """What an agent needs to know; paths are relative to the file.

    Args:
        party: This party's name.
        broker: URL of the log that all parties share.
        data: The party's file.
        policy: Which proposals are accepted, asked about or refused.
        keystore: File of the party's secrets.
        passphrase_file: Where its passphrase is; without it, or while there is no such file, in ACCORD_PASSPHRASE.
        identities: File of the pinned identities.
        out: Folder for journal, log and results.
        models: Folder of the results of earlier trainings, by whose models is predicted; `out` without it.
        workers: Worker processes; default one per core.
        metrics: Where metrics, health and readiness are served; nowhere without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    party: Annotated[str, Field(pattern=f"^{PARTY}$"), AS_WRITTEN]
    broker: str
    data: Source
    policy: Policy = Policy()
    keystore: Path
    passphrase_file: Path | None = None
    identities: Path
    out: Path
    models: Path | None = None
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    metrics: MetricsSettings | None = None

    @property
    def trained(self) -> Path:
        """Where the models of earlier trainings are."""
        return self.models or self.out

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.out / "journal.db"


def load(path: Path) -> Config:
    """Read a configuration.

    Raises:
        UsageError: The file is missing or not of the known form.
    """
    value = yaml12.read(path, f"the configuration {path}", hint="Name the party's file with --config.")
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no configuration: its top level must be keys such as party and broker.")
    home = path.resolve().parent
    if isinstance(policy := value.get("policy"), str):  # a file of its own
        value["policy"] = yaml12.read(home / expanded(policy), f"the policy {policy} of {path}")
    try:
        config = Config.model_validate(value)
    except ValidationError as error:
        raise usage_error(error, value, str(path), Config) from None
    source = config.data.model_copy(update={"csv": home / expanded(config.data.csv)})
    paths = {name: home / expanded(getattr(config, name)) for name in ("keystore", "identities", "out")}
    if config.models is not None:
        paths["models"] = home / expanded(config.models)
    if config.passphrase_file is not None:
        paths["passphrase_file"] = home / expanded(config.passphrase_file)
    broker = config.broker
    if broker.startswith("embedded:") and len(broker) > len("embedded:"):  # a path like the others
        broker = f"embedded:{home / expanded(broker.removeprefix('embedded:'))}"
    return config.model_copy(update={"data": source, "broker": broker, **paths})
