"""What this installation is made of: a CycloneDX bill of materials, and whose licence each part has."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SPEC = "1.6"
_ROOT = "accord"
_UNKNOWN = "not said"
_HEADS = ("License-Expression", "License")


def parts() -> dict[str, Distribution]:
    """Accord and every installed distribution that it needs, extras too as far as they are there; by canonical name."""
    found: dict[str, Distribution] = {}
    waiting = [_ROOT]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # of an extra, or of another system
            continue
        waiting += needs(found[name], extras=name == _ROOT)
    return dict(sorted(found.items()))


def needs(part: Distribution, *, extras: bool) -> Iterator[str]:
    """Names of what a distribution needs on this system.

    Args:
        part: Which.
        extras: Whether what its extras need counts.
    """
    for text in part.requires or ():
        wanted = Requirement(text)
        offered = part.metadata.get_all("Provides-Extra") or [] if extras else []
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *offered)):
            yield wanted.name


def licence(part: Distribution) -> str:
    """As its metadata say it: an SPDX expression, a name, or the classifiers'."""
    for head in _HEADS:
        said = _said(part, head)
        if said and said != "UNKNOWN" and "\n" not in said and len(said) <= 100:
            return said
    named = [c.rpartition(" :: ")[2] for c in part.metadata.get_all("Classifier") or () if c.startswith("License ::")]
    return " or ".join(named) or _UNKNOWN


def _said(part: Distribution, head: str) -> str:
    """What its metadata have under a head; empty where nothing."""
    return next(iter(part.metadata.get_all(head) or ()), "")


def bill() -> dict[str, Any]:
    """The bill as CycloneDX JSON; equal for equal installations."""
    found = parts()
    refs = {name: f"pkg:pypi/{name}@{part.version}" for name, part in found.items()}
    components = {name: _component(name, part, refs[name]) for name, part in found.items()}
    links = []
    for name, part in found.items():
        wanted = (canonicalize_name(need) for need in needs(part, extras=name == _ROOT))
        links.append({"ref": refs[name], "dependsOn": sorted({refs[need] for need in wanted if need in refs})})
    root = components.pop(_ROOT) | {"type": "application"}
    body = {"metadata": {"component": root}, "components": [*components.values()], "dependencies": links}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": SPEC, "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}


def _component(name: str, part: Distribution, ref: str) -> dict[str, Any]:
    said = licence(part)
    found: dict[str, Any] = {"type": "library", "bom-ref": ref, "name": name, "version": part.version, "purl": ref}
    if summary := _said(part, "Summary"):
        found["description"] = summary
    if _said(part, "License-Expression") == said:
        found["licenses"] = [{"expression": said}]
    elif said != _UNKNOWN:
        found["licenses"] = [{"license": {"name": said}}]
    return found


def licences() -> str:
    """A line for each part: name, version, licence."""
    found = [(name, part.version, " ".join(licence(part).split())) for name, part in parts().items()]
    wide = [max(len(row[k]) for row in found) for k in (0, 1)]
    return "\n".join(f"{name:<{wide[0]}}  {number:<{wide[1]}}  {said}" for name, number, said in found)
