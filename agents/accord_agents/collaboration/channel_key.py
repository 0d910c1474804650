"""The channel key of a party for a recipient set."""

from __future__ import annotations

from accord_agents.security.channels.registry import channel_of
from accord_schemas.suites import Suite


def channel_key(suite: Suite, seed: bytes, me: str, recipients: tuple[str, ...]) -> bytes:
    """The own channel key for a recipient set: bound to the root seed, so that a restart has it again."""
    return channel_of(suite.name).derive(seed, b"accord channel", me.encode(), *(p.encode() for p in recipients))
