"""`accord schema export`, and the committed contract in docs/contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.support.models import part

from accord_protocols.model.part import FILES, ModelPart
from accord_scenarios.cli import main
from accord_schemas.contract.compatibility import breaks
from accord_schemas.contract.export import BASELINE, baseline, documents, text

COMMITTED = Path(__file__).parents[3] / "docs" / "contract"
GATE = "events/org.accord.control.gate.v1.schema.json"
MODEL = part("bank", ("a", "b", "c"))
Capture = pytest.CaptureFixture[str]


def files(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_the_committed_contract_is_todays() -> None:
    found = files(COMMITTED)
    assert BASELINE in found, "accord schema export docs/contract --release"
    del found[BASELINE]
    today = {path: text(document).encode() for path, document in documents(FILES).items()}
    assert found == today, "the contract changed: accord schema export docs/contract"


def test_todays_contract_breaks_nothing_that_was_released() -> None:
    assert breaks(baseline(COMMITTED), documents(FILES)) == []


def test_two_programs_write_the_same_bytes(tmp_path: Path, capsys: Capture) -> None:
    assert main(["schema", "export", str(tmp_path / "a" / "new")]) == 0
    assert f"documents written to {tmp_path / 'a' / 'new'}" in capsys.readouterr().out
    code = "from accord_scenarios.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, "schema", "export", tmp_path / "b"], check=True, capture_output=True)
    assert files(tmp_path / "a" / "new") == files(tmp_path / "b")
    assert all(json.loads(data) for data in files(tmp_path / "b").values())
    assert BASELINE not in files(tmp_path / "b")


def test_what_breaks_a_release_is_not_written(tmp_path: Path, capsys: Capture) -> None:
    assert main(["schema", "export", str(tmp_path), "--release"]) == 0
    released = json.loads((tmp_path / BASELINE).read_bytes())
    released[GATE]["properties"]["count"] = {"type": "integer"}
    (tmp_path / BASELINE).write_text(json.dumps(released))
    before = files(tmp_path)
    for arguments in ([], ["--release"]):
        assert main(["schema", "export", str(tmp_path), *arguments]) == 1
        assert f"{GATE}: the field count is gone" in capsys.readouterr().err
    assert files(tmp_path) == before


def test_a_release_takes_additions_in(tmp_path: Path) -> None:
    assert main(["schema", "export", str(tmp_path), "--release"]) == 0
    released = json.loads((tmp_path / BASELINE).read_bytes())
    whole = json.loads((tmp_path / BASELINE).read_bytes())
    del released[GATE]
    (tmp_path / BASELINE).write_text(json.dumps(released))
    assert main(["schema", "export", str(tmp_path)]) == 0
    assert baseline(tmp_path) == released
    assert main(["schema", "export", str(tmp_path), "--release"]) == 0
    assert baseline(tmp_path) == whole


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"asyncapi.json": 1}', b'{"asyncapi.json": {}}', b"\xff", b"[" * 9999]
)
def test_an_unreadable_release_is_named(tmp_path: Path, capsys: Capture, content: bytes) -> None:
    (tmp_path / BASELINE).write_bytes(content)
    assert main(["schema", "export", str(tmp_path)]) == 2
    assert f"{tmp_path / BASELINE} is no released contract" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_named(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x").write_text("")
    assert main(["schema", "export", str(tmp_path / "x")]) == 2
    assert str(tmp_path / "x") in capsys.readouterr().err


def test_a_model_is_published_with_its_preparation(tmp_path: Path) -> None:
    """By a validator that is not ours."""
    assert main(["schema", "export", str(tmp_path)]) == 0
    schema = json.loads((tmp_path / "model.schema.json").read_bytes())
    assert set(schema["required"]) >= {"salt", "party", "coefficients", "preparation"}
    model = MODEL.to_json()
    Draft202012Validator(schema).validate(model)
    spoiled = model | {"preparation": model["preparation"] | {"kept": [{"name": "a"}]}}
    assert not Draft202012Validator(schema).is_valid(spoiled) and not Draft202012Validator(schema).is_valid(
        {"format": 1}
    )
    assert ModelPart.read(MODEL.encode()) == MODEL
