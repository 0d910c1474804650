from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.intake.mapped import MappedIds
from accord_protocols.primitives.psi.ids import MAX_ID_BYTES, commitment, is_test, normalise
from accord_schemas.errors import UsageError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("  007 ", "007"), ("\uff11\uff12", "12"), ("e\u0301", "\u00e9"), ("\u00a0x\u3000", "x"), ("1.0", "1.0")],
)
def test_normalise(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@given(texts)
def test_normalise_is_idempotent(text: str) -> None:
    try:
        once = normalise(text)
    except UsageError:
        return
    assert normalise(once) == once


@pytest.mark.parametrize("raw", ["", " \t", "\u3000", "x" * (MAX_ID_BYTES + 1), "\u00e9" * (MAX_ID_BYTES // 2 + 1)])
def test_normalise_refuses(raw: str) -> None:
    with pytest.raises(UsageError):
        normalise(raw)


def test_normalise_takes_the_longest_id() -> None:
    assert len(normalise("x" * MAX_ID_BYTES)) == MAX_ID_BYTES


def test_is_test_follows_the_documented_rule() -> None:
    # sha256("abc") starts with ba7816bf (FIPS 180-4 example)
    assert is_test("abc", 5, 0xBA7816BF % 5)
    assert not is_test("abc", 5, (0xBA7816BF + 1) % 5)
    assert sum(is_test(f"u{i}", 4, 1) for i in range(4000)) == pytest.approx(1000, abs=150)


@given(st.lists(texts, max_size=8))
def test_commitment_is_of_the_set(ids: list[str]) -> None:
    salt = hashlib.sha256(b"salt").digest()
    assert commitment(ids, salt) == commitment([*reversed(ids), *ids], salt)
    assert commitment(ids, salt) != commitment(ids, bytes(32))
    assert commitment(ids, salt) != commitment([*ids, "another id, longer than twenty"], salt)


def test_commitment_is_unambiguous() -> None:
    assert commitment(["ab", "c"], bytes(32)) != commitment(["a", "bc"], bytes(32))


def test_the_commitment_of_many_ids_is_the_same_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"user-{k * 7919 % 3000}" for k in range(3000)]
    whole = commitment(ids, bytes(32))
    ends = np.cumsum([0, *map(len, ids)]).astype(np.uint64)
    monkeypatch.setattr("accord_protocols.primitives.psi.text_order.AT_ONCE", 250)
    assert commitment(MappedIds(ends, memoryview("".join(ids).encode())), bytes(32)) == whole
    assert whole.hex() == "f95358f18242a9adb668f073414f70868d4f45779f4ae2db7c6826f2671eed21"
