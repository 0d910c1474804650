"""Files of known fingerprints, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.recorded import KEYS, PINS

from accord_agents.evidence.fingerprints import pins
from accord_schemas.errors import UsageError


def test_fingerprints_and_exports_are_the_same(tmp_path: Path) -> None:
    plain, exports = tmp_path / "plain.json", tmp_path / "identities.json"
    plain.write_text(json.dumps(PINS))
    exports.write_text(json.dumps({party: KEYS[party].export() for party in PINS}))
    assert pins(plain) == pins(exports) == PINS


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "3",
        "[" * 100_000,
        '{"bank": 3}',
        '{"bank": "1234"}',
        '{"Bank!": "x"}',
        '{"bank": {"party": "x"}}',
        json.dumps(PINS)[:-1] + ', "bank": "' + PINS["shop"] + '"}',
    ],
)
def test_what_is_no_file_of_identities(tmp_path: Path, content: str) -> None:
    path = tmp_path / "identities.json"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        pins(path)
    assert str(path) in str(caught.value)


def test_an_export_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    path.write_text(json.dumps({"bank": KEYS["shop"].export()}))
    with pytest.raises(UsageError, match="the identity of shop"):
        pins(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        pins(tmp_path / "none.json")
