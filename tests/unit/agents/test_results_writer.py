"""Results are written beside the loop, one after another; what was written once is not written again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from accord_agents.results import writer
from accord_agents.results.writer import ResultsWriter
from accord_agents.service import service
from accord_agents.service.service import Service


def test_one_after_another_and_never_on_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, bool]] = []
    told: list[tuple[str, ...]] = []
    first = threading.Event()

    class Slow:
        def __init__(self, name: str) -> None:
            self.name, self.figures = name, (f"{name} figure",)

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
        def wrote(cid: str, figures: tuple[str, ...]) -> None:
            told.append((cid, *figures))
            assert len(done) == len(told)

        results = ResultsWriter(lambda work: asyncio.get_running_loop().create_task(work), lambda _: None, wrote)
        for name, noted in (("first", 1), ("second", 1), ("third", 2)):
            collaboration: Any = SimpleNamespace(cid="c1", state="COMPLETED", name=name)
            run: Any = SimpleNamespace(noted=noted)
            results.write(tmp_path, collaboration, run, {})
        assert list(results.under_way.values()) == 3 * ["c1"] and not done
        first.set()
        await asyncio.gather(*results.under_way)
        assert not results.under_way

    asyncio.run(all_of_it())
    assert done == [("first", False), ("second", True), ("third", False)]
    assert told == [("c1", f"{name} figure") for name, _ in done]


def test_two_collaborations_tables_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is asked for beside the loop while another is read there."""
    agent: Any = SimpleNamespace(config=SimpleNamespace(out=tmp_path), _tables={})

    def table(digest: str) -> Any:
        return Service._table(agent, cast("Any", SimpleNamespace(data={"snapshot": digest})))

    class Tables(dict[str, str]):
        """Another thread has its turn as soon as these are in place."""

        def __contains__(self, digest: object) -> bool:
            found = super().__contains__(digest)
            agent._tables = Tables({"other": "other"})
            return found

        def get(self, digest: str, default: Any = None) -> Any:
            found = super().get(digest, default)
            agent._tables = Tables({"other": "other"})
            return found

    monkeypatch.setattr(service, "read_snapshot", lambda _path, digest: digest)
    agent._tables = Tables({"one": "one"})
    assert table("one") == "one"
