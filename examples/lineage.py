"""OpenLineage events of what Accord's parties have done together: for Marquez, DataHub or what else takes them.

    python lineage.py FOLDER [COLLABORATION]         of a run, or of a party: from its journal
    python lineage.py BROKER-URL [COLLABORATION]     from a log that keeps its history: kafka://HOST:PORT/NAMESPACE

Prints one event a line (JSON, OpenLineage 2-0-2), each of which can be posted to `/api/v1/lineage` as it is:

    python lineage.py DIR | while read -r line; do curl -H 'Content-Type: application/json' -d "$line" URL; done

A collaboration is a run, whose id is the collaboration's. It starts with the proposal, goes on with every state that a
party is the first to reach, and ends once all parties have ended. What goes in are each party's rows; what comes out is
what each party is left with, a model under its digest. It reads `control` and `results` alone, which are in clear: no
key is needed, and no catalogue is told a column, an id or a coefficient. Signatures are not checked here: `accord
audit` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from accord_agents.evidence.export import held_frames
from accord_agents.journal.journal import BODIES, Journal
from accord_agents.replay.copy import copied
from accord_broker.factory import watch
from accord_broker.port import Position
from accord_schemas.errors import AccordError, FrameError, UsageError
from accord_schemas.frame import Frame

PRODUCER = "https://accord.example/examples/lineage.py"
SPEC = "https://openlineage.io/spec"
ENDS = {"COMPLETED": "COMPLETE", "REFUSED": "ABORT", "CANCELLED": "ABORT", "EXPIRED": "FAIL", "FAILED": "FAIL"}
"""A party's last state, and what a catalogue calls it: the last of these that any party has counts for the run."""
Event = dict[str, Any]


def facet(name: str, version: str, **fields: Any) -> Event:
    """A facet of the standard, under the address of its schema."""
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{version}/{name}.json#/$defs/{name}", **fields}


class Lineage:
    """One collaboration, told as it goes on."""

    def __init__(self, proposal: Frame) -> None:
        self._agreement = json.loads(proposal.payload)["agreement"]
        self._cid, self._name = proposal.header.subject, self._agreement["name"]
        self._roles = {party: member["role"] for party, member in sorted(self._agreement["parties"].items())}
        self._states: dict[str, str] = {}
        self._reached: set[tuple[str, int]] = set()
        self._done: dict[str, Event] = {}
        self._why = ""
        self._tags = {"agreement": proposal.header.agreement, "profile": self._agreement.get("profile", "default")}

    def begun(self, time: str) -> Event:
        """The event with which it starts."""
        return self._event("START", time)

    def take(self, frame: Frame) -> Iterator[Event]:
        """The events that follow from what a party said."""
        header, said = frame.header, json.loads(frame.payload)
        match header.event_class.name:
            case "gate":
                self._tags[f"gate {said['party']}"] = f"ids {said['decision']}, columns {said['features']}"
            case "complete":
                self._done[header.source] = said
            case "refuse" | "cancel" | "fail" | "expire":
                why = said.get("reason") or f"no word of {', '.join(said['missing'])}"
                self._why = self._why or f"{header.source}: {why}"
            case "state":
                yield from self._state(header.source, said["state"], said["round"], header.time)

    def _state(self, party: str, state: str, number: int, time: str) -> Iterator[Event]:
        if ENDS.keys() & {self._states.get(party)}:
            return  # what a party says after its end is heard by nobody
        self._states[party] = state
        if state not in ENDS and (state, number) not in self._reached:
            self._reached.add((state, number))
            rounds = {"round": str(number)} if number else {}
            yield self._event("RUNNING", time, {"state": state} | rounds)
        if self._roles.keys() == {p for p, last in self._states.items() if last in ENDS}:
            worst = max(self._states.values(), key=list(ENDS).index)
            yield self._event(ENDS[worst], time, {"state": worst})

    def _event(self, kind: str, time: str, tags: dict[str, str] | None = None) -> Event:
        run: Event = {"tags": self._tagged(self._tags | (tags or {}))}
        if self._why:
            run["errorMessage"] = facet(
                "ErrorMessageRunFacet", "1-0-1", message=self._why, programmingLanguage="Python"
            )
        job = facet(
            "JobTypeJobFacet",
            "2-0-4",
            processingType="BATCH",
            integration="ACCORD",
            jobType=self._agreement.get("job", "train").upper(),
        )
        return {
            "eventType": kind,
            "eventTime": time,
            "producer": PRODUCER,
            "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": str(UUID(self._cid)), "facets": run},
            "job": {"namespace": "accord", "name": self._name, "facets": {"jobType": job}},
            "inputs": [self._dataset(party, "rows") for party in self._roles],
            "outputs": [self._output(party, said) for party, said in sorted(self._done.items())]
            if kind == "COMPLETE"
            else [],
        }

    @staticmethod
    def _tagged(tags: dict[str, str]) -> Event:
        return facet(
            "TagsRunFacet", "1-0-0", tags=[{"key": k, "value": v, "source": "ACCORD"} for k, v in tags.items()]
        )

    def _dataset(self, party: str, what: str) -> Event:
        owner = facet("OwnershipDatasetFacet", "1-0-1", owners=[{"name": party, "type": self._roles[party]}])
        return {"namespace": f"accord://{party}", "name": f"{self._name}.{what}", "facets": {"ownership": owner}}

    def _output(self, party: str, said: Event) -> Event:
        """A party's model, under its digest; or, in jobs without one, its rows of the result."""
        dataset = self._dataset(party, "model" if said.get("model") else "result")
        if said.get("model"):
            version = facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=said["model"])
            dataset["facets"]["version"] = version
        rows = facet("OutputStatisticsOutputDatasetFacet", "1-0-2", rowCount=said["rows"])
        return dataset if said.get("model") else dataset | {"outputFacets": {"outputStatistics": rows}}


