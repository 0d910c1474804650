"""Identities of the profile pq: composite signatures, of which both halves have to hold, and X-Wing keys."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schemas.strategies import attributes

from accord_agents.security import composite, xwing
from accord_agents.security.identity import Identity, PublicIdentity, imported
from accord_agents.security.kinds import pq
from accord_agents.security.trust import Identities
from accord_schemas.errors import FrameError, TamperError, UsageError
from accord_schemas.events import Cancel
from accord_schemas.frame import MAX_SIGNATURE, Frame
from accord_schemas.header import Header
from accord_schemas.suites import DEFAULT, PQ, SM

VECTORS: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("pq_vectors.json").read_text())
SEEDS, SIGNED, SIGNATURE = (base64.b64decode(VECTORS["composite"][name]) for name in ("sk", "m", "s"))
SIGNER = composite.Signer(SEEDS)
BANK, SHOP = (Identity(name, hashlib.sha512(name.encode()).digest(), "pq") for name in ("bank", "shop"))
HALF = 3309
"""Where in a signature ML-DSA's half ends."""


def test_published_vectors() -> None:
    assert composite.verify(SIGNER.public, SIGNED, SIGNATURE)
    assert SIGNER.sign(SIGNED)[HALF:] == SIGNATURE[HALF:]  # Ed25519 is deterministic, ML-DSA hedged
    assert xwing.public_key(bytes.fromhex(VECTORS["hpke"]["skRm"])).hex() == VECTORS["hpke"]["pkRm"]


def test_sizes_are_those_of_the_standards() -> None:
    public = BANK.public
    assert (len(public.signing), len(public.encryption), len(BANK.sign(b"x"))) == (1952 + 32, 1184 + 32, 3309 + 64)
    assert len(BANK.sign(b"x")) <= MAX_SIGNATURE


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=50), st.integers(0, 8 * composite.SIGNATURE_BYTES - 1))
def test_a_signature_is_of_one_party_and_one_text(data: bytes, bit: int) -> None:
    signature = BANK.sign(data)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert BANK.public.verify(data, signature) and BANK.sign(data) != signature
    assert not BANK.public.verify(data, bytes(changed))
    assert not BANK.public.verify(data + b"\x00", signature)
    assert not SHOP.public.verify(data, signature)


def test_one_half_is_not_enough() -> None:
    """Who has broken one of the two algorithms signs nothing."""
    ours, other = SIGNER.sign(SIGNED), composite.Signer(bytes(64)).sign(SIGNED)
    assert composite.verify(SIGNER.public, SIGNED, ours)
    for forged in (ours[:HALF] + other[HALF:], other[:HALF] + ours[HALF:]):
        assert not composite.verify(SIGNER.public, SIGNED, forged)


def test_a_half_is_no_signature_of_its_algorithm_alone() -> None:
    """Nor are signatures that the two keys make outside of a composite halves of one."""
    signature = SIGNER.sign(SIGNED)
    ml_dsa, ed25519 = MLDSA65PrivateKey.from_seed_bytes(SEEDS[:32]), Ed25519PrivateKey.from_private_bytes(SEEDS[32:])
    text = composite.representative(SIGNED)
    for forged in (
        ml_dsa.sign(SIGNED) + signature[HALF:],
        ml_dsa.sign(text) + signature[HALF:],  # without the label as its context
        signature[:HALF] + ed25519.sign(SIGNED),
    ):
        assert not composite.verify(SIGNER.public, SIGNED, forged)


@pytest.mark.parametrize("size", [0, 1, 64, HALF, HALF + 63, HALF + 65, 2 * HALF])
def test_what_is_no_signature_does_not_verify(size: int) -> None:
    assert not composite.verify(SIGNER.public, SIGNED, (SIGNATURE * 2)[:size])
    assert not composite.verify((SIGNER.public * 4)[:size], SIGNED, SIGNATURE)
    assert not composite.verify(SIGNER.public, SIGNED, bytes(composite.SIGNATURE_BYTES))


