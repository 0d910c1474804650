"""A worker is started often: it loads arithmetic, and neither the events nor the library that checks them."""

import subprocess
import sys
from pathlib import Path

import accord_protocols.tasks
from accord_agents.execution import executor, worker

HEAVY = ("accord_schemas.events", "asyncio", "numba", "pydantic", "sklearn", "structlog")


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    code = f"import sys, accord_agents.execution.worker; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_worker_is_asked_first_stands_where_it_stands() -> None:
    """A pool names a call by the file it is in, which the worker loads whole."""
    assert {vars(executor)[name].__module__ for name in ("ready", "start", "work")} == {worker.__name__}


def test_tasks_do_without_it_too_where_they_check_nothing() -> None:
    """14 MiB a worker; what prepares, predicts, compares pictures or spreads over a graph reads agreed settings."""
    folder = Path(accord_protocols.tasks.__file__).parent
    names = sorted(path.stem for path in folder.iterdir() if not path.stem.startswith("_"))
    light = [name for name in names if name not in ("prepare", "predict", "graph", "matching")]
    assert len(light) > 15
    load = "".join(f"import accord_protocols.tasks.{name}\n" for name in light)
    code = f"import sys\n{load}print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
