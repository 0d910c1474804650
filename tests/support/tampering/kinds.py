"""A kind of tampering: who does it to what, and what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.recorded import Recorded

from accord_agents.evidence.finding import Finding

Try = Callable[[Recorded], list[Finding]]
NOBODY, LOG = "", "the log"


@dataclass(frozen=True)
class Tampering:
    """One kind.

    Args:
        what: In words.
        by: Who does it: ``outsider``, ``exporter``, ``the log`` or a party.
        where: ``file`` for `accord evidence verify`, ``log`` for `accord audit`.
        kind: Of the finding.
        whose: To whom it is attributed; empty where nobody's signature tells.
        found: Does it, and returns what is found.
        turns: Whether it turns the verdict; else it is a note or a warning.
    """

    what: str
    by: str
    where: str
    kind: str
    whose: str
    found: Try
    turns: bool = True


ALL: list[Tampering] = []


def kind(what: str, by: str, where: str, kind: str, whose: str = NOBODY, *, turns: bool = True) -> Callable[[Try], Try]:
    """Adds a kind to the list."""

    def add(found: Try) -> Try:
        ALL.append(Tampering(what, by, where, kind, whose, found, turns))
        return found

    return add
