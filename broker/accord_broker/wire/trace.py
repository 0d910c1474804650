"""W3C Trace Context, level 1: the one ``traceparent`` that may travel beside a frame.

What others write there is worth carrying or it is not; it is never a reason to refuse an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TRACEPARENT = "traceparent"
_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def single(values: Iterable[str | bytes | None]) -> str:
    """The value that came, where exactly one did and it is well-formed (section 3.2); else empty."""
    found = list(values)
    value = found[0] if len(found) == 1 else None
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value or ""
    return text if _FORM.fullmatch(text) else ""
