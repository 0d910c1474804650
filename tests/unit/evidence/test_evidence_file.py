"""The evidence file: one form, every bit counts; verdicts with and without known keys."""

from __future__ import annotations

import base64
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.real import every
from tests.support.recorded import EXPORTER, KEYS, KNOWN, PINS, Recorded, edited, exported, of_file, record, signed
from tests.support.simulated import SimulatedNetwork, identities
from tests.support.world import agreement, tables

from accord_agents.evidence.bundle import FORMAT
from accord_agents.evidence.export import held_frames, make
from accord_agents.evidence.known import Known
from accord_agents.evidence.notes import key_id, origin
from accord_agents.evidence.statement import encoding
from accord_agents.evidence.telling import told
from accord_agents.evidence.verdict import verify
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import UsageError
from accord_schemas.events import Checkpoint
from accord_schemas.frame import Frame
from accord_schemas.merkle import verify_consistency
from accord_schemas.suites import PQ, SM, Profile


def outcome(data: bytes) -> int:
    """The exit code of a verdict."""
    try:
        return verify(data).exit_code
    except UsageError as error:
        return error.exit_code


@pytest.mark.sweep
def test_any_flipped_bit_is_found(recorded: Recorded) -> None:
    data, rng = recorded.files[EXPORTER], random.Random(5)
    for at in rng.sample(range(len(data)), 150 // every(3)):
        changed = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        assert outcome(changed) in (2, 4), at


@pytest.mark.parametrize("part", [0, 1, 2 / 3, 0.999])
def test_a_file_that_is_cut_or_padded_is_no_evidence(recorded: Recorded, part: float) -> None:
    data = recorded.files[EXPORTER]
    assert outcome(data + b"\n" if part == 1 else data[: int(len(data) * part)]) == 2


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 200_000, b"1" * 9_000])
def test_what_is_no_evidence_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UsageError, match="no evidence of Accord") as caught:
        verify(data)
    assert caught.value.exit_code == 2


def test_a_repeated_key_is_no_canonical_form(recorded: Recorded) -> None:
    data = recorded.files[EXPORTER]
    with pytest.raises(UsageError):
        verify(data[:-1] + b',"format":"' + FORMAT.encode() + b'"}')


