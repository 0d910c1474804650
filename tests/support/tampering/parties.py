"""Parties that tell it otherwise, under their own valid signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.support.recorded import Recorded, acknowledging, changed, filler, of_log, resealed, retold, signed, swapped
from tests.support.tampering.kinds import kind

from accord_agents.evidence.finding import Finding
from accord_schemas.events import Accept, Checkpoint, Complete, Gate, IdSet, PaillierKey, Propose
from accord_schemas.frame import Frame


def story(r: Recorded, party: str, step: str, /, **changes: Any) -> list[Finding]:
    """A party tells one event otherwise, and all its later ones so that they fit."""

    def tell(own: list[Frame]) -> list[Frame]:
        return [signed(f, changed(f, **changes)) if f.header.step == step else f for f in own]

    return of_log(retold(r.frames(), party, tell))


def left_out(r: Recorded, party: str, step: str) -> list[Finding]:
    """A party said something else in place of one of its events."""
    return of_log(retold(r.frames(), party, lambda own: [filler(f) if f.header.step == step else f for f in own]))


def moved(own: list[Frame], step: str, *, behind: str) -> list[Frame]:
    """A party's story with all events of a step elsewhere: behind the first of another step."""
    events = [f for f in own if f.header.step == step]
    rest = [f for f in own if f.header.step != step]
    at = next(i for i, f in enumerate(rest) if f.header.step == behind) + 1
    return [*rest[:at], *events, *rest[at:]]


def quiet(r: Recorded, party: str, step: str) -> list[Finding]:
    """A party leaves an event out, and all sign checkpoints over what it said instead."""
    return of_log(resealed(r.frames(), party, lambda own: [filler(f) if f.header.step == step else f for f in own]))


@kind("two versions of an event", "bank", "log", "equivocation", "bank")
def _(r: Recorded) -> list[Finding]:
    decision = r.find("bank", "decision", "gate.telco")
    return of_log([*r.frames(), signed(decision, changed(decision, decision="refuse"))])


@kind("one history for a party, another for the rest, seen together", "telco", "log", "equivocation", "telco")
def _(r: Recorded) -> list[Finding]:
    other = retold(
        r.frames(), "telco", lambda own: [*own[:5], signed(own[5], time="2026-01-01T00:00:01.000Z"), *own[6:]]
    )
    return of_log([*r.frames(), *other])


@kind("one history for a party, another for the rest, each seen alone", "telco", "log", "checkpoint")
def _(r: Recorded) -> list[Finding]:
    other = retold(
        r.frames(), "telco", lambda own: [*own[:3], signed(own[3], time="2026-01-01T00:00:01.000Z"), *own[4:]]
    )
    return of_log(other)


@kind("an event in place of another, without the later ones", "bank", "log", "chain", "bank")
def _(r: Recorded) -> list[Finding]:
    decision = r.find("bank", "decision", "gate.telco")
    return of_log(swapped(r.frames(), decision, signed(decision, changed(decision, features="warn"))))


@kind("going on though the gate refused, as all have seen", "telco", "log", "gate", "telco")
def _(r: Recorded) -> list[Finding]:
    def refused(own: list[Frame]) -> list[Frame]:
        return [signed(f, changed(f, decision="refuse")) if f.header.step == "decision" else f for f in own]

    return of_log(resealed(r.frames(), "bank", refused))


@kind("a gate that refuses only in what the log shows", "bank", "log", "gate")
def _(r: Recorded) -> list[Finding]:
    return story(r, "bank", "decision", decision="refuse")


@kind("the gate decided after the party that decides went on", "bank", "log", "gate", "bank")
def _(r: Recorded) -> list[Finding]:
    return of_log(resealed(r.frames(), "bank", lambda own: moved(own, "decision", behind="state.aligned")))


