"""Tokens for SASL/OAUTHBEARER (RFC 7628): from an issuer's token endpoint, from a file, or from a command.

A connection asks for one whenever it is made, also in mid-run: clusters close connections whose token has run out
(KIP-368), and the client then makes another one. So a token is got again once a fifth of its time is left.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import shlex
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from accord_broker.wire.security import credentials, tls_context, variable
from accord_schemas.errors import UsageError

TIMEOUT = 10.0
"""Seconds for an issuer, or a command, to answer."""
_LARGEST = 64 << 10
_SHARE = 0.8  # of a token's time after which it is got again
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HINT = (
    "Name the issuer's token endpoint in the broker URL (endpoint=https://…) with ACCORD_BROKER_USER and "
    "ACCORD_BROKER_PASSWORD as client id and secret; or set ACCORD_BROKER_TOKEN_FILE or ACCORD_BROKER_TOKEN_COMMAND."
)


class NoTokenError(KafkaError):  # type: ignore[misc]  # one of the client's own kind, so that it counts as a failed connection
    """There is no token; says where from and why."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True, slots=True)
class Token:
    """A token and until when it is used.

    Args:
        text: Shown to the cluster.
        until: Seconds of `time.monotonic`, from where on another one is wanted.
    """

    text: str = field(repr=False)
    until: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What an endpoint is asked for (client credentials, RFC 6749 section 4.4).

    Args:
        endpoint: Its URL.
        scope: Wanted scopes, separated by spaces; empty for the client's own.
        ca: A PEM file with its certificate authority; None: the system's.
    """

    endpoint: str
    scope: str = ""
    ca: Path | None = None


class Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """Gives the client a token that has not run out.

    Args:
        source: Where from, for errors.
        get: Gets a fresh one; may block.

    Attributes:
        given: How often one was given.
    """

    def __init__(self, source: str, get: Callable[[], Token]) -> None:
        self.source, self.given, self._get = source, 0, get
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        """One that is good for a while.

        Raises:
            NoTokenError: There is none.
        """
        async with self._lock:
            if self._token is None or time.monotonic() >= self._token.until:
                self._token = None
                self._token = await asyncio.to_thread(self._get)
            self.given += 1
            return self._token.text


def tokens(grant: Grant | None, account: str = "") -> Tokens:
    """Tokens out of what the environment and the broker URL name: a file, a command, or an endpoint.

    Raises:
        UsageError: None is named, or what is named cannot be used.
    """
    if file := variable("TOKEN_FILE", account):
        return Tokens(f"the file {file}", lambda: _of_file(Path(file)))
    if command := variable("TOKEN_COMMAND", account):
        words = shlex.split(command)
        if not words:
            raise UsageError("ACCORD_BROKER_TOKEN_COMMAND is empty.", hint=_HINT)
        return Tokens(f"the command {words[0]}", lambda: _of_command(words))
    if grant is None:
        raise UsageError("mechanism=OAUTHBEARER needs a place where tokens come from.", hint=_HINT)
    client, secret = credentials(account)
    if not client or not secret:
        message = f"The token endpoint {grant.endpoint} needs a client id and a secret."
        raise UsageError(message, hint="Set ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD (or ..._FILE).")
    context = tls_context({"ca": grant.ca} if grant.ca else {})
    return Tokens(grant.endpoint, lambda: _granted(grant, client, secret, context))


def checked(endpoint: str) -> str:
    """A token endpoint's URL, unchanged.

    Raises:
        UsageError: It is none, or would send the client's secret in clear to another machine.
    """
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise UsageError(f"endpoint={endpoint!r} in the broker URL is no token endpoint.", hint=_HINT)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        message = f"The token endpoint {endpoint} would be sent the client's secret in clear."
        raise UsageError(message, hint="Use https.")
    return endpoint


class _Stays(urllib.request.HTTPRedirectHandler):
    """A token endpoint does not send elsewhere, least of all with a secret."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None is followed."""


