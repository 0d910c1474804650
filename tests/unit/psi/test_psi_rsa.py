from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from accord_protocols.primitives.permutation import Statement
from accord_protocols.primitives.psi import rsa
from accord_protocols.primitives.psi.rsa_key import E, PrivateKey
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

SID = bytes(range(32))
IDS = ["alice", "bob", "carol", "\u00e9lodie"]
Block = NDArray[np.uint8]


@cache
def key(bits: int = 512, number: int = 0) -> PrivateKey:
    return PrivateKey.generate(bits, Xof(bytes(32), "key", bits, number))


def challenges(n: int) -> list[int]:
    return Statement(b"accord psi rsa proof", SID, n, E).challenges()


def stream(*label: int) -> Xof:
    return Xof(bytes(32), "test", *label)


def evaluated(ids: list[str], private: PrivateKey, sid: bytes = SID) -> Block:
    signed = rsa.evaluate(private, rsa.blind(ids, private.n, sid, stream()))
    return rsa.finalise(ids, private.n, sid, signed, stream())


@pytest.mark.parametrize("bits", [512, 514, 1024, 2048])
def test_generated_key(bits: int) -> None:
    private = key(bits)
    assert private.n.bit_length() == bits
    assert private.p > private.q
    assert gmpy2.is_prime(private.p)
    assert gmpy2.is_prime(private.q)
    assert E * private.d % ((private.p - 1) * (private.q - 1)) == 1
    assert private == PrivateKey.generate(bits, Xof(bytes(32), "key", bits, 0))
    assert private != key(bits, 1)
    assert PrivateKey.decode(private.encode()) == private


class Scripted(Xof):
    """A stream whose first numbers are given."""

    def __init__(self, *numbers: int) -> None:
        super().__init__(bytes(32))
        self._numbers = list(numbers)

    def bits(self, count: int) -> int:
        return self._numbers.pop(0) if self._numbers else super().bits(count)


def test_primes_that_the_exponent_divides_are_passed_over() -> None:
    bad = next(p for k in range(2, 9000, 2) if gmpy2.is_prime(p := k * E + 3 * E * 2**238 + 1))
    assert bad >> 254 == 3
    good = key(512, 1)
    assert PrivateKey.generate(512, Scripted(bad, good.p, good.q)) == good


def test_key_hides_its_primes() -> None:
    assert repr(key()) == "PrivateKey(<512 secret bits>)"


@pytest.mark.parametrize("bits", [512, 2048])
def test_client_and_owner_get_equal_tags(bits: int) -> None:
    tags = evaluated(IDS, key(bits))
    assert tags.shape == (len(IDS), 32)
    assert np.array_equal(tags, rsa.own_tags(key(bits), SID, IDS))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6, unique=True))
def test_any_ids(ids: list[str]) -> None:
    tags = evaluated(ids, key())
    assert np.array_equal(tags, rsa.own_tags(key(), SID, ids))
    assert len({tag.tobytes() for tag in tags}) == len(ids)


def test_tags_are_separate_by_session_and_key() -> None:
    tags = [rsa.own_tags(private, sid, IDS) for private, sid in ((key(), SID), (key(), bytes(32)), (key(512, 1), SID))]
    assert len({tag.tobytes() for block in tags for tag in block}) == 3 * len(IDS)


