"""The command `accord`: help, errors, exit codes, and `accord scenario`."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from accord_scenarios import cli, runner
from accord_scenarios.api.results import Run
from accord_scenarios.cli import main
from accord_scenarios.scenario import load
from accord_schemas.errors import AccordError, TamperError, UsageError

Write = Callable[..., Path]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


def test_help_names_every_command_and_the_exit_codes(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for words in (
        "run",
        "scenario",
        "agent",
        "keys",
        "propose",
        "inbox",
        "accept",
        "refuse",
        "status",
        "bridge",
        "schema",
        "evidence",
        "audit",
        "Exit codes: 0",
    ):
        assert words in text


@pytest.mark.parametrize(
    "command",
    [
        *("run", "scenario list", "scenario show", "agent", "propose", "inbox", "accept", "refuse", "status", "bridge"),
        *("keys init", "keys show", "keys export", "keys trust", "schema export"),
        *("evidence export", "evidence verify", "audit"),
    ],
)
def test_each_command_has_help(capsys: Capture, command: str) -> None:
    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: accord {command}" in text
    assert "TODO" not in text


def test_neither_help_nor_a_worker_imports_what_is_slow() -> None:
    code = (
        "import sys; from accord_scenarios.cli import main; before = 'typer' in sys.modules; main(['run', '--help']); "
        "found = {'numpy', 'sklearn', 'yaml', 'accord_agents', 'accord_schemas.events'} & set(sys.modules); "
        "sys.exit(str(found) if found or before else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"accord {version('accord')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runn"], "Did you mean 'run'"),
        (["run", "--outt", "x"], "--outt"),
        (["run"], "accord: run needs a scenario"),
        (["run", "none.yaml"], "accord: none.yaml does not exist"),
        (["run", "diabetes", "--resume", "x"], "--resume takes the folder alone"),
        (["scenario", "show", "wines"], "did you mean wine?"),
        (
            ["scenario", "show", "wine", "--set", "train.max_round=3"],
            "train.max_round is unknown; did you mean max_rounds?",
        ),
        (["refuse", "abc"], "--reason"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what(capsys: Capture, arguments: list[str], words: str) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) <= 6


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def play(*_arguments: object, **_options: object) -> int:
        raise error

    monkeypatch.setattr(runner, "run", play)


@pytest.mark.parametrize(
    ("error", "code"),
    [(AccordError("a", hint="do b"), 1), (UsageError("a", hint="do b"), 2), (TamperError("a", hint="do b"), 4)],
)
def test_each_error_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, error: AccordError, code: int
) -> None:
    _raising(monkeypatch, error)
    assert main(["run", "wine"]) == code
    assert capsys.readouterr().err == "accord: a\n        do b\n"
    with pytest.raises(type(error)):
        main(["run", "wine", "--debug"])


def test_a_fault_of_ours_is_one_line_and_how_to_see_more(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    for error in (KeyError("x"), ValueError(), ZeroDivisionError("one\ntwo")):
        _raising(monkeypatch, error)
        assert main(["run", "wine"]) == 1
        lines = capsys.readouterr().err.splitlines()
        assert lines[0].startswith(f"accord: {type(error).__name__}")
        assert "--debug" in lines[1]
        assert len(lines) == 2
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "run", "wine"])


def test_an_interrupt_is_exit_1(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    assert main(["run", "wine"]) == 1
    assert "interrupted" in capsys.readouterr().err


def test_run_hands_its_options_on_and_its_code_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def play(scenario: str, **options: object) -> Run:
        seen.update(options, scenario=scenario)
        return Run(Path("d"), {}, 3)

    monkeypatch.setattr(runner, "run", play)
    monkeypatch.setattr(runner, "told", lambda ended, quiet: ended.exit_code)
    arguments = ["run", "wine", "--out", "d", "--set", "seed=1", "--set", "train.l2=1", "--broker", "embedded:x"]
    assert main([*arguments, "--quiet", "--force"]) == 3
    assert seen == {
        "scenario": "wine", "out": Path("d"), "broker": "embedded:x", "sets": ["seed=1", "train.l2=1"], "force": True,
        "quiet": True, "executor": None,
    }  # fmt: skip


def test_resume_takes_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "resume", lambda home, quiet: Run(home, {}, 9 if quiet else 0))
    monkeypatch.setattr(runner, "told", lambda ended, quiet: ended.exit_code if ended.folder == Path("d") else 9)
    assert main(["run", "--resume", "d"]) == 0


def test_the_reader_of_our_output_may_leave() -> None:
    code = (
        "import sys; from accord_scenarios.cli import main; sys.exit(main(['scenario', 'show', 'diabetes', '--json']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_scenarios_are_listed(capsys: Capture) -> None:
    assert main(["scenario", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ["bank_codes", "breast_cancer", "diabetes", "doctor_visits", "faces", "karate", "wine"]
    assert [line.split()[0] for line in lines] == names


def test_a_scenario_is_shown_resolved(capsys: Capture, tmp_path: Path) -> None:
    assert main(["scenario", "show", "diabetes", "--json", "--set", "keys.bits=2048"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == load("diabetes", ["keys.bits=2048"]).resolved()
    assert all(Path(party["data"]["csv"]).is_file() for party in shown["parties"].values())
    assert main(["scenario", "show", "diabetes"]) == 0
    (tmp_path / "shown.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert load(tmp_path / "shown.yaml") == load("diabetes")


def test_a_bundled_scenario_is_copied(capsys: Capture, tmp_path: Path) -> None:
    assert main(["scenario", "show", "wine", "--copy", str(tmp_path / "mine")]) == 0
    assert capsys.readouterr().out == f"copied to {tmp_path / 'mine' / 'scenario.yaml'}\n"
    assert load(tmp_path / "mine" / "scenario.yaml").name == "wine"
    assert main(["scenario", "show", "wine", "--copy", str(tmp_path / "mine")]) == 2


def test_a_file_of_ones_own_is_shown_but_not_copied(capsys: Capture, write: Write, tmp_path: Path) -> None:
    path = str(write())
    assert main(["scenario", "show", path]) == 0
    assert main(["scenario", "show", path, "--copy", str(tmp_path / "x")]) == 2
    assert "is not a bundled scenario" in capsys.readouterr().err
    assert cli.main(["scenario", "show"]) == 2
