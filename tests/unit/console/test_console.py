"""The page for people: who may look, what is shown of what others wrote, and what its forms do."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.asgi import Browser
from tests.support.world import agreement

from accord_agents.operator import collaborations
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM
from accord_agents.security.own_identity import make_identity
from accord_scenarios.console import facts
from accord_scenarios.console.access import VALID, Access
from accord_scenarios.console.app import application

PORT = 8123
HERE = f"http://127.0.0.1:{PORT}"
CID = "ab" * 16
NASTY = '<script src="//evil">alert(1)</script>\u202egnp.exe'


@pytest.fixture
def party(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text("id,age,label\nann,30,0\nbob,41,1\n")
    (tmp_path / "word").write_text("a passphrase of words")
    (tmp_path / "word").chmod(0o600)
    make_identity(tmp_path / "keystore", "bank", b"a passphrase of words", SystemEntropy(), cost=RANDOM)
    value = {"party": "bank", "broker": "embedded:log.db", "data": {"csv": "rows.csv", "id": "id", "label": "label"}}
    value |= {"keystore": "keystore", "passphrase_file": "word", "identities": "identities.json", "out": "runs"}
    (tmp_path / "party.yaml").write_text(yaml.safe_dump(value))
    return tmp_path / "party.yaml"


@pytest.fixture
def browser(party: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """One that has opened the link, of a party that is asked and has taken part."""
    terms = agreement(2).model_copy(update={"name": NASTY, "learns": {"bank": "much", "shop": NASTY}})
    asked: dict[str, Any] = {
        "collaboration": CID,
        "state": "PROPOSED",
        "name": NASTY,
        "proposer": "shop",
        "parties": ["bank", "shop"],
    }
    asked |= {"round": 0, "reason": "", "detail": "", "accepted": False, "agreement": terms.model_dump(mode="json")}
    asked |= {"waits_for": ["bank"], "since": "2026-11-29T01:00:00Z", "until": None}
    ended = asked | {"collaboration": "cd" * 16, "state": "COMPLETED", "accepted": True, "reason": NASTY}
    monkeypatch.setattr(facts, "statuses", lambda config: [asked, ended])
    (party.parent / "runs" / ended["collaboration"]).mkdir(parents=True)
    result = {"collaboration": ended["collaboration"], "warnings": [NASTY], "metrics": {"r2": 0.5}, "rounds": 3}
    (party.parent / "runs" / str(ended["collaboration"]) / "result.json").write_text(json.dumps(result))
    access = Access()
    made = Browser(application(party, access, PORT), HERE)
    made.get(f"/open?link={access.link}")
    return made


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_the_link_works_once_and_soon(party: Path) -> None:
    now = [0.0]
    access = Access(lambda: now[0])
    link, app = access.link, application(party, access, PORT)
    assert Browser(app, HERE).get("/").status == 403
    assert Browser(app, HERE).get("/open?link=guessed").status == 403
    first, second = Browser(app, HERE), Browser(app, HERE)
    opened = first.get(f"/open?link={link}")
    assert opened.status == 303 and opened.headers["location"] == "/" and link not in opened.headers["set-cookie"]
    assert "HttpOnly" in opened.headers["set-cookie"] and "SameSite=strict" in opened.headers["set-cookie"]
    assert first.get("/").status == 200
    assert second.get(f"/open?link={link}").status == 403 and second.get("/").status == 403
    late = Access(lambda: now[0])
    now[0] = VALID + 1
    assert late.opened(late.link) is None


def test_other_names_and_other_sites_are_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser.get("/", host="evil.example:8123").status == 421
    assert browser.get("/", host=f"localhost:{PORT}").status == 200
    form = {"token": token(browser.get(f"/c/{CID}").text)}
    assert browser.post(f"/c/{CID}/accept", form, origin="http://evil.example").status == 403
    assert browser.post(f"/c/{CID}/accept", {"token": "guessed"}).status == 403
    assert browser.post(f"/c/{CID}/accept", {"token": form["token"], "x": "y" * (1 << 21)}).status == 413
    assert browser.get(f"/c/{CID}/accept").status == 405


class Seen(HTMLParser):
    """Elements, texts, and what is loaded from where."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.places, self.texts = list[str](), list[str](), ""
        self.labels, self.fields = set[str | None](), set[str | None]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.places += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        assert not [name for name in given if name.startswith("on") or name == "style"]
        if tag == "label":
            self.labels.add(given["for"])
        if tag in ("input", "textarea") and given.get("type") != "hidden":
            self.fields.add(given["id"])

    def handle_data(self, data: str) -> None:
        self.texts += data


