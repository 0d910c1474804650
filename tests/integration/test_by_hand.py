"""Three companies run their own agents over one log: keys, proposals, answers by policy and by hand."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.command import Command, frames, log_lines, wait_for
from tests.integration.test_runs import agrees
from tests.support.files import Parties, job, people
from tests.support.oracle import central

PARTIES = ("bank", "shop", "telco")


class Office:
    """Three parties, their configurations and their agents."""

    def __init__(self, accord: Command) -> None:
        self.accord, self.home = accord, accord.folder
        accord.env["ACCORD_PASSPHRASE"] = "correct horse battery staple"  # noqa: S105
        self.data: Parties = people(self.home, 3, 150, seed=4, nasty=False)
        self.agents: dict[str, subprocess.Popen[bytes]] = {}

    def config(self, party: str, name: str = "", **more: Any) -> Path:
        """Write a party's file."""
        name = name or party
        path = self.home / f"{name}.yaml"
        value = {
            "party": party,
            "broker": f"embedded:{self.home / 'log.db'}",
            "data": self.data[party]["data"],
            "keystore": f"{name}.keystore",
            "identities": f"{name}.identities.json",
            "out": f"{name}-runs",
            "workers": 1,
        }
        policy = {"min_key_bits": 2048, **more.pop("policy", {})}  # the jobs here have small keys
        path.write_text(yaml.safe_dump(value | {"policy": policy} | more, allow_unicode=True), encoding="utf-8")
        return path

    def out(self, name: str) -> Path:
        return self.home / f"{name}-runs"

    def do(self, name: str, *arguments: object, code: int = 0) -> str:
        """Run a command as a party; returns what it prints."""
        done = self.accord(*arguments, "--config", self.home / f"{name}.yaml")
        assert done.returncode == code, f"{arguments}: exit {done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    def start(self, name: str) -> None:
        """Start a party's agent."""
        self.agents[name] = self.accord.start("agent", "--config", self.home / f"{name}.yaml")
        seen = sum(line["event"] == "connected" for line in log_lines(self.out(name)))
        wait_for(
            lambda: sum(line["event"] == "connected" for line in log_lines(self.out(name))) > seen,
            20,
            f"the agent of {name} does not start",
        )

    def state(self, name: str, cid: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.do(name, "status", cid, "--json"))
        return found[0]

    def until(self, name: str, cid: str, state: str, seconds: float = 10.0) -> None:
        """Wait for a state of a collaboration that the party need not have heard of yet; at the end for its results."""

        def reached() -> bool:
            own: list[dict[str, Any]] = json.loads(self.do(name, "status", "--json"))
            there = state != "COMPLETED" or (self.out(name) / cid / "result.json").exists()  # the last of its files
            return there and any((one["collaboration"], one["state"]) == (cid, state) for one in own)

        wait_for(reached, seconds, f"{name} is never {state}")

    def quarantined(self, name: str) -> bool:
        return any(line["event"] == "quarantined" for line in log_lines(self.out(name)))


@pytest.fixture(scope="module")
def office(shared_accord: Command) -> Iterator[Office]:
    """Keys exchanged, agents running: shop accepts by policy, telco asks, and has two data sets."""
    office = Office(shared_accord)
    office.config("bank")
    office.config("shop", policy={"proposals": "accept", "protection": ["shared"]})
    calls = office.data["telco"]["data"]
    office.config("telco", data={"calls": calls, "old": calls})
    for party in PARTIES:
        fingerprint = office.do(party, "keys", "init").split()[1]
        assert fingerprint in office.do(party, "keys", "export", f"{party}.json")
    for party in PARTIES:
        for other in PARTIES:
            if other != party:
                assert "trusted" in office.do(party, "keys", "trust", f"{other}.json")
        assert {line.split()[0] for line in office.do(party, "keys", "show").splitlines()} == set(PARTIES)
    for party in PARTIES:
        office.start(party)
    yield office
    for agent in office.agents.values():
        if agent.poll() is None:
            agent.kill()
            agent.wait()


