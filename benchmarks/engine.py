"""What an event costs the engine while others wait: ``python -m benchmarks.engine [--waiting N]``, one JSON line."""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.kernel.engine import Engine
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, Needs, nothing, transition
from accord_schemas.address import Address, Content
from accord_schemas.agreement import Agreement, Member
from accord_schemas.events import Event, State

FEW = 10
EVENTS, ROUNDS = 500, 31


@dataclass(frozen=True, slots=True)
class Counted:
    """How many were consumed."""

    n: int = 0


class Counter(Machine):
    """Consumes the next number, forever."""

    kind = "counter"
    says: ClassVar[dict[str, type[Event]]] = {"next": State, "early": State}

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """None so far."""
        return Fired(then=self.count.keeping(Counted()))

    @transition(Counted, lambda self, state: Needs((self.at(f"next.{state.n}", "b"),)))
    def count(self, state: Counted, inputs: Inputs, draw: Draw) -> Fired:
        """One more."""
        return Fired(then=self.count.keeping(Counted(state.n + 1)))


def loaded(waiting: int) -> Engine:
    """An engine in which so many contents wait, of two senders."""
    members = {
        p: Member(role="feature_holder" if k else "label_holder", identity=p) for k, p in enumerate(("a", "b", "c"))
    }
    terms = Agreement(name="benchmark", parties=members, versions={"counter": 1})
    engine = Engine(Setup(terms, "a", "00" * 16, bytes(32)), bytes(32), {("counter", 1): Counter}, "counter")
    list(engine.begin())
    for k in range(waiting):
        list(engine.content(said(f"early.{k}", "bc"[k % 2])))
    return engine


def said(step: str, sender: str) -> Content:
    """A small event at a step."""
    return Content(Address("counter", step, sender), ("a",), State(state="x", round=0))


def main() -> None:
    """Measure in turns, so that what else the machine does falls on both alike."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000)
    options = parser.parse_args()
    engines = {FEW: loaded(FEW), options.waiting: loaded(options.waiting)}
    gc.collect()
    gc.disable()  # a collection walks what waits, whoever made it
    seconds: dict[int, list[float]] = {waiting: [] for waiting in engines}
    for turn in range(ROUNDS):
        events = [said(f"next.{k}", "b") for k in range(turn * EVENTS, (turn + 1) * EVENTS)]
        for waiting, engine in engines.items():
            start = time.perf_counter()
            for event in events:
                for _ in engine.content(event):
                    pass
            seconds[waiting].append((time.perf_counter() - start) / EVENTS)
    few, many = (statistics.median(times) for times in seconds.values())
    found = {"waiting": options.waiting, "few_us": round(1e6 * few, 2), "many_us": round(1e6 * many, 2)}
    print(json.dumps(found | {"ratio": round(many / few, 3)}))


if __name__ == "__main__":
    main()
