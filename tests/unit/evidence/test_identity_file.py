"""Files of known identities with their history, and what is none."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.recorded import KEYS, PINS

from accord_agents.evidence.identity_file import load
from accord_agents.evidence.known import Known
from accord_agents.security.identity import Identity
from accord_agents.security.trust import Identities
from accord_agents.security.validity import KnownIdentity, described
from accord_schemas.errors import UsageError

BANK, SHOP = PINS["bank"], PINS["shop"]
OLD, NEW = KEYS["bank"], Identity("bank", b"n" * 64)
FRESH = NEW.public.fingerprint


def read(tmp_path: Path, value: Any) -> Known:
    path = tmp_path / "known.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return load(path)


def bank(known: Known, fingerprint: str = BANK) -> KnownIdentity:
    found = known.find("bank", fingerprint)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "value",
    [
        {"bank": BANK, "shop": SHOP},
        {"bank": [FRESH, BANK], "shop": [SHOP]},
        {"bank": {"fingerprint": BANK}, "shop": SHOP},
        {"bank": [FRESH, {"fingerprint": BANK, "until": "2026-05-12"}], "shop": SHOP},
        {party: KEYS[party].export() for party in PINS},
        {"bank": [NEW.export(), {"identity": OLD.export()}], "shop": {"fingerprint": SHOP}},
        {"bank": OLD.succeeded(NEW), "shop": SHOP},
        {"bank": {"identity": OLD.succeeded(NEW)}, "shop": SHOP},
        {"bank": NEW.export(), "#former": [OLD.export()], "shop": KEYS["shop"].export()},
        [OLD.succeeded(NEW), KEYS["shop"].export()],
    ],
)
def test_every_form_knows_whom_it_names(tmp_path: Path, value: Any) -> None:
    known = read(tmp_path, value)
    assert known.proves({"bank": BANK, "shop": SHOP})
    assert not known.proves({"bank": SHOP, "shop": SHOP}) and not known.proves({"bank": BANK, "mallory": BANK})


def test_one_export_alone_is_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, OLD.export()).proves({"bank": BANK})
    rotated = read(tmp_path, OLD.succeeded(NEW))
    assert rotated.proves({"bank": BANK}) and rotated.proves({"bank": FRESH})


def test_nobody_puts_a_key_before_anothers(tmp_path: Path) -> None:
    """Mallory says that bank's identity took the place of hers: bank never said so."""
    mallory = Identity("bank", b"m" * 64)
    forged = mallory.succeeded(NEW) | {"accepted": mallory.sign(b"anything").hex()}
    plain = {name: value for name, value in OLD.succeeded(NEW).items() if name != "accepted"}
    for export in (forged, plain):
        known = read(tmp_path, {"bank": export})
        assert known.proves({"bank": FRESH})
        assert not known.proves({"bank": mallory.public.fingerprint}) and not known.proves({"bank": BANK})


@pytest.mark.parametrize(
    ("said", "revoked"),
    [
        ({"revoked_at": "2026-05-12T09:30:00Z"}, "2026-05-12T09:30:00+00:00"),
        ({"revoked-at": "2026-05-12T11:30:00+02:00"}, "2026-05-12T09:30:00+00:00"),
        ({"revoked": "2026-05-12"}, "2026-05-12T00:00:00+00:00"),
        ({"revoked": {"at": "2026-05-12", "reason": "stolen"}}, "2026-05-12T00:00:00+00:00"),
        ({"revoked": {"reason": "stolen"}}, None),
        ({"revoked": True, "reason": "stolen"}, None),
    ],
)
def test_revocations(tmp_path: Path, said: dict[str, Any], revoked: str | None) -> None:
    entry = bank(read(tmp_path, {"bank": {"fingerprint": BANK, **said}}))
    assert entry.revocation is not None
    assert entry.revocation.at == (datetime.datetime.fromisoformat(revoked) if revoked else None)
    assert entry.dated == (revoked is not None)


def test_entries_for_one_identity_count_together(tmp_path: Path) -> None:
    rows = [BANK, {"fingerprint": BANK, "from": "2026-01-01", "until": "2026-03-01"}, OLD.export()]
    rows += [{"fingerprint": BANK, "until": "2026-02-01"}, {"fingerprint": BANK, "revoked": "2026-02-02"}]
    entry = bank(read(tmp_path, {"bank": rows}))
    assert (entry.public, str(entry.since)[:10], str(entry.until)[:10]) == (OLD.public, "2026-01-01", "2026-02-02")
    assert entry.revocation is not None and str(entry.revocation.at)[:10] == "2026-02-02"


def test_a_trust_store_with_its_history_is_a_file(tmp_path: Path) -> None:
    store = Identities.load(tmp_path / "identities.json")
    store.trust(OLD.export(), "1")
    store.trust(OLD.succeeded(NEW), "2")
    store.revoke(BANK, "found on a stick")
    known = load(tmp_path / "identities.json")
    entry = bank(known)
    assert known.proves({"bank": FRESH}) and entry.until is not None and entry.revocation is not None
    assert entry.revocation.reason == "found on a stick" and entry.revocation.at is not None
    listed = {
        "bank": [described(one, export) for _, export, one in Identities.load(tmp_path / "identities.json").known()]
    }
    again = read(tmp_path, listed)
    assert (bank(again), bank(again, FRESH)) == (entry, bank(known, FRESH))


def test_revocations_of_an_earlier_version_have_no_date(tmp_path: Path) -> None:
    entry = bank(read(tmp_path, {"bank": OLD.export(), "#revoked": {BANK: "stolen"}}))
    assert entry.revocation is not None and not entry.dated


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", "3", "[" * 100_000, "[3]", "null"),
        '{"bank": 3}',
        '{"bank": []}',
        '{"bank": [3]}',
        '{"bank": "1234"}',
        '{"Bank!": "x"}',
        '{"bank": {"party": "x"}}',
        '{"bank": {"until": "2026-01-01"}}',
        json.dumps(PINS)[:-1] + ', "bank": "' + SHOP + '"}',
        json.dumps({"bank": {"fingerprint": BANK, "until": "soon"}}),
        json.dumps({"bank": {"fingerprint": BANK, "until": "2026-05-12T09:30:00"}}),
        json.dumps({"bank": {"fingerprint": BANK, "from": 3}}),
        json.dumps({"bank": {"fingerprint": BANK, "revoked": "2026-01-01", "revoked_at": "2026-01-01"}}),
        json.dumps({"bank": {"fingerprint": SHOP, "identity": OLD.export()}}),
        json.dumps({"bank": {**OLD.export(), "encryption": "00" * 32}}),
        json.dumps({"bank": BANK, "#until": {BANK: "soon"}}),
        json.dumps({"bank": BANK, "#revoked": {BANK: 3}}),
        json.dumps({"bank": BANK, "#former": 3}),
    ],
)
def test_what_is_no_file_of_identities(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, content)
    assert str(tmp_path / "known.json") in str(caught.value)


def test_a_misspelt_key_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'untill'") as caught:
        read(tmp_path, {"bank": {"fingerprint": BANK, "untill": "2026-05-12"}})
    assert "until" in caught.value.hint


def test_an_export_under_another_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the identity of shop"):
        read(tmp_path, {"bank": KEYS["shop"].export()})


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.json")
