"""docs/operations.md names every rule of a policy, and its default."""

from __future__ import annotations

import re
from pathlib import Path

from accord_agents.config.policy import Policy

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_rule_of_a_policy_is_documented_with_its_default() -> None:
    section = PAGE.partition("## Policy\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, flags=re.MULTILINE))
    assert set(rows) == set(Policy.model_fields)
    shown = {name: value.strip("`[] ") for name, value in rows.items()}
    for name, value in Policy().model_dump(mode="json").items():
        if name != "proposers":  # nobody named: everybody pinned
            said = ", ".join(value) if isinstance(value, list) else str(value)
            assert shown[name] == (said.lower() if isinstance(value, bool) else said), name
