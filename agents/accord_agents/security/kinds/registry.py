"""Every kind of identity, by the profile in whose collaborations it takes part."""

from __future__ import annotations

from accord_agents.security.kinds.base import Kind
from accord_schemas.suites import PQ, SM


def kind_of(profile: str) -> Kind:
    """The kind of identity that a profile uses; its libraries are loaded only with it.

    Raises:
        UsageError: The libraries that are installed cannot do it.
    """
    if profile == SM:
        from accord_agents.security.kinds.sm import KIND as SM_KIND

        return SM_KIND
    if profile == PQ:
        from accord_agents.security.kinds.pq import KIND as PQ_KIND

        return PQ_KIND
    from accord_agents.security.kinds.default import KIND

    return KIND
