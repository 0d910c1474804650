"""Tasks of the offline phase: one-time pads under Paillier, and their products with a peer's columns."""

from __future__ import annotations

import numpy as np

from accord_protocols.primitives.paillier.jobs import (
    answer_masks,
    decrypt_products,
    encrypt_masks,
    masked_products,
)
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.bigints import from_block


def encrypt(context: Context) -> Result:
    """CP q: encrypt this part's pads. Inputs: masks ``(n, s, words) uint64``, slot_bits."""
    key = PrivateKey.decode(context.secrets["paillier"])
    return Result({"numbers": encrypt_masks(key, context.inputs["masks"], context.inputs["slot_bits"], context.xof)})


def mask(context: Context) -> Result:
    """Party p: what hides its answers for this part's columns. Inputs: key, columns, slots, slot_bits, ring_bits."""
    inputs = context.inputs
    sizes = (len(inputs["columns"]), inputs["slots"], inputs["slot_bits"], inputs["ring_bits"])
    numbers, offsets = answer_masks(PublicKey(from_block(inputs["key"])[0]), *sizes, context.xof)
    return Result({"numbers": numbers, "offsets": offsets})


def multiply(context: Context) -> Result:
    """Party p: products of the encrypted pads with its columns, masked.

    Inputs: key (n), numbers, x ``(n, m) int64``, masks, exponent_bits.
    """
    inputs = context.inputs
    public = PublicKey(from_block(inputs["key"])[0])
    fields = (inputs["numbers"], inputs["x"], inputs["masks"], inputs["exponent_bits"])
    return Result({"numbers": masked_products(public, *fields)})


def decrypt(context: Context) -> Result:
    """CP q: the products of this part's columns. Inputs: numbers, slots, slot_bits, ring_bits."""
    inputs = context.inputs
    key = PrivateKey.decode(context.secrets["paillier"])
    products = decrypt_products(key, inputs["numbers"], inputs["slots"], inputs["slot_bits"], inputs["ring_bits"])
    return Result({"products": np.ascontiguousarray(products)})
