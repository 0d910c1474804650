"""Whether a shared log can take a run: it is there, and does not hold the same seeded collaboration already."""

from __future__ import annotations

import asyncio

from accord_agents.security.entropy import SeedEntropy, identity_secret
from accord_agents.security.identity import Identity
from accord_broker.factory import connect
from accord_scenarios.model import Scenario
from accord_scenarios.proposal import agreement
from accord_schemas.agreement import collaboration_id
from accord_schemas.errors import UsageError

_LIMIT, _BYTES, _WAIT = 256, 16 << 20, 1.0


def check(url: str, scenario: Scenario) -> None:
    """Look before anything is started.

    Raises:
        UsageError: The URL is of no known kind, or the log holds this very collaboration: with a seed, a second run is
            the same one, and its events would be the first run's.
        BrokerError: The log cannot be used.
    """
    connect(url)
    if scenario.seed is not None and asyncio.run(_holds(url, _seeded_id(scenario))):
        raise UsageError(
            f"the log {url} holds the run of this scenario with seed {scenario.seed} already.",
            hint="Use another log, or another seed.",
        )


def _seeded_id(scenario: Scenario) -> str:
    assert scenario.seed is not None
    entropies = {p: SeedEntropy(scenario.seed, p) for p in scenario.parties}
    kind = scenario.security.profile
    publics = {p: Identity(p, identity_secret(e), kind).public for p, e in entropies.items()}
    digest = agreement(scenario, publics).digest()
    return collaboration_id(digest, entropies[scenario.leader].secret("propose", digest.hex()).hex())


async def _holds(url: str, cid: str) -> bool:
    broker = connect(url)
    await broker.open()
    try:
        if not broker.history:
            return False
        await broker.subscribe({})
        end = dict(await broker.end())
        while end:
            deliveries = await broker.receive(_LIMIT, _BYTES, _WAIT)
            if any(d.record.key == cid for d in deliveries):
                return True
            for d in deliveries:
                if d.position.offset >= end.get(d.position.source, 0):
                    end.pop(d.position.source, None)
        return False
    finally:
        await broker.close()