@pytest.mark.sweep
def test_other_values_in_any_place_never_break_the_verifier(recorded: Recorded) -> None:
    """Every kind of value in the place of others, canonical again: found, without an exception."""
    rng = random.Random(7)
    odd: list[Any] = [None, True, -1, 1.5, "", "é", "x" * 300, [], {}, [[]], {"a": 1}, 1 << 70, ["x"], {"header": {}}]

    def somewhere(value: dict[str, Any]) -> None:
        here: Any = value
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            key = rng.choice(keys)
            inner = here[key]
            if not isinstance(inner, dict | list) or not inner or rng.random() < 0.25:
                here[key] = rng.choice([o for o in odd if o != inner])
                return
            here = inner

    for _ in range(300 // every(4)):
        assert outcome(edited(recorded.files[EXPORTER], somewhere)) in (2, 4)


def test_without_identities_who_signed_is_not_proven(recorded: Recorded) -> None:
    verdict = verify(recorded.files[EXPORTER])
    text = told(verdict)
    assert (verdict.verdict, verdict.exit_code) == ("consistent", 0)
    assert text.startswith("consistent; who signed is NOT proven")
    assert all(fingerprint in text for fingerprint in PINS.values())
    assert verdict.not_proven[0].startswith("Who signed")


def test_with_the_right_identities_it_is_proven(recorded: Recorded) -> None:
    verdict = verify(recorded.files[EXPORTER], KNOWN)
    assert (verdict.verdict, verdict.findings) == ("proven", [])
    said = " ".join(sentence for sentence, _ in verdict.proven)
    assert "Nothing that belongs to the collaboration is missing" in said and "bank, shop and telco consented" in said
    assert not any(sentence.startswith("Who signed") for sentence in verdict.not_proven)
    assert json.loads(verdict.to_json())["algorithms"] == ["ed25519"]


def test_a_wrong_key_is_tampering_and_an_unknown_one_is_not_proven(recorded: Recorded) -> None:
    wrong = verify(recorded.files[EXPORTER], Known.of(PINS | {"telco": PINS["bank"]}))
    assert (wrong.verdict, [f.kind for f in wrong.findings]) == ("tampered", ["key"])
    some = verify(recorded.files[EXPORTER], Known.of({"bank": PINS["bank"]}))
    assert (some.verdict, {f.warning for f in some.findings}) == ("consistent", {True})


def test_every_party_can_make_the_same_case(recorded: Recorded) -> None:
    facts = [verify(data).facts for data in recorded.files.values()]
    same = ("agreement", "consents", "commitments", "gate", "results", "witnessed")
    assert all(f[name] == facts[0][name] for f in facts for name in same)


def test_tails_that_are_cut_where_they_fit_never_claim_an_end(recorded: Recorded) -> None:
    """The exporter hides how it went on: the file is that of a collaboration that had not ended, and says so."""
    first = json.loads(recorded.find("bank", "checkpoint.keyed").payload)["cut"]
    verdict = verify(
        exported(recorded, [f for f in recorded.held[EXPORTER] if f.header.number <= first[f.header.source]])
    )
    assert (verdict.exit_code, verdict.findings) == (0, [])
    assert any("had not ended" in sentence for sentence in verdict.not_proven)
    assert not any("missing" in sentence or "completed" in sentence for sentence, _ in verdict.proven)


def test_a_file_of_the_first_words_alone(recorded: Recorded) -> None:
    proposal, consent = recorded.find("bank", "propose"), recorded.find("shop", "accept")
    verdict = verify(exported(recorded, [proposal, consent]))
    assert (verdict.exit_code, verdict.findings) == (0, [])
    assert any("had not ended" in sentence for sentence in verdict.not_proven)
    assert not any("consented" in sentence for sentence, _ in verdict.proven)


@pytest.mark.sweep
@pytest.mark.parametrize(("profile", "algorithm"), [(SM, "sm2"), (PQ, "ml-dsa-65+ed25519")])
def test_another_profile(tmp_path: Path, profile: Profile, algorithm: str) -> None:
    recorded = record(tmp_path, profile)
    pins = {p: identity.public.fingerprint for p, identity in identities(tuple(PINS), profile).items()}
    verdict = verify(recorded.files[EXPORTER], Known.of(pins))
    assert (verdict.verdict, verdict.findings) == ("proven", [])
    assert json.loads(verdict.to_json())["algorithms"] == [algorithm]
    assert any(basis.startswith(f"{algorithm} signatures") for _, basis in verdict.proven)
    assert verify(recorded.files[EXPORTER], KNOWN).exit_code == 4
    changed = edited(recorded.files[EXPORTER], lambda v: v["events"][0]["header"].update(suite="default"))
    assert outcome(changed) == 4


def test_the_statement_is_dsse() -> None:
    """The example of github.com/secure-systems-lab/dsse, protocol.md."""
    said = encoding("http://example.com/HelloWorld", b"hello world")
    assert said == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_statement_names_file_and_models(recorded: Recorded) -> None:
    value = json.loads(recorded.files[EXPORTER])
    said = json.loads(base64.b64decode(value["statement"]["payload"]))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    models = {f"accord/{recorded.cid}/model/{p}": r["model"] for p, r in value["facts"]["results"].items()}
    assert {s["name"]: s["digest"]["sha256"] for s in said["subject"][1:]} == models


def test_checkpoints_are_notes_that_continue_each_other(recorded: Recorded) -> None:
    checkpoints = verify(recorded.files[EXPORTER]).facts["checkpoints"]
    assert [c["phase"] for c in checkpoints][-2:] == ["CONVERGED", "COMPLETED"]
    for one, two in itertools.pairwise(checkpoints):
        proof = [bytes.fromhex(node) for node in two["consistency"]]
        roots = bytes.fromhex(one["root"]), bytes.fromhex(two["root"])
        assert verify_consistency(one["size"], roots[0], two["size"], roots[1], proof)
    text, _, signatures = checkpoints[-1]["note"].partition("\n\n")
    log, size, root = text.split("\n")
    assert (log, int(size)) == (origin(recorded.cid), checkpoints[-1]["size"])
    for line, party in zip(signatures.splitlines(), checkpoints[-1]["signed_by"], strict=True):
        dash, name, encoded = line.split(" ")
        blob = base64.b64decode(encoded)
        frame = Frame.decode(blob[4:])
        event = Checkpoint.decode(frame.payload)
        assert (dash, blob[:4]) == ("—", key_id(name, KEYS[party].public.signing))
        assert KEYS[party].public.verify(frame.to_sign, frame.signature)
        assert (event.size, bytes.fromhex(event.root)) == (int(size), base64.b64decode(root))


def test_second_versions_are_kept_in_the_file(recorded: Recorded) -> None:
    twice = [*recorded.held[EXPORTER], signed(recorded.find("telco", "accept"), time="2026-01-01T00:00:01.000Z")]
    data, warning = make(recorded.cid, KEYS[EXPORTER], twice)
    assert "two versions" in warning
    assert ("equivocation", "telco") in {(f.kind, f.whose) for f in of_file(data)}
    assert len(json.loads(data)["events"]) == len({f.digest for f in recorded.held[EXPORTER]}) + 1


def test_it_is_canonical_json(recorded: Recorded) -> None:
    data = recorded.files[EXPORTER]
    assert canonical_json(json.loads(data)) == data


def test_verification_needs_neither_network_nor_secrets() -> None:
    code = (
        "import sys; import accord_agents.evidence.verdict; "
        "found = {'sklearn', 'aiokafka', 'aiomqtt', 'sqlite3', 'accord_agents.security.channels.base', "
        "'accord_agents.security.keystore'} & set(sys.modules); sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_was_sealed_may_be_erased(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, agreement(2, max_rounds=1), tables(2, n=60, columns=2)).run()
    journal = network.members["shop"].journal
    (cid,) = journal.collaborations()
    before = make(cid, KEYS["shop"], list(held_frames(journal, cid)))[0]
    assert journal.erase(cid, lambda head: Frame.restore(head, None).header.event_class.encrypted) > 0
    after = make(cid, KEYS["shop"], list(held_frames(journal, cid)))[0]
    network.close()
    assert after == before and verify(after, KNOWN).verdict == "proven"