def _granted(grant: Grant, client: str, secret: str, context: ssl.SSLContext) -> Token:
    quoted = ":".join(urllib.parse.quote_plus(part) for part in (client, secret))  # RFC 6749, section 2.3.1
    form = {"grant_type": "client_credentials"} | ({"scope": grant.scope} if grant.scope else {})
    request = urllib.request.Request(  # noqa: S310 - `checked` has seen the scheme
        grant.endpoint,
        urllib.parse.urlencode(form).encode(),
        {"Authorization": f"Basic {base64.b64encode(quoted.encode()).decode()}", "Accept": "application/json"},
    )
    opener = urllib.request.build_opener(_Stays, urllib.request.HTTPSHandler(context=context))
    began = time.monotonic()
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            said = _object(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            raise _denied(grant, error.code, _object(error.read(_LARGEST))) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        why = getattr(reason, "verify_message", "") or getattr(reason, "strerror", None) or str(reason) or "no answer"
        hint = "Is it reachable from here? Its certificate authority: endpoint_ca=PATH in the broker URL."
        raise NoTokenError(f"The token endpoint {grant.endpoint} cannot be asked: {why}.", hint) from None
    text, lasts = said.get("access_token"), said.get("expires_in")
    if not isinstance(text, str) or not _usable(text):
        raise NoTokenError(f"The token endpoint {grant.endpoint} answers without an access_token.", "Is it the URL?")
    seconds = float(lasts) if isinstance(lasts, int | float) and not isinstance(lasts, bool) else _lasts(text)
    return Token(text, began + _SHARE * max(seconds, 0.0))


def _denied(grant: Grant, status: int, said: dict[str, Any]) -> NoTokenError:
    """What RFC 6749, section 5.2, has it say; nothing else of the answer is shown."""
    code = said.get("error")
    named = f": {code}" if isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum() else ""
    hints = {
        "invalid_client": "Check ACCORD_BROKER_USER (client id) and ACCORD_BROKER_PASSWORD (secret).",
        "invalid_scope": "Check scope= in the broker URL.",
        "unauthorized_client": "Have the issuer allow this client the grant 'client_credentials'.",
    }
    hint = hints.get(str(code), "Check the URL, the client id and the secret.")
    return NoTokenError(f"The token endpoint {grant.endpoint} gives no token (HTTP {status}{named}).", hint)


def _of_file(path: Path) -> Token:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a token"
        raise NoTokenError(
            f"The token file {path} cannot be read: {why}.", "ACCORD_BROKER_TOKEN_FILE names it."
        ) from None
    if not _usable(text):
        raise NoTokenError(f"The token file {path} holds no token.", "One token, and nothing else.")
    if _lasts(text) < 0:
        raise NoTokenError(f"The token in {path} has run out.", "Who writes the file has to write another one.")
    return Token(text, 0.0)  # whoever writes the file knows when: it is read each time


def _of_command(words: list[str]) -> Token:
    began, hint = time.monotonic(), "ACCORD_BROKER_TOKEN_COMMAND has to print one token within ten seconds."
    try:
        done = subprocess.run(words, capture_output=True, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL)
        text = done.stdout.decode("ascii").strip()
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NoTokenError(f"The token command {words[0]} gives no token: {why}.", hint) from None
    if done.returncode or not _usable(text):
        raise NoTokenError(f"The token command {words[0]} gives no token (exit code {done.returncode}).", hint)
    return Token(text, began + _SHARE * max(_lasts(text), 0.0))


def _usable(text: str) -> bool:
    """Whether it is a bearer token (b64token of RFC 6750): what else would break the client's message apart."""
    return 0 < len(text) <= _LARGEST and text.isascii() and not any(c.isspace() or not c.isprintable() for c in text)


def _lasts(text: str) -> float:
    """Seconds until a JWT says that it expires; of anything else 0: it is got anew each time."""
    parts = text.split(".")
    if len(parts) != 3:
        return 0.0
    try:
        claims = _object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"]) - time.time()
    except (binascii.Error, KeyError, TypeError, ValueError):
        return 0.0


def _object(data: bytes) -> dict[str, Any]:
    """JSON's object, empty where it is anything else."""
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
