"""Identities, what is exported of them, and the allow-list."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.security import ed25519
from accord_agents.security.identity import Identity, PublicIdentity, imported
from accord_agents.security.public import described, introduced
from accord_agents.security.trust import Identities
from accord_schemas.errors import FrameError, TamperError, UsageError

SIGNING = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
SEALING = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
BANK = Identity("bank", SIGNING + SEALING)


def other(party: str, seed: str) -> Identity:
    return Identity(party, hashlib.sha512(seed.encode()).digest())


def test_published_vectors() -> None:
    """RFC 8032, section 7.1, test 2; RFC 7748, section 6.1, Alice."""
    assert BANK.public.signing.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert BANK.public.encryption.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    signature = BANK.sign(b"\x72")
    assert signature.hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert BANK.public.verify(b"\x72", signature)


@given(st.binary(max_size=50), st.integers(0, 511))
def test_a_signature_is_of_one_party_and_one_text(data: bytes, bit: int) -> None:
    signature = BANK.sign(data)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert BANK.public.verify(data, signature)
    assert not BANK.public.verify(data, bytes(changed))
    assert not BANK.public.verify(data + b"\x00", signature)
    assert not other("bank", "mallory").public.verify(data, signature)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    assert not BANK.public.verify(b"", signature)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, ed25519._P - 1, ed25519._P, ed25519._P + 1, ed25519._Y8, ed25519._P - ed25519._Y8])
def test_a_key_for_which_anybody_can_sign_is_no_identity(y: int, sign: int) -> None:
    """Points of small order, in every encoding: with them one signature holds for many messages."""
    weak = dataclasses.replace(BANK.public, signing=(y | sign << 255).to_bytes(32, "little"))
    anybody = (1).to_bytes(32, "little") + bytes(32)
    body = {"party": "bank", "signing": weak.signing.hex(), "encryption": weak.encryption.hex()}
    with pytest.raises(UsageError):
        imported({**body, "signature": anybody.hex()}, "file")
    with pytest.raises(FrameError, match="malformed"):
        introduced({"bank": described(weak)}, {"bank": weak.fingerprint}, "default")


def test_such_signatures_would_hold() -> None:
    """Why the keys are looked at: the library does not."""
    weak = dataclasses.replace(BANK.public, signing=(1).to_bytes(32, "little"))
    anybody = (1).to_bytes(32, "little") + bytes(32)
    assert weak.verify(b"one", anybody) and weak.verify(b"other", anybody)
    torsion = (ed25519._Y8).to_bytes(32, "little")
    assert any(dataclasses.replace(BANK.public, signing=torsion).verify(bytes([i]), anybody) for i in range(99))


def test_the_fingerprint_names_party_and_both_keys() -> None:
    public = BANK.public
    assert public.fingerprint.count("-") == 15 and len(public.fingerprint) == 79
    assert public.shown == public.fingerprint[:49], "160 bits for people"
    others = [
        dataclasses.replace(public, party="bank2"),
        dataclasses.replace(public, signing=bytes(32)),
        dataclasses.replace(public, encryption=bytes(32)),
        dataclasses.replace(public, signing=public.encryption, encryption=public.signing),
    ]
    assert len({public.fingerprint, *(o.fingerprint for o in others)}) == 5


def test_no_secret_in_repr_or_export() -> None:
    said = repr(BANK) + str(BANK) + repr(BANK.public) + json.dumps(BANK.export())
    for secret in (SIGNING, SEALING):
        assert secret.hex() not in said and repr(secret)[2:-1] not in said


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_an_identity_has_64_secret_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="64 secret bytes"):
        Identity("bank", bytes(size))


def test_export_and_import() -> None:
    export = BANK.export()
    for form in (export, json.dumps(export), json.dumps(export).encode()):
        assert imported(form, "f") == BANK.public


def refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"^bank\.json is no exported identity, or was damaged\..*accord keys export"):
        imported(value, "bank.json")


@pytest.mark.parametrize("name", ["party", "signing", "encryption", "signature"])
def test_every_field_of_an_export_counts(name: str) -> None:
    export, foreign = BANK.export(), other("shop", "shop").export()
    for value in (foreign[name], "", "zz", export[name] + "00", None, 5):
        refused({**export, name: value})
    refused({k: v for k, v in export.items() if k != name})


@pytest.mark.parametrize("value", [None, [], 5, "", "{", "[]", b"\xff", {**BANK.export(), "note": "x"}, {}])
def test_what_is_no_export_is_refused(value: Any) -> None:
    refused(value)


def test_an_export_cannot_be_signed_by_somebody_else() -> None:
    mallory = other("mallory", "mallory")
    mallory.public = BANK.public
    refused(mallory.export())


def names(known: Identities) -> list[str]:
    return sorted(public.party for public in known)


def test_the_allow_list_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    known = Identities.load(path)
    assert names(known) == [] and known.get("bank") is None
    assert known.trust(BANK.export(), "bank.json") == BANK.public
    known.trust(other("shop", "shop").export(), "shop.json")
    known.add_own(other("lab", "lab"))
    assert names(known) == ["bank", "lab", "shop"]
    again = Identities.load(path)
    assert names(again) == ["bank", "shop"] and again.get("bank") == BANK.public
    assert again.trust(BANK.export(), "bank.json") == BANK.public  # the same once more is no change


def test_changed_keys_are_refused_until_replaced(tmp_path: Path) -> None:
    path, new = tmp_path / "identities.json", other("bank", "new keys")
    Identities.load(path).trust(BANK.export(), "bank.json")
    before = path.read_bytes()
    with pytest.raises(TamperError) as caught:
        Identities.load(path).trust(new.export(), "new.json")
    assert BANK.public.shown in str(caught.value) and new.public.shown in str(caught.value)
    assert path.read_bytes() == before
    Identities.load(path).trust(new.export(), "new.json", replace=True)
    assert Identities.load(path).get("bank") == new.public


def test_a_damaged_allow_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    shop = other("shop", "shop").export()
    for entry in (shop, {}, {**shop, "party": "bank"}):
        path.write_text(json.dumps({"bank": entry}))
        with pytest.raises(UsageError, match=r"identities\.json, bank|entry bank"):
            Identities.load(path)
    for text in ("", "[]", "{"):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"identities\.json"):
            Identities.load(path)


def test_identities_given_in_memory() -> None:
    public = PublicIdentity("shop", bytes(32), bytes(32))
    assert Identities([public]).get("shop") is public


def test_a_party_that_stands_twice_in_the_file_is_nobody(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    one, two = json.dumps(BANK.export()), json.dumps(other("bank", "mallory").export())
    path.write_text(f'{{"bank": {one}, "bank": {two}}}')
    with pytest.raises(UsageError, match="no file of identities"):
        Identities.load(path)
