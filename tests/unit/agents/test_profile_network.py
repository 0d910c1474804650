"""Whole parties in every profile: any order, losses, deaths, the same models as by default; suites are never mixed."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from tests.support.real import every
from tests.support.simulated import NOW, KilledError, SimulatedNetwork, identities, signed
from tests.support.world import agreement, tables

from accord_agents.collaboration.composer import aside
from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.security.storage import StorageCipher
from accord_agents.security.trust import Identities
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import TamperError
from accord_schemas.events import Ack
from accord_schemas.frame import Frame
from accord_schemas.suites import DEFAULT, PQ, SM, SUITES, Profile

pytestmark = pytest.mark.variants

DATA = tables(2, n=60, columns=2)


def terms(profile: Profile) -> Agreement:
    return agreement(2, gate=0.95, max_rounds=1).model_copy(update={"profile": profile})


def play(folder: Path, profile: Profile, lose: float = 0.0, deaths: int = 0) -> tuple[dict[str, Any], list[Frame]]:
    """Models, and what stands on the log; each party dies at every so-manieth point.

    These must be further apart than what is due again after each death, or it never comes to anything new.
    """
    folder.mkdir()
    passed = 0

    def point(_party: str, _where: str) -> None:
        nonlocal passed
        passed += 1
        if deaths and passed % deaths == 0:
            raise KilledError

    network = SimulatedNetwork(folder, terms(profile), DATA, order=3, point=point, lose=lose).run(quiet=60)
    assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {"COMPLETED"}
    assert all(len(versions) == 1 for versions in network.said().values())
    for member in network.members.values():
        assert not member.journal.quarantine()
        member.restart()  # folds all of it once more; signatures and wraps are random, and not made again
    network.close()
    return network.models(), [Frame.decode(data) for _, data in network.log]


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[Frame]]:
    return play(tmp_path_factory.mktemp("network") / "default", "default")


@pytest.mark.sweep
@pytest.mark.parametrize("profile", [SM, PQ])
def test_the_whole_job_in_another_profile(
    tmp_path: Path, default: tuple[dict[str, Any], list[Frame]], profile: Profile
) -> None:
    """With deaths over a log that loses a fifth: the model of the default profile but for the masks."""
    expected, plain = default
    models, said = play(tmp_path / "disturbed", profile, lose=0.2, deaths=23 * every(3))
    for party, (model, _) in models.items():
        assert model["coefficients"] == pytest.approx(expected[party][0]["coefficients"], abs=1e-3)
    assert {f.header.suite for f in said} == {profile} and {f.header.suite for f in plain} == {""}
    assert {f.header.type for f in plain if f.header.number} == {f.header.type for f in said if f.header.number}


@pytest.mark.parametrize("profile", [SM, PQ])
def test_an_own_event_signed_anew_is_another_version(tmp_path: Path, profile: Profile) -> None:
    network = SimulatedNetwork(tmp_path, terms(profile), DATA).run()
    shop = network.members["shop"]
    (cid,) = shop.dispatcher.collaborations
    *_, last = shop.journal.outgoing(cid)
    frame = Frame.restore(last.head, last.payload)
    again = Frame.make(frame.header, frame.payload, shop.keys["shop"].sign)
    assert again.digest != frame.digest  # another nonce: another frame, a second version
    with pytest.raises(TamperError, match="is not the one in the journal"):
        shop.dispatcher.deliver(last.family, again.encode(), NOW)
    network.close()


def quarantined(dispatcher: Dispatcher) -> list[str]:
    return [refused.reason for refused in dispatcher.flush()[0].quarantined]


def dispatcher(me: str, kinds: dict[str, Profile]) -> Dispatcher:
    keys = {p: identities((p,), kind)[p] for p, kind in kinds.items()}
    return Dispatcher(
        keys[me], Identities([k.public for k in keys.values()]), StorageCipher(bytes(32)), lambda _: bytes(32)
    )


@pytest.mark.parametrize(("profile", "other"), list(itertools.permutations([DEFAULT, SM, PQ], 2)))
def test_suites_are_never_mixed(profile: Profile, other: Profile) -> None:
    """Neither a frame of another suite than its sender's, nor a proposal for other identities than the profile's."""
    names = ("bank", "shop")
    for kinds, reason in (
        ({"bank": profile, "shop": profile}, ""),
        ({"bank": profile, "shop": other}, f"the identity of shop is not of the profile {profile}"),
        ({"bank": other, "shop": other}, f"the identity of bank is not of the profile {profile}"),
    ):
        keys = {p: identities((p,), kinds[p])[p] for p in names}
        bank, shop = (dispatcher(p, kinds) for p in names)
        cid = bank.propose(signed(terms(profile), keys), digest(b"nonce").hex(), NOW)
        (out,) = bank.flush()[0].outgoing
        frame = Frame.restore(out.head, out.payload)
        shop.deliver("control", frame.encode(), NOW)
        if kinds["bank"] == other:
            reason = "the frame's suite is not that of its sender's identity"
        assert quarantined(shop) == ([reason] if reason else []) and (cid in shop.collaborations) is not bool(reason)

    shop, keys = dispatcher("shop", dict.fromkeys(names, profile)), identities(names, profile)
    shop.deliver("control", proposal(profile).encode(), NOW)
    shop.flush()
    stale = identities(names, other)["bank"]  # pinned in place of the one that the agreement names
    shop.identities = Identities([stale.public, keys["shop"].public])
    (collaboration,) = shop.collaborations.values()
    terms_digest = collaboration.digest.hex()
    ack = aside(SUITES[other], Ack(), collaboration.cid, terms_digest, "bank", NOW, stale.sign)
    shop.deliver("control", ack.encode(), NOW)
    assert quarantined(shop) == ["the sender is not pinned"]


def proposal(profile: Profile) -> Frame:
    bank = dispatcher("bank", {"bank": profile, "shop": profile})
    bank.propose(signed(terms(profile), identities(("bank", "shop"), profile)), digest(b"nonce").hex(), NOW)
    (out,) = bank.flush()[0].outgoing
    return Frame.restore(out.head, out.payload)
