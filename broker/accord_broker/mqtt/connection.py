"""One connection to an MQTT 5 broker: paho's callbacks on asyncio. Used once; the next connection is another object.

aiomqtt connects, drives the socket and disconnects. Three things it does not offer are taken from the paho client under
it: acknowledging a message after it was stored, the reason code in an acknowledgement of ours, and a bound on what
arrives (its queue has none, or discards; the protocol's Receive Maximum does neither).
"""

from __future__ import annotations

import asyncio
import logging
import math
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

from accord_broker.mqtt import errors
from accord_broker.mqtt.binding import from_message, to_message, trace
from accord_broker.mqtt.endpoint import Endpoint
from accord_broker.port import BrokerError, Delivery, Position, Record
from accord_broker.tasks import discard
from accord_broker.wire.security import credentials
from accord_schemas.frame import MAX_PAYLOAD, MAX_SIGNATURE
from accord_schemas.header import MAX_HEADER

logging.getLogger("mqtt").addHandler(logging.NullHandler())  # its errors come as ours; nothing for stderr
SOURCE = "mqtt"
WINDOW = 64
"""Messages that may be under way unacknowledged, either way."""
LARGEST = MAX_PAYLOAD + (64 << 10)
"""Bytes of the largest packet; with `WINDOW` this bounds what a flood of messages can occupy."""
EXPIRY = 3600
"""Seconds for which the broker queues for an absent client. Longer absences are repaired by re-sending, while every
finished `accord run` leaves a session behind that nobody ever reads."""
KEEPALIVE, PATIENCE = 20, 10.0
LOOK, TURNS = 1.5, 3
"""Seconds after which a quiet server is asked for a sign of life, and for its answer: who watches an agent is to know
within five seconds."""
BRIEF = 5.0
"""Seconds that a connection stands at least, unless something is wrong with it."""
PROPERTIES = MAX_HEADER + MAX_SIGNATURE * 4 // 3 + 1024
"""Bytes of a PUBLISH packet besides topic and payload, at most: header and signature as properties."""
_SEALED = 4096  # bytes of a payload besides its chunk, and of a topic