SIGNING, ENCRYPTION = BANK.public.signing, BANK.public.encryption
WEAK = {
    "signing": {
        "of the default profile": bytes(32),
        "cut": SIGNING[:-1],
        "longer": SIGNING + b"\0",
        "ML-DSA without a key": SIGNING[:32] + bytes(1920) + SIGNING[-32:],
        "Ed25519 of small order": SIGNING[:-32] + b"\x01" + bytes(31),
    },
    "encryption": {
        "of the default profile": bytes(32),
        "cut": ENCRYPTION[:-1],
        "longer": ENCRYPTION + b"\0",
        "ML-KEM not reduced": b"\xff" * 3 + ENCRYPTION[3:],
        "X25519 of small order": ENCRYPTION[:-32] + bytes(32),
    },
}


@pytest.mark.parametrize(("name", "why"), [(name, why) for name, keys in WEAK.items() for why in keys])
def test_a_key_that_proves_or_hides_nothing_is_not_pinned(name: str, why: str) -> None:
    identity = Identity("bank", hashlib.sha512(b"bank").digest(), "pq")
    keys = {"signing": SIGNING, "encryption": ENCRYPTION} | {name: WEAK[name][why]}
    identity.public = PublicIdentity("bank", keys["signing"], keys["encryption"], "pq")
    with pytest.raises(ValueError, match=r".+"):
        pq.check(keys["signing"], keys["encryption"])
    with pytest.raises(UsageError, match="no exported identity"):
        imported(identity.export(), "f")


def test_export_and_import() -> None:
    export = BANK.export()
    assert export["kind"] == "pq" and imported(json.loads(json.dumps(export)), "f") == BANK.public
    assert BANK.public.algorithm == "ml-dsa-65+ed25519"
    known = Identities()
    assert known.trust(export, "f") == BANK.public
    with pytest.raises(TamperError):
        known.trust(Identity("bank", hashlib.sha512(b"bank").digest()).export(), "f")


@pytest.mark.parametrize("kind", ["default", "sm", "PQ", "pq2", None, ["pq"]])
def test_the_kind_of_an_export_counts(kind: Any) -> None:
    for export in (
        {**BANK.export(), "kind": kind},
        {k: v for k, v in BANK.export().items() if k != "kind"},
        {**Identity("bank", bytes(range(64))).export(), "kind": "pq"},
    ):
        with pytest.raises(UsageError, match="no exported identity"):
            imported(export, "f")


def test_one_secret_gives_unrelated_identities_of_every_kind() -> None:
    every = [Identity("bank", bytes(range(64)), kind) for kind in (DEFAULT, SM, PQ)]
    assert len({identity.public.fingerprint for identity in every}) == 3
    assert every[0].public.signing not in every[2].public.signing
    assert every[0].public.encryption not in every[2].public.encryption
    said = repr(every[2]) + str(every[2].export())
    assert every[2].encryption_secret.hex() not in said and bytes(range(32)).hex() not in said
    assert Identity("bank", bytes(range(64)), "pq").public == every[2].public


def test_a_frame_of_one_suite_is_not_said_by_an_identity_of_another() -> None:
    plain, payload = Identity("bank", bytes(range(64))), Cancel(reason="x").encode()
    for suite, right, wrong in (("pq", BANK, plain), ("", plain, BANK)):
        header = Header.of(attributes(Cancel, payload, suite=suite))
        made = Frame.make(header, payload, right.sign)
        assert Frame.decode(made.encode()) == made
        right.public.authenticate(made)
        with pytest.raises(FrameError, match="suite is not that of its sender"):
            wrong.public.authenticate(Frame.make(header, payload, wrong.sign))
        with pytest.raises(FrameError, match="signature is wrong"):
            right.public.authenticate(Frame.make(header, payload, wrong.sign))


def test_a_library_without_the_algorithms_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_seeds: bytes) -> None:
        raise UnsupportedAlgorithm("ML-DSA-65 is not supported by this backend.")

    with monkeypatch.context() as patch:
        patch.setattr(composite, "Signer", missing)
        with pytest.raises(UsageError, match=r"cryptography was built without.*"):
            importlib.reload(pq)
    importlib.reload(pq)
