"""What every stage has, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_protocols.closed.shape import Shape
from accord_protocols.primitives.lattice import PublicKey, SecretKey
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import Context, Result


class Stage:
    """A stage's inputs, in the types that it reads."""

    def __init__(self, context: Context) -> None:
        self.inputs, self.xof = context.inputs, context.xof
        self.shape = Shape.of(context.inputs["shape"])
        self.zero = Xof(context.inputs["zero"], "zero")
        self._secrets = context.secrets

    def __getitem__(self, name: str) -> Any:
        return self.inputs[name]

    def heard(self, name: str) -> Any:
        """What the other said."""
        return self.inputs[f"heard.{name}"]

    def heard_in(self, name: str) -> bool:
        """Whether it hears that."""
        return f"heard.{name}" in self.inputs

    @property
    def secret(self) -> SecretKey:
        """The own key."""
        return SecretKey.decode(self._secrets["lattice"])

    @property
    def other(self) -> PublicKey:
        """The other holder's key."""
        return PublicKey.decode(*(self.inputs[name] for name in ("sid", "owner", "large", "small")))


def result(kept: Mapping[str, Any] | None = None, said: Mapping[str, Any] | None = None) -> Result:
    """What is kept for later stages, and what is said to the other holder."""
    fields = {f"kept.{name}": value for name, value in (kept or {}).items()}
    return Result(fields | {f"said.{name}": value for name, value in (said or {}).items()})
