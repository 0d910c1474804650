"""The report in a real browser: in a window of 500 pixels, on paper and in the dark it can be read."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.command import Command
from tests.support.axe import serious
from tests.support.chromium import Page, chromium
from tests.support.files import job, people
from tests.support.real import asked_for

asked_for()
INK = "getComputedStyle(document.body)"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as made:
        yield made


def light(page: Page, what: str) -> float:
    """How light a colour is: 0 is black, 765 white."""
    found = page.value(f"{INK}.{what}.match(/[0-9.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)")
    return float(found)


def test_it_is_readable_in_500_pixels_on_paper_and_in_the_dark(accord: Command, page: Page) -> None:
    run = accord.run(job(people(accord.folder, 2, 150, seed=4, nasty=False)))
    page.open((run.out / "report.html").as_uri())
    page.until("document.readyState === 'complete' && document.querySelectorAll('svg').length > 3")
    for width, scheme in ((1200, "light"), (500, "light"), (500, "dark"), (360, "light")):
        page.drawn(scheme=scheme)
        page.wide(width)
        assert page.fits() and serious(page) == [], (width, scheme)
        assert page.value(f"parseFloat({INK}.fontSize) >= 16")
        assert (light(page, "color") > light(page, "backgroundColor")) == (scheme == "dark")
    page.drawn("print", "dark")
    page.wide(794)  # A4 at 96 pixels an inch
    assert (light(page, "color"), light(page, "backgroundColor")) == (0, 765), "ink on paper, whatever the screen has"
    out = '[...document.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > innerWidth)'
    assert page.fits(), page.value(f"{out}.map(e => e.outerHTML.slice(0, 90)).join()")
    assert serious(page) == []
    assert base64.b64decode(page.do("Page.printToPDF")["data"]).startswith(b"%PDF")
