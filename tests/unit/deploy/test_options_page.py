"""docs/options.md is what the program checks: every key, with a meaning; in no other words than its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from accord_agents.config.data_sets import CsvFile, IdColumns, Source
from accord_agents.config.party_file import Config
from accord_agents.config.policy import Policy
from accord_scenarios.cli import main
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.options_page import meanings, page

PAGE = Path(__file__).parents[3] / "docs" / "options.md"


def test_the_page_is_what_the_program_checks(capsys: pytest.CaptureFixture[str]) -> None:
    remedy = "write it again: accord schema options docs/options.md"
    assert PAGE.read_text(encoding="utf-8") == page(), remedy
    assert main(["schema", "options"]) == 0 and capsys.readouterr().out == page()


def test_every_key_is_there_and_has_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", page(), flags=re.MULTILINE)
    assert not [name for name, cells in rows if not re.split(r"(?<!\\\\)\|", cells)[-1].strip()]
    named = {name for name, _ in rows}
    models: list[type[BaseModel]] = [
        Config,
        CsvFile,
        IdColumns,
        Source,
        Policy,
        *(played.scenario for played in PLAYED.values()),
    ]
    assert {name for model in models for name in model.model_fields} <= named


def test_every_link_leads_somewhere() -> None:
    text = page()
    heads = {head.lower().replace(" ", "-") for head in re.findall(r"^## (.*)$", text, flags=re.MULTILINE)}
    assert set(re.findall(r"\(#([^)]+)\)", text)) <= heads
    for linked in re.findall(r"\]\(([a-z-]+\.md)\)", text):
        assert (PAGE.parent / linked).exists()


def test_no_docstring_speaks_of_a_key_that_is_none() -> None:
    models: list[type[BaseModel]] = [Config, Policy, *(played.scenario for played in PLAYED.values())]
    for model in models:
        assert set(meanings(model)) <= set(model.model_fields)
