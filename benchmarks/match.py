"""Looking for faces in a gallery of made embeddings: ``python -m benchmarks.match [--gallery 1000] [--probes 1]``.

One JSON line: processor seconds of each side's tasks, one after the other in one process, before anything is looked for
and while it is; bytes that travel meanwhile. That every decision is that of a plain comparison is checked.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from typing import Any

from tests.support.matching import CLIENT, SERVER, folders, plain, terms
from tests.support.world import World

from accord_protocols.kernel.engine import Job
from accord_protocols.primitives.lattice.warm import warm

THRESHOLD = 0.4
_ONLINE = "compare"


class Timed(World):
    """A world that notes how long tasks take, by party and phase."""

    def work(self, me: str, job: Job) -> dict[str, Any]:
        """A job's result."""
        began = time.process_time()
        found = super().work(me, job)
        when = "online" if job.address.instance == _ONLINE else "before"
        seconds[me, when] += time.process_time() - began
        return found


seconds: defaultdict[tuple[str, str], float] = defaultdict(float)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=int, default=1000)
    parser.add_argument("--probes", type=int, default=1)
    given = parser.parse_args()
    warm()
    data = folders(given.gallery, given.probes)
    world = Timed(terms(THRESHOLD, max_probes=given.probes), data).run()
    found = world.parties[CLIENT].notes["matches"]
    said = dict.fromkeys(("before", "online"), 0)
    for address, content in world.log.items():
        said["online" if address.instance == _ONLINE else "before"] += len(content.event.encode())
    figures: dict[str, Any] = {"gallery": given.gallery, "probes": given.probes}
    figures["right"] = sorted(found) == plain(data, THRESHOLD)
    for when in said:
        for who, me in (("client", CLIENT), ("server", SERVER)):
            figures[f"{who}_{when}_s"] = round(seconds[me, when], 3)
        figures[f"{when}_bytes"] = said[when]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
