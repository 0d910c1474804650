"""Values that are made in threads come in their order, with their errors, and nothing goes on once they are left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from accord_agents.intake.ahead import ahead, mapped


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("accord-ahead")]


def failing(at: int) -> Iterator[int]:
    yield from range(at)
    raise ValueError("here")


def test_the_same_values_in_the_same_order() -> None:
    def slower(number: int) -> int:
        time.sleep(0.01 * (number % 3 == 0))
        return number * number

    assert list(ahead(iter(range(50)))) == list(range(50))
    assert list(mapped(slower, iter(range(50)))) == [k * k for k in range(50)]
    assert list(mapped(slower, ())) == list(ahead(())) == [] and threads() == []


def test_errors_come_in_their_place() -> None:
    for values in (
        ahead(failing(5)),
        mapped(lambda k: k, failing(5)),
        mapped(lambda k: 10 // (k - 5) * 0 + k, range(9)),
    ):
        found = list[int]()
        with pytest.raises((ValueError, ZeroDivisionError)), closing(values):
            found.extend(values)
            pytest.fail("nothing was raised")
        assert threads() == []


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_nothing_goes_on_once_they_are_left(taken: int) -> None:
    made = list[int]()

    def noted(number: int) -> int:
        made.append(number)
        return number

    for values in (ahead(map(noted, range(1000))), mapped(noted, range(1000))):
        with closing(values):
            for _ in range(taken):
                next(values)
        assert threads() == []
    assert len(made) < 60
