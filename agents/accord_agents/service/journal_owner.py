"""Whose journal a folder holds, and what brokers know its agent by."""

from __future__ import annotations

import os

from accord_agents.config.party_file import Config
from accord_agents.journal.journal import Journal
from accord_schemas.errors import UsageError


def check(journal: Journal, config: Config) -> None:
    """That the journal is this party's; a new one is from here on.

    Raises:
        UsageError: It is another one's.
    """
    known = journal.meta("party")
    if known is None:
        journal.set_meta("party", config.party.encode())
    elif known != config.party.encode():
        raise UsageError(f"{config.out} is the folder of {known.decode()}, not of {config.party}.")


def client(journal: Journal) -> str:
    """What brokers know this agent by; it goes with the journal, as what they keep for it does."""
    name = journal.meta("client")
    if name is None:
        name = os.urandom(16).hex().encode()
        journal.set_meta("client", name)
    return name.decode()
