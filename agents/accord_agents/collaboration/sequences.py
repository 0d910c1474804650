"""Sequences, watermarks and hash chains of a collaboration: what was heard of whom, and what we said last."""

from __future__ import annotations

from accord_schemas.frame import Frame


class Chain:
    """Tracks every sender of one collaboration.

    Attributes:
        sequence: The last own sequence.
        previous: The hash of the own frame before the next one.
        seen: Per peer the highest sequence up to which nothing is missing.
        covered: Per peer how far it has told to hold our events.
        broken: A peer whose frames do not chain; empty while all do.
        own: Own sequences whose frames this party has.
    """

    def __init__(self) -> None:
        self.sequence, self.previous = 0, bytes(32)
        self.seen: dict[str, int] = {}
        self.covered: dict[str, int] = {}
        self.broken = ""
        self.own: set[int] = set()
        self._back: set[int] = set()
        self._frames: dict[tuple[str, int], bytes] = {}
        self._last: dict[str, bytes] = {}
        self._ahead: dict[str, dict[int, tuple[bytes, bytes]]] = {}

    @property
    def gaps(self) -> bool:
        """Whether a frame of a peer is missing before one that was heard."""
        return any(self._ahead.values())

    def known(self, sender: str, number: int) -> bytes | None:
        """The digest of a frame heard or said earlier."""
        return self._frames.get((sender, number))

    def heard(self, sender: str, number: int, frame: bytes, previous: bytes) -> None:
        """A peer's frame; a gap delays watermark and chain check, nothing else."""
        self._frames[sender, number] = frame
        ahead = self._ahead.setdefault(sender, {})
        ahead[number] = (frame, previous)
        at = self.seen.get(sender, 0)
        while at + 1 in ahead:
            at += 1
            frame, previous = ahead.pop(at)
            if previous != self._last.get(sender, bytes(32)):
                self.broken = self.broken or sender
            self._last[sender] = frame
        self.seen[sender] = at

    def told(self, sender: str, seen: int) -> bool:
        """A peer's watermark for our events; whether it moved."""
        if seen <= self.covered.get(sender, 0):
            return False
        self.covered[sender] = min(seen, self.sequence)
        return True

    def read_back(self, number: int) -> None:
        """An own frame stands on the log."""
        self._back.add(number)

    def settled(self, covered: int) -> bool:
        """Whether each own frame beyond those that all peers hold was read back from the log, as far as we have it."""
        return all(n in self._back or n not in self.own for n in range(covered + 1, self.sequence + 1))

    def missing(self, upto: int) -> int:
        """The first own sequence, up to one, whose frame this party does not have; 0 if it has all."""
        return next((number for number in range(1, upto + 1) if number not in self.own), 0)

    def gap(self, sender: str) -> bool:
        """Whether something of a peer is missing before something that was heard."""
        return bool(self._ahead.get(sender))

    def said(self, frame: Frame) -> None:
        """An own frame, new."""
        self.sequence, self.previous = frame.header.number, frame.digest
        self._frames[frame.header.source, self.sequence] = self.previous
        self.own.add(self.sequence)

    def adopt(self, frame: Frame, *, whole: bool = True) -> None:
        """An own frame of an earlier incarnation, read back; not `whole` where only its header is known."""
        if whole:
            self.own.add(frame.header.number)
        self._frames[frame.header.source, frame.header.number] = frame.digest
        if frame.header.number > self.sequence:
            self.sequence, self.previous = frame.header.number, frame.digest
        self.read_back(frame.header.number)
