"""Thousands of bad events: each is refused with a reason, none stops the party or what it takes part in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.fuzz import Fuzz
from tests.support.real import every


@pytest.mark.sweep
def test_bad_events_are_refused_and_the_collaboration_goes_on(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path, seed=1)
    try:
        count = 6000 // every(3)
        reasons = fuzz.run(count)
        assert sum(reasons.values()) == count
        assert len(reasons) > 50, reasons
        assert fuzz.restarts > count / 60, "what is signed by those who may was not looked into"
        assert reasons["the signature is wrong"] > count / 60
        assert fuzz.asides > count / 300, "no question or answer came through"
        assert fuzz.completes()
    finally:
        fuzz.close()
