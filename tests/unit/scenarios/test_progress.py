"""What the terminal shows."""

from io import StringIO

import pytest
from rich.console import Console
from tests.unit.scenarios.results import COMPLETED, FAILED, REFUSED

from accord_scenarios.progress import ProgressView, summary
from accord_scenarios.wording import listed, number, seconds, size


def _console(*, terminal: bool = False) -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, force_terminal=terminal, width=120, color_system=None), out


def test_off_a_terminal_phases_and_every_tenth_round_are_lines() -> None:
    console, out = _console()
    with ProgressView(["bank", "shop"], console) as view:
        view.update("bank", {"event": "progress", "state": "KEYED"})
        view.update("bank", {"event": "progress", "state": "KEYED"})
        for k in range(1, 21):
            view.update("bank", {"event": "progress", "state": "TRAINING", "round": k, "loss": 1.0 / k, "events": k})
        view.update("shop", {"event": "received", "state": "ALIGNED"})
        view.update("shop", {"event": "progress", "bytes": 12})
        view.say("shop was restarted [bold]")
    said = [line.split(" s  ", 1)[1] for line in out.getvalue().splitlines()]
    assert said == [
        "bank: KEYED",
        "bank: TRAINING, round 1, loss 1",
        "bank: TRAINING, round 10, loss 0.1",
        "bank: TRAINING, round 20, loss 0.05",
        "shop was restarted [bold]",
    ]


def test_quiet_is_quiet() -> None:
    for terminal in (False, True):
        console, out = _console(terminal=terminal)
        with ProgressView(["bank"], console, quiet=True) as view:
            view.update("bank", {"event": "progress", "state": "KEYED"})
            view.say("restarted")
        assert out.getvalue() == ""


def test_on_a_terminal_a_table_shows_the_last_of_each_party() -> None:
    console, out = _console(terminal=True)
    with ProgressView(["bank", "shop"], console) as view:
        view.update(
            "bank",
            {"event": "progress", "state": "TRAINING", "round": 3, "loss": 0.25, "events": 1234, "bytes": 56_000},
        )
        console.print(view._table())
    text = out.getvalue()
    for words in ("TRAINING", "0.25", "1,234", "56.0 kB", "starting"):
        assert words in text


def test_a_bar_moves_while_a_job_is_worked_on() -> None:
    shown = []
    for lines in ([], [(3, 12)], [(3, 12), (9, 12)], [(3, 12), None]):
        console, out = _console(terminal=True)
        view = ProgressView(["bank"], console)
        for line in lines:
            work = {"event": "working", "part": line[0], "of": line[1]} if line else {"event": "job"}
            view.update("bank", work)
        console.print(view._table())
        shown.append(out.getvalue().splitlines()[1])
    nothing, quarter, most, after = (line.count("━") + line.count("╸") for line in shown)
    assert nothing == after == 0 and quarter and most
    assert shown[1] != shown[2]
    assert "25 %" in shown[1] and "75 %" in shown[2] and "%" not in shown[0] + shown[3]


def test_how_long_the_rest_will_take_stands_beside_the_bar() -> None:
    console, out = _console(terminal=True)
    view = ProgressView(["bank"], console)
    view.update("bank", {"event": "working", "part": 3, "of": 12, "left": 104.0})
    console.print(view._table())
    assert "25 %, 104.0 s left" in out.getvalue()


def test_the_summary_says_what_people_ask() -> None:
    console, out = _console()
    console.print(summary(COMPLETED))
    text = out.getvalue()
    for words in (
        *("1,229 users in common", "983 train, 246 test", "2 coefficients; paillier, protection shared"),
        *("rmse 53.12", "1.9 MB in 152 events", "9.5 s", "warning (quality): Few rows"),
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("result", "words"), [(REFUSED, "was refused. Too many"), (FAILED, "failed. A party left"), ({}, "no result")]
)
def test_the_summary_of_other_ends_is_short(result: dict[str, object], words: str) -> None:
    console, out = _console()
    console.print(summary(result))
    assert words in out.getvalue()
    assert "None" not in out.getvalue()
    assert len(out.getvalue().splitlines()) < 4


def test_units() -> None:
    assert [size(n) for n in (None, 0, 999, 1000, 1_234_567, 5e9, 5e12)] == [
        "–",
        "0 B",
        "999 B",
        "1.0 kB",
        "1.2 MB",
        "5.0 GB",
        "5000.0 GB",
    ]
    assert [number(v) for v in (None, 1234567, 0.000123456, 1e-9, "x")] == ["–", "1,234,567", "0.0001235", "1e-09", "x"]
    assert [listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["nobody", "a", "a and b", "a, b and c"]
    assert (seconds(None), seconds(1.25)) == ("–", "1.2 s")
