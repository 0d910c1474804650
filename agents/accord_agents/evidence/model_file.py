"""Comparing a model file with the digests that evidence proves.

A digest covers the salt that stands in the file: with it whoever has the file compares, and nobody else can guess.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from accord_agents.evidence.finding import UNKNOWN, Finding
from accord_agents.evidence.saved import reformed
from accord_schemas.errors import UsageError


def compare(path: Path, facts: dict[str, Any]) -> Finding | tuple[str, str]:
    """What is wrong with a model file, or (sentence, what it rests on).

    Args:
        path: A party's ``model.json``.
        facts: Of the evidence.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the model {path} cannot be read: {error.strerror}.") from None
    models = {party: said["model"] for party, said in facts.get("results", {}).items() if said["model"]}
    found = hashlib.sha256(data).hexdigest()
    owners = [party for party, digest in models.items() if digest == found]
    if owners:
        whose = " and ".join(owners)
        return f"{path} is the model of {whose}, SHA-256 {found}.", f"the signed complete event of {whose}"
    return Finding("model", UNKNOWN, str(path), f"{path} is not the model: {_why(data, found, models)}")


def _why(data: bytes, found: str, models: dict[str, str]) -> str:
    if not models:
        return "no party of this collaboration has completed with one"
    form, canonical = reformed(data)
    same = [party for party, digest in models.items() if hashlib.sha256(canonical or b"").hexdigest() == digest]
    if same:
        return f"it holds the values of {same[0]}'s model, but was saved again: {form}; take the original file"
    if canonical is not None and not _salted(canonical):
        return "its salt is missing, without which no digest can be compared; take the original file"
    listed = ", ".join(f"{party} {digest}" for party, digest in models.items())
    return f"its SHA-256 is {found}, and those proven are {listed}"


def _salted(canonical: bytes) -> bool:
    value = json.loads(canonical)
    return isinstance(value, dict) and bool(re.fullmatch("[0-9a-f]{64}", str(value.get("salt", ""))))
