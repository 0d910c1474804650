"""A proposal that is called off at once leaves nothing behind: no work, no data, nothing that holds erasure up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.world import agreement

from accord_agents.config.party_file import Config
from accord_agents.config.policy import Policy
from accord_agents.service.acceptance import Acceptance, Largest, too_narrow
from accord_schemas.errors import UsageError


class Site:
    """A party that accepts whatever is proposed."""

    def __init__(self, out: Path, largest: Largest | None = None, data: Any = None, agreed: str = "") -> None:
        self.said: list[str] = []
        self.fields: list[dict[str, Any]] = []
        self.work: list[Coroutine[Any, Any, None]] = []
        csv = out / "shop.csv"
        csv.write_text("id,a\nann,1\nbob,2\n", encoding="utf-8")
        (out / "more.csv").write_text("id,b\nann,1\nbob,2\neve,3\n", encoding="utf-8")
        config = Config(
            party="shop",
            broker="embedded:log.db",
            data=data or {"csv": csv, "id": "id"},
            policy=Policy(proposals="accept", score_alone=True),
            keystore=out / "keystore",
            identities=out / "identities.json",
            out=out,
        )
        self.verdicts: list[str] = []
        told = SimpleNamespace(info=lambda _, verdict, **__: self.verdicts.append(verdict), error=lambda *_, **__: None)
        log: Any = told
        budget: Any = SimpleNamespace(spent=lambda *_: "", spend=lambda *_: None)
        self.acceptance = Acceptance(
            config,
            log,
            self.say,
            self.work.append,
            lambda *_: bytes(32),
            budget,
            seeded_allowed=True,
            largest=largest,
        )
        terms = agreement(2, 3072, max_rounds=5)
        if agreed:
            shop = terms.parties["shop"].model_copy(update={"data": agreed})
            terms = terms.model_copy(update={"parties": {**terms.parties, "shop": shop}})
        self.collaboration: Any = SimpleNamespace(
            cid="c1", agreement=terms, proposer="bank", peers=("bank",), ended=False, accepted=False
        )

    def say(self, _cid: str, command: str, fields: dict[str, Any]) -> None:
        self.said.append(command)
        self.fields.append(fields)


def test_which_data_set_goes_in_is_said_by_the_proposal_or_by_whoever_accepts(tmp_path: Path) -> None:
    def sets() -> dict[str, Any]:
        files = {"first": "shop.csv", "more": "more.csv"}
        return {name: {"csv": tmp_path / file, "id": "id"} for name, file in files.items()}

    def rows(site: Site) -> int:
        asyncio.run(site.work.pop())
        assert site.said.pop() == "accept"
        return int(site.fields.pop()["rows"])

    site = Site(tmp_path, data=sets())
    site.acceptance.proposed(site.collaboration)
    assert site.verdicts == ["ask"] and not site.work, "no policy chooses"
    for named, wrong in (("", "several data sets"), ("third", "no data set 'third'")):
        with pytest.raises(UsageError, match=wrong):
            site.acceptance.by_hand(site.collaboration, named)
    assert not site.work and not site.acceptance
    site.acceptance.by_hand(site.collaboration, "more")
    assert rows(site) == 3
    site = Site(tmp_path, data=sets(), agreed="first")
    site.acceptance.proposed(site.collaboration)
    assert site.verdicts == ["accept"] and rows(site) == 2
    with pytest.raises(UsageError, match="the agreement says that first goes in, not more"):
        site.acceptance.by_hand(site.collaboration, "more")
    for site in (Site(tmp_path, data=sets(), agreed="third"), Site(tmp_path, agreed="first")):
        site.acceptance.proposed(site.collaboration)
        asyncio.run(site.work.pop())
        assert site.said == ["refused"] and site.fields[0]["code"] == "data", "named by a peer: its people are told why"


@pytest.mark.parametrize("moment", ["before it was looked at", "before the data are read"])
def test_what_was_called_off_holds_no_erasure_up(tmp_path: Path, moment: str) -> None:
    """Both in one batch: the end is told first, and no other word of it follows."""
    site = Site(tmp_path)
    if moment == "before the data are read":
        site.acceptance.accept(site.collaboration)
    site.collaboration.ended = True
    site.acceptance.settled(site.collaboration)
    if moment == "before it was looked at":
        site.acceptance.proposed(site.collaboration)
    for work in site.work:
        asyncio.run(work)
    assert not site.acceptance and not site.said
    assert not (tmp_path / "snapshots").exists()


def test_chunks_that_the_own_broker_does_not_take_are_refused_before_the_data_are_read(tmp_path: Path) -> None:
    async def largest() -> int | None:
        return 512 * 1024 - 1

    site = Site(tmp_path, largest)
    site.acceptance.accept(site.collaboration)
    asyncio.run(site.work[0])
    (fields,) = site.fields
    assert site.said == ["refused"] and fields["code"] == "too_large"
    assert fields["reason"] == "shop's broker does not take the chunks of this agreement"
    assert fields["detail"] == too_narrow(512 * 1024 - 1, 512 * 1024)
    assert not (tmp_path / "snapshots").exists()


def test_what_a_broker_takes_is_said_with_both_remedies() -> None:
    assert too_narrow(None, 1 << 20) is None and too_narrow(1024, 1024) is None
    said = too_narrow(70_000, 524_288)
    assert said is not None and "70,000" in said and "524,288" in said
    assert "limits.chunk_bytes: 70000" in said and "max.message.bytes" in said and "max_packet_size" in said
