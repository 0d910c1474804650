"""MQTT 5 brokers. They keep no history: what a party missed, its peers send again out of their journals."""

from accord_broker.mqtt.broker import MqttBroker
from accord_broker.mqtt.endpoint import parse

__all__ = ["MqttBroker", "parse"]
