"""Apache Kafka as a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accord_broker.kafka.endpoint import Endpoint
from accord_broker.kafka.session import Session
from accord_broker.port import FAMILIES, Delivery, Position, Record
from accord_broker.tasks import apart


class KafkaBroker:
    """A `Broker` on a Kafka cluster; see `accord_broker.port.Broker`.

    Sources are TOPIC-0, a log's id is its topic's id (KIP-516), the key is the collaboration's id. There is no consumer
    group: two agents that shared one would each read half.

    Args:
        endpoint: The cluster and the namespace.
        create: Whether topics that are missing are made; who only watches wants none.
    """

    history = True

    def __init__(self, endpoint: Endpoint, *, create: bool = True) -> None:
        self._endpoint, self._create = endpoint, create
        self._session: Session | None = None

    async def open(self) -> None:
        """Connect; create or verify the topics."""
        if self._session is None:
            session = Session(self._endpoint, create=self._create)
            try:
                await apart(session.start())
            except BaseException:
                await session.stop()
                raise
            self._session = session

    async def close(self) -> None:
        """Disconnect."""
        session, self._session = self._session, None
        if session is not None:
            await session.stop()

    async def largest_chunk(self) -> int | None:
        """What the topics' max.message.bytes allow."""
        return await apart(self._opened.largest_chunk())

    async def publish(self, records: Sequence[Record]) -> None:
        """Append the records; acknowledged means by all replicas in sync."""
        if unknown := {r.family for r in records} - set(FAMILIES):
            raise ValueError(f"unknown topic family {min(unknown)!r}")
        await apart(self._opened.publish(records))

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read on after the positions whose records still are in their places, else from the first one."""
        return await apart(self._opened.subscribe(after))

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records in each topic's order."""
        return await self._opened.receive(limit, max_bytes, timeout)

    async def end(self) -> Mapping[str, int]:
        """The offset before each topic's high watermark."""
        return await apart(self._opened.end())

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing to do: positions are the reader's own."""

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError("the broker is not open")
        return self._session
