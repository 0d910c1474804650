"""A plain comparison of all embeddings, to compare with: the runner may, seeing all files; no agent does."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from accord_scenarios.jobs.base import Folder, Tables
from accord_schemas.matching import HASH_BITS, Match


def held_against(
    terms: Match, client: str, server: str, result: dict[str, Any], tables: Tables, folder: Folder
) -> None:
    """Put into a result whether every decision is that of floating point: ``decisions_equal``, and how many differ."""
    probes, gallery = tables(client), tables(server)
    with (folder(client) / "matches.csv").open(encoding="utf-8", newline="") as file:
        found = {(row["image"], row["match"]) for row in csv.DictReader(file) if row["match"]}
    distances = np.linalg.norm(np.asarray(probes.values)[:, None] - np.asarray(gallery.values)[None], axis=2)
    if terms.kind == "picture":
        distances = np.rint(distances**2 * HASH_BITS)
    pairs = zip(*np.nonzero(distances <= terms.threshold), strict=True)
    wanted = {(probes.ids[i], gallery.ids[j]) for i, j in pairs}
    wrong = len(found ^ wanted)
    result["reference"] = {"decisions_equal": not wrong, "decisions": int(distances.size), "wrong": wrong}