def proposed(office: Office, name: str, content: dict[str, Any], *more: str) -> str:
    said = office.do(name, "propose", office.accord.scenario(content), *(more or ("--data", "telco=calls")))
    assert said.startswith("proposed ")
    return said.split()[1]


def test_one_accepts_by_policy_and_one_by_hand(office: Office) -> None:
    content = job(office.data)
    content["parties"] = {party: {"role": said["role"]} for party, said in content["parties"].items()}
    cid = proposed(office, "bank", content, "--set", "name=credit")  # what files are called is nobody's business
    wait_for(lambda: "credit" in office.do("telco", "inbox"), 10, "the proposal does not arrive")
    shown = office.do("telco", "inbox")
    assert cid[:12] in shown
    assert "proposed by bank" in shown
    assert "telco learns: which of its ids are common to all" in shown
    own = office.do("telco", "keys", "show").splitlines()
    assert all(fingerprint in shown for fingerprint in (line.split()[1] for line in own)), "whose consent counts"
    said = ("key bits 2048", "retain days 365", "deadline seconds 3600", "max rounds 60", "max rows 20000000")
    assert all(term in shown for term in said)
    wait_for(lambda: office.do("shop", "inbox").startswith("No proposal waits"), 60, "its policy does not accept")
    assert office.state("bank", cid)["state"] == "PROPOSED"

    assert "what you choose; calls: of " in shown and f"accord accept {cid[:12]}" in shown
    assert "several data sets" in office.do("telco", "accept", cid[:8], code=2)
    assert cid in office.do("telco", "accept", cid[:8], "--data", "calls")
    for party in PARTIES:
        office.until(party, cid, "COMPLETED", 60)
    results = {p: json.loads((office.out(p) / cid / "result.json").read_text()) for p in PARTIES}
    whole = results["bank"] | {"coefficients": {p: r["coefficients"][p] for p, r in results.items()}}
    agrees(whole, central(office.data))
    assert all(set(r["coefficients"]) == {p} for p, r in results.items()), "a party's result shows another's model"
    assert (office.out("bank") / cid / "predictions.csv").exists()
    assert "COMPLETED" in office.do("bank", "status")
    again = office.do("telco", "accept", cid, code=2)
    assert "has ended" in again or "no collaboration begins with" in again, "at rest for long, it is closed"


def test_a_refusal_by_hand_reaches_everybody_with_its_reason(office: Office) -> None:
    cid = proposed(office, "bank", job(office.data, name="again"))
    wait_for(lambda: cid[:12] in office.do("telco", "inbox"), 10, "the proposal does not arrive")
    office.do("telco", "refuse", cid[:12], "--reason", "wir teilen nur Summen")
    for party in PARTIES:
        office.until(party, cid, "REFUSED")
        assert "wir teilen nur Summen" in office.do(party, "status", cid)
        written = office.out(party) / cid / "result.json"
        wait_for(written.exists, 10, f"{party} writes no result")
        result = json.loads(written.read_text())
        assert (result["status"], result["coefficients"]) == ("REFUSED", None)


def test_a_policy_refuses_a_level_that_it_does_not_name(office: Office) -> None:
    cid = proposed(office, "bank", job(office.data, name="open", train={"protection": "score"}))
    office.until("bank", cid, "REFUSED")
    assert "level score is not allowed" in office.do("bank", "status", cid)


def test_whose_data_cannot_be_used_sees_why_and_nobody_else_does(office: Office) -> None:
    path = Path(office.data["shop"]["data"]["csv"])
    whole = path.read_text(encoding="utf-8")
    head, first, *rest = whole.splitlines()
    path.write_text("\n".join([head, first.rpartition(",")[0] + ",red", *rest]), encoding="utf-8")
    cid = proposed(office, "bank", job(office.data, name="spoiled"))
    office.until("shop", cid, "REFUSED")
    path.write_text(whole, encoding="utf-8")
    for shown in (office.do("shop", "status"), office.do("shop", "status", cid), office.do("shop", "inbox")):
        assert shown.count(f"{path.name} line 2, column ") == 1, shown
        assert "the cell is not a number" in shown and "'red'" not in shown
    office.until("bank", cid, "REFUSED")
    assert "shop cannot use its data" in office.do("bank", "status", cid)
    assert "red" not in office.do("bank", "status", cid) + office.do("bank", "inbox")
    assert not [raw for _, raw in frames(office.home / "log.db") if b"is not a number" in raw]


