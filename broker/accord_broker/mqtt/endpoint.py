"""Where an MQTT broker is: its URL, and the credentials out of the environment."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from accord_broker.wire.security import FILES, credentials, tls_context
from accord_schemas.errors import UsageError

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_HERE = ("localhost", "127.0.0.1", "::1")
_NAMESPACE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_EXAMPLE = "Use mqtts://HOST:PORT/NAMESPACE?ca=PATH&cert=PATH&key=PATH, or mqtt://HOST:PORT/NAMESPACE without TLS."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A broker and a namespace on it.

    Args:
        host: Name or address.
        port: TCP port.
        namespace: First level of all topics.
        tls: Whether the connection is encrypted.
        files: By name, the certificate authority (`ca`; default the system's) and the own `cert` and `key`.
        account: Whose user and password are taken from the environment; see `credentials`.
    """

    host: str
    port: int
    namespace: str
    tls: bool
    files: dict[str, Path]
    account: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}/{self.namespace}"

    def topic(self, family: str, key: str) -> str:
        """The topic of a family's records about one collaboration; NAMESPACE/FAMILY/COLLABORATION."""
        return f"{self.namespace}/{family}/{quote(key, safe='')}"

    def filter(self, family: str) -> str:
        """What is subscribed to, to read a family."""
        return f"{self.namespace}/{family}/+"

    def parts(self, topic: str) -> tuple[str, str]:
        """Family and key of a topic.

        Raises:
            ValueError: It is none of this namespace.
        """
        namespace, family, key = topic.split("/")
        if namespace != self.namespace:
            raise ValueError("another namespace")
        return family, unquote(key)

    @property
    def exposes_password(self) -> bool:
        """Whether a password crosses a network unencrypted: in earnest another broker's, out of the environment."""
        return not self.tls and self.host not in _HERE and bool(credentials(self.account)[1])

    def tls_context(self) -> ssl.SSLContext | None:
        """TLS with verified certificate and host name; None for a connection in clear.

        Raises:
            UsageError: A file cannot be used.
        """
        if not self.tls:
            return None
        return tls_context(self.files)


def parse(url: str, account: str = "") -> Endpoint:
    """The place in an ``mqtt://`` or ``mqtts://`` URL that holds no credentials.

    Raises:
        UsageError: The URL is not of the known form.
    """
    try:
        split = urlsplit(url)
        port = split.port or _PORTS[split.scheme]
    except ValueError:
        raise UsageError(f"The broker URL {url!r} has no usable host or port.", hint=_EXAMPLE) from None
    namespace = split.path.removeprefix("/")
    if not split.hostname or not _NAMESPACE.fullmatch(namespace):
        message = f"The broker URL {url!r} needs a host and a namespace of letters, digits, dot, dash and underscore."
        raise UsageError(message, hint=_EXAMPLE)
    options = dict(parse_qsl(split.query, keep_blank_values=True))
    for name in options:
        if name not in FILES:
            raise UsageError(f"The broker URL {url!r} has an unknown option {name!r}.", hint=_EXAMPLE)
    if options and split.scheme == "mqtt":
        raise UsageError(f"The broker URL {url!r} names TLS files, but mqtt:// has no TLS.", hint=_EXAMPLE)
    if ("cert" in options) != ("key" in options):
        raise UsageError(f"The broker URL {url!r} needs cert and key together.", hint=_EXAMPLE)
    files = {name: Path(path) for name, path in options.items()}
    return Endpoint(split.hostname, port, namespace, split.scheme == "mqtts", files, account)
