"""Online prediction: numbered requests, and their answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from accord_schemas.arrays import RingVector
from accord_schemas.events.base import Count, Event

MAX_IDS = 200
"""In one request: their text is the head of a payload."""


Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=1024)]], Field(min_length=1, max_length=MAX_IDS)]


class Ask(Event):
    """The requester to all others: ids of rows that it wants predicted."""

    family, name = "intermediates", "ask"
    ids: Ids


class Answered(Event):
    """To the requester: which of the ids are known, a byte each, and masked scores; nothing of what is not known."""

    family, name = "intermediates", "answered"
    known: Annotated[bytes, Field(min_length=1, max_length=MAX_IDS)]
    shares: RingVector


class Last(Event):
    """Whoever asks to all others: there are no more requests; how many ids were asked for in all."""

    family, name = "intermediates", "last"
    ids: Count
