"""The closed union of everything that agents say to each other.

`control`, `keys` and `results` travel in clear; every other family is encrypted to its recipients. `control` and
`results` are plain JSON, so that any tool can follow a collaboration.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from accord_schemas.arrays import Blocks16, Digests, Numbers, Reals, RingVector, Vectors
from accord_schemas.blocks import decode_fields, load_canonical, payload
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.payload import Payload

CLEAR = frozenset({"control", "keys", "results"})
JSON = frozenset({"control", "results"})
MAX_TEXT = 1000
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
PublicKey = Annotated[str, Field(max_length=4000)]
"""In hex digits; the longest, of the profile `pq`, has 3,968."""
Coded = Annotated[str, Field(pattern=r"^[a-z_]{0,32}$")]
"""A `codes.Code`, or one of a newer program; what a program does for a reason follows from it, never from the text."""
Count = Annotated[int, Field(ge=0, le=1 << 40)]
Commitment = Annotated[bytes, Field(min_length=32, max_length=32)]
"""A salted digest: it hides what it is of, and binds to it."""


class Event(BaseModel):
    """Base of all events: frozen, strict, unknown fields refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )
    family: ClassVar[str] = ""
    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Another one where the same bytes mean something else; the old class stays beside (docs/upgrading.md)."""
    type: ClassVar[str] = ""
    encrypted: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.type = f"org.accord.{cls.family}.{cls.name}.v{cls.version}"
        cls.encrypted = cls.family not in CLEAR
        EVENTS[cls.type] = cls

    def payload(self) -> Payload:
        """What travels, in clear: canonical JSON, or fields with blocks. Empty optional fields are left out."""
        known = type(self).model_fields.items()
        said = {name: (getattr(self, name), field.is_required()) for name, field in known}
        fields = {name: value for name, (value, required) in said.items() if required or not _empty(value)}
        return Payload([canonical_json(fields)]) if self.family in JSON else payload(fields)

    def encode(self) -> bytes:
        """The payload in clear, as bytes."""
        return self.payload().encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The event in the payload `data`.

        Raises:
            FrameError: Not of this event's form, or not in its one encoding.
        """
        event = cls.of(load_canonical(data) if cls.family in JSON else decode_fields(data))
        head = event.payload().parts[0]  # what follows are the very bytes that were decoded
        if data[: len(head)] != head or (cls.family in JSON and data != head):
            raise FrameError(f"{cls.type} is not in canonical form")
        return event

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        """The event with these fields.

        Raises:
            FrameError: They are not those of this event.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise FrameError(f"{cls.type}: the field {where or 'set'} is not of the agreed form") from None


def _empty(value: Any) -> bool:
    """Whether an optional field says nothing: None, zero, false, or without any entry."""
    return value.size == 0 if isinstance(value, np.ndarray) else not value


EVENTS: dict[str, type[Event]] = {}
"""Every event by its CloudEvents type."""
UNSEQUENCED = frozenset({"ack", "asked", "held", "resend"})
"""Names of the events outside sequence, chain, transcript and journal; lost ones are said again or not missed."""


class Propose(Event):
    """A collaboration is proposed; the agreement as JSON, and every party's public keys, for those who only watch."""

    family, name = "control", "propose"
    agreement: dict[str, Any]
    nonce: Hex32
    identities: dict[str, dict[str, PublicKey]] = {}


class Accept(Event):
    """Consent to the agreement whose digest the envelope carries, and a commitment to the own nonce."""

    family, name = "control", "accept"
    commitment: Hex32


class Nonce(Event):
    """The nonce that its sender had committed to; said when all have accepted."""

    family, name = "control", "nonce"
    nonce: Hex32


class Refuse(Event):
    """A party, its policy or the gate says no."""

    family, name = "control", "refuse"
    reason: Text
    code: Coded = ""


class Cancel(Event):
    """The proposer or a party calls it off."""

    family, name = "control", "cancel"
    reason: Text


class Fail(Event):
    """A party ends the collaboration; whose fault it finds, in one fixed reason."""

    family, name = "control", "fail"
    reason: Text
    whose: Text
    code: Coded = ""


class Expire(Event):
    """The agreement's deadline passed; the missing addresses say whose silence it was."""

    family, name = "control", "expire"
    missing: list[Text]


class Gate(Event):
    """The overlap gate's decision for one edge; the count stays with the leader."""

    family, name = "control", "gate"
    party: Text
    decision: Literal["pass", "refuse"]
    features: Literal["pass", "warn", "refuse"]
    sampled: bool


class Complete(Event):
    """A party has its result: the common rows; of a training also the digest of its model, and how it went."""

    family, name = "control", "complete"
    rows: Count
    model: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    rounds: Count = 0
    converged: bool = False


class Ack(Event):
    """Nothing but watermarks; unsequenced, outside chain, journal and transcript."""

    family, name = "control", "ack"


