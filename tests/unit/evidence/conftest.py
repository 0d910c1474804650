"""The honest collaboration, recorded once."""

from __future__ import annotations

import pytest
from tests.support.recorded import Recorded, record


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("recorded"))
