"""Consent: who has accepted, and the nonces that all have committed to before any of them was opened.

The session id, and with it sample keys, domains and challenges, follows from the nonces of all. Whoever accepts last
could choose its own by what it has seen of the others', were they not committed to first.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Accept, Nonce


def commitment(cid: str, party: str, nonce: str) -> str:
    """What `accept` says of a nonce of 256 random bits: 64 hex digits that hide it and bind the party to it."""
    return digest(b"accord nonce", cid, party, nonce).hex()


class Consent:
    """Of one collaboration at one party; events come in any order.

    Args:
        cid: Its id.
        parties: All of them, in canonical order.

    Attributes:
        own: The own nonce, from when this party consents.
    """

    def __init__(self, cid: str, parties: Iterable[str]) -> None:
        self._cid, self._order = cid, tuple(parties)
        self.own = ""
        self._committed: dict[str, str] = {}
        self._nonces: dict[str, str] = {}

    def __contains__(self, party: str) -> bool:
        return party in self._committed

    @property
    def given(self) -> bool:
        """Whether all parties have accepted."""
        return len(self._committed) == len(self._order)

    @property
    def opened(self) -> bool:
        """Whether all have, and all nonces are known."""
        return self.given and len(self._nonces) == len(self._order)

    @property
    def missing(self) -> list[str]:
        """Whose word is waited for: that of those who have not accepted; after that, of those who have not opened."""
        known = self._nonces if self.given else self._committed
        return sorted(set(self._order) - set(known))

    def commit(self, me: str, nonce: str) -> str:
        """The own commitment, to a nonce that `own` is from now on."""
        self.own = nonce
        return commitment(self._cid, me, nonce)

    def take(self, event: Accept | Nonce, party: str) -> None:
        """What a party says; see `accept` and `open`."""
        if isinstance(event, Accept):
            self.accept(party, event.commitment)
        else:
            self.open(party, event.nonce)

    def accept(self, party: str, committed: str) -> None:
        """A party consents, and commits to its nonce.

        Raises:
            ProtocolError: It said something else before, or has opened another nonce.
        """
        if self._committed.setdefault(party, committed) != committed:
            raise ProtocolError("a party accepted twice", whose=party)
        self._check(party)

    def open(self, party: str, nonce: str) -> None:
        """A party tells its nonce.

        Raises:
            ProtocolError: It is not the one that it has committed to.
        """
        if self._nonces.setdefault(party, nonce) != nonce:
            raise ProtocolError("a party opened two nonces", whose=party)
        self._check(party)

    def session(self, agreement: bytes) -> bytes:
        """The session id, from what all parties have agreed on and their nonces."""
        return digest(b"accord sid", self._cid, agreement, *(f"{p}={self._nonces[p]}" for p in self._order))

    def _check(self, party: str) -> None:
        committed, nonce = self._committed.get(party), self._nonces.get(party)
        if committed is not None and nonce is not None and commitment(self._cid, party, nonce) != committed:
            raise ProtocolError("a nonce is not the one that its party had committed to", whose=party)
