"""Tasks of looking for pictures in a gallery: encrypted inner products, and the steps of the comparison.

Of g pictures and c probes pair ``j·c + i`` is picture j with probe i. Pairs are worked on in extensions of `PAIRS`,
each of which has its own nonce, check, tweak and permutation. ``terms`` is the section of the agreement as JSON.
"""

from __future__ import annotations

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from accord_protocols.matching import distance
from accord_protocols.matching.layout import KEY, PAIRS, choices_bytes, layout_of
from accord_protocols.primitives.comparison import circuit, lookup
from accord_protocols.primitives.comparison.circuit import LAST, STEPS
from accord_protocols.primitives.lattice import encrypt_columns, forward, open_forward
from accord_protocols.primitives.lattice.keys import PublicKey, SecretKey
from accord_protocols.primitives.onehot import cot, seeds
from accord_protocols.primitives.onehot.blocks import Permutation
from accord_protocols.primitives.onehot.ledger import nonce
from accord_protocols.tasks.registry import Context, Result, some
from accord_schemas.canonical import digest
from accord_schemas.errors import AccordError
from accord_schemas.matching import Match

_NONCE = bytes(12)  # each name's key encrypts nothing else
Bytes = NDArray[np.uint8]


def enrol(context: Context) -> Result:
    """Server: its gallery, encrypted, in an order that says nothing. Inputs: terms. Gives `Enrolled`."""
    terms, rows = _terms(context), context.rows
    order = context.xof.fork("order").permutation(len(rows.ids))
    embeddings = distance.fixed(np.asarray(rows.values)[order])
    layout, secret = layout_of(len(embeddings), terms.kind), SecretKey.decode(context.secrets["lattice"])
    close, pairs = distance.near(embeddings, distance.limit(terms))
    keys = np.frombuffer(context.xof.fork("names").bytes(KEY * len(order)), np.uint8).reshape(-1, KEY)
    names = [_sealed(key.tobytes(), rows.ids[row], terms.width) for key, row in zip(keys, order.tolist(), strict=True)]
    return Result(
        {
            "numbers": encrypt_columns(secret, layout, embeddings, context.xof.fork("errors")),
            "norms": distance.norms(embeddings),
            "names": np.frombuffer(b"".join(names), np.uint8).reshape(len(order), -1),
            "keys": keys,
            "near": close,
            "pairs": pairs,
        }
    )


def ask(context: Context) -> Result:
    """Client: all its probes times the gallery, under a mask that is its share. Inputs: terms, gallery, numbers, and
    the server's key: sid, owner, large, small.

    Gives `Asked`.
    """
    inputs = context.inputs
    probes = distance.fixed(np.asarray(context.rows.values))
    public = PublicKey.decode(*(inputs[name] for name in ("sid", "owner", "large", "small")))
    layout = layout_of(inputs["gallery"], _terms(context).kind)
    vectors = np.ascontiguousarray(probes.T).astype(np.uint64)[..., None]
    numbers, mask = forward(public, layout, inputs["numbers"], vectors, context.xof)
    share = distance.probe_share(distance.norms(probes), mask[..., 0])
    return Result({"numbers": numbers, "held": circuit.begun(share.reshape(-1), chooser=True)})


def opened(context: Context) -> Result:
    """Server: its share of every distance. Inputs: terms, norms, numbers, count. Gives `Held`."""
    inputs, terms = context.inputs, _terms(context)
    secret, squares = SecretKey.decode(context.secrets["lattice"]), inputs["norms"]
    layout = layout_of(len(squares), terms.kind)
    products = open_forward(secret, layout, inputs["numbers"], inputs["count"])[..., 0]
    share = distance.gallery_share(squares, products, distance.limit(terms))
    return Result({"held": circuit.begun(share.reshape(-1), chooser=False)})


