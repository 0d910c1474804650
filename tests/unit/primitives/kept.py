"""A loop for `test_compiling`."""

from __future__ import annotations

from typing import Any

from accord_protocols.primitives.compiling import kernel


@kernel
def twice(numbers: Any) -> Any:
    return numbers * 2
