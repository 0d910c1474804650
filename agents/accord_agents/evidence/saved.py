"""What editors, mailers and tools do to a file that they save: said, so that nobody looks for a forger.

Nothing is undone: every bit of a file counts, and a copy in another form proves nothing.
"""

from __future__ import annotations

from typing import Any

from accord_schemas.canonical import canonical_json, unambiguous_json

_MARKS = {
    b"\xef\xbb\xbf": ("utf-8-sig", "it begins with a byte order mark"),
    b"\xff\xfe": ("utf-16", "it is in UTF-16"),
    b"\xfe\xff": ("utf-16", "it is in UTF-16"),
}


def reformed(data: bytes) -> tuple[str, bytes | None]:
    """How a file's form differs from the canonical one, and that one; (nothing, None) where it is no JSON at all."""
    found: list[str] = []
    try:
        encoding, mark = _MARKS.get(data[:3], _MARKS.get(data[:2], ("utf-8", "")))
        text = data.decode(encoding)
        value: Any = unambiguous_json(text)
        canonical = canonical_json(value)
    except (ValueError, TypeError, RecursionError):
        return "", None
    if mark:
        found.append(mark)
    if text.encode() == canonical:
        return ", ".join(found), canonical
    if "\r" in text:
        found.append("its line ends are those of Windows (CRLF)")
    body = text.strip()
    if body != text:
        found.append("a line end or white space was added around it")
    if body.encode() != canonical:
        found.append("it was laid out anew (indentation, order of keys, or letters written as \\u escapes)")
    return ", ".join(found), canonical
