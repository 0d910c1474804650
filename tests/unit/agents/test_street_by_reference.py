"""Whole parties whose large numbers are in files: any order, loss and deaths, the same models as with all in memory."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.support.street import KilledError, Street
from tests.support.world import agreement, tables

import accord_agents.collaboration.assembler
import accord_agents.journal.payloads
from accord_agents.loop.recovery_answers import frames
from accord_schemas.agreement import Limits
from accord_schemas.errors import TamperError
from accord_schemas.frame import Frame

DATA = tables(3, n=40, columns=1)
TERMS = agreement(3, gate=0.99, max_rounds=1).model_copy(update={"limits": Limits(chunk_bytes=4096)})
LARGE = 1200


@pytest.fixture(autouse=True)
def little_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accord_agents.collaboration.assembler, "LARGE", LARGE)
    monkeypatch.setattr(accord_agents.journal.payloads, "OUTSIDE", 512)


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    street = Street(tmp_path_factory.mktemp("memory"), TERMS, DATA)
    try:
        return street.run().models()
    finally:
        street.close()


def deaths(order: int, often: float) -> tuple[random.Random, object]:
    rng = random.Random(order)

    def point(_party: str, _point: str) -> None:
        if rng.random() < often:
            raise KilledError

    return rng, point


@pytest.mark.parametrize(("order", "often", "lose"), [(1, 0.0, 0.0), (2, 0.02, 0.0), (3, 0.02, 0.1)])
def test_the_same_models_whatever_passes_by_reference(
    tmp_path: Path, order: int, often: float, lose: float, in_memory: object
) -> None:
    _, point = deaths(order, often)
    street = Street(tmp_path, TERMS, DATA, order=order, point=point, lose=lose, large=LARGE)  # type: ignore[arg-type]
    try:
        assert street.run().ended
        assert street.models() == in_memory
        blobs = [path for path in tmp_path.glob("*.blobs/*/*") if path.suffix != ".part"]
        assert len(blobs) > 3 and list(tmp_path.glob("*.payloads/*"))
        for house in street.houses.values():
            house.point = lambda _: None
            house.restart()  # folds all of it again and compares every frame
    finally:
        street.close()


def test_an_own_frame_without_a_payload_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    street = Street(tmp_path, TERMS, DATA, large=LARGE)
    try:
        street.run()
        (cid,) = street.houses["bank"].desk.collaborations
        log = {Frame.decode(frame).digest: frame for _, frame in street.log}
        bank, made = street.houses["bank"], 0
        for out in bank.journal.outgoing(cid):
            assert out.size == len(bank.desk.payload(out.head, out.payload, out.recipe))
            frame = Frame.restore(out.head, bank.desk.payload(out.head, out.payload, out.recipe))
            frame.check()
            assert frame.encode() == log[frame.digest]
            made += bool(out.recipe)
        assert made > 5
        given = frames(bank.journal, cid, "bank", 0, bank.desk.payload)
        assert [frame.header.number for frame in given] == list(range(1, len(given) + 1)) and len(given) > 10
        # what is gone is missed, and never taken for something else
        for path in tmp_path.glob("bank.blobs/*/*"):
            path.unlink()
        with pytest.raises(TamperError):
            bank.restart()
    finally:
        street.close()
