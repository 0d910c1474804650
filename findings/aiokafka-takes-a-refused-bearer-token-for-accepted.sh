#!/usr/bin/env bash
# aiokafka: a broker that refuses an OAUTHBEARER token says so as RFC 7628 has it (3.2.2, and Kafka alike): the answer to the
# token is no error, but a message {"status":"invalid_token"}; the client answers with one byte 0x01, and then authentication
# fails. aiokafka does not read the message: it logs "Authenticated via OAUTHBEARER", `connect()` returns, and the next
# request is what the broker still takes for that answer, so that the connection ends there without a word of the token.
# Seen with aiokafka 0.14.0, against a broker of some lines that speaks SASL as specified.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env && env/bin/pip install -q --disable-pip-version-check "aiokafka==0.14.0"
env/bin/python - <<'PY'
import asyncio
import struct

import aiokafka
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol import admin
from aiokafka.protocol.metadata import MetadataRequest

REFUSED = b'{"status":"invalid_token"}'
KINDS = [(17, 1, 1), (18, 0, 0), (36, 0, 0), (3, 0, 1)]


async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    refused = False
    while True:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        frame = await reader.readexactly(size)
        kind, _, number = struct.unpack(">hhi", frame[:8])
        if refused:  # whatever comes now is an answer to the refusal, and ends the connection
            print(f"the broker, which waits for 0x01, gets a request of kind {kind}, and closes")
            writer.close()
            return
        if kind == 18:
            body = admin.ApiVersionResponse_v0(0, KINDS)
        elif kind == 17:
            body = admin.SaslHandShakeResponse_v1(0, ["OAUTHBEARER"])
        else:
            body, refused = admin.SaslAuthenticateResponse_v0(0, None, REFUSED), True
        raw = struct.pack(">i", number) + body.encode()
        writer.write(struct.pack(">i", len(raw)) + raw)


class Tokens(AbstractTokenProvider):
    async def token(self) -> str:
        return "expired"


async def main() -> bool:
    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = AIOKafkaConnection(
        "127.0.0.1", port, security_protocol="SASL_PLAINTEXT", sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=Tokens(), request_timeout_ms=5000,
    )
    await connection.connect()
    print(f"aiokafka {aiokafka.__version__}: connect() returned, connected: {connection.connected()}")
    try:
        await connection.send(MetadataRequest([]))
    except Exception as error:
        print(f"the next request: {type(error).__name__}: {error}")
        return "token" not in str(error).lower() and "auth" not in type(error).__name__.lower()
    return False


raise SystemExit(not asyncio.run(main()))
PY
