"""Nothing is erased on one clock: what counts as the time, and as a collaboration's end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accord_agents.journal.credible_time import DOUBTED, HOUR, SETTLED, Looks
from accord_agents.journal.erasure import DAY, End, decide, instant

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC).timestamp()
BOOT = 1000.0  # a machine without a battery starts in 1970


@pytest.mark.parametrize(
    ("end", "now", "credible", "erase", "why"),
    [
        (End(NOW), NOW + 364 * DAY, NOW + 364 * DAY, False, ""),
        (End(NOW), NOW + 365 * DAY, NOW + 365 * DAY, True, ""),
        (End(NOW), NOW + 400 * DAY, NOW, False, "not sure yet"),
        (End(BOOT), NOW, NOW, False, "cannot have meant"),
        (End(BOOT, (NOW,)), NOW, NOW, False, "cannot have meant"),
        (End(BOOT, (NOW,), NOW), NOW + 365 * DAY, NOW + 365 * DAY, True, ""),
        (End(BOOT, (), NOW), NOW + DAY, NOW + DAY, False, "it ended on 2026-11-28"),
        (End(NOW - 300 * DAY, (NOW,)), NOW + 70 * DAY, NOW + 70 * DAY, False, "it ended on 2026-11-28"),
        (End(NOW, (NOW - 400 * DAY,)), NOW + DAY, NOW + DAY, False, ""),
        (End(NOW, (NOW + 99 * 365 * DAY,)), NOW + 365 * DAY, NOW + 365 * DAY, True, ""),
        (End(NOW, (NOW + 364 * DAY,)), NOW + 365 * DAY, NOW + 365 * DAY, False, "it ended on 2027-11-27"),
        (End(NOW, (NOW + 364 * DAY,)), NOW + 729 * DAY, NOW + 729 * DAY, True, ""),
        (End(NOW), NOW - 400 * DAY, NOW - 400 * DAY, False, ""),
    ],
    ids=[
        "a day early",
        "over",
        "400 days ahead",
        "booted in 1970, nobody to ask",
        "booted in 1970, and a peer knows better",
        "booted in 1970, counted from when it was noticed",
        "the same, and not over",
        "the clock was behind, and a peer knows better",
        "a peer says that it was earlier",
        "a peer says that it was in a century",
        "a peer says the latest that counts",
        "and delays by as much as was agreed once more",
        "put back",
    ],
)
def test_an_agreed_time_of_a_year(end: End, now: float, credible: float, erase: bool, why: str) -> None:
    decision = decide(end, 365, now, credible)
    assert decision.erase is erase
    assert why in decision.why and bool(why) == bool(decision.why)


def hourly(looks: Looks, now: float, hours: float, *, doubted: bool = False) -> float:
    for _ in range(round(hours)):
        now += HOUR
        looks.look(now, HOUR, doubted=doubted)
    return now


def started(now: float = NOW, hours: float = 100) -> tuple[Looks, float]:
    looks = Looks()
    looks.look(now, 0.0)
    return looks, hourly(looks, now, hours)


def test_a_clock_that_runs_steadily_is_believed() -> None:
    looks, now = started()
    assert looks.credible == pytest.approx(now)
    assert len(looks.offsets) == 1, "a steady clock needs one entry, however long it ran"


def test_a_clock_that_is_ahead_is_believed_after_days_of_running_only() -> None:
    looks, now = started()
    assert looks.look(now + 400 * DAY, 0.0) == pytest.approx(400 * DAY)
    assert looks.credible == pytest.approx(now), "nine seconds with a clock 400 days ahead"
    ahead = hourly(looks, now + 400 * DAY, SETTLED / HOUR - 1)
    assert looks.credible == pytest.approx(ahead - 400 * DAY)
    ahead = hourly(looks, ahead, 2)
    assert looks.credible == pytest.approx(ahead)


def test_a_clock_that_is_set_right_is_believed_at_once() -> None:
    looks, now = started()
    looks.look(now + 400 * DAY, 0.0)
    looks.look(now + 60, 60.0)
    assert looks.credible == pytest.approx(now + 60)


def test_a_machine_that_is_off_every_night_is_some_days_behind_and_no_more() -> None:
    looks, now = started()
    for _ in range(60):
        now += 16 * HOUR
        looks.look(now, 0.0)
        now = hourly(looks, now, 8)
    assert 0 < now - looks.credible < 10 * DAY


def test_peers_that_say_it_is_ahead_delay_by_a_month_and_no_more() -> None:
    looks, now = started()
    ahead = now + 400 * DAY
    looks.look(ahead, 0.0)
    ahead = hourly(looks, ahead, 2 * SETTLED / HOUR, doubted=True)
    assert looks.credible == pytest.approx(ahead - 400 * DAY)
    ahead = hourly(looks, ahead, DOUBTED / HOUR, doubted=True)
    assert looks.credible == pytest.approx(ahead)


def test_peers_that_lie_about_a_steady_clock_change_nothing() -> None:
    looks, now = started(hours=DOUBTED / HOUR + 1)
    now = hourly(looks, now, 10, doubted=True)
    assert looks.credible == pytest.approx(now)


def test_looks_outlive_a_restart() -> None:
    looks, now = started()
    looks.look(now + 400 * DAY, 0.0, doubted=True)
    again = Looks.decode(looks.encode())
    assert again == looks and again.credible == looks.credible


def test_a_journal_without_looks_counts_from_its_newest_row() -> None:
    looks = Looks.since(NOW)
    looks.look(NOW + 400 * DAY, 0.0)
    assert looks.credible == pytest.approx(NOW)


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert instant("2026-99-99T00:00:00.000Z") is None
    assert instant("2026-11-28T08:00:00.000Z") == NOW
