"""Every kind of tampering that is tried, who it is by, and what is found. docs/tampering.md is made from this list."""

from tests.support.tampering import files, logs, parties
from tests.support.tampering.kinds import ALL, Tampering

__all__ = ["ALL", "Tampering", "files", "logs", "parties"]
