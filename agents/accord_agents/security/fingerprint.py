"""Fingerprints of identities: programs compare 256 bits, people are shown the first 160.

Who makes keys could look for two with one fingerprint: at 160 bits that takes 2^80 tries, at 256 it is as hard as all
else. People compare with what a party says of itself, so that somebody else's keys would have to meet a given one.
"""

from __future__ import annotations

import re

FORM = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){15}")
SHORT = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){9}")
"""What people are shown, write down and type."""
_SHOWN = 49


def grouped(digest: bytes) -> str:
    """A hash of 32 bytes in groups of four hex digits."""
    text = digest.hex()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def shown(fingerprint: str) -> str:
    """What people are shown of a fingerprint."""
    return fingerprint[:_SHOWN]


def meant(written: str, fingerprint: str) -> bool:
    """Whether what somebody wrote down, whole or as it is shown, is a fingerprint."""
    return written in (fingerprint, shown(fingerprint))


def same(one: str, other: str) -> bool:
    """Whether two that people may have written down are one fingerprint, as far as they go."""
    return meant(one, other) or meant(other, one)
