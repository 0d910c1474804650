"""Results are written beside the loop, one after another; what was written once is not written again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accord_agents.results import writer
from accord_agents.results.writer import ResultsWriter


def test_one_after_another_and_never_on_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, bool]] = []
    first = threading.Event()

    class Slow:
        def __init__(self, name: str) -> None:
            self.name = name

        @classmethod
        def of(cls, collaboration: Any, _run: Any, _facts: Any) -> Slow:
            return cls(collaboration.name)

        def write(self, _folder: Path, _table: Any, *, again: bool) -> None:
            assert threading.current_thread() is not threading.main_thread()
            if self.name == "first":
                first.wait(10)
            done.append((self.name, again))

    monkeypatch.setattr(writer, "Findings", Slow)

    async def all_of_it() -> None:
        results = ResultsWriter(lambda work: asyncio.get_running_loop().create_task(work), lambda _: None)
        for name, noted in (("first", 1), ("second", 1), ("third", 2)):
            collaboration: Any = SimpleNamespace(cid="c1", state="COMPLETED", name=name)
            run: Any = SimpleNamespace(noted=noted)
            results.write(tmp_path, collaboration, run, {})
        assert len(results.under_way) == 3 and not done
        first.set()
        await asyncio.gather(*results.under_way)
        assert not results.under_way

    asyncio.run(all_of_it())
    assert done == [("first", False), ("second", True), ("third", False)]
