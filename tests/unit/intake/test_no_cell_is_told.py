"""What is said of a file that cannot be used is kept and logged: it names line and column, and quotes no cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.intake.reader import Source, read_table
from accord_scenarios import runner
from accord_scenarios.cli import main
from accord_schemas.errors import UsageError

SECRET = "Grace Hopper"  # noqa: S105
SIGNS = "*-*-*-*"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (f"id,x\n1,2\n2,{SECRET}\n", "line 3, column 'x'"),
        (f"id,x,z\n1,2,3\n2,{SECRET},{SECRET}\n", "'x' (line 3"),
        (f"id,x\n1,2\n{SECRET}{'o' * 2000},2\n", "line 3, column 'id'"),
        (f"{SECRET},x\n1,2\n", "no column 'id'"),
        (f"id,{SECRET},{SECRET}\n1,2,3\n", "columns 2 and 3"),
        (f"id,x\n1,2\n2,2,{SECRET}\n", "line 3"),
        (f'id,x\n1,2\n2,"{SECRET}\n', "line 3"),
        (f'id,x\n1,2\n2,"{SECRET}" {SECRET}\n', "line 3"),
        (f"id,x\n1,2\n2;{SECRET}\n", "line 3"),
        ("id,x\n" + "9E+12,2\n" * 4 + f"{SECRET},1\n", "column 'id'"),
    ],
)
def test_the_place_is_named_and_no_cell_is_quoted(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_table(Source(path, "id"))
    assert place in str(error.value) and "people.csv" in str(error.value)
    assert "Hopper" not in str(error.value) + error.value.hint


def test_nor_does_what_names_nobody_show_more_than_the_word_for_it(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"id,x\n{SIGNS},1\nNULL,1\n-,1\nanna,2\n", encoding="utf-8")
    table = read_table(Source(path, "id"))
    (said,) = table.report.warnings()
    assert "3 of 4 rows" in said and "NULL" in said and "signs alone" in said and SIGNS not in said


def test_the_terminal_of_who_reads_the_file_shows_the_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def play(*_arguments: object, **_options: object) -> int:
        raise UsageError("line 3: the cell is not a number.", hint="Mend it.", private=f"Read was {SECRET!r}.")

    monkeypatch.setattr(runner, "run", play)
    assert main(["run", "wine"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "accord: line 3: the cell is not a number.", f"        Read was {SECRET!r}.", "        Mend it.",
    ]  # fmt: skip
