"""Numbers come into the rows of a block alike, by compiled loops and by numpy, and from Arrow's buffers as they lie."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from accord_agents.intake import placing
from accord_agents.intake.arrow_cells import cells
from accord_agents.intake.placing import one_form, placed
from accord_agents.intake.rows import Numbers

OTHER_NAN = np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0]


def test_loops_and_numpy_place_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "_TILE", 4)
    columns = {
        0: np.array([1.5, -0.0, np.nan, OTHER_NAN, 1e308, -2.0, 0.0, 7.0, np.nan, np.inf]),
        3: np.full(10, OTHER_NAN),
        1: np.arange(30.0)[::3],
    }
    slow, fast = np.full((10, 4), 5.0), np.full((10, 4), 5.0)
    found = [placed(columns, out, fast=out is fast) for out in (slow, fast)]
    assert slow.tobytes() == fast.tobytes() and found[0].tolist() == found[1].tolist()
    assert found[0].tolist() == [[-2.0, np.inf, 7], [0, 27, 10], [0, 0, 0], [0, 0, 0]]
    assert (slow[:, 2] == 5).all() and slow[:, 3].tobytes() == np.full(10, np.nan).tobytes()
    assert not np.signbit(slow[1, 0]) and slow[:, 0].tobytes() == one_form(columns[0]).tobytes()


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array([1.0, None, -2.5, 4.0]), [np.nan, -2.5, 4.0]),
        (pa.array([1, None, -3, 4], pa.int16()), [np.nan, -3.0, 4.0]),
        (pa.array([True, None, False, True]), [np.nan, 0.0, 1.0]),
        (pa.array([None, None, None, None], pa.float32()), [np.nan] * 3),
        (pa.array([1, None, 3, 4], pa.int32()).cast(pa.date32()), [np.nan, 3.0, 4.0]),
        (pa.array([0.0], pa.float64()), []),
    ],
)
def test_part_of_an_arrow_column(column: pa.Array, wanted: list[float]) -> None:
    found = cells(column.slice(1), category=False)
    assert isinstance(found, Numbers)
    assert np.array_equal(found.values, np.array(wanted), equal_nan=True)
