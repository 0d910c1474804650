from __future__ import annotations

import hashlib
from dataclasses import replace

import gmpy2
import numpy as np
import phe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_protocols.primitives.paillier.cipher import decrypt, encrypt_own, encrypt_uniform, received
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey, generate
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import to_block
from accord_schemas.errors import ProtocolError

KEY = generate(512, Xof(bytes(32), "small key"))
BARE = replace(KEY, hs=None)
FRESH = Xof(bytes(32), "shared by all examples")
plaintexts = st.lists(
    st.one_of(st.sampled_from([0, 1, KEY.public.n - 1]), st.integers(0, KEY.public.n - 1)), max_size=4
)


@given(plaintexts, st.sampled_from([KEY, BARE]))
def test_everything_decrypts(values: list[int], key: PrivateKey) -> None:
    assert decrypt(key, encrypt_own(key, values, FRESH)) == values


def test_a_uniform_ciphertext_is_what_it_says() -> None:
    ciphertexts, plaintexts = encrypt_uniform(KEY.public, 5, Xof(bytes(32), "uniform"))
    n, xof = KEY.public.n, Xof(bytes(32), "uniform")
    assert decrypt(KEY, ciphertexts) == plaintexts
    for ciphertext, plaintext in zip(ciphertexts, plaintexts, strict=True):
        assert plaintext == xof.below(n)
        assert ciphertext == (1 + plaintext * n) * pow(xof.below(n), n, n * n) % (n * n)


class Listed(Xof):
    """A stream whose numbers are given."""

    def __init__(self, *numbers: int) -> None:
        super().__init__(bytes(32))
        self._numbers = list(numbers)

    def below(self, bound: int) -> int:
        return self._numbers.pop(0)


def test_every_unit_is_drawn_as_often_as_every_other() -> None:
    """All pairs (R, r) of a modulus with gcd(n, φ(n)) = 1 give all units modulo n², each once."""
    public = PublicKey(7 * 11)
    units = [unit for unit in range(1, public.n**2) if gmpy2.gcd(unit, public.n) == 1]
    pairs = [(R, r) for R in range(public.n) for r in range(1, public.n) if gmpy2.gcd(r, public.n) == 1]
    drawn = sorted(int(encrypt_uniform(public, 1, Listed(*pair))[0][0]) for pair in pairs)
    assert drawn == units


def test_a_modulus_without_a_proof_would_not_be_uniform() -> None:
    public = PublicKey(3 * 7)  # 3 divides φ(n): what the proof excludes
    pairs = [(R, r) for R in range(public.n) for r in range(1, public.n) if gmpy2.gcd(r, public.n) == 1]
    drawn = {int(encrypt_uniform(public, 1, Listed(*pair))[0][0]) for pair in pairs}
    assert len(drawn) * 3 == len(pairs)


def test_roots_are_units() -> None:
    public = PublicKey(7 * 11)
    (ciphertext,), _ = encrypt_uniform(public, 1, Listed(5, 0, 7, 22, 3))
    assert ciphertext == (1 + 5 * 77) * pow(3, 77, 77**2) % 77**2


def test_obfuscators_are_powers_of_hs() -> None:
    alpha = Xof(bytes(32), "alpha").bits(256)
    (ciphertext,) = encrypt_own(KEY, [5], Xof(bytes(32), "alpha"))
    assert KEY.hs is not None
    assert ciphertext == (1 + 5 * KEY.public.n) * pow(KEY.hs, alpha, KEY.public.n**2) % KEY.public.n**2


def test_ciphertexts_keep_the_jacobi_symbol() -> None:
    # Exponents reduced modulo (p−1)/2 and (q−1)/2 pick the two signs independently: half of these would be −1.
    for ciphertext in encrypt_own(KEY, [0] * 200, FRESH):
        assert gmpy2.jacobi(ciphertext % KEY.public.n, KEY.public.n) == 1
        assert gmpy2.jacobi(ciphertext, KEY.p) == gmpy2.jacobi(ciphertext, KEY.q)


