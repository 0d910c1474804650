"""A command per test or module; whatever it started and left running fails the test and is ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.command import Command

from accord_agents.security import keystore


@pytest.fixture(scope="module", autouse=True)
def lightly_stretched() -> Iterator[None]:
    """Keystores made here are quick to open, by other processes too: what scrypt costs stands in the file."""
    head = keystore._head
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keystore, "_head", lambda cost: head(min(cost, keystore.RANDOM)))
        yield


@pytest.fixture
def accord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`accord` in a folder of its own."""
    yield from _watched(tmp_path_factory)


@pytest.fixture(scope="module")
def shared_accord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`accord` in a folder that a module's tests share."""
    yield from _watched(tmp_path_factory)


def _watched(factory: pytest.TempPathFactory) -> Iterator[Command]:
    command = Command(factory.mktemp("accord"))
    yield command
    left = command.sweep()
    assert not left, f"left running: {left}"
