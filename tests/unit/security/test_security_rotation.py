"""Another identity for a party: introduced by the one before it; and identities that count no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accord_agents.security import trust
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import (
    former_identities,
    make_identity,
    own_export,
    own_history,
    own_identity,
    rotate_identity,
)
from accord_agents.security.trust import Identities
from accord_agents.security.validity import Revocation, moment, written
from accord_schemas.errors import TamperError, UsageError
from accord_schemas.suites import DEFAULT, PQ, SM, Profile

OLD, NEW, OTHER = (Identity("shop", bytes([n]) * 64) for n in (1, 2, 3))


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """A file in which shop's first identity is pinned."""
    path = tmp_path / "identities.json"
    Identities.load(path).trust(OLD.export(), "shop.json")
    return path


def test_the_pinned_identity_introduces_its_successor(pinned: Path) -> None:
    Identities.load(pinned).trust(OLD.succeeded(NEW), "shop.json")
    known = Identities.load(pinned)
    assert known.get("shop") == NEW.public
    assert known.named("shop", OLD.public.fingerprint) == OLD.public, "collaborations of its time still name it"
    assert known.named("bank", OLD.public.fingerprint) is None
    assert [p.party for p in known] == ["shop"]


@pytest.mark.parametrize(
    "export",
    [
        NEW.export(),
        OTHER.succeeded(NEW),
        {**OLD.succeeded(NEW), "identity": OTHER.export()},
        {**OLD.succeeded(NEW), "succeeds": OTHER.public.fingerprint},
        {**OLD.succeeded(NEW), "signature": "00" * 64},
        {**OLD.succeeded(NEW), "signature": "no hex"},
        {"identity": NEW.export()},
    ],
)
def test_nobody_else_does(pinned: Path, export: dict[str, Any]) -> None:
    before = pinned.read_bytes()
    with pytest.raises(TamperError, match="pinned with other keys"):
        Identities.load(pinned).trust(export, "shop.json")
    assert pinned.read_bytes() == before
    Identities.load(pinned).trust(export, "shop.json", replace=True)


def test_what_was_revoked_counts_no_more_and_introduces_nobody(pinned: Path) -> None:
    Identities.load(pinned).revoke("shop", "stolen")
    known = Identities.load(pinned)
    assert known.get("shop") is None and known.named("shop", OLD.public.fingerprint) is None
    assert {f: r.reason for f, r in known.revoked.items()} == {OLD.public.fingerprint: "stolen"}
    with pytest.raises(TamperError, match="pinned with other keys"):
        known.trust(OLD.succeeded(NEW), "shop.json")
    with pytest.raises(TamperError, match="revoked: stolen"):
        known.trust(OLD.export(), "shop.json", replace=True)
    known.trust(NEW.export(), "shop.json", replace=True)
    assert Identities.load(pinned).get("shop") == NEW.public
    with pytest.raises(UsageError, match="no identity 'bank'"):
        known.revoke("bank", "why not")


def test_a_former_identity_can_be_revoked_by_its_fingerprint(pinned: Path) -> None:
    Identities.load(pinned).trust(OLD.succeeded(NEW), "shop.json")
    Identities.load(pinned).revoke(OLD.public.fingerprint, "found on a stick")
    known = Identities.load(pinned)
    assert known.get("shop") == NEW.public and known.named("shop", OLD.public.fingerprint) is None


