"""One undisturbed run on the embedded log, against whose models all others are held."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.chaos.rig import Rig
from tests.integration.command import Command


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The rig; whatever it started and left running fails the tests."""
    command = Command(tmp_path_factory.mktemp("chaos"))
    yield Rig(command)
    left = command.sweep()
    assert not left, f"left running: {left}"
