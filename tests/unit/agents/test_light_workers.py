"""A worker is started often: it loads arithmetic, and neither the events nor the library that checks them."""

import subprocess
import sys

HEAVY = ("accord_schemas.events", "asyncio", "numba", "pydantic", "sklearn", "structlog")


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    code = f"import sys, accord_agents.execution.worker; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
