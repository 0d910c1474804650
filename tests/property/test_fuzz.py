"""Thousands of bad events: each is refused with a reason, none stops the party or what it takes part in."""

from __future__ import annotations

from pathlib import Path

from tests.support.fuzz import Fuzz


def test_bad_events_are_refused_and_the_collaboration_goes_on(tmp_path: Path) -> None:
    fuzz = Fuzz(tmp_path, seed=1)
    try:
        reasons = fuzz.run(6000)
        assert sum(reasons.values()) == 6000
        assert len(reasons) > 50, reasons
        assert fuzz.restarts > 100, "what is signed by those who may was not looked into"
        assert reasons["the signature is wrong"] > 100
        assert fuzz.asides > 20, "no question or answer came through"
        assert fuzz.completes()
    finally:
        fuzz.close()