def picks(context: Context) -> Result:
    """Client: an extension of a step. Inputs: sid, exchange, seeds, step, held ``(n, ...)``. Gives `Picked`."""
    inputs, at = context.inputs, STEPS[context.inputs["step"]]
    bits = lookup.choices(np.ascontiguousarray(inputs["held"][:, : at.lookups]).reshape(-1), at.width)
    once = nonce(context.key, ("picks", inputs["sid"], _number(context)), bits.tobytes())
    said, t = cot.choose(inputs["seeds"], _extension(context), once, bits, context.xof.bytes(cot.SPARE // 8))
    return Result(
        {
            "nonces": np.frombuffer(once, np.uint8).reshape(1, -1),
            "checks": np.frombuffer(said.check, np.uint8).reshape(1, -1),
            "choices": _filled(said.corrections, choices_bytes(inputs["step"])),
            "joined": lookup.joined(t, at.width).reshape(len(inputs["held"]), -1),
        }
    )


def tables(context: Context) -> Result:
    """Server: an extension of a step, whose choices are checked before anything is said of them.

    Inputs: sid, exchange, delta, seeds, step, held and keys (of all pairs), count, nonces, checks and choices (a row an
    extension). Gives `Tabled`.

    Raises:
        ProtocolError: The check fails.
    """
    inputs, step = context.inputs, context.inputs["step"]
    at, secret = STEPS[step], seeds.Secret(inputs["delta"], inputs["seeds"])
    pairs = slice(context.part * PAIRS, (context.part + 1) * PAIRS)
    held = some(inputs["held"], pairs)
    transfers = len(held) * at.transfers
    corrections = inputs["choices"][0, : seeds.GROUPS * cot.width(transfers)].reshape(seeds.GROUPS, -1)
    said = cot.Extension(inputs["nonces"][0].tobytes(), corrections, inputs["checks"][0].tobytes())
    q = lookup.joined(cot.accept(secret, _extension(context), said, transfers), at.width)
    masks = _bits(context, len(held), at)
    if step == LAST:
        owners = np.arange(pairs.start, pairs.start + len(held)) // inputs["count"]
        entries, then = circuit.keyed(held, inputs["keys"][owners]), held
    else:
        entries, then = circuit.entries(step, held, masks), circuit.continued(step, held, masks)
    label = ("tables", inputs["sid"], _number(context))
    tweak = nonce(context.key, label, np.packbits(entries).tobytes(), said.nonce, corrections.tobytes())
    told = lookup.send(_permutation(context), q, secret.block, tweak, entries)
    tweaks = np.frombuffer(tweak, np.uint8).reshape(1, -1)
    return Result({"tweaks": tweaks, "tables": told.reshape(len(held), -1), "held": then})


def read(context: Context) -> Result:
    """Client: an extension of a step, opened. Inputs: sid, step, held, joined, tables ``(n, ...)``, and all tweaks.

    Gives `Held`: what it looks up next; after the last step the keys, zeros where there is no match.
    """
    inputs, step = context.inputs, context.inputs["step"]
    at, held = STEPS[step], inputs["held"]
    n = len(held) * at.lookups
    numbers = np.ascontiguousarray(held[:, : at.lookups]).reshape(-1)
    t, told = inputs["joined"].reshape(n, 2), inputs["tables"].reshape(n, -1)
    tweak = inputs["tweaks"][context.part].tobytes()
    found = lookup.receive(_permutation(context), np.ascontiguousarray(t), numbers, tweak, told, at.bits)
    if step == LAST:
        return Result({"held": np.packbits(found, axis=1, bitorder="little")})
    return Result({"held": circuit.continued(step, held, found.reshape(len(held), at.lookups, at.bits))})


def named(context: Context) -> Result:
    """Client: the names that the keys open, by probe. Inputs: terms, held (keys of all pairs), names, count.

    A key that opens nothing is no match: an error would tell a server that made it so whose picture was near. Gives
    `Named`.
    """
    inputs, terms = context.inputs, _terms(context)
    found = []
    for pair in np.flatnonzero(inputs["held"].any(axis=1)).tolist():
        picture, probe = divmod(pair, inputs["count"])
        name = _opened(inputs["held"][pair].tobytes(), inputs["names"][picture].tobytes())
        if name is not None:
            found.append((probe, name))
    found.sort()
    names = b"".join(name for _, name in found)
    return Result(
        {
            "probes": np.array([probe for probe, _ in found], np.uint64),
            "images": [context.rows.ids[probe] for probe, _ in found],
            "names": np.frombuffer(names, np.uint8).reshape(len(found), terms.width),
        }
    )


def _sealed(key: bytes, name: str, width: int) -> bytes:
    raw = name.encode()
    if len(raw) > width:
        raise AccordError(f"a file of the gallery has a name of {len(raw)} bytes; {width} are agreed (match.width).")
    return AESGCM(key).encrypt(_NONCE, raw.ljust(width, b"\0"), None)


def _opened(key: bytes, sealed: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, None)
    except InvalidTag:
        return None


def _filled(corrections: Bytes, size: int) -> Bytes:
    out = np.zeros((1, size), np.uint8)
    out[0, : corrections.size] = corrections.reshape(-1)
    return out


def _bits(context: Context, pairs: int, at: circuit.Step) -> Bytes:
    """The sender's shares of an extension, random bits."""
    size = pairs * at.lookups * at.bits
    raw = np.frombuffer(context.xof.bytes(-(-size // 8)), np.uint8)
    return np.unpackbits(raw, count=size).reshape(pairs, at.lookups, at.bits)


def _terms(context: Context) -> Match:
    return Match.model_validate_json(context.inputs["terms"])


def _number(context: Context) -> int:
    return int(context.inputs["step"]) << 32 | context.part


def _permutation(context: Context) -> Permutation:
    return Permutation(context.inputs["sid"], "table", _number(context))


def _extension(context: Context) -> bytes:
    inputs = context.inputs
    return digest(b"accord match picks", inputs["sid"], inputs["exchange"], _number(context).to_bytes(8, "big"))
