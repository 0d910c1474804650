"""Hidden queries: the server's hint, numbered questions and their answers, and how many there were."""

from __future__ import annotations

from accord_schemas.arrays import Blocks16, Numbers
from accord_schemas.events.base import Count, Event


class Hint(Event):
    """Server to client: a salt for each column group of its table, and the table's product with the public matrix."""

    family, name = "intermediates", "hint"
    salts: Blocks16
    hint: Numbers


class Question(Event):
    """Client to server: a row of masked numbers modulo 2^32 for each key of a batch."""

    family, name = "intermediates", "question"
    vectors: Numbers


class Reply(Event):
    """Server to client: the product of each row of a question with the table."""

    family, name = "intermediates", "reply"
    sums: Numbers


class Receipt(Event):
    """Client and server, to everybody: how many keys were asked for in all."""

    family, name = "results", "receipt"
    questions: Count
