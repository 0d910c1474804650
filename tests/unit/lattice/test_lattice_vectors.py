"""Known answers, with and without numba. They are made anew by ``python -m tests.unit.lattice.known``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.lattice.known import FILE, answers

from accord_protocols.primitives.lattice import loops

ROOT = Path(__file__).parents[3]


def test_answers_are_the_known_ones() -> None:
    assert loops.is_compiled()
    assert answers() == json.loads(FILE.read_text())


def test_without_numba_every_byte_is_the_same() -> None:
    """In a process where numba cannot be imported."""
    run = "runpy.run_module('tests.unit.lattice.known', run_name='__main__')"
    command = [sys.executable, "-c", f"import runpy, sys; sys.modules['numba'] = None; {run}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    found = json.loads(done.stdout)
    assert not found["compiled"]
    assert found["answers"] == json.loads(FILE.read_text())


def test_numba_is_loaded_where_something_is_computed_alone() -> None:
    """An agent asks for sizes in its own process, which numba would make a hundred megabytes larger."""
    ask = "from accord_protocols.primitives.lattice import Layout; Layout('sums', 100, 3).blocks"
    script = f"import sys; {ask}; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
