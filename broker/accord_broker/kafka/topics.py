"""The topics of a namespace: one per family, one partition each, created where missing, else verified.

One partition keeps a family's order. Everybody writes to and reads from partition 0, so nothing is lost on a topic that
is given more; the agents stop over it all the same, because nobody else's tools would see the order any more.

The topic of the quarantine is made along with the others where that is allowed; whether it is there, or may be used,
stops nobody.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.api import Request

from accord_broker.kafka import errors
from accord_broker.kafka.endpoint import Endpoint
from accord_broker.kafka.metadata import MetadataRequest
from accord_broker.port import FAMILIES, QUARANTINE, BrokerError
from accord_schemas.errors import UsageError
from accord_schemas.header import MAX_HEADER

log = logging.getLogger("accord_broker.kafka")
CREATED = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "compression.type": "uncompressed",  # ciphertext does not shrink, and no sender can make readers inflate a bomb
    "message.timestamp.type": "LogAppendTime",  # else a sender's wrong clock has records refused, or kept for ever
}
_LIMIT = "max.message.bytes"
_CHECKED = ("cleanup.policy", "retention.ms", "retention.bytes", _LIMIT)
SHORT = 30 * 24 * 3600 * 1000
"""Milliseconds of retention below which an audit may come too late."""
_BESIDE = 4 * MAX_HEADER  # bytes of a record besides its chunk, at most
LARGEST = (512 << 10) + _BESIDE
"""Bytes of a record with a default chunk, at most."""
PATIENCE = 15.0
"""Seconds for new topics to come up."""
_TOPIC = 2
"""The kind of resource in DescribeConfigs."""


class Topics:
    """A namespace's topics as one client sees them.

    Args:
        endpoint: The cluster.
        client: Connected.
    """

    def __init__(self, endpoint: Endpoint, client: AIOKafkaClient) -> None:
        self._endpoint, self._client = endpoint, client
        self._names = [endpoint.topic(family) for family in FAMILIES]
        self._spare = endpoint.topic(QUARANTINE)
        self._used = [name for name in self._names if name != self._spare]

    async def prepare(self, *, create: bool = True) -> dict[str, str]:
        """Create what is missing and verify what is there; returns each topic's id, new with each incarnation.

        Raises:
            BrokerError: A topic cannot be used as it is; names the topic and the setting or right.
            UsageError: One is missing, and none shall be made.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        created: set[str] = set()
        while True:
            found, unknown, leaderless = await self._describe()
            missing = unknown | leaderless
            if not missing - {self._spare}:
                break
            if not create and unknown - {self._spare}:
                message = f"There is no topic {min(unknown - {self._spare})} on {self._endpoint}."
                raise UsageError(message, hint="Correct the namespace of the broker URL.")
            if create and (new := unknown - created):
                await self._create([name for name in self._names if name in new])
                created |= new
            if loop.time() > deadline:
                message = f"The topic {min(missing - {self._spare})} of {self._endpoint} does not come up."
                raise BrokerError(message, hint="Is a broker of the cluster down?", retry=True)
            await asyncio.sleep(0.05)
        if self._spare in unknown and create and not created:
            await self._create([self._spare])
        if old := set(self._used) - created:
            await self._verify(sorted(old))
        await self._client.set_topics(self._used)  # else it learns their leaders one by one
        return found

    async def check(self, ids: dict[str, str]) -> None:
        """See that the topics still are those that `prepare` found.

        Raises:
            BrokerError: One is not, or the cluster cannot be asked.
        """
        found, _, leaderless = await self._describe()
        for topic in self._used:
            if topic in leaderless:  # as on a cluster that has just started
                raise errors.leaderless(self._endpoint, topic)
            if found.get(topic) != ids[topic]:
                raise errors.lost(self._endpoint, topic)

    async def _describe(self) -> tuple[dict[str, str], set[str], set[str]]:
        """The ids of the topics that can be used, those that are not there, and those that have no leader yet."""
        ids, unknown, leaderless = dict[str, str](), set[str](), set[str]()
        topics = (await self._ask(MetadataRequest(self._names))).to_object()["topics"]
        for topic in sorted(topics, key=lambda t: self._names.index(t["topic"])):
            name, code = topic["topic"], topic["error_code"]
            partitions = topic["partitions"]
            if code == kafka_errors.TopicAuthorizationFailedError.errno:
                if name == self._spare:
                    continue
                raise errors.right(self._endpoint, name, "Read")
            if any(p["leader"] < 0 for p in partitions):
                leaderless.add(name)
            elif code:
                unknown.add(name)
            elif len(partitions) != 1 and name != self._spare:
                message = f"The topic {name} of {self._endpoint} has {len(partitions)} partitions and must have one."
                raise BrokerError(message, hint="Use another namespace, or create the topic anew.")
            else:
                ids[name] = topic["topic_id"].hex()
        return ids, unknown, leaderless

    async def _create(self, names: list[str]) -> None:
        replicas = -1  # as many as the cluster says
        wanted: list[Any] = [(name, 1, replicas, [], list(CREATED.items())) for name in names]
        answer = await self._ask(CreateTopicsRequest(wanted, int(PATIENCE * 1000), False))
        for name, code, *_ in sorted(answer.topic_errors, key=lambda t: names.index(t[0])):
            error = kafka_errors.for_code(code)
            if name == self._spare:
                continue
            if error in (kafka_errors.TopicAuthorizationFailedError, kafka_errors.ClusterAuthorizationFailedError):
                raise errors.right(self._endpoint, name, "Create")
            if error not in (kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError):
                raise errors.other(self._endpoint, f"the topic {name} cannot be created", error())

    async def largest_chunk(self) -> int | None:
        """Bytes of the largest chunk whose record every topic takes; None without the right to know.

        Raises:
            BrokerError: The cluster cannot be asked.
        """
        told = [r for r in await self._settings(self._used) if not r["error_code"]]
        limits = [int(e["config_value"]) for r in told for e in r["config_entries"] if e["config_names"] == _LIMIT]
        return min(limits) - _BESIDE if limits else None

    async def _settings(self, names: list[str]) -> list[dict[str, Any]]:
        answer = await self._ask(DescribeConfigsRequest([(_TOPIC, name, list(_CHECKED)) for name in names]))
        found: list[dict[str, Any]] = answer.to_object()["resources"]
        return found

    async def _verify(self, names: list[str]) -> None:
        resources = await self._settings(names)
        for resource in resources:
            if not resource["error_code"]:
                configs = {e["config_names"]: e["config_value"] for e in resource["config_entries"]}
                self._judge(resource["resource_name"], configs)
        if hidden := [r["resource_name"] for r in resources if r["error_code"]]:
            log.warning("The retention of %s is not verified: no right 'DescribeConfigs'.", ", ".join(hidden))

    def _judge(self, name: str, configs: dict[str, str]) -> None:
        if "compact" in configs["cleanup.policy"]:
            message = f"The topic {name} of {self._endpoint} is compacted, which drops events."
            raise BrokerError(message, hint="Set its cleanup.policy to delete.")
        if int(configs["max.message.bytes"]) < LARGEST:
            message = (
                f"The topic {name} of {self._endpoint} takes records of up to {configs['max.message.bytes']} bytes."
            )
            raise BrokerError(message, hint=f"Raise its max.message.bytes to {LARGEST} or more.")
        retention = int(configs["retention.ms"])
        short = 0 <= retention < SHORT or int(configs["retention.bytes"]) >= 0
        if short:
            log.warning("The topic %s drops events that audits need. Set retention.ms and retention.bytes to -1.", name)

    async def _ask(self, request: Request[Any]) -> Any:
        again = self._endpoint.bearer  # a cluster closes connections whose token has run out; the next one has another
        while True:
            try:
                return await self._client.send(self._client.get_random_node(), request)
            except kafka_errors.KafkaConnectionError as error:
                if not again:
                    raise errors.other(self._endpoint, "the topics cannot be looked up", error) from None
                again = False
            except (
                kafka_errors.KafkaError,
                NotImplementedError,
            ) as error:  # the latter: the server is too old for the request
                raise errors.other(self._endpoint, "the topics cannot be looked up", error) from None
