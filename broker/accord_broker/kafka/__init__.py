"""Apache Kafka: one topic of one partition per family, read by offset without a group."""

from accord_broker.kafka.broker import KafkaBroker
from accord_broker.kafka.endpoint import parse

__all__ = ["KafkaBroker", "parse"]
