"""Rows in files instead of memory come to the same: which repeat an id, what is said of them, where buckets end."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.files import table as written

import accord_agents.intake.stage
from accord_agents.intake import hashed
from accord_agents.intake.reader import Source, check, read_table, take
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.stage import Stage
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.buckets import KEY, keyed_hashes
from accord_schemas.errors import AccordError, UsageError

stage_module: Any = accord_agents.intake.stage
ANY = bytes(KEY)


def in_small_parts(patch: pytest.MonkeyPatch) -> None:
    """Blocks and parts of a few rows."""
    patch.setattr(stage_module, "BLOCK", 7)
    patch.setattr(stage_module, "_APART", 4)
    for name, rows in {"_BLOCK": 11, "SORTED": 8, "MOST": 16}.items():
        patch.setattr(hashed, name, rows)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and parts of a few rows."""
    in_small_parts(monkeypatch)
    monkeypatch.setattr("accord_agents.intake.csv_rows.BLOCK", 5)


def alike(key: bytes, ids: Any) -> np.ndarray:
    """Hashes of which many are equal."""
    return keyed_hashes(key, ids) % np.uint64(3) * np.uint64(1 << 62)


@pytest.mark.parametrize("hashes", [keyed_hashes, alike])
@given(
    ids=st.lists(st.sampled_from(["a", "b", "0", "00", "7", "x2", "ab\0", "ab", *map(str, range(20))]), max_size=60),
    apart=st.sets(st.sampled_from(["0", "a"])),
)
def test_repeats_are_those_of_a_set_in_memory(hashes: Any, ids: list[str], apart: set[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_module, "keyed_hashes", hashes)
        in_small_parts(patch)
        with Stage(None, ANY, 0) as stage:
            for start in range(0, len(ids), 9):
                part = ids[start : start + 9]
                stage.add(part, [i + "x" if start else i for i in part], np.empty((len(part), 0)))
            found = stage.repeats(frozenset(apart))
            order = np.concatenate([np.empty(0, np.int64), *stage.order()]).tolist()
    first, counts, second = dict[str, int](), Counter(ids), dict[str, int]()
    for row, identifier in enumerate(ids):
        if identifier in first:
            second.setdefault(identifier, row)
        first.setdefault(identifier, row)
    assert np.flatnonzero(found.first).tolist() == sorted(first.values())
    assert found.total == len(ids) - len(first) and found.digits == sum(map(str.isdigit, first))
    repeated = [(counts[i] - 1, second[i], i) for i in second if i not in apart]
    assert found.most == min(repeated, key=lambda m: (-m[0], m[1]), default=None)
    spelled = [(row, i) for row, i in enumerate(ids) if (row >= 9) != (first[i] >= 9)]
    if hashes is keyed_hashes:
        assert (found.alike, found.alike_first) == (len(spelled), spelled[0] if spelled else None)
    hashed = hashes(ANY, [ids[row].encode() for row in order]).tolist()
    assert sorted(order) == sorted(first.values()) and hashed == sorted(hashed)


@pytest.mark.usefixtures("small")
def test_a_file_read_in_small_blocks_gives_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    rows = [[rng.choice(["0", "NULL", f"{rng.randrange(90)}", f" {rng.randrange(9)} "]), str(k)] for k in range(300)]
    source = Source(written(tmp_path / "shop.csv", ["id", "x", "y"], [[*r, "" if k % 9 == 0 else "1"] for k, r in
                            enumerate(rows)]), "id", "y")  # fmt: skip
    found = read_table(source)
    monkeypatch.undo()
    whole = read_table(source)
    assert list(found.ids) == list(whole.ids) and found.report == whole.report and found.report.duplicates > 50
    assert np.array_equal(found.values, whole.values) and found.labels is not None and found.labels.all()
    first = {i: k for k, i in reversed(list(enumerate(r[0].strip() for r in rows)))}
    assert [int(x) for x in found.values[:, 0]] == [first[i] for i in found.ids]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("last", ["red", "1"])
def test_cells_of_repeated_rows_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """However many they are."""
    monkeypatch.setattr("accord_agents.intake.columns._UNSETTLED", 3)
    path = written(tmp_path / "shop.csv", ["id", "x"], [["a", "1"], *[["a", "blue"]] * 40, ["b", last], ["c", "grey"]])
    place = rf"line {43 if last == 'red' else 44}, column 'x': the cell is not a number"
    with pytest.raises(UsageError, match=place):
        read_table(Source(path, "id"))
    path = written(tmp_path / "shop.csv", ["id", "x"], [["a", "1"], *[["a", "blue"]] * 40, ["b", "2"]])
    assert read_table(Source(path, "id")).values.tolist() == [[1], [2]]


def test_a_check_looks_at_the_first_rows_and_leaves_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.csv", ["id", "x"], [["a", "1"], ["b", "2"], ["c", "red"]])
    check(Source(path, "id"), rows=2)
    with pytest.raises(UsageError, match="line 4, column 'x'"):
        check(Source(path, "id"), rows=3)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_read_once_and_to_its_end(tmp_path: Path) -> None:
    """From a pipe, which gives every byte once."""
    import os
    import threading

    pipe = tmp_path / "shop.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("id,x\n" + "".join(f"u{k},{k}\n" for k in range(9999)),))
    writer.start()
    snapshot = take(Source(pipe, "id"), tmp_path / "new" / "snapshots", ANY)
    writer.join()
    assert len(read_snapshot(snapshot.path, snapshot.digest).ids) == 9999


def test_buckets_are_the_rows_once_each_by_hashes_alone(tmp_path: Path) -> None:
    ids = [f"user-{k}" for k in range(1000)]
    tables = {}
    for name, known in {"bank": ids, "shop": [*reversed(ids[300:]), "0x"]}.items():
        snapshot = take(Source(written(tmp_path / f"{name}.csv", ["id"], [[i] for i in known]), "id", reads=Reads()),
                        tmp_path / name, b"k" * KEY)  # fmt: skip
        tables[name] = read_snapshot(snapshot.path, snapshot.digest)
    for of in (1, 2, 7, 64):
        parts = {name: table.buckets for name, table in tables.items()}
        for name, buckets in parts.items():
            assert buckets is not None and buckets.key == b"k" * KEY
            rows = [buckets.rows(number, of) for number in range(of)]
            assert all((np.diff(part) > 0).all() for part in rows)
            assert sorted(np.concatenate(rows).tolist()) == list(range(len(tables[name].ids)))
        for number in range(of):
            bank, shop = (set(part.ids(number, of)) for part in parts.values() if part)
            hashes = keyed_hashes(b"k" * KEY, [i.encode() for i in bank]).tolist()
            assert all(h * of >> 64 == number for h in hashes)
            assert bank & set(ids[300:]) == shop - {"0x"}, "equal ids are in buckets of one number"
    buckets = tables["bank"].buckets
    assert buckets is not None and "user" not in repr(buckets)
    with pytest.raises(ValueError, match="no such bucket"):
        buckets.rows(7, 7)


@pytest.mark.parametrize("full", ["_records", "_ids", "_values", "_order", "_hashes"])
def test_a_disk_that_is_full_is_named(tmp_path: Path, full: str) -> None:
    with Stage(tmp_path, ANY, 1) as stage, Path("/dev/full").open("wb", buffering=0) as nowhere:
        if full == "_hashes":
            stage._hashes.close()
            stage._hashes._file = nowhere  # type: ignore[assignment]
        else:
            setattr(stage, full, nowhere)
        with pytest.raises(AccordError, match=rf"{tmp_path} cannot be written: No space left"):
            stage.add(["a"], ["a"], np.ones((1, 1)))
            stage.repeats()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.csv", ["id"], [["a"]])
    with pytest.raises(AccordError, match="cannot be written"):
        take(Source(path, "id", reads=Reads()), path / "below", ANY)
