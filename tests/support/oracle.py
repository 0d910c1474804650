"""What a run must come to: the companies' files joined, prepared and solved with numpy. Nothing of Accord in it."""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Truth:
    """The central result."""

    common: set[str]
    coefficients: dict[str, dict[str, float]]
    intercept: float
    labels: dict[str, float]
    predictions: dict[str, float]

    @property
    def rmse(self) -> float:
        """On TEST rows."""
        return float(np.sqrt(np.mean([(self.labels[i] - p) ** 2 for i, p in self.predictions.items()])))


@dataclass(frozen=True)
class _Table:
    columns: list[str]
    rows: dict[str, list[float]]
    labels: dict[str, float]


def central(parties: dict[str, dict[str, Any]], *, testing: bool = True) -> Truth:
    """Join, prepare and fit ordinary least squares.

    Args:
        parties: The scenario's section; the first of the label holder and the others by name order the blocks.
        testing: Whether ids whose hash is a multiple of 5 are kept for testing.
    """
    tables = {name: _read(member["data"]) for name, member in parties.items()}
    common = sorted(set.intersection(*(set(t.rows) for t in tables.values())))
    test = [i for i in common if testing and int(hashlib.sha256(i.encode()).hexdigest()[:8], 16) % 5 == 0]
    train = [i for i in common if i not in set(test)]
    labels = next(t.labels for t in tables.values() if t.labels)
    blocks, names = [], []
    for party, t in tables.items():
        block, kept = _prepared(np.array([t.rows[i] for i in train]), np.array([t.rows[i] for i in [*train, *test]]))
        blocks.append(block)
        names += [(party, column) for column, k in zip(t.columns, kept, strict=True) if k]
    Z = np.hstack([*blocks, np.ones((len(common), 1))])
    w = np.linalg.lstsq(Z[: len(train)], np.array([labels[i] for i in train]), rcond=None)[0]
    coefficients: dict[str, dict[str, float]] = {party: {} for party in parties}
    for (party, column), weight in zip(names, w, strict=False):
        coefficients[party][column] = float(weight)
    predictions = dict(zip(test, (Z[len(train) :] @ w).tolist(), strict=True))
    return Truth(set(common), coefficients, float(w[-1]), labels, predictions)


def common_ids(parties: dict[str, dict[str, Any]]) -> set[str]:
    """The users whom all parties know."""
    return set.intersection(*(set(_read(member["data"]).rows) for member in parties.values()))


def _read(data: dict[str, Any]) -> _Table:
    with Path(data["csv"]).open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    key, label = data["id"], data.get("label")
    columns = [c for c in lines[0] if c not in (key, label)]
    rows: dict[str, list[float]] = {}
    labels: dict[str, float] = {}
    for line in lines:
        i = unicodedata.normalize("NFKC", line[key]).strip()
        if i in rows or (label and not line[label]):
            continue
        rows[i] = [float("nan") if line[c].strip() in ("", "NA", "null") else float(line[c]) for c in columns]
        if label:
            labels[i] = float(line[label])
    return _Table(columns, rows, labels)


def _prepared(train: Any, both: Any) -> tuple[Any, list[bool]]:
    mean = np.nanmean(train, axis=0)
    train, both = (np.where(np.isnan(v), mean, v) for v in (train, both))
    low, high = (train.mean(axis=0) + k * train.std(axis=0) for k in (-5, 5))
    train, both = np.clip(train, low, high), np.clip(both, low, high)
    often = [np.unique(column, return_counts=True)[1].max() for column in train.T]
    kept = [bool(v >= 1e-8 and len(train) - o >= 10) for v, o in zip(train.var(axis=0), often, strict=True)]
    train, both = train[:, kept], both[:, kept]
    return np.clip((both - train.mean(axis=0)) / train.std(axis=0), -32, 32), kept
