"""What an edge has used in one direction, at either end: nothing is used twice.

A number or a nonce that returns would put two secrets under one pad, and everybody who reads the log could take their
difference. So both ends count, and whoever sees a repetition ends the collaboration.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

MOST = 1 << 64
"""Numbers that a direction of an edge has."""
REPEATED = "a number of an edge is used a second time"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Numbers below `number` are used, and these nonces."""

    number: int = 0
    nonces: frozenset[bytes] = field(default=frozenset(), repr=False)

    def used(self, number: int, nonces: Iterable[bytes]) -> Ledger:
        """With the uses from `number` on, one for each nonce.

        Raises:
            ProtocolError: A number or a nonce is used a second time, one was left out, or there are none left.
        """
        fresh = list(nonces)
        together = self.nonces.union(fresh)
        if number != self.number or len(together) != len(self.nonces) + len(fresh) or number + len(fresh) > MOST:
            raise ProtocolError(REPEATED)
        return Ledger(number + len(fresh), together)


def nonce(key: bytes, label: tuple[str | bytes | int, ...], *secrets: bytes) -> bytes:
    """16 bytes that another key, label or secret gives otherwise: a synthetic nonce.

    Args:
        key: 32 bytes that follow from the party's seed and its whole history.
        label: What it is for: edge, direction, number; joined without ambiguity.
        secrets: What it is used with.
    """
    parts = [part if isinstance(part, bytes | str) else part.to_bytes(8, "big") for part in label]
    return hmac.digest(key, digest(b"accord onehot nonce", digest(*parts), *secrets), "sha256")[:16]
