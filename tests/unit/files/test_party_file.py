"""A party's file: YAML 1.2 as scenarios are, every mistake by name, paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.config.data_sets import EdgeFiles, Source
from accord_agents.config.party_file import Config, load
from accord_schemas.errors import UsageError

FILE = {
    "party": "shop",
    "broker": "embedded:log.db",
    "data": "{csv: a.csv, id: id}",
    "keystore": "k",
    "identities": "i.json",
    "out": "o",
}


def config(folder: Path, more: str = "", **changes: str) -> Config:
    path = folder / "party.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in (FILE | changes).items()) + more, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("name", ["no", "on", "010", "007", "1e3", "2024-01-01", "1-2", "0o17"])
def test_a_name_is_what_stands_there(tmp_path: Path, name: str) -> None:
    assert config(tmp_path, party=name).party == name


def test_columns_may_be_called_like_numbers(tmp_path: Path) -> None:
    data = config(tmp_path, data="{csv: a.csv, id: 1, label: 2.50, features: [no, on, 2023, 010, .5, 1_000]}").data
    assert isinstance(data, Source) and (data.id, data.label) == ("1", "2.50")
    assert data.features == ["no", "on", "2023", "010", ".5", "1_000"]


def test_several_data_sets_have_names(tmp_path: Path) -> None:
    (single,) = config(tmp_path).sets.items()
    assert single[0] == "" and single[1] == config(tmp_path).chosen("") == config(tmp_path).data
    both = "{loans: {csv: a.csv, id: id}, 007: {edges: e.csv, source: s, target: t, vertices: v.csv}}"
    found = config(tmp_path, data=both)
    assert list(found.sets) == ["loans", "007"] and isinstance(found.chosen("007"), EdgeFiles)
    loans = found.chosen("loans")
    assert isinstance(loans, Source) and loans.csv == tmp_path / "a.csv"


@pytest.mark.parametrize(
    ("changes", "more", "says"),
    [
        ({"policy": "{proposals: refuse}"}, "policy: {proposals: accept}\n", "line 8.*'policy' stands here twice"),
        ({"policy": "{proposals: refuse,\n  proposals: accept}"}, "", "line 8.*'proposals' stands here twice"),
        ({"party": "true"}, "", r'party is true; it must be text\. If that is meant as a word, quote it: "true"'),
        ({"party": "~"}, "", r'party is null; it must be text\. If that is meant as a word, quote it: "null"'),
        ({"party": "Shop"}, "", "'Shop' cannot be a party's name"),
        ({"worker": "3"}, "", r"worker is unknown; did you mean workers\?"),
        ({"policy": "{protections: [shared]}"}, "", r"policy.protections is unknown; did you mean protection\?"),
        ({"policy": "{proposals: maybe}"}, "", 'policy.proposals is "maybe"; it must be accept, ask or refuse'),
        ({"data": "{csv: a.csv, id: id, feature: [a]}"}, "", r"data.feature is unknown; did you mean features\?"),
        (
            {"data": "{csv: a.csv}"},
            "",
            "data.id is missing. Known keys there: csv, parquet, orc, sql, url, password_file, images, embed, id",
        ),
        ({"data": "{csv: a.csv, id: id, features: [a, id]}"}, "", r"the column 'id' is named twice"),
        ({"data": '{csv: a.csv, id: ""}'}, "", "data.id"),
        (
            {"data": "{loans: {csv: a.csv, id: id, feature: [a]}}"},
            "",
            r"data.loans.feature is unknown; did you mean feat",
        ),
        ({"data": "{Loans: {csv: a.csv, id: id}}"}, "", "Loans"),
        ({"data": "{loans: {csv: a.csv, id: id}, id: id}"}, "", "data.loans is unknown"),
        ({"data": "{}"}, "", "data.id is missing"),
        ({"workers": "0"}, "", "workers is 0; it must be at least 1"),
        ({"policy": "none.yaml"}, "", "the policy none.yaml of .* cannot be read: No such file"),
        ({"policy": "[shared]"}, "", "policy is a list; it must be a section"),
        ({"out": "[unclosed"}, "", r"the configuration .*party.yaml line 7"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, str], more: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        config(tmp_path, more, **changes)
    assert "party.yaml" in str(caught.value)


def test_a_policy_of_its_own_is_read_alike(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("proposals: ask\nproposers: [no, 010]\n", encoding="utf-8-sig")
    assert config(tmp_path, policy="policy.yaml").policy.proposers == ["no", "010"]
    policy.write_text("proposals: refuse\nproposals: accept\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"the policy policy.yaml of .* line 2.*'proposals' stands here twice"):
        config(tmp_path, policy="policy.yaml")


def test_no_configuration_at_all(tmp_path: Path) -> None:
    path = tmp_path / "party.yaml"
    with pytest.raises(UsageError, match=r"cannot be read: No such file.*--config"):
        load(path)
    for text in ("", "- a\n", "just words\n"):
        path.write_text(text)
        with pytest.raises(UsageError, match="holds no configuration"):
            load(path)


def test_paths_lie_beside_the_file_or_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = config(tmp_path)
    assert (found.out, found.broker) == (tmp_path / "o", f"embedded:{tmp_path / 'log.db'}")
    changes = {"keystore": "~/k", "identities": "~/i", "out": "~/o", "passphrase_file": "~/secret"}
    found = config(tmp_path, data="{csv: ~/a.csv, id: id}", broker="embedded:~/log.db", **changes)
    home = tmp_path / "home"
    assert isinstance(found.data, Source)
    assert (found.data.csv, found.keystore, found.identities) == (home / "a.csv", home / "k", home / "i")
    assert (found.out, found.passphrase_file, found.broker) == (home / "o", home / "secret", f"embedded:{home}/log.db")
    assert config(tmp_path, out="~nobody-of-that-name/o").out == tmp_path / "~nobody-of-that-name" / "o"
