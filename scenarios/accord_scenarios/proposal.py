"""From a scenario to the agreement that parties consent to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from accord_agents.security.identity import PublicIdentity
from accord_protocols.jobs.registry import TRAIN
from accord_scenarios.model import Scenario
from accord_scenarios.scenario import load
from accord_schemas.agreement import Agreement, Member
from accord_schemas.errors import UsageError

_GRADIENTS = "its own coefficients and the gradients of its own columns in every round"
_LEADER = "the common ids, each edge's sampled overlap, the loss, sums of inner products, and the scores of TEST rows"
_SCORE = (
    "every row's score in every round: after 18 rounds a label holder that knew 25 of another party's rows rebuilt "
    "all others with R² = 0.995"
)


def agreement(scenario: Scenario, identities: Mapping[str, PublicIdentity]) -> Agreement:
    """The agreement of a scenario.

    Args:
        scenario: Checked.
        identities: By party; each of the kind that the profile needs.

    Raises:
        UsageError: A party's identity is not known, or is of another profile.
    """
    if missing := sorted(set(scenario.parties) - set(identities)):
        raise UsageError(f"the identity of {missing[0]} is not trusted.", hint="Trust it with: accord keys trust FILE")
    profile = scenario.security.profile
    if other := [p for p in sorted(scenario.parties) if identities[p].kind != profile]:
        raise UsageError(
            f"the identity of {other[0]} is of the profile {identities[other[0]].kind}, the scenario's is {profile}.",
            hint=f"Change security.profile, or make identities with: accord keys init --profile {profile}",
        )
    rule = scenario.evaluate.test_rows if scenario.train and scenario.evaluate else None
    return Agreement(
        name=scenario.name,
        parties={p: Member(role=m.role, identity=identities[p].fingerprint) for p, m in scenario.parties.items()},
        align=scenario.align,
        prepare=scenario.prepare,
        train=scenario.train,
        test_rows=rule,
        key_bits=scenario.keys.bits,
        profile=profile,
        seeded=scenario.seed is not None,
        limits=scenario.limits,
        learns={p: learns(scenario, p) for p in scenario.parties},
        versions=TRAIN.versions,
    )


def learns(scenario: Scenario, party: str) -> str:
    """What a party learns beyond sizes and times, in a sentence: it stands in the consent."""
    leads = party == scenario.label_holder
    if scenario.train is None:
        return "the common ids" if leads else "which of its ids are common to all"
    parts = ["which of its ids are common to all", _GRADIENTS]
    if leads:
        parts = [_LEADER, _GRADIENTS]
        if scenario.train.protection == "score":
            parts.append(_SCORE)
        if len(scenario.parties) == 2:
            parts.append("with two parties, the other's inner products and its part of every TEST score")
    return "; ".join(parts)


def propose(scenario: str, sets: list[str], config: Path) -> str:
    """Have the party's running agent propose a scenario; returns what to say.

    Raises:
        UsageError: The scenario cannot be used, is seeded, or names a party that is not trusted.
    """
    from accord_agents.config import party_file as agents
    from accord_agents.operator import collaborations as operations
    from accord_agents.operator import keys as keyring

    loaded, own = load(scenario, sets), agents.load(config)
    if loaded.seed is not None:
        raise UsageError("a scenario with a seed protects nothing.", hint="Leave out seed; it is for accord run alone.")
    if own.party not in loaded.parties:
        raise UsageError(f"the scenario names no party {own.party}.", hint=f"It names {', '.join(loaded.parties)}.")
    return f"proposed {operations.propose(own, agreement(loaded, keyring.trusted(own)))}"
