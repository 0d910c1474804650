"""A folder of images as rows: which files count, what they become, and what is said of those that cannot be read."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.support.matching import terms

from accord_agents.config.data_sets import Source as Files
from accord_agents.files.places import Images
from accord_agents.intake import embedding
from accord_agents.intake.reader import Source, read_table
from accord_agents.reading.columns import goes_in
from accord_agents.reading.sources import source
from accord_protocols.jobs.base import Reads
from accord_schemas.agreement import Ids
from accord_schemas.errors import UsageError
from accord_schemas.matching import Match

PICTURES = Match(kind="picture", threshold=10.0)


def drawn(seed: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    """A picture of its own."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 6)).astype(np.uint8)
    return Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "photos"
    found.mkdir()
    for number in range(3):
        drawn(number).save(found / f"user-{number}.png")
    drawn(1).convert("RGB").save(found / "again.JPG", quality=95)
    (found / ".hidden.png").write_bytes(b"")
    (found / "readme.txt").write_text("no image")
    (found / "deeper").mkdir()
    return found


def read(folder: Path, terms: Match = PICTURES) -> Any:
    data = Files.model_validate({"images": folder})
    return read_table(source(data, Ids(), Reads(pictures=terms)))


def test_the_images_of_a_folder_are_its_rows(folder: Path) -> None:
    table = read(folder)
    assert list(table.ids) == ["again.JPG", "user-0.png", "user-1.png", "user-2.png"]
    assert table.values.shape == (4, 64) and set(np.unique(table.values)) <= {0.0, 0.125}
    bits = np.rint(64 * ((table.values[:, None] - table.values[None]) ** 2).sum(axis=2))
    assert bits[0, 2] <= 4 and bits[1, 2] > 15  # a copy in another form; another picture


def test_images_are_columns_of_a_table_like_any_other(folder: Path) -> None:
    data = Files.model_validate({"images": folder, "embed": "picture"})
    table = read_table(source(data, Ids(), Reads("linear")))
    assert list(table.ids) == ["again", "user-0", "user-1", "user-2"]
    assert table.columns == ("e000", *(f"e{k:03d}" for k in range(1, 64)))


def test_turned_pictures_are_seen_upright(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to be upright
    drawn(0).transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=exif, quality=95)
    table = read(folder)
    at = list(table.ids).index
    bits = np.rint(64 * ((table.values[at("turned.jpg")] - table.values[at("user-0.png")]) ** 2).sum())
    assert bits <= 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n"), r"broken\.png cannot be read as an image"),
        (lambda f: [x.unlink() for x in f.iterdir() if x.is_file()], "holds no image"),
        (lambda f: drawn(9).save(f / ("n" * 100 + ".png")), r"has 104 bytes, of which 96 are agreed"),
    ],
)
def test_what_cannot_be_used_is_named(folder: Path, change: Any, said: str) -> None:
    change(folder)
    with pytest.raises(UsageError, match=said):
        read(folder)


def test_another_kind_of_data_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "nothing")
    table = Files.model_validate({"csv": Path("a.csv"), "id": "id"})
    with pytest.raises(UsageError, match="is no folder of images"):
        source(table, Ids(), Reads(pictures=PICTURES))
    bare = Files.model_validate({"images": folder})
    with pytest.raises(UsageError, match=r"holds images; this job reads a table"):
        source(bare, Ids(), Reads("linear"))
    faces = Files.model_validate({"images": folder, "embed": "face"})
    with pytest.raises(UsageError, match=r"the agreement is on pictures, data\.embed says face"):
        source(faces, Ids(), Reads(pictures=PICTURES))
    with pytest.raises(ValueError, match="embed is for images"):
        Files.model_validate({"csv": Path("a.csv"), "id": "id", "embed": "face"})


# ---- faces: the network itself is another's; here a stand-in shows what it is given


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed package with weights, and a network that tells the mean of what it sees; the weights' digest."""
    file = tmp_path / "package" / embedding._FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")

    def network(path: str) -> SimpleNamespace:
        assert Path(path).read_bytes() == b"weights"

        def described(chip: np.ndarray) -> list[float]:
            assert chip.shape == (150, 150, 3) and chip.dtype == np.uint8
            return [float(chip.mean()) / 1000] * 128

        return SimpleNamespace(compute_face_descriptor=described)

    monkeypatch.setitem(sys.modules, "dlib", SimpleNamespace(face_recognition_model_v1=network))
    spec = SimpleNamespace(origin=str(tmp_path / "package" / "__init__.py"))
    monkeypatch.setattr(embedding, "find_spec", lambda name: spec if name == "face_recognition_models" else None)
    return hashlib.sha256(b"weights").hexdigest()


def test_faces_are_embedded_by_the_agreed_network(folder: Path, network: str) -> None:
    table = read(folder, Match(threshold=0.6, weights=network))
    assert table.values.shape == (4, 128)
    assert table.values[1, 0] == pytest.approx(np.asarray(drawn(0)).mean() / 1000, abs=1e-3)


def test_another_network_is_refused(folder: Path, network: str) -> None:
    with pytest.raises(UsageError, match=rf"its SHA-256 begins with {network[:12]}, the agreement says 000000000000"):
        read(folder, Match(threshold=0.6, weights="0" * 64))


def test_what_is_not_installed_is_named(folder: Path, network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(UsageError, match="by dlib, which is not installed") as caught:
        read(folder, Match(threshold=0.6, weights=network))
    assert caught.value.hint == "pip install 'accord[faces]'"
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="weights for faces"):
        read(folder, Match(threshold=0.6, weights=network))


def test_a_place_says_what_is_agreed(folder: Path) -> None:
    data = Files.model_validate({"images": folder})
    terms = Match(kind="picture", threshold=3.0, resampling="lanczos", width=20)
    found = source(data, Ids(), Reads(pictures=terms))
    assert isinstance(found, Source) and found.place == Images(folder, "picture", "lanczos", "", 20)


def test_people_are_told_what_goes_in(folder: Path) -> None:
    agreed = terms(10, kind="picture")
    said = goes_in(Files.model_validate({"images": folder}), agreed, "bank")
    assert said == "the 4 images of photos, as numbers (picture)"
    table = Files.model_validate({"csv": Path("a.csv"), "id": "id"})
    assert goes_in(table, agreed, "bank").startswith("nothing yet: a.csv is no folder of images")
