"""The recorded run of two parties, to be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.histories.record import unpack


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder; never changed."""
    return unpack("wine", tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def run(recorded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "run"
    shutil.copytree(recorded, folder)
    return folder
