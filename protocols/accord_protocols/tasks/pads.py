"""Tasks of the offline phase: one-time pads under Paillier, and their products with a peer's columns."""

from __future__ import annotations

import numpy as np

from accord_protocols.primitives.paillier.jobs import decrypt_products, encrypt_masks, masked_products
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.packing import offset
from accord_protocols.primitives.ring import Ring
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.bigints import from_block


def encrypt(context: Context) -> Result:
    """CP q: encrypt this part's pads. Inputs: masks ``(n, s, words) uint64``, slot_bits."""
    key = PrivateKey.decode(context.secrets["paillier"])
    return Result({"numbers": encrypt_masks(key, context.inputs["masks"], context.inputs["slot_bits"], context.xof)})


def multiply(context: Context) -> Result:
    """Party p: products of the encrypted pads with its columns, offset by ρ; it keeps ρ modulo the ring.

    Inputs: key (n, h_s), numbers, x ``(n, m) int64``, slots, slot_bits, exponent_bits, ring_bits.
    """
    inputs, xof, columns = context.inputs, context.xof, context.inputs["x"].shape[1]
    n, hs = from_block(inputs["key"])
    width, ring = inputs["slot_bits"], Ring(inputs["ring_bits"])
    draws = xof.fork("offsets")
    rho = [[offset(draws, width) for _ in range(inputs["slots"])] for _ in range(columns)]
    numbers = masked_products(
        PublicKey(n, hs), inputs["numbers"], inputs["x"], rho, width, inputs["exponent_bits"], xof.fork("obfuscators")
    )
    kept = ring.from_ints(value for row in rho for value in row).reshape(columns, inputs["slots"], ring.words)
    return Result({"numbers": numbers, "offsets": kept})


def decrypt(context: Context) -> Result:
    """CP q: the products of this part's columns. Inputs: numbers, slots, slot_bits, ring_bits."""
    inputs = context.inputs
    key = PrivateKey.decode(context.secrets["paillier"])
    products = decrypt_products(key, inputs["numbers"], inputs["slots"], inputs["slot_bits"], inputs["ring_bits"])
    return Result({"products": np.ascontiguousarray(products)})
