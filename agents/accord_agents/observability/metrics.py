"""What is counted while an agent runs, as Prometheus knows it. Labels are families, reasons, phases: never a value."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

from accord_agents.journal.rows import Batch
from accord_broker.port import FAMILIES, Record
from accord_protocols.jobs.registry import JOBS
from accord_schemas.codes import REFUSALS

OTHER = "other"
"""For a family that is none of ours: whoever may write to the log must not fill our memory."""
_PHASE = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)


class Metrics:
    """Counters and histograms, with the registry that shows them."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        families = ["family"]
        self._received = Counter(
            "accord_events_received", "Records journaled from the broker, own and repeated ones too.", families,
            registry=registry,
        )  # fmt: skip
        self._received_bytes = Counter("accord_received_bytes", "Bytes of their frames.", families, registry=registry)
        self._sent = Counter(
            "accord_events_sent", "Records that the broker took, repeated ones too.", families, registry=registry
        )
        self._sent_bytes = Counter("accord_sent_bytes", "Bytes of their frames.", families, registry=registry)
        self._quarantined = Counter(
            "accord_quarantined", "Records that were no acceptable event.", ["reason"], registry=registry
        )
        self._phases = Histogram(
            "accord_phase_seconds", "Time that a phase took.", ["phase"], buckets=_PHASE, registry=registry
        )
        self._commits = Histogram(
            "accord_journal_commit_seconds", "Time until a batch was durable.", buckets=_COMMIT, registry=registry
        )
        self.connections = Counter(
            "accord_broker_connections", "Connections made to the broker since the start.", registry=registry
        )
        for family in FAMILIES:
            for counter in (self._received, self._received_bytes, self._sent, self._sent_bytes):
                counter.labels(family)  # shown before anything happens, so that rates have a start
        for reason in REFUSALS:
            self._quarantined.labels(reason)
        for phase in {name for job in JOBS.values() for name in job.phase_of.values()}:
            self._phases.labels(phase)

    def received(self, records: Iterable[Record]) -> None:
        """These came from the broker and are in the journal."""
        self._count(records, self._received, self._received_bytes)

    def sent(self, records: Iterable[Record]) -> None:
        """The broker took these."""
        self._count(records, self._sent, self._sent_bytes)

    def committed(self, batch: Batch, seconds: float) -> None:
        """A batch is durable, after so many seconds."""
        self._commits.observe(seconds)
        for refused in batch.quarantined:
            self._quarantined.labels(refused.code).inc()

    def phase(self, name: str, seconds: float) -> None:
        """A phase of a collaboration is over."""
        self._phases.labels(name).observe(seconds)

    @staticmethod
    def _count(records: Iterable[Record], events: Counter, size: Counter) -> None:
        for record in records:
            family = record.family if record.family in FAMILIES else OTHER
            events.labels(family).inc()
            size.labels(family).inc(len(record.frame))
