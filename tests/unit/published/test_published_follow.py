"""What the consumer example says about a collaboration, and what it makes of anything else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from examples.follow import Progress, event_of, line_about
from tests.unit.published.conftest import Said

from accord_broker.kafka.binding import to_message
from accord_broker.port import Record
from accord_schemas.frame import Frame


def message(family: str, frame: Frame) -> Any:
    value, headers = to_message(Record(family, frame.header.subject, frame.encode()))
    return SimpleNamespace(value=value, headers=tuple(headers), key=frame.header.subject.encode())


def test_it_tells_the_whole_story(said: Said) -> None:
    progress, lines = Progress(), list[str]()
    for family, frame in said:
        if family in ("control", "results"):
            event = event_of(message(family, frame))
            assert event is not None
            lines.append(line_about(event, progress))
    text = "\n".join(lines)
    for words in (
        "bank proposes 'test': bank (label holder), shop (feature holder)",
        "shop accepts",
        "gate for shop: ids pass, columns pass",
        "bank is TRAINING",
        "shop is CONVERGED, round 2",
        "bank completes: ",
    ):
        assert words in text
    assert progress.over


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("control.refuse", {"reason": "no"}, "shop says refuse: no"),
        ("control.cancel", {"reason": "no"}, "shop says cancel: no"),
        ("control.fail", {"reason": "no", "whose": "bank"}, "shop fails, by fault of bank: no"),
        ("control.expire", {"missing": ["bank", "telco"]}, "shop waits no longer: no word of bank, telco"),
        ("control.ack", {}, ""),
        ("control.later", {"unknown": 1}, ""),
    ],
)
def test_other_ends_and_what_it_does_not_know(kind: str, data: dict[str, Any], words: str) -> None:
    assert Progress().take(kind, "shop", data) == words


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ((), b""),
        ((("ce_type", None),), b"{}"),
        ((("ce_type", b"\xff"),), b"{}"),
        ((("content-type", b"application/octet-stream"),), b"\xff"),
        ((("content-type", b"application/json"),), b"["),
    ],
)
def test_what_is_no_event_is_passed_over(headers: Any, value: bytes) -> None:
    assert event_of(SimpleNamespace(value=value, headers=headers, key=b"x")) is None


def test_an_event_that_breaks_the_contract_is_passed_over() -> None:
    headers = {"specversion": "1.0", "type": "org.accord.control.propose.v1", "source": "bank", "id": "1"}
    pairs = tuple((f"ce_{name}", text.encode()) for name, text in headers.items())
    for value in (b"{}", b'{"agreement": 1}', b'{"agreement": {"parties": {"x": 1}}}'):
        event = event_of(
            SimpleNamespace(value=value, headers=(*pairs, ("content-type", b"application/json")), key=b"x")
        )
        assert event is not None
        assert line_about(event, Progress()) == ""
