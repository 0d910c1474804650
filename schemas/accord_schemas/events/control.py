"""What a collaboration says in clear: proposal, consent, decisions, ends, checkpoints, acknowledgements."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from accord_schemas.events.base import Coded, Count, Event, Hex32, PublicKey, Text


class Propose(Event):
    """A collaboration is proposed; the agreement as JSON, and every party's public keys, for those who only watch."""

    family, name = "control", "propose"
    agreement: dict[str, Any]
    nonce: Hex32
    identities: dict[str, dict[str, PublicKey]] = Field(default={})


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


class Measured(Event):
    """A leader has counted what it shares with a party; the count stays with it."""

    family, name = "control", "measured"
    party: Text
    sampled: bool


class Complete(Event):
    """A party has its result: the common rows; of a training also the digest of its model, and how it went.

    `few` says that its TRAIN rows are few for its columns, so that what it learned of sums tells more about each row.
    """

    family, name = "control", "complete"
    rows: Count
    model: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    rounds: Count = 0
    converged: bool = False
    few: bool = False


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