def test_tags_follow_their_definition() -> None:
    private, data = key(), b"alice"
    seed = digest(digest(b"accord psi rsa fdh", SID, private.n.to_bytes(64, "big")), data)
    stretched = b"".join(hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range(3))[: (512 + 128) // 8]
    root = pow(int.from_bytes(stretched, "big"), private.d, private.n)
    expected = digest(b"accord psi rsa tag", SID, root.to_bytes(64, "big"), data)
    assert rsa.own_tags(private, SID, ["alice"]).tobytes() == expected


def test_blinding_hides_and_repeats_with_its_stream() -> None:
    n = key().n
    blinded = rsa.blind(["alice", "alice"], n, SID, stream())
    assert not np.array_equal(blinded[0], blinded[1])
    assert np.array_equal(blinded, rsa.blind(["alice", "alice"], n, SID, stream()))
    assert not np.array_equal(blinded, rsa.blind(["alice", "alice"], n, SID, stream(1)))


def test_slices_with_forks_give_the_same_tags() -> None:
    n, tags = key().n, []
    for at in (0, 2):
        signed = rsa.evaluate(key(), rsa.blind(IDS[at : at + 2], n, SID, stream().fork(at)))
        tags.append(rsa.finalise(IDS[at : at + 2], n, SID, signed, stream().fork(at)))
    assert np.array_equal(np.concatenate(tags), rsa.own_tags(key(), SID, IDS))


BAD_NUMBERS: list[Callable[[PrivateKey], int]] = [
    lambda k: 0,
    lambda k: 1,
    lambda k: k.n,
    lambda k: k.n + 2,
    lambda k: k.p,
    lambda k: 3 * k.q,
]


@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_evaluate_refuses(bad: Callable[[PrivateKey], int]) -> None:
    private = key()
    with pytest.raises(ProtocolError, match=r"^blinded ids are not acceptable$"):
        rsa.evaluate(private, to_block([2, bad(private), 3], private.width))


SHAPES: list[Block] = [
    np.full((2, 63), 1, np.uint8),
    np.full(64, 1, np.uint8),
    np.array(1, np.uint8),
    np.full((1, 64), 1, np.uint64).astype("<u8"),
]


@pytest.mark.parametrize("block", SHAPES)
def test_other_shapes_are_refused(block: Block) -> None:
    with pytest.raises(ProtocolError):
        rsa.evaluate(key(), block)
    with pytest.raises(ProtocolError):
        rsa.finalise(["alice"], key().n, SID, block, stream())
    with pytest.raises(ProtocolError):
        rsa.verify_public(key().n, block, SID, 512)


@given(st.integers(0, len(IDS) - 1), st.integers(0, 63), st.integers(1, 255))
def test_finalise_refuses_a_wrong_signature(row: int, column: int, flip: int) -> None:
    n = key().n
    signed = rsa.evaluate(key(), rsa.blind(IDS, n, SID, stream())).copy()
    signed[row, column] ^= flip
    with pytest.raises(ProtocolError, match=r"^signed ids are not acceptable$"):
        rsa.finalise(IDS, n, SID, signed, stream())


def test_finalise_refuses_swapped_missing_and_foreign_signatures() -> None:
    n = key().n
    signed = rsa.evaluate(key(), rsa.blind(IDS, n, SID, stream()))
    small = rsa.evaluate(key(), to_block([2], 64))  # a signature, but of another number
    for bad in (signed[::-1], signed[:-1], np.concatenate([small, signed[1:]])):
        with pytest.raises(ProtocolError, match=r"^signed ids are not acceptable$"):
            rsa.finalise(IDS, n, SID, bad, stream())
    with pytest.raises(ProtocolError):
        rsa.finalise(IDS, n, bytes(32), signed, stream())
    with pytest.raises(ProtocolError):
        rsa.finalise(IDS, n, SID, signed, stream(1))


def test_finalise_survives_a_modulus_with_a_small_factor() -> None:
    with pytest.raises(ProtocolError, match="public alignment key"):
        rsa.finalise(IDS * 10, 2 * 3 * 5 * 7, SID, np.ones((len(IDS) * 10, 1), np.uint8), stream())


def test_public_proof() -> None:
    proof = rsa.public_proof(key(), SID)
    assert proof.shape == (9, 64)
    rsa.verify_public(key().n, proof, SID, 512)
    with pytest.raises(ProtocolError):
        rsa.verify_public(key().n, proof, bytes(32), 512)
    with pytest.raises(ProtocolError):
        rsa.verify_public(key().n, proof, SID, 2048)
    with pytest.raises(ProtocolError):
        rsa.verify_public(key().n, proof[:-1], SID, 512)
    with pytest.raises(ProtocolError):
        rsa.verify_public(key(512, 1).n, proof, SID, 512)
    for row in range(9):
        wrong = proof.copy()
        wrong[row, 63] ^= 1
        with pytest.raises(ProtocolError, match=r"^a public alignment key is not acceptable$"):
            rsa.verify_public(key().n, wrong, SID, 512)


def test_what_is_not_reduced_is_refused() -> None:
    wide = PrivateKey(key().p, int(gmpy2.next_prime(1 << 250)))  # a modulus that leaves room above itself in its width

    def shifted(block: Block) -> Block:
        return to_block((value + wide.n for value in from_block(block)), wide.width)

    proof = rsa.public_proof(wide, SID)
    rsa.verify_public(wide.n, proof, SID, wide.n.bit_length())
    with pytest.raises(ProtocolError):
        rsa.verify_public(wide.n, shifted(proof), SID, wide.n.bit_length())
    signed = rsa.evaluate(wide, rsa.blind(IDS, wide.n, SID, stream()))
    rsa.finalise(IDS, wide.n, SID, signed, stream())
    with pytest.raises(ProtocolError):
        rsa.finalise(IDS, wide.n, SID, shifted(signed), stream())


@pytest.mark.parametrize("factor", [2, 3, 65521, 65537])
def test_public_key_with_a_small_factor_is_refused(factor: int) -> None:
    cofactor = int(gmpy2.next_prime(2**512 // factor - 2**500))
    n = cofactor * factor
    # x -> x^e is a permutation for these, so that the roots are right and only the factor is not.
    targets = challenges(n)
    exponent = (cofactor - 1) * (factor - 1)
    roots = [int(gmpy2.powmod(t, gmpy2.invert(E, exponent), n)) for t in targets]
    assert all(gmpy2.powmod(r, E, n) == t for r, t in zip(roots, targets, strict=True))
    with pytest.raises(ProtocolError):
        rsa.verify_public(n, to_block(roots, 64), SID, n.bit_length())


def test_key_whose_exponent_divides_has_no_proof() -> None:
    p = next(p for k in range(2, 4000, 2) if gmpy2.is_prime(p := k * E * 2**230 + 1))
    targets = challenges(p * key().q)
    residues = [gmpy2.powmod(t, (p - 1) // E, p) == 1 for t in targets]
    assert not all(residues)  # such a server cannot answer: some challenges have no root at all
