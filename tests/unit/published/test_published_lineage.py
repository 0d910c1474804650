"""What a catalogue is told of a collaboration: where it came from, how it ended, and what came out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from examples.lineage import main, of_folder, told
from tests.histories.record import unpack
from tests.support.recorded import resigned
from tests.unit.published.conftest import Said

from accord_broker.embedded import EmbeddedBroker
from accord_broker.port import Record
from accord_schemas.events import Fail, Refuse, State
from accord_schemas.frame import Frame


def facets(event: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in event["run"]["facets"]["tags"]["tags"]}


def test_from_proposal_to_models(said: Said) -> None:
    frames = [frame for _, frame in said]
    first, *states, last = told([*reversed(frames), *frames])
    assert (first["eventType"], last["eventType"]) == ("START", "COMPLETE")
    assert UUID(first["run"]["runId"]).hex == frames[0].header.subject
    assert {e["run"]["runId"] for e in (first, *states, last)} == {first["run"]["runId"]}
    assert [facets(e)["state"] for e in states] == [
        "AGREED",
        "KEYED",
        "GATED",
        "ALIGNED",
        "PREPARED",
        "TRAINING",
        "CONVERGED",
    ]
    assert facets(last)["gate shop"] == "ids pass, columns pass" and facets(states[-1])["round"] == "2"
    assert [d["namespace"] for d in first["inputs"]] == ["accord://bank", "accord://shop"] and not first["outputs"]
    models = {
        f.header.source: json.loads(f.payload)["model"] for f in frames if f.header.event_class.name == "complete"
    }
    assert {d["namespace"]: d["facets"]["version"]["datasetVersion"] for d in last["outputs"]} == {
        f"accord://{party}": model for party, model in models.items()
    }
    assert list(told(frames, "no such id")) == []


@pytest.mark.parametrize(
    ("word", "state", "kind", "why"),
    [
        (Refuse(reason="not today"), "REFUSED", "ABORT", "shop: not today"),
        (Fail(reason="it lied", whose="bank"), "FAILED", "FAIL", "shop: it lied"),
    ],
)
def test_other_ends_say_why(said: Said, word: Refuse | Fail, state: str, kind: str, why: str) -> None:
    frames = [frame for _, frame in said]
    proposal = frames[0]
    late = {"time": "2030-01-01T00:00:00.000Z"}
    end = next(f for f in frames if f.header.event_class is State)

    def says(frame: Frame, event: Any, source: str, number: int) -> Frame:
        kinds = {"type": type(event).type, "source": source, "eventnumber": str(number)}
        return resigned(frame, event, late | kinds)  # by whom, nobody here asks

    told_now = [
        proposal,
        says(end, word, "shop", 2),
        says(end, State(state=state, round=0), "shop", 3),
        says(end, State(state=state, round=0), "bank", 4),
        says(end, State(state="TRAINING", round=0), "bank", 5),
    ]
    events = list(told(told_now))
    assert [e["eventType"] for e in events] == ["START", kind]
    assert events[-1]["run"]["facets"]["errorMessage"]["message"] == why and not events[-1]["outputs"]


def test_a_log_and_a_partys_folder_tell_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: Said
) -> None:
    run = unpack("psi", tmp_path / "run")
    from_journals = list(told(of_folder(run)))
    assert from_journals == list(told(of_folder(run / min(p.parent.name for p in run.glob("*/party.yaml")))))
    assert [d["outputFacets"]["outputStatistics"]["rowCount"] > 0 for d in from_journals[-1]["outputs"]] == [True, True]
    url = f"embedded:{tmp_path / 'log.db'}"
    strange = [Record("control", said[0][1].header.subject, b"no frame")]
    publish(tmp_path / "log.db", [*strange, *(Record(f, frame.header.subject, frame.encode()) for f, frame in said)])
    main(url)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == list(told(frame for _, frame in said))


def publish(path: Path, records: list[Record]) -> None:
    async def all_of_them() -> None:
        broker = EmbeddedBroker(path)
        await broker.open()
        await broker.publish(records)
        await broker.close()

    asyncio.run(all_of_them())


def test_what_breaks_the_contract_is_passed_over(said: Said) -> None:
    frames = [frame for _, frame in said]
    spoiled = replace(frames[0], payload=b"{}")
    assert list(told([spoiled])) == []
