"""Bins of whole collaborations: weights are those of the joined rows, counts are their owner's, who cheats is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched
from tests.support.world import Rows, World, binned, tables

from accord_protocols.model.bins import BinsPart
from accord_protocols.phases.binning.weigh import UNFIT as FORM
from accord_protocols.tasks.binning import UNFIT as SUMS
from accord_schemas.address import Content
from accord_schemas.canonical import canonical_json
from accord_schemas.events import Event, Information, Positives

pytestmark = pytest.mark.variants

TERMS = {"bins": 6}


def rows(parties: int = 3) -> dict[str, Rows]:
    """Tables with a label of 0 and 1, and with missing values."""
    found, rng = tables(parties, n=500, columns=2, seed=3), np.random.default_rng(4)
    for name, own in found.items():
        holes = np.where(rng.random(own.values.shape) < (0.2, 0.01), np.nan, own.values)
        found[name] = replace(own, values=holes)
    labels = found["bank"].labels
    assert labels is not None
    found["bank"] = replace(found["bank"], labels=(labels > np.quantile(labels, 0.7)).astype(float))
    return found


@pytest.fixture(scope="module")
def world() -> Watched:
    made = Watched(binned(3, **TERMS), rows())
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


def test_weights_are_those_of_the_joined_rows(world: Watched) -> None:
    """Every bin's weight, from the bin's own borders and the rows of all parties together."""
    bank = world.parties["bank"]
    tests = set(world.of("bank", "cut", "binned")["test_rows"].tolist())
    train = [bank.rows.ids[row] for row in bank.notes["rows"] if row not in tests]
    assert bank.rows.labels is not None
    labels = dict(zip(bank.rows.ids, bank.rows.labels.tolist(), strict=True))
    y = np.array([labels[one] for one in train])
    seen = 0
    for party in world.parties.values():
        part = BinsPart.model_validate(party.notes["bins"])
        at = {one: k for k, one in enumerate(party.rows.ids)}
        values = party.rows.values[[at[one] for one in train]]
        for number, column in enumerate(part.columns):
            own, total = values[:, number], 0.0
            for one in [*column.bins]:
                here = np.isnan(own) if one.missing else np.zeros(len(own), bool)
                if one.known:
                    above = own >= (-np.inf if one.start is None else one.start)
                    here |= above & (own < (np.inf if one.below is None else one.below))
                assert (int(here.sum()), int(y[here].sum())) == (one.rows, one.ones) and one.rows >= 20
                good, bad = (1 - y[here]).sum() / (1 - y).sum(), y[here].sum() / y.sum()
                assert abs(one.woe - np.log(good / bad)) < 1e-9
                total += (good - bad) * np.log(good / bad)
                seen += 1
            assert abs(column.information_value - total) < 1e-9
            assert sum(one.rows for one in column.bins) == len(y) == sum(one.rows for one in column.monotone)
            weights = [one.woe for one in column.monotone if one.known]
            assert weights in (sorted(weights), sorted(weights, reverse=True))
        assert [c.column for c in part.columns] == list(party.rows.columns)
    assert seen > 30


def test_missing_values_have_a_bin_of_their_own_or_are_with_the_lowest(world: Watched) -> None:
    part = BinsPart.model_validate(world.parties["shop"].notes["bins"])
    many, few = part.columns
    assert (many.bins[0].says, many.bins[0].known) == ("missing", False)
    assert few.bins[0].known and few.bins[0].missing and few.bins[0].says.endswith("or missing")
    assert not any(one.missing for one in [*many.bins[1:], *few.bins[1:]])


def test_the_label_holder_learns_values_and_no_names(world: Watched) -> None:
    bank = world.parties["bank"].notes
    for holder in ("shop", "telco"):
        own = world.parties[holder].notes["information_value"]
        assert np.allclose(bank["information_told"][holder], list(own.values()), rtol=0, atol=5.1e-7)
    assert set(bank["information_value"]) == set(world.parties["bank"].rows.columns)
    assert "information_told" not in world.parties["shop"].notes


def _numbers(value: Any) -> list[np.ndarray]:
    """All arrays of what a party has, however deep."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [one for entry in value.values() for one in _numbers(entry)]
    if isinstance(value, list | tuple):
        found = [one for entry in value for one in _numbers(entry)]
        return [*found, np.array(value)] if value and all(isinstance(v, int) for v in value) else found
    return []


