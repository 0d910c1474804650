"""Faces through the real job, two agents here: ``python -m benchmarks.faces [--gallery 100] [--probes 100]``.

The gallery begins with the 100 face crops of scikit-image's ``lfw_subset`` (``pip install scikit-image``) and is filled
up by mixtures of two; probes are the first crops, changed: brighter, of less contrast, turned, or scaled up and down.
One JSON line: decisions, and how many differ from a plain comparison of the embeddings; how many probes find
themselves, and others; seconds by phase, of which ``match`` is what a look-up takes when the gallery is ready.
``--gallery 1000 --probes 1`` is one face among a thousand; embedding these takes some minutes before.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from accord_schemas.matching import Kind

CROPS = 100
CHANGES = (
    lambda face: ImageEnhance.Brightness(face).enhance(1.15),
    lambda face: ImageEnhance.Contrast(face).enhance(0.85),
    lambda face: face.rotate(3, Image.Resampling.BICUBIC),
    lambda face: face.resize((60, 60), Image.Resampling.BICUBIC).resize(face.size, Image.Resampling.BICUBIC),
)
Pixels = NDArray[np.float64]


def crops() -> Pixels:
    """The faces of ``lfw_subset``, ``(100, 25, 25)`` from 0 to 1, without importing the package."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise SystemExit("benchmarks.faces needs the face crops of scikit-image: pip install scikit-image")
    return np.asarray(np.load(Path(package.origin).with_name("data") / "lfw_subset.npy")[:CROPS], np.float64)


def gallery(faces: Pixels, size: int) -> Iterator[Pixels]:
    """So many faces: the crops, then mixtures of two of them."""
    rng = np.random.default_rng(1)
    for number in range(size):
        if number < len(faces):
            yield faces[number]
        else:
            one, other = rng.choice(len(faces), 2, replace=False)
            yield (faces[one] + faces[other]) / 2


def drawn(folder: Path, given: argparse.Namespace) -> None:
    """Both folders of images, and the scenario."""
    faces = crops()
    for name in ("gallery", "probes"):
        (folder / name).mkdir()
    for number, face in enumerate(gallery(faces, given.gallery)):
        picture = Image.fromarray((255 * face).round().astype(np.uint8))
        picture.save(folder / "gallery" / f"face-{number:04d}.png")
        if number < given.probes:
            CHANGES[number % len(CHANGES)](picture).save(folder / "probes" / f"face-{number:04d}.png")
    parties = {"gate": {"role": "client", "data": {"images": "probes"}}}
    parties["registry"] = {"role": "server", "data": {"images": "gallery"}}
    match = {"kind": given.kind, "threshold": given.threshold, "max_probes": given.probes}
    scenario = {"name": "faces", "job": "match", "parties": parties, "match": match}
    (folder / "scenario.yaml").write_text(json.dumps(scenario))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    parser.add_argument("--gallery", type=int, default=CROPS)
    parser.add_argument("--probes", type=int, default=CROPS, help=f"up to {CROPS}, and no more than the gallery has")
    parser.add_argument("--threshold", type=float, default=0.35)
    parser.add_argument("--kind", choices=get_args(Kind), default="face")
    given = parser.parse_args()
    given.probes = min(given.probes, given.gallery, CROPS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn(folder, given)
        accord, began = Path(sys.executable).with_name("accord"), time.monotonic()
        subprocess.run([accord, "run", folder / "scenario.yaml", "--out", folder / "run", "--quiet"], check=True)
        seconds = time.monotonic() - began
        result = json.loads((folder / "run" / "result.json").read_text())
        with (folder / "run" / "gate" / "matches.csv").open(encoding="utf-8", newline="") as file:
            matches = [(row["image"], row["match"]) for row in csv.DictReader(file) if row["match"]]
    themselves = sum(image == match for image, match in matches)
    figures: dict[str, Any] = {"gallery": given.gallery, "probes": given.probes, **result["reference"]}
    figures |= {"themselves": themselves, "others": len(matches) - themselves, "near": result["match"]["near"]}
    phases = {phase: s for phase, s in result["seconds"].items() if s is not None}
    print(json.dumps(figures | {"seconds": round(seconds, 1), "phases": phases, "work": result["work"]}))


if __name__ == "__main__":
    main()
