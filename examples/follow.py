"""Follow collaborations on Kafka from outside: who takes part, consent, states, rounds, gate decisions, the end.

    pip install aiokafka cloudevents
    python follow.py HOST:PORT NAMESPACE [COLLABORATION]

Reads the topics NAMESPACE.control and NAMESPACE.results, which are JSON in clear, from their beginning; needs no key
and nothing of Accord. With a collaboration's id it ends once all parties have reached an end; without, it follows
everything until it is interrupted. It believes what it reads: signatures are not checked here, so what counts is the
right to write to these topics.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

ENDS = {"COMPLETED", "REFUSED", "CANCELLED", "EXPIRED", "FAILED"}


class Progress:
    """What is known of one collaboration."""

    def __init__(self) -> None:
        self.parties: set[str] = set()
        self.ended: set[str] = set()

    @property
    def over(self) -> bool:
        """Whether every party has reached an end."""
        return bool(self.parties) and self.parties <= self.ended

    def take(self, kind: str, source: str, data: dict[str, Any]) -> str:
        """Note an event.

        Args:
            kind: Its type without ``org.accord.`` and version, such as ``control.gate``.
            source: The party that says it.
            data: Its fields.

        Returns:
            A line about it; empty for what tells nothing about progress.
        """
        match kind:
            case "control.propose":
                agreement = data["agreement"]
                roles = {name: member["role"].replace("_", " ") for name, member in agreement["parties"].items()}
                self.parties = set(roles)
                members = ", ".join(f"{name} ({role})" for name, role in sorted(roles.items()))
                return f"{source} proposes {agreement['name']!r}: {members}"
            case "control.accept":
                return f"{source} accepts"
            case "control.refuse" | "control.cancel":
                return f"{source} says {kind.removeprefix('control.')}: {data['reason']}"
            case "control.fail":
                return f"{source} fails, by fault of {data['whose']}: {data['reason']}"
            case "control.expire":
                return f"{source} waits no longer: no word of {', '.join(data['missing'])}"
            case "control.gate":
                sampled = ", on a sample" if data["sampled"] else ""
                return f"gate for {data['party']}: ids {data['decision']}, columns {data['features']}{sampled}"
            case "control.measured":
                sampled = ", on a sample" if data["sampled"] else ""
                return f"{source} has counted what it shares with {data['party']}{sampled}"
            case "control.complete":
                how = "converged" if data.get("converged") else "ended"  # fields of a training, left out where empty
                rounds = f", {how} after {data['rounds']} rounds" if data.get("rounds") else ""
                model = f", model {data['model'][:12]}" if data.get("model") else ""
                return f"{source} completes: {data['rows']} common rows{rounds}{model}"
            case "results.state":
                if data["state"] in ENDS:
                    self.ended.add(source)
                number = f", round {data['round']}" if data["round"] else ""
                return f"{source} is {data['state']}{number}"
        return ""


def event_of(message: Any) -> BaseCloudEvent | None:
    """The CloudEvent in a Kafka record; None if it is none, or only a part of a long one."""
    with contextlib.suppress(Exception):  # whoever may write to the topic may write anything
        event = from_binary_event(KafkaMessage(dict(message.headers), message.key, message.value))
        if isinstance(event.get_data(), dict) and not event.get_extension("chunk"):
            return event
    return None


def line_about(event: BaseCloudEvent, progress: Progress) -> str:
    """A line about an event of a collaboration, or nothing."""
    kind = event.get_type().removeprefix("org.accord.").rpartition(".")[0]
    try:
        return progress.take(kind, event.get_source(), event.get_data())  # type: ignore[arg-type]
    except (KeyError, TypeError, AttributeError):  # not what the contract says: no agent takes it either
        return ""


async def follow(servers: str, namespace: str, only: str = "") -> None:
    """Print the progress of collaborations, or of one, until all its parties have reached an end."""
    partitions = [TopicPartition(f"{namespace}.{family}", 0) for family in ("control", "results")]
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    known: dict[str, Progress] = {}
    seen: set[str] = set()
    await consumer.start()
    try:
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        while not (only in known and known[only].over):
            batch = await consumer.getmany(timeout_ms=500)
            events = [event for messages in batch.values() for message in messages if (event := event_of(message))]
            for event in sorted(events, key=lambda e: (str(e.get_time()), e.get_id())):
                subject, name = event.get_subject() or "", f"{event.get_source()} {event.get_id()}"
                if name in seen or (only and subject != only):  # agents say again what a peer may have missed
                    continue
                seen.add(name)
                if line := line_about(event, known.setdefault(subject, Progress())):
                    print(f"{event.get_time():%H:%M:%S}  {subject[:8]}  {line}", flush=True)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python follow.py HOST:PORT NAMESPACE [COLLABORATION]")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow(*sys.argv[1:]))
