"""The bounds that the offline phase promises, computed with the production formulas for extreme agreements."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tests.support.world import agreement

from accord_protocols.kernel.machine import Setup
from accord_protocols.phases.training.engines import sizes_of
from accord_protocols.phases.training.offline_paillier import slot_bits
from accord_protocols.phases.training.ranges import RANGE_BITS
from accord_protocols.phases.training.sizes import D_BITS, Announced, Sizes
from accord_schemas.agreement import MAX_KEY_BITS, MIN_KEY_BITS, Agreement, Member
from accord_schemas.header import MAX_PARTIES

ENOUGH = Fraction(1, 1 << 40)
# rows, columns, rounds, parties, bits of the key, exponent of the bound, slots at least
CASES = [
    (10_000_000, 200, 60, 2, 3072, 12, 16),
    (10_000_000, 200, 60, 3, 3072, 12, 16),
    (10_000_000, 200, 60, 32, 3072, 12, 16),
    (10_000_000, 200, 60, 3, 2048, 12, 11),
    (20_000_000, 4096, 100_000, 32, 3072, 12, 16),
    (20_000_000, 4096, 100_000, MAX_PARTIES, MIN_KEY_BITS, 12, 10),
    (20_000_000, 4096, 100_000, MAX_PARTIES, MAX_KEY_BITS, 12, 44),
    (229, 10, 60, 3, 3072, 3, 19),
    (24_000, 20, 60, 2, 3072, 5, 18),
    (1, 1, 1, 2, MIN_KEY_BITS, 0, 2),
]


def setup(parties: int, bits: int, rounds: int, protection: str) -> Setup:
    terms = agreement(2, max_rounds=rounds, protection=protection)
    members = {
        f"p{k:02}": Member(role="feature_holder" if k else "label_holder", identity=f"p{k}") for k in range(parties)
    }
    whole = Agreement.model_validate(
        terms.model_dump() | {"parties": {p: m.model_dump() for p, m in members.items()}, "key_bits": bits}
    )
    return Setup(whole, "p00", "00" * 16, bytes(32))


def sized(case: tuple[int, ...], protection: str) -> tuple[Setup, Sizes]:
    rows, columns, rounds, parties, bits, exponent, _ = case
    known = setup(parties, bits, rounds, protection)
    everybody = known.agreement.order
    announced = Announced(
        columns=dict.fromkeys(everybody, columns),
        bounds=dict.fromkeys(everybody, exponent),
        shift=0,
        range=5 if protection == "score" else 0,
    )
    return known, sizes_of(known.agreement, rows, announced)


@pytest.mark.parametrize("protection", ["shared", "score"])
@pytest.mark.parametrize("case", CASES)
def test_a_whole_run_computes_wrongly_at_most_once_in_two_to_the_forty(case: tuple[int, ...], protection: str) -> None:
    rows, columns, rounds, parties, bits, _, least = case
    known, sizes = sized(case, protection)
    largest_x, largest_d = 1 << (sizes.x_bits - 1), (1 << sizes.ring.bits) - 1
    sums = rows * largest_x * largest_d
    width = slot_bits(sizes)
    packed = sum(sums << (width * t) for t in range(sizes.slots))
    batches = -(-(rounds + 1) // sizes.slots)
    answers = len(known.agreement.keyholders) * (parties - 1) * columns * batches
    # R is uniform below n >= 2^(bits-1): the plaintext P + R leaves [0, n) with probability |P|/n
    assert answers * Fraction(packed, 1 << (bits - 1)) <= ENOUGH
    # what a slot takes from those below is one unit at most: they are smaller than one of it
    assert all(sum(sums << (width * u) for u in range(t)) < 1 << (width * t) for t in (1, 2, 5))
    assert sizes.slots >= min(least, rounds + 1)
    assert width >= sizes.ring.bits  # what stands above a slot drops out modulo the ring


@pytest.mark.parametrize("case", CASES)
def test_a_gradient_never_wraps(case: tuple[int, ...]) -> None:
    rows, _, _, parties, *_ = case
    _, sizes = sized(case, "shared")
    residual = (parties + 1) << (RANGE_BITS + D_BITS)  # every party's score, and the label
    assert rows * residual << (sizes.x_bits - 1) < 1 << (sizes.ring.bits - 1)