@kind("alignment begun before the gate had decided", "bank", "log", "gate", "bank")
def _(r: Recorded) -> list[Finding]:
    return of_log(resealed(r.frames(), "bank", lambda own: moved(own, "blinded", behind="sample")))


@kind("a result before the training has ended", "telco", "log", "complete", "telco")
def _(r: Recorded) -> list[Finding]:
    return of_log(resealed(r.frames(), "telco", lambda own: moved(own, "complete", behind="state.keyed")))


@kind("a state for which the gate has not decided", "telco", "log", "gate", "telco")
def _(r: Recorded) -> list[Finding]:
    return quiet(r, "bank", "decision")


@kind("a state for which a party's keys are missing", "telco", "log", "keys", "telco")
def _(r: Recorded) -> list[Finding]:
    return quiet(r, "shop", "oprf")


@kind("keys that are missing only in what the log shows", "shop", "log", "keys")
def _(r: Recorded) -> list[Finding]:
    return left_out(r, "shop", "exchange")


@kind("a state skipped", "telco", "log", "transition", "telco")
def _(r: Recorded) -> list[Finding]:
    return left_out(r, "telco", "state.keyed")


@kind("acting without the own consent", "telco", "log", "consent", "telco")
def _(r: Recorded) -> list[Finding]:
    return left_out(r, "telco", "accept")


@kind("consent after the deeds", "telco", "log", "consent", "telco")
def _(r: Recorded) -> list[Finding]:
    def late(own: list[Frame]) -> list[Frame]:
        consent = next(f for f in own if f.header.event_class is Accept)
        rest = [f for f in own if f is not consent]
        at = next(i for i, f in enumerate(rest) if f.header.event_class is IdSet) + 1
        return [*rest[:at], consent, *rest[at:]]

    return of_log(retold(r.frames(), "telco", late))


@kind("acting before the consent of another was heard", "telco", "log", "consent", "telco")
def _(r: Recorded) -> list[Finding]:
    def early(own: list[Frame]) -> list[Frame]:
        return [signed(f, watermarks="bank=2,shop=0") if f.header.step == "state.agreed" else f for f in own]

    return of_log(resealed(r.frames(), "telco", early))


@kind("another nonce than the one that was committed to", "telco", "log", "nonce", "telco")
def _(r: Recorded) -> list[Finding]:
    def other(own: list[Frame]) -> list[Frame]:
        return [signed(f, changed(f, nonce="ab" * 32)) if f.header.step == "nonce" else f for f in own]

    return of_log(resealed(r.frames(), "telco", other))


@kind("keys without the nonce of a party", "telco", "log", "keys", "telco")
def _(r: Recorded) -> list[Finding]:
    return quiet(r, "shop", "nonce")


@kind("another model than the one that was trained, in a retold history", "telco", "log", "checkpoint")
def _(r: Recorded) -> list[Finding]:
    return story(r, "telco", "complete", model="ab" * 32)


@kind("completing without a model", "telco", "log", "complete", "telco")
def _(r: Recorded) -> list[Finding]:
    return story(r, "telco", "complete", model="")


@kind("other common rows than the others", "telco", "log", "complete")
def _(r: Recorded) -> list[Finding]:
    return story(r, "telco", "complete", rows=7)


@kind("a checkpoint with another root", "bank", "log", "checkpoint", "bank")
def _(r: Recorded) -> list[Finding]:
    return story(r, "bank", "checkpoint.gated", root="ab" * 32)


@kind("a checkpoint with a wrong size", "bank", "log", "cut", "bank")
def _(r: Recorded) -> list[Finding]:
    return story(r, "bank", "checkpoint.gated", size=1)


@kind("a checkpoint that leaves out what an earlier one covered", "bank", "log", "cut", "bank")
def _(r: Recorded) -> list[Finding]:
    cut = Checkpoint.decode(r.find("bank", "checkpoint.aligned").payload).cut | {"telco": 1}
    return story(r, "bank", "checkpoint.aligned", cut=cut, size=sum(cut.values()))


