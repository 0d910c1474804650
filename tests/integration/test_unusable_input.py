"""Whatever cannot be used is said before anything starts: exit 2, the culprit by name, no traceback, no folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.command import Command
from tests.support.files import job, people, table, write_scenario


def scenario(folder: Path, fault: str) -> dict[str, Any]:
    """A scenario with one fault."""
    good = people(folder, 2, 40, nasty=False)
    bank, shop = good["bank"]["data"], good["shop"]["data"]
    path = folder / "bad.csv"

    def shows(content: str | bytes) -> dict[str, Any]:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return job(good | {"shop": {"role": "feature_holder", "data": {"csv": str(path), "id": "id"}}})

    faults: dict[str, Any] = {
        "missing file": lambda: job(good | {"shop": good["shop"] | {"data": shop | {"csv": "nowhere.csv"}}}),
        "folder as file": lambda: job(good | {"shop": good["shop"] | {"data": shop | {"csv": str(folder)}}}),
        "unknown id column": lambda: job(good | {"shop": good["shop"] | {"data": shop | {"id": "customer"}}}),
        "unknown label": lambda: job(good | {"bank": good["bank"] | {"data": bank | {"label": "target"}}}),
        "unknown feature": lambda: job(good | {"shop": good["shop"] | {"data": shop | {"features": ["x1_0", "nope"]}}}),
        "two text features": lambda: shows("id,a,town,network\n1,2,Ulm,Weg\n2,3,Ulm,Weg\n"),
        "unclosed quote": lambda: shows('id,a\n1,2\n2,"3\n3,4\n'),
        "rounded ids": lambda: shows("id,a\n" + "".join(f"4.9{i:02d}E+12,{i}\n" for i in range(40))),
        "text feature": lambda: shows("id,a\n1,2\n2,red\n"),
        "infinite feature": lambda: shows("id,a\n1,2\n2,inf\n"),
        "no rows": lambda: shows("id,a\n"),
        "empty file": lambda: shows(""),
        "ragged rows": lambda: shows("id,a,b\n1,2,3\n2,3\n"),
        "empty id": lambda: shows("id,a\n1,2\n ,3\n"),
        "column twice": lambda: shows("id,a,a\n1,2,3\n"),
        "latin-1": lambda: shows("id,größe\n1,2\n".encode("latin-1")),
        "small key": lambda: job(good, keys={"bits": 1024}),
        "unknown protocol": lambda: job(good, align={"protocol": "rsb"}),
        "misspelt key": lambda: job(good, train={"max_round": 3}),
        "negative rounds": lambda: job(good, train={"max_rounds": -1}),
        "overlap above one": lambda: job(good, align={"max_overlap": 1.7}),
        "no label holder": lambda: job({p: m | {"role": "feature_holder"} for p, m in good.items()}),
        "one party": lambda: job({"bank": good["bank"]}),
        "party named like a path": lambda: job({"../evil": good["bank"], "shop": good["shop"]}),
    }
    made: dict[str, Any] = faults[fault]()
    return made


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing file", ["nowhere.csv"]),
        ("folder as file", ["folder"]),
        ("unknown id column", ["shop-1.csv", "customer"]),
        ("unknown label", ["bank-1.csv", "target"]),
        ("unknown feature", ["shop-1.csv", "nope"]),
        ("two text features", ["bad.csv", "2 columns", "'town'", "'network'", "line 2", "features: [a]"]),
        ("unclosed quote", ["bad.csv line 3", "quote"]),
        ("rounded ids", ["bad.csv line 2", "'id'", "40 of 40", "scientific", "as text"]),
        ("text feature", ["bad.csv", "line 3", "'a'", "red"]),
        ("infinite feature", ["bad.csv", "line 3", "inf"]),
        ("no rows", ["bad.csv"]),
        ("empty file", ["bad.csv"]),
        ("ragged rows", ["bad.csv", "line 3"]),
        ("empty id", ["bad.csv", "line 3"]),
        ("column twice", ["bad.csv", "'a'"]),
        ("latin-1", ["bad.csv", "UTF-8"]),
        ("small key", ["keys.bits", "1024", "2048"]),
        ("unknown protocol", ["align.protocol", "rsb"]),
        ("misspelt key", ["max_round", "max_rounds"]),
        ("negative rounds", ["train.max_rounds", "-1"]),
        ("overlap above one", ["align.max_overlap", "1.7"]),
        ("no label holder", ["label_holder"]),
        ("one party", ["parties"]),
        ("party named like a path", ["../evil"]),
    ],
)
def test_a_fault_is_named(shared_accord: Command, fault: str, words: list[str]) -> None:
    refused(shared_accord, [shared_accord.scenario(scenario(shared_accord.folder, fault))], words)


def refused(accord: Command, arguments: list[object], words: list[str]) -> None:
    out = accord.out()
    done = accord("run", *arguments, "--out", out)
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert done.stderr.startswith("accord: ")
    assert "Traceback" not in done.stderr
    assert not [word for word in words if word not in done.stderr], done.stderr
    assert len(done.stderr.splitlines()) <= 6
    assert not out.exists()
    assert not accord.processes()


def test_faults_of_the_command_line(shared_accord: Command) -> None:
    good = shared_accord.scenario(job(people(shared_accord.folder, 2, 40, nasty=False)))
    broken = shared_accord.folder / "broken.yaml"
    broken.write_text("name: [unclosed\nparties: }")
    refused(shared_accord, ["none.yaml"], ["none.yaml"])
    twice = shared_accord.folder / "twice.yaml"
    twice.write_text("name: a\nparties: {}\nname: b\n")
    refused(shared_accord, [twice], ["twice.yaml line 3", "'name'", "twice"])
    refused(shared_accord, [broken], ["broken.yaml", "line"])
    refused(shared_accord, [good, "--set", "train.max_rounds=many"], ["train.max_rounds", "many"])
    refused(shared_accord, [good, "--set", "train"], ["KEY=VALUE"])
    refused(shared_accord, [good, "--broker", "amqp://localhost"], ["amqp"])


def test_a_folder_that_holds_something_stays_as_it_is(shared_accord: Command) -> None:
    content = job(people(shared_accord.folder, 2, 40, nasty=False))
    out = shared_accord.out()
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    done = shared_accord("run", shared_accord.scenario(content), "--out", out)
    assert done.returncode == 2
    assert str(out) in done.stderr
    assert "--force" in done.stderr
    assert [p.name for p in out.iterdir()] == ["mine.txt"]

    done = shared_accord("run", "--resume", out)
    assert done.returncode == 2
    assert "holds no run" in done.stderr

    (out / "mine.txt").unlink()
    write_scenario(out / "scenario.yaml", content)
    done = shared_accord("run", shared_accord.scenario(content), "--out", out, "--force")
    assert done.returncode == 2, "an earlier run is never overwritten"
    assert "--resume" in done.stderr
    assert not shared_accord.processes()


def test_a_folder_that_cannot_be_written(shared_accord: Command) -> None:
    """Below a file, since to root no folder is read-only."""
    content = job(people(shared_accord.folder, 2, 40, nasty=False))
    file = table(shared_accord.folder / "file", ["a"], [])
    done = shared_accord("run", shared_accord.scenario(content), "--out", file / "run")
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "--out" in done.stderr


def test_bundled_scenarios_list_and_show(shared_accord: Command) -> None:
    assert "diabetes" in shared_accord("scenario", "list").stdout
    shown = json.loads(shared_accord("scenario", "show", "diabetes", "--json").stdout)
    assert all(Path(m["data"]["csv"]).is_file() for m in shown["parties"].values())
    assert shown["keys"]["bits"] == 3072