@pytest.mark.sweep
def test_a_model_predicts_new_rows_and_no_row_more_often_than_a_policy_says(office: Office) -> None:
    cid = next(s["collaboration"] for s in json.loads(office.do("shop", "status", "--json")) if s["name"] == "credit")
    paths = {party: Path(office.data[party]["data"]["csv"]) for party in PARTIES}
    whole = {party: path.read_text(encoding="utf-8") for party, path in paths.items()}
    for party, path in paths.items():
        head, *rows = whole[party].splitlines()
        path.write_text("\n".join([head, *(f"new-{row.strip()}" for row in rows)]), encoding="utf-8")
    roles = {p: {"role": "scorer" if p != "bank" else "requester", "data": office.data[p]["data"]} for p in PARTIES}
    scenario = {"name": "june", "job": "predict", "predict": {"of": cid[:10]}, "parties": roles, "keys": {"bits": 2048}}
    asked = proposed(office, "bank", scenario)
    wait_for(lambda: "june" in office.do("telco", "inbox"), 10, "the proposal does not arrive")
    assert f"prediction by the linear model of {cid[:12]}" in office.do("telco", "inbox")
    office.do("telco", "accept", asked)
    for party in PARTIES:
        office.until(party, asked, "COMPLETED", 60)
    with (office.out("bank") / asked / "predictions.csv").open(encoding="utf-8", newline="") as file:
        found = {row["id"]: float(row["prediction"]) for row in csv.DictReader(file)}
    assert len(found) > 50 and found == pytest.approx(by_hand(office, cid, set(found)), abs=1e-6)
    again = proposed(office, "bank", scenario | {"name": "july"})
    wait_for(lambda: "july" in office.do("telco", "inbox"), 10, "the proposal does not arrive")
    office.do("telco", "accept", again)
    office.until("bank", again, "REFUSED", 60)
    assert "rows were scored for the requester before" in office.do("bank", "status", again)
    for path in paths.values():
        path.write_text(path.read_text(encoding="utf-8").replace("new-", "late-"), encoding="utf-8")
    asked_online(
        office, scenario | {"name": "counter", "job": "online", "predict": {"of": cid[:10], "queries": 4}}, cid
    )
    unknown = scenario | {"predict": {"of": "ffff"}}
    assert "no results of the training ffff" in office.do("bank", "propose", office.accord.scenario(unknown), code=2)
    for party, path in paths.items():
        path.write_text(whole[party], encoding="utf-8")


def asked_online(office: Office, scenario: dict[str, Any], model: str) -> None:
    """Rows by their ids, one request after another, until the last."""
    cid = proposed(office, "bank", scenario)
    wait_for(lambda: "counter" in office.do("telco", "inbox"), 10, "the proposal does not arrive")
    assert "which ids bank asks for, up to 4, and when" in office.do("telco", "inbox")
    office.do("telco", "accept", cid)
    office.until("bank", cid, "KEYED", 60)
    every = [{row["id"] for row in rows_of(office, party)} for party in PARTIES]
    one, other = sorted(set.intersection(*every))[:2]
    want = by_hand(office, model, {one, other})
    lines = (
        office.do("bank", "ask", cid, one, "nobody").splitlines() + office.do("bank", "ask", cid, other).splitlines()
    )
    found = dict(line.split(",") for line in lines)
    assert found.pop("nobody") == ""
    assert {i: float(value) for i, value in found.items()} == pytest.approx(want, abs=1e-6)
    assert "1 of 4 ids may still be asked for" in office.do("bank", "ask", cid, one, other, code=2)
    assert "bank asks in collaboration" in office.do("shop", "ask", cid, one, code=2)
    office.do("bank", "ask", cid, "--last")
    for party in PARTIES:
        office.until(party, cid, "COMPLETED", 60)
    assert len((office.out("bank") / cid / "predictions.csv").read_text().splitlines()) == 3


