"""Both halves of what a leader makes of its table by OT extension."""

from __future__ import annotations

from accord_protocols.primitives.psi.ot import oprf
from accord_protocols.primitives.psi.ot.f4 import Rows
from accord_protocols.primitives.psi.ot.seeds import Leaves


def both(rows: Rows, leaves: Leaves, first: int = 0, of: int = 0, threads: int = 1) -> tuple[Rows, Rows]:
    """What it sends, and what it keeps."""
    return oprf.mask(rows, leaves, first, of, threads), oprf.own(len(rows), leaves, first, of, threads)