class Checkpoint(Event):
    """The leader signs the log up to a cut, at the end of a phase; every other party repeats it as a witness.

    `cut` names per party the last sequence that is covered. `size` and `root` are those of the Merkle tree (RFC 9162)
    over the digests of all frames up to it: those beyond the previous cut by sender, then sequence.
    """

    family, name = "control", "checkpoint"
    phase: Text
    cut: dict[str, Count]
    size: Count
    root: Hex32


class Asked(Event):
    """What do you hold of me? Said by a party that cannot be sure to know all that it has said; unsequenced."""

    family, name = "control", "asked"
    nonce: Hex32


class Held(Event):
    """The answer to one `asked`; unsequenced.

    `last` is the asker's own event of the highest sequence held, header and signature as hex, so that nobody can claim
    what was never said; empty where none is held. `said` is the last sequence of the party that answers.
    """

    family, name = "control", "held"
    nonce: Hex32
    last: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", max_length=64 * 1024)]
    said: Count


class Resend(Event):
    """Publish again what you hold of `sender` beyond the sequence `after`; unsequenced, answered within bounds."""

    family, name = "control", "resend"
    nonce: Hex32
    sender: Text
    after: Count


class State(Event):
    """A party reached a state of the collaboration; for those who watch without keys."""

    family, name = "results", "state"
    state: Text
    round: Count


class IdSet(Event):
    """The sizes of a party's id set and, where the gate compares them, of its column names; a commitment to both."""

    family, name = "keys", "ids"
    ids: Count
    commitment: Commitment
    names: Count = 0


class ExchangeKey(Event):
    """The X25519 key from which a party derives a secret with each peer."""

    family, name = "keys", "exchange"
    key: Annotated[bytes, Field(min_length=32, max_length=32)]


class PaillierKey(Event):
    """The modulus n of a computing party, and nine n-th roots: gcd(n, φ(n)) = 1."""

    family, name = "keys", "paillier"
    key: Numbers
    proof: Numbers


class OprfKey(Event):
    """The key of a party that serves alignment, by the agreed scheme; `rsa`: modulus, nine roots; `ecdh`: a point."""

    family, name = "keys", "oprf"
    scheme: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    key: Numbers
    proof: Numbers


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
    """Alignment, leader to server: blinded ids."""

    family, name = "psi", "blinded"
    numbers: Numbers


class Signed(Event):
    """Alignment, server to leader: the blinded ids under the server's key."""

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


class Masked(Event):
    """Alignment by OT extension, leader to server: its half of the base transfers, and its masked table."""

    family, name = "psi", "masked"
    point: Digests
    corrections: Blocks16
    table: Vectors


class Marks(Event):
    """Alignment of two parties by OT extension, server to leader: the beginnings of its tags, in their own order."""

    family, name = "psi", "marks"
    tags: Numbers


class Tags(Event):
    """Alignment, leader to server: the tags of the intersection, in the common row order."""

    family, name = "psi", "tags"
    tags: Digests


class RowOrder(Event):
    """Alignment, among those who do not lead: a MAC over the common ids in their order, under the pair's key."""

    family, name = "psi", "order"
    mac: Annotated[bytes, Field(min_length=32, max_length=32)]


class Prepared(Event):
    """A party's prepared block: number of columns, and the power of two that bounds its whitened values.

    The label holder also says by which power of two it divided its labels and, at `score` alone, how many bits a
    residual may need. Everybody commits to its rows as they were read and to the block, the label holder also to the
    label: an auditor who is shown the party's folder can tell whether other data were used.
    """

    family, name = "intermediates", "prepared"
    columns: Annotated[int, Field(ge=0, le=4096)]
    bound: Annotated[int, Field(ge=0, le=12)]
    shift: Annotated[int, Field(ge=-1100, le=1100)]
    range: Annotated[int, Field(ge=0, le=38)] = 0
    data: Commitment
    block: Commitment
    label: Annotated[bytes, Field(max_length=32)] = b""


class Pads(Event):
    """Encrypted one-time pads: one ciphertext a row, one slot an iteration."""

    family, name = "intermediates", "pads"
    numbers: Numbers


class Products(Event):
    """Products of encrypted pads with the own columns, offset and randomised: one ciphertext a column."""

    family, name = "intermediates", "products"
    numbers: Numbers


class Scores(Event):
    """A share of the own scores, one ring element a row."""

    family, name = "intermediates", "scores"
    shares: RingVector


class Residual(Event):
    """The own share of the residual under a pad, and the pad's product with the recipient's columns."""

    family, name = "gradients", "residual"
    masked: RingVector
    products: RingVector


class Sums(Event):
    """Masked inner products for the label holder to add up."""

    family, name = "gradients", "sums"
    values: RingVector


class Direction(Event):
    """The label holder's decision after a round: step length, coefficients of the next direction, whether to stop."""

    family, name = "gradients", "direction"
    stop: Literal["", "tolerance", "rounds", "stalled"]
    step: Annotated[float, Field(ge=0)]
    coefficients: Reals
