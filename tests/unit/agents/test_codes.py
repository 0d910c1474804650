"""What happens follows from codes. Sentences are for people: reworded, they change nothing."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import generate_latest
from tests.support.simulated import NOW, SimulatedNetwork
from tests.support.world import agreement, tables
from tests.unit.agents.test_recovery_attacks import agreed

from accord_agents.collaboration import dispatcher, ending
from accord_agents.collaboration.ending import Ending, heard
from accord_agents.collaboration.status import status
from accord_agents.journal.erasure import due
from accord_agents.journal.quarantine import Refused
from accord_agents.journal.rows import Batch
from accord_agents.observability.metrics import Metrics
from accord_agents.results.files import Findings
from accord_agents.results.summary import RunSummary
from accord_protocols.phases.alignment import star
from accord_schemas import errors
from accord_schemas.codes import REFUSALS, Code
from accord_schemas.events import Cancel, Expire, Fail, Refuse

ROOT = Path(__file__).parents[3]
PACKAGES = ("schemas", "protocols", "broker", "agents", "scenarios")
DATA = tables(3, n=60)
DATA["shop"] = replace(DATA["shop"], ids=tuple(f"other-{k}" for k in range(len(DATA["shop"].ids))))
SENTENCES = {"reason", "message", "problem", "detail", "hint"}
WORDS_FOR_WORDS = {
    "collaboration/ending.py",  # a party that a sentence names is not named again
    "replay/report.py",  # so is a collaboration
    "operator/collaborations.py",  # a line is not printed twice
    "intake/records.py",  # the csv module tells what it met in words alone
}
"""Where words choose words, and nothing else follows."""


def test_metrics_count_by_code_whatever_is_said() -> None:
    metrics = Metrics()
    said = [Refused("bank", "the signature is wrong", b"", Code.SENDER), Refused("", "egal", b"", Code.SECOND_VERSION)]
    metrics.committed(Batch(quarantined=said), 0.0)
    lines = generate_latest(metrics.registry).decode().splitlines()
    found = {line for line in lines if line.startswith("accord_quarantined_total{") and not line.endswith(" 0.0")}
    assert found == {f'accord_quarantined_total{{reason="{code}"}} 1.0' for code in ("sender", "second_version")}
    assert sum(line.startswith("accord_quarantined_total{") for line in lines) == len(REFUSALS)


@pytest.fixture
def disjoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedNetwork]:
    monkeypatch.setattr(star, "NOBODY", "reworded")
    network = SimulatedNetwork(tmp_path, agreement(3), DATA).run()
    yield network
    network.close()


def test_nobody_in_common_shows_every_party_its_own_ids(disjoint: SimulatedNetwork) -> None:
    for name, member in disjoint.members.items():
        (collaboration,) = member.dispatcher.collaborations.values()
        assert (collaboration.state, collaboration.reason) == ("REFUSED", "reworded")
        assert Findings.of(collaboration, RunSummary(), {}).alone == name, "its ids are described to its people"


def journal(code: str, by: str, reason: str) -> Any:
    """One that was closed and holds a collaboration that has ended so."""
    body = {"reason": reason, "code": code, "by": by, "agreement": None, "parties": ["bank", "shop"]}
    rows = [("c", "FAILED", json.dumps(body))]
    return SimpleNamespace(
        closed=lambda: {"c"}, statuses=lambda: rows, meta=lambda _: None, ended=lambda _: NOW, latest=lambda _: ()
    )


def test_who_went_back_erases_at_once_and_nobody_else_can_have_it_erase() -> None:
    own, now = ending.behind("shop"), 1767225660.0
    assert [cid for cid, d in due(journal("behind", "shop", "reworded"), "shop", now, now) if d.erase] == ["c"]
    for code, by in (("", "shop"), ("behind", "bank"), ("", "bank")):
        assert list(due(journal(code, by, own), "shop", now, now)) == []


def test_the_sentence_of_a_party_that_went_back_may_be_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "behind", lambda party: f"{party}: reworded")
    network = SimulatedNetwork(tmp_path, agreement(2), tables(2, n=60))
    network.members["bank"].propose()
    agreed(network)
    shop = network.members["shop"]
    ((cid, collaboration),) = shop.dispatcher.collaborations.items()
    row = next(row for row in shop.journal.rows(cid) if row.kind == "event")
    shop.take(lambda: shop.dispatcher.poison(row, Code.BEHIND))
    collaboration = shop.dispatcher.collaborations[cid]
    assert collaboration.reason == "shop: reworded" and collaboration.ended_as(Code.BEHIND, "shop")
    told = json.loads(status(collaboration, ""))
    assert (told["code"], told["by"]) == ("behind", "shop")
    network.run()
    (bank,) = network.members["bank"].dispatcher.collaborations.values()
    assert bank.ended_as(Code.BEHIND, "shop") and not bank.ended_as(Code.BEHIND, "bank")
    network.close()


@pytest.mark.parametrize(
    "end",
    [
        Ending("refused", "r", "shop", "shop", Code.POLICY),
        Ending("cancelled", "r", "shop", "shop"),
        Ending("failed", "r", "bank", "shop", Code.PROTOCOL),
        Ending("expired", "no word of bank, tel", "shop", "shop", missing=("bank", "tel")),
    ],
)
def test_an_end_is_heard_as_it_was_said(end: Ending) -> None:
    _, event = end.event()
    again = type(event).decode(event.encode())
    assert isinstance(again, Refuse | Cancel | Fail | Expire)
    assert (heard(again, "shop").told, heard(again, "shop").code) == (end.told, end.code)


def test_a_code_of_a_newer_program_is_no_more_than_its_sentence() -> None:
    event = Fail.decode(Fail(reason="r", whose="bank", code="of_tomorrow").encode())
    assert heard(event, "bank").code is Code.GENERAL and event.code == "of_tomorrow"


def test_every_kind_of_error_has_a_code_and_an_exit_code() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.AccordError)]
    assert len(kinds) > 4
    for kind in set(kinds) - {errors.AccordError}:
        error = kind("a sentence")
        assert error.code is kind.usual is not Code.GENERAL and kind.exit_code in (1, 2, 4)
        assert kind("a sentence", code=Code.FAULT).code is Code.FAULT


def test_the_documents_name_every_code() -> None:
    section = (
        (ROOT / "docs/observability.md").read_text(encoding="utf-8").partition("## Codes")[2].partition("\n## ")[0]
    )
    heads = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name for head in heads for name in head.replace("`", "").split()} == set(Code) - {Code.GENERAL}


@pytest.mark.sweep
def test_no_sentence_is_compared_anywhere() -> None:
    """`==`, `in` and `startswith` on what is for people: whoever rewords it would change what happens."""
    found = []
    for path in (p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Compare(left=left, comparators=others):
                    looked = [left, *others]
                case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "endswith")):
                    looked = [value]
                case _:
                    continue
            named = {n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "") for n in looked}
            empty = any(isinstance(n, ast.Constant) and not n.value for n in looked)
            if named & SENTENCES and not empty and "/".join(path.parts[-2:]) not in WORDS_FOR_WORDS:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == [], "a code says what follows"
