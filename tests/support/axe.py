"""axe-core in a page: what keeps people with a screen reader, a keyboard or weak eyes from using it.

Brought by npm into a cache, once, as the contract's official parsers are.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.chromium import Page
from tests.support.real import unavailable

PACKAGE = "axe-core@4.14.1"
_FOUND = """axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations
  .filter(v => ["serious", "critical"].includes(v.impact))
  .map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", "))))"""


@functools.cache
def source() -> str:
    """The library's text."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "accord"
    cache = folder / PACKAGE.replace("@", "-")
    if not cache.is_dir():
        if shutil.which("npm") is None:
            unavailable("no npm")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:  # moved whole
            work = Path(name) / "axe"
            work.mkdir()
            command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", PACKAGE]
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"npm could not bring axe-core: {done.stderr[-2000:]}"
            work.rename(cache)
    return (cache / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def serious(page: Page) -> list[str]:
    """Serious and critical faults of the page as it stands, each with where it is."""
    page.value(source() + "; true")
    found: list[str] = json.loads(page.value(_FOUND))
    return found
