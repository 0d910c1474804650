"""The bundled scenarios: sound data, overlaps that the gate lets pass, and figures that their README states."""

import csv
from itertools import combinations
from pathlib import Path

import pytest

from accord_agents.intake.pictures import listed
from accord_agents.intake.reader import Source, read_table
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.ids import is_test
from accord_scenarios import library
from accord_scenarios.jobs.match import Search
from accord_scenarios.jobs.query import HiddenQuery
from accord_scenarios.jobs.train import Training
from accord_scenarios.scenario import load
from accord_schemas.errors import UsageError

TRAININGS = ["breast_cancer", "diabetes", "doctor_visits", "wine"]
OTHERS = ["bank_codes", "faces", "karate"]
"""Those that do not train."""
ASKED = "bank_codes"
NAMES = sorted([*TRAININGS, *OTHERS])


def test_all_are_listed_with_a_title() -> None:
    assert library.names() == NAMES
    assert all(20 < len(library.title(name)) < 120 for name in library.names())


def test_what_is_asked_for_is_there_or_nobodys_as_the_readme_says() -> None:
    scenario = load(ASKED)
    assert isinstance(scenario, HiddenQuery) and scenario.seed is None
    server, columns = scenario.asked
    reads = {server: Reads(cells=columns, cell_bytes=scenario.query.width)}
    tables = {
        party: read_table(Source(member.data.place, member.data.made_of, reads=reads.get(party, Reads())))
        for party, member in scenario.parties.items()
    }
    assert all(table.report.duplicates == 0 for table in tables.values())
    asked, known = set(tables["shop"].ids), set(tables["registry"].ids)
    readme = (library.FOLDER / ASKED / "README.md").read_text(encoding="utf-8")
    assert f"The {len(known)} bank identification codes" in readme
    assert f"and the {len(asked)} codes that are asked for" in readme
    assert f"{len(asked & known)} that stand in the registry, and {len(asked - known)} that are nobody's" in readme
    assert len(asked) <= scenario.query.max_queries


def test_the_faces_are_as_many_as_the_readme_says() -> None:
    scenario = load("faces")
    assert isinstance(scenario, Search) and scenario.seed is None
    found = {name: listed(member.data.images) for name, member in scenario.parties.items() if member.data.images}
    readme = (library.FOLDER / "faces" / "README.md").read_text(encoding="utf-8")
    assert f"the first {len(found['registry'])} faces" in readme and f"{len(found['gate'])} pictures" in readme
    assert 20 <= len(found["gate"]) <= scenario.match.max_probes


@pytest.mark.parametrize("name", TRAININGS)
def test_the_data_are_sound_and_pass_the_gate(name: str) -> None:
    scenario = load(name)
    assert isinstance(scenario, Training) and scenario.train is not None
    assert scenario.keys.bits >= 3072
    assert scenario.seed is None
    ids = {}
    for party, member in scenario.parties.items():
        d = member.data
        reads = Reads(scenario.train.model, label=d.label is not None)
        table = read_table(Source(d.place, d.made_of, d.label, d.features, reads))
        assert table.report.duplicates == table.report.empty_labels == 0
        assert not any(identifier.isdigit() for identifier in table.ids)
        assert list(table.ids) != sorted(table.ids), "rows in the order of the ids would hide a missing alignment"
        ids[party] = set(table.ids)
    for a, b in combinations(ids.values(), 2):
        assert len(a & b) / min(len(a), len(b)) < 0.87
    common = set.intersection(*ids.values())
    readme = (library.FOLDER / name / "README.md").read_text(encoding="utf-8")
    assert f"{len(common)} of them" in readme
    assert all(str(len(own)) in readme for own in ids.values())
    tests = sum(is_test(i, 5, 0) for i in common)
    assert tests >= 20
    assert len(common) - tests >= 90


def test_no_column_belongs_to_two_parties() -> None:
    for name in TRAININGS:
        heads = []
        scenario = load(name)
        assert isinstance(scenario, Training)
        for member in scenario.parties.values():
            assert isinstance(member.data.csv, Path)
            with member.data.csv.open(encoding="utf-8", newline="") as file:
                heads += [column for column in next(csv.reader(file)) if column != member.data.id]
        assert len(heads) == len(set(heads))


def test_a_copy_runs_from_its_new_place(tmp_path: Path) -> None:
    copied = load(library.copy("wine", tmp_path / "new" / "mine"))
    assert isinstance(copied, Training)
    assert copied.parties["cellar"].data.csv == tmp_path / "new" / "mine" / "cellar.csv"
    assert copied.parties["cellar"].data.csv.exists()
    assert copied.name == "wine"
    with pytest.raises(UsageError, match="is not empty"):
        library.copy("wine", tmp_path / "new" / "mine")
    with pytest.raises(UsageError, match="is not a bundled scenario"):
        library.copy("wines", tmp_path / "other")
    with pytest.raises(UsageError, match="cannot be written"):
        library.copy("wine", tmp_path / "new" / "mine" / "cellar.csv")


def test_a_file_wins_over_a_bundled_name_and_a_folder_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diabetes").mkdir()
    (tmp_path / "wine").write_text("x")
    assert library.find("diabetes") == library.FOLDER / "diabetes" / "scenario.yaml"
    assert library.find("wine") == Path("wine")
