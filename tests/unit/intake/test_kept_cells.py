"""Cells that are kept as they are written: through the file, the stage and the snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.config.data_sets import Source as Data
from accord_agents.intake.reader import Source, check, read_table, take
from accord_agents.intake.snapshot import read_snapshot
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.pir.cells import unpack
from accord_schemas.errors import TamperError, UsageError

TEXT = (
    "id,status,note,amount\n"
    ' a ,ok," spaces stay ",1.50\n'
    'b,,"two\nlines, ""quoted""",0x10\n'
    "a,again,left out,2\n"
    "NULL,nobody,left out,3\n"
    "客户,好,,-0\n"
)
READS = Reads(cells=("amount", "note"), cell_bytes=64)


def file(folder: Path, text: str = TEXT) -> Path:
    path = folder / "registry.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_cells_are_those_of_the_file_in_the_agreed_order(tmp_path: Path) -> None:
    table = read_table(Source(file(tmp_path), "id", reads=READS))
    assert list(table.ids) == ["a", "b", "客户"]
    assert [unpack(value, 2) for value in table.cells] == [
        ["1.50", " spaces stay "],
        ["0x10", 'two\nlines, "quoted"'],
        ["-0", ""],
    ]
    assert table.cells[-1] == table.cells[2:][0] and len(table.cells) == 3 and "rows" in repr(table.cells)
    assert table.columns == () and "amount" not in repr(table)


def test_without_such_columns_a_snapshot_is_as_it_was(tmp_path: Path) -> None:
    source = file(tmp_path)
    bare = take(Source(source, "id", reads=Reads()), tmp_path / "a", bytes(32))
    kept = take(Source(source, "id", reads=READS), tmp_path / "b", bytes(32))
    assert b'"cells"' not in bare.path.read_bytes() and b'"cells"' in kept.path.read_bytes()
    assert read_snapshot(bare.path, bare.digest).cells == ()


def test_a_changed_cell_is_found(tmp_path: Path) -> None:
    taken = take(Source(file(tmp_path), "id", reads=READS), tmp_path / "a", bytes(32))
    raw = bytearray(taken.path.read_bytes())
    raw[-1] ^= 1
    taken.path.chmod(0o600)
    taken.path.write_bytes(raw)
    with pytest.raises(TamperError, match="was changed"):
        read_snapshot(taken.path, taken.digest)


def test_many_rows(tmp_path: Path) -> None:
    """Over the blocks of every reader, with repeats among them."""
    rows = "".join(f"user-{i % 9000},{'x' * (i % 7)},n{i},{i}\n" for i in range(10_000))
    table = read_table(Source(file(tmp_path, "id,status,note,amount\n" + rows), "id", reads=READS))
    assert len(table.cells) == 9000
    for i in (0, 1, 4095, 4096, 8191, 8192, 8999):
        assert unpack(table.cells[i], 2) == [str(i), f"n{i}"]


def test_a_file_of_ids_alone_will_do_for_a_client(tmp_path: Path) -> None:
    wanted = file(tmp_path, "id\na\nb\n")
    check(Source(wanted, "id"))
    with pytest.raises(UsageError, match="has no feature column"):
        take(Source(wanted, "id"), tmp_path, bytes(32))


@pytest.mark.parametrize("use", [take, None])
def test_what_is_wider_than_agreed_names_line_columns_and_remedy(tmp_path: Path, use: object) -> None:
    source = Source(file(tmp_path), "id", reads=Reads(cells=("note", "status"), cell_bytes=20))
    with pytest.raises(UsageError, match=r"registry.csv line 3: the cells of 'note', 'status' take 23 bytes.*are 20"):
        take(source, tmp_path, bytes(32)) if use else check(source)


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no column 'amont', given as columns.*Did you mean 'amount'"):
        check(Source(file(tmp_path), "id", reads=Reads(cells=("amont",), cell_bytes=9)))


def test_a_party_offers_what_its_own_file_names(tmp_path: Path) -> None:
    data = Data(csv=file(tmp_path), id="id", columns=["status", "amount"])
    data.offers(["amount"])
    for offered in (data, data.model_copy(update={"columns": None})):
        with pytest.raises(UsageError, match=r"lets others ask for the column 'note', which data\.columns lacks"):
            offered.offers(["note"])
