"""MQTT 5 as a broker: QoS 1, a session that outlives the connection, acknowledged after the commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from accord_broker.mqtt import errors
from accord_broker.mqtt.connection import Connection
from accord_broker.mqtt.endpoint import Endpoint
from accord_broker.mqtt.suspects import Suspects
from accord_broker.port import FAMILIES, QUARANTINE, BrokerError, Delivery, Position, Record
from accord_broker.tasks import apart, discard

log = logging.getLogger("accord_broker.mqtt")
ECHO = 5.0
"""Seconds after which an own record that the broker took should have come back."""
DROPS = 3
"""Connections that a server soon ends, after which the session itself counts as what it cannot bear."""
_READ = tuple(family for family in FAMILIES if family != QUARANTINE)


class MqttBroker:
    """A `Broker` on an MQTT 5 server; see `accord_broker.port.Broker`.

    Topics are NAMESPACE/FAMILY/COLLABORATION. An offset counts one connection's messages; positions of an earlier
    connection mean nothing to a later one, which gets what was not acknowledged from the broker, as far as it kept it.

    Args:
        place: Server and namespace.
        client: Names the session that the server keeps while the agent is away. It must be unlike that of any other
            agent, and go with the journal; without it there is no such session.
    """

    history = False

    def __init__(self, endpoint: Endpoint, client: str) -> None:
        self._endpoint = endpoint
        self._client = f"accord-{endpoint.namespace}-{client}" if client else ""
        self._connection: Connection | None = None
        self._subscribed = False
        self._clean = False
        self._mute: set[str] = set()
        self._warned = False
        self._suspects = Suspects(endpoint)
        self._drops = 0

    async def open(self) -> None:
        """Connect."""
        if self._connection is None:
            if not self._warned and self._endpoint.exposes_password:
                self._warned = True
                log.warning("The password goes to %s in clear; use mqtts://, or leave it out.", self._endpoint)
            connection = Connection(self._endpoint, self._client, clean=self._clean)
            try:
                await apart(connection.start())
            except BrokerError:
                self._judge(connection)
                raise
            self._connection, self._clean = connection, False

    async def close(self) -> None:
        """Disconnect; the session stays with the server."""
        connection, self._connection = self._connection, None
        self._subscribed = False
        if connection is not None:
            await discard(connection.stop())
            self._judge(connection)

    def _judge(self, connection: Connection) -> None:
        """What the end of a connection says about the next one."""
        self._suspects.lost(connection.unanswered)
        self._clean |= connection.unreadable  # else the server would send the same packet again, for ever
        self._drops = self._drops + 1 if connection.brief else 0
        if self._drops >= DROPS and self._client:
            self._drops, self._clean = 0, True
            message = "%s ended %d connections in a row soon and without a word: the next one begins a new session."
            log.warning(f"{message} What the old one held is sent again.", self._endpoint, DROPS)

    async def largest_chunk(self) -> int | None:
        """What the largest packet of this server allows."""
        return self._opened.largest_chunk

    async def publish(self, records: Sequence[Record]) -> None:
        """Send the records; acknowledged means that the server took them, not that anybody has them."""
        if unknown := {r.family for r in records} - set(FAMILIES):
            raise ValueError(f"unknown topic family {min(unknown)!r}")
        for part in self._suspects.parts(records):
            await apart(self._opened.publish(part))
            self._suspects.taken(part)

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Have records sent from now on, besides those that the server kept for this client."""
        await apart(self._opened.subscribe(_READ))
        self._subscribed = True
        return frozenset()

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records in the order in which the server sends them."""
        connection = self._opened
        if not self._subscribed:
            raise RuntimeError("subscribe comes before receive")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            connection.news.clear()
            if found := connection.take(limit, max_bytes):
                return found
            if connection.lost is not None:
                raise connection.lost
            await self._check_rights(connection, loop.time())
            left = deadline - loop.time()
            if left <= 0:
                return connection.take(limit, max_bytes)
            try:
                async with asyncio.timeout(left):
                    await connection.news.wait()
            except TimeoutError:
                pass

    async def _check_rights(self, connection: Connection, now: float) -> None:
        """Servers may grant a subscription and then withhold its messages: then the own ones do not come back.

        One more question to the server tells that from a slow one. A first time may be a full queue: the next
        connection decides.
        """
        late = {family for family, since in connection.unheard.items() if now - since > ECHO and family in _READ}
        self._mute -= connection.heard
        if not late or not connection.idle:
            return
        await apart(connection.subscribe(_READ))
        for family in sorted(late & set(connection.unheard)):
            again = family in self._mute
            self._mute.add(family)
            raise errors.silent(self._endpoint, self._endpoint.filter(family), again=again)

    async def end(self) -> Mapping[str, int]:
        """Nothing: there is no history."""
        return {}

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge them to the server."""
        if self._connection is not None:
            self._connection.acknowledge(deliveries)

    @property
    def _opened(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the broker is not open")
        return self._connection
