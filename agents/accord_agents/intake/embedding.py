"""What a picture is to a job: numbers, of which near ones mean alike pictures.

Faces are embedded by dlib's network, whose weights ship in the package face-recognition-models: its folder is looked
for, and nothing of it is imported. Pictures get a difference hash, which is integers alone. Both begin with the agreed
filter: another one moves an embedding of a face by about a third of what tells two people apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.files.places import Images
from accord_schemas.errors import UsageError
from accord_schemas.matching import HASH_BITS

try:
    from PIL import Image, ImageOps
except ImportError:
    raise UsageError(
        "Images are read with Pillow, which is not installed.", hint="pip install 'accord[faces]'"
    ) from None

_PACKAGE, _FILE = "face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat"
_SIDE = 150  # pixels of what the network takes
_HASHED = (9, 8)  # pixels whose neighbours are compared
_BIT = HASH_BITS**-0.5
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_HINT = "pip install 'accord[faces]'"
Floats = NDArray[np.float64]
Embed = Callable[[Sequence[Path]], Floats]


def embedder(images: Images) -> Embed:
    """What embeds images of a place, some at a time: ``(n, numbers)``.

    Raises:
        UsageError: What it needs is not installed, or has other weights; or, later, an image cannot be read.
    """
    resampling = _FILTERS[images.resampling]
    if images.kind == "picture":
        return lambda files: np.array([_hash(_opened(file).convert("L").resize(_HASHED, resampling)) for file in files])
    network = _network(images.weights)

    def faces(files: Sequence[Path]) -> Floats:
        chips = [np.asarray(_opened(file).convert("RGB").resize((_SIDE, _SIDE), resampling)) for file in files]
        return np.array([network.compute_face_descriptor(chip) for chip in chips])

    return faces


def _hash(small: Image.Image) -> Floats:
    """Whether each pixel is brighter than the one to its right: 0, or 1/8 so that all bits have norm 1."""
    pixels = np.asarray(small).astype(np.int16)
    found: Floats = (pixels[:, :-1] > pixels[:, 1:]).reshape(-1) * _BIT
    return found


def _network(weights: str) -> Any:
    file = _weights()
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != weights:
        raise UsageError(
            f"the installed {file.name} is not the agreed one: its SHA-256 begins with {found[:12]}, "
            f"the agreement says {weights[:12]}.",
            hint="Install face-recognition-models 0.3.0, or have it proposed with these weights.",
        )
    try:
        import dlib
    except ImportError:
        raise UsageError("Faces are embedded by dlib, which is not installed.", hint=_HINT) from None
    return dlib.face_recognition_model_v1(str(file))


def _weights() -> Path:
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None or not (file := Path(package.origin).parent / _FILE).is_file():
        raise UsageError("The weights for faces, face-recognition-models, are not installed.", hint=_HINT)
    return file


def _opened(file: Path) -> Image.Image:
    try:
        with Image.open(file) as image:
            return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow's readers raise
        raise UsageError(
            f"{file.name} cannot be read as an image.", hint="Give a whole PNG, JPEG or the like.", private=str(error)
        ) from None
