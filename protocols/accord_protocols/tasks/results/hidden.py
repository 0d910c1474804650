"""What tasks of trees at level `shared` give; `accord_protocols.tasks.hidden` says what each field is."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.tasks.results.common import Bytes, Floats, Ints, Words


@dataclass(frozen=True, slots=True, repr=False)
class Ended:
    """Where groups end."""

    ends: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """Labels between 0 and 1, and first scores."""

    labels: Ints
    scores: Words
    low: float
    span: float


@dataclass(frozen=True, slots=True, repr=False)
class Rooted:
    """Shares of the root's words."""

    words: Words


@dataclass(frozen=True, slots=True, repr=False)
class VectorsSent:
    """Vectors under their pads, and shares of their sums by bin, ``(parts, vectors, m, W)``."""

    nonces: Bytes
    told: Words
    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Picked:
    """The splits of a level."""

    owners: Bytes
    splits: Ints
    gains: Floats
    caps: Bytes
    above: Words
    leaves: Ints
    weights: Ints


@dataclass(frozen=True, slots=True, repr=False)
class BitsChosen:
    """Bits as choices of transfers, and what the holder keeps of them."""

    nonce: bytes
    check: bytes
    choices: Bytes
    bits: Bytes
    t: Words


@dataclass(frozen=True, slots=True, repr=False)
class BitsAccepted:
    """The sender's half of these transfers."""

    q: Words


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """Numbers under the pads of bits, and the sender's share of the products."""

    nonce: bytes
    told: Words
    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Multiplied:
    """The holder's share."""

    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Descended:
    """Shares of the children's words, and of the left ones alone."""

    words: Words
    left: Words


@dataclass(frozen=True, slots=True, repr=False)
class Faced:
    """Shares of what right children come to, and by how much left ones differ."""

    right: Words
    apart: Words


@dataclass(frozen=True, slots=True, repr=False)
class Lifted:
    """Shares of what splits come to."""

    values: Words


@dataclass(frozen=True, slots=True, repr=False)
class Raised:
    """Shares of scores."""

    scores: Words


@dataclass(frozen=True, slots=True, repr=False)
class Squared:
    """How far the label holder's shares of TEST scores are off, as factors, and the sum of their squares."""

    x: Words
    own: Words


@dataclass(frozen=True, slots=True, repr=False)
class Missed:
    """A share of the sum of TEST rows' squares."""

    total: Words
