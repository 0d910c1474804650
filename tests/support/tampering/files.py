"""Evidence files that were changed without a key, or made up by their exporter."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.support.recorded import (
    EXPORTER,
    KEYS,
    Recorded,
    bare,
    changed,
    edited,
    exported,
    of_file,
    signed,
    swapped,
    without,
)
from tests.support.tampering.kinds import kind

from accord_agents.evidence.bundle import body
from accord_agents.evidence.finding import Finding
from accord_agents.evidence.statement import envelope, statement
from accord_schemas.events import Accept


def entry(value: dict[str, Any], recorded: Recorded, sender: str, step: str) -> dict[str, Any]:
    """The entry of an event in a file."""
    found = (e for e in value["events"] if e["header"]["source"] == sender and e["header"]["step"] == step)
    return next(found)


def in_file(recorded: Recorded, change: Callable[[dict[str, Any]], None]) -> list[Finding]:
    """Change a file without a key."""
    return of_file(edited(recorded.files[EXPORTER], change))


# ---- an outsider changes a file


@kind("an attribute of a header altered", "outsider", "file", "forged")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: entry(v, r, "bank", "complete")["header"].update(time="2026-01-01T00:00:00.001Z"))


@kind("a signature altered", "outsider", "file", "forged")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        one = entry(v, r, "telco", "accept")
        one["signature"] = ("B" if one["signature"][0] == "A" else "A") + one["signature"][1:]

    return in_file(r, change)


@kind("a model digest altered in a payload", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: entry(v, r, "bank", "complete")["payload"].update(model="ab" * 32))


@kind("a gate decision altered in a payload", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: entry(v, r, "bank", "decision")["payload"].update(decision="refuse"))


@kind("the agreement altered in the proposal", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: entry(v, r, "bank", "propose")["payload"]["agreement"].update(key_bits=4096))


@kind("a commitment altered in a payload", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        one = entry(v, r, "shop", "ids")
        one["payload"] = one["payload"][:-4] + "AAAA"

    return in_file(r, change)


@kind("a model digest altered among the facts", "outsider", "file", "facts")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v["facts"]["results"]["bank"].update(model="ab" * 32))


@kind("a gate decision altered among the facts", "outsider", "file", "facts")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v["facts"]["gate"]["telco"].update(decision="refuse"))


@kind("a note of a checkpoint altered", "outsider", "file", "facts")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v["facts"]["checkpoints"][0].update(note=v["facts"]["checkpoints"][1]["note"]))


@kind("the statement's payload altered", "outsider", "file", "statement")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        said = json.loads(base64.b64decode(v["statement"]["payload"]))
        said["predicate"]["encrypted"] = False
        v["statement"]["payload"] = base64.b64encode(json.dumps(said).encode()).decode()

    return in_file(r, change)


@kind("the statement's signature altered", "outsider", "file", "statement")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        sig = v["statement"]["signatures"][0]
        sig["sig"] = ("B" if sig["sig"][0] == "A" else "A") + sig["sig"][1:]

    return in_file(r, change)


@kind("the statement signed by another party in the exporter's name", "telco", "file", "statement")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        v["statement"] = envelope(statement(r.cid, EXPORTER, v["facts"], body(v)), KEYS["telco"])

    return in_file(r, change)


@kind("another party named as exporter", "outsider", "file", "statement")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v.update(exporter="telco"))


@kind("base64 with other spare bits", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        one = entry(v, r, "bank", "complete")  # 64 bytes leave four spare bits in the last of 86 letters
        last = one["signature"][-1]
        one["signature"] = one["signature"][:-1] + chr(ord(last) + 1)

    return in_file(r, change)


@kind("an event removed", "outsider", "file", "missing")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v["events"].remove(entry(v, r, "telco", "prepared")))


@kind("two events in each other's place", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        v["events"][3], v["events"][4] = v["events"][4], v["events"][3]

    return in_file(r, change)


@kind("two events exchange their sequences", "outsider", "file", "forged")
def _(r: Recorded) -> list[Finding]:
    def change(v: dict[str, Any]) -> None:
        one, other = v["events"][3]["header"], v["events"][4]["header"]
        one["eventnumber"], other["eventnumber"] = other["eventnumber"], one["eventnumber"]
        one["id"], other["id"] = other["id"], one["id"]

    return in_file(r, change)


@kind("an event repeated", "outsider", "file", "entry")
def _(r: Recorded) -> list[Finding]:
    return in_file(r, lambda v: v["events"].insert(3, v["events"][3]))


# ---- the exporter leaves out or makes up, and signs the file as its own


@kind("an event left out", "exporter", "file", "missing", EXPORTER)
def _(r: Recorded) -> list[Finding]:
    return of_file(exported(r, without(r.held[EXPORTER], r.find("telco", "prepared", "prepare"))))


@kind("a consent left out", "exporter", "file", "missing", EXPORTER)
def _(r: Recorded) -> list[Finding]:
    return of_file(exported(r, without(r.held[EXPORTER], r.find("telco", "accept"))))


@kind("the last events of a party left out", "exporter", "file", "truncated", EXPORTER)
def _(r: Recorded) -> list[Finding]:
    own = [f for f in r.held[EXPORTER] if f.header.source == "bank"]
    last = sorted(own, key=lambda f: f.header.number)[-4:]
    return of_file(exported(r, without(r.held[EXPORTER], *last)))


@kind("a gate decision kept back", "exporter", "file", "payload", EXPORTER)
def _(r: Recorded) -> list[Finding]:
    decision = r.find("bank", "decision", "gate.telco")
    return of_file(exported(r, swapped(r.held[EXPORTER], decision, bare(decision))))


@kind("an event in another party's name", "exporter", "file", "forged")
def _(r: Recorded) -> list[Finding]:
    mine = r.find(EXPORTER, "complete")
    return of_file(exported(r, [*r.held[EXPORTER], signed(mine, by=KEYS[EXPORTER], source="telco", eventnumber="90")]))


@kind("another party's event signed again with the own key", "exporter", "file", "forged")
def _(r: Recorded) -> list[Finding]:
    theirs = r.find("telco", "complete")
    forged = signed(theirs, changed(theirs, model="ab" * 32), by=KEYS[EXPORTER])
    return of_file(exported(r, swapped(r.held[EXPORTER], theirs, forged)))


@kind("an event of another collaboration", "exporter", "file", "foreign")
def _(r: Recorded) -> list[Finding]:
    other = signed(r.find("telco", "accept"), subject="ab" * 16)
    return of_file(exported(r, [*r.held[EXPORTER], other]))


@kind("the only consent of a party is a second version of it", "telco", "file", "equivocation", "telco")
def _(r: Recorded) -> list[Finding]:
    consent = r.find("telco", "accept")
    return of_file(exported(r, [*r.held[EXPORTER], signed(consent, Accept(commitment="cd" * 32))]))
