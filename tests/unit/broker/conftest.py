from collections.abc import Iterator
from pathlib import Path

import pytest

from accord_broker.embedded.log import Log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(file: Path) -> Iterator[Log]:
    opened = Log(file)
    yield opened
    opened.close()
