"""Feature values in fixed point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.whiten import MAX_EXPONENT
from accord_schemas.errors import ProtocolError


def quantise(X: NDArray[np.float64], fraction_bits: int = 16, exponent: int = MAX_EXPONENT) -> NDArray[np.int64]:
    """round(2^fraction_bits · x), ties to even, as int64 of the same shape.

    Args:
        X: Values, whitened or not.
        fraction_bits: Bits behind the point, at most 40.
        exponent: The announced bound, |x| <= 2^exponent.

    Raises:
        ProtocolError: A value is beyond the bound, checked on the integers.
    """
    if not 0 <= fraction_bits <= 40 or not 0 <= exponent <= MAX_EXPONENT:
        raise ValueError("fraction_bits or exponent out of range")
    # NaN and what int64 cannot hold would turn into arbitrary integers, so they are stopped before
    if not np.all(np.abs(X) < 2.0 ** (MAX_EXPONENT + 1)):
        raise ProtocolError("a value is out of range")
    fixed = np.rint(X * 2.0**fraction_bits).astype(np.int64)
    if np.any(np.abs(fixed) > 1 << (exponent + fraction_bits)):
        raise ProtocolError("a value is out of range")
    return fixed
