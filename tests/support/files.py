"""CSV files of several companies about the same people, as awkward as real exports; and scenarios for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("bank", "shop", "telco", "insurer", "clinic")
Parties = dict[str, dict[str, Any]]


def email(i: int) -> str:
    return f"käufer-{i:06d}@example.org"


def people(
    folder: Path,
    parties: int = 3,
    n: int = 240,
    ids: Callable[[int], str] = email,
    keep: float = 0.85,
    seed: int = 1,
    columns: int = 2,
    nasty: bool = True,
) -> Parties:
    """Write one file a party; returns the scenario's section `parties`, of which the first holds the label.

    Args:
        folder: Where to.
        ids: The id of person i.
        keep: Each party knows a person with this probability.
        nasty: Unicode column names, nulls, a constant column and a repeated id everywhere; the second party's file has
            a byte order mark, CRLF and ids in full-width letters; the first party's lacks some labels.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns * parties)) @ (
        np.eye(columns * parties) + 0.2 * rng.normal(size=2 * (columns * parties,))
    )
    y = X @ rng.normal(size=columns * parties) + 3 + rng.normal(size=n)
    out: Parties = {}
    for p, name in enumerate(NAMES[:parties]):
        rows: list[list[str]] = []
        for i in np.flatnonzero(rng.random(n) < keep):
            cells = [f"{v:.9g}" for v in X[i, columns * p : columns * (p + 1)]]
            if nasty and p and i % 19 == 0:
                cells[-1] = ("", "NA", " null ")[i % 3]
            label = [("" if nasty and i % 41 == 7 else f"{y[i]:.9g}")] if p == 0 else []
            rows.append([ids(int(i)), *cells, *(["1"] if nasty else []), *label])
        rng.shuffle(rows)
        if nasty:
            rows.append([rows[3][0], *["0"] * columns, "1", *(["0"] if p == 0 else [])])
            rows = [[_wide(r[0]) if p == 1 else f"  {r[0]} ", *r[1:]] for r in rows]
        names = [f"größe {p}.{j}" if nasty else f"x{p}_{j}" for j in range(columns)]
        header = ["id", *names, *(["constant"] if nasty else []), *(["y"] if p == 0 else [])]
        path = table(folder / f"{name}-{seed}.csv", header, rows, windows=nasty and p == 1)
        data = {"csv": str(path), "id": "id"} | ({"label": "y"} if p == 0 else {})
        out[name] = {"role": "feature_holder" if p else "label_holder", "data": data}
    return out


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in text)


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], *, windows: bool = False) -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8-sig" if windows else "utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n" if windows else "\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def job(parties: Parties, **sections: Any) -> dict[str, Any]:
    """A scenario: the main job, the smallest real keys, the quicker alignment and no gate; sections laid over it."""
    scenario: dict[str, Any] = {
        "name": "test",
        "parties": parties,
        "align": {"max_overlap": None, "protocol": "ecdh"},
        "train": {"model": "linear", "protection": "shared"},
        "evaluate": {"test_rows": {"hash_modulus": 5, "equals": 0}, "reference": False},
        "keys": {"bits": 2048},
    }
    return scenario | sections


def write_scenario(path: Path, scenario: dict[str, Any]) -> Path:
    """Write a scenario; JSON is YAML."""
    path.write_text(json.dumps(scenario, ensure_ascii=False), encoding="utf-8")
    return path
