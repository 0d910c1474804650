"""Codes: what programs go by where something is refused or ends. The sentence beside a code may be reworded freely."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A closed list. Values stand in journals, events, logs and metrics, so none ever changes or means something else.

    A code that a newer program has said is `GENERAL` to an older one, which knows no more than the sentence.
    """

    GENERAL = ""

    # kinds of errors
    USAGE = "usage"
    """The input is unusable."""
    TAMPERING = "tampering"
    """A difference where there must be none."""
    STORAGE = "storage"
    """What has to be kept cannot be."""
    BROKER = "broker"
    """The broker did not do what was asked."""
    TOO_LARGE = "too_large"
    """A record exceeds what the broker takes."""
    PROTOCOL = "protocol"
    """A peer's message breaks the protocol."""

    # why bytes were refused: the reasons of accord_quarantined_total
    MALFORMED = "malformed"
    """No event, or none of the agreed form."""
    SENDER = "sender"
    """The sender is not pinned."""
    SIGNATURE = "signature"
    """The signature is wrong."""
    FAMILY = "family"
    """It came on another family's topic."""
    AGREEMENT = "agreement"
    """It is for another agreement, or of somebody who is no party."""
    SEQUENCE = "sequence"
    """It is far ahead."""
    PROPOSAL = "proposal"
    """A proposal that is not what its envelope says, or names other identities than the pinned ones."""
    SECOND_VERSION = "second_version"
    """Two versions of one event: evidence, kept whole."""

    # why a collaboration ended
    POLICY = "policy"
    """A party's policy."""
    DATA = "data"
    """A party cannot use its data."""
    GATE = "gate"
    """The overlap gate."""
    NOBODY = "nobody_in_common"
    """There are no users in common: every party is shown what its own ids look like."""
    REVOKED = "revoked"
    """An identity was revoked."""
    BEHIND = "behind"
    """A party went back to a backup that is behind what others hold: it erases what it has of this at once."""
    FAULT = "fault"
    """A fault of a program."""

    @classmethod
    def of(cls, text: str) -> Code:
        """The code that a text spells; `GENERAL` where this program knows none."""
        return cls(text) if text in cls._value2member_map_ else cls.GENERAL


REFUSALS = (
    Code.MALFORMED,
    Code.SENDER,
    Code.SIGNATURE,
    Code.FAMILY,
    Code.AGREEMENT,
    Code.SEQUENCE,
    Code.PROPOSAL,
    Code.SECOND_VERSION,
)
"""Why bytes are refused: whatever strangers write, there are no others."""
