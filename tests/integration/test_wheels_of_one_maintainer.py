"""Libraries that few people look after are loaded by no process of a run that does not need them."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from tests.integration.command import ACCORD, Command
from tests.support.files import job, people

FEW = ("rbcl", "gmssl_pyx")
"""ristretto255, and SM2: docs/security.md."""
WATCHES = f"""
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in {FEW}:
            with open(os.environ["SEEN"], "a") as file:
                file.write(name + "\\n")

sys.meta_path.insert(0, Watch())
"""


@pytest.mark.variants
@pytest.mark.parametrize(
    ("protocol", "gate", "profile", "loaded"),
    [
        ("rsa", None, "default", set()),
        ("ecdh", None, "default", {"rbcl"}),
        ("rsa", 1.0, "default", {"rbcl"}),
        ("rsa", None, "sm", {"gmssl_pyx"}),
        ("rsa", None, "pq", set()),
    ],
)
def test_they_are_loaded_where_their_profile_or_protocol_is_used(
    accord: Command, protocol: str, gate: float | None, profile: str, loaded: set[str]
) -> None:
    """Of the runner, the agents and all their workers, of a whole training."""
    (accord.folder / "sitecustomize.py").write_text(WATCHES)
    seen = accord.folder / "seen"
    more: dict[str, Any] = {"align": {"protocol": protocol, "max_overlap": gate}, "security": {"profile": profile}}
    scenario = accord.scenario(job(people(accord.folder, 2, 120, seed=4, nasty=False), **more))
    env = accord.env | {"SEEN": str(seen), "PYTHONPATH": str(accord.folder)}
    done = subprocess.run([ACCORD, "run", scenario], env=env, cwd=accord.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(seen.read_text().split() if seen.exists() else ()) == loaded
