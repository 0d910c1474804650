from __future__ import annotations

import pytest

from accord_protocols.primitives.paillier.keys import PrivateKey, generate
from accord_protocols.primitives.xof import Xof


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    """Small, for tests to which size is not the point."""
    return generate(1024, Xof(bytes(32), "key of the tests"))


@pytest.fixture
def xof() -> Xof:
    return Xof(bytes(32), "randomness of the tests")
