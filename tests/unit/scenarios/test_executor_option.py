"""`--executor` of `accord run`."""

from __future__ import annotations

import pytest

from accord_scenarios.cli import main


@pytest.mark.parametrize("name", ["spark", "ray:ray://head:10001", "ray:head"])
def test_what_is_no_executor_is_said(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "diabetes", "--executor", name]) == 2
    assert "expected ray, or ray:HOST:PORT" in capsys.readouterr().err
