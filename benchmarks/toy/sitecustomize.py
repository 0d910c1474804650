"""A collaboration that sends one large payload, in place of the real one.

Python imports a module of this name at every start where its folder is on PYTHONPATH, and so in every process that
`benchmarks.payload` starts. They may be of earlier revisions, so it knows where these keep their machines.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

MARK = "ACCORD_PAYLOAD"
"""The environment variable with the folder for marks; its name in MiB is the payload's size."""
MIB, WIDTH, PARTS = 1 << 20, 1024, 8


def _mark(name: str) -> None:
    (Path(os.environ[MARK]) / name).touch()


def _found(*names: str) -> ModuleType:
    for name in names:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ModuleNotFoundError(names[-1])


class _Kernel:
    """What machines are made of, as this toy calls it, whether their states have types or are dictionaries."""

    def __init__(self) -> None:
        self.core = _found("accord_protocols.kernel.machine", "accord_protocols.machines.core")
        self.typed = not hasattr(self.core, "Fired")
        self.moves = importlib.import_module("accord_protocols.kernel.transition") if self.typed else self.core
        self.effects = importlib.import_module("accord_protocols.kernel.effects") if self.typed else self.core

    def waits(self, needs: Any, *, starts: bool = False) -> Any:
        """The decorator of a transition."""
        return self.moves.transition(None, needs, starts=starts) if self.typed else self.core.transition(needs)

    def fired(self, effects: tuple[Any, ...], then: str = "") -> Any:
        """What a transition returns."""
        if self.typed:
            return self.moves.Fired(effects, self.moves.Next(then, None) if then else None)
        return self.core.Fired({}, effects, then)

    def numbers(self, inputs: Any, at: Any, event: Any = None) -> Any:
        """The numbers of a result, or of an event."""
        if not self.typed:
            return inputs[at].numbers if event else inputs[at]["numbers"]
        return inputs.event(event, at).numbers if event else inputs.result(dict, at)["numbers"]


def install() -> None:
    """Put the toy's machine and tasks in the places of real ones."""
    import numpy as np

    from accord_protocols.tasks.registry import TASKS, Context, Result, Task
    from accord_schemas.events import Blinded, Complete

    kernel = _Kernel()
    effects = kernel.effects
    registry = _found("accord_protocols.jobs.registry", "accord_protocols.machines")
    size = int(Path(os.environ[MARK]).name)

    def warm(context: Context) -> Result:
        time.sleep(2)  # until every worker is there
        return Result({"done": np.zeros(1, np.uint8)})

    def make(context: Context) -> Result:
        return Result({"numbers": np.frombuffer(context.xof.bytes(MIB), np.uint8).reshape(-1, WIDTH)})

    def look(context: Context) -> Result:
        return Result({"sums": context.inputs["numbers"].sum(axis=0, dtype=np.uint64)[None]})

    module = ModuleType("accord_protocols.tasks.toy")
    module.__dict__.update(warm=warm, make=make, look=look)
    sys.modules[module.__name__] = module
    TASKS["toy.warm"] = Task("toy:warm", split=("seeds",), chunk=1)
    TASKS["toy.make"] = Task("toy:make", split=("seeds",), chunk=1)
    TASKS["toy.look"] = Task("toy:look", split=("numbers",), chunk=MIB // WIDTH)

    class Toy(kernel.core.Machine):  # type: ignore[misc, name-defined]
        """The leader's worker makes a payload; the next party's worker looks at it."""

        kind = "session"
        says: ClassVar[dict[str, Any]] = {"payload": Blinded, "complete": Complete}
        by_reference = True

        @kernel.waits(lambda self, _: [self.at("data", "self")], starts=True)  # type: ignore[untyped-decorator]
        def start(self, state: Any, inputs: Any, draw: Any) -> Any:
            """Have all workers there."""
            seeds = {"seeds": np.zeros((PARTS, 1), np.uint8)}
            return kernel.fired((effects.Reach("keyed"), effects.Compute("warm", "toy.warm", seeds)), "ready")

        @kernel.waits(lambda self, _: [self.job("warm")])  # type: ignore[untyped-decorator]
        def ready(self, state: Any, inputs: Any, draw: Any) -> Any:
            """The leader makes the payload."""
            if not self.setup.leads:
                return kernel.fired((), "heard" if self.me == self.agreement.others[0] else "end")
            _mark("started")
            seeds = {"seeds": np.zeros((size, 1), np.uint8)}
            return kernel.fired((effects.Compute("made", "toy.make", seeds, key=draw.key("made")),), "say")

        @kernel.waits(lambda self, _: [self.job("made")])  # type: ignore[untyped-decorator]
        def say(self, state: Any, inputs: Any, draw: Any) -> Any:
            """Send it to one of two."""
            event = Blinded(numbers=kernel.numbers(inputs, self.job("made")))
            return kernel.fired((effects.Send("payload", [self.agreement.others[0]], event), self._over()), "completed")

        @kernel.waits(lambda self, _: [self.at("payload", self.setup.leader)])  # type: ignore[untyped-decorator]
        def heard(self, state: Any, inputs: Any, draw: Any) -> Any:
            """It is here."""
            _mark("heard")
            numbers = kernel.numbers(inputs, self.at("payload", self.setup.leader), Blinded)
            assert numbers.shape == (size * MIB // WIDTH, WIDTH)
            return kernel.fired((effects.Compute("looked", "toy.look", {"numbers": numbers}),), "looked")

        @kernel.waits(lambda self, _: [self.job("looked")])  # type: ignore[untyped-decorator]
        def looked(self, state: Any, inputs: Any, draw: Any) -> Any:
            """A worker has read it."""
            _mark("looked")
            return kernel.fired((self._over(),), "completed")

        @kernel.waits(lambda self, _: ())  # type: ignore[untyped-decorator]
        def end(self, state: Any, inputs: Any, draw: Any) -> Any:
            """A bystander has nothing to do."""
            return kernel.fired((self._over(),), "completed")

        @kernel.waits(lambda self, _: [self.at("complete", p) for p in self.agreement.order])  # type: ignore[untyped-decorator]
        def completed(self, state: Any, inputs: Any, draw: Any) -> Any:
            """Everybody is done."""
            steps = [effects.Reach(trigger) for trigger in ("gated", "aligned", "completed")]
            return kernel.fired(tuple(steps))

        def _over(self) -> Any:
            event = Complete(model="", rows=0, rounds=0, converged=True)
            return effects.Send("complete", self.agreement.order, event)

    if hasattr(registry, "JOBS"):
        for job in registry.JOBS.values():
            job.machines["session", 1] = Toy
    else:
        registry.MACHINES["session"] = Toy


if MARK in os.environ:
    install()
