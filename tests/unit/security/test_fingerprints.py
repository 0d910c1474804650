"""Programs compare 256 bits of a fingerprint; what people were shown, 160 bits, is taken where people write it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement, tables

from accord_agents.evidence.identity_file import load
from accord_agents.evidence.known import Known
from accord_agents.security.fingerprint import FORM, SHORT, meant, same
from accord_agents.security.identity import Identity, PublicIdentity
from accord_agents.security.public import described, introduced
from accord_agents.security.trust import Identities
from accord_agents.security.validity import KnownIdentity
from accord_schemas.errors import FrameError, TamperError

BANK, SHOP = Identity("bank", b"b" * 64), Identity("shop", b"s" * 64)
WHOLE, SHOWN = BANK.public.fingerprint, BANK.public.shown
TWIN = f"{SHOWN}{WHOLE[49:-4]}{'0000' if WHOLE[-4:] != '0000' else '1111'}"
"""As an attacker would like it: the same 160 bits."""


def test_the_form() -> None:
    assert FORM.fullmatch(WHOLE) and SHORT.fullmatch(SHOWN) and WHOLE.startswith(SHOWN)
    assert meant(SHOWN, WHOLE) and meant(WHOLE, WHOLE) and not meant(WHOLE, SHOWN) and not meant(TWIN, WHOLE)
    assert same(SHOWN, TWIN) and not same(WHOLE, TWIN)


def test_an_agreement_names_and_compares_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert introduced({"bank": described(BANK.public)}, {"bank": WHOLE}, "default")["bank"] == BANK.public
    for other in (SHOWN, TWIN):
        with pytest.raises(FrameError, match="not the one that the agreement names"):
            introduced({"bank": described(BANK.public)}, {"bank": other}, "default")
    network = SimulatedNetwork(tmp_path, agreement(2), tables(2, n=60))
    assert all(FORM.fullmatch(member.identity) for member in network.terms.parties.values())
    network.close()
    store = Identities([BANK.public])
    assert store.named("bank", WHOLE) == BANK.public
    assert store.named("bank", SHOWN) is store.named("bank", TWIN) is None


@pytest.mark.parametrize("written", [WHOLE, SHOWN])
def test_what_people_wrote_down_is_known(tmp_path: Path, written: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(json.dumps({"bank": [written, {"fingerprint": WHOLE, "until": "2027-01-01"}]}))
    known = load(path)
    entry = known.find("bank", WHOLE)
    assert entry is not None and entry.until is not None and known.proves({"bank": WHOLE})
    assert known.find("bank", TWIN) is None, "the whole one is known, too"
    assert not known.proves({"bank": SHOP.public.fingerprint})


def test_two_that_share_what_is_shown_stay_two() -> None:
    known = Known([("bank", KnownIdentity(WHOLE)), ("bank", KnownIdentity(TWIN, until=None))])
    assert known.find("bank", WHOLE) is not known.find("bank", TWIN)


@pytest.mark.parametrize("name", ["bank", WHOLE, SHOWN])
def test_a_revocation_takes_what_is_shown(tmp_path: Path, name: str) -> None:
    path = tmp_path / "identities.json"
    Identities(path=path).trust(BANK.export(), "bank.json")
    assert Identities.load(path).revoke(name, "lost") == BANK.public
    body = json.loads(path.read_text())
    body["#revoked"] = {SHOWN: body["#revoked"][WHOLE]}
    path.write_text(json.dumps(body))
    store = Identities.load(path)
    assert store.get("bank") is None and list(store.revoked) == [WHOLE], "written by hand, as it is shown"


def test_the_export_of_a_rotation_names_the_whole() -> None:
    new = Identity("bank", b"n" * 64)
    export = BANK.succeeded(new)
    assert export["succeeds"] == WHOLE and BANK.public.introduces(export)
    assert not PublicIdentity("bank", SHOP.public.signing, SHOP.public.signing).introduces(export)


def test_who_was_revoked_as_it_is_shown_is_not_pinned_afterwards(tmp_path: Path) -> None:
    """Written down by hand, before anybody had these keys here."""
    path = tmp_path / "identities.json"
    path.write_text(json.dumps({"#revoked": {SHOWN: "stolen"}}), encoding="utf-8")
    with pytest.raises(TamperError, match="revoked: stolen"):
        Identities.load(path).trust(BANK.export(), "bank.json")
