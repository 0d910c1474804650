"""The exchange with a code of bits: the conservative one, by transfers of one out of two."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from tests.support.transfers import both
from tests.support.world import NAMES, Rows, World, alignment

from accord_protocols.jobs.registry import JOBS
from accord_protocols.phases.alignment.star import question_bytes
from accord_protocols.primitives.psi.ot import code, extension, loops, oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Items, Shape, hash_ids
from accord_protocols.primitives.psi.ot.codes import BINARY, CODES, F4
from accord_protocols.primitives.psi.ot.f4 import Bits
from accord_protocols.primitives.psi.ot.seeds import Leaves, Secret
from accord_protocols.primitives.xof import Xof
from accord_schemas.agreement import Align
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Choices, Masked

SID, EDGE = bytes(range(32)), bytes(32)


def pair(label: int = 0) -> tuple[Leaves, Secret]:
    server = seeds.Server(EDGE, Xof(bytes(32), "server", label), BINARY)
    answer, leaves = seeds.answer(server.points, EDGE, Xof(bytes(32), "leader", label), BINARY)
    return leaves, server.learn(answer)


def tags(leader: list[str], server: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    shape = Shape(len(leader), BINARY)
    (leaves, secret), session = pair(), oprf.Session(SID, EDGE, shape)
    own, other = hash_ids(leader, SID), hash_ids(server, SID)
    masked, rows = both(table.solve(own, SID, shape), leaves)
    return (
        oprf.evaluate(own, rows, session),
        oprf.evaluate(other, oprf.unmask(masked, secret), session, secret.factors),
    )


@pytest.mark.parametrize(("leader", "server", "both"), [(1, 1, 1), (1, 1, 0), (30, 800, 20), (800, 30, 0)])
def test_both_have_equal_tags_for_common_ids_and_for_no_others(leader: int, server: int, both: int) -> None:
    one = [f"é{i}" for i in range(leader)]
    other = [f"é{i}" for i in range(leader - both, leader - both + server)]
    mine, theirs = tags(one, other)
    known = {tag.tobytes() for tag in theirs}
    assert {i for i, tag in zip(one, mine, strict=True) if tag.tobytes() in known} == set(one) & set(other)


def test_a_server_has_the_leaf_of_its_bit_and_the_rows_that_the_exchange_rests_on() -> None:
    leaves, secret = pair()
    assert isinstance(secret.factors, Bits) and 0.4 < secret.factors.bits.mean() < 0.6
    for k, bit in enumerate(secret.factors.bits):
        assert np.array_equal(secret.leaves[k, 0], leaves[k, bit])
    rows = Xof(bytes(32), "table").words(extension.CHUNK + 100, BINARY.words)
    masked, own = both(rows, leaves)
    whole = oprf.unmask(masked, secret)
    assert np.array_equal(whole, own ^ secret.factors.times(rows))  # Q = v + Δ·P
    tail = slice(extension.CHUNK, None)
    assert np.array_equal(oprf.mask(rows[tail], leaves, 1), masked[tail])
    bits = np.unpackbits(masked.view(np.uint8), axis=1)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 6 * 0.5 / math.sqrt(len(bits))


def test_compiled_loops_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves, secret = pair()
    rows = Xof(bytes(32), "table").words(1000, BINARY.words)
    masked, own = both(rows, leaves)
    monkeypatch.setattr(loops, "LARGE", 0)
    assert loops.loops(1) is not None
    assert all(np.array_equal(a, b) for a, b in zip(both(rows, leaves), (masked, own), strict=True))
    assert np.array_equal(oprf.unmask(masked, secret), own ^ secret.factors.times(rows))


def test_vectors_are_far_apart() -> None:
    near = sum(math.comb(64 * BINARY.words, w) for w in range(128))
    assert near * 2**64 < 2 ** (64 * BINARY.words)
    items = Items.of(hash_ids([f"user{i}" for i in range(2000)], SID), SID, Shape(2000, BINARY))
    weights = np.unpackbits((items.codes[::2] ^ items.codes[1::2]).view(np.uint8), axis=1).sum(axis=1)
    assert weights.min() > 170 and abs(weights.mean() - 224) < 2
    assert items.slots.min() >= 0 and items.slots.max() < Shape(2000, BINARY).sparse


def test_other_lengths_are_refused() -> None:
    server = seeds.Server(EDGE, Xof(bytes(32), "server"), BINARY)
    with pytest.raises(ProtocolError, match="points of an exchange"):
        seeds.answer(server.points, EDGE, Xof(bytes(32)), F4)
    answer, _ = seeds.answer(server.points, EDGE, Xof(bytes(32)), BINARY)
    with pytest.raises(ProtocolError, match="corrections"):
        server.learn(replace(answer, corrections=np.zeros((1, 2, 16), np.uint8)))
    with pytest.raises(ProtocolError, match="masked table"):
        oprf.unmask(np.zeros((5, F4.words), np.uint64), server.learn(answer))


@pytest.mark.parametrize("parties", [2, 3])
def test_a_collaboration_that_agrees_on_it_has_the_join(parties: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "BUCKET", 40)
    align = Align(protocol="ot", code="binary", max_overlap=None)
    terms = JOBS["psi"].told(alignment(parties, 512).model_copy(update={"align": align}))
    data = {
        name: Rows(tuple(f"u{i}" for i in range(20 * k, 20 * k + 90)), (), np.zeros((90, 0)), None)
        for k, name in enumerate(NAMES[:parties])
    }
    world = World(terms, data).run()
    for party in world.parties.values():
        assert {party.rows.ids[row] for row in party.notes["rows"]} == {f"u{i}" for i in range(20 * (parties - 1), 90)}
    said = [content.event for content in world.log.values()]
    assert all(len(event.points) == 448 for event in said if isinstance(event, Choices))
    tables = [event.table for event in said if isinstance(event, Masked)]
    assert len(tables) == 2 * (parties - 1) and all(table.shape[1] == 7 for table in tables)
    assert sum(table.nbytes for table in tables) == (parties - 1) * question_bytes(terms, 90)


def test_it_is_agreed_on_with_its_scheme_alone() -> None:
    assert set(CODES) == {"f4", "binary"}
    with pytest.raises(ValidationError, match="code: binary is for protocol: ot"):
        Align(protocol="rsa", code="binary")
