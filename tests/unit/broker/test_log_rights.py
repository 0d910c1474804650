"""An embedded log is shared by the agents of one machine: its rights are those of its folder, whatever their umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_broker.embedded.log import Log


@pytest.fixture(autouse=True)
def private() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize(("folder", "file"), [(0o700, 0o600), (0o770, 0o660), (0o755, 0o644)])
def test_the_log_has_the_rights_of_its_folder(tmp_path: Path, folder: int, file: int) -> None:
    home = tmp_path / "shared"
    home.mkdir()
    home.chmod(folder)
    log = Log(home / "log.db")
    rights = {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    log.close()
    assert rights == {file}
    (home / "log.db").chmod(0o600)
    Log(home / "log.db").close()
    assert stat.S_IMODE((home / "log.db").stat().st_mode) == 0o600, "what somebody set stays"
