"""What fails where nobody waits for it is a line of the log, and nothing on standard error."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import NodeNotReadyError, ProducerClosed
from aiokafka.producer.message_accumulator import MessageAccumulator

from accord_agents.observability.logs import logger
from accord_broker.stray import attended

pytestmark = pytest.mark.variants

SECRET = "sesame of a customer"  # noqa: S105


async def _task() -> None:
    async def fail() -> None:
        raise RuntimeError(SECRET) from KeyError(SECRET)

    task = asyncio.create_task(fail())
    await asyncio.wait((task,))
    del task


async def _future() -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_exception(ProducerClosed(SECRET))
    del future


async def _accumulator() -> None:
    """A batch that is to be sent again, when the producer is given up: aiokafka takes it off a list where it is not."""
    cluster: Any = type("Cluster", (), {"leader_for_partition": staticmethod(lambda _tp: 1)})
    accumulator = MessageAccumulator(cluster, 1000, 0, 60)
    await accumulator.add_message(("topic", 0), None, SECRET.encode(), 1)
    ((batch,),) = [tuple(found.values()) for found in accumulator.drain_by_nodes(())[0].values()]
    accumulator.reenqueue(batch)
    accumulator.fail_all(NodeNotReadyError())
    for future, _ in batch._msg_futures:
        future.exception()


async def _unclosed() -> None:
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": SECRET, "consumer": AIOKafkaConsumer.__new__(AIOKafkaConsumer)})


@pytest.mark.parametrize(
    ("meet", "fields"),
    [
        (_task, {"level": "error", "what": "task", "library": "accord", "exception": "RuntimeError < KeyError"}),
        (_future, {"level": "warning", "what": "future", "library": "aiokafka", "exception": "ProducerClosed"}),
        (_accumulator, {"level": "warning", "what": "callback", "library": "aiokafka", "exception": "KeyError"}),
        (_unclosed, {"level": "warning", "what": "object", "library": "aiokafka"}),
    ],
)
def test_it_is_one_line_that_names_whose_it_is(
    meet: Callable[[], Any], fields: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "__name__", "accord_agents.of_a_test")
    stream = io.StringIO()

    async def work() -> None:
        await meet()
        gc.collect()
        await asyncio.sleep(0)

    async def main() -> None:
        await attended(work(), logger(stream))
        await meet()  # the log has ended with why

    asyncio.run(main())
    gc.collect()
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said.items() >= {"event": "stray", **fields}.items()
    assert (":" in said["place"]) if "exception" in said and meet is not _future else "place" not in said
    assert SECRET not in line and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("adapter", ["kafka.settings", "mqtt.connection"])
def test_what_client_libraries_log_is_nothing_for_standard_error(adapter: str) -> None:
    """In a process of its own: the standard library prints where nobody has attached a handler."""
    library = {"kafka.settings": "aiokafka", "mqtt.connection": "mqtt"}[adapter]
    code = f"import logging, accord_broker.{adapter}; logging.getLogger({library!r}).error('lost')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
