"""Hashes on disk come in their order, whatever the parts are that they are read and sorted in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accord_agents.intake import hashed
from accord_agents.intake.hashed import Hashed


@pytest.mark.parametrize(("at_a_time", "most"), [(1 << 18, 1 << 20), (40, 200), (3, 7)])
@pytest.mark.parametrize("bits", [64, 9, 1])
def test_rows_come_in_the_order_of_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int, most: int, bits: int
) -> None:
    """Of a part for each leading bits, of several, and of less than one; where many are alike, too."""
    monkeypatch.setattr(hashed, "SORTED", at_a_time)
    monkeypatch.setattr(hashed, "MOST", most)
    monkeypatch.setattr(hashed, "_BLOCK", 70)
    rng = np.random.default_rng(bits)
    hashes = rng.integers(0, 1 << 64, 600, np.uint64, endpoint=False) >> np.uint64(64 - bits) << np.uint64(64 - bits)
    file = Hashed(tmp_path)
    for start in range(0, 600, 50):
        file.add(hashes[start : start + 50])
    file.flush()
    parts = list(file.parts())
    order = np.concatenate([rows for rows, _, _ in parts])
    assert order.tolist() == np.lexsort((np.arange(600), hashes)).tolist() and len(file) == 600
    if bits == 64:
        assert len(parts) == {1 << 18: 1, 40: 16, 3: 128}[at_a_time], "and no hash is there twice"
        assert not any(len(begin) for _, begin, _ in parts)
    alike = [hashes[rows[start:end]] for rows, begin, end in parts for start, end in zip(begin, end, strict=True)]
    values, counts = np.unique(hashes, return_counts=True)
    assert [(int(run[0]), len(run)) for run in alike if (run == run[0]).all()] == [
        (int(v), int(c)) for v, c in zip(values, counts, strict=True) if c > 1
    ]
    wanted = np.append(hashes[[3, 599]], np.uint64(5))
    assert sorted(file.among(wanted).tolist()) == np.flatnonzero(np.isin(hashes, wanted)).tolist()
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_none(tmp_path: Path) -> None:
    file = Hashed(tmp_path)
    file.flush()
    assert [rows.tolist() for rows, _, _ in file.parts()] == [[]]
    assert file.among(np.zeros(1, np.uint64)).tolist() == []
    file.close()