@kind("a checkpoint over events that nobody said", "bank", "log", "missing")
def _(r: Recorded) -> list[Finding]:
    cut = Checkpoint.decode(r.find("bank", "checkpoint.aligned").payload).cut | {"telco": 999}
    return story(r, "bank", "checkpoint.aligned", cut=cut, size=sum(cut.values()))


@kind("no checkpoint at the end of a phase", "bank", "log", "checkpoint", "bank")
def _(r: Recorded) -> list[Finding]:
    return quiet(r, "bank", "checkpoint.gated")


@kind("a witness who signs another root, or was shown one", "telco", "log", "witness")
def _(r: Recorded) -> list[Finding]:
    return story(r, "telco", "checkpoint.completed", root="ab" * 32)


@kind("a witness who is silent, and goes on", "telco", "log", "witness", "telco")
def _(r: Recorded) -> list[Finding]:
    return quiet(r, "telco", "checkpoint.converged")


@kind("a watermark beyond what was ever said", "telco", "log", "watermark")
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), acknowledging(r.find("telco", "accept"), {"bank": 9999})])


@kind("a watermark that goes back", "telco", "log", "watermark", "telco")
def _(r: Recorded) -> list[Finding]:
    def back(own: list[Frame]) -> list[Frame]:
        return [signed(f, watermarks="bank=1,shop=1") if f.header.step == "prepared" else f for f in own]

    return of_log(retold(r.frames(), "telco", back))


@kind("a watermark of somebody who is no party", "telco", "log", "watermark", "telco")
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), acknowledging(r.find("telco", "accept"), {"mallory": 1})])


@kind("a chunk never said", "shop", "log", "chunk", "shop")
def _(r: Recorded) -> list[Finding]:
    def fewer(own: list[Frame]) -> list[Frame]:
        gone = next(f for f in own if f.header.chunk)
        return [filler(f) if f is gone else f for f in own]

    return of_log(retold(r.frames(), "shop", fewer))


@kind("chunks that disagree about their number", "shop", "log", "chunk", "shop")
def _(r: Recorded) -> list[Finding]:
    def other(own: list[Frame]) -> list[Frame]:
        one = next(f for f in own if f.header.chunk)
        return [signed(f, chunk="1/9999") if f is one else f for f in own]

    return of_log(retold(r.frames(), "shop", other))


@kind("an address used twice", "telco", "log", "address", "telco")
def _(r: Recorded) -> list[Finding]:
    return of_log(retold(r.frames(), "telco", lambda own: [*own, r.find("telco", "prepared", "prepare")]))


@kind("an event to others than its kind demands", "telco", "log", "recipients", "telco")
def _(r: Recorded) -> list[Finding]:
    def to(own: list[Frame]) -> list[Frame]:
        return [signed(f, recipients="bank") if f.header.step == "complete" else f for f in own]

    return of_log(retold(r.frames(), "telco", to))


@kind("an event where none of its kind belongs", "telco", "log", "place", "telco")
def _(r: Recorded) -> list[Finding]:
    def moved(own: list[Frame]) -> list[Frame]:
        return [signed(f, step="finished") if f.header.step == "complete" else f for f in own]

    return of_log(retold(r.frames(), "telco", moved))


@kind("a decision about another edge than its address", "bank", "log", "place", "bank")
def _(r: Recorded) -> list[Finding]:
    return story(r, "bank", "decision", party="shop")


@kind("a gate decision by somebody who does not lead", "telco", "log", "place", "telco")
def _(r: Recorded) -> list[Finding]:
    event = Gate(party="telco", decision="pass", features="pass", sampled=False)

    def decided(own: list[Frame]) -> list[Frame]:
        like = next(f for f in own if f.header.event_class is Complete)
        extra = signed(like, event, type=Gate.type, instance="gate.telco", step="decision")
        return [*own[:-2], extra, *own[-2:]]

    return of_log(retold(r.frames(), "telco", decided))


