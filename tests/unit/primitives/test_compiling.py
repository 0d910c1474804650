"""What is compiled lies on disk for all processes of a machine; two at once must not take each other's for theirs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from accord_protocols.primitives.compiling import OneAtATime


class Racing:
    """As numba's: the free number is looked for, and written to, at another time."""

    def __init__(self) -> None:
        self.index: dict[Any, int] = {}
        self.data: dict[int, Any] = {}
        self.both = threading.Barrier(2)

    def save(self, key: Any, data: Any) -> None:
        index = dict(self.index)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.both.wait(0.2)  # the other one is here, too, if it may be
        index[key] = len(index)
        self.index = index
        self.data[index[key]] = data

    def load(self, key: Any) -> Any:
        return self.data[self.index[key]] if key in self.index else None

    def flush(self) -> None:
        self.index, self.data = {}, {}


def raced(save: Any) -> None:
    threads = [threading.Thread(target=save, args=(key, f"code of {key}")) for key in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_at_once_do_not_take_one_number(tmp_path: Path) -> None:
    alone = Racing()
    raced(alone.save)
    assert len(alone.data) == 1, "a race that is none shows nothing"
    file = Racing()
    locked = OneAtATime(file, tmp_path / "cache" / "f.nbi")
    raced(locked.save)
    assert {key: locked.load(key) for key in "ab"} == {"a": "code of a", "b": "code of b"}
    locked.flush()
    assert locked.load("a") is None


PROGRAM = """
import numpy as np
from accord_protocols.primitives.compiling import OneAtATime
from tests.unit.primitives.kept import twice
assert isinstance(twice._cache._cache_file, OneAtATime)
print(twice(np.arange(3)).tolist(), twice(np.arange(3.0)).tolist(), sum(twice.stats.cache_hits.values()))
"""


@pytest.mark.sweep
def test_what_one_process_has_compiled_another_finds(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=root, env=environment, capture_output=True, text=True, check=True
        ).stdout.split("] ")
        for _ in range(2)
    ]
    assert [hits.strip() for *_, hits in said] == ["0", "2"]
    assert said[0][:2] == said[1][:2] == ["[0, 2, 4", "[0.0, 2.0, 4.0"]
