"""Tasks of key distribution."""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from accord_protocols.primitives.paillier import keys as paillier_keys
from accord_protocols.primitives.psi import rsa
from accord_protocols.primitives.psi.ids import commitment
from accord_protocols.primitives.psi.rsa_key import PrivateKey as RsaKey
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.bigints import from_block, to_block
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

NONE = np.zeros((0, 0), np.uint8)


def generate(context: Context) -> Result:
    """Keys of this collaboration: X25519 always, Paillier and RSA where the role asks for them.

    Inputs: bits, paillier, rsa (booleans), sid. `context.key` is fresh from the operating system.
    """
    bits, xof, secrets = context.inputs["bits"], context.xof, {}
    secrets["exchange"] = xof.fork("exchange").bytes(32)
    exchange = X25519PrivateKey.from_private_bytes(secrets["exchange"]).public_key().public_bytes_raw()
    paillier_block, rsa_block, proof = NONE, NONE, NONE
    if context.inputs["paillier"]:
        key = paillier_keys.generate(bits, xof.fork("paillier"))
        secrets["paillier"] = key.encode()
        assert key.hs is not None
        paillier_block = to_block([key.public.n, key.hs], key.public.width)
    if context.inputs["rsa"]:
        server = RsaKey.generate(bits, xof.fork("rsa"))
        secrets["rsa"] = server.encode()
        rsa_block, proof = to_block([server.n], server.width), rsa.public_proof(server, context.inputs["sid"])
    return Result({"exchange": exchange, "paillier": paillier_block, "rsa": rsa_block, "proof": proof}, secrets)


def pairs(context: Context) -> Result:
    """Check the peers' keys and agree on one symmetric key with each.

    Inputs: me, bits, sid, and per peer P: exchange.P, paillier.P, rsa.P, proof.P. Fields: kappa.P.

    Raises:
        ProtocolError: A peer's key is not acceptable; names the peer.
    """
    own, me, sid = (
        X25519PrivateKey.from_private_bytes(context.secrets["exchange"]),
        context.inputs["me"],
        context.inputs["sid"],
    )
    fields = {}
    for name, value in context.inputs.items():
        kind, _, peer = name.partition(".")
        if kind != "exchange":
            continue
        try:
            _check(context, peer)
            shared = own.exchange(X25519PublicKey.from_public_bytes(value))
        except (ProtocolError, ValueError):
            raise ProtocolError("a public key is not acceptable", whose=peer) from None
        fields[f"kappa.{peer}"] = digest(b"accord kappa", shared, sid, *sorted((me, peer)))
    return Result(fields)


def _check(context: Context, peer: str) -> None:
    bits, sid = context.inputs["bits"], context.inputs["sid"]
    paillier, server = context.inputs[f"paillier.{peer}"], context.inputs[f"rsa.{peer}"]
    if len(paillier):
        n, hs = from_block(paillier)
        paillier_keys.PublicKey(n, hs).check(bits)
    if len(server):
        rsa.verify_public(from_block(server)[0], context.inputs[f"proof.{peer}"], sid, bits)


def commit(context: Context) -> Result:
    """A salted commitment to the id set; the salt is the first 32 bytes of the stream."""
    salt = context.xof.bytes(32)
    ids = context.rows.ids
    return Result({"commitment": commitment(ids, salt), "salt": salt, "count": len(ids)})
