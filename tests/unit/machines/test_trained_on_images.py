"""Images as features: aligned by their names, and trained on like any other column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tests.support.matching import embeddings
from tests.support.world import Rows, World, agreement
from tests.unit.machines.test_main_job import BITS, assert_pooled

from accord_agents.config.data_sets import Source as Files
from accord_agents.intake.reader import Source, read_table
from accord_agents.reading.sources import source
from accord_protocols.jobs.base import Reads
from accord_schemas.agreement import Ids

TOLERANCE = 1e-3
PEOPLE = 70
SOME = [f"e{number:03d}" for number in range(0, 64, 20)]


def label_holder(of: np.ndarray) -> Rows:
    """Who knows what the other's columns tell of the same people, and a column of its own, in another order."""
    rng = np.random.default_rng(4)
    own, order = rng.normal(size=PEOPLE), rng.permutation(PEOPLE)
    spread = (of - of.mean(axis=0)) / of.std(axis=0)
    labels = spread @ rng.normal(size=of.shape[1]) + own + 0.3 * rng.normal(size=PEOPLE)
    ids = tuple(f"user-{k}" for k in order)
    return Rows(ids, ("own",), own[order, None].round(6), labels[order].round(6))


def test_a_folder_of_images_is_a_party_of_a_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for number in range(PEOPLE):
        rough = Image.fromarray(rng.integers(0, 256, (6, 6)).astype(np.uint8))
        rough.resize((24, 24), Image.Resampling.BICUBIC).save(tmp_path / f"user-{number}.png")
    data = Files.model_validate({"images": tmp_path, "embed": "picture", "features": SOME})
    files = source(data, Ids(), Reads("linear"))
    assert isinstance(files, Source)
    table = read_table(files)
    rows = Rows(tuple(table.ids), table.columns, np.asarray(table.values), None)
    by_name = rows.values[[rows.ids.index(f"user-{k}") for k in range(PEOPLE)]]
    world = World(
        agreement(2, BITS, protection="score", max_rounds=100), {"bank": label_holder(by_name), "shop": rows}
    ).run()
    assert_pooled(world, TOLERANCE)
    assert list(world.parties["shop"].notes["model"]["coefficients"]) == SOME


def test_embeddings_of_faces_are_columns_that_train() -> None:
    faces = embeddings(PEOPLE, columns=4)
    rows = Rows(tuple(f"user-{k}" for k in range(PEOPLE)), tuple(f"e{k:03d}" for k in range(4)), faces, None)
    world = World(agreement(2, BITS, max_rounds=300), {"bank": label_holder(faces), "shop": rows}).run()
    assert_pooled(world, TOLERANCE)
