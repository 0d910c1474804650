"""Who learns which ids are common: everybody, some, or the leader alone, as was agreed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from tests.support.world import NAMES, Rows, World, agreement, alignment

from accord_protocols.jobs.registry import JOBS
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, Event, Found, Tags

SETS = (range(30), range(10, 40), range(20, 50))


def agreed(scheme: str, *learns: str, parties: int = 3) -> Agreement:
    terms = alignment(parties, 512)
    align = terms.align.model_copy(update={"protocol": scheme, "learns": learns})
    return JOBS["psi"].told(terms.model_copy(update={"align": align}))


def world(terms: Agreement, **more: Any) -> World:
    data = {
        name: Rows(tuple(f"u{i}" for i in own), (), np.zeros((len(own), 0)), None)
        for name, own in zip(NAMES[: len(terms.parties)], SETS, strict=False)
    }
    return World(terms, data, **more).run()


@pytest.mark.parametrize("scheme", ["rsa", "ecdh", "ot"])
@pytest.mark.parametrize("learns", [(), ("bank",), ("bank", "telco")])
def test_who_is_to_learn_it_does_and_nobody_else(scheme: str, learns: tuple[str, ...]) -> None:
    played = world(agreed(scheme, *learns))
    for name, party in played.parties.items():
        assert party.states[-1] == "completed"
        told = [party.rows.ids[row] for row in party.notes.get("rows", ())]
        assert set(told) == ({f"u{i}" for i in range(20, 30)} if name in (learns or NAMES) else set())
    said = {c.address.sender: c.event.rows for c in played.log.values() if isinstance(c.event, Complete)}
    assert said == {name: 10 if name in (learns or NAMES) else 0 for name in NAMES[:3]}


def test_who_is_told_more_than_was_agreed_names_the_leader() -> None:
    def tamper(to: str, content: Content) -> Event:
        event = content.event
        return Tags(tags=np.ones((1, 32), np.uint8)) if isinstance(event, Tags) and to == "shop" else event

    aborted = world(agreed("ot", "bank"), tamper=tamper).parties["shop"].aborted
    assert aborted is not None and aborted.whose == "bank"
    assert aborted.reason == "a party is told more than was agreed"


@pytest.mark.parametrize("more", [{"bits": np.zeros(2, np.uint8)}, {"digest": bytes(32)}])
def test_of_two_parties_too(more: dict[str, Any]) -> None:
    def tamper(_to: str, content: Content) -> Event:
        return content.event.model_copy(update=more) if isinstance(content.event, Found) else content.event

    aborted = world(agreed("ot", "bank", parties=2), tamper=tamper).parties["shop"].aborted
    assert aborted is not None and aborted.whose == "bank"
    assert aborted.reason == "a party is told more than was agreed"


def test_consent_says_who_learns_what() -> None:
    learns = agreed("rsa", "bank", "telco").learns
    assert learns["shop"] == "how many ids are common to all, and not which"
    assert learns["telco"] == "which of its ids are common to all"


@pytest.mark.parametrize(
    ("terms", "learns", "words"),
    [
        (alignment(3), ["shop"], "align.learns lacks bank"),
        (alignment(3), ["bank", "mars"], "align.learns names mars"),
        (agreement(3), ["bank"], "align.learns is for job: psi"),
    ],
)
def test_what_cannot_be_is_refused(terms: Agreement, learns: list[str], words: str) -> None:
    value = terms.terms()
    value["align"] = value.get("align", {}) | {"learns": learns}
    with pytest.raises(ValidationError, match=words):
        Agreement.model_validate(value)
