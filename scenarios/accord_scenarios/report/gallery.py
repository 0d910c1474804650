"""What matched, in the report: the receiver's own pictures beside the names that it learned, and no other picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def cards(matches: Sequence[Sequence[str]], pictures: Mapping[str, str]) -> str:
    """A picture, its name and what it matched, one after another; nothing without matches.

    Args:
        matches: An image and a name for each.
        pictures: PNG files in base64, by image; one that is not there is named only.
    """
    found: dict[str, list[str]] = {}
    for image, name in matches:
        found.setdefault(image, []).append(name)
    shown = "".join(_card(image, names, pictures.get(image, "")) for image, names in found.items())
    return f'<div class="gallery">{shown}</div>' if shown else ""


def _card(image: str, names: Sequence[str], picture: str) -> str:
    drawn = f'<img alt="" src="data:image/png;base64,{escape(picture)}">' if picture else ""
    told = "".join(f"<b>{escape(name)}</b>" for name in names)
    return f"<figure>{drawn}<figcaption>{escape(image)}{told}</figcaption></figure>"
