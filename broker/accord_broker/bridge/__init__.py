"""The bridge: carries the topic families between two brokers. Needs no key and reads no payload."""

from accord_broker.bridge.service import serve

__all__ = ["serve"]
