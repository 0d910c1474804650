"""One honest collaboration, recorded once, and the tools of somebody who would like it to have gone otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from tests.support.simulated import SimulatedNetwork, identities
from tests.support.world import agreement, tables

from accord_agents.collaboration.checkpoints import History
from accord_agents.evidence.audit import Auditor, Report
from accord_agents.evidence.export import held_frames, make
from accord_agents.evidence.finding import Finding, Place
from accord_agents.evidence.known import Known
from accord_agents.evidence.verdict import Verdict, verify
from accord_agents.security.identity import Identity
from accord_broker.port import Record
from accord_protocols.jobs.registry import JOBS
from accord_schemas.canonical import canonical_json
from accord_schemas.events import Ack, Checkpoint, Event, Prepared
from accord_schemas.frame import Frame
from accord_schemas.header import Header, event_id, watermarks
from accord_schemas.suites import DEFAULT, SUITES, Profile

DATA = tables(3, n=60, columns=2)
KEYS = identities((*DATA, "mallory"))
PINS = {party: KEYS[party].public.fingerprint for party in DATA}
KNOWN = Known.of(PINS)
EXPORTER = "shop"


@dataclass(frozen=True)
class Recorded:
    """What three parties said.

    Args:
        cid: The collaboration.
        log: Every record, acknowledgements too.
        files: Each party's evidence.
        held: The frames that each party holds.
    """

    cid: str
    log: tuple[Record, ...]
    files: dict[str, bytes]
    held: dict[str, tuple[Frame, ...]]

    def frames(self) -> list[Frame]:
        """Every sequenced frame once, whole, in the log's order."""
        found = (Frame.decode(record.frame) for record in self.log)
        return list({f.digest: f for f in found if f.header.number}.values())

    def find(self, sender: str, step: str, instance: str = "session") -> Frame:
        """The frame at an address."""
        return next(f for f in self.frames() if f.header.address == (instance, step, sender))


def record(folder: Path, profile: Profile = DEFAULT) -> Recorded:
    """Play it: three parties, gate, alignment, two rounds; contents in chunks of 4 KiB."""
    terms, keys = agreement(3, gate=0.99, max_rounds=2), identities(tuple(DATA), profile)
    limits = terms.limits.model_copy(update={"chunk_bytes": 4096})
    terms = terms.model_copy(update={"limits": limits, "profile": profile})
    network = SimulatedNetwork(folder, terms, DATA, order=3).run()
    (cid,) = network.members["bank"].dispatcher.collaborations
    held = {p: tuple(held_frames(h.journal, cid)) for p, h in network.members.items()}
    network.close()
    log = tuple(Record(family, cid, frame) for family, frame in network.log)
    return Recorded(cid, log, {p: make(cid, keys[p], list(f))[0] for p, f in held.items()}, held)


# ---- judging


def read(records: Iterable[Record], known: Known | None = None) -> Auditor:
    """An auditor that has read a log."""
    auditor = Auditor(known)
    for offset, one in enumerate(records, 1):
        auditor.take(one, Place(one.family, "log", offset))
    return auditor


def audited(records: Iterable[Record], known: Known | None = None) -> list[Report]:
    """What an auditor makes of a log."""
    return read(records, known).reports()


def of_log(frames: Iterable[Frame]) -> list[Finding]:
    """What an auditor finds on a log of these frames."""
    return of_records(recorded_as(frames))


def recorded_as(frames: Iterable[Frame]) -> list[Record]:
    """The records that hold frames, each where it belongs."""
    return [Record(f.header.event_class.family, f.header.subject, f.encode()) for f in frames]


def of_records(records: Iterable[Record]) -> list[Finding]:
    """What an auditor finds on a log: what turns its verdict, and as warnings the notes that do not."""
    auditor = read(records)
    notes = [Finding(n.kind, "", str(n.place), n.sentence, warning=True) for n in auditor.notes()]
    return [*(finding for report in auditor.reports() for finding in report.findings), *notes]


def of_file(data: bytes) -> list[Finding]:
    """What is found in a file."""
    return verify(data).findings


def judged(data: bytes) -> Verdict:
    """The verdict on a file, against the parties' real keys."""
    return verify(data, KNOWN)


# ---- changing


