"""How an agent's log is written: ``log`` in ``party.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class LogSettings(BaseModel):
    """How `agent.log` is written.

    Args:
        level: The least that is said: `debug` adds a line for each event that is said or taken, and each row.
        form: Lines of JSON for programs, or `human` for eyes.
        rotate_mib: At how many MiB another file is begun, and this one becomes `agent.log.1`; `null` never.
        keep: How many earlier files are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["json", "human"] = "json"
    rotate_mib: Annotated[int, Field(ge=1, le=100_000)] | None = 64
    keep: Annotated[int, Field(ge=0, le=100)] = 5
