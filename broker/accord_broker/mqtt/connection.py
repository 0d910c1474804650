"""One connection to an MQTT 5 broker: paho's callbacks on asyncio. Used once; the next connection is another object.

aiomqtt connects, drives the socket and disconnects. Three things it does not offer are taken from the paho client under
it: acknowledging a message after it was stored, the reason code in an acknowledgement of ours, and a bound on what
arrives (its queue has none, or discards; the protocol's Receive Maximum does neither).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from accord_broker.mqtt import trouble
from accord_broker.mqtt.binding import from_message, to_message, trace
from accord_broker.mqtt.place import Place
from accord_broker.port import BrokerError, Delivery, Position, Record
from accord_broker.wire.security import credentials
from accord_schemas.frame import MAX_PAYLOAD
from accord_schemas.header import MAX_HEADER

SOURCE = "mqtt"
WINDOW = 64
"""Messages that may be under way unacknowledged, either way."""
LARGEST = MAX_PAYLOAD + (64 << 10)
"""Bytes of the largest packet; with `WINDOW` this bounds what a flood of messages can occupy."""
EXPIRY = 3600
"""Seconds for which the broker queues for an absent client. Longer absences are repaired by re-sending, while every
finished `accord run` leaves a session behind that nobody ever reads."""
KEEPALIVE, PATIENCE = 20, 10.0
PROPERTIES = MAX_HEADER + 1024
"""Bytes of a PUBLISH packet besides topic and payload, at most: header and signature as properties."""


class Connection:
    """A connection.

    Args:
        place: The broker.
        client: The client id, for a session that outlives the connection; empty for one that does not.
        clean: Whether to forget what the broker has queued for this client.

    Attributes:
        id: Names this connection in positions.
        news: Set when something arrived or the connection was lost.
        lost: Why the connection ended; None while it stands.
        unreadable: Whether it ended over a packet that the client library cannot read.
    """

    def __init__(self, place: Place, client: str, *, clean: bool) -> None:
        self.place, self.id = place, os.urandom(16).hex()
        self.news = asyncio.Event()
        self.lost: BrokerError | None = None
        self.unreadable = False
        self.heard: set[str] = set()
        self.unheard: dict[str, float] = {}
        self._arrived: deque[Delivery] = deque()
        self._unstored: dict[int, int] = {}
        self._pending: dict[int, asyncio.Future[ReasonCode | None]] = {}
        self._count, self._limit, self._room = 0, LARGEST, asyncio.Semaphore(WINDOW)
        user, password = credentials(place.account)
        self._tls = place.tls_context()
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = EXPIRY if client else 0
        properties.ReceiveMaximum, properties.MaximumPacketSize = WINDOW, LARGEST
        self._aio = aiomqtt.Client(
            place.host,
            place.port,
            username=user,
            password=password,
            identifier=client or f"accord-{self.id}",
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=clean or not client,
            keepalive=KEEPALIVE,
            max_inflight_messages=WINDOW,
            timeout=PATIENCE,
            tls_context=self._tls,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),  # else 40 ms for every small message
            properties=properties,
        )
        self._paho = self._aio._client
        self._paho.manual_ack_set(True)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerError: It cannot be reached, or refused.
        """
        try:
            if self._tls is not None:
                await self._try_tls(self._tls)
            await self._aio.__aenter__()
        except aiomqtt.MqttError as error:
            self._paho._sock_close()
            raise trouble.not_connected(self.place, error) from None
        except BaseException:
            self._paho._sock_close()
            raise
        self._aio._disconnected.add_done_callback(self._on_broken)

    async def _try_tls(self, context: ssl.SSLContext) -> None:
        """A handshake of our own: paho leaves a socket open when one fails, and aiomqtt drops the reason."""
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(self.place.host, self.place.port, ssl=context)
                writer.close()
                await writer.wait_closed()
        except OSError as error:  # a timeout too
            raise aiomqtt.MqttError(str(error)) from error

    async def stop(self) -> None:
        """Disconnect; also where the broker answers no more."""
        try:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._aio.__aexit__(None, None, None)
        finally:
            self._paho._sock_close()
            self._end(trouble.lost(self.place, None))

    async def subscribe(self, families: Sequence[str]) -> None:
        """Subscribe to families; returns when the broker has answered.

        Raises:
            BrokerError: It refused one, or the connection was lost.
        """
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        filters = [self.place.filter(family) for family in families]
        try:
            codes = await self._aio.subscribe([(topics, options) for topics in filters])
        except aiomqtt.MqttError:
            raise self.lost or BrokerError(f"{self.place} does not answer.", retry=True) from None
        for topics, code in zip(filters, codes, strict=True):
            if isinstance(code, ReasonCode) and code.value >= trouble.REFUSED:
                raise trouble.not_subscribed(self.place, topics, code)

    async def publish(self, records: Sequence[Record]) -> None:
        """Send the records in order; returns when all are acknowledged.

        Raises:
            BrokerError: One was refused, or the connection was lost.
        """
        messages = [self._message(record) for record in records]
        sent = []
        for topic, payload, properties in messages:
            await self._room.acquire()
            sent.append(self._send(topic, payload, properties))
            sent[-1].add_done_callback(lambda _: self._room.release())
        codes = await asyncio.gather(*sent)
        now = asyncio.get_running_loop().time()
        for record, (topic, _, _), code in zip(records, messages, codes, strict=True):
            if code is None:
                raise self.lost or trouble.lost(self.place, None)
            if code.value >= trouble.REFUSED:
                raise trouble.not_published(self.place, topic, code)
            if record.family not in self.heard:
                self.unheard.setdefault(record.family, now)

    def _message(self, record: Record) -> tuple[str, bytes, Properties]:
        topic = self.place.topic(record.family, record.key)
        payload, properties = to_message(record)
        size = len(topic) + len(payload) + PROPERTIES
        if size > self._limit:
            raise trouble.too_large(self.place, topic, size, self._limit)
        return topic, payload, properties

    def _send(self, topic: str, payload: bytes, properties: Properties) -> asyncio.Future[ReasonCode | None]:
        future: asyncio.Future[ReasonCode | None] = asyncio.get_running_loop().create_future()
        if self.lost is None:
            info = self._paho.publish(topic, payload, 1, properties=properties)
            self._pending[info.mid] = future
        if self.lost is not None and not future.done():  # also found out while sending
            future.set_result(None)
        return future

    def take(self, limit: int, max_bytes: int) -> list[Delivery]:
        """What has arrived, up to a number and a size but at least one."""
        batch: list[Delivery] = []
        while self._arrived and len(batch) < limit:
            size = len(self._arrived[0].record.frame)
            if batch and size > max_bytes:
                break
            max_bytes -= size
            batch.append(self._arrived.popleft())
        return batch

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are stored; those of earlier connections mean nothing on this one."""
        for delivery in deliveries:
            if delivery.position.log == self.id and delivery.position.offset in self._unstored and self.lost is None:
                self._paho.ack(self._unstored.pop(delivery.position.offset), 1)

    @property
    def idle(self) -> bool:
        """Whether all that arrived is stored, so that nothing keeps the broker from sending more."""
        return not self._arrived and not self._unstored

    # ---- paho's callbacks, all in the loop's thread once connected

    def _on_connect(self, client: Any, data: Any, flags: Any, code: ReasonCode, properties: Any = None) -> None:
        self._limit = min(LARGEST, getattr(properties, "MaximumPacketSize", LARGEST))
        self._room = asyncio.Semaphore(min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW)))
        self._aio._on_connect(client, data, flags, code, properties)

    def _on_disconnect(self, client: Any, data: Any, flags: Any, code: ReasonCode, properties: Any = None) -> None:
        if not self._aio._connected.done():  # aiomqtt would wait until its time is over
            self._aio._connected.set_exception(aiomqtt.MqttError("it closed the connection"))
        from_server = flags.is_disconnect_packet_from_server
        self.unreadable = not from_server and code.value == trouble.PROTOCOL
        self._end(trouble.lost(self.place, code if from_server else None))
        self._aio._on_disconnect(client, data, flags, code, properties)

    def _on_broken(self, disconnected: asyncio.Future[None]) -> None:
        error = None if disconnected.cancelled() else disconnected.exception()
        self.unreadable |= error is not None and not isinstance(error, (aiomqtt.MqttError, OSError))
        self._end(trouble.lost(self.place, None))

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        try:
            family, key = self.place.parts(message.topic)
        except ValueError:  # nothing that this client subscribed to
            self._paho.ack(message.mid, message.qos)
            return
        if not message.qos and len(self._arrived) >= WINDOW:
            return  # no agent writes so, and the protocol bounds only what is acknowledged
        self._count += 1
        if message.qos:
            self._unstored[self._count] = message.mid
        self.heard.add(family)
        self.unheard.pop(family, None)
        frame = from_message(bytes(message.payload), message.properties)
        record = Record(family, key, frame, trace(message.properties))
        self._arrived.append(Delivery(record, Position(SOURCE, self.id, self._count, record.digest())))
        self.news.set()

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any) -> None:
        future = self._pending.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(code)

    def _end(self, why: BrokerError) -> None:
        self.lost = self.lost or why
        for future in self._pending.values():
            if not future.done():
                future.set_result(None)
        self._pending.clear()
        self.news.set()