@pytest.mark.parametrize("path", ["/", f"/c/{CID}", f"/c/{'cd' * 16}", f"/c/{CID}/live", "/keys", "/quarantine"])
def test_what_others_wrote_is_text_and_nothing_comes_from_elsewhere(browser: Browser, path: str) -> None:
    reply = browser.get(path)
    seen = Seen(reply.text)
    assert reply.status == 200 and "\u202e" not in reply.text
    assert all(place.startswith(("/", "#")) and not place.startswith("//") for place in seen.places)
    assert seen.tags.count("script") == ("/c/" in path and "live" not in path)
    assert seen.labels == seen.fields, "each field has its label"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert reply.headers["cache-control"] == "no-store" and reply.headers["referrer-policy"] == "same-origin"
    if path == "/":
        assert "<script src=" in seen.texts, "the name is there, as it was written"


def test_a_proposal_in_plain_words(browser: Browser) -> None:
    shown = Seen(browser.get(f"/c/{CID}").text).texts
    assert "of rows.csv ids (id), label label, and 1 column: age" in shown
    assert "key bits 2048" in shown and "retain days 365" in shown and "deadline seconds" in shown
    assert "the least key size" in shown or "key" in shown
    assert "More with shop today10" in shown and "waits for your answer" in shown
    ended = browser.get(f"/c/{'cd' * 16}").text
    assert "r2" in ended and "0.5" in ended and "data-ended" in ended and "/evidence" in ended
    assert browser.get(f"/c/{'00' * 16}").status == 404


def test_a_result_without_figures_is_shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "result", lambda config, cid: {"intersection_size": 7})
    assert "<dd>7</dd>" in browser.get(f"/c/{'cd' * 16}").text


def test_accept_and_refuse_are_those_of_the_commands(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[Any, ...]] = []
    monkeypatch.setattr(collaborations, "accept", lambda path, cid, data: said.append(("accept", cid, data)))
    monkeypatch.setattr(collaborations, "refuse", lambda path, cid, reason: said.append(("refuse", cid, reason)))
    form = {"token": token(browser.get(f"/c/{CID}").text)}
    reply = browser.post(f"/c/{CID}/accept", form)
    assert (reply.status, reply.headers["location"]) == (303, f"/c/{CID}")
    empty = browser.post(f"/c/{CID}/refuse", form | {"reason": " "})
    assert empty.status == 409 and "a refusal says why" in empty.text
    browser.post(f"/c/{CID}/refuse", form | {"reason": "nur Summen"})
    assert said == [("accept", CID, ""), ("refuse", CID, "nur Summen")]


def test_several_data_sets_are_chosen_from(browser: Browser, party: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "<select" not in browser.get(f"/c/{CID}").text
    value, rows = yaml.safe_load(party.read_text()), {"csv": "rows.csv", "id": "id", "label": "label"}
    party.write_text(yaml.safe_dump(value | {"data": {"people": rows, "others": rows}}))
    page = browser.get(f"/c/{CID}").text
    assert "Which of your data sets goes in" in page and "<option>people</option>" in page
    assert "what you choose; others: of rows.csv" in page
    said: list[str] = []
    monkeypatch.setattr(collaborations, "accept", lambda path, cid, data: said.append(data))
    browser.post(f"/c/{CID}/accept", {"token": token(page), "data": "people"})
    assert said == ["people"]


def test_without_an_agent_it_says_so(browser: Browser) -> None:
    assert "The agent does not run" in browser.get("/").text
    reply = browser.post(f"/c/{CID}/accept", {"token": token(browser.get(f"/c/{CID}").text)})
    assert reply.status == 409 and "no agent of bank runs" in reply.text and "Traceback" not in reply.text


def test_trust_asks_to_compare_first(browser: Browser, party: Path) -> None:
    other = make_identity(party.parent / "other", "shop", b"a passphrase of words", SystemEntropy(), cost=RANDOM)
    form = {"token": token(browser.get("/keys").text), "export": json.dumps(other.export())}
    asked = browser.post("/keys", form)
    assert other.public.shown in asked.text and not (party.parent / "identities.json").exists()
    assert "shop is trusted" in browser.post("/keys", form | {"compared": "yes"}).text
    assert other.public.shown in browser.get("/keys").text and (party.parent / "identities.json").exists()
    assert browser.post("/keys", form | {"export": "{}"}).status == 409


def test_the_result_as_a_report(browser: Browser) -> None:
    reply = browser.get(f"/c/{'cd' * 16}/report")
    assert reply.status == 200, reply.text
    assert "form-action 'none'" in reply.headers["content-security-policy"] and "<script" not in reply.text
    assert browser.get(f"/c/{CID}/report").status == 409
    assert browser.get(f"/c/{CID}/evidence").status == 409
    assert browser.get("/static/style.css").status == 200