@kind("a key that the party's role does not have", "telco", "log", "place", "telco")
def _(r: Recorded) -> list[Finding]:
    event = PaillierKey(key=np.ones((1, 256), np.uint8), proof=np.ones((9, 256), np.uint8))

    def unasked(own: list[Frame]) -> list[Frame]:
        like = next(f for f in own if f.header.step == "exchange")
        extra = signed(like, event, type=PaillierKey.type, step="paillier")
        return [*own[:-2], extra, *own[-2:]]

    return of_log(resealed(r.frames(), "telco", unasked))


@kind("an announced state that is not that of its address", "telco", "log", "place", "telco")
def _(r: Recorded) -> list[Finding]:
    return story(r, "telco", "state.keyed", state="GATED")


@kind("a payload that is no event of its type", "telco", "log", "form", "telco")
def _(r: Recorded) -> list[Finding]:
    def odd(own: list[Frame]) -> list[Frame]:
        return [signed(f, changed(f, rows=-1)) if f.header.step == "complete" else f for f in own]

    return of_log(retold(r.frames(), "telco", odd))


@kind("an event of another suite than the agreement's", "telco", "log", "suite", turns=False)
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), signed(r.find("telco", "complete"), suite="sm", eventnumber="90")])


@kind("an event of another agreement", "telco", "log", "agreement", "telco")
def _(r: Recorded) -> list[Finding]:
    return of_log([*r.frames(), signed(r.find("telco", "complete"), agreement="ab" * 32, eventnumber="90")])


@kind("a second proposal", "telco", "log", "proposal")
def _(r: Recorded) -> list[Finding]:
    first = r.find("bank", "propose")
    second = signed(first, source="telco", recipients="bank,shop")
    return of_log(retold(r.frames(), "telco", lambda own: [second, *own]))


@kind("other terms in the proposal than the parties consented to", "bank", "log", "proposal")
def _(r: Recorded) -> list[Finding]:
    first = r.find("bank", "propose")
    event = Propose.decode(first.payload)
    other = event.model_copy(update={"agreement": event.agreement | {"key_bits": 4096}})
    return of_log(swapped(r.frames(), first, signed(first, other)))


@kind("another key for a party in the proposal", "bank", "log", "proposal")
def _(r: Recorded) -> list[Finding]:
    first = r.find("bank", "propose")
    event = Propose.decode(first.payload)
    other = event.model_copy(update={"identities": event.identities | {"telco": event.identities["shop"]}})
    return of_log(swapped(r.frames(), first, signed(first, other)))


@kind("a round beyond those that were agreed", "bank", "log", "rounds", "bank")
def _(r: Recorded) -> list[Finding]:
    last = r.find("bank", "direction.1", "train")

    def more(own: list[Frame]) -> list[Frame]:
        return [signed(last, step="direction.3") if f.digest == last.digest else f for f in own]

    return of_log(resealed(r.frames(), "bank", more))


@kind("more rounds in the result than were agreed", "shop", "log", "rounds", "shop")
def _(r: Recorded) -> list[Finding]:
    return story(r, "shop", "complete", rounds=3)


@kind("something said after the final checkpoint", "telco", "log", "late", "telco")
def _(r: Recorded) -> list[Finding]:
    def more(own: list[Frame]) -> list[Frame]:
        like = r.find("telco", "prepared", "prepare")
        return [*own, signed(like, instance="prepare.again")]

    return of_log(resealed(r.frames(), "telco", more))


@kind("a clock set back by more than an hour", "telco", "log", "clock", "telco", turns=False)
def _(r: Recorded) -> list[Finding]:
    def back(own: list[Frame]) -> list[Frame]:
        return [*own[:-1], signed(own[-1], time="2020-01-01T00:00:00.000Z")]

    return of_log(retold(r.frames(), "telco", back))
