"""Clocks that are an hour apart are told of, once, with both times and what to do."""

from __future__ import annotations

from typing import Any

from accord_agents.journal.credible_time import HOUR
from accord_agents.journal.rows import stamp
from accord_agents.service.peer_clocks import WARN_EVERY, PeerClocks

NOW = 1_796_000_000.0


class Site:
    """A party whose monotonic clock and wall clock go together."""

    def __init__(self) -> None:
        self.at, self.lines = 1000.0, list[dict[str, Any]]()
        self.clocks = PeerClocks(self, lambda: NOW + self.at)
        self.clocks.tick(self.at)

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})

    def hear(self, peer: str, ahead: float) -> None:
        self.clocks.heard({peer: stamp(NOW + self.at + ahead)})

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.at += 1
            self.clocks.tick(self.at)


def test_an_event_of_the_future_is_told_of_once() -> None:
    site = Site()
    for _ in range(3):
        site.hear("shop", 400 * 24 * HOUR)
        site.pass_by(10)
    (line,) = site.lines
    assert (line["event"], line["peer"]) == ("clocks", "shop")
    assert "9600.0 hours apart" in line["problem"] and "One of the two is wrong" in line["problem"]
    assert stamp(NOW)[:10] in line["problem"] and "timedatectl" in line["remedy"]
    site.at += WARN_EVERY
    site.clocks.tick(site.at)
    site.hear("shop", 400 * 24 * HOUR)
    site.pass_by(10)
    assert len(site.lines) == 2, "and again after a day"


def test_the_newest_event_counts_and_minutes_are_nothing() -> None:
    site = Site()
    site.hear("shop", -5 * HOUR)
    site.hear("shop", -60)
    site.hear("bank", 50 * 60)
    site.pass_by(10)
    assert site.lines == [] and not site.clocks.doubt


def test_what_waited_while_the_broker_was_away_is_no_sign() -> None:
    site = Site()
    site.at += 3 * HOUR
    site.hear("shop", -2 * HOUR)
    site.pass_by(10)
    assert site.lines == []


def test_the_own_clock_is_in_doubt_where_nobody_agrees_with_it() -> None:
    site = Site()
    site.hear("shop", -2 * HOUR)
    site.pass_by(10)
    assert site.clocks.doubt
    site.hear("bank", 0.0)
    site.pass_by(10)
    assert not site.clocks.doubt, "one that agrees is enough"
    assert [line["peer"] for line in site.lines] == ["shop"]


def test_a_time_that_no_calendar_has_is_passed_over() -> None:
    site = Site()
    site.clocks.heard({"shop": "2026-99-99T99:99:99.999Z"})
    site.pass_by(10)
    assert site.lines == []
