"""The deadline counts the silence of peers, and only while they could have been heard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from accord_agents.service.deadlines import Deadlines


class Site:
    """A collaboration that waits for the shop for a minute at most, watched every second."""

    def __init__(self, unheard: list[str] | None = None) -> None:
        self.now, self.said, self.expired = 1000.0, list[tuple[str, str, Any]](), list[str]()
        self.waits = ["shop"]
        limits = SimpleNamespace(deadline_seconds=60)
        waiting = SimpleNamespace(ended=False, agreement=SimpleNamespace(limits=limits), silent=lambda: self.waits)
        recovery: Any = SimpleNamespace(silent=lambda _: unheard, expire=self.expired.append)
        dispatcher: Any = SimpleNamespace(collaborations={"c": waiting})
        self.deadlines = Deadlines(dispatcher, recovery, lambda *word: self.said.append(word))

    def pass_by(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.deadlines.tick(self.now)


EXPIRED = ("c", "expired", {"missing": ["shop"]})


def test_a_broker_that_was_away_is_no_peer_s_silence() -> None:
    site = Site()
    site.pass_by(40)
    site.now += 3600
    site.pass_by(18)
    assert site.said == [], "not a minute of silence, and an hour in which nobody could be heard"
    site.pass_by(6)
    assert site.said == [EXPIRED]


def test_whatever_happens_begins_the_time_anew() -> None:
    site = Site()
    site.pass_by(50)
    site.deadlines.broken("c", site.now)
    site.pass_by(60)
    assert site.said == []
    site.pass_by(1)
    assert site.said == [EXPIRED]


def test_own_work_that_takes_long_is_nobody_s_silence() -> None:
    site = Site()
    site.waits = []
    site.pass_by(1000)
    assert site.said == []


def test_who_does_not_answer_a_party_that_asks_what_it_has_said_lets_it_expire_without_a_word() -> None:
    site = Site(unheard=["shop"])
    site.pass_by(62)
    assert (site.said, site.expired) == ([], ["c"])