class Connection:
    """A connection.

    Args:
        endpoint: The broker.
        client: The client id, for a session that outlives the connection; empty for one that does not.
        clean: Whether to forget what the broker has queued for this client.

    Attributes:
        id: Names this connection in positions.
        news: Set when something arrived or the connection was lost.
        lost: Why the connection ended; None while it stands.
        unreadable: Whether it ended over a packet that the client library cannot read.
        unanswered: Records that were under way when the server ended it, or that it refused.
    """

    def __init__(self, endpoint: Endpoint, client: str, *, clean: bool) -> None:
        self.endpoint, self.id = endpoint, os.urandom(16).hex()
        self.news = asyncio.Event()
        self.lost: BrokerError | None = None
        self.unreadable = False
        self.unanswered: list[Record] = []
        self.heard: set[str] = set()
        self.unheard: dict[str, float] = {}
        self._arrived: deque[Delivery] = deque()
        self._unstored: dict[int, int] = {}
        self._pending: dict[int, tuple[Record, asyncio.Future[ReasonCode | None]]] = {}
        self._reached = self._stopped = False
        self._packet, self._since, self._until = 0, math.inf, 0.0
        self._looking: asyncio.Task[None] | None = None
        self._count, self._limit, self._room = 0, LARGEST, asyncio.Semaphore(WINDOW)
        user, password = credentials(endpoint.account)
        self._tls = endpoint.tls_context()
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = EXPIRY if client else 0
        properties.ReceiveMaximum, properties.MaximumPacketSize = WINDOW, LARGEST
        self._aio = aiomqtt.Client(
            endpoint.host,
            endpoint.port,
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
        handle = self._paho._packet_handle

        def handled() -> Any:
            self._packet = self._paho._in_packet["command"]  # the library forgets it before it complains
            return handle()

        self._paho._packet_handle = handled  # type: ignore[method-assign]

    @property
    def brief(self) -> bool:
        """Whether the server accepted it and soon ended it, without a word why."""
        if self._stopped or not self._reached:
            return False
        return self._since == math.inf or self._until - self._since < BRIEF

    @property
    def largest_chunk(self) -> int:
        """Bytes of a chunk that fits a packet of this server, whatever its topic."""
        return self._limit - PROPERTIES - _SEALED

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerError: It cannot be reached, or refused.
        """
        self._aio._disconnected.add_done_callback(self._on_broken)
        try:
            if self._tls is not None:
                await self._try_tls(self._tls)
            await self._aio.__aenter__()
        except aiomqtt.MqttError as error:
            self._reached |= self._paho._sock is not None
            self._paho._sock_close()
            self.unreadable &= not isinstance(error, aiomqtt.MqttCodeError)  # paho takes a refusal for one too
            if self.unreadable and self.lost is not None:
                raise self.lost from None
            raise errors.not_connected(self.endpoint, error, reached=self._reached) from None
        except BaseException:
            self._paho._sock_close()
            raise
        self._reached, self._since = True, asyncio.get_running_loop().time()
        if self.lost is not None:
            self._paho._sock_close()
            raise self.lost
        self._looking = asyncio.create_task(self._look())

    async def _try_tls(self, context: ssl.SSLContext) -> None:
        """A handshake of our own: paho leaves a socket open when one fails, and aiomqtt drops the reason."""
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(self.endpoint.host, self.endpoint.port)
                self._reached = True
                try:
                    await writer.start_tls(context, server_hostname=self.endpoint.host)
                finally:
                    writer.close()
                await writer.wait_closed()
        except OSError as error:  # a timeout too
            raise aiomqtt.MqttError(str(error)) from error

    async def stop(self) -> None:
        """Disconnect; also where the broker answers no more."""
        self._stopped = self.lost is None
        if self._looking is not None:
            self._looking.cancel()
        try:
            await discard(self._aio.__aexit__(None, None, None))
        finally:
            self._paho._sock_close()
            self._end(errors.lost(self.endpoint, None))

    async def subscribe(self, families: Sequence[str]) -> None:
        """Subscribe to families; returns when the broker has answered.

        Raises:
            BrokerError: It refused one, or the connection was lost.
        """
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        filters = [self.endpoint.filter(family) for family in families]
        try:
            codes = await self._aio.subscribe([(topics, options) for topics in filters])
        except aiomqtt.MqttError:
            raise self.lost or BrokerError(f"{self.endpoint} does not answer.", retry=True) from None
        for topics, code in zip(filters, codes, strict=True):
            if isinstance(code, ReasonCode) and code.value >= errors.REFUSED:
                raise errors.not_subscribed(self.endpoint, topics, code)

    async def publish(self, records: Sequence[Record]) -> None:
        """Send the records in order; returns when all are acknowledged.

        Raises:
            BrokerError: One was refused, or the connection was lost.
        """
        messages = [self._message(record) for record in records]
        sent = []
        for record, message in zip(records, messages, strict=True):
            await self._room.acquire()
            sent.append(self._send(record, *message))
            sent[-1].add_done_callback(lambda _: self._room.release())
        codes = await asyncio.gather(*sent)
        now = asyncio.get_running_loop().time()
        for record, (topic, _, _), code in zip(records, messages, codes, strict=True):
            if code is None:
                raise self.lost or errors.lost(self.endpoint, None)
            if code.value >= errors.REFUSED:
                self.unanswered.append(record)
                raise errors.not_published(self.endpoint, topic, code)
            if record.family not in self.heard:
                self.unheard.setdefault(record.family, now)

    def _message(self, record: Record) -> tuple[str, bytes, Properties]:
        topic = self.endpoint.topic(record.family, record.key)
        payload, properties = to_message(record)
        size = len(topic) + len(payload) + PROPERTIES
        if size > self._limit:
            raise errors.too_large(self.endpoint, topic, size, self._limit)
        return topic, payload, properties

    def _send(
        self, record: Record, topic: str, payload: bytes, properties: Properties
    ) -> asyncio.Future[ReasonCode | None]:
        future: asyncio.Future[ReasonCode | None] = asyncio.get_running_loop().create_future()
        if self.lost is None:
            info = self._paho.publish(topic, payload, 1, properties=properties)
            self._pending[info.mid] = record, future
        if self.lost is not None and not future.done():  # also found out while sending
            self.unanswered.append(record)
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

    async def _look(self) -> None:
        """Ask a quiet server for a sign of life. While records are under way, their acknowledgement is one."""
        paho = self._paho
        while self.lost is None:
            await asyncio.sleep(LOOK)
            heard = paho._last_bytes_received
            if self._pending or self.lost is not None:
                continue
            paho._send_pingreq()
            for _ in range(TURNS):  # one by one: a loop that was held up has waited for one of them
                await asyncio.sleep(1.0)
                if paho._last_bytes_received != heard or self._pending:
                    break
            else:
                self._end(errors.mute(self.endpoint))

    # ---- paho's callbacks, all in the loop's thread once connected

    def _on_connect(self, client: Any, data: Any, flags: Any, code: ReasonCode, properties: Any = None) -> None:
        self._limit = min(LARGEST, getattr(properties, "MaximumPacketSize", LARGEST))
        self._room = asyncio.Semaphore(min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW)))
        self._aio._on_connect(client, data, flags, code, properties)

    def _on_disconnect(self, client: Any, data: Any, flags: Any, code: ReasonCode, properties: Any = None) -> None:
        if not self._aio._connected.done():  # aiomqtt would wait until its time is over
            self._aio._connected.set_exception(aiomqtt.MqttError("it closed the connection"))
        from_server = flags.is_disconnect_packet_from_server
        self.unreadable = not from_server and code.value == errors.PROTOCOL
        if self.unreadable:
            self._end(errors.unreadable(self.endpoint, self._broken_packet(), None))
        self._end(errors.lost(self.endpoint, code if from_server else None))
        self._aio._on_disconnect(client, data, flags, code, properties)

    def _on_broken(self, disconnected: asyncio.Future[None]) -> None:
        error = None if disconnected.cancelled() else disconnected.exception()
        if error is not None and not isinstance(error, (aiomqtt.MqttError, OSError)):
            self.unreadable = True
            self._end(errors.unreadable(self.endpoint, self._broken_packet(), error))
        if self._since == math.inf and not self._aio._connected.done():  # aiomqtt would wait until its time is over
            self._aio._connected.set_exception(aiomqtt.MqttError("it broke the protocol"))
        self._end(errors.lost(self.endpoint, None))

    def _broken_packet(self) -> int:
        """The type of the packet that is or was read last."""
        return (self._paho._in_packet["command"] or self._packet) >> 4

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        try:
            family, key = self.endpoint.parts(message.topic)
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
        self._arrived.append(Delivery(record, Position(SOURCE, self.id, self._count, record)))
        self.news.set()

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any) -> None:
        _, future = self._pending.pop(mid, (None, None))
        if future is not None and not future.done():
            future.set_result(code)

    def _end(self, why: BrokerError) -> None:
        if self.lost is None:
            self.lost, self._until = why, asyncio.get_running_loop().time()
        for record, future in self._pending.values():
            if not self._stopped:
                self.unanswered.append(record)
            if not future.done():
                future.set_result(None)
        self._pending.clear()
        self.news.set()
