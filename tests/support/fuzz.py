"""Events that are none: mutations of real ones, from a stranger, from the network, and from a party that cheats."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path

from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.world import agreement, tables

from accord_agents.collaboration.dispatcher import Dispatcher
from accord_agents.loop.recovery import WAIT
from accord_broker.kafka.binding import from_message as from_kafka
from accord_broker.kafka.binding import to_message as to_kafka
from accord_broker.port import FAMILIES, Record
from accord_schemas.canonical import canonical_json
from accord_schemas.codes import REFUSALS
from accord_schemas.errors import FrameError
from accord_schemas.events import EVENTS, UNSEQUENCED, Ack
from accord_schemas.frame import MAGIC, Frame
from accord_schemas.header import Header, content_type, event_id

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))
ME = "telco"
EVERY = 64
"""Events after which what has come together is let go, as after a commit."""


class Fuzz:
    """A party in the middle of a collaboration, and a source of bad events for it.

    Args:
        folder: For its journal.
        seed: Of the mutations.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.network = SimulatedNetwork(folder, agreement(3, gate=0.95, max_rounds=2), DATA)
        self.real = list(self._whole(folder))
        bank = self.network.members["bank"]
        bank.propose()
        bank.publish()
        for member in self.network.members.values():
            member.deliver(0)
            member.publish()
        self.target: SimulatedParty = self.network.members[ME]
        for index in range(len(self.network.log)):
            self.target.deliver(index)
        self.reasons: Counter[str] = Counter()
        self.restarts = self.asides = 0

    def _whole(self, folder: Path) -> list[tuple[str, bytes]]:
        """Every frame of a collaboration of the same parties that went to its end."""
        (folder / "whole").mkdir()
        whole = SimulatedNetwork(folder / "whole", agreement(3, gate=0.95, max_rounds=2), DATA)
        whole.run()
        whole.close()
        return [(family, data) for family, data in whole.log if Frame.decode(data).header.source != ME]

    def run(self, count: int) -> Counter[str]:
        """Deliver so many bad events; returns how often each reason was given. An exception is a finding."""
        dispatcher = self.target.dispatcher
        kinds = (
            self._noise, self._flipped, self._cut, self._spliced, self._unsigned, self._cheating, self._payload,
            self._attributes,
        )  # fmt: skip
        for number in range(count):
            family, data = self.rng.choice(kinds)()
            before = len(dispatcher.batch.quarantined), len(dispatcher.batch.rows)
            dispatcher.deliver(family, data, NOW)
            self._account(*before)
            if number % EVERY == EVERY - 1:
                self._asides(dispatcher, number)
            if any(c.ended for c in dispatcher.collaborations.values()):
                self._asides(dispatcher, number)
                dispatcher = self._again()
        self._asides(dispatcher, count)
        return self.reasons

    def _asides(self, dispatcher: Dispatcher, now: int) -> None:
        """Questions and answers among them."""
        for frame in dispatcher.flush()[1].asides:
            self.target.recovery.heard(frame, float(now))
            self.asides += 1

    def _account(self, quarantined: int, rows: int) -> None:
        batch = self.target.dispatcher.batch
        new = batch.quarantined[quarantined:]
        assert all(refused.reason and refused.code in REFUSALS for refused in new)
        if ended := [c.reason for c in self.target.dispatcher.collaborations.values() if c.ended]:
            self.reasons["ends the collaboration: " + _kind(ended[0])] += 1
        elif new:
            self.reasons[_kind(new[-1].reason)] += 1
        elif len(batch.rows) > rows:
            self.reasons["taken: an event that its sender may send"] += 1
        else:
            self.reasons["dropped: a repetition, an acknowledgement or somebody else's"] += 1

    def _again(self) -> Dispatcher:
        """The collaboration was ended by a party that may: go back to where it was committed."""
        self.restarts += 1
        length = len(self.network.log)
        self.target.restart()
        self.target.time_passes(0.1)
        self.target.time_passes(2 * WAIT)  # nobody answers, and nothing says that it forgot anything
        assert not self.target.dispatcher.suspended, "a party that waits for answers passes over whatever comes"
        del self.network.log[length:]  # its questions
        return self.target.dispatcher

    # ---- bad events

    def _pick(self) -> tuple[str, bytes]:
        return self.rng.choice(self.real)

    def _noise(self) -> tuple[str, bytes]:
        return self.rng.choice(FAMILIES), self.rng.randbytes(self.rng.choice([0, 1, 14, 200, 4000]))

    def _flipped(self) -> tuple[str, bytes]:
        family, data = self._pick()
        changed = bytearray(data)
        for _ in range(self.rng.choice([1, 1, 1, 2, 8])):
            within = len(changed) if self.rng.random() < 0.5 else min(900, len(changed))
            at = self.rng.randrange(within)
            changed[at] ^= 1 << self.rng.randrange(8)
        return family, bytes(changed)

    def _cut(self) -> tuple[str, bytes]:
        family, data = self._pick()
        return family, data[: self.rng.randrange(len(data))] + self.rng.choice([b"", b"\0", self.rng.randbytes(40)])

    def _spliced(self) -> tuple[str, bytes]:
        (family, one), (_, other) = self._pick(), self._pick()
        return family, one[: self.rng.randrange(len(one))] + other[self.rng.randrange(len(other)) :]

    def _changed(self, frame: Frame) -> dict[str, str]:
        attributes = frame.header.attributes()
        name = self.rng.choice(
            [*attributes, "eventnumber", "instance", "step", "recipients", "chunk", "watermarks", "x"]
        )
        donor = Frame.decode(self._pick()[1]).header.attributes()
        attributes[name] = self.rng.choice(
            [donor.get(name, ""), "", "0", "-1", "99999999999", "a" * 300, "bank,shop", "2/3", "shop=9", "\u0000é", "1"]
        )
        return attributes

    def _unsigned(self) -> tuple[str, bytes]:
        """Attributes changed by somebody who cannot sign."""
        family, data = self._pick()
        frame = Frame.decode(data)
        return family, _raw(canonical_json(self._changed(frame)), frame.payload, frame.signature)

    def _cheating(self) -> tuple[str, bytes]:
        """Attributes changed by the sender itself, and signed."""
        family, data = self._pick()
        frame = Frame.decode(data)
        attributes = self._changed(frame)
        attributes["agreement"] = self.target_agreement
        attributes["subject"] = self.target_id
        return self.rng.choice([family, family, "control"]), self._sign(attributes, frame.payload)

    def _payload(self) -> tuple[str, bytes]:
        """Another payload by a party that cheats, under a type of its choice."""
        kind = EVENTS[self.rng.choice(sorted(EVENTS))]
        frame = Frame.decode(self._pick()[1])
        payload = bytearray(frame.payload or b"{}")
        how = self.rng.randrange(4)
        if how == 0:
            payload = bytearray(self.rng.randbytes(self.rng.choice([0, 5, 300])))
        elif how == 1:
            payload[self.rng.randrange(len(payload))] ^= 1 << self.rng.randrange(8)
        elif how == 2:
            payload = bytearray(b"[" * self.rng.choice([3, 5000]))
        attributes = frame.header.attributes() | {
            "type": kind.type, "datacontenttype": content_type(kind), "agreement": self.target_agreement,
            "subject": self.target_id, "eventnumber": str(self.rng.randrange(1, 60)), "instance": "align",
            "step": "tags.shop", "previoushash": "00" * 32,
        }  # fmt: skip
        if kind.name in UNSEQUENCED and self.rng.random() < 0.8:
            attributes = {
                n: v for n, v in attributes.items() if n not in ("eventnumber", "instance", "step", "previoushash")
            }
            attributes |= {"recipients": ME}
        if kind.encrypted:
            attributes |= {"salt": "5a" * 32, "epoch": "1", "recipients": ME}
        else:
            attributes = {n: v for n, v in attributes.items() if n not in ("salt", "epoch")}
        return kind.family, self._sign(attributes, bytes(payload))

    def _attributes(self) -> tuple[str, bytes]:
        """A Kafka record whose headers somebody changed."""
        family, data = self._pick()
        value, headers = to_kafka(Record(family, "key", data))
        at = self.rng.randrange(len(headers))
        name, raw = headers[at]
        more: list[tuple[str, bytes | None]] = [*headers]
        more[at] = self.rng.choice(
            [(name, None), (name, raw[:-1]), (name, b"\xff" + raw), (name + "x", raw), (name, raw + b" "), (name, b"")]
        )
        if self.rng.random() < 0.3:
            more.append(self.rng.choice(more))
        return family, from_kafka(self.rng.choice([value, value, b"", None]), more)

    @property
    def target_id(self) -> str:
        """The collaboration under attack."""
        return next(iter(self.target.dispatcher.collaborations))

    @property
    def target_agreement(self) -> str:
        """Its agreement's digest."""
        return self.target.dispatcher.collaborations[self.target_id].digest.hex()

    def _sign(self, attributes: dict[str, str], payload: bytes) -> bytes:
        attributes["payloadhash"] = hashlib.sha256(payload).hexdigest()
        if self.rng.random() < 0.9:
            kind = EVENTS.get(attributes.get("type", ""), Ack)
            place = attributes["subject"], attributes.get("eventnumber", ""), attributes.get("watermarks", "")
            attributes["id"] = event_id(*place, "" if kind is Ack else attributes["payloadhash"])
        attributes = {name: value for name, value in attributes.items() if value}
        source = attributes.get("source", "")
        signer = KEYS[source if source in KEYS and source != ME else "shop"]
        try:
            return Frame.make(Header.of(dict(attributes)), payload, signer.sign).encode()
        except FrameError:
            return _raw(canonical_json(attributes), payload, signer.sign(b"anything"))

    def close(self) -> None:
        """Close the journals."""
        self.network.close()

    def completes(self) -> bool:
        """Whether the collaboration, as it was committed, still goes to its end."""
        self.target.restart()
        self.network.run()
        return {c.state for h in self.network.members.values() for c in h.dispatcher.collaborations.values()} == {
            "COMPLETED"
        }


def _raw(head: bytes, payload: bytes, signature: bytes) -> bytes:
    sizes = ((head, 4), (payload, 4), (signature, 2))
    return b"".join([MAGIC, *(len(part).to_bytes(size, "big") for part, size in sizes), head, payload, signature])


def _kind(reason: str) -> str:
    """A reason without what is particular to one event."""
    words = reason.split()
    return " ".join("…" if any(c.isdigit() for c in w) or "'" in w or "." in w[:-1] else w for w in words)[:90]