@pytest.mark.parametrize("text", ['{"#former": 3}', '{"#revoked": [1]}', '{"#former": [{}]}', "[]"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "identities.json").write_text(text)
    with pytest.raises(UsageError, match="identities"):
        Identities.load(tmp_path / "identities.json")


@pytest.mark.parametrize("kind", [DEFAULT, SM, PQ])
def test_a_keystore_keeps_what_signed_before(tmp_path: Path, kind: Profile) -> None:
    path = tmp_path / "keystore"
    first = make_identity(path, "shop", b"words", SystemEntropy(), cost=RANDOM)
    assert own_export(Keystore.open(path, b"words"), "shop") == first.export()
    second = rotate_identity(Keystore.open(path, b"words"), "shop", SystemEntropy(), kind)
    again = Keystore.open(path, b"words")
    assert own_identity(again, "shop").public == second.public
    assert second.public.kind == kind
    assert [identity.public for identity in former_identities(again, "shop")] == [first.public]
    third = rotate_identity(again, "shop", SystemEntropy(), DEFAULT)
    assert {i.public for i in former_identities(again, "shop")} == {first.public, second.public}
    peers = Identities()
    peers.trust(first.export(), "1")
    peers.trust(first.succeeded(second), "2")
    assert peers.trust(json.loads(json.dumps(own_export(again, "shop"))), "3") == third.public


def test_a_kind_of_a_later_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keystore"
    make_identity(path, "shop", b"words", SystemEntropy(), cost=RANDOM)
    Keystore.open(path, b"words").put("identity.kind", b"pq2")
    with pytest.raises(UsageError, match=r"of the kind pq2, which this version does not know"):
        own_identity(Keystore.open(path, b"words"), "shop")


def test_revocations_and_rotations_bear_dates(pinned: Path) -> None:
    Identities.load(pinned).trust(OLD.succeeded(NEW), "shop.json")
    Identities.load(pinned).revoke("shop", "stolen", moment("2026-05-12"))
    Identities.load(pinned).revoke("shop", "stolen, we are sure")
    now, before = ((export, known) for _, export, known in Identities.load(pinned).known())
    assert (now[0], now[1].fingerprint, now[1].until) == (NEW.export(), NEW.public.fingerprint, None)
    assert now[1].revocation == Revocation("stolen, we are sure", moment("2026-05-12")), "the earlier date counts"
    assert before[0] == OLD.export() and before[1].until is not None and before[1].revocation is None


def test_whoever_is_trusted_again_was_not_replaced(pinned: Path) -> None:
    known = Identities.load(pinned)
    known.trust(NEW.export(), "by mistake", replace=True)
    known.trust(OLD.export(), "the right one", replace=True)
    listed = [(one.fingerprint, one.until is None) for _, _, one in Identities.load(pinned).known()]
    assert listed == [(OLD.public.fingerprint, True), (NEW.public.fingerprint, False)]


def test_a_clock_that_was_never_set_dates_nothing(pinned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "clock", lambda: None)
    Identities.load(pinned).trust(OLD.succeeded(NEW), "shop.json")
    Identities.load(pinned).revoke("shop", "stolen")
    found = [known for _, _, known in Identities.load(pinned).known()]
    assert [(one.until, one.revocation and one.revocation.at) for one in found] == [(None, None)] * 2


def test_revocations_of_an_earlier_version_are_read(pinned: Path) -> None:
    body = json.loads(pinned.read_text()) | {"#revoked": {OLD.public.fingerprint: "stolen"}}
    pinned.write_text(json.dumps(body))
    assert Identities.load(pinned).revoked == {OLD.public.fingerprint: Revocation("stolen")}
    Identities.load(pinned).revoke("shop", "stolen", moment("2026-05-12"))
    assert Identities.load(pinned).revoked[OLD.public.fingerprint].at == moment("2026-05-12")


def test_each_side_of_a_rotation_vouches_for_the_other(tmp_path: Path) -> None:
    export = OLD.succeeded(NEW)
    assert OLD.public.introduces(export) and NEW.public.succeeded(export) == OLD.public.fingerprint
    assert OTHER.public.succeeded(export) == OLD.public.succeeded(export) == NEW.public.succeeded(NEW.export()) == ""
    keystore = make_and_rotate(tmp_path / "keystore")
    export = own_export(keystore, "shop")
    now, before = own_history(keystore, "shop")
    assert now[1].until is None and before[1].until is not None
    assert own_identity(keystore, "shop").public.succeeded(export) == before[1].fingerprint
    keystore.put("identity.export", json.dumps({n: v for n, v in export.items() if n != "accepted"}).encode())
    assert own_export(keystore, "shop") == export, "an export of an earlier version is completed"


def make_and_rotate(path: Path) -> Keystore:
    make_identity(path, "shop", b"words", SystemEntropy())
    keystore = Keystore.open(path, b"words")
    rotate_identity(keystore, "shop", SystemEntropy(), DEFAULT)
    return keystore


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "2026-05-12T09:30:00", ""])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text)


@pytest.mark.parametrize("text", ["2026-05-12T09:30:00Z", "2026-05-12T09:30:00.125Z"])
def test_dates_are_written_as_they_are_read(text: str) -> None:
    assert written(moment(text)) == text
