"""Rows in the order of their ids: the same of texts in memory and of texts in a file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_agents.intake.mapped import MappedIds
from accord_protocols.primitives.psi import text_order
from accord_protocols.primitives.psi.ids import commitment
from accord_protocols.primitives.psi.text_order import Worded, in_order, in_text_order
from accord_schemas.canonical import framed

TEXTS = st.lists(st.text(st.sampled_from("ab\0é中\U0001f600"), min_size=1, max_size=20), unique=True, max_size=60)


def mapped(ids: list[str]) -> MappedIds:
    data = [identifier.encode() for identifier in ids]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in data], dtype=np.int64)]).astype(np.uint64)
    return MappedIds(offsets, memoryview(b"".join(data)))


@pytest.fixture(autouse=True, params=[3, 1 << 20], ids=["in parts", "at once"])
def at_once(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_order, "AT_ONCE", request.param)
        patch.setattr(text_order, "_DRAWN", 2)
        yield


@given(TEXTS, st.randoms(use_true_random=False))
def test_it_is_that_of_their_bytes_however_they_are_held(ids: list[str], rng: np.random.Generator) -> None:
    rows = [k for k in range(len(ids)) if k % 3]
    rng.shuffle(rows)
    wanted = sorted((ids[row] for row in rows), key=str.encode)
    assert wanted == sorted(ids[row] for row in rows), "that of code points"
    held = mapped(ids)
    assert isinstance(held, Worded) and not isinstance(tuple(ids), Worded)
    for each in (ids, held):
        assert [ids[row] for row in in_text_order(each, np.array(rows, np.int64)).tolist()] == wanted
        assert [*in_order(each, np.array(rows, np.int64))] == wanted
    assert b"".join(held.framed(np.array(rows, np.int64))) == b"".join(framed(*(ids[row] for row in rows)))
    assert commitment(held, bytes(32), ["x"]) == commitment(ids, bytes(32), ["x"])
