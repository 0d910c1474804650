"""What the lineage example prints, held against the classes that OpenLineage publishes."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples.lineage import of_folder, told
from tests.histories.record import unpack
from tests.support.real import asked_for, unavailable

asked_for()
CHECK = Path(__file__).parent / "lineage" / "check.py"
PACKAGE = "openlineage-python==1.54.0"
Change = Callable[[dict[str, Any]], object]


@functools.cache
def published() -> Path:
    """The package in a cache of its own; moved there whole, never half."""
    name = hashlib.sha256(f"{PACKAGE} {sys.version_info[:2]}".encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "accord" / f"lineage-{name}"
    if not cache.is_dir():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
            command = [sys.executable, "-m", "pip", "install", "-q", "--target", f"{folder}/packages", PACKAGE]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                unavailable(f"{PACKAGE} cannot be installed: {done.stderr[-500:]}")
            (Path(folder) / "packages").rename(cache)
    return cache


def wrong(events: list[dict[str, Any]]) -> str:
    """What the published classes say against events."""
    lines = "\n".join(map(json.dumps, events))
    command, places = [sys.executable, str(CHECK)], os.environ | {"PYTHONPATH": str(published())}
    done = subprocess.run(command, input=lines, env=places, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (int(bool(done.stdout)), "")
    return done.stdout


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of recorded runs, with and without a model."""
    runs = [unpack(name, tmp_path_factory.mktemp(name)) for name in ("wine", "psi")]
    return [event for run in runs for event in told(of_folder(run))]


def test_they_are_openlineages(events: list[dict[str, Any]]) -> None:
    assert [e["eventType"] for e in events].count("COMPLETE") == 2
    assert wrong(events) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e["run"].update(runId="1"), "badly formed"),
        (lambda e: e.update(eventType="ENDED"), "not a valid EventType"),
        (lambda e: e.pop("job"), "job"),
        (lambda e: e.update(outcome=1), "RunEvent has no outcome"),
        (lambda e: e["run"]["facets"]["tags"].update(tags=1), "is no list"),
        (lambda e: e["job"]["facets"].update(tags=e["run"]["facets"]["tags"]), "names no JobFacet"),
    ],
)
def test_what_is_none_of_theirs_is_found(events: list[dict[str, Any]], change: Change, said: str) -> None:
    event = json.loads(json.dumps(events[0]))
    change(event)
    assert said in wrong([event])
