"""Keys that were rotated or revoked: the past stays proven, and what is signed afterwards is not."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from tests.support.recorded import EXPORTER, PINS, Recorded, audited, retold, signed
from tests.support.recorded import recorded_as as records

from accord_agents.evidence.known import Known
from accord_agents.evidence.telling import told
from accord_agents.evidence.verdict import verify
from accord_agents.security.identity import Identity
from accord_agents.security.validity import KnownIdentity, Revocation, moment, written

DAY = datetime.timedelta(days=1)
NEW = Identity("shop", b"n" * 64).public.fingerprint


@pytest.fixture
def said(recorded: Recorded) -> datetime.datetime:
    """When the events were said, as they claim: all at once."""
    (only,) = {frame.header.time for frame in recorded.frames()}
    return moment(only)


def known(**shop: object) -> Known:
    """Everybody's fingerprint; shop has another identity now, and its old one this validity."""
    old = KnownIdentity(PINS["shop"], None, **shop)  # type: ignore[arg-type]
    rest = ((party, KnownIdentity(pin)) for party, pin in PINS.items() if party != "shop")
    return Known([*rest, ("shop", KnownIdentity(NEW)), ("shop", old)])


def verdicts(recorded: Recorded, known: Known) -> Iterator[tuple[str, list[bool]]]:
    """Of the file and of the log: the verdict, and of each finding whether it only warns."""
    of_file = verify(recorded.files[EXPORTER], known)
    yield of_file.verdict, [finding.warning for finding in of_file.findings]
    (report,) = audited(recorded.log, known)
    yield report.verdict(known), [finding.warning for finding in report.findings]


def test_what_a_former_identity_signed_stays_proven(recorded: Recorded, said: datetime.datetime) -> None:
    for validity in ({}, {"until": said + DAY}, {"until": said}, {"since": said - DAY, "until": said + DAY}):
        assert [*verdicts(recorded, known(**validity))] == [("proven", []), ("proven", [])]


def test_only_the_new_fingerprint_is_a_wrong_key(recorded: Recorded) -> None:
    assert [*verdicts(recorded, Known.of(PINS | {"shop": NEW}))] == [("tampered", [False])] * 2


def test_outside_its_validity_it_speaks_for_nobody(recorded: Recorded, said: datetime.datetime) -> None:
    for validity in ({"until": said - DAY}, {"since": said + DAY}):
        assert [*verdicts(recorded, known(**validity))] == [("tampered", [False])] * 2


def test_a_revocation_leaves_what_was_signed_before(recorded: Recorded, said: datetime.datetime) -> None:
    before = known(revocation=Revocation("stolen", said + DAY))
    assert [*verdicts(recorded, before)] == [("proven", [True]), ("proven", [True])]
    text = told(verify(recorded.files[EXPORTER], before))
    assert "revoked: stolen" in text and "the sender's own claim" in text and text.startswith("proven")
    for at in (said, said - DAY):
        after = known(revocation=Revocation("stolen", at))
        assert [*verdicts(recorded, after)] == [("tampered", [True, False])] * 2


def test_a_revocation_without_a_date_proves_nothing_and_accuses_nobody(recorded: Recorded) -> None:
    undated = known(revocation=Revocation("stolen"))
    assert [*verdicts(recorded, undated)] == [("consistent", [True]), ("consistent", [True])]


def test_one_event_after_the_revocation_is_enough(recorded: Recorded, said: datetime.datetime) -> None:
    late = written(said + 2 * DAY).replace("Z", ".000Z")
    frames = retold(recorded.frames(), "shop", lambda own: [*own[:-1], signed(own[-1], time=late)])
    (report,) = audited(records(frames), known(revocation=Revocation("stolen", said + DAY)))
    assert [(f.kind, f.event) for f in report.findings if not f.warning] == [("key", "shop")]
    (report,) = audited(records(frames), known(until=said + DAY))
    assert report.findings == [], "what an agreement names speaks in it to its end"
