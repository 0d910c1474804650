"""Whose word a verifier can tell: identities known by another way than the events, each with its validity."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Mapping

from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.sender_history import TOLERANCE
from accord_agents.security.fingerprint import meant, same, shown
from accord_agents.security.identity import PublicIdentity
from accord_agents.security.validity import KnownIdentity, written
from accord_schemas.frame import Frame


class Known:
    """Identities by party.

    Args:
        entries: (party, identity); several entries for one identity count together.
    """

    def __init__(self, entries: Iterable[tuple[str, KnownIdentity]] = ()) -> None:
        self._by_party: dict[str, list[KnownIdentity]] = {}
        for party, entry in entries:
            known = self._by_party.setdefault(party, [])
            before = [e for e in known if same(e.fingerprint, entry.fingerprint)]
            known[:] = [e for e in known if e not in before] + [functools.reduce(KnownIdentity.merged, before, entry)]

    @staticmethod
    def of(fingerprints: Mapping[str, str]) -> Known:
        """One fingerprint per party."""
        return Known((party, KnownIdentity(fingerprint)) for party, fingerprint in fingerprints.items())

    def find(self, party: str, fingerprint: str) -> KnownIdentity | None:
        """A party's identity of that fingerprint, which the file may have as it is shown."""
        return next((e for e in self._by_party.get(party, []) if meant(e.fingerprint, fingerprint)), None)

    def keys(self, party: str) -> list[PublicIdentity]:
        """The keys of a party, as far as more than their fingerprints is known."""
        return [entry.public for entry in self._by_party.get(party, []) if entry.public]

    def proves(self, fingerprints: Mapping[str, str]) -> bool:
        """Whether every party's identity is known, so that who signed is proven where nothing is wrong."""
        found = [self.find(party, fingerprint) for party, fingerprint in fingerprints.items()]
        return bool(found) and all(entry is not None and entry.dated for entry in found)

    def judge(self, fingerprints: Mapping[str, str]) -> Iterator[Finding]:
        """What is to be said about the identities that a proposal names."""
        for party, fingerprint in fingerprints.items():
            entry = self.find(party, fingerprint)
            if party not in self._by_party:
                what = f"{party} is not among the identities given: who signed for it is not proven"
                yield Finding("key", UNKNOWN, party, what, warning=True)
            elif entry is None:
                known = " or ".join(shown(e.fingerprint) for e in self._by_party[party])
                what = f"the key that speaks for {party} is {shown(fingerprint)}, not the known {known}"
                yield Finding("key", UNKNOWN, party, what)
            elif entry.revocation is not None and entry.revocation.at is None:
                what = (
                    f"the identity of {party} was {entry.revocation}, and nobody says since when: who signed for it is"
                    " not proven"
                )
                yield Finding("key", UNKNOWN, party, what, warning=True)
            elif entry.revocation is not None:
                what = (
                    f"the identity of {party} was {entry.revocation}: what it signed counts if it is dated before, and"
                    " each date is the sender's own claim"
                )
                yield Finding("key", UNKNOWN, party, what, warning=True)

    def outdated(self, frame: Frame, fingerprint: str) -> Iterator[Finding]:
        """What is wrong with the date of an event that an identity signed.

        A revoked identity says nothing more. One that was replaced finishes what it entered, as agreements name it to
        their end; when it entered is the date of its first event.
        """
        party = frame.header.source
        entry, when = self.find(party, fingerprint), _claimed(frame)
        if entry is None:
            return
        revoked = entry.revocation
        if revoked is not None and revoked.at is not None and not (when and when < revoked.at):
            what = f"what {party} signed is dated after its identity was {revoked}"
            yield Finding("key", UNKNOWN, party, what)
        if frame.header.number != 1:
            return
        if entry.until is not None and not (when and when <= entry.until + TOLERANCE):
            what = f"{party} entered with an identity that had been replaced on {written(entry.until)}"
            yield Finding("key", UNKNOWN, party, what)
        if entry.since is not None and not (when and when >= entry.since - TOLERANCE):
            what = f"{party} entered with an identity that it has only since {written(entry.since)}"
            yield Finding("key", UNKNOWN, party, what)


def _claimed(frame: Frame) -> datetime.datetime | None:
    """When a frame was said, as its sender claims; None where there is no such day."""
    try:
        return datetime.datetime.fromisoformat(frame.header.time)
    except ValueError:
        return None
