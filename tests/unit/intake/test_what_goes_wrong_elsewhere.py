"""What alignments are known to get wrong, played from files to aligned rows: docs/alignment.md has the list."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.world import World, alignment

from accord_agents.intake.reader import Source, take
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_protocols.jobs.carried import OUTPUT
from accord_protocols.jobs.registry import JOBS
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.agreement import Agreement, Align
from accord_schemas.errors import UsageError

CARRY: dict[str, tuple[str, ...]] = {"bank": ("x",), "shop": ("x",)}


def agreed() -> Agreement:
    align = Align(protocol="ecdh", max_overlap=None, carry=CARRY)
    return JOBS["psi"].told(alignment(2, 512).model_copy(update={"align": align}))


def read(folder: Path, party: str, text: str, key: Any = "id") -> Table:
    path = folder / f"{party}.csv"
    path.write_text(text, encoding="utf-8")
    reads = JOBS["psi"].reads(agreed(), party)
    snapshot = take(Source(path, key, reads=reads), folder, bytes(32))
    return read_snapshot(snapshot.path, snapshot.digest)


def aligned(folder: Path, bank: str, shop: str, key: Any = "id") -> list[list[str]]:
    """The lines of aligned.csv, alike at both."""
    data = {party: read(folder, party, text, key) for party, text in (("bank", bank), ("shop", shop))}
    world = World(agreed(), data).run()  # type: ignore[arg-type]
    made = []
    for party in world.parties.values():
        pieces = OUTPUT.made(party.notes, party.rows)
        assert pieces is not None
        made.append(b"".join(pieces))
    assert made[0] == made[1]
    return [*csv.reader(io.StringIO(made[0].decode()))][1:]


def test_an_id_on_several_rows_is_one_row_and_its_first(tmp_path: Path) -> None:
    """Elsewhere: rows are counted off against each other, and from the second occurrence on wrong ones are paired."""
    found = aligned(tmp_path, "id,x\na,1\na,2\nb,3\nc,4\n", "id,x\nc,40\na,10\nb,30\nb,31\na,11\n")
    assert found == [["a", "1", "10"], ["b", "3", "30"], ["c", "4", "40"]]


def test_empty_ids_do_not_match_each_other(tmp_path: Path) -> None:
    """Elsewhere: an empty cell is an id like any other, and everybody without one is one person."""
    with pytest.raises(UsageError, match=r"bank.csv line 3, column 'id': an id is empty"):
        aligned(tmp_path, "id,x\na,1\n ,2\n", "id,x\na,1\n,2\n")
    assert aligned(tmp_path, "id,x\na,1\nNULL,2\n", "id,x\na,10\nNULL,20\n") == [["a", "1", "10"]]
    text = "country,number,x\nDE,1,1\nDE,,2\n"
    with pytest.raises(UsageError, match=r"line 3, column 'number': an id is empty"):
        aligned(tmp_path, text, text, Key(("country", "number")))


def test_a_quoted_id_does_not_move(tmp_path: Path) -> None:
    """Elsewhere: rows are put in the order of the line's text, in which a quote comes before every letter."""
    plain, quoted = "id,x\nann,1\nbob,2\nzoe,3\n", '"id","x"\nbob,20\n"zoe","30"\nann,10\n'
    assert aligned(tmp_path, plain, quoted) == [["ann", "1", "10"], ["bob", "2", "20"], ["zoe", "3", "30"]]


def test_ids_of_several_columns_are_not_joined_by_a_comma(tmp_path: Path) -> None:
    """Elsewhere: (a,b | c) and (a | b,c) are one user."""
    key = Key(("first", "last"))
    bank, shop = 'first,last,x\n"a,b",c,1\nd,e,2\n', 'first,last,x\na,"b,c",10\nd,e,20\n'
    assert aligned(tmp_path, bank, shop, key) == [["1:d1:e", "2", "20"]]


def test_a_file_that_changed_is_read_again_whatever_its_size_and_time(tmp_path: Path) -> None:
    """Elsewhere: what was computed of a file is taken again as long as the file has the same size."""
    first = read(tmp_path, "bank", "id,x\na,1\nb,2\n")
    path = tmp_path / "bank.csv"
    before = path.stat()
    second = read(tmp_path, "bank", "id,x\na,1\nc,2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert (list(first.ids), list(second.ids)) == (["a", "b"], ["a", "c"])
    assert len([*tmp_path.glob("*.table")]) == 2, "a snapshot is named by what it holds"
