"""What is carried along: agreed columns of the common ids, to everybody who is told which they are, and nobody else."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tests.support.world import NAMES, Rows, World, agreement, alignment

from accord_protocols.jobs.carried import OUTPUT
from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.recipients import demanded
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement, Align
from accord_schemas.events import Cells, Event

SETS = (range(30), range(10, 40), range(20, 50))
SHOP = {"spend": "number", "since": "date", "vip": "boolean", "city": "category"}
CITIES = ("Köln", "a, b", '"x"')


def agreed(carry: dict[str, tuple[str, ...]], *learns: str) -> Agreement:
    align = Align(protocol="ecdh", max_overlap=None, learns=learns, carry=carry)
    return JOBS["psi"].told(alignment(3, 512).model_copy(update={"align": align}))


def rows(name: str) -> Rows:
    own = SETS[NAMES.index(name)]
    ids = tuple(f"u{i}" for i in reversed(own))
    if name != "shop":
        return Rows(ids, ("score",), np.array([[float(i)] for i in reversed(own)]), None)
    values = [[i + 0.25, float(i), float(i % 2), float(i % 3)] for i in reversed(own)]
    values[-15] = [np.nan] * 4  # u24
    forms = {column: form for column, form in SHOP.items() if form in ("date", "boolean")}
    return Rows(ids, tuple(SHOP), np.array(values), None, forms=forms, categories={"city": CITIES})


def played(terms: Agreement, **more: Any) -> World:
    return World(terms, {name: rows(name) for name in NAMES[:3]}, **more).run()


def lines(world: World, party: str) -> list[list[str]] | None:
    made = OUTPUT.made(world.parties[party].notes, world.parties[party].rows)
    return None if made is None else [*csv.reader(io.StringIO(b"".join(made).decode()))]


def test_everybody_who_is_told_has_the_same_columns_of_common_ids_alone() -> None:
    world = played(agreed({"shop": tuple(SHOP), "bank": ("score",)}))
    header, *found = lines(world, "bank") or []
    assert header == ["id", "bank.score", "shop.spend", "shop.since", "shop.vip", "shop.city"]
    want = [
        [f"u{i}", str(i), f"{i}.25", f"1970-01-{i + 1:02}", "true" if i % 2 else "false", CITIES[i % 3]]
        for i in range(20, 30)
    ]
    want[4][2:] = [""] * 4
    assert found == want
    assert lines(world, "shop") == lines(world, "telco") == [header, *want]
    for address, content in world.log.items():
        if isinstance(content.event, Cells):
            assert len(content.event.sizes) == 10, "cells of rows that are not common"
            assert frozenset(content.to) == demanded(
                world.terms, {k: m for (k, _), m in JOBS["psi"].machines.items()}, address, Cells
            )


def test_who_is_not_told_which_ids_are_common_is_told_nothing_of_them() -> None:
    world = played(agreed({"shop": ("spend",)}, "bank", "shop"))
    assert lines(world, "telco") is None and "carried" not in world.parties["telco"].notes
    (cells,) = (c for c in world.log.values() if isinstance(c.event, Cells))
    assert cells.to == ("bank",)
    assert len(lines(world, "bank") or ()) == 11


def test_nothing_is_carried_that_was_not_agreed() -> None:
    world = played(agreed({}))
    assert all(lines(world, party) is None for party in world.parties)
    assert not any(isinstance(c.event, Cells) for c in world.log.values())


@pytest.mark.parametrize(
    "said",
    [
        {"sizes": np.ones((9, 1), np.uint64)},
        {"sizes": np.ones((10, 2), np.uint64)},
        {"sizes": np.full((10, 1), 3, np.uint64)},
        {"sizes": np.full((10, 1), 1 << 63, np.uint64)},
        {"sizes": np.full((10, 1), 2, np.uint64), "text": np.full(20, 0xFF, np.uint8)},
        {
            "sizes": np.array([[1], [3], *[[2]] * 8], np.uint64),
            "text": np.frombuffer(("é" * 10).encode(), np.uint8),
        },
    ],
    ids=["rows", "columns", "too few bytes", "too many", "no UTF-8", "half a character"],
)
def test_what_is_no_column_of_the_common_ids_names_its_owner(said: dict[str, Any]) -> None:
    def tamper(to: str, content: Content) -> Event:
        event = content.event
        return event.model_copy(update=said) if isinstance(event, Cells) and to == "bank" else event

    aborted = played(agreed({"shop": ("spend",)}), tamper=tamper).parties["bank"].aborted
    assert aborted is not None and aborted.whose == "shop" and "carried along" in aborted.reason


def test_consent_says_what_is_carried_to_whom() -> None:
    learns = agreed({"shop": ("spend", "city")}, "bank", "shop").learns
    assert learns["bank"] == "the common ids; of every common id what shop has in spend, city"
    assert "spend" not in learns["shop"] + learns["telco"]


@pytest.mark.parametrize(
    ("terms", "align", "words"),
    [
        (alignment(3), {"carry": {"mars": ["x"]}}, "align.carry names mars"),
        (alignment(3), {"carry": {"shop": ["x", "x"]}}, "align.carry names x twice"),
        (alignment(3), {"carry": {"shop": []}}, "at least 1"),
        (alignment(3), {"carry": {"shop": ["x"]}, "learns": ["bank"]}, "shop, which is not told"),
        (agreement(3), {"carry": {"shop": ["x"]}}, "align.carry is for job: psi"),
    ],
)
def test_what_cannot_be_is_refused(terms: Agreement, align: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Agreement.model_validate(terms.terms() | {"align": align})