def rows_of(office: Office, party: str) -> list[dict[str, str]]:
    with Path(office.data[party]["data"]["csv"]).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def by_hand(office: Office, cid: str, ids: set[str]) -> dict[str, float]:
    """Predictions from all model files and all rows."""
    totals = dict.fromkeys(ids, 0.0)
    for party in PARTIES:
        model = json.loads((office.out(party) / cid / "model.json").read_text())
        for row in rows_of(office, party):
            if row["id"] in ids:
                totals[row["id"]] += model["intercept"] or 0.0
                for fit in model["preparation"]["kept"]:
                    x = min(max(float(row[fit["name"]]), fit["low"]), fit["high"])
                    totals[row["id"]] += model["coefficients"][fit["name"]] * (x - fit["mean"]) / fit["scale"]
    return totals


def test_what_cannot_be_proposed_or_answered(office: Office) -> None:
    seeded = office.accord.scenario(job(office.data, seed=3))
    assert "seed" in office.do("bank", "propose", seeded, code=2)
    strangers = people(office.home, 4, 40, seed=8, nasty=False)
    assert "insurer" in office.do("bank", "propose", office.accord.scenario(job(strangers)), code=2)
    others = {p: m for p, m in people(office.home, 5, 40, seed=8, nasty=False).items() if p != "telco"}
    assert "telco" in office.do("telco", "propose", office.accord.scenario(job(others)), code=2)
    assert "begins with" in office.do("telco", "accept", "ffff", code=2)
    assert "begins with" in office.do("telco", "status", "zzzz", code=2)
    assert "another agent runs" in office.do("bank", "agent", code=1)
    assert "bank" in office.do("bank", "keys", "init", code=2), "a second identity was made"


@pytest.mark.sweep
def test_a_collaboration_at_rest_is_closed_and_can_be_erased(office: Office) -> None:
    """Keys, payloads and data go; what proves that it took place stays, and the agents go on."""
    cid = next(s["collaboration"] for s in json.loads(office.do("shop", "status", "--json")) if s["name"] == "credit")
    wait_for(lambda: closed(office, "shop", cid), 30, "it is never closed")
    journal = office.out("shop") / "journal.db"
    heads = select(journal, "SELECT head FROM journal WHERE collaboration=?", cid)
    said = select(journal, "SELECT family, body FROM outbox JOIN payload ON digest=payload WHERE collaboration=?", cid)
    secret = [body for family, body in said if family in ("psi", "gradients", "intermediates")]
    assert secret
    replayed = json.loads(office.accord("replay", office.home / "shop.yaml", "--json").stdout)
    assert replayed["verdict"] == "identical" and cid in replayed["parties"]["shop"]["collaborations"]
    asked = office.do("shop", "erase", cid[:10], code=2)
    assert "cannot be undone" in asked and "--yes" in asked and "stays: signed" in asked.lower()
    done = office.do("shop", "erase", cid[:10], "--yes")
    assert "payloads" in done and "stays: signed headers" in done
    assert "was erased" in office.accord("replay", office.home / "shop.yaml").stdout
    assert select(journal, "SELECT head FROM journal WHERE collaboration=?", cid) == heads
    assert not select(journal, "SELECT wrap FROM channel WHERE collaboration=?", cid)
    whole = b"".join(path.read_bytes() for path in journal.parent.glob("journal.db*"))
    assert not any(body[-64:] in whole for body in secret), "payloads are still in the file"
    assert f"{cid}/seed" not in (office.home / "shop.keystore").read_text()
    assert "no collaboration begins with" in office.do("shop", "erase", "ffff", code=2)
    assert office.state("shop", cid)["state"] == "COMPLETED"
    office.agents["shop"].send_signal(signal.SIGTERM)
    assert office.agents["shop"].wait(5) == 0
    office.start("shop")  # folds what is left, and reads on


