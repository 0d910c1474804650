"""Looking for pictures in a gallery, on embeddings that are made and not computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.support.world import Rows, World

from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import Agreement, Member
from accord_schemas.matching import WEIGHTS, Match

CLIENT, SERVER = "bank", "shop"
Floats = NDArray[np.float64]


def terms(threshold: float = 0.6, **more: Any) -> Agreement:
    """An agreement on looking for faces; or for pictures, where `kind` says so."""
    job = JOBS["match"]
    kind = more.pop("kind", "face")
    section = Match(kind=kind, threshold=threshold, weights=WEIGHTS if kind == "face" else "", **more)
    found = Agreement(
        name="test",
        job=job.name,
        parties={CLIENT: Member(role="client", identity=CLIENT), SERVER: Member(role="server", identity=SERVER)},
        leads=CLIENT,
        match=section,
        key_bits=2048,
        versions=job.versions,
    )
    return job.told(found)


def embeddings(count: int, seed: int = 1, columns: int = 128) -> Floats:
    """Of as many people: of norm 1.3, pairwise about as far apart as unlike faces are."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(count, columns))
    common = rng.normal(size=columns)
    found = 0.35 * found / np.linalg.norm(found, axis=1, keepdims=True) + 0.9 * common / np.linalg.norm(common)
    return np.asarray(found.round(7), np.float64)


def again(of: Floats, distance: Floats, seed: int = 2) -> Floats:
    """The same people at some distances."""
    step = np.random.default_rng(seed).normal(size=of.shape)
    return np.asarray(of + distance[:, None] * step / np.linalg.norm(step, axis=1, keepdims=True), np.float64)


def rows(values: Floats, name: str) -> Rows:
    """A folder of images, as it is read."""
    ids = tuple(f"{name}-{k}.png" for k in range(len(values)))
    return Rows(ids, tuple(f"e{k:03d}" for k in range(values.shape[1])), values, None)


def folders(gallery: int = 9, probes: int = 5) -> dict[str, Rows]:
    """A gallery, and probes of which the even ones are of people in it, ever further away; the others of nobody."""
    known = embeddings(gallery)
    of, away = np.arange(probes) % gallery, 0.05 * np.arange(probes, dtype=np.float64)
    wanted = again(known[of], away)
    wanted[1::2] = embeddings(probes, seed=7)[1::2]
    return {CLIENT: rows(wanted, "probe"), SERVER: rows(known, "known")}


def plain(data: dict[str, Rows], threshold: float) -> list[list[Any]]:
    """Who is near whom, by floating point."""
    probes, known = data[CLIENT], data[SERVER]
    distances = np.linalg.norm(probes.values[:, None] - known.values[None], axis=2)
    pairs = zip(*np.nonzero(distances <= threshold), strict=True)
    return sorted([int(i), known.ids[j]] for i, j in pairs)


def looked(data: dict[str, Rows], agreed: Agreement, **more: Any) -> World:
    """A world in which this was looked for, run to its end."""
    return World(agreed, data, **more).run()
