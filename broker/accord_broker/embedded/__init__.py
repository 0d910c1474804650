"""The embedded durable log: one SQLite file that the processes of one machine share."""

from accord_broker.embedded.broker import EmbeddedBroker
from accord_broker.embedded.source import EmbeddedSource

__all__ = ["EmbeddedBroker", "EmbeddedSource"]
