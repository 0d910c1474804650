"""Small copies of a party's own pictures, for its report."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

SIDE = 72
"""Pixels of the longer side."""


def thumbnails(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """PNG files in base64, by name; without those that cannot be read any more, and none where there is no Pillow."""
    if find_spec("PIL") is None:
        return {}
    return {name: small for name in dict.fromkeys(names) if (small := _small(folder / name))}


def _small(file: Path) -> str:
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, Image.DecompressionBombError):  # the run is over: what it read may be gone
        return ""
    picture.thumbnail((SIDE, SIDE))
    with io.BytesIO() as written:
        picture.save(written, "PNG")
        return base64.b64encode(written.getvalue()).decode()