def told(frames: Iterable[Frame], only: str = "") -> Iterator[Event]:
    """The events of all collaborations, or of the one whose id begins so: by time, and whatever was said, once."""
    clear = [f for f in frames if f.header.event_class.family in ("control", "results") and _sound(f)]
    said = {(f.header.source, f.header.id): f for f in clear if f.header.number and f.header.subject.startswith(only)}
    known: dict[str, Lineage] = {}
    for frame in sorted(said.values(), key=lambda f: (f.header.time, f.header.source, f.header.number)):
        cid, name = frame.header.subject, frame.header.event_class.name
        if name == "propose" and cid not in known:
            known[cid] = Lineage(frame)
            yield known[cid].begun(frame.header.time)
        elif cid in known:
            yield from known[cid].take(frame)


def _sound(frame: Frame) -> bool:
    """Whether a frame, whoever wrote it there, holds an event as the contract has it."""
    try:
        frame.header.event_class.decode(frame.payload)
        UUID(frame.header.subject)
    except (FrameError, ValueError):
        return False
    return True


def of_folder(folder: Path) -> Iterator[Frame]:
    """What one party of a run has in its journal, whether its agent runs or not: each heard all that was in clear."""
    journals = [folder / "journal.db"] if (folder / "journal.db").exists() else sorted(folder.glob("*/journal.db"))
    if not journals:
        raise UsageError(f"{folder} is the folder of no run and of no party.")
    with copied(journals[0]) as copy, contextlib.closing(Journal(copy, journals[0].parent / BODIES)) as journal:
        journal.verify()
        for cid in journal.collaborations():
            yield from held_frames(journal, cid)


async def of_broker(url: str) -> list[Frame]:
    """What a log holds now, from its first record."""
    source, at, found = watch(url), dict[str, Position](), list[Frame]()
    if not source.history:
        raise UsageError("this broker keeps no history; name a party's folder.")
    await source.open()
    try:
        await source.subscribe(at)
        end = await source.end()
        while not all(name in at and at[name].offset >= last for name, last in end.items()):
            for delivery in await source.receive(256, 1 << 24, 0.5):
                at[delivery.position.source] = delivery.position
                with contextlib.suppress(FrameError):  # whoever may write to the topic may write anything
                    found.append(Frame.decode(delivery.record.frame))
    finally:
        await source.close()
    return found


def main(where: str, only: str = "") -> None:
    """Print the events."""
    frames = of_folder(Path(where)) if Path(where).is_dir() else asyncio.run(of_broker(where))
    for event in told(frames, only):
        print(json.dumps(event, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python lineage.py FOLDER-OR-BROKER [COLLABORATION]")
    try:
        main(*sys.argv[1:])
    except AccordError as error:
        sys.exit(f"lineage: {error}")
