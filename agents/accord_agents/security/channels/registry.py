"""Every channel, by the profile of the collaborations in which it is used."""

from __future__ import annotations

from accord_agents.security.channels.base import Channel
from accord_schemas.suites import PQ, SM


def channel_of(profile: str) -> Channel:
    """The channel that a profile uses; its libraries are loaded only with it."""
    if profile == SM:
        from accord_agents.security.channels.sm import SM_CHANNEL

        return SM_CHANNEL
    if profile == PQ:
        from accord_agents.security.channels.pq import PQ_CHANNEL

        return PQ_CHANNEL
    from accord_agents.security.channels.default import DEFAULT_CHANNEL

    return DEFAULT_CHANNEL
