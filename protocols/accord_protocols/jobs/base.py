"""What a job is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord_protocols.kernel.machine import Machine

Machines = Mapping[tuple[str, int], type[Machine]]
"""Machine classes by kind and version."""
WITNESS = "witness"
"""Pinned beside the machines: the form of checkpoints, and that they are said at all."""
WITNESSES = frozenset({1})
"""Versions of it that this program has."""


def machines(*classes: type[Machine]) -> Machines:
    """Classes by kind and version.

    Raises:
        ValueError: Two are of one kind and version.
    """
    found = {(machine.kind, machine.version): machine for machine in classes}
    if len(found) < len(classes):
        raise ValueError("two machines have one kind and version")
    return found


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of collaboration.

    Args:
        name: What the agreement calls it.
        machines: All that it runs, in every version that this program has.
    """

    name: str
    machines: Machines

    @property
    def versions(self) -> dict[str, int]:
        """What a new agreement pins: the newest version of each of its machines."""
        return {kind: max(known) for kind, known in self._known().items()}

    def strange(self, versions: Mapping[str, int]) -> list[str]:
        """Machines that an agreement pins in a version that is not here, does not pin, or that are not the job's."""
        known = self._known()
        return sorted(kind for kind in {*known, *versions} if versions.get(kind) not in known.get(kind, ()))

    def _known(self) -> dict[str, set[int]]:
        known: dict[str, set[int]] = {WITNESS: {*WITNESSES}}
        for kind, version in self.machines:
            known.setdefault(kind, set()).add(version)
        return known