def test_counts_of_bins_are_in_nobodys_journal_but_the_owners(world: Watched) -> None:
    """Neither rows nor ones of a bin of the shop's are among what the others heard, computed or noted; nor are the
    differences of what they heard and computed."""
    secret = world.of("shop", "weigh", "weighed")["bins"]
    rows_, ones = secret[:, 2], secret[:, 3]
    for other in ("bank", "telco"):
        heard = [c.event for c in world.log.values() if other in c.to and c.address.sender != other]
        has = [
            *(a for event in heard for a in _numbers(dict(event))),
            *(a for (me, _), fields in world.done.items() if me == other for a in _numbers(fields)),
            *_numbers(world.parties[other].notes),
        ]
        mine = world.of(other, "weigh", "weighed")["bins"][:, 2:4]
        for array in has:
            if array.shape == (len(secret), 5) or np.array_equal(array.reshape(-1)[: mine.size], mine.reshape(-1)):
                continue
            flat = array.reshape(-1)
            for wanted in (rows_, ones):
                for width in (4, len(wanted)):
                    if len(flat) >= width:
                        windows = np.lib.stride_tricks.sliding_window_view(flat, width)
                        assert not (windows == wanted[:width]).all(axis=1).any()
    bank = world.of("bank", "weigh", "sent.shop")["shares"].sum(axis=(0, 1), dtype=np.uint64)
    held = world.of("shop", "weigh", "received")["shares"].sum(axis=(0, 1), dtype=np.uint64)
    assert set((bank + held).reshape(-1).tolist()) >= set(ones.tolist()), "both shares together are the counts"
    said = [c.event for c in world.log.values() if c.address.sender == "shop" and isinstance(c.event, Information)]
    assert len(said) == 1 and all((event.values > 1000).any() for event in said)


def test_nothing_but_sums_depends_on_labels_at_an_owner(world: Watched) -> None:
    """Another label in one row changes one word under its pad, by another nonce all of them."""
    data = rows()
    assert data["bank"].labels is not None
    labels = data["bank"].labels.copy()
    labels[0] = 1 - labels[0]
    other = Watched(binned(3, **TERMS), {**data, "bank": replace(data["bank"], labels=labels)})
    other.run()
    before, after = (
        next(c.event for c in w.log.values() if isinstance(c.event, Positives) and "shop" in c.to)
        for w in (world, other)
    )
    assert before.nonce != after.nonce and not (before.words == after.words).any()


def flipped(event: Positives) -> dict[str, Any]:
    shares = event.shares.copy()
    shares[0, 1] += np.uint64(1 << 40)
    return {"shares": shares}


def one_more(event: Positives) -> dict[str, Any]:
    shares = event.shares.copy()
    shares[0, 2] += np.uint64(1)
    return {"shares": shares}


CASES: dict[str, tuple[type[Event], str, str, str, Callable[[Any], dict[str, Any]]]] = {
    "more ones than rows": (Positives, "bank", "shop", SUMS, flipped),
    "another sum in one column": (Positives, "bank", "shop", SUMS, one_more),
    "labels of fewer rows": (Positives, "bank", "shop", FORM, lambda event: {"words": event.words[:-1]}),
    "shares of fewer columns": (Positives, "bank", "shop", FORM, lambda event: {"shares": event.shares[:-1]}),
    "values of fewer columns": (Information, "shop", "bank", FORM, lambda event: {"values": event.values[:-1]}),
    "an absurd value": (Information, "shop", "bank", FORM, lambda event: {"values": event.values + np.uint64(1 << 40)}),
}


@pytest.mark.parametrize("case", CASES)
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, sender, victim, reason, change = CASES[case]

    def tamper(to: str, content: Content) -> Event:
        meant = type(content.event) is kind and (content.address.sender, to) == (sender, victim)
        return content.event.model_copy(update=change(content.event)) if meant else content.event

    aborted = World(binned(2, **TERMS), rows(2), tamper=tamper).run().parties[victim].aborted
    assert aborted is not None and (aborted.reason, aborted.whose) == (reason, sender)


@pytest.mark.sweep
def test_orders_of_arrival_change_nothing(world: Watched) -> None:
    assert World(binned(3, **TERMS), rows(), order=7).run().fingerprint() == world.fingerprint()


def test_the_document_is_strict(world: Watched) -> None:
    value = world.parties["shop"].notes["bins"]
    assert BinsPart.model_validate(value).to_json() == value and canonical_json(value)
    with pytest.raises(ValueError, match="extra"):
        BinsPart.model_validate({**value, "more": 1})
