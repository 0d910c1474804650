"""The observer of one collaboration: takes signed events in any order, and says what is wrong with them. No IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from accord_agents.evidence import audit_rules as rules
from accord_agents.evidence.agreement import read_proposal
from accord_agents.evidence.audit_rules import Scope
from accord_agents.evidence.final_checkpoint import Witnessed, witnessed
from accord_agents.evidence.finding import UNKNOWN, Finding, Note, Place, label
from accord_agents.evidence.frames import check, misplaced, stranger
from accord_agents.evidence.known import Known
from accord_agents.evidence.observed import Observed, stripped
from accord_schemas.errors import FrameError
from accord_schemas.events import Propose
from accord_schemas.frame import Frame

NOWHERE = Place("", "", 0)
"""Of events that come from no log."""
Aside = Callable[[Note, Frame], None]
"""Takes what nobody has signed, and what is said about it."""


class Observer:
    """Fed with frames as `Frame.decode` gives them, or without their payload where that was not kept.

    Args:
        cid: The collaboration's id.
        known: Identities that are known by another way; without them, who signed is not proven.
        aside: Takes what is nobody's word, where anybody may have written it: on a log. Without it, that is a finding:
            who made a file answers for all that is in it.

    Attributes:
        observed: What was said; None until the proposal is there.
        found: What no further event can mend, in the order in which it was noticed.
        said: The digests of all that is signed and lies where it belongs.
    """

    def __init__(self, cid: str, known: Known | None = None, aside: Aside | None = None) -> None:
        self.cid, self._identities, self._aside = cid, known, aside
        self.observed: Observed | None = None
        self.found: list[Finding] = []
        self.said: set[bytes] = set()
        self._astray: dict[bytes, tuple[str, Place]] = {}
        self._early: list[tuple[Frame, Place]] = []
        self._unusable = False
        self._told: set[Finding] = set()

    @property
    def early(self) -> int:
        """How many events wait for the proposal."""
        return len(self._early)

    def take(self, frame: Frame, place: Place = NOWHERE) -> list[Finding]:
        """Take a frame; returns what is now known to be wrong and was not before."""
        before = len(self.found)
        for finding in self._take(frame, place):
            if finding not in self._told:
                self._told.add(finding)
                self.found.append(finding)
        return self.found[before:]

    def conclude(self, scope: Scope) -> tuple[list[Finding], Witnessed]:
        """Everything that is wrong, if what `scope` says ought to be here."""
        observed = self.observed
        if observed is None:
            what = f"{len(self._early)} events belong to a collaboration whose proposal is not here"
            owed = (scope.whole is None or scope.whole) and self.stands()
            whose = UNKNOWN if self.found or self._unusable else scope.carrier  # an unusable one may have been the only
            return [*self.found, *([Finding("proposal", whose, self.cid, what)] if owed else [])], Witnessed()
        judged = witnessed(observed, scope)
        found = [
            *self.found,
            *rules.missing(observed, scope, judged.covered),
            *(self._misfiled() if scope.whole is None else ()),
            *rules.chunks(observed, scope),
            *rules.consent(observed, scope, judged.saw),
            *rules.nonces(observed, self.cid),
            *rules.states(observed, scope, judged.saw),
            *rules.order(observed, scope),
            *rules.completion(observed, scope),
            *rules.rounds(observed),
            *judged.findings,
            *rules.after_the_end(observed, judged.covered),
        ]
        return list(dict.fromkeys(found)), judged

    def unproposed(self) -> list[Note]:
        """Events that are nobody's word, as far as that shows without a proposal; see `stands`."""
        if self.stands():
            return []
        what = "no collaboration of this id was proposed here"
        return [Note("unproposed", self.cid, at, f"{label(f)} is nobody's word: {what}") for f, at in self._early]

    def stands(self) -> bool:
        """Whether there is such a collaboration: it was proposed, or its proposal was lost.

        Anybody may write on a log what looks like an event. One that a known key has signed, or one that continues
        another where no key is known, belongs to a collaboration whose proposal is not here.
        """
        if self.observed is not None or self._aside is None:
            return self.observed is not None or bool(self._early)
        ends = {frame.digest.hex() for frame, _ in self._early}
        for frame, _ in self._early:
            keys = self._identities.keys(frame.header.source) if self._identities else []
            if any(public.signed(frame) for public in keys) or (not keys and frame.header.previoushash in ends):
                return True
        return False

    def _misfiled(self) -> Iterator[Finding]:
        for digest, (what, place) in self._astray.items():
            if digest not in self.said:
                sentence = f"{what} lies only where it does not belong: {place}"
                yield Finding("misfiled", UNKNOWN, what, sentence)

    def _take(self, frame: Frame, place: Place) -> Iterator[Finding]:
        if frame.header.subject != self.cid:
            yield Finding("foreign", UNKNOWN, label(frame), f"{label(frame)} belongs to another collaboration")
        elif self.observed is not None:
            yield from self._known(self.observed, frame, place)
        elif frame.header.event_class is Propose and frame.payload:
            yield from self._proposed(frame, place)
        else:
            self._early.append((stripped(frame), place))

    def _proposed(self, frame: Frame, place: Place) -> Iterator[Finding]:
        wrong: Finding | None
        try:
            proposal = read_proposal(frame)
            wrong = stranger(frame, proposal)
        except FrameError as error:
            wrong = Finding("proposal", UNKNOWN, label(frame), error.message)
        if wrong is not None:
            self._unusable = True
            yield from self._nobodys(wrong, frame, place)
            return
        if self._identities is not None:
            yield from self._identities.judge(proposal.fingerprints())
        self.observed = Observed.of(proposal)
        early, self._early = self._early, []
        for one, at in [(frame, place), *early]:
            yield from self._known(self.observed, one, at)

    def _nobodys(self, wrong: Finding, frame: Frame, place: Place) -> Iterator[Finding]:
        """What no party's signature stands behind."""
        if self._aside is None:
            yield wrong
        else:
            self._aside(Note(wrong.kind, self.cid, place, wrong.sentence), frame)

    def _known(self, observed: Observed, frame: Frame, place: Place) -> Iterator[Finding]:
        wrong = stranger(frame, observed.proposal)
        if wrong is not None and not wrong.whose:
            yield from self._nobodys(wrong, frame, place)
            return
        if place.right:
            self.said.add(frame.digest)
        else:
            self._astray.setdefault(frame.digest, (label(frame), place))
        if wrong is not None:
            yield wrong
            return
        header = frame.header
        line = observed.senders[header.source]
        known = line.frames.get(header.number)
        if known is not None and known.digest == frame.digest:
            observed.repeated += 1
            return
        if known is not None:
            observed.versions.append(stripped(frame))
            what = f"{header.source} signed two versions of its event {header.number}"
            yield Finding("equivocation", header.source, label(frame), what)
            return
        if self._identities is not None:
            yield from self._identities.outdated(frame, observed.proposal.identities[header.source].fingerprint)
        yield from check(frame, observed.proposal)
        for party, number in header.seen.items():
            if party not in observed.senders:
                what = f"{header.source} acknowledges {party}, which is no party"
                yield Finding("watermark", header.source, label(frame), what)
            else:
                claim = (header.source, party)
                observed.claims[claim] = max(number, observed.claims.get(claim, 0))
        if header.number:
            yield from line.add(stripped(frame))
            yield from self._filed(observed, stripped(frame))

    def _filed(self, observed: Observed, frame: Frame) -> Iterator[Finding]:
        header = frame.header
        if header.part[0] in observed.chunks.get(header.address, {}):
            what = f"{header.source} used the address {header.instance}/{header.step} twice"
            yield Finding("address", header.source, label(frame), what)
            return
        try:
            observed.keep(frame)
        except FrameError as error:
            yield Finding("form", header.source, label(frame), error.message)
            return
        event = observed.events.get(header.address)
        if event is not None and (wrong := misplaced(header.address, event, observed.job)):
            yield Finding("place", header.source, label(frame), f"event {header.number} of {header.source} {wrong}")
