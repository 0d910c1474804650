"""Alignment's OPRFs between two parties, their mathematics alone: seconds of each side, bytes on the way, memory.

``python -m benchmarks.psi [--ids 1000000] [--curve 2000] [--json]``. Leader and server take turns in one process on one
core, so that each side's seconds are its own; half of the ids are common, and that the right ones are found is checked.
Processor seconds; neighbours of a shared machine disturb them least. Elliptic curves and RSA are measured on fewer ids,
as every id costs the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ecdh, groups, rsa
from accord_protocols.primitives.psi.groups import Group
from accord_protocols.primitives.psi.ot import oprf, seeds, table
from accord_protocols.primitives.psi.ot.code import Shape, hash_ids
from accord_protocols.primitives.psi.rsa_key import PrivateKey
from accord_protocols.primitives.psi.tags import find
from accord_protocols.primitives.xof import Xof

SID = bytes(32)
Tags = NDArray[np.uint8]


@dataclass
class Run:
    """One protocol at one size."""

    protocol: str
    ids: int
    leader: dict[str, float] = field(default_factory=dict)
    server: dict[str, float] = field(default_factory=dict)
    bytes: int = 0
    peak_rss_mib: int = 0

    @contextmanager
    def timed(self, side: dict[str, float], step: str) -> Iterator[None]:
        """Add a step's processor seconds to a side."""
        before = time.process_time()
        yield
        side[step] = side.get(step, 0.0) + time.process_time() - before

    def sent(self, *arrays: NDArray[np.generic]) -> None:
        """Count what went to the other side."""
        self.bytes += sum(array.nbytes for array in arrays)


def by_ot(run: Run, mine: list[str], theirs: list[str]) -> tuple[Tags, Tags]:
    """OT extension, with tags as long as two parties need."""
    shape, size = Shape(len(mine)), oprf.tag_bytes(len(mine), len(theirs))
    session = oprf.Session(SID, SID, shape)
    with run.timed(run.server, "base"):
        server = seeds.Server(SID, Xof(SID, "server"))
    with run.timed(run.leader, "base"):
        answer, leaves = seeds.answer(server.points, SID, Xof(SID, "leader"))
    with run.timed(run.server, "base"):
        secret = server.learn(answer)
    with run.timed(run.leader, "hash"):
        own = hash_ids(mine, SID, len(mine))
    with run.timed(run.leader, "solve"):
        solved = table.solve(own, SID, shape)
    with run.timed(run.leader, "mask"):
        masked, rows = oprf.mask(solved, leaves, of=len(mine)), oprf.own(len(solved), leaves, of=len(mine))
    del solved
    with run.timed(run.leader, "tags"):
        mine_tags = oprf.evaluate(own, rows, session, size=size)
    del own, rows
    with run.timed(run.server, "hash"):
        others = hash_ids(theirs, SID, len(theirs))
    with run.timed(run.server, "unmask"):
        rows = oprf.unmask(masked, secret, of=len(mine))
    with run.timed(run.server, "tags"):
        their_tags = oprf.evaluate(others, rows, session, secret.factors, size)
    run.sent(server.points, answer.point, answer.corrections, masked, their_tags)
    return mine_tags, their_tags


def by_group(group: Group, run: Run, mine: list[str], theirs: list[str]) -> tuple[Tags, Tags]:
    """Diffie-Hellman in a group."""
    key = group.random_scalar(Xof(SID, "key"))
    with run.timed(run.leader, "blind"):
        blinded = ecdh.blind(group, mine, SID, Xof(SID, "blind"))
    with run.timed(run.server, "evaluate"):
        evaluated = ecdh.evaluate(group, key, blinded)
    with run.timed(run.leader, "finalise"):
        mine_tags = ecdh.finalise(group, mine, SID, evaluated, Xof(SID, "blind"))
    with run.timed(run.server, "tags"):
        their_tags = ecdh.own_tags(group, key, SID, theirs)
    run.sent(blinded, evaluated, their_tags)
    return mine_tags, their_tags


def by_rsa(run: Run, mine: list[str], theirs: list[str]) -> tuple[Tags, Tags]:
    """Blind signatures of 3072 bits."""
    key = PrivateKey.generate(3072, Xof(SID, "key"))
    with run.timed(run.leader, "blind"):
        blinded = rsa.blind(mine, key.n, SID, Xof(SID, "blind"))
    with run.timed(run.server, "sign"):
        signed = rsa.evaluate(key, blinded)
    with run.timed(run.leader, "finalise"):
        mine_tags = rsa.finalise(mine, key.n, SID, signed, Xof(SID, "blind"))
    with run.timed(run.server, "tags"):
        their_tags = rsa.own_tags(key, SID, theirs)
    run.sent(blinded, signed, their_tags)
    return mine_tags, their_tags


def measure(protocol: str, exchange: Callable[[Run, list[str], list[str]], tuple[Tags, Tags]], ids: int) -> Run:
    """One exchange, and whether it finds the common half."""
    everybody = [f"customer-{i:012d}@example.org" for i in range(ids + ids // 2)]
    run = Run(protocol, ids)
    mine, theirs = exchange(run, everybody[:ids], everybody[ids // 2 :])
    with run.timed(run.leader, "match"):
        found = find(theirs, mine) >= 0
    assert np.array_equal(found, np.arange(ids) >= ids // 2), "wrong ids were found"
    run.peak_rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.psi", description=__doc__)
    parser.add_argument("--ids", type=int, default=1_000_000, help="of each party, by OT extension")
    parser.add_argument("--curve", type=int, default=2000, help="of each party, by elliptic curves and RSA")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [measure("rsa", by_rsa, options.curve)]
    for group in (groups.RISTRETTO, groups.SM2):
        runs.append(measure(group.name, partial(by_group, group), options.curve))
    runs.append(measure("ot", by_ot, options.ids))
    if options.json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
        return
    for run in runs:
        print(
            f"{run.protocol}: {run.ids:,} ids each, {run.bytes / run.ids:.0f} bytes an id, peak {run.peak_rss_mib} MiB"
        )
        for name, side in (("leader", run.leader), ("server", run.server)):
            steps = ", ".join(f"{step} {seconds:.2f}" for step, seconds in side.items())
            total = sum(side.values())
            print(f"  {name}: {total:.2f} s, {1e6 * total / run.ids:.2f} µs an id ({steps})")


if __name__ == "__main__":
    main()
