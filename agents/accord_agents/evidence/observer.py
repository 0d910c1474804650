"""The observer of one collaboration: takes signed events in any order, and says what is wrong with them. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from accord_agents.evidence import audit_rules as rules
from accord_agents.evidence.agreement import read_terms
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.final_checkpoint import Seals, seals
from accord_agents.evidence.finding import UNKNOWN, Finding, label
from accord_agents.evidence.frames import check, misplaced, stranger
from accord_agents.evidence.observed import Account, stripped
from accord_schemas.errors import FrameError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame


class Observer:
    """Fed with frames as `Frame.decode` gives them, or without their payload where that was not kept.

    Args:
        cid: The collaboration's id.
        pinned: Fingerprints of the parties that are known by another way; without them, who signed is not proven.

    Attributes:
        account: What was said; None until the proposal is there.
        found: What no further event can mend, in the order in which it was noticed.
    """

    def __init__(self, cid: str, pinned: Mapping[str, str] | None = None) -> None:
        self.cid, self._pinned = cid, pinned
        self.account: Account | None = None
        self.found: list[Finding] = []
        self._early: list[Frame] = []
        self._told: set[Finding] = set()

    @property
    def early(self) -> int:
        """How many events wait for the proposal."""
        return len(self._early)

    def take(self, frame: Frame) -> list[Finding]:
        """Take a frame; returns what is now known to be wrong and was not before."""
        before = len(self.found)
        for finding in self._take(frame):
            if finding not in self._told:
                self._told.add(finding)
                self.found.append(finding)
        return self.found[before:]

    def conclude(self, scope: Scope) -> tuple[list[Finding], Seals]:
        """Everything that is wrong, if what `scope` says ought to be here."""
        account = self.account
        if account is None:
            what = f"{len(self._early)} events belong to a collaboration whose proposal is not here"
            owed = scope.whole is None or scope.whole
            whose = UNKNOWN if self.found else scope.carrier  # one that was no use may have been the only one
            lost = [Finding("proposal", whose, self.cid, what)] if self._early and owed else []
            return [*self.found, *lost], Seals()
        judged = seals(account, scope)
        found = [
            *self.found,
            *rules.missing(account, scope, judged.covered),
            *rules.chunks(account, scope),
            *rules.consent(account, scope, judged.saw),
            *rules.states(account, scope, judged.saw),
            *rules.order(account, scope),
            *rules.completion(account, scope),
            *judged.findings,
            *rules.after_the_end(account, judged.covered),
        ]
        return list(dict.fromkeys(found)), judged

    def _take(self, frame: Frame) -> Iterator[Finding]:
        if frame.header.subject != self.cid:
            yield Finding("foreign", UNKNOWN, label(frame), f"{label(frame)} belongs to another collaboration")
        elif self.account is not None:
            yield from self._known(self.account, frame)
        elif frame.header.event_class is Propose and frame.payload:
            yield from self._proposed(frame)
        else:
            self._early.append(stripped(frame))

    def _proposed(self, frame: Frame) -> Iterator[Finding]:
        try:
            terms = read_terms(frame)
        except FrameError as error:
            yield Finding("proposal", UNKNOWN, label(frame), error.message)
            return
        if (wrong := stranger(frame, terms)) is not None:
            yield wrong
            return
        yield from self._pins(terms.fingerprints())
        self.account = Account.of(terms)
        early, self._early = self._early, []
        for one in [frame, *early]:
            yield from self._known(self.account, one)

    def _pins(self, fingerprints: Mapping[str, str]) -> Iterator[Finding]:
        if self._pinned is None:
            return
        for party, fingerprint in fingerprints.items():
            known = self._pinned.get(party)
            if known is None:
                what = f"{party} is not among the identities given: who signed for it is not proven"
                yield Finding("key", UNKNOWN, party, what, warning=True)
            elif fingerprint not in known.split():
                what = f"the key that speaks for {party} is {fingerprint}, not the known {known or '(revoked)'}"
                yield Finding("key", UNKNOWN, party, what)

    def _known(self, account: Account, frame: Frame) -> Iterator[Finding]:
        if (wrong := stranger(frame, account.terms)) is not None:
            yield wrong
            return
        header = frame.header
        line = account.lines[header.source]
        known = line.frames.get(header.number)
        if known is not None and known.digest == frame.digest:
            account.repeated += 1
            return
        if known is not None:
            account.versions.append(stripped(frame))
            what = f"{header.source} signed two versions of its event {header.number}"
            yield Finding("equivocation", header.source, label(frame), what)
            return
        yield from check(frame, account.terms)
        for party, number in header.seen.items():
            if party not in account.lines:
                what = f"{header.source} acknowledges {party}, which is no party"
                yield Finding("watermark", header.source, label(frame), what)
            else:
                claim = (header.source, party)
                account.claims[claim] = max(number, account.claims.get(claim, 0))
        if header.number:
            yield from line.add(stripped(frame))
            yield from self._filed(account, stripped(frame))

    def _filed(self, account: Account, frame: Frame) -> Iterator[Finding]:
        header = frame.header
        if header.part[0] in account.chunks.get(header.address, {}):
            what = f"{header.source} used the address {header.instance}/{header.step} twice"
            yield Finding("address", header.source, label(frame), what)
            return
        try:
            account.keep(frame)
        except FrameError as error:
            yield Finding("form", header.source, label(frame), error.message)
            return
        event = account.events.get(header.address)
        if event is not None and (wrong := misplaced(header.address, event)):
            yield Finding("place", header.source, label(frame), f"event {header.number} of {header.source} {wrong}")
