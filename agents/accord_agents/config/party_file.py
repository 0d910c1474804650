"""Configuration of one agent: ``party.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accord_agents.config.data_sets import Data, DataSet
from accord_agents.config.log import LogSettings
from accord_agents.config.metrics import MetricsSettings
from accord_agents.config.policy import Policy
from accord_agents.config.problems import AS_WRITTEN, usage_error
from accord_agents.files import yaml12
from accord_agents.files.paths import expanded
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

CLUSTER = r"auto|[^\s:/@]+:[0-9]{1,5}"
"""Addresses of a Ray cluster: it has no password, and `ray://` is another protocol, which cannot do this."""


class ClusterSettings(BaseModel):
    """Where heavy tasks run, instead of in processes beside the agent.

    Attributes:
        ray: A Ray cluster: HOST:PORT of its head, or ``auto``: what RAY_ADDRESS names, else the one of this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ray: Annotated[str, Field(pattern=CLUSTER)]


class Config(BaseModel):
    """What an agent needs to know; paths are relative to the file.

    Args:
        party: This party's name.
        broker: URL of the log that all parties share.
        data: What goes in: a section; or several by name, of which a proposal or whoever accepts it chooses one.
        policy: Which proposals are accepted, asked about or refused.
        keystore: File of the party's secrets.
        passphrase_file: Where its passphrase is; without it, or while there is no such file, in ACCORD_PASSPHRASE.
        identities: File of the pinned identities.
        out: Folder for journal, log and results.
        models: Folder of the results of earlier trainings, by whose models is predicted; `out` without it.
        workers: Worker processes; default one per core, of this machine or of the cluster.
        most_workers: Worker processes that one job of many parts is spread over, while it is worked on; default as
            many as `workers`.
        executor: Where heavy tasks run; beside the agent without it.
        metrics: Where metrics, health and readiness are served; nowhere without it.
        log: How `agent.log` is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    party: Annotated[str, Field(pattern=f"^{PARTY}$"), AS_WRITTEN]
    broker: str
    data: Data
    policy: Policy = Policy()
    keystore: Path
    passphrase_file: Path | None = None
    identities: Path
    out: Path
    models: Path | None = None
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    most_workers: Annotated[int, Field(ge=1, le=256)] | None = None
    executor: ClusterSettings | None = None
    metrics: MetricsSettings | None = None
    log: LogSettings = LogSettings()

    @property
    def trained(self) -> Path:
        """Where the models of earlier trainings are."""
        return self.models or self.out

    @property
    def sets(self) -> dict[str, DataSet]:
        """What may go in, by name; a single one has the name ""."""
        return self.data if isinstance(self.data, dict) else {"": self.data}

    def chosen(self, name: str) -> DataSet:
        """What goes in.

        Args:
            name: As the agreement says, or whoever accepts it; empty where nobody said any.

        Raises:
            UsageError: There is no such data set, or several and it is not said which.
        """
        if name in self.sets:
            return self.sets[name]
        known = ", ".join(self.sets)
        if name and known:
            raise UsageError(f"{self.party} has no data set {name!r}.", hint=f"Its own are {known}.")
        if name:
            hint = "Give it that name in the party's file, or have it proposed without one."
            raise UsageError(f"the data of {self.party} have no name, and {name!r} is asked for.", hint=hint)
        hint = f"Name it with --data, one of: {known}."
        raise UsageError(f"{self.party} has several data sets, and it is not said which goes in.", hint=hint)

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
    source: DataSet | dict[str, DataSet]
    if isinstance(config.data, dict):
        source = {name: one.beside(home) for name, one in config.data.items()}
    else:
        source = config.data.beside(home)
    paths = {name: home / expanded(getattr(config, name)) for name in ("keystore", "identities", "out")}
    if config.models is not None:
        paths["models"] = home / expanded(config.models)
    if config.passphrase_file is not None:
        paths["passphrase_file"] = home / expanded(config.passphrase_file)
    broker = config.broker
    if broker.startswith("embedded:") and len(broker) > len("embedded:"):  # a path like the others
        broker = f"embedded:{home / expanded(broker.removeprefix('embedded:'))}"
    return config.model_copy(update={"data": source, "broker": broker, **paths})
