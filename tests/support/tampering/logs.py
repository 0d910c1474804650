"""Records of a log that were changed, removed or added by somebody who has no key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.support.recorded import KEYS, Recorded, acknowledging, of_log, of_records, recorded_as, signed, without
from tests.support.tampering.kinds import LOG, kind

from accord_agents.evidence.finding import Finding
from accord_broker.port import Record
from accord_schemas.events import Propose


def flipped(r: Recorded, at: Callable[[bytes], int]) -> list[Finding]:
    """One bit of one record."""
    frame = r.find("telco", "prepared", "prepare")
    data = frame.encode()
    where = at(data)
    changed = data[:where] + bytes([data[where] ^ 4]) + data[where + 1 :]
    log = [type(one)(one.family, one.key, changed if one.frame == data else one.frame) for one in r.log]
    return of_records(log)


@kind("a bit of a header flipped", LOG, "log", "undecodable")
def _(r: Recorded) -> list[Finding]:
    return flipped(r, lambda data: data.index(b'"instance"') + 1)


@kind("a bit of a payload flipped", LOG, "log", "undecodable")
def _(r: Recorded) -> list[Finding]:
    return flipped(r, lambda data: len(data) - 80)


@kind("a bit of a signature flipped", LOG, "log", "forged")
def _(r: Recorded) -> list[Finding]:
    return flipped(r, lambda data: len(data) - 1)


@kind("an event removed", LOG, "log", "missing", LOG)
def _(r: Recorded) -> list[Finding]:
    return of_log(without(r.frames(), r.find("telco", "prepared", "prepare")))


@kind("the last events of everybody removed", LOG, "log", "truncated")
def _(r: Recorded) -> list[Finding]:
    last = [f for f in r.frames() if f.header.step == "checkpoint.completed"]
    return of_log(without(r.frames(), *last))


@kind("the last event of a witness removed", LOG, "log", "witness")
def _(r: Recorded) -> list[Finding]:
    return of_log(without(r.frames(), r.find("telco", "checkpoint.completed")))


@kind("the proposal removed", LOG, "log", "proposal", LOG)
def _(r: Recorded) -> list[Finding]:
    return of_log(without(r.frames(), r.find("bank", "propose")))


@kind("an event filed under another collaboration alone", LOG, "log", "misfiled")
def _(r: Recorded) -> list[Finding]:
    *log, one = r.log
    return of_records([*log, type(one)(one.family, "ab" * 16, one.frame)])


@kind("an event on another family's topic alone", LOG, "log", "misfiled")
def _(r: Recorded) -> list[Finding]:
    one, *log = r.log
    return of_records([*log, type(one)("psi", one.key, one.frame)])


@kind("an acknowledgement in which a bit was flipped", LOG, "log", "changed")
def _(r: Recorded) -> list[Finding]:
    data = acknowledging(r.find("telco", "accept"), {"bank": 1}).encode()
    where = data.index(b'"time"') + 12
    changed = data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]
    return of_records([*r.log, Record("control", r.cid, changed)])


# ---- a stranger who may write to the log adds to it what turns no verdict


@kind("an event filed under another collaboration, too", "mallory", "log", "misfiled", turns=False)
def _(r: Recorded) -> list[Finding]:
    one = r.log[-1]
    return of_records([*r.log, type(one)(one.family, "ab" * 16, one.frame)])


@kind("an event on another family's topic, too", "mallory", "log", "misfiled", turns=False)
def _(r: Recorded) -> list[Finding]:
    one = r.log[0]
    return of_records([*r.log, type(one)("psi", one.key, one.frame)])


@kind("an event of somebody who is no party", "mallory", "log", "stranger", turns=False)
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), signed(r.find("telco", "complete"), source="mallory", eventnumber="1")])


@kind("a party's event with another signature", "mallory", "log", "forged", turns=False)
def _(r: Recorded) -> list[Finding]:
    forged = signed(r.find("telco", "complete"), by=KEYS["mallory"])
    return of_log([forged, *r.frames(), forged])


@kind("a party's header and signature over another payload", "mallory", "log", "undecodable", turns=False)
def _(r: Recorded) -> list[Finding]:
    one = r.find("telco", "complete")
    junk = replace(one, payload=b'{"model":"' + b"ab" * 32 + b'"}').encode()
    return of_records([*recorded_as(r.frames()), Record("control", r.cid, junk)])


@kind("an event beyond all that a party has said", "mallory", "log", "forged", turns=False)
def _(r: Recorded) -> list[Finding]:
    last = max((f for f in r.frames() if f.header.source == "telco"), key=lambda f: f.header.number)
    place = {"eventnumber": str(last.header.number + 1), "previoushash": last.digest.hex()}
    return of_log([*r.frames(), signed(last, by=KEYS["mallory"], **place)])


@kind("another proposal for the same id", "mallory", "log", "proposal", turns=False)
def _(r: Recorded) -> list[Finding]:
    first = r.find("bank", "propose")
    event = Propose.decode(first.payload)
    other = event.model_copy(update={"agreement": event.agreement | {"key_bits": 4096}})
    return of_log([signed(first, other, by=KEYS["mallory"]), *r.frames()])


@kind("an event of a collaboration that nobody proposed", "mallory", "log", "unproposed", turns=False)
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), signed(r.find("telco", "accept"), by=KEYS["mallory"], subject="ab" * 16)])


@kind("bytes that are no event", "mallory", "log", "undecodable", turns=False)
def _(r: Recorded) -> list[Finding]:
    return of_records([Record("control", r.cid, b"noise"), *r.log])
