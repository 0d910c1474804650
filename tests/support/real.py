"""What runs when: real brokers, official parsers and long tests are for CI, whole sweeps for `benchmarks.sweeps`."""

from __future__ import annotations

import os

import pytest

WHAT = "real broker, database, parser, cluster or browser"
BROKERS, SWEEPS = "ACCORD_ALL_BROKERS", "ACCORD_SWEEPS"
PACKAGES = "default-jre-headless maven mosquitto nodejs npm postgresql mariadb-server chromium"
HOW = f"{BROKERS}=1, with: apt-get install -y {PACKAGES}"


def asked_for() -> None:
    """Leave the calling module out unless these were asked for: with them the tests take three times as long."""
    if not os.environ.get(BROKERS):
        pytest.skip(f"{WHAT}: {BROKERS} is not set", allow_module_level=True)


def unavailable(why: str) -> None:
    """They were asked for, and one cannot be had."""
    pytest.fail(f"{WHAT}: {why}, and {BROKERS} is set; install it with: {HOW}", pytrace=False)


def deep() -> bool:
    """Whether tests that take long run at all, and sweeps at CI's depth or deeper."""
    return bool(os.environ.get(SWEEPS))


def every(step: int) -> int:
    """How wide a sweep's steps are: `step` here and now, half of it in CI, 1 where all is asked for."""
    match os.environ.get(SWEEPS, ""):
        case "":
            return step
        case "all":
            return 1
        case _:
            return -(-step // 2)
