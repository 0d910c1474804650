"""Tasks of key distribution: per purpose, making the own key and checking the peers'.

``keys.NAME.make``: inputs me, bits, sid, scheme; the key is fresh from the operating system. Its fields are those of
the event. ``keys.NAME.check``: the same inputs, and the event's fields of every peer P as FIELD.P.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from numpy.typing import NDArray

from accord_protocols.primitives.full_domain import width
from accord_protocols.primitives.paillier import keys as paillier
from accord_protocols.primitives.psi import rsa
from accord_protocols.primitives.psi.ids import commitment
from accord_protocols.primitives.psi.rsa_key import PrivateKey as RsaKey
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.bigints import from_block, to_block
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

Block = NDArray[np.uint8]
_BAD_KEY = "a public key is not acceptable"


def make_exchange(context: Context) -> Result:
    """An X25519 key."""
    secret = context.xof.fork("exchange").bytes(32)
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return Result({"key": public}, {"exchange": secret})


def check_exchange(context: Context) -> Result:
    """One symmetric key with each peer. Fields: kappa.P.

    Raises:
        ProtocolError: A peer's key is a point of small order; names the peer.
    """
    own = X25519PrivateKey.from_private_bytes(context.secrets["exchange"])
    me, sid, kappas = context.inputs["me"], context.inputs["sid"], {}
    for peer, said in peers_of(context):
        try:
            shared = own.exchange(X25519PublicKey.from_public_bytes(said["key"]))
        except ValueError:
            raise ProtocolError(_BAD_KEY, whose=peer) from None
        kappas[f"kappa.{peer}"] = digest(b"accord kappa", shared, sid, *sorted((me, peer)))
    return Result(kappas)


def make_paillier(context: Context) -> Result:
    """A Paillier key and its proof."""
    key = paillier.generate(context.inputs["bits"], context.xof.fork("paillier"))
    fields = {"key": _block(key.public.n), "proof": key.prove(context.inputs["sid"])}
    return Result(fields, {"paillier": key.encode()})


def check_paillier(context: Context) -> Result:
    """Every peer's Paillier key is proven.

    Raises:
        ProtocolError: One is not; names the peer.
    """
    sid, bits = context.inputs["sid"], context.inputs["bits"]
    for peer, said in peers_of(context):
        _proven(lambda n, proof: paillier.PublicKey(n).verify(proof, sid, bits), peer, said, bits)
    return Result({})


def make_oprf(context: Context) -> Result:
    """An RSA key for blind signatures and its proof."""
    key = RsaKey.generate(context.inputs["bits"], context.xof.fork("rsa"))
    proof = rsa.public_proof(key, context.inputs["sid"])
    return Result({"scheme": "rsa", "key": _block(key.n), "proof": proof}, {"rsa": key.encode()})


def check_oprf(context: Context) -> Result:
    """Every server's key is of the agreed scheme and proven.

    Raises:
        ProtocolError: One is not; names the peer.
    """
    sid, bits = context.inputs["sid"], context.inputs["bits"]
    for peer, said in peers_of(context):
        if said["scheme"] != context.inputs["scheme"]:
            raise ProtocolError("an alignment key is not of the agreed scheme", whose=peer)
        _proven(lambda n, proof: rsa.verify_public(n, proof, sid, bits), peer, said, bits)
    return Result({})


def commit(context: Context) -> Result:
    """A salted commitment to ids and column names, or to vertices and edges; the salt begins the stream, 32 bytes."""
    salt = context.xof.bytes(32)
    ids, edges = context.rows.ids, context.rows.edges
    columns = context.rows.columns if edges is None else (edges.digest(),)
    committed = commitment(ids, salt, columns)
    return Result({"commitment": committed, "salt": salt, "count": len(ids), "names": len(columns)})


def peers_of(context: Context) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each peer said, by field."""
    said: dict[str, dict[str, Any]] = {}
    for name, value in context.inputs.items():
        field, dot, peer = name.partition(".")
        if dot:
            said.setdefault(peer, {})[field] = value
    yield from said.items()


def _proven(verify: Callable[[int, Block], None], peer: str, said: dict[str, Any], bits: int) -> None:
    """One modulus in its one form, and its proof."""
    try:
        if said["key"].shape != (1, (bits + 7) // 8):
            raise ProtocolError(_BAD_KEY)
        verify(from_block(said["key"])[0], said["proof"])
    except ProtocolError:
        raise ProtocolError(_BAD_KEY, whose=peer) from None


def _block(n: int) -> Block:
    return to_block([n], width(n))
