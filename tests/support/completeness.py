"""What a job must have, as a checklist: docs/extending.md says how to add one, and this says what is still missing."""

from __future__ import annotations

import functools
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.world import World

from accord_protocols.jobs.base import Job, Learned
from accord_scenarios.jobs.base import Played
from accord_scenarios.merge import merge
from accord_scenarios.model import Scenario
from accord_schemas.events import Complete, Event

HISTORIES = Path(__file__).parents[1] / "histories"


def missing(job: Job, played: Played | None, scenario: Scenario, world: World) -> Iterator[str]:
    """What a job lacks, each in a few words.

    Args:
        job: The descriptor.
        played: Its half for people; None where the registry has none.
        scenario: One of its scenarios.
        world: One of its collaborations, gate on, run to its end.
    """
    if set(job.sentences(world.terms)) != set(world.terms.parties):
        yield "a sentence of consent for each party"
    yield from _phases(job)
    yield from _clear(job, world)
    yield from _results(job, world)
    if played is None or played.job.name != job.name:
        yield "an entry among those that can be played"
    else:
        yield from _people(job, played, scenario, _result(job, world))
    if job.name not in histories():
        yield "a recorded history"


def _phases(job: Job) -> Iterator[str]:
    if not job.plan.phases:
        yield "phases"
    kinds = {kind for kind, _ in job.machines} - {"session"}
    walked = [kind for phase in job.plan.phases for kind in phase.kinds]
    yield from (f"the machine {kind} of a phase" for kind in sorted(set(walked) - kinds))
    yield from (f"a phase for the machine {kind}" for kind in sorted(kinds - set(walked)))
    names = [phase.name for phase in job.plan.phases]
    yield from (f"a name of its own for the phase {name}" for name in sorted({n for n in names if names.count(n) > 1}))
    for phase in job.plan.phases:
        for event in _said_in_clear(job, phase.kinds):
            if event not in phase.clear:
                yield f"the place of {event.name}"


def _said_in_clear(job: Job, kinds: tuple[str, ...]) -> Iterator[type[Event]]:
    for (kind, _), machine in job.machines.items():
        if kind in kinds:
            yield from (event for event in machine.says.values() if not event.encrypted)


def _clear(job: Job, world: World) -> Iterator[str]:
    """Clear events are said at all their places and nowhere else; each that is said makes a fact for people."""
    said = {a: c.event for a, c in world.log.items() if not c.event.encrypted and not isinstance(c.event, Complete)}
    for event, place in job.places.items():
        at = {address for address, one in said.items() if type(one) is event}
        if at != set(place.at(world.terms)):
            yield f"the places of {event.name}"
        without = {a: e for a, e in said.items() if type(e) is not event}
        if at and all(fact.of(said) == fact.of(without) for fact in job.facts.values()):
            yield f"a fact of {event.name}"
    for name, fact in job.facts.items():
        if not [*fact.sentences(fact.of(said))]:
            yield f"a sentence for the fact {name}"


def _learned(job: Job, world: World) -> dict[str, Learned]:
    completed = {c.address.sender: c.event.model for c in world.log.values() if isinstance(c.event, Complete)}
    return {me: Learned(me, world.terms, p.notes, completed=me in completed) for me, p in world.parties.items()}


def _results(job: Job, world: World) -> Iterator[str]:
    learned = _learned(job, world)
    if all(figure(one) is None for one in learned.values() for figure in job.figures.values()):
        yield "figures"
    if not job.outputs:
        yield "outputs"
    for output in job.outputs:
        if not any(output.made(party.notes, party.rows) for party in world.parties.values()):
            yield f"the output {output.file}"


def _result(job: Job, world: World) -> dict[str, Any]:
    """DIR/result.json, as the runner would put it together."""
    head = {"status": "COMPLETED", "reason": None, "job": job.name, "leader": world.terms.leader}
    own = {
        me: head | {name: figure(one) for name, figure in job.figures.items()} | {"bytes": {"psi": 1}, "events": {}}
        for me, one in _learned(job, world).items()
    }
    return merge(own, {party: member.role for party, member in world.terms.parties.items()})


def _people(job: Job, played: Played, scenario: Scenario, result: dict[str, Any]) -> Iterator[str]:
    if not isinstance(scenario, played.scenario) or scenario.job != job.name:
        yield "a scenario of its own"
    if not played.learned(result):
        yield "sentences on who learns what"
    if not played.verdict(result).endswith("."):
        yield "a verdict"
    if not any(line(result) for _, line in played.lines):
        yield "lines for the terminal"
    if not any(section(result) for section in played.sections):
        yield "sections of the report"


@functools.cache
def histories() -> dict[str, str]:
    """Recorded histories by the job that they are of."""
    found = {}
    for path in HISTORIES.glob("*.tar.xz"):
        with tarfile.open(path) as archive:
            member = next(m for m in archive if m.name == "result.json")  # the second; what follows takes seconds
            result = archive.extractfile(member)
            assert result is not None
            found[json.loads(result.read()).get("job") or "train"] = path.name
    return found
