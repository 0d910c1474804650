"""Sizes of a search for pictures: numbers of an embedding, how a gallery is encrypted, and what travels."""

from __future__ import annotations

from accord_protocols.primitives.comparison.circuit import STEPS
from accord_protocols.primitives.lattice.columns import Layout
from accord_protocols.primitives.onehot import cot, seeds
from accord_schemas.matching import HASH_BITS, Kind, Match

NUMBERS: dict[Kind, int] = {"face": 128, "picture": HASH_BITS}
"""Of an embedding."""
PAIRS = 512
"""Comparisons of an extension of transfers."""
KEY, SEAL = 16, 16
"""Bytes of a name's key, and those that a name is longer by under it."""


def layout_of(gallery: int, kind: Kind) -> Layout:
    """How a gallery lies in polynomials: times a probe it gives all inner products at once."""
    return Layout("scores", gallery, NUMBERS[kind], 64)


def extensions(gallery: int, probes: int) -> int:
    """Of all comparisons."""
    return -(-gallery * probes // PAIRS)


def choices_bytes(step: int) -> int:
    """What the client tells of an extension of a step; shorter ones are filled up."""
    return seeds.GROUPS * cot.width(STEPS[step].transfers * PAIRS)


def largest(terms: Match, gallery: int, probes: int) -> int:
    """Bytes of the largest content of a search."""
    layout, pairs = layout_of(gallery, terms.kind), gallery * probes
    encrypted = layout.blocks * layout.width + gallery * (terms.width + SEAL)
    products = layout.outputs * probes * layout.message_width
    tables = pairs * max(step.told for step in STEPS)
    choices = extensions(gallery, probes) * max(choices_bytes(step) for step in range(len(STEPS)))
    return max(encrypted, products, tables, choices)
