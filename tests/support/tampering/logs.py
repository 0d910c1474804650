"""Records of a log that were changed, removed or added by somebody who has no key."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.recorded import Recorded, audited, of_log, signed, without
from tests.support.tampering.kinds import LOG, kind

from accord_agents.evidence.finding import Finding


def flipped(r: Recorded, at: Callable[[bytes], int]) -> list[Finding]:
    """One bit of one record."""
    frame = r.find("telco", "prepared", "prepare")
    data = frame.encode()
    where = at(data)
    changed = data[:where] + bytes([data[where] ^ 4]) + data[where + 1 :]
    log = [type(one)(one.family, one.key, changed if one.frame == data else one.frame) for one in r.log]
    return [finding for report in audited(log) for finding in report.findings]


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


@kind("an event filed under another collaboration", LOG, "log", "misfiled")
def _(r: Recorded) -> list[Finding]:
    one = r.log[-1]
    log = [*r.log, type(one)(one.family, "ab" * 16, one.frame)]
    return [finding for report in audited(log) for finding in report.findings]


@kind("an event on another family's topic", LOG, "log", "misfiled")
def _(r: Recorded) -> list[Finding]:
    one = r.log[0]
    log = [*r.log, type(one)("psi", one.key, one.frame)]
    return [finding for report in audited(log) for finding in report.findings]


@kind("an event of somebody who is no party", "mallory", "log", "stranger")
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), signed(r.find("telco", "complete"), source="mallory", eventnumber="1")])
