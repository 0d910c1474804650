"""A run's folder: one sub-folder per party with everything its agent needs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accord_agents.files import yaml12
from accord_agents.intake.snapshot import SNAPSHOTS, Snapshot, adopted
from accord_agents.security.entropy import Entropy, SeedEntropy, SystemEntropy
from accord_agents.security.identity import PublicIdentity
from accord_agents.security.keystore import RANDOM
from accord_agents.security.own_identity import make_identity
from accord_agents.security.passphrase import create_keyfile
from accord_protocols.jobs.registry import JOBS
from accord_scenarios.model import Scenario
from accord_scenarios.proposal import agreement
from accord_schemas.errors import AccordError, UsageError

POLICY = {
    "proposals": "accept",
    "protection": ["shared", "score", "closed", "express", "paths"],
    "min_key_bits": 2048,
    "overlap": True,
    "carry": "any",
    "max_runs_per_peer_per_day": None,
    "max_scores_per_row": None,
    "max_queries": 1_000_000,
    "score_alone": True,
    "min_rows": 0,
    "refuse_reruns": False,
}
"""All parties of a run are one person's, who may repeat it as often as it takes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of a run."""

    home: Path

    @property
    def scenario(self) -> Path:
        """The resolved scenario."""
        return self.home / "scenario.yaml"

    @property
    def result(self) -> Path:
        """The merged result."""
        return self.home / "result.json"

    def party(self, name: str) -> Path:
        """A party's folder."""
        return self.home / name

    def config(self, name: str) -> Path:
        """A party's configuration."""
        return self.party(name) / "party.yaml"

    def one_shot(self, name: str) -> Path:
        """What a party's agent is sent to do."""
        return self.party(name) / "one_shot.json"


def create(
    home: Path,
    scenario: Scenario,
    broker: str | None,
    snapshots: Mapping[str, Snapshot] | None = None,
    executor: Mapping[str, str] | None = None,
    *,
    force: bool,
) -> Layout:
    """Make a run's folder, and give each party its snapshot; without, its agent reads the party's file.

    `executor`: where heavy tasks run, as in a party's file; beside the agents without it.

    Raises:
        UsageError: It exists and is not empty, or cannot be written.
    """
    layout = Layout(home)
    try:
        if home.exists() and (not home.is_dir() or any(home.iterdir())) and not force:
            raise UsageError(f"{home} is not empty.", hint="Name a new folder, or use --force.")
        home.mkdir(parents=True, exist_ok=True)
        if layout.result.exists() or layout.scenario.exists():
            raise UsageError(
                f"{home} holds an earlier run.", hint="Remove it, resume it with --resume, or name another."
            )
        _write(layout, scenario, broker or f"embedded:{home.absolute() / 'broker.db'}", snapshots or {}, executor)
    except UsageError:
        raise
    except AccordError as error:
        raise UsageError(error.message, hint="Name another folder with --out.") from None
    except OSError as error:
        raise UsageError(
            f"{home} cannot be written: {error.strerror}.", hint="Name another folder with --out."
        ) from None
    return layout


def _write(
    layout: Layout,
    scenario: Scenario,
    broker: str,
    snapshots: Mapping[str, Snapshot],
    executor: Mapping[str, str] | None,
) -> None:
    exports: dict[str, dict[str, str]] = {}
    publics: dict[str, PublicIdentity] = {}
    cores = os.cpu_count() or 1
    for name, member in scenario.parties.items():
        folder = layout.party(name)
        folder.mkdir(exist_ok=True)
        create_keyfile(folder / "keystore.key")
        entropy: Entropy = SystemEntropy() if scenario.seed is None else SeedEntropy(scenario.seed, name)
        passphrase = (folder / "keystore.key").read_bytes()
        identity = make_identity(folder / "keystore", name, passphrase, entropy, scenario.security.profile, RANDOM)
        exports[name], publics[name] = identity.export(), identity.public
        config: dict[str, Any] = {
            "party": name,
            "broker": broker,
            "data": member.data.model_dump(mode="json"),
            "policy": POLICY,
            "log": {"level": "debug", "rotate_mib": None},  # who plays all parties looks on, by this file
            "keystore": "keystore",
            "passphrase_file": "keystore.key",
            "identities": "../identities.json",
            "out": ".",
            "workers": max(1, cores // len(scenario.parties)),
            "most_workers": cores,
        }
        if executor is not None:
            config["executor"] = dict(executor)
        layout.config(name).write_text(yaml12.dump(config), encoding="utf-8")
    agreed = agreement(scenario, publics).terms()
    for name in scenario.parties:
        snapshot = adopted(snapshots[name], layout.party(name) / SNAPSHOTS).digest if name in snapshots else None
        terms = agreed if name == scenario.leader else None
        one_shot: dict[str, Any] = {"agreement": terms, "seed": scenario.seed, "snapshot": snapshot}
        if terms and JOBS[scenario.job].asks:
            one_shot["ids"] = []  # what its file holds, and nothing more
        layout.one_shot(name).write_text(json.dumps(one_shot), encoding="utf-8")
    (layout.home / "identities.json").write_text(json.dumps(exports, indent=1), encoding="utf-8")
    layout.scenario.write_text(yaml12.dump(scenario.resolved()), encoding="utf-8")
