"""A party of three that does not lead, with all its keys and all that is on the log, finds no pairwise intersection.

What is addressed to others it cannot open (tests/conformance/test_confidentiality.py). Of what it can open, everything
that it can compute for an id, under every key that it holds, is looked for: nothing is there but the tags of the ids
that all three have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.world import Rows, World, alignment

from accord_protocols.kernel.engine import Job
from accord_protocols.primitives.psi.sharing import pair_values, shares_of_hashes
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement
from accord_schemas.events import Event, Tags

pytestmark = pytest.mark.variants

CURIOUS = "telco"
ALL = set(range(20, 25))
"""Ids that everybody has."""
WITH_BANK, WITH_SHOP = (range(30, 37), range(40, 43)), (range(40, 43), range(30, 37))
"""Two worlds: what bank and what shop has besides of the curious party's ids."""
OWN = range(20, 50)


class Watched(World):
    """Keeps what the curious party computes, and what it is told."""

    def __init__(self, terms: Agreement, data: dict[str, Rows]) -> None:
        self.computed: dict[str, dict[str, Any]] = {}
        self.told: list[Event] = []
        super().__init__(terms, data, tamper=self._hear)

    def work(self, me: str, job: Job) -> dict[str, Any]:
        result = super().work(me, job)
        if me == CURIOUS:
            self.computed[f"{job.address.instance}.{job.address.step}"] = result
        return result

    def _hear(self, to: str, content: Content) -> Event:
        if to == CURIOUS:
            self.told.append(content.event)
        return content.event


def world(scheme: str, bank: range, shop: range) -> Watched:
    terms = alignment(3, 512)
    terms = terms.model_copy(update={"align": terms.align.model_copy(update={"protocol": scheme})})
    strangers = range(100, 120 - len(bank)), range(200, 220 - len(shop))  # announced sizes are the same in both worlds
    sets = {"bank": {*ALL, *bank, *strangers[0]}, "shop": {*ALL, *shop, *strangers[1]}, CURIOUS: set(OWN)}
    data = {
        name: Rows(tuple(f"user-{i}" for i in sorted(own)), (), np.zeros((len(own), 0)), None)
        for name, own in sets.items()
    }
    watched = Watched(terms, data)
    watched.run()
    return watched


def rows(value: Any) -> set[bytes]:
    """The beginnings of all rows of all arrays in it, 10 bytes each: shorter ones say nothing."""
    if isinstance(value, dict):
        return set().union(*map(rows, value.values()))
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.nbytes and value[0].nbytes >= 10:
        flat = np.ascontiguousarray(value).view(np.uint8).reshape(len(value), -1)
        return {bytes(row[:10]) for row in flat}
    return set()


@pytest.mark.parametrize("scheme", ["rsa", "ecdh", "sm2", "ot"])
def test_what_is_told_holds_nothing_that_it_can_compute_but_what_all_have(scheme: str) -> None:
    watched = world(scheme, *WITH_BANK)
    party = watched.parties[CURIOUS]
    last = ".joined" if scheme == "ot" else ".tagged"
    tagged = next(result["tags"] for name, result in watched.computed.items() if name.endswith(last))
    common = rows(tagged[[row for row, i in enumerate(party.rows.ids) if int(i[5:]) in ALL]])
    kappas = [v for result in watched.computed.values() for k, v in result.items() if k.startswith("kappa.")]
    assert len(kappas) == 2
    computable = rows(tagged) | rows({str(k): pair_values(kappa, party.rows.ids) for k, kappa in enumerate(kappas)})
    for name, result in watched.computed.items():
        computable |= rows(result)
        if name.endswith(".hashed"):
            for chosen in ([kappas[0]], [kappas[1]], kappas):
                computable |= rows(shares_of_hashes(chosen, result["hashes"]))
    told = set().union(*(rows(event.model_dump()) for event in watched.told))
    public = set().union(*(rows(c.event.model_dump()) for c in watched.log.values() if not c.event.encrypted))
    own = set().union(*(rows(c.event.model_dump()) for a, c in watched.log.items() if a.sender == CURIOUS))
    assert (told & computable) - public - own == common
    assert {bytes(t[:10]) for event in watched.told if isinstance(event, Tags) for t in event.tags} == common


@pytest.mark.parametrize("scheme", ["rsa", "ecdh", "ot"])
def test_worlds_that_differ_in_pairs_look_alike(scheme: str) -> None:
    def seen(watched: Watched) -> list[Any]:
        sizes = [
            (type(event).__name__, name, getattr(value, "shape", None) or len(value))
            for event in watched.told
            for name, value in event.model_dump().items()
            if isinstance(value, np.ndarray | bytes)
        ]
        return sorted(map(str, sizes))

    one, other = (seen(world(scheme, bank, shop)) for bank, shop in (WITH_BANK, WITH_SHOP))
    assert one == other
