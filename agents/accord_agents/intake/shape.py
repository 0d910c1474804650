"""What ids look like, without an id: letters as a or A, digits as 9."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

_SHOWN = 40
_SAMPLE = 100_000
_IGNORABLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5") | {chr(c) for c in range(0xFE00, 0xFE10)}
"""Marks and letters that are drawn as nothing, and that Python takes for printable."""


def invisible(identifier: str) -> bool:
    """Whether a character in it shows nothing: zero width, soft hyphen, byte order mark, control characters."""
    return not (identifier.isprintable() and (identifier.isascii() or _IGNORABLE.isdisjoint(identifier)))


def shape(identifier: str) -> str:
    """Its form: ``Kd-2024.0`` is ``Aa-9999.9``; what does not show is ``·``; at most 40 characters."""
    form = "".join(map(_class, identifier[:_SHOWN]))
    return form + "..." if len(identifier) > _SHOWN else form


def _class(c: str) -> str:
    if c.isdigit():
        return "9"
    if c.isalpha():
        return "A" if c.isupper() else "a"
    return "·" if invisible(c) else c


def described(ids: Sequence[str]) -> str:
    """What ids have in common, for the people whose ids they are: number, length, characters, forms, an ending.

    Args:
        ids: Normalised ids, at least one; the first 100,000 are looked at.
    """
    looked = ids[:_SAMPLE]
    lengths = sorted({len(i) for i in looked})
    long = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
    forms = Counter(map(shape, looked)).most_common(3)
    common = [f"{form} ({100 * n / len(looked):.0f} %)" for form, n in forms if n >= len(looked) / 10]
    ending = _ending(looked) if len(looked) > 1 else ""
    parts = [f"{len(ids)} ids, {long} characters of {_alphabet(looked)}"]
    parts += [f"such as {', '.join(common)}"] if common else []
    parts += [f"all ending in {shape(ending)}"] if len(ending) > 1 else []
    return ", ".join(parts)


def _ending(ids: Iterable[str]) -> str:
    backwards = sorted(i[::-1] for i in ids)
    first, last = backwards[0], backwards[-1]  # what these two share, all share
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))[::-1]


def _alphabet(ids: Iterable[str]) -> str:
    used = {c for i in ids for c in i}
    kinds = {
        "digits": any(c.isdigit() for c in used),
        "small letters": any(c.isalpha() and not c.isupper() for c in used),
        "capitals": any(c.isupper() for c in used),
        "spaces": " " in used,
        "characters that do not show": any(map(invisible, used)),
    }
    marks = sorted(c for c in used if not (c.isalnum() or c == " " or invisible(c)))
    named = [kind for kind, there in kinds.items() if there] + list(islice(marks, 8))
    return ", ".join(named)


def evening(ids: Sequence[str]) -> list[str]:
    """Steps of an agreement's `normalise` that would even out what these ids have, in the order to write them.

    Args:
        ids: Normalised ids; the first 100,000 are looked at.
    """
    used = {c for i in ids[:_SAMPLE] for c in i}
    marks = any(not c.isalnum() and c != " " for c in used)
    if marks and not any(c.isalpha() for c in used):
        return ["digits"]
    steps = {
        "lower": any(c.isupper() for c in used),
        "spaces": " " in used and not marks,
        "alphanumeric": marks,
    }
    return [step for step, helps in steps.items() if helps]
