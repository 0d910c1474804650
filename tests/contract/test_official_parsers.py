"""The published contract, checked by the tools that other teams check it with; and that they notice a spoiled one."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.brought import brought, fetch
from tests.support.real import asked_for, unavailable

from accord_schemas.contract.asyncapi import PATH
from accord_schemas.contract.export import documents, export
from accord_schemas.contract.schemas import AGREEMENT, event_path
from accord_schemas.events import Accept, Propose, Tags

HERE = Path(__file__).with_name("parsers")
asked_for()
if MISSING := [name for name in ("node", "npm") if shutil.which(name) is None]:
    unavailable(f"no {' and no '.join(MISSING)}")

Spoil = Callable[[dict[str, Any]], None]


@functools.cache
def tools() -> Path:
    """The pinned packages with the script beside them, in a cache; moved there whole, never half."""
    name = hashlib.sha256((HERE / "package.json").read_bytes()).hexdigest()[:12]

    def make(work: Path) -> None:
        shutil.copytree(HERE, work, dirs_exist_ok=True)
        fetch(
            "the parsers", ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], work
        )

    return brought(f"parsers-{name}", make)


def check(folder: Path) -> list[str]:
    """What the tools hold against an exported contract."""
    script = shutil.copy(HERE / "check.mjs", tools())
    done = subprocess.run(["node", script, folder], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (int(bool(lines)), "")
    return lines


def test_the_contract_passes(tmp_path: Path) -> None:
    assert export(tmp_path) == len(documents())
    assert check(tmp_path) == []


def _type(schema: dict[str, Any]) -> None:
    schema["properties"]["commitment"]["type"] = "strnig"


def _inside(schema: dict[str, Any]) -> None:
    schema["contentSchema"]["contentSchema"]["properties"]["tags"]["maxItems"] = "many"


def _nowhere(schema: dict[str, Any]) -> None:
    schema["properties"]["agreement"]["$ref"] = f"../{AGREEMENT}.old"


def _nameless(schema: dict[str, Any]) -> None:
    schema["$id"] += ".old"


def _format(schema: dict[str, Any]) -> None:
    for message in schema["channels"]["kafka.control"]["messages"].values():
        message["payload"]["schemaFormat"] = "application/schema+json;version=draft-2020-12"


def _action(schema: dict[str, Any]) -> None:
    schema["operations"]["send.kafka.control"]["action"] = "publish"


@pytest.mark.parametrize(
    ("path", "spoil", "said"),
    [
        (event_path(Accept), _type, "asyncapi.json: .*must be equal to one of the allowed values"),
        (event_path(Tags), _inside, "tags.v1.schema.json: .*maxItems must be integer"),
        (event_path(Propose), _nowhere, "asyncapi.json: .*ENOENT"),
        (AGREEMENT, _nameless, "propose.v1.schema.json: can't resolve reference"),
        (PATH, _format, "asyncapi.json: accept: the parser does not know the format"),
        (PATH, _action, "asyncapi.json: operations/send.kafka.control/action"),
    ],
    ids=["a type", "inside a sealed value", "a reference", "an id", "a format", "an operation"],
)
def test_a_spoiled_one_does_not(tmp_path: Path, path: str, spoil: Spoil, said: str) -> None:
    export(tmp_path)
    document = json.loads((tmp_path / path).read_bytes())
    spoil(document)
    (tmp_path / path).write_text(json.dumps(document))
    found = "\n".join(check(tmp_path))
    assert re.search(said, found), found
