"""The engines of the offline phase that an agreement may name, and the sizes that follow from it."""

from __future__ import annotations

from accord_protocols.phases.training.encrypted import Lattice
from accord_protocols.phases.training.offline_paillier import Paillier
from accord_protocols.phases.training.products import ProductEngine
from accord_protocols.phases.training.ranges import RANGE_BITS
from accord_protocols.phases.training.sizes import D_BITS, X_BITS, Announced, Sizes
from accord_protocols.primitives.paillier.packing import log2_ceil
from accord_protocols.primitives.ring import Ring
from accord_schemas.agreement import Agreement
from accord_schemas.parts import Train

ENGINES: dict[str, ProductEngine] = {engine.name: engine for engine in (Paillier(), Lattice())}


def engine_of(agreement: Agreement) -> ProductEngine:
    """The agreed engine; where nothing is trained, the one that a training has by default, of which nobody has keys."""
    return ENGINES[(agreement.train or Train()).engine]


def sizes_of(agreement: Agreement, rows: int, announced: Announced) -> Sizes:
    """The sizes of a training, by the agreement and what everybody announced.

    At `score` the residual is known to its holder, so that 64 bits do when 40 fraction bits, the rows, the features and
    the residual's range fit; at `shared` the ring has 128 bits.
    """
    train = agreement.train
    assert train is not None
    bound = max(announced.bounds.values())
    x_bits = X_BITS + bound + 1
    room = 64 - (X_BITS + D_BITS + log2_ceil(max(rows, 1)) + bound + 1)
    small = train.protection == "score" and announced.range <= room
    ring, range_bits = (Ring(64), room) if small else (Ring(128), RANGE_BITS + 1)
    rounds = train.max_rounds + 1
    peers = len(agreement.parties) - 1
    answers = len(agreement.keyholders) * peers * max(1, *announced.columns.values()) * rounds
    slots = engine_of(agreement).slots(agreement.key_bits, ring, x_bits, max(rows, 1), answers)
    return Sizes(rows, ring, x_bits, range_bits, min(slots, rounds))
