"""Records over which connections are lost.

A server that does not take a record may say nothing and hang up: where its limit is not announced, and where it is the
server that cannot handle it. Then every connection ends alike. What was under way when one did is sent alone on the
next, so that after a few the record is known by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from accord_broker.mqtt import errors
from accord_broker.mqtt.endpoint import Endpoint
from accord_broker.port import Record

log = logging.getLogger("accord_broker.mqtt")
NAMED, TRIES = 3, 8
"""Connections lost over a record after which it is named, and after which it is given up."""
MOST = 1024
"""Records remembered; a connection has fewer under way."""


class Suspects:
    """Counts, by record, the connections that were lost while it was under way.

    Args:
        endpoint: The broker.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._counts: dict[bytes, int] = {}

    def parts(self, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """The records in order, those that are suspected one by one.

        Raises:
            TooLargeError: One has been given up; nothing of this call was sent.
        """
        if not self._counts:
            yield records
            return
        counts = [self._counts.get(record.digest(), 0) for record in records]
        for record, count in zip(records, counts, strict=True):
            if count >= TRIES:
                raise errors.given_up(self._endpoint, record, count)
        together: list[Record] = []
        for record, count in zip(records, counts, strict=True):
            if not count:
                together.append(record)
                continue
            if together:
                yield together
                together = []
            yield [record]
        if together:
            yield together

    def taken(self, records: Iterable[Record]) -> None:
        """The server has acknowledged these."""
        if self._counts:
            for record in records:
                self._counts.pop(record.digest(), None)

    def lost(self, records: Sequence[Record]) -> None:
        """A connection was lost, or the server refused, while these were under way."""
        for record in records:
            key = record.digest()
            self._counts[key] = count = self._counts.pop(key, 0) + 1
            if count >= NAMED:
                log.warning("%s", errors.suspected(self._endpoint, record, count))
        while len(self._counts) > MOST:
            del self._counts[next(iter(self._counts))]
