"""The overlap gate and the alignment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from accord_schemas.arrays import Blocks16, Bytes, Digests, Numbers, RingVector
from accord_schemas.events.base import Event


class Sample(Event):
    """Overlap gate, label holder to party: H(y)^b of sampled ids and of column names, shuffled."""

    family, name = "psi", "sample"
    points: Digests
    names: Digests


class Answer(Event):
    """Overlap gate, party to label holder: the label holder's points raised again, and the own ones."""

    family, name = "psi", "answer"
    doubled: Digests
    points: Digests
    doubled_names: Digests
    names: Digests


class Blinded(Event):
    """Alignment and hidden queries, leader to server: blinded ids."""

    family, name = "psi", "blinded"
    numbers: Numbers


class Signed(Event):
    """Alignment and hidden queries, server to leader: the blinded ids under the server's key."""

    family, name = "psi", "signed"
    numbers: Numbers


class Store(Event):
    """Alignment, server to leader: an oblivious key-value store from tags to shares of zero."""

    family, name = "psi", "store"
    parameters: Annotated[bytes, Field(max_length=64)]
    table: Blocks16


class Choices(Event):
    """Alignment by OT extension, server to leader: public keys of the base transfers."""

    family, name = "psi", "choices"
    points: Digests


class Corrections(Event):
    """Alignment by OT extension, leader to server: its half of the base transfers."""

    family, name = "psi", "corrections"
    point: Digests
    corrections: Blocks16


class Masked(Event):
    """Alignment by OT extension, leader to server: a bucket of its table, masked."""

    family, name = "psi", "masked"
    table: RingVector


class Marks(Event):
    """Alignment of two parties by OT extension, server to leader: the beginnings of its tags, in their own order."""

    family, name = "psi", "marks"
    tags: Numbers


class Tags(Event):
    """Alignment, leader to server: the tags of the intersection, in the common row order."""

    family, name = "psi", "tags"
    tags: Digests


class Found(Event):
    """Alignment of two parties by OT extension, leader to server: which of the marks are common, and what proves it.

    A bit for each mark, the first one the highest of its byte; SHA-256 of the whole tags of these, in the marks' order.
    """

    family, name = "psi", "found"
    bits: Bytes
    digest: Annotated[bytes, Field(max_length=32)]


class Cells(Event):
    """Alignment, a party to all who know the common ids: its agreed columns of these, in the order of the ids' bytes.

    ``sizes (ids, columns)`` says how many bytes of `text`, UTF-8, each cell has.
    """

    family, name = "psi", "cells"
    sizes: RingVector
    text: Bytes


class RowOrder(Event):
    """Alignment, among those who do not lead: a MAC over the common ids in their order, under the pair's key."""

    family, name = "psi", "order"
    mac: Annotated[bytes, Field(min_length=32, max_length=32)]
