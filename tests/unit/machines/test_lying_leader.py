"""A label holder that breaks the agreement in training: more rounds, other directions, or not the same to everybody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.world import Tamper, World, agreement, tables

from accord_protocols.phases.training.glm import Train
from accord_protocols.phases.training.masking import fixed
from accord_protocols.phases.training.optimisers import rule as rules
from accord_protocols.phases.training.optimisers.lbfgs import Lbfgs
from accord_protocols.phases.training.states import Round
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import dot
from accord_schemas.address import Address, Content
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Direction, Event

BITS = 512
FORM = "a direction is not of the agreed form"


def changing(victim: str, number: int, **fields: Any) -> Tamper:
    """One party is told another direction in one round."""

    def tamper(to: str, content: Content) -> Event:
        wanted = type(content.event) is Direction and content.address.step == f"direction.{number}" and to == victim
        return content.event.model_copy(update=fields) if wanted else content.event

    return tamper


def said(world: World, sender: str, step: str) -> int:
    return sum(at.sender == sender and at.step.startswith(f"{step}.") for at in world.log)


def test_nobody_follows_beyond_the_agreed_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """`attack_rounds`: three rounds agreed, and a label holder that goes on, with directions of its choice."""
    rng = np.random.default_rng(0)

    def direction(self: Lbfgs, gram: Any, pairs: int, *_: Any, **__: Any) -> tuple[float, ...]:
        return tuple(rng.normal(size=2 * pairs + 1)) if pairs else (-1.0,)

    monkeypatch.setattr(rules, "_stop", lambda rule, *_: "rounds" if rule.round >= 40 else "")
    monkeypatch.setattr(rules, "_step", lambda *_: (0.1, False))
    monkeypatch.setattr(Lbfgs, "next", direction)
    world = World(agreement(2, BITS, max_rounds=3), tables(2, n=60)).run()
    abort = world.parties["shop"].aborted
    assert abort is not None and (abort.trigger, abort.reason, abort.whose) == ("failed", FORM, "bank")
    assert said(world, "shop", "sums") == 4, "of round 0 and the three that were agreed"


@pytest.mark.parametrize(
    ("optimiser", "number", "fields"),
    [
        ("gd", 0, {"coefficients": np.array([-0.5])}),
        ("gd", 1, {"coefficients": np.array([0.0, 1e-3, -1 / 3])}),
        ("gd", 1, {"step": 0.5}),
        ("lbfgs", 0, {"coefficients": np.array([1.0])}),
        ("lbfgs", 0, {"step": 1.0}),
        ("lbfgs", 1, {"stop": "stalled"}),
        ("lbfgs", 1, {"coefficients": np.zeros(2)}),
    ],
)
def test_what_the_agreement_fixes_is_checked(optimiser: str, number: int, fields: dict[str, Any]) -> None:
    terms = agreement(3, BITS, max_rounds=4, optimiser=optimiser)
    abort = World(terms, tables(3, n=60), tamper=changing("telco", number, **fields)).run().parties["telco"].aborted
    assert abort is not None and (abort.reason, abort.whose) == (FORM, "bank")


def test_different_directions_for_different_parties_give_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """`attack_equiv`: telco is told to stand still, so that what the bank adds up would be of shop alone."""
    seen: dict[int, list[float]] = {}
    truth: dict[int, dict[str, dict[str, np.ndarray]]] = {}
    decide, named = rules.decide, Train._named

    def watched(rule: rules.Rule, sums: list[float], found: rules.Seen) -> Any:
        seen[rule.round] = sums
        return decide(rule, sums, found)

    def noted(self: Train, at: Round) -> Any:
        vectors = named(self, at)
        truth.setdefault(at.number, {})[self.me] = {k: np.array(v) for k, v in vectors.items()}
        return vectors

    def tamper(to: str, content: Content) -> Event:
        event = content.event
        if type(event) is Direction and to == "telco" and len(event.coefficients) > 1:
            return event.model_copy(update={"coefficients": np.zeros_like(event.coefficients), "step": 0.0})
        return event

    monkeypatch.setattr(rules, "decide", watched)
    monkeypatch.setattr(Train, "_named", noted)
    World(agreement(3, BITS, max_rounds=4), tables(3, n=60), tamper=tamper).run()
    (newest, _), *_ = wanted = Lbfgs().layout(2, fresh=True)
    assert newest == "p1" and not truth[2]["telco"]["p1"].any()
    for (a, b), total in list(zip(wanted, seen[2], strict=True))[:2]:
        bank, shop = (dot(truth[2][party][a], truth[2][party][b]) for party in ("bank", "shop"))
        assert abs(total - bank - shop) > 2.0**20, "before, the difference was shop's own inner product"


def doubled(to: str, content: Content) -> Event:
    """As after a folder that was put back: everybody else is told another direction in one round."""
    if type(content.event) is Direction and content.address.step == "direction.1":
        return content.event.model_copy(update={"coefficients": content.event.coefficients * 2.0})
    return content.event


def test_another_history_has_other_masks() -> None:
    """`attack_rollback`, as far as masks go."""
    terms, data = agreement(3, BITS, max_rounds=3, protection="score"), tables(3, n=60)
    honest, lied = World(terms, data).run(), World(terms, data, tamper=doubled).run()
    ring = Ring(128)

    def apart(number: int) -> list[int]:
        at = Address("train", f"sums.{number}", "shop")
        return ring.to_ints(ring.sub(lied.log[at].event.values, honest.log[at].event.values))  # type: ignore[attr-defined]

    assert not any(apart(1)), "told the same so far"
    assert all(abs(value) > 2**100 for value in apart(2)), "a difference of masks, and not of two small sums"


def test_computing_parties_that_were_told_different_things_are_noticed() -> None:
    """Their shares of the residual do not fit together: nobody goes on with the noise that this gives."""
    world = World(agreement(3, BITS, max_rounds=3), tables(3, n=60), tamper=doubled).run()
    for party in ("shop", "telco"):
        abort = world.parties[party].aborted
        assert abort is not None and abort.reason == "a gradient left the agreed range" and "bank" in abort.whose
    assert said(world, "shop", "sums") == said(world, "telco", "sums") == 2


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 2.0**62])
def test_an_inner_product_that_no_ring_holds(value: float) -> None:
    with pytest.raises(ProtocolError, match="inner product left the agreed range"):
        fixed(value)
