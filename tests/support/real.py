"""What runs when: real brokers, official parsers and sweeps at full depth are for CI, and for whoever asks for them."""

from __future__ import annotations

import os

import pytest

WHAT = "real broker, database or parser"
BROKERS, SWEEPS = "ACCORD_ALL_BROKERS", "ACCORD_SWEEPS"
HOW = f"{BROKERS}=1, with: apt-get install -y default-jre-headless maven mosquitto nodejs npm postgresql mariadb-server"


def asked_for() -> None:
    """Leave the calling module out unless these were asked for: with them the tests take three times as long."""
    if not os.environ.get(BROKERS):
        pytest.skip(f"{WHAT}: {BROKERS} is not set", allow_module_level=True)


def unavailable(why: str) -> None:
    """They were asked for, and one cannot be had."""
    pytest.fail(f"{WHAT}: {why}, and {BROKERS} is set; install it with: {HOW}", pytrace=False)


def deep() -> bool:
    """Whether sweeps run at full depth, and tests that take long at all."""
    return bool(os.environ.get(SWEEPS))


def every(step: int) -> int:
    """How wide a sweep's steps are: `step` here and now, 1 in CI, which looks at every one."""
    return 1 if deep() else step
