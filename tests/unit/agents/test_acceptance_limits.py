"""What cannot run is refused before anything is said, naming the limit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.world import agreement

from accord_agents.collaboration.composer import budget
from accord_agents.collaboration.room import HEAD, room, too_large
from accord_agents.config.policy import Policy
from accord_agents.service.acceptance import fits
from accord_agents.service.rerun_guard import Reruns, objections
from accord_protocols.phases.alignment.oprf import oprf_of
from accord_protocols.phases.training.engines import engine_of
from accord_schemas.agreement import Agreement, Limits
from accord_schemas.bigints import to_block
from accord_schemas.errors import UsageError
from accord_schemas.header import MAX_CHUNKS
from accord_schemas.parts import Trees


def test_more_ids_than_agreed_are_refused_at_acceptance() -> None:
    terms = agreement(2).model_copy(update={"limits": Limits(max_rows=1000)})
    fits("people.csv", "bank", 1000, terms)
    with pytest.raises(UsageError, match=r"people.csv has 1,001 ids, more than the 1,000 .*limits.max_rows"):
        fits("people.csv", "bank", 1001, terms)


MILLION = 10**6
EXTREMES = (  # key bits, bytes of a chunk; the most ids of a leader and TRAIN rows that one content carries
    (2048, 512 << 10, 16_777_200, 8_388_600),
    (3072, 512 << 10, 11_184_800, 5_592_400),
    (3072, 1 << 20, 11_184_800, 5_592_400),
    (3072, 1024, 2_666_652, 1_333_326),
    (8192, 512 << 10, 4_194_300, 2_097_150),
)


def carrying(bits: int, chunk: int, rows: int = 20 * MILLION) -> Agreement:
    limits = Limits(max_rows=rows, chunk_bytes=chunk)
    return agreement(3).model_copy(update={"limits": limits, "key_bits": bits})


@pytest.mark.parametrize(("bits", "chunk", "ids", "rows"), EXTREMES)
def test_a_content_that_nobody_takes_is_found_by_its_size(bits: int, chunk: int, ids: int, rows: int) -> None:
    """At both sides of the limit: what is found is just what a peer's assembler or the header would not take."""
    terms = carrying(bits, chunk)
    most = room(terms)
    assert most <= min(budget(terms), MAX_CHUNKS * chunk) < most + chunk
    for width, number in ((bits // 8, ids), (bits // 4, rows)):
        assert number * width + HEAD <= most < (number + 100) * width + HEAD
    assert not [*too_large(terms, {"bank": ids, "shop": 20 * MILLION}, rows)]
    leader, everybody = too_large(terms, {"bank": ids + 100, "shop": 20 * MILLION}, rows + 100)
    assert (leader.party, everybody.party) == ("bank", "")
    assert f"{ids + 100:,} ids of bank make a content of {(ids + 100) * bits // 8:,} bytes" in leader.detail
    assert f"may have {most:,}" in everybody.detail and "shorter keys" in everybody.detail
    with pytest.raises(UsageError, match=r"people.csv cannot take part: .* ids of bank make .*limits.chunk_bytes"):
        fits("people.csv", "bank", ids + 100, terms)


@pytest.mark.parametrize("bits", [2048, 3072, 8192])
@pytest.mark.parametrize("rows", [1, 1000, MILLION])
def test_what_is_agreed_is_carried_where_the_agreement_is_small(bits: int, rows: int) -> None:
    terms = carrying(bits, 512 << 10, rows)
    assert not [*too_large(terms, dict.fromkeys(terms.parties, rows), rows)]


def test_a_store_of_too_many_ids_is_too_large() -> None:
    (found,) = too_large(carrying(2048, 1024, 10**9), {"shop": 60 * MILLION})
    assert found.party == "shop" and "have the set split" in found.detail


def test_cells_of_boosted_trees_are_found_by_their_size() -> None:
    trees = carrying(2048, 1 << 20).model_copy(update={"train": None, "trees": Trees(protection="paths")})
    fitting = (room(trees) - HEAD) // 64
    assert not [*too_large(trees, {}, 0, fitting)]
    (found,) = too_large(trees, {}, 0, fitting + 1)
    assert f"{fitting + 1:,} cells" in found.detail and "fewer train.bins" in found.detail


def test_engines_say_how_much_they_send() -> None:
    """By the agreed bits what they say later by the key."""
    modulus = to_block([1 << 3071], 384)
    assert oprf_of(carrying(3072, 1024)).id_bytes(3072) == oprf_of(carrying(3072, 1024)).width(modulus) == 384
    assert engine_of(carrying(3072, 1024)).row_bytes(3072) == 768


def test_who_announces_more_than_is_carried_is_named_before_anything_is_computed(tmp_path: Path) -> None:
    collaboration: Any = SimpleNamespace(me="shop", agreement=carrying(3072, 512 << 10))
    policy, reruns = Policy(), Reruns(tmp_path, bytes(32))
    for note, reason in (
        ({"sizes": {"bank": 12 * MILLION, "shop": 5}}, "bank announced more ids than one content carries"),
        ({"train_rows": 6 * MILLION, "columns": []}, "there are more TRAIN rows than one content carries"),
    ):
        ((said, detail),) = objections(policy, reruns, collaboration, note, lambda _: None)
        assert said == reason and "make a content of 4,608,000,000 bytes" in detail
