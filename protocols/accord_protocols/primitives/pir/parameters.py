"""The parameters of learning with errors, and what they are worth.

Secrets and errors are discrete Gaussians of one standard deviation, as in the reduction; secrets in {-1, 0, 1} would
cost 18 bits. `bits` is the estimate that these were chosen by; `tests/unit/pir/test_pir_security.py` holds it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DIMENSION = 1408
"""Of a secret."""
MODULUS_BITS = 32
PLAIN_BITS = 8
"""Of an entry of the table."""
SIGMA = 6.4
SCALE = 1 << MODULUS_BITS - PLAIN_BITS
"""What stands for 1 in a question."""
WORD = MODULUS_BITS // 8
"""Bytes of a number modulo 2^32."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an attack costs.

    Args:
        block: The size of the blocks that lattice reduction has to work with.
        samples: How many samples the attacker takes; more do not help it.
        bits: log2 of the cost of one call of the sieve ("core-SVP"): 2^(0.292·block) operations.
    """

    block: int
    samples: int
    bits: float


def estimate(dimension: int, modulus_bits: float, error: float, secret: float) -> Estimate:
    """The primal attack (unique shortest vector), by the condition of "2016".

    Alkim, Ducas, Pöppelmann, Schwabe, "Post-quantum key exchange: a new hope", USENIX Security 2016, section 6.3:
    blocks of size b find the secret where ``σ·√b ≤ δ(b)^(2b-d-1)·Vol^(1/d)``, d = dimension + samples + 1. The cost of
    a sieve in dimension b is that of Becker, Ducas, Gama, Laarhoven, SODA 2016. A secret of another deviation than the
    error's is scaled to it (Bai, Galbraith, ACISP 2014).

    Args:
        dimension: Of the secret.
        modulus_bits: log2 of the modulus.
        error: Standard deviation of the errors.
        secret: Standard deviation of the secret's entries.

    Raises:
        ValueError: Nothing up to blocks of 1,500 breaks it.
    """
    scale = math.log2(error / secret)
    for block in range(60, 1500):
        root = math.log2(((math.pi * block) ** (1 / block) * block / (2 * math.pi * math.e)) ** (1 / (2 * (block - 1))))
        short = math.log2(error) + 0.5 * math.log2(block)
        for samples in range(max(50, dimension // 2), 3 * dimension, 8):
            size = dimension + samples + 1
            volume = (samples * modulus_bits + dimension * scale) / size
            if block <= size and short <= (2 * block - size - 1) * root + volume:
                return Estimate(block, samples, 0.292 * block)
    raise ValueError("no attack of the sizes that are looked at")
