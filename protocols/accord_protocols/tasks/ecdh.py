"""Tasks of entity alignment by ECDH on ristretto255, see `accord_protocols.phases.alignment.oprf.Oprf`."""

from __future__ import annotations

import numpy as np

from accord_protocols.primitives.psi import ecdh, ristretto
from accord_protocols.tasks.keys import peers_of
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError

_NO_PROOF = np.zeros((0, ristretto.POINT), np.uint8)


def make(context: Context) -> Result:
    """A scalar; its multiple of the generator is public, and nothing is proven of it."""
    scalar = ristretto.random_scalar(context.xof.fork("ecdh"))
    return Result({"scheme": "ecdh", "key": ristretto.multiply_base([scalar]), "proof": _NO_PROOF}, {"ecdh": scalar})


def check(context: Context) -> Result:
    """Every server's key is one point of the group.

    Raises:
        ProtocolError: One is not; names the peer.
    """
    for peer, said in peers_of(context):
        if said["scheme"] != context.inputs["scheme"]:
            raise ProtocolError("an alignment key is not of the agreed scheme", whose=peer)
        try:
            ristretto.check_points(said["key"])
        except ProtocolError:
            raise ProtocolError("a public key is not acceptable", whose=peer) from None
        if len(said["key"]) != 1 or said["proof"].shape != _NO_PROOF.shape:
            raise ProtocolError("a public key is not acceptable", whose=peer)
    return Result({})


def blind(context: Context) -> Result:
    """Leader: this part's ids, blinded for a server. Inputs: sid."""
    return Result({"numbers": ecdh.blind(context.ids, context.inputs["sid"], context.xof)})


def evaluate(context: Context) -> Result:
    """Server: blinded points times its key. Inputs: numbers."""
    return Result({"numbers": ecdh.evaluate(context.secrets["ecdh"], context.inputs["numbers"])})


def tag(context: Context) -> Result:
    """Server: the tags of its own ids. Inputs: sid."""
    return Result({"tags": ecdh.own_tags(context.secrets["ecdh"], context.inputs["sid"], context.ids)})


def finalise(context: Context) -> Result:
    """Leader, with the key of its `blind`: tags of this part's ids. Inputs: sid, numbers."""
    return Result({"tags": ecdh.finalise(context.ids, context.inputs["sid"], context.inputs["numbers"], context.xof)})
