"""Nobody is accused of what another did: neither the victim of a told story, nor who honestly exports what it holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.support.recorded import (
    EXPORTER,
    KEYS,
    Recorded,
    exported,
    judged,
    of_file,
    of_log,
    resealed,
    retold,
    signed,
)
from tests.support.tampering import ALL, Tampering

from accord_agents.evidence import verdict
from accord_agents.evidence.export import make
from accord_schemas.errors import UsageError
from accord_schemas.events import Checkpoint
from accord_schemas.frame import Frame
from accord_schemas.header import Header, event_id

pytestmark = pytest.mark.variants

TOGETHER = {
    "going on though the gate refused, as all have seen",
    "a state for which the gate has not decided",
    "a state for which a party's keys are missing",
    "keys without the nonce of a party",
}
"""What all parties do, each under its own signatures."""


def otherwise(own: list[Frame], step: str) -> list[Frame]:
    """The same story with another time in it: other digests, and nothing else that is wrong."""
    return [signed(f, time="2026-01-01T00:00:09.000Z") if f.header.step == step else f for f in own]


def checkpoints(frames: list[Frame], sender: str) -> dict[str, Checkpoint]:
    """What a party said in its checkpoints, by step."""
    own = [f for f in frames if f.header.source == sender and f.header.event_class is Checkpoint]
    return {f.header.step: Checkpoint.decode(f.payload) for f in own}


def saying(own: list[Frame], said: dict[str, Checkpoint]) -> list[Frame]:
    """The same story with other checkpoints."""
    return [signed(f, said[f.header.step]) if f.header.step in said else f for f in own]


@pytest.mark.parametrize("tampering", [t for t in ALL if t.what not in TOGETHER], ids=lambda t: f"{t.by}: {t.what}")
def test_whoever_did_not_do_it_is_not_accused(tampering: Tampering, recorded: Recorded) -> None:
    by = EXPORTER if tampering.by == "exporter" else tampering.by
    assert {f.whose for f in tampering.found(recorded)} <= {"", by}


def test_a_party_that_retells_its_story_cannot_convict_the_label_holder(recorded: Recorded) -> None:
    """Its checkpoints say the root of the story that it tells now; those of the label holder that of the first one."""
    other = resealed(recorded.frames(), "telco", lambda own: otherwise(own, "prepared"))
    told = retold(
        recorded.frames(), "telco", lambda own: saying(otherwise(own, "prepared"), checkpoints(other, "telco"))
    )
    assert {(f.kind, f.whose) for f in of_log(told)} == {("checkpoint", "")}


def test_the_victim_of_a_forked_history_is_not_accused_for_what_it_witnessed(recorded: Recorded) -> None:
    """The label holder shows one party another history and signs that, too; the party's word stands alone."""
    fork = resealed(recorded.frames(), "bank", lambda own: otherwise(own, "decision"))
    told = retold(recorded.frames(), "telco", lambda own: saying(own, checkpoints(fork, "telco")))
    found = of_log(told)
    assert "witness" in {f.kind for f in found} and {f.whose for f in found} == {""}


def test_a_claim_that_cannot_be_true_does_not_convict_the_exporter(recorded: Recorded) -> None:
    first = {"bank": 5, "shop": 6, "telco": 3}
    held = [f for f in recorded.held[EXPORTER] if f.header.number <= first[f.header.source]]
    assert of_file(exported(recorded, held)) == []

    def claims(own: list[Frame]) -> list[Frame]:
        return [*own[:-1], signed(own[-1], watermarks="bank=2,shop=900")]

    (finding,) = of_file(exported(recorded, retold(held, "telco", claims)))
    assert (finding.kind, finding.whose) == ("truncated", "")


@pytest.mark.parametrize("step", ["accept", "prepared", "complete", "checkpoint.gated"])
@pytest.mark.parametrize("party", ["bank", "telco"])
def test_whoever_exports_second_versions_is_not_accused_of_them(recorded: Recorded, party: str, step: str) -> None:
    """Whichever of the two versions comes first in the file."""
    if (party, step) == ("bank", "prepared"):
        step = "decision"
    one = next(f for f in recorded.held[EXPORTER] if f.header.source == party and f.header.step == step)
    for second in range(1, 5):
        other = signed(one, time=f"2026-01-01T00:00:0{second}.000Z")
        found = of_file(exported(recorded, [*recorded.held[EXPORTER], other]))
        assert ("equivocation", party) in {(f.kind, f.whose) for f in found}
        assert {f.whose for f in found} <= {"", party}, found


@pytest.mark.parametrize("payload", [b'{ "model":""}', b'"text"', b"\xff", b"{}", b"[1]", b"1" * 5000])
def test_nobody_prevents_evidence_by_saying_what_is_no_json(recorded: Recorded, payload: bytes) -> None:
    last = max((f for f in recorded.held[EXPORTER] if f.header.source == "telco"), key=lambda f: f.header.number)
    attributes = recorded.find("telco", "complete").header.attributes() | {
        "eventnumber": str(last.header.number + 1),
        "previoushash": last.digest.hex(),
        "payloadhash": hashlib.sha256(payload).hexdigest(),
        "step": "state.odd",
    }
    attributes["id"] = event_id(attributes["subject"], attributes["eventnumber"], "")
    odd = Frame.make(Header.of(attributes), payload, KEYS["telco"].sign)
    data, warning = make(recorded.cid, KEYS[EXPORTER], [*recorded.held[EXPORTER], odd])
    found = judged(data).findings
    assert "form" in warning
    assert ("form", "telco") in {(f.kind, f.whose) for f in found} and {f.whose for f in found} == {"telco"}


def test_a_file_that_is_far_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "MAX_BYTES", 1 << 20)
    path = tmp_path / "evidence"
    path.write_bytes(b"{" * ((1 << 20) + 1))
    with pytest.raises(UsageError, match="more than 1 MiB"):
        verdict.load(path)


def test_consent_before_all_deeds_is_not_claimed_where_deeds_may_be_missing(recorded: Recorded) -> None:
    first = {"bank": 5, "shop": 6, "telco": 3}
    held = [f for f in recorded.held[EXPORTER] if f.header.number <= first[f.header.source]]
    said = [sentence for sentence, _ in judged(exported(recorded, held)).proven]
    assert "bank, shop and telco consented to this agreement." in said
