"""Checkpoints of one collaboration: the leader signs the log at phase ends, every other party witnesses it.

A part of the fold: what is said here depends on the order in which a party heard the others, so it draws no randomness
and is no input of a machine; but it is the same whenever that party's rows are folded again.
"""

from __future__ import annotations

import hmac
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from accord_agents.collaboration.sequences import Chain
from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Checkpoint
from accord_schemas.merkle import Hash, Tree, sha256

Known = Callable[[str, int], bytes | None]
"""The digest of a frame by sender and sequence; None while it is not held."""
Recall = Callable[[str], Checkpoint | None]
"""What this party said at the end of a phase in an earlier incarnation."""


def checkpoint_address(phase: str, sender: str) -> Address:
    """Where a party says the checkpoint of a phase."""
    return Address("session", f"checkpoint.{phase.lower()}", sender)


def leaves_between(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """(sender, sequence) of each frame beyond a cut up to another, in the order of the tree's leaves."""
    for sender in sorted(new):
        for number in range(old.get(sender, 0) + 1, new[sender] + 1):
            yield sender, number


class History:
    """The tree over all frames up to a cut that only grows; an entry is a frame's digest.

    Args:
        parties: All parties.
        leader: Who leads.
        known: Digests of the frames held.
        phases: States at which a checkpoint is said.
        hash: Of the tree.

    Attributes:
        cut: Per party the last sequence in the tree.
        tree: The tree.
    """

    def __init__(
        self,
        parties: Iterable[str],
        leader: str,
        known: Known,
        phases: frozenset[str],
        hash: Hash = sha256,  # noqa: A002
    ) -> None:
        self.cut, self.tree = dict.fromkeys(sorted(parties), 0), Tree(hash)
        self._leader, self._known, self._phases = leader, known, phases

    def malformed(self, event: Checkpoint, number: int) -> str:
        """What is wrong with a checkpoint that is the leader's event `number`, whatever it covers; or nothing."""
        if event.phase not in self._phases:
            return "names no phase"
        if set(event.cut) != set(self.cut):
            return "does not name each party once"
        if event.cut[self._leader] != number - 1:
            return "does not reach up to the event before it"
        if event.size != sum(event.cut.values()):
            return "has a wrong size"
        return ""

    def backwards(self, cut: Mapping[str, int]) -> bool:
        """Whether a cut leaves out what an earlier one covered."""
        return any(cut[party] < number for party, number in self.cut.items())

    def holds(self, cut: Mapping[str, int]) -> bool:
        """Whether all frames up to a cut are held."""
        ends = all(number <= self.cut[p] or self._known(p, number) is not None for p, number in cut.items())
        return ends and all(self._known(*leaf) is not None for leaf in leaves_between(self.cut, cut))

    def extend(self, cut: Mapping[str, int]) -> bytes:
        """Take the frames up to a cut, all of which are held; returns the root."""
        for leaf in leaves_between(self.cut, cut):
            digest = self._known(*leaf)
            assert digest is not None
            self.tree.append(digest)
        self.cut = dict(cut)
        return self.tree.root()


class Witness:
    """What one party says, hears and finds.

    Args:
        me: This party.
        agreement: The agreement.
        chain: What was heard and said.

    Attributes:
        last: The last checkpoint that this party's own view confirms.
        refuted: Why checkpoints are no longer followed; empty while all agree.
    """

    def __init__(self, me: str, agreement: Agreement, chain: Chain) -> None:
        self.me, self.leader, self.order, self.chain = me, agreement.leader, agreement.order, chain
        self.phases = job_of(agreement).checkpoints
        self.history = History(agreement.order, self.leader, chain.known, self.phases, agreement.algorithms.hash)
        self.last: Checkpoint | None = None
        self.refuted = ""
        self._owed: list[str] = []
        self._inbox: list[tuple[int, Address, Checkpoint]] = []
        self._due: list[tuple[int, str, Checkpoint]] = []
        self._said: dict[str, dict[str, Checkpoint]] = {}

    @property
    def witnesses(self) -> list[str]:
        """Who, besides the leader, has said the last checkpoint."""
        signers = self._said.get(self.last.phase, {}) if self.last else {}
        return [party for party in self.order[1:] if party in signers]

    def signers(self, number: int) -> list[str]:
        """Peers that have signed a checkpoint which covers an own event and is that of this party's own view."""
        cut = self.history.cut
        confirmed = [
            (party, event)
            for said in self._said.values()
            for party, event in said.items()
            if party != self.me and all(event.cut[p] <= cut[p] for p in cut)
        ]
        return sorted({party for party, event in confirmed if event.cut[self.me] >= number})

    @property
    def missing(self) -> list[str]:
        """Who has not said the checkpoint of the end; this party does once its own view confirms it."""
        return [party for party in self.order if party not in self._said.get(COMPLETED, {})]

    def summary(self) -> dict[str, Any] | None:
        """The last checkpoint for people."""
        if self.last is None:
            return None
        facts = {"phase": self.last.phase, "size": self.last.size, "root": self.last.root}
        return facts | {"witnessed_by": self.witnesses}

    def reached(self, state: str) -> None:
        """This party reached a state."""
        if self.me == self.leader and state in self.phases:
            self._owed.append(state)

    def heard(self, number: int, at: Address, event: Checkpoint) -> None:
        """A party said a checkpoint, as its event `number`."""
        self._inbox.append((number, at, event))

    def advance(self, recall: Recall, say: Callable[[Checkpoint], None]) -> bool:
        """Say what can be said now; returns whether anything changed.

        Args:
            recall: Asked before anything is said.
            say: Publishes.

        Raises:
            ProtocolError: A checkpoint is not that of this party's log; names whose fault it is, where that is certain.
        """
        moved = False
        try:
            while not self.refuted and (self._take() or self._confirm(recall, say) or self._lead(recall, say)):
                moved = True
        except ProtocolError as error:
            self.refuted = error.message
            raise
        return moved

    def _take(self) -> bool:
        if not self._inbox:
            return False
        number, at, event = self._inbox.pop(0)
        sender = at.sender
        wrong = "" if at == checkpoint_address(event.phase, sender) else "stands at another address"
        if sender == self.leader:
            wrong = wrong or self.history.malformed(event, number)
        if wrong or event.phase not in self.phases:
            raise ProtocolError(f"checkpoint {event.phase[:20]} of {sender} {wrong or 'names no phase'}", whose=sender)
        if sender in self._said.get(event.phase, {}):
            raise ProtocolError("an address was used twice", whose=sender)
        if sender == self.leader:
            insort(self._due, (number, event.phase, event))
        self._signed(sender, event)
        return True

    def _confirm(self, recall: Recall, say: Callable[[Checkpoint], None]) -> bool:
        """Compare the leader's next checkpoint with the own view, once that covers it."""
        if not self._due or not self.history.holds(self._due[0][2].cut):
            return False
        _, phase, event = self._due.pop(0)
        if self.history.backwards(event.cut):
            raise ProtocolError(f"checkpoint {phase} of {self.leader} goes backwards", whose=self.leader)
        if not hmac.compare_digest(self.history.extend(event.cut).hex(), event.root):
            raise self._two_histories(phase)
        self.last = event
        if self.me != self.leader:
            own = recall(phase)
            if own is None:
                say(event)
            self._signed(self.me, own or event)
        return True

    def _lead(self, recall: Recall, say: Callable[[Checkpoint], None]) -> bool:
        """The leader's own next checkpoint; what it said in an earlier incarnation is confirmed like a peer's."""
        if not self._owed or self._due:
            return False
        phase, chain = self._owed[0], self.chain
        event = recall(phase)
        if event is not None:
            self._due.append((event.cut[self.me] + 1, phase, event))
        else:
            cut = {party: chain.seen.get(party, 0) for party in self.history.cut} | {self.me: chain.sequence}
            if (phase == COMPLETED and chain.gaps) or not self.history.holds(cut):
                return False
            root = self.history.extend(cut)
            self.last = event = Checkpoint(phase=phase, cut=cut, size=self.history.tree.size, root=root.hex())
            say(event)
        self._owed.pop(0)
        self._signed(self.me, event)
        return True

    def _signed(self, sender: str, event: Checkpoint) -> None:
        signers = self._said.setdefault(event.phase, {})
        signers[sender] = event
        if any(said != signers[self.leader] for said in signers.values() if self.leader in signers):
            raise self._two_histories(event.phase)

    def _two_histories(self, phase: str) -> ProtocolError:
        """Somebody signed two versions of something; with one peer alone it is clear who."""
        others = [party for party in self.order if party != self.me]
        reason = f"two histories were shown: checkpoint {phase} of {self.leader} is not that of every party's log"
        return ProtocolError(reason, whose=others[0] if len(others) == 1 else "")
