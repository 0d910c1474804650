"""Settings of all tests, and one line about what was left out."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.support.real import HOW, SWEEPS, WHAT, deep

# A busy machine is no reason to fail: time never decides a test here.
settings.register_profile("accord", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("accord")


MEMORY = 8 << 30  # bytes that one test process may take; the largest takes about one


def pytest_configure() -> None:
    """Let a test that runs away fail by itself, instead of taking the machine and every other test with it."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failure when it is seen, so that a run that never ends tells what it knew."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid} ({report.when})", flush=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless it was asked for: sweeps, and of a test with variants all but the first."""
    if deep():
        return
    kept, seen = list[pytest.Item](), set[str]()
    for item in items:
        again = item.get_closest_marker("variants") and item.nodeid.partition("[")[0] in seen
        if not (again or item.get_closest_marker("sweep")):
            kept.append(item)
            seen.add(item.nodeid.partition("[")[0])
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out for want of a broker or parser, and how to add it; all else that was skipped, too."""
    modules = set()
    for report in terminalreporter.stats.get("skipped", []):
        path, line, reason = report.longrepr
        if WHAT in reason:
            modules.add(Path(report.nodeid.partition("::")[0]).name)
        else:
            terminalreporter.write_line(f"SKIPPED {path}:{line}: {reason}", red=True)
    if not deep():
        terminalreporter.write_line(
            f"Left out, for want of time: tests that take long, further variants of others. To add them: {SWEEPS}=1",
            yellow=True,
        )
    if modules:
        names = ", ".join(sorted(modules))
        terminalreporter.write_line(f"Left out, for want of a {WHAT}: {names}. To add them: {HOW}", yellow=True)
