"""The choice of an engine: counts are the engines' own, and the table as it was measured decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accord_protocols.phases.training import costs
from accord_protocols.phases.training.costs import SECONDS, Work, cheapest
from accord_protocols.phases.training.engines import ENGINES
from accord_protocols.primitives.lattice import Layout

CREDIT = Work(rows=24_011, columns=14, parties=2, computing=2, rounds=25, ring_bits=128, key_bits=3072, link_mbit=100.0)


def counted(work: Work, **row: float) -> float:
    """With these figures alone."""
    none = dict.fromkeys(costs.table()["lattice"]["128"], 0.0)
    degree = costs.table()["lattice"][str(work.ring_bits)]["degree"]
    return SECONDS["lattice"](work, {"lattice": {str(work.ring_bits): none | {"degree": degree} | row}})


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (300, 5), (24_011, 14), (24_011, 40), (100_000, 16)])
def test_polynomials_are_counted_as_they_are_laid(rows: int, columns: int, bits: int) -> None:
    layout = Layout("sums", rows, columns, bits)
    work = replace(CREDIT, rows=rows, columns=columns, ring_bits=bits, rounds=1, link_mbit=8.0)
    table = costs.table()["lattice"][str(bits)]
    assert table["degree"] == layout.plain.degree.size
    assert counted(work, encrypt=1.0) == layout.blocks
    assert counted(work, answer=1.0) == layout.outputs
    assert counted(work, multiply=1.0) == layout.outputs * layout.inner
    assert counted(work, block_bytes=table["block_bytes"]) == pytest.approx(layout.blocks * layout.width / 1e6)
    message = counted(work, answer_bytes=table["answer_bytes"], opened_bytes=table["opened_bytes"])
    assert message == pytest.approx(layout.outputs * layout.message_width / 1e6, rel=1e-3)  # whole words


def test_every_engine_has_costs_that_grow_with_each_size() -> None:
    assert set(SECONDS) == set(ENGINES)
    for seconds in SECONDS.values():
        least = seconds(CREDIT, costs.table())
        assert least > 0
        for more in ({"rows": 100_000}, {"columns": 30}, {"parties": 3}, {"rounds": 60}, {"link_mbit": 10.0}):
            assert seconds(replace(CREDIT, **more), costs.table()) > least


def test_keys_of_any_size_have_costs() -> None:
    assert SECONDS["paillier"](replace(CREDIT, key_bits=8192), costs.table()) > 0


def test_many_rows_take_the_lattice_and_few_rows_on_a_slow_link_paillier() -> None:
    assert cheapest(CREDIT, ENGINES) == "lattice"
    assert cheapest(replace(CREDIT, ring_bits=64, computing=1), ENGINES) == "lattice"
    assert cheapest(replace(CREDIT, rows=100, columns=4, key_bits=2048, link_mbit=1.0), ENGINES) == "paillier"
    assert cheapest(CREDIT, ["paillier"]) == "paillier"
