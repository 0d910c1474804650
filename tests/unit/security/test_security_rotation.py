"""Another identity for a party: introduced by the one before it; and identities that count no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import (
    former_identities,
    make_identity,
    own_export,
    own_identity,
    rotate_identity,
)
from accord_agents.security.trust import Identities
from accord_schemas.errors import TamperError, UsageError
from accord_schemas.suites import DEFAULT, SM, Profile

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


@pytest.mark.parametrize("kind", [DEFAULT, SM])
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
