"""One offline phase, by the tasks of whatever code is on the path: today's, or that of an earlier revision.

Run by `benchmarks.offline` as a script; prints JSON. The tasks' names and inputs changed when answers became uniform:
both are known here, and `before` is what the first version had.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.paillier import packing
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import TASKS, Context, Result, cut, join, part, run, spans

Fields = dict[str, Any]
X_BITS, RING, SID = 22, Ring(128), bytes(32)


def piece(name: str, context: Context) -> tuple[Result, float]:
    """One part of a task in a worker, and its processor seconds."""
    start = time.process_time()
    return run(name, context), time.process_time() - start


@dataclass
class Phase:
    """One run of the phase: who owns which key, and what each step took."""

    pool: ProcessPoolExecutor
    bits: int
    columns: int
    rounds: int
    X: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.uniform = "pads.mask" in TASKS

    def tasks(self, name: str, jobs: list[tuple[Fields, dict[str, bytes]]]) -> list[Result]:
        """A task for both directions at once, in the parts that the executor would make."""
        task, pending = TASKS[name], []
        for number, (inputs, secrets) in enumerate(jobs):
            whole = Context(inputs, Xof(bytes(32), name, number).bytes(32), secrets)
            pending.append(
                [
                    self.pool.submit(piece, name, part(task, Context(cut(task, inputs, at), whole.key, secrets), k, at))
                    for k, at in enumerate(spans(task, inputs, 0))
                ]
            )
        done = [[future.result() for future in futures] for futures in pending]
        self.spent[name] += sum(seconds for parts in done for _, seconds in parts)
        return [join([result for result, _ in parts]) for parts in done]

    def keys(self) -> list[Result]:
        """A Paillier key for each of both parties, checked by the other one."""
        terms = {"me": "a", "bits": self.bits, "sid": SID}
        if self.uniform:
            made = self.tasks("keys.paillier.make", [(terms, {})] * 2)
            self.tasks(
                "keys.paillier.check", [(terms | {f"{n}.p": v for n, v in key.fields.items()}, {}) for key in made]
            )
            return made
        made = self.tasks("keys.generate", [(terms | {"paillier": True, "rsa": False}, {})] * 2)
        fields = [{f"{n}.p": v for n, v in key.fields.items()} for key in made]
        self.tasks("keys.pairs", [(terms | f, {"exchange": made[0].secrets["exchange"]}) for f in fields[::-1]])
        return made

    def sizes(self) -> tuple[int, int]:
        """Width of a slot, and slots of a plaintext."""
        rows = len(self.X)
        if self.uniform:
            width = packing.slot_bits(RING.bits, X_BITS, rows)
            return width, packing.slots(self.bits, width, 2 * self.columns * (self.rounds + 1))
        width = packing.slot_bits(RING.bits, X_BITS, rows, self.columns, self.rounds + 1)  # type: ignore[call-arg]
        return width, packing.slots(self.bits, width)  # type: ignore[call-arg]

    def batch(self) -> int:
        """One batch of pads in both directions; how many rounds it serves."""
        made, (width, slots) = self.keys(), self.sizes()
        secrets = [{"paillier": key.secrets["paillier"]} for key in made]
        blocks = [key.fields["key" if self.uniform else "paillier"] for key in made]
        size = {"slots": slots, "slot_bits": width, "ring_bits": RING.bits}
        pads = [RING.random(Xof(bytes(32), "pads", k), len(self.X), slots) for k in range(2)]
        masks = [{"masks": masks, "slot_bits": width} for masks in pads]
        encrypted = self.tasks("pads.encrypt", list(zip(masks, secrets, strict=True)))
        answers: list[Fields] = [
            {"key": block, "numbers": own.fields["numbers"], "x": self.X, "exponent_bits": X_BITS, **size}
            for block, own in zip(blocks, encrypted, strict=True)
        ]
        if self.uniform:
            columns = np.arange(self.columns)
            hiding = self.tasks("pads.mask", [({"key": block, "columns": columns, **size}, {}) for block in blocks])
            answers = [a | {"masks": h.fields["numbers"]} for a, h in zip(answers, hiding, strict=True)]
        products = self.tasks("pads.multiply", [(fields, {}) for fields in answers])
        offsets = [r.fields["offsets"] for r in (hiding if self.uniform else products)]
        received = [({"numbers": p.fields["numbers"], **size}, s) for p, s in zip(products, secrets, strict=True)]
        opened = self.tasks("pads.decrypt", received)
        for own, kept, shares in zip(pads, offsets, opened, strict=True):
            apart = RING.sub(RING.sub(shares.fields["products"][:, 0], kept[:, 0]), RING.matvec(self.X, own[:, 0]))
            if max(map(abs, RING.to_ints(apart))) > 1:
                raise ArithmeticError("the shares do not add up")
        return slots


def main() -> None:
    """Run and print."""
    bits, rows, columns, rounds = map(int, sys.argv[1:])
    X = np.random.default_rng(0).integers(-(1 << 19), 1 << 19, (rows, columns))
    with ProcessPoolExecutor() as pool:
        list(pool.map(piece_of_nothing, range(8)))
        phase, start = Phase(pool, bits, columns, rounds, X), time.perf_counter()
        slots = phase.batch()
        wall = time.perf_counter() - start
    steps = {name: round(seconds, 3) for name, seconds in phase.spent.items()}
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps({"slots": slots, "processor": sum(steps.values()), "wall": wall, "steps": steps, "MiB": memory}))


def piece_of_nothing(_: int) -> None:
    """Something for a worker to start with."""


if __name__ == "__main__":
    main()
