"""Numeric fields of events: arrays of one dtype and shape, which say so in a JSON Schema too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from accord_schemas.blob import LARGE, Blob


@dataclass(frozen=True, slots=True)
class Array:
    """The form of an array; None stands for any length. Floating point numbers are finite."""

    dtype: str
    shape: tuple[int | None, ...]

    def check(self, value: Any) -> NDArray[Any] | Blob:
        """The value, in memory or by reference, which is of this form.

        Raises:
            ValueError: It is not.
        """
        known = isinstance(value, np.ndarray | Blob) and np.dtype(value.dtype) == np.dtype(self.dtype)
        if not known or len(value.shape) != len(self.shape):
            raise ValueError(f"expected {len(self.shape)} dimensions of {self.dtype}")
        if any(want is not None and have != want for have, want in zip(value.shape, self.shape, strict=True)):
            raise ValueError(f"expected the shape {self.shape}")
        if np.dtype(self.dtype).kind == "f" and not all(np.isfinite(part).all() for part in _parts(value)):
            raise ValueError("expected finite numbers")
        checked: NDArray[Any] | Blob = value
        return checked

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        kind = np.dtype(self.dtype)
        item: dict[str, Any] = {"type": "number"}
        if kind.kind != "f":
            limits = np.iinfo(kind)
            item = {"type": "integer", "minimum": int(limits.min), "maximum": int(limits.max)}
        for length in reversed(self.shape):
            item = {"type": "array", "items": item}
            if length is not None:
                item |= {"minItems": length, "maxItems": length}
        return item | {"x-accord-dtype": self.dtype, "x-accord-shape": list(self.shape)}


def _parts(value: NDArray[Any] | Blob) -> Iterator[NDArray[Any]]:
    if not isinstance(value, Blob):
        yield value
        return
    step = max(1, LARGE // value.width)
    for start in range(0, len(value), step):
        yield value.rows(slice(start, start + step))


Numbers = Annotated[np.ndarray, Array("u1", (None, None))]
"""``(n, width) uint8``: big integers, rows big-endian."""
Octets = Annotated[np.ndarray, Array("u1", (None,))]
"""``(n,) uint8``: small numbers, or bits in eights, low ones first."""
Digests = Annotated[np.ndarray, Array("u1", (None, 32))]
"""``(n, 32) uint8``: tags or group elements."""
Blocks16 = Annotated[np.ndarray, Array("u1", (None, 16))]
"""``(n, 16) uint8``: rows of a key-value store."""
RingVector = Annotated[np.ndarray, Array("<u8", (None, None))]
"""``(n, words) uint64``: ring elements, little-endian words."""
RingMatrix = Annotated[np.ndarray, Array("<u8", (None, None, 2))]
"""``(n, m, 2) uint64``: elements of Z_2^128, little-endian words."""
Bytes = Annotated[np.ndarray, Array("u1", (None,))]
"""``(n,) uint8``."""
Reals = Annotated[np.ndarray, Array("<f8", (None,))]
"""``(n,) float64``."""