def edited(data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A file that somebody without a key has changed, in canonical form again."""
    value = json.loads(data)
    change(value)
    return canonical_json(value)


def exported(recorded: Recorded, frames: Iterable[Frame], by: str = EXPORTER) -> bytes:
    """A file that a party has made of frames as it likes."""
    return make(recorded.cid, KEYS[by], list(frames))[0]


def without(frames: Iterable[Frame], *gone: Frame) -> list[Frame]:
    """All but some."""
    return [f for f in frames if f.digest not in {g.digest for g in gone}]


def signed(frame: Frame, event: Event | None = None, /, by: Identity | None = None, **changes: str) -> Frame:
    """A frame with another event or other attributes, signed by its sender or by somebody else."""
    payload = frame.payload if event is None else event.encode()
    attributes = frame.header.attributes() | changes
    attributes["payloadhash"] = SUITES[attributes.get("suite") or DEFAULT].hash(payload).hex()
    marks = attributes.get("watermarks", "")
    attributes["id"] = event_id(attributes["subject"], attributes.get("eventnumber", ""), marks)
    key = by or KEYS[attributes["source"]]
    return Frame.make(Header.of({n: v for n, v in attributes.items() if v}), payload, key.sign)


def resigned(frame: Frame, event: Event | None, changes: dict[str, str]) -> Frame:
    """As `signed`, by its sender."""
    return signed(frame, event, by=None, **changes)


def retold(frames: Iterable[Frame], sender: str, tell: Callable[[list[Frame]], list[Frame]]) -> list[Frame]:
    """A log on which one party tells its whole story otherwise: sequences and chain are made to fit again."""
    all_frames = list(frames)
    own = sorted((f for f in all_frames if f.header.source == sender), key=lambda f: f.header.number)
    story: list[Frame] = []
    for number, frame in enumerate(tell(own), 1):
        before = story[-1].digest if story else bytes(32)
        story.append(signed(frame, eventnumber=str(number), previoushash=before.hex()))
    return [*(f for f in all_frames if f.header.source != sender), *story]


def changed(frame: Frame, **changes: Any) -> Event:
    """The event in a frame, otherwise; it need not be a valid one."""
    return frame.header.event_class.decode(frame.payload).model_copy(update=changes)


def filler(frame: Frame) -> Frame:
    """Something harmless in a frame's place, so that nobody misses a sequence."""
    header = frame.header
    seal = {"salt": "ab" * 32, "epoch": "1", "datacontenttype": "application/vnd.accord.encrypted", "chunk": ""}
    place = {"type": Prepared.type, "instance": "filler", "step": f"n{header.number}"}
    return resigned(Frame(header, b"filler", frame.signature, frame.head), None, seal | place)


def resealed(frames: Iterable[Frame], party: str, tell: Callable[[list[Frame]], list[Frame]]) -> list[Frame]:
    """As `retold`; and the label holder signs checkpoints that fit the new story, and so do all who witnessed them."""
    told: dict[str, list[Frame]] = {p: [] for p in DATA}
    for frame in sorted(frames, key=lambda f: f.header.number):
        told[frame.header.source].append(frame)
    told[party] = tell(told[party])
    done: dict[str, list[Frame]] = {p: [] for p in DATA}
    checkpoints: dict[str, Checkpoint] = {}

    def finish(sender: str, number: int) -> None:
        for frame in told[sender][len(done[sender]) : number]:
            before = done[sender][-1].digest if done[sender] else bytes(32)
            place = {"eventnumber": str(len(done[sender]) + 1), "previoushash": before.hex()}
            done[sender].append(resigned(frame, checkpoints.get(frame.header.step), place))

    def known(sender: str, number: int) -> bytes | None:
        return done[sender][number - 1].digest if 0 < number <= len(done[sender]) else None

    history = History(DATA, "bank", known, JOBS["train"].checkpoints)
    for at, frame in enumerate(told["bank"]):
        if frame.header.event_class is Checkpoint:
            old = Checkpoint.decode(frame.payload)
            cut = {p: _covered(told[p], number) for p, number in old.cut.items()} | {"bank": at}
            for sender, number in cut.items():
                finish(sender, number)
            root = history.extend(cut).hex()
            checkpoints[frame.header.step] = Checkpoint(phase=old.phase, cut=cut, size=history.tree.size, root=root)
    for sender, story in told.items():
        finish(sender, len(story))
    return [frame for story in done.values() for frame in story]


def _covered(story: list[Frame], number: int) -> int:
    """How many events of a new story stand where the old one was covered up to a sequence."""
    return sum(1 for _ in takewhile(lambda f: f.header.number <= number, story))


def acknowledging(frame: Frame, seen: dict[str, int]) -> Frame:
    """A bare acknowledgement in the name of a frame's sender."""
    keep = ("source", "subject", "time", "agreement", "specversion")
    kept = {n: v for n, v in frame.header.attributes().items() if n in keep}
    marks, payload = watermarks(seen), Ack().encode()
    header = Header.of(
        kept
        | {
            "type": Ack.type,
            "watermarks": marks,
            "datacontenttype": "application/json",
            "payloadhash": hashlib.sha256(payload).hexdigest(),
            "id": event_id(frame.header.subject, "", marks),
        }
    )
    return Frame.make(header, payload, KEYS[frame.header.source].sign)


def swapped(frames: Iterable[Frame], old: Frame, new: Frame) -> list[Frame]:
    """One frame in another's place."""
    return [new if f.digest == old.digest else f for f in frames]


def bare(frame: Frame) -> Frame:
    """A frame whose payload is kept back."""
    return replace(frame, payload=b"")
