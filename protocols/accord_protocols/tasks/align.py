"""Tasks of entity alignment by RSA blind signatures in a star around the label holder."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial

import numpy as np

from accord_protocols.primitives.commitments import texts
from accord_protocols.primitives.psi import okvs, rsa
from accord_protocols.primitives.psi.rsa_key import PrivateKey
from accord_protocols.primitives.psi.sharing import shares, shares_of_hashes
from accord_protocols.primitives.psi.star import intersect, locate
from accord_protocols.primitives.psi.tags import as_items, unpacked
from accord_protocols.primitives.psi.text_order import Worded
from accord_protocols.tasks.pieces import pieces, rows_of
from accord_protocols.tasks.registry import Context, Result, some
from accord_protocols.tasks.results.common import Bytes
from accord_schemas.bigints import from_block
from accord_schemas.canonical import framed


def blind(context: Context) -> Result:
    """Leader: this part's ids, blinded for a server. Inputs: sid, modulus."""
    n = from_block(context.inputs["modulus"])[0]
    return Result({"numbers": rsa.blind(context.ids, n, context.inputs["sid"], context.xof)})


def sign(context: Context) -> Result:
    """Server: blinded numbers under its key. Inputs: numbers."""
    key = PrivateKey.decode(context.secrets["rsa"])
    return Result({"numbers": rsa.evaluate(key, context.inputs["numbers"])})


def tag(context: Context) -> Result:
    """Server: the tags of its own ids. Inputs: sid."""
    key = PrivateKey.decode(context.secrets["rsa"])
    return Result({"tags": rsa.own_tags(key, context.inputs["sid"], context.ids)})


def store(context: Context) -> Result:
    """Server: the key-value store from its tags to its shares of zero.

    Inputs: tags, kappa.P per peer, and perhaps hashes and their order.
    """
    built = okvs.build(context.inputs["tags"], _shares(context), context.xof)
    salt, table = built.encode()
    return Result({"salt": salt, "table": table})


def finalise(context: Context) -> Result:
    """Leader, with the key of its `blind`: tags of this part's ids. Inputs: sid, modulus, numbers."""
    n, sid = from_block(context.inputs["modulus"])[0], context.inputs["sid"]
    return Result({"tags": rsa.finalise(context.ids, n, sid, context.inputs["numbers"], context.xof)})


def intersect_task(context: Context) -> Result:
    """Leader: rows that everybody has, in a random order, and their tags by server P.

    Inputs, by server P: kappa, tags, salt, table, size; and perhaps hashes and their order.
    """
    inputs = context.inputs
    servers = sorted(name.partition(".")[2] for name in inputs if name.startswith("size."))
    opened = [
        (okvs.Store.decode(inputs[f"size.{p}"], inputs[f"salt.{p}"], inputs[f"table.{p}"]), tags)
        for p, tags in ((p, partial(some, inputs[f"tags.{p}"])) for p in servers)
    ]
    rows = intersect(_shares(context), opened)
    rows = rows[context.xof.permutation(len(rows))]
    return Result({"rows": rows, **{f"tags.{p}": rows_of(inputs[f"tags.{p}"], rows) for p in servers}})


def locate_task(context: Context) -> Result:
    """Server: its rows in the announced order. Inputs: tags, announced."""
    return Result({"rows": locate(pieces(context.inputs["tags"]), context.inputs["announced"])})


def order(context: Context) -> Result:
    """Party that does not lead: MACs over its common ids in their order. Inputs: rows, me, kappa.P per other one.

    Fields, by other party P: own.P, which P is told; peer.P, which P tells if its rows are the same.
    """
    ids, rows, h = context.rows.ids, context.inputs["rows"], hashlib.sha256()
    for part in ids.framed(rows) if isinstance(ids, Worded) else texts(ids[row] for row in rows.tolist()):
        h.update(part)
    found, said = h.digest(), dict[str, bytes]()
    for name, kappa in context.inputs.items():
        field, _, peer = name.partition(".")
        if field == "kappa":
            said |= {f"own.{peer}": _mac(kappa, context.inputs["me"], found), f"peer.{peer}": _mac(kappa, peer, found)}
    return Result(said)


def _mac(kappa: bytes, sender: str, found: bytes) -> bytes:
    return hmac.digest(kappa, b"".join(framed(b"accord row order", sender, found)), "sha256")


def _shares(context: Context) -> Bytes:
    """Of the own ids, or of their hashes, which stand in another order, where the parties have them in common."""
    if "hashes" in context.inputs:
        own = shares_of_hashes(_kappas(context), context.inputs["hashes"])
        found: Bytes = np.empty_like(own)
        as_items(found)[unpacked(context.inputs["order"])] = as_items(own)
        return found
    return shares(_kappas(context), context.rows.ids)


def _kappas(context: Context) -> list[bytes]:
    return [value for name, value in context.inputs.items() if name.startswith("kappa.")]
