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
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

Column = Annotated[str, Field(min_length=1), AS_WRITTEN]


class Source(BaseModel):
    """A party's table: which file, and what its columns are; of party.yaml and of scenarios alike.

    Attributes:
        csv: The file.
        id: The column of common identifiers.
        label: The column to predict; the label holder's only.
        features: Columns to use; None for all but id and label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    csv: Annotated[Path, Strict(False)]
    id: Column
    label: Column | None = None
    features: list[Column] | None = None

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        named = [self.id, *([self.label] if self.label is not None else []), *(self.features or [])]
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
