"""Configuration of one agent: ``party.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accord_agents.config.metrics import MetricsSettings
from accord_agents.config.policy import Policy
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY


class Source(BaseModel):
    """The party's own file and what its columns are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    csv: Path
    id: str
    label: str | None = None
    features: list[str] | None = None


class Config(BaseModel):
    """What an agent needs to know; paths are relative to the file.

    Args:
        party: This party's name.
        broker: URL of the log that all parties share.
        data: The party's file.
        policy: Which proposals are accepted, asked about or refused.
        keystore: File of the party's secrets.
        passphrase_file: Where its passphrase is, unless in ACCORD_PASSPHRASE.
        identities: File of the pinned identities.
        out: Folder for journal, log and results.
        workers: Worker processes; default one per core.
        metrics: Where metrics, health and readiness are served; nowhere without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    party: Annotated[str, Field(pattern=f"^{PARTY}$")]
    broker: str
    data: Source
    policy: Policy = Policy()
    keystore: Path
    passphrase_file: Path | None = None
    identities: Path
    out: Path
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    metrics: MetricsSettings | None = None

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.out / "journal.db"


def load(path: Path) -> Config:
    """Read a configuration.

    Raises:
        UsageError: The file is missing or not of the known form.
    """
    try:
        value: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = "Name the party's file with --config."
        raise UsageError(f"the configuration {path} cannot be read: {error.strerror}.", hint=hint) from None
    except UnicodeDecodeError:
        raise UsageError(f"the configuration {path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"the configuration {path} is no YAML: {error}".replace("\n", " ")) from None
    try:
        policy = value.get("policy") if isinstance(value, dict) else None
        if isinstance(policy, str):  # a file of its own
            value["policy"] = yaml.safe_load((path.parent / policy).read_text(encoding="utf-8"))
        config = Config.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {where or 'the file'}: {first['msg']}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"the policy of {path} cannot be read: {error}.".replace("\n", " ")) from None
    home = path.resolve().parent
    source = config.data.model_copy(update={"csv": home / config.data.csv})
    paths = {name: home / getattr(config, name) for name in ("keystore", "identities", "out")}
    if config.passphrase_file is not None:
        paths["passphrase_file"] = home / config.passphrase_file
    broker = config.broker
    if broker.startswith("embedded:") and len(broker) > len("embedded:"):  # a path like the others
        broker = f"embedded:{home / broker.removeprefix('embedded:')}"
    return config.model_copy(update={"data": source, "broker": broker, **paths})
