"""What people read: agreement, claimed times, whole digests, the file's own digest; pages that escape everything."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.support.recorded import EXPORTER, KNOWN, Recorded, read

from accord_agents.evidence.audit import Report
from accord_agents.evidence.finding import UNKNOWN, Finding, Note, Place
from accord_agents.evidence.saved import reformed
from accord_agents.evidence.telling import aside, told, whole
from accord_agents.evidence.verdict import Verdict, verify
from accord_scenarios.report import audit as audit_page
from accord_scenarios.report import evidence as evidence_page
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError

EVIL = '"><script>alert(1)</script>\x1b[31m&'


@pytest.fixture(scope="module")
def verdict(recorded: Recorded) -> Verdict:
    return verify(recorded.files[EXPORTER], KNOWN)


def test_text_and_page_say_what_was_agreed_when_and_of_which_file(recorded: Recorded, verdict: Verdict) -> None:
    data, facts = recorded.files[EXPORTER], verdict.facts
    expected = [
        *(hashlib.sha256(data).hexdigest(), version("accord"), facts["agreement"]),
        *("model linear", "protection shared", "max rounds 2", "max overlap 0.99", "retain days 365"),
        *(result["model"] for result in facts["results"].values()),
        *(facts["checkpoints"][-1]["root"], "bank proposed", "telco consented", "bank signed the end of the log"),
    ]
    text = told(verdict)
    assert all(words in text for words in expected), [words for words in expected if words not in text]
    assert "claim" in text and "no signature proves a time" in text and "…" not in text
    page = evidence_page.page(verdict)
    assert all(words.split(" ")[-1] in page for words in expected) and "No signature proves a time" in page
    said = json.loads(verdict.to_json())
    assert said["file"] == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert said["agreed"]["train"]["protection"] == "shared" and said["who_signed_is_proven"] is True
    assert {"claimed", "party", "did"} == set(said["claimed_times"][0])


def test_an_audited_collaboration_says_the_same(recorded: Recorded) -> None:
    (report,) = read(recorded.log, KNOWN).reports()
    text, page = whole(report, "proven"), audit_page.page("embedded:log.db", [(report, "proven")], [], 0)
    for words in ("model linear", "telco", report.agreement, recorded.cid):
        assert words in text and words in page
    assert "bank proposed" in text


def test_pages_escape_whatever_others_wrote(verdict: Verdict) -> None:
    finding, place = Finding("forged", UNKNOWN, EVIL, EVIL), Place("control", EVIL, 3)
    agreed = {"name": EVIL, "learns": {EVIL: EVIL}, EVIL: {EVIL: EVIL}, "train": None}
    report = Report(EVIL, EVIL, {"bank": EVIL}, [], {"bank": EVIL}, False, 1, [finding], EVIL, agreed, verdict.times)
    page = audit_page.page(f"kafka://broker/{EVIL}", [(report, "tampered")], [Note(EVIL, EVIL, place, EVIL)], 7)
    facts = verdict.facts | {"name": EVIL, "agreement": EVIL}
    other = evidence_page.page(Verdict("tampered", EVIL, [finding], facts, [(EVIL, EVIL)], [EVIL], agreed))
    for text in (page, other):
        assert "<script" not in text and "&lt;script" in text and "default-src 'none'" in text
    assert "And 7 more" in page


def test_a_page_about_an_empty_log() -> None:
    assert "No collaboration is on this log" in audit_page.page("embedded:log.db", [], [], 0)


def test_what_is_told_aside(recorded: Recorded) -> None:
    note = Note("undecodable", recorded.cid, Place("control", "log", 12), "it holds no event: cut short")
    assert list(aside([], 0)) == []
    _, line, more = aside([note], 3)
    assert line.endswith("it holds no event: cut short (topic control, offset 12 of log)") and "3 more" in more


def saved(data: bytes) -> dict[str, bytes]:
    value = json.loads(data)
    return {
        "a line end": data + b"\n",
        "byte order mark": b"\xef\xbb\xbf" + data,
        "UTF-16": data.decode().encode("utf-16"),
        "CRLF": json.dumps(value, indent=1).replace("\n", "\r\n").encode(),
        "laid out anew": json.dumps(value, indent=2, ensure_ascii=False).encode(),
        "escapes": json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode(),
    }


def test_a_file_that_an_editor_saved_is_said_to_be_one(recorded: Recorded) -> None:
    for words, data in saved(recorded.files[EXPORTER]).items():
        with pytest.raises(UsageError) as caught:
            verify(data)
        assert words in caught.value.message and "original" in caught.value.hint
        assert caught.value.exit_code == 2
    with pytest.raises(UsageError) as caught:
        verify(b'{"a":1}\n')
    assert "export" in caught.value.hint


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b'{"a":1,"a":2}', b'{"a":NaN}'])
def test_what_is_no_json_was_not_saved_again(data: bytes) -> None:
    assert reformed(data) == ("", None)


def test_models_are_compared_by_every_bit(recorded: Recorded, verdict: Verdict, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    terms = {"coefficients": {"x": 0.5}, "party": "shop"}
    model = canonical_json(terms | {"salt": "5a" * 32})
    results = {
        party: said | {"model": hashlib.sha256(model).hexdigest()} for party, said in verdict.facts["results"].items()
    }
    fitting = Verdict("proven", EXPORTER, [], verdict.facts | {"results": results})
    path.write_bytes(model)
    same = fitting.with_model(path)
    assert (same.verdict, same.proven[-1][0].endswith(hashlib.sha256(model).hexdigest() + ".")) == ("proven", True)
    for data, why in (
        (model + b"\n", "saved again: a line end"),
        (model.replace(b"0.5", b"0.6"), "its SHA-256 is"),
        (canonical_json(terms | {"salt": "5b" * 32}), "its SHA-256 is"),
        (canonical_json(terms), "its salt is missing"),
        (b"[]", "its salt is missing"),
    ):
        path.write_bytes(data)
        other = fitting.with_model(path)
        assert (other.exit_code, other.findings[-1].kind) == (4, "model") and why in other.findings[-1].sentence
    none = Verdict("proven", EXPORTER, [], verdict.facts | {"results": {}}).with_model(path)
    assert none.exit_code == 4 and "no party of this collaboration has completed with one" in none.findings[0].sentence
    tampered = Verdict("tampered", EXPORTER, [], fitting.facts).with_model(path)
    assert tampered.exit_code == 4
