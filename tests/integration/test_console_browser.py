"""The console in a real browser: from a fresh start to an accepted proposal by the keyboard alone, and to evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Two parties whose agents run: bank trusts shop, shop nobody yet."""
    made = Office(accord)
    for party in PARTIES:
        made.config(party)
        made.do(party, "keys", "init")
        made.do(party, "keys", "export", f"{party}.json")
    made.do("bank", "keys", "trust", "shop.json")
    for party in PARTIES:
        made.start(party)
    yield made
    for agent in made.agents.values():
        agent.terminate()
        agent.wait(60)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as made:
        yield made


@contextmanager
def console(office: Office, page: Page) -> Iterator[str]:
    """The console of shop, opened by its link; gives its address."""
    process = office.accord.start("console", "--config", office.config("shop"))
    try:
        wait_for(lambda: "link=" in office.accord.said(), 20, "the console does not start")
        link = re.findall(r"http://\S+", office.accord.said())[0]
        page.open(link)
        page.until("document.body.innerText.includes('No proposal waits')")
        assert "link" not in page.value("location.href") and page.value("document.cookie") == ""
        yield link[: link.index("/open")]
    finally:
        process.terminate()
        process.wait(60)


def to(page: Page, script: str, there: str, seconds: float = 60.0) -> None:
    """By keyboard to an element of which `script` is true, press Enter there, and wait until the page has a text."""
    page.tab_to(script)
    page.press("Enter")
    page.until(f"document.body.innerText.includes('{there}')", seconds)


def whole(page: Page) -> None:
    """Nothing serious is wrong with a page: as it is, in the dark, and on a phone."""
    assert page.value("document.documentElement.lang === 'en' && document.querySelectorAll('h1').length === 1")
    for width, scheme in ((0, "light"), (0, "dark"), (360, "light")):
        page.drawn(scheme=scheme)
        page.wide(width, mobile=True)
        assert serious(page) == [] and page.fits(), (page.value("location.href"), width, scheme)
    page.drawn()
    page.wide(0)


def test_from_a_fresh_start_to_an_accepted_proposal_by_the_keyboard_alone_and_to_evidence(
    office: Office, page: Page
) -> None:
    roles = {party: {"role": office.data[party]["role"]} for party in PARTIES}
    align = {"max_overlap": None, "protocol": "ecdh"}
    content = {"name": NASTY, "job": "psi", "parties": roles, "align": align, "keys": {"bits": 2048}}
    with console(office, page) as here:
        to(page, "e.innerText === 'Keys and trust'", "Trust another party")
        page.tab_to("e.id === 'export'")
        page.type((office.home / "bank.json").read_text(encoding="utf-8"))
        to(page, "e.innerText === 'Show its fingerprint'", "Compare before you trust")
        assert office.do("bank", "keys", "show").split()[1] in page.value("document.body.innerText")
        whole(page)
        to(page, "e.innerText.startsWith('It is the same')", "bank is trusted")

        cid = office.do("bank", "propose", office.accord.scenario(content)).split()[1]
        wait_for(lambda: cid[:12] in office.do("shop", "inbox"), 20, "the proposal does not arrive")
        to(page, "e.innerText === 'Collaborations'", NASTY[:10])
        assert page.value("document.images.length") == 0, "a name is text"
        whole(page)
        to(page, f"e.getAttribute('href') === '/c/{cid}'", "Your answer")
        shown = page.value("document.body.innerText")
        assert re.search(r"of bank-4.csv|of shop-4.csv ids \(id\)", shown)
        assert "which of its ids are common" in shown and "key bits 2048" in shown
        whole(page)
        to(page, "e.innerText === 'Accept'", "Evidence", 180)
        page.until("document.querySelector('[data-ended]') !== null")
        assert "COMPLETED" in page.value("document.getElementById('live').innerText")
        whole(page)

        proof = page.value("fetch(document.querySelector('a[download]').href).then(r => r.text())")
        (office.home / "evidence.json").write_text(proof, encoding="utf-8")
        known = office.do("bank", "keys", "known")
        (office.home / "known.json").write_text(known, encoding="utf-8")
        office.accord("evidence", "verify", "evidence.json", "--identities", "known.json").check_returncode()
        page_of_one = page.value("location.href")
        to(page, "e.innerText === 'Check it'", "Proven")
        whole(page)
        page.open(page_of_one)
        page.until("document.body.innerText.includes('The report')")
        to(page, "e.innerText === 'The report'", "What left this company")
        whole(page)
    asked = [said["params"]["request"]["url"] for said in page.said if said["method"] == "Network.requestWillBeSent"]
    ours = (here, "data:")  # Chromium draws some of its own from data: addresses
    assert asked and all(url.startswith(ours) for url in asked), "nothing comes from elsewhere"
    wrong = [said["params"]["entry"] for said in page.said if said["method"] == "Log.entryAdded"]
    assert not [entry for entry in wrong if "favicon" not in entry.get("url", "")], "the policy has nothing to refuse"


def test_every_other_page_is_whole_too(office: Office, page: Page) -> None:
    with console(office, page) as here:
        for path in ("/", "/keys", "/quarantine", "/c/none"):
            page.open(f"{here}{path}")
            page.until("document.readyState === 'complete'")
            whole(page)
