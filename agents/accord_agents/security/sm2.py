"""SM2: signatures (GM/T 0003.2) and encryption (GM/T 0003.4).

GmSSL signs, verifies, encrypts and decrypts; it gives no public key for a private one: that is the group's own, twice
when an agent starts. What travels has one fixed form: points uncompressed in 65 bytes, signatures r ‖ s in 64,
ciphertexts C1 ‖ C3 ‖ C2, never DER.
"""

from __future__ import annotations

from functools import lru_cache

from Crypto.Util.asn1 import DerOctetString, DerSequence
from gmpy2 import mpz
from gmssl_pyx import GmsslInnerError, sm2_decrypt, sm2_encrypt, sm2_sign_sm3_digest, sm2_verify_sm3_digest

from accord_protocols.primitives.psi.sm2 import CURVE, GX, GY, ORDER, B, P, decode, multiply_base
from accord_schemas.suites import SM, SUITES, sm3

DEFAULT_ID = b"1234567812345678"  # of a signer that agreed on no other (GM/T 0009)
OVERHEAD = 65 + 32
"""How much longer than its plaintext a ciphertext is: C1 and C3."""


def private_key(seed: bytes, purpose: str) -> bytes:
    """A private key out of 32 secret bytes, for one purpose.

    It is a number in [1, order - 2], as close to uniform as 512 bits make it (FIPS 186-5, A.2.1).
    """
    wide = b"".join(SUITES[SM].digest(b"accord sm2", purpose, seed, bytes([half])) for half in (0, 1))
    return _bytes(int.from_bytes(wide, "big") % (ORDER - 2) + 1)


def public_key(private: bytes) -> bytes:
    """The public key of a private one: 0x04 ‖ x ‖ y."""
    x, y = decode(bytes(multiply_base([private])[0]))
    return b"\x04" + _bytes(x) + _bytes(y)


def check(public: bytes) -> None:
    """Look at a public key before it is pinned.

    Raises:
        ValueError: It is no point of the curve. (The curve's order is prime: no point of it is weak.)
    """
    _affine(public)


def sign(private: bytes, public: bytes, data: bytes) -> bytes:
    """r ‖ s.

    GmSSL's call that hashes by itself prepares 32 nonces for each signature, so that it takes twelve times as long as
    the one that is given the digest.
    """
    r, s = DerSequence().decode(sm2_sign_sm3_digest(private, message_digest(public, data)))
    return _bytes(r) + _bytes(s)


def verify(signing: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed `data`: r and s in [1, order - 1], nothing left over."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not (0 < r < ORDER and 0 < s < ORDER):
        return False
    try:
        _affine(signing)
        return bool(sm2_verify_sm3_digest(signing[1:], message_digest(signing, data), _der(r, s)))
    except (GmsslInnerError, ValueError):
        return False


def message_digest(public: bytes, data: bytes, identifier: bytes = DEFAULT_ID) -> bytes:
    """e = SM3(Z ‖ M), which binds identifier, curve and public key (GM/T 0003.2, sections 5.5 and 6.1)."""
    return sm3(_z(public, identifier) + data)


def encrypt(public: bytes, plaintext: bytes) -> bytes:
    """C1 ‖ C3 ‖ C2: ``OVERHEAD`` bytes longer than the plaintext.

    Args:
        plaintext: 1 to 255 bytes.
    """
    x, y, c3, c2 = DerSequence().decode(sm2_encrypt(public[1:], plaintext))
    texts = (DerOctetString().decode(part).payload for part in (c3, c2))
    return b"".join([b"\x04", _bytes(x), _bytes(y), *texts])


def decrypt(private: bytes, ciphertext: bytes) -> bytes:
    """The plaintext.

    Raises:
        ValueError: It was changed, or is for another key.
    """
    point, c3, c2 = ciphertext[:65], ciphertext[65:OVERHEAD], ciphertext[OVERHEAD:]
    x, y = _affine(point)
    if not 0 < len(c2) < 256:
        raise ValueError("no ciphertext")
    try:
        return bytes(sm2_decrypt(private, _der(int(x), int(y), c3, c2)))
    except GmsslInnerError:
        raise ValueError("the ciphertext cannot be opened") from None


@lru_cache(maxsize=256)
def _z(public: bytes, identifier: bytes) -> bytes:
    constants = b"".join(map(_bytes, (P - 3, B, GX, GY)))
    return sm3((8 * len(identifier)).to_bytes(2, "big") + identifier + constants + public[1:])


def _affine(point: bytes) -> tuple[mpz, mpz]:
    x, y = mpz(int.from_bytes(point[1:33], "big")), mpz(int.from_bytes(point[33:], "big"))
    if len(point) != 65 or point[0] != 4 or not CURVE.has(x, y):
        raise ValueError("no point of the curve")
    return x, y


def _der(*parts: int | bytes) -> bytes:
    items = [part if isinstance(part, int) else DerOctetString(part) for part in parts]
    return bytes(DerSequence(items).encode())


def _bytes(number: int | mpz) -> bytes:
    return int(number).to_bytes(32, "big")
