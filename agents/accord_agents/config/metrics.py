"""Where an agent's metrics are served: ``metrics`` in ``party.yaml``."""

from __future__ import annotations

import ipaddress
import re

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

_LISTEN = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+)):([0-9]{1,5})")
_EXAMPLE = 'write "127.0.0.1:9400", or "[::1]:9400"'


class MetricsSettings(BaseModel):
    """Where, and for whom.

    Args:
        listen: ADDRESS:PORT; port 0 takes any that is free, which the log then names.
        expose: Whether other machines may ask. There is no password: names of peers and ids, states and rounds of
            collaborations are in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:9400"
    expose: bool = False

    @field_validator("listen")
    @classmethod
    def _form(cls, value: str) -> str:
        host, port = _parts(value)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{host!r} is no address: {_EXAMPLE}") from None
        if port > 65535:
            raise ValueError(f"there is no port {port}: {_EXAMPLE}")
        return value

    @model_validator(mode="after")
    def _loopback(self) -> MetricsSettings:
        if not self.expose and not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(
                f"{self.listen} is open to other machines: listen on 127.0.0.1, or add `expose: true` if that is meant"
            )
        return self

    @property
    def host(self) -> str:
        """The address."""
        return _parts(self.listen)[0]

    @property
    def port(self) -> int:
        """The TCP port."""
        return _parts(self.listen)[1]


def _parts(listen: str) -> tuple[str, int]:
    found = _LISTEN.fullmatch(listen)
    if found is None:
        raise ValueError(f"{listen!r} is no ADDRESS:PORT: {_EXAMPLE}")
    host = found[1] or found[2]
    return "127.0.0.1" if host == "localhost" else host, int(found[3])
