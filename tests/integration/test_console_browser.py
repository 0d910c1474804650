"""The console in a real browser: from a fresh start to an accepted proposal by the keyboard alone, and to evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.command import Command, wait_for
from tests.integration.test_by_hand import Office
from tests.support.axe import serious
from tests.support.chromium import Page, chromium
from tests.support.real import asked_for

asked_for()
PARTIES = ("bank", "shop")
NASTY = '<img src="https://evil.example/x" onerror="alert(1)">'


@pytest.fixture
def office(accord: Command) -> Iterator[Office]:
    """Two parties whose agents run."""
    made = Office(accord)
    for party in PARTIES:
        made.config(party)
        made.do(party, "keys", "init")
        made.do(party, "keys", "export", f"{party}.json")
    for party, other in (PARTIES, PARTIES[::-1]):
        made.do(party, "keys", "trust", f"{other}.json")
        made.start(party)
    yield made
    for agent in made.agents.values():
        agent.terminate()
        agent.wait(60)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as made:
        yield made


def test_from_a_proposal_to_evidence_by_the_keyboard_alone(office: Office, page: Page) -> None:
    parties = {party: office.data[party] for party in PARTIES}
    align = {"max_overlap": None, "protocol": "ecdh"}
    content = {"name": NASTY, "job": "psi", "parties": parties, "align": align, "keys": {"bits": 2048}}
    console = office.accord.start("console", "--config", office.config("shop"))
    wait_for(lambda: "link=" in office.accord.said(), 20, "the console does not start")
    link = re.findall(r"http://\S+", office.accord.said())[0]
    try:
        page.open(link)
        page.until("document.body.innerText.includes('No proposal waits')")
        assert "link" not in page.value("location.href") and page.value("document.cookie") == ""
        cid = office.do("bank", "propose", office.accord.scenario(content)).split()[1]
        wait_for(lambda: cid[:12] in office.do("shop", "inbox"), 10, "the proposal does not arrive")
        page.do("Page.reload")
        page.until(f"document.body.innerText.includes('{NASTY[:10]}')")
        assert page.value("document.images.length") == 0, "a name is text"

        page.tab_to(f"e.getAttribute('href') === '/c/{cid}'")
        page.press("Enter")
        page.until("document.body.innerText.includes('Your answer')")
        shown = page.value("document.body.innerText")
        assert "of shop.csv ids" in shown or "ids (" in shown
        assert serious(page) == []
        assert "which of its ids are common" in shown and "key bits 2048" in shown
        page.tab_to("e.innerText === 'Accept'")
        page.press("Enter")
        page.until("document.querySelector('[data-ended]') && document.body.innerText.includes('Evidence')", 180)
        assert "COMPLETED" in page.value("document.getElementById('live').innerText")
        assert serious(page) == []

        proof = page.value("fetch(document.querySelector('a[download]').href).then(r => r.text())")
        (office.home / "evidence.json").write_text(proof, encoding="utf-8")
        known = office.do("bank", "keys", "known")
        (office.home / "known.json").write_text(known, encoding="utf-8")
        office.accord("evidence", "verify", "evidence.json", "--identities", "known.json").check_returncode()
        page.tab_to("e.innerText === 'Check it'")
        page.press("Enter")
        page.until("document.body.innerText.includes('Proven')")
    finally:
        console.terminate()
        console.wait(60)
    asked = [said["params"]["request"]["url"] for said in page.said if said["method"] == "Network.requestWillBeSent"]
    ours = (link[: link.index("/open")], "data:")  # Chromium draws some of its own from data: addresses
    assert asked and all(url.startswith(ours) for url in asked), "nothing comes from elsewhere"
    wrong = [said["params"]["entry"] for said in page.said if said["method"] == "Log.entryAdded"]
    assert not [entry for entry in wrong if "favicon" not in entry.get("url", "")], "the policy has nothing to refuse"


def test_a_phone_s_width_needs_no_scrolling_aside(office: Office, page: Page) -> None:
    console = office.accord.start("console", "--config", office.config("shop"))
    wait_for(lambda: "link=" in office.accord.said(), 20, "the console does not start")
    try:
        page.do("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
        page.open(re.findall(r"http://\S+", office.accord.said())[0])
        page.until("document.body.innerText.includes('No proposal waits')")
        for path in ("/keys", "/quarantine", "/"):
            page.open(link_to(page, path))
            page.until("document.readyState === 'complete'")
            assert page.value("document.documentElement.scrollWidth <= innerWidth"), path
            assert serious(page) == [], path
            assert page.value("document.documentElement.lang === 'en' && document.querySelectorAll('h1').length === 1")
    finally:
        console.terminate()
        console.wait(60)


def link_to(page: Page, path: str) -> str:
    return f"{page.value('location.origin')}{path}"
