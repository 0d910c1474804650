"""What broker adapters warn of stands in the agent's own log."""

from __future__ import annotations

import logging

import pytest
from tests.unit.agents.test_two_agents import Log

from accord_agents.observability.logs import routed
from accord_broker.kafka import topics


def test_warnings_of_adapters_go_to_the_log_while_an_agent_runs(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log()
    with routed(log):
        topics.log.warning("topic %s keeps records for %d days", "ns.psi", 7)
        topics.log.info("nothing of interest")
        logging.getLogger("accord_broker.mqtt").error("worse")
        logging.getLogger("asyncio").warning("%r took %d s", "what may hold anything", 7)
    assert log.lines == [
        ("broker", {"problem": "topic ns.psi keeps records for 7 days", "logger": "accord_broker.kafka"}),
        ("broker", {"problem": "worse", "logger": "accord_broker.mqtt"}),
        ("broker", {"problem": "%r took %d s", "logger": "asyncio"}),
    ]
    assert capfd.readouterr().err == ""
    assert logging.getLogger("accord_broker").handlers == []
