"""Ids that take no step of Python come to the same as those that do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.intake import plain, staging
from accord_agents.intake.ids import NO_ID, IdColumn
from accord_agents.intake.reader import Source, take
from accord_agents.intake.rows import Texts
from accord_protocols.primitives.psi import blake2b
from accord_protocols.primitives.psi.ids import Key

SHORT = st.text(st.sampled_from("aZ09 .+-eEé\u200b"), min_size=1, max_size=6)
ODD = [
    *NO_ID,
    *map(str.upper, NO_ID),
    "0",
    "000",
    "-1",
    "99999",
    "4.9E+12",
    "7.0",
    "a  b",
    " a",
    "x" * 129,
    "12é",
    "ﬁn",
]


@given(st.lists(SHORT | st.sampled_from([*ODD, "user-1", "anna@example.org", "12", "990", "a b"]), min_size=1))
def test_nothing_is_said_of_a_plain_id(cells: list[str]) -> None:
    found = plain.plain_ids(Texts.of(cells))
    assert found is not None
    for cell, is_plain, digits in zip(cells, *(each.tolist() for each in found), strict=True):
        column = IdColumn(lambda place: ("shop.csv", f"line {place}"), Key(("id",)))
        if is_plain:
            assert column.take([cell], 1) == cell and not column.numbers
            kinds = (column._scientific, column._float, column._hidden, column._spaced)
            assert not any(kind.count for kind in kinds) and not column._words
            assert digits == cell.isdigit()


def test_usual_ids_are_plain_and_odd_ones_are_not() -> None:
    found = plain.plain_ids(Texts.of(["user-1", "anna.muster@example.org", "12", "anna 1", "DE-12/34", *ODD]))
    assert found is not None and found[0].tolist() == [True] * 5 + [False] * len(ODD)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=20), st.binary(min_size=1, max_size=64))
def test_compiled_hashes_are_those_of_the_library(messages: list[bytes], key: bytes) -> None:
    offsets = np.cumsum([0, *map(len, messages)]).astype(np.int64)
    found = blake2b.hashes(key, b"someone", offsets, np.frombuffer(b"".join(messages), np.uint8))
    hashes = (hashlib.blake2b(m, key=key, digest_size=8, person=b"someone").digest() for m in messages)
    assert found.tolist() == [int.from_bytes(h, "little") for h in hashes]


@pytest.mark.parametrize("odd", [[], ["NULL", "0", " 12 ", "käufer", "7.0"]])
def test_a_file_gives_the_same_snapshot_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: list[str]
) -> None:
    cells = [f"user-{k % 4000}" for k in range(5000)] + [*odd, *odd] + [str(k) for k in range(100, 5000)]
    path = tmp_path / "shop.csv"
    path.write_text("id,x\n" + "".join(f"{cell},{k}\n" for k, cell in enumerate(cells)), encoding="utf-8")
    taken = {take(Source(path, "id"), tmp_path / "slow", bytes(32)).digest}
    monkeypatch.setattr("accord_agents.intake.staging.LARGE", 0)
    taken.add(take(Source(path, "id"), tmp_path / "fast", bytes(32)).digest)
    monkeypatch.setattr(staging, "plain_ids", lambda texts: None)  # without numba
    taken.add(take(Source(path, "id"), tmp_path / "portable", bytes(32)).digest)
    assert len(taken) == 1
