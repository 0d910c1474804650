"""`accord run`: plays a whole scenario on this machine, one process per party, and puts the results together."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.files.private import keep_private
from accord_agents.security.keystore import durable
from accord_scenarios import ahead, cluster, namespace, snapshots
from accord_scenarios.api.results import Run
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.layout import Layout, create
from accord_scenarios.merge import merge
from accord_scenarios.model import Scenario
from accord_scenarios.processes import GRACE, AgentProcess
from accord_scenarios.progress import ProgressView, summary
from accord_scenarios.scenario import load
from accord_scenarios.terminal import Terminal
from accord_scenarios.unlike_ids import advice
from accord_schemas.errors import AccordError, TamperError, UsageError

EXIT = {"COMPLETED": 0, "REFUSED": 3}
_POLL = 0.05
_SEED = "The run used a seed: keys and masks follow from it, and nothing is protected. For demos and tests only."
_KEY = "accord run wrote each keystore's passphrase beside it (keystore.key), for use on this machine only."


def run(
    scenario: str,
    *,
    out: Path | None,
    broker: str | None,
    sets: list[str],
    force: bool,
    quiet: bool,
    job: str | None = None,
    executor: str | None = None,
) -> Run:
    """Play a scenario, as a job that it need not be; heavy tasks beside the agents, or on a cluster.

    Raises:
        UsageError: The scenario, a file or the folder cannot be used; nothing was started.
    """
    loaded = load(scenario, sets, job)
    on = cluster.named(executor)
    home = out or _new_folder(loaded.name)
    keep_private()
    with snapshots.taken(loaded, home) as taken:
        for said in (said for snapshot in taken.values() for said in snapshot.remarks):
            Terminal(stderr=True, highlight=False).print(said)
        if broker is not None:
            namespace.check(broker, loaded)
        layout = create(home, loaded, broker, taken, on, force=force)
    return play(layout, loaded, quiet=quiet)


def resume(home: Path, *, quiet: bool) -> Run:
    """Go on with an interrupted run.

    Raises:
        UsageError: The folder holds no run.
    """
    keep_private()
    layout = Layout(home)
    if not layout.scenario.exists():
        raise UsageError(f"{home} holds no run.", hint="Name the folder that --out named, or that the run printed.")
    return play(layout, load(layout.scenario), quiet=quiet)


def _new_folder(name: str) -> Path:
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
    return Path("accord-runs") / f"{safe}-{time.strftime('%Y%m%d-%H%M%S')}"


def play(layout: Layout, scenario: Scenario, *, quiet: bool) -> Run:
    """Run the agents of a folder to their end, and put their results together."""
    began = time.monotonic()
    console = Terminal(stderr=True, highlight=False)
    roles = scenario.roles
    parties = sorted(roles, key=lambda p: (p != scenario.leader, p))
    agents: dict[str, AgentProcess] = {}
    with ProgressView(parties, console, quiet=quiet) as view, cluster.running(layout, parties, view.say):
        view.say(f"results go to {layout.home}")
        if scenario.seed is not None:
            view.say(f"warning: {_SEED}")
        try:
            agents |= {party: AgentProcess(layout, party) for party in parties}
            ahead.load(PLAYED[scenario.job].ahead(scenario))
            _watch(agents, view)
        except KeyboardInterrupt:
            _stop(agents)
            view.say(f"interrupted; go on with: accord run --resume {layout.home}")
            raise
        except BaseException:
            _stop(agents)
            raise
    result = _result(layout, scenario, roles, agents, began)
    codes = {agent.code for agent in agents.values()}
    code = TamperError.exit_code if TamperError.exit_code in codes else EXIT.get(result["status"], 1)
    return Run(layout.home, result, code)


def told(ended: Run, *, quiet: bool) -> int:
    """Say on standard output how a run ended, unless quiet; its exit code."""
    if not quiet:
        terminal = Terminal()
        terminal.print(summary(ended.result))
        terminal.print(f"{ended.folder / 'report.html'}", highlight=False)
    return ended.exit_code


def _watch(agents: Mapping[str, AgentProcess], view: ProgressView) -> None:
    """Until every agent has ended; one that failed takes the others with it, since they would wait for it."""
    while True:
        for party, agent in agents.items():
            for line in agent.lines():
                view.update(party, line)
            if said := agent.revive():
                view.say(said)
        codes = [agent.code for agent in agents.values()]
        if all(code is not None for code in codes):
            return
        if any(code not in (None, 0) for code in codes):
            _stop(agents)
        time.sleep(_POLL)


def _stop(agents: Mapping[str, AgentProcess]) -> None:
    for agent in agents.values():
        agent.stop()
    by = time.monotonic() + GRACE
    for agent in agents.values():
        agent.end(by)


def _result(
    layout: Layout, scenario: Scenario, roles: dict[str, str], agents: Mapping[str, AgentProcess], began: float
) -> dict[str, Any]:
    own = {p: json.loads(f.read_bytes()) for p in roles if (f := layout.party(p) / "result.json").exists()}
    result = merge(own, roles)
    if words := [f"{p}: {a.last_words()}" for p, a in agents.items() if a.code and a.last_words()]:
        result |= {"status": "FAILED", "reason": " ".join(words)}
    result["restarts"] = {party: agent.restarts for party, agent in agents.items()}
    result["accord_version"] = version("accord")
    result["warnings"] = [*([_SEED] if scenario.seed is not None else []), *result["warnings"], _KEY]
    if result["intersection_size"] == 0:
        result["warnings"] += advice({party: snapshots.table(layout, party).own_ids for party in roles})
    if result["status"] == "COMPLETED":
        PLAYED[scenario.job].compare(scenario, result, functools.partial(snapshots.table, layout), layout.party)
    result["timeline"] = _relative(result["timeline"] or {})
    result["seconds"]["total"] = round(time.monotonic() - began, 3)
    from accord_scenarios.report.page import render

    try:
        durable(layout.result, json.dumps(result, ensure_ascii=False, indent=1).encode())
        durable(layout.home / "report.html", render(result).encode())
    except AccordError as error:
        ended = f"{result['status']}: {result['reason']}" if result["reason"] else result["status"]
        hint = f"The run ended {ended} Then: accord run --resume {layout.home}"
        raise AccordError(error.message, hint=hint) from None
    return result


def _relative(timeline: dict[str, list[list[Any]]]) -> dict[str, list[list[Any]]]:
    """Phases in seconds since the first one began."""
    first = min((start for bars in timeline.values() for _, start, _ in bars), default=0.0)
    return {
        p: [[phase, round(a - first, 3), round(b - first, 3)] for phase, a, b in bars] for p, bars in timeline.items()
    }