def closed(office: Office, name: str, cid: str) -> bool:
    return any(line["event"] == "closed" and line["collaboration"] == cid for line in log_lines(office.out(name)))


def select(journal: Path, query: str, cid: str) -> list[Any]:
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as db:
        found = db.execute(query, (cid,)).fetchall()
    db.close()
    return found


def test_a_stranger_on_the_log_is_not_heard(office: Office) -> None:
    """Somebody with keys of its own calls itself bank."""
    office.config("bank", "mallory")
    office.do("mallory", "keys", "init")
    office.do("mallory", "keys", "export", "mallory.json")
    for other in ("shop", "telco"):
        office.do("mallory", "keys", "trust", f"{other}.json")
    assert "pinned with other keys" in office.do("telco", "keys", "trust", "mallory.json", code=4)
    heard = len(json.loads(office.do("telco", "status", "--json")))
    office.start("mallory")
    cid = proposed(office, "mallory", job(office.data, name="fraud"))
    for party in PARTIES:
        wait_for(lambda: office.quarantined(party), 10, f"{party} does not put the proposal aside")  # noqa: B023
    assert len(json.loads(office.do("telco", "status", "--json"))) == heard
    assert "fraud" not in office.do("telco", "inbox")
    assert office.state("mallory", cid)["state"] == "PROPOSED"
    assert all(agent.poll() is None for agent in office.agents.values()), "an agent has ended"


@pytest.mark.sweep
def test_agents_end_when_asked_and_take_up_where_they_were(office: Office) -> None:
    said = len(frames(office.home / "log.db"))
    office.agents["telco"].send_signal(signal.SIGTERM)
    assert office.agents["telco"].wait(5) == 0
    cid = proposed(office, "bank", job(office.data, name="later"))
    office.start("telco")
    wait_for(lambda: cid[:12] in office.do("telco", "inbox"), 10, "telco missed what came while it was away")
    assert len(frames(office.home / "log.db")) > said
    for name, agent in office.agents.items():
        agent.send_signal(signal.SIGINT if name == "bank" else signal.SIGTERM)
    codes = {name: agent.wait(5) for name, agent in office.agents.items()}
    assert set(codes.values()) == {0}, codes
    assert not list(office.home.glob("*-runs/agent.pid"))
    office.accord.nobody_left()
    assert office.state("telco", cid)["state"] == "PROPOSED"
    assert "no agent of telco runs" in office.do("telco", "accept", cid, code=1)


@pytest.mark.sweep
def test_a_party_takes_another_identity(office: Office) -> None:
    """The others trust it because the one before introduces it; revoked, it counts no more, while agents run."""
    assert "has not ended" in office.do("telco", "keys", "rotate", code=2)
    office.config("bank", "bank2")  # nothing is open in a folder of its own
    office.do("bank2", "keys", "init")
    office.do("bank2", "keys", "rotate", "--profile", "sm")
    office.do("bank2", "keys", "rotate")
    office.do("bank2", "keys", "export", "bank2.json")
    fresh = office.config("shop", "shop2", identities="fresh.json").with_name("fresh.json")
    office.do("shop2", "keys", "init")
    office.do("shop2", "keys", "trust", "bank2.json")
    shown = office.do("shop2", "keys", "show")
    assert shown.count("bank") == 1 and "revoked" not in shown
    office.do("bank2", "keys", "rotate")
    office.do("bank2", "keys", "export", "bank3.json")
    assert "trusted" in office.do("shop2", "keys", "trust", "bank3.json")
    assert "#former" in fresh.read_text()
    office.start("shop2")
    office.do("shop2", "keys", "revoke", "bank", "--reason", "lost")
    assert "(revoked: lost)" in office.do("shop2", "keys", "show")
    wait_for(
        lambda: any(line["event"] == "identities" and line["revoked"] == 1 for line in log_lines(office.out("shop2"))),
        10,
        "the agent does not take up the revocation",
    )
    office.agents["shop2"].send_signal(signal.SIGTERM)
    assert office.agents["shop2"].wait(5) == 0
