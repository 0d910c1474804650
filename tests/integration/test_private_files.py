"""No file or folder of a party can be read by anybody else, from its first byte on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.integration.command import Command


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.sweep
def test_a_partys_folder_is_its_own(accord: Command) -> None:
    home = accord.folder / "run"
    done = accord("run", "wine", "--out", home, "--set", "keys.bits=2048")
    assert done.returncode == 0, done.stderr
    parties = [path for path in home.iterdir() if path.is_dir()]
    assert len(parties) == 2
    files = [home, *(file for party in parties for file in (party, *party.rglob("*")))]
    assert [str(f.relative_to(home)) for f in files if f.stat().st_mode & 0o077] == []
