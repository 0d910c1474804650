"""Whether a party computed with the data that it had committed to, for an auditor who holds its folder.

What is committed to is made again from the snapshot and compared, and so is what was computed with it; who signed for
the events that said it, peers' checkpoints tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_schemas.events import Event, IdSet, Prepared, Sample
from accord_schemas.frame import Frame

MADE = {
    "ids.commit": "ids and column names",
    "gate.sample": "points of the gate",
    "prepare.refit": "rows, prepared block and label",
    "pads.multiply": "products of the block",
    "trees.binned": "rows, bins and label",
    "bins.cut": "rows, bins and label before they are weighed",
}
"""Tasks whose repetition shows what was made of the committed data; the fold shows all the rest."""
TASKS = frozenset({*MADE, "prepare.fit"})
"""What is executed again."""
_EVENTS: frozenset[type[Event]] = frozenset({IdSet, Sample, Prepared})


class Commitments:
    """Of one collaboration, while it is folded."""

    def __init__(self) -> None:
        self._said: dict[str, Frame] = {}

    def take(self, frames: Iterable[Frame]) -> None:
        """Own frames."""
        for frame in frames:
            if frame.header.event_class in _EVENTS:
                self._said[f"{frame.header.instance}/{frame.header.step}"] = frame

    def found(self, collaboration: Collaboration, again: Iterable[str]) -> dict[str, Any]:
        """What holds, as JSON values.

        Args:
            collaboration: Folded to its end.
            again: Tasks that were executed again.
        """
        self.take(collaboration.adopted.values())
        witness = collaboration.witness
        return {
            "checked": [what for task, what in MADE.items() if task in set(again)],
            "events": {
                place: {
                    "event": frame.header.number,
                    "digest": frame.digest.hex(),
                    "signed_for_by": witness.signers(frame.header.number) if witness else [],
                }
                for place, frame in sorted(self._said.items())
            },
        }


def sentence(found: dict[str, Any]) -> str:
    """For people."""
    if not found["events"]:
        return "nothing was committed to"
    signers = set.intersection(*(set(event["signed_for_by"]) for event in found["events"].values()))
    who = f"signed for by {', '.join(sorted(signers))}" if signers else "no peer's checkpoint covers all of it"
    return f"made of the committed data: {', '.join(found['checked'])}; {who}"
