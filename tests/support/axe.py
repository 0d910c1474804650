"""axe-core in a page: what keeps people with a screen reader, a keyboard or weak eyes from using it.

Brought by npm into a cache, once, as the contract's official parsers are.
"""

from __future__ import annotations

import functools
import json
import shutil

from tests.support.brought import brought, fetch
from tests.support.chromium import Page
from tests.support.real import unavailable

PACKAGE = "axe-core@4.14.1"
_FOUND = """axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations
  .filter(v => ["serious", "critical"].includes(v.impact))
  .map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", "))))"""


@functools.cache
def source() -> str:
    """The library's text."""
    if shutil.which("npm") is None:
        unavailable("no npm")
    npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", PACKAGE]
    kept = brought(PACKAGE.replace("@", "-"), lambda work: fetch("axe-core", npm, work))
    return (kept / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def serious(page: Page) -> list[str]:
    """Serious and critical faults of the page as it stands, each with where it is."""
    page.value(source() + "; true")
    found: list[str] = json.loads(page.value(_FOUND))
    return found
