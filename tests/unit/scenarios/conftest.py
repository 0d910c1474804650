"""Scenario files to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a sound scenario, some of whose keys are replaced, as credit.yaml."""

    def file(**changes: Any) -> Path:
        guest = {"csv": "guest.csv", "id": "id", "label": "y"}
        host = {"csv": "host.csv", "id": "id", "features": ["größe", "x1"]}
        parties = {"bank": {"role": "label_holder", "data": guest}, "shop": {"role": "feature_holder", "data": host}}
        scenario: dict[str, Any] = {"parties": parties, "train": {}} | changes
        path = tmp_path / "credit.yaml"
        path.write_text(json.dumps(scenario, ensure_ascii=False), encoding="utf-8")
        return path

    return file
