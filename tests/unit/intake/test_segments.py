"""Bytes in files that follow each other come back as they were, and a file that was read for the last time is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.intake import segments
from accord_agents.intake.segments import Segments


def test_bytes_come_back_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LEAST", 10)
    held, rows = Segments(tmp_path), [bytes([k]) * 4 * (k % 3 + 1) for k in range(200)]
    for row in rows:
        held.write(memoryview(row))
    held.flush()
    assert list(held.pieces(1 << 20)) != [b"".join(rows)] and len(held._files) < 60
    for most in (4, 8, 1 << 20):
        pieces = list(held.pieces(most))
        assert b"".join(pieces) == b"".join(rows) and max(map(len, pieces)) <= most
        assert all(len(piece) % 4 == 0 for piece in pieces)
    again = held.pieces(8, last=True)
    first = next(again)
    assert not any(file.closed for file in held._files)
    assert first + b"".join(again) == b"".join(rows)
    assert all(file.closed for file in held._files)
    held.flush()
    held.close()
    assert not list(tmp_path.iterdir()) and list(Segments(tmp_path).pieces(4)) == []