@pytest.mark.parametrize("key", [KEY, BARE])
def test_a_ciphertext_cannot_be_read_with_the_public_key(key: PrivateKey) -> None:
    n, n_squared = key.public.n, key.public.n_squared
    for ciphertext in encrypt_own(key, [7, 7], FRESH):
        stripped = ciphertext * gmpy2.invert(1 + 7 * n, n_squared) % n_squared
        assert stripped != 1
        assert (ciphertext - 1) % n != 0
        assert gmpy2.powmod(stripped, (key.p - 1) * (key.q - 1), n_squared) == 1  # what is left is an obfuscator


@pytest.mark.parametrize("key", [KEY, BARE])
def test_every_ciphertext_has_its_own_obfuscator(key: PrivateKey) -> None:
    assert len(set(encrypt_own(key, [7] * 20, FRESH))) == 20


def test_obfuscating_exponents_have_their_full_length() -> None:
    class Recorder(Xof):
        asked: list[int] = []  # noqa: RUF012 - one recorder, one test

        def bits(self, count: int) -> int:
            self.asked.append(count)
            return super().bits(count)

    recorder = Recorder(bytes(32), "recorder")
    encrypt_own(KEY, [1, 2], recorder)
    assert recorder.asked == [256, 256]


def test_ciphertexts_add_and_scale() -> None:
    n, n_squared = KEY.public.n, KEY.public.n_squared
    a, b = encrypt_own(KEY, [1000, 2000], FRESH)
    assert decrypt(KEY, [a * b % n_squared, gmpy2.powmod(a, -3, n_squared)]) == [3000, n - 3000]


def test_phe_reads_ours() -> None:
    theirs = phe.PaillierPrivateKey(phe.PaillierPublicKey(KEY.public.n), KEY.p, KEY.q)
    values = [0, 1, 123456789, KEY.public.n - 1]
    assert [theirs.raw_decrypt(int(c)) for c in encrypt_own(KEY, values, FRESH)] == values
    ciphertexts, plaintexts = encrypt_uniform(KEY.public, 3, FRESH)
    assert [theirs.raw_decrypt(int(c)) for c in ciphertexts] == plaintexts


def test_we_read_phe() -> None:
    public, private = phe.generate_paillier_keypair(n_length=512)
    key = PrivateKey(private.p, private.q, None)
    assert key.public.n == public.n
    key.public.verify(key.prove(bytes(32)), bytes(32), 512)
    values = [0, 1, 123456789, public.n - 1]
    assert decrypt(key, [public.raw_encrypt(value) for value in values]) == values
    assert [private.raw_decrypt(int(c)) for c in encrypt_own(key, values, FRESH)] == values


@pytest.mark.parametrize("value", [-1, KEY.public.n])
def test_plaintexts_outside_the_group_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="not below the modulus"):
        encrypt_own(KEY, [value], FRESH)


@pytest.mark.parametrize("value", [0, KEY.public.n, 5 * KEY.p, KEY.q, KEY.public.n**2, KEY.public.n**2 + 1])
@pytest.mark.parametrize("place", [0, 1])
def test_received_ciphertexts_are_units(value: int, place: int) -> None:
    values = [2, 2]
    values[place] = value
    with pytest.raises(ProtocolError, match=r"^a ciphertext is not of the agreed form$"):
        received(KEY.public, to_block(values, KEY.public.width))


@pytest.mark.parametrize("shape", [(2, 127), (2, 129), (128,)])
def test_received_blocks_have_their_form(shape: tuple[int, ...]) -> None:
    with pytest.raises(ProtocolError):
        received(KEY.public, np.ones(shape, np.uint8))
    with pytest.raises(ProtocolError):
        received(KEY.public, np.ones((2, 128), np.int64))


def test_same_stream_same_bytes() -> None:
    block = to_block(map(int, encrypt_own(KEY, list(range(50)), Xof(bytes(32), "golden"))), KEY.public.width)
    digest = hashlib.sha256(block.tobytes()).hexdigest()
    assert digest == "53d90515913dc9571e8b5df41e6a72b5e742bbcaa0eaf224ff6fa5c58b287b1a"
    ciphertexts, _ = encrypt_uniform(KEY.public, 5, Xof(bytes(32), "golden"))
    digest = hashlib.sha256(to_block(map(int, ciphertexts), KEY.public.width).tobytes()).hexdigest()
    assert digest == "f4b2933d3aa8eff6c5d522039bdeef0cb99ba50cb17b923b9f7dfcd6210af626"
