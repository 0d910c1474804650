"""What was said in one collaboration, as far as it is here: events by sender and by address. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_agents.evidence.agreement import Proposal
from accord_agents.evidence.sender_history import SenderHistory
from accord_protocols.jobs.base import Job
from accord_protocols.jobs.registry import job_of
from accord_schemas.address import Address
from accord_schemas.events import Event
from accord_schemas.frame import Frame


@dataclass(slots=True)
class Observed:
    """Frames that passed every check of their own.

    Args:
        proposal: What the proposal fixed.
        senders: The history of each.
        chunks: The frames of each address, by chunk.
        events: Events whose clear payload is here, by address.
        claims: (claimant, sender) to the highest sequence of the sender that the claimant says it holds.
        versions: Frames that are a second version of an event.
        repeated: How often an event came again unchanged.
    """

    proposal: Proposal
    senders: dict[str, SenderHistory]
    chunks: dict[Address, dict[int, Frame]] = field(default_factory=dict)
    events: dict[Address, Event] = field(default_factory=dict)
    claims: dict[tuple[str, str], int] = field(default_factory=dict)
    versions: list[Frame] = field(default_factory=list)
    repeated: int = 0

    @property
    def job(self) -> Job:
        """What the parties do together."""
        return job_of(self.proposal.agreement)

    @staticmethod
    def of(proposal: Proposal) -> Observed:
        """An observed in which nothing was said yet."""
        table = job_of(proposal.agreement).table
        moves = frozenset((before, after) for (before, _), after in table.items())
        return Observed(proposal, {party: SenderHistory(party, moves) for party in proposal.agreement.order})

    def known(self, sender: str, number: int) -> bytes | None:
        """The digest of an event that is here."""
        frame = self.senders[sender].frames.get(number)
        return frame.digest if frame else None

    def number(self, address: Address) -> int | None:
        """The sequence of the last frame at an address."""
        return max((f.header.number for f in self.chunks.get(address, {}).values()), default=None)

    def claimed(self, sender: str) -> tuple[int, str]:
        """The highest sequence of a sender that anybody says to hold, and who says so."""
        return max(((n, who) for (who, whom), n in self.claims.items() if whom == sender), default=(0, ""))

    def unbroken(self, sender: str) -> bool:
        """Whether nothing that a sender said is known to be missing here."""
        line = self.senders[sender]
        return line.at == line.last >= self.claimed(sender)[0]

    def keep(self, frame: Frame) -> None:
        """File a frame under its address, and read the event once all of its clear payload is here.

        Raises:
            FrameError: It is not of its type's form.
        """
        header = frame.header
        chunks = self.chunks.setdefault(header.address, {})
        chunks[header.part[0]] = frame
        if header.event_class.encrypted or len(chunks) < header.part[1] or not all(f.payload for f in chunks.values()):
            return
        payload = b"".join(chunks[k].payload for k in sorted(chunks))
        self.events[header.address] = header.event_class.decode(payload)


def stripped(frame: Frame) -> Frame:
    """A frame without a payload that nobody here can read."""
    return Frame(frame.header, b"", frame.signature, frame.head) if frame.header.event_class.encrypted else frame
