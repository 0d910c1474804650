"""Tests on real brokers: left out where there is none, unless ``ACCORD_ALL_BROKERS`` says that all must run."""

from __future__ import annotations

import os

import pytest

WHAT = "real broker"
HOW = "apt-get install -y default-jre-headless maven mosquitto"


def left_out(why: str) -> None:
    """Leave the calling module out; the summary says so once, in one line."""
    if os.environ.get("ACCORD_ALL_BROKERS"):
        pytest.fail(f"{WHAT}: {why}, and ACCORD_ALL_BROKERS is set; install it with: {HOW}", pytrace=False)
    pytest.skip(f"{WHAT}: {why}", allow_module_level=True)
