"""An issuer of tokens on loopback: signs JWTs (RS256) and answers as a token endpoint (RFC 6749) does."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER, AUDIENCE, KEY = "https://login.example", "kafka", "k1"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Signer:
    """A key, and tokens signed with it."""

    def __init__(self) -> None:
        self._key: rsa.RSAPrivateKey | None = None

    @property
    def key(self) -> rsa.RSAPrivateKey:
        self._key = self._key or rsa.generate_private_key(65537, 2048)
        return self._key

    def jwks(self) -> str:
        numbers = self.key.public_key().public_numbers()
        parts = {name: _b64(n.to_bytes(-(-n.bit_length() // 8))) for name, n in (("n", numbers.n), ("e", numbers.e))}
        return json.dumps({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY, **parts}]})

    def token(self, user: str, seconds: float = 3600, **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "iat": now - 5, "exp": int(now + seconds)} | claims
        parts = [_b64(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": KEY, "typ": "JWT"}, said)]
        signature = self.key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, _b64(signature)])


class Issuer:
    """What the endpoint was asked, and how it is to answer.

    Attributes:
        asked: Of each request the client, the secret and the form.
        answer: Status and body instead of a token, if any.
        seconds: How long a token lasts.
        claims: Of tokens, besides the usual ones.
    """

    def __init__(self, signer: Signer, port: int) -> None:
        self.signer, self.url = signer, f"http://127.0.0.1:{port}/oauth2/token"
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.answer: tuple[int, bytes] | None = None
        self.seconds, self.claims = 3600.0, dict[str, Any]()

    def reply(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, bytes]:
        client, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        self.asked.append((unquote_plus(client), unquote_plus(secret), form))
        if self.answer is not None:
            return self.answer
        if unquote_plus(secret) != f"{unquote_plus(client)}-secret":
            return 401, b'{"error": "invalid_client", "error_description": "no <b>such</b> client"}'
        token = self.signer.token(unquote_plus(client), self.seconds, **self.claims)
        return 200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": self.seconds}).encode()


@contextmanager
def issuer(signer: Signer) -> Iterator[Issuer]:
    """A running one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, body = made.reply(self.headers["Authorization"], form)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", made.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Issuer(signer, server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
