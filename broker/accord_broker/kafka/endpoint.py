"""Where a Kafka cluster is: its URL, and the credentials out of the environment."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from accord_broker.kafka.bearer import Grant, checked, tokens
from accord_broker.wire.security import FILES, credentials, tls_context
from accord_schemas.errors import UsageError

_SECURITY = {"plaintext": "PLAINTEXT", "ssl": "SSL", "sasl_ssl": "SASL_SSL"}
_BEARER = "OAUTHBEARER"
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", _BEARER)
_GRANT = ("endpoint", "endpoint_ca", "scope")
_OPTIONS = ("security", "mechanism", *FILES, *_GRANT)
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_NAMESPACE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PORT = 9092
_EXAMPLE = "Use kafka://HOST:PORT[,HOST:PORT]/NAMESPACE?security=sasl_ssl&mechanism=SCRAM-SHA-512&ca=PATH."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A cluster and a namespace on it.

    Args:
        servers: Host and TCP port of each server to ask first.
        namespace: What all topic names begin with.
        security: ``plaintext``, ``ssl`` or ``sasl_ssl``.
        mechanism: How user and password are shown with ``sasl_ssl``.
        files: By name, the certificate authority (`ca`; default the system's) and the own `cert` and `key`.
        account: Whose user and password are taken from the environment; see `credentials`.
        grant: Of the mechanism OAUTHBEARER, what a token endpoint is asked for; None without one.
    """

    servers: tuple[tuple[str, int], ...]
    namespace: str
    security: str
    mechanism: str
    files: dict[str, Path]
    account: str = ""
    grant: Grant | None = None

    def __str__(self) -> str:
        return f"kafka://{','.join(self.addresses())}/{self.namespace}"

    @property
    def bearer(self) -> bool:
        """Whether a token is shown, and no user and password."""
        return self.security == "sasl_ssl" and self.mechanism == _BEARER

    def addresses(self) -> list[str]:
        """The servers as HOST:PORT."""
        return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.servers]

    def topic(self, family: str) -> str:
        """The topic of a family."""
        return f"{self.namespace}.{family}"

    def security_settings(self) -> dict[str, Any]:
        """The client's settings for encryption and authentication.

        Raises:
            UsageError: A file cannot be used, or there is no user or password where one is needed.
        """
        settings: dict[str, Any] = {"security_protocol": _SECURITY[self.security]}
        if self.security != "plaintext":
            settings["ssl_context"] = tls_context(self.files)
        if self.bearer:
            settings |= {"sasl_mechanism": _BEARER, "sasl_oauth_token_provider": tokens(self.grant, self.account)}
        elif self.security == "sasl_ssl":
            user, password = credentials(self.account)
            if not user or not password:
                message = f"{self} with security=sasl_ssl needs a user and a password."
                raise UsageError(message, hint="Set ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD (or ..._FILE).")
            names = ("sasl_mechanism", "sasl_plain_username", "sasl_plain_password")
            settings |= zip(names, (self.mechanism, user, password), strict=True)
        return settings


def parse(url: str, account: str = "") -> Endpoint:
    """The place in a ``kafka://`` URL that holds no credentials.

    Raises:
        UsageError: The URL is not of the known form.
    """
    where, _, query = url.partition("://")[2].partition("?")  # urlsplit of some versions knows no list of [IPv6] hosts
    hosts, _, namespace = where.partition("/")
    if not _NAMESPACE.fullmatch(namespace):
        message = f"The broker URL {url!r} needs a namespace of letters, digits, dot, dash and underscore."
        raise UsageError(message, hint=_EXAMPLE)
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, 1, 0.0)[0]
            raise UsageError(f"The broker URL {url!r} has an unknown option {name!r}; did you mean {near!r}?")
    security = _choice(url, options, "security", tuple(_SECURITY))
    mechanism = _choice(url, options, "mechanism", _MECHANISMS)
    files = {name: Path(options[name]) for name in FILES if name in options}
    if files and security == "plaintext":
        raise UsageError(f"The broker URL {url!r} names TLS files, but security=plaintext has no TLS.", hint=_EXAMPLE)
    if "mechanism" in options and security != "sasl_ssl":
        raise UsageError(f"The broker URL {url!r} names a mechanism, which needs security=sasl_ssl.", hint=_EXAMPLE)
    if ("cert" in files) != ("key" in files):
        raise UsageError(f"The broker URL {url!r} needs cert and key together.", hint=_EXAMPLE)
    if (named := [name for name in _GRANT if name in options]) and mechanism != _BEARER:
        raise UsageError(f"The broker URL {url!r} names {named[0]}, which needs mechanism={_BEARER}.", hint=_EXAMPLE)
    if "endpoint" not in named and named:
        raise UsageError(f"The broker URL {url!r} names {named[0]}, which needs endpoint=URL.", hint=_EXAMPLE)
    authority = Path(options["endpoint_ca"]) if "endpoint_ca" in named else None
    grant = Grant(checked(options["endpoint"]), options.get("scope", ""), authority) if named else None
    servers = tuple(_server(url, text) for text in hosts.split(","))
    return Endpoint(servers, namespace, security, mechanism, files, account, grant)


def _choice(url: str, options: dict[str, str], name: str, known: tuple[str, ...]) -> str:
    value = options.get(name, known[0])
    if value not in known:
        raise UsageError(f"The broker URL {url!r} has {name}={value!r}; known are {', '.join(known)}.", hint=_EXAMPLE)
    return value


def _server(url: str, text: str) -> tuple[str, int]:
    match = _SERVER.fullmatch(text)
    port = int(match[2] or _PORT) if match else 0
    if match is None or not 0 < port < 1 << 16:
        raise UsageError(f"The broker URL {url!r} has no usable host and port in {text!r}.", hint=_EXAMPLE)
    return match[1].strip("[]"), port
