"""A release: what has to be there before, equal bytes from one commit, digests and a tag that strangers can check."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accord_agents.backup import stream
from accord_agents.evidence.bundle import FORMAT as EVIDENCE
from accord_agents.intake import snapshot
from accord_agents.journal.tables import SCHEMA
from accord_broker.embedded import log
from accord_protocols.model.document import FORMAT as MODEL
from accord_schemas.agreement import Agreement
from accord_schemas.contract.asyncapi import VERSION as CONTRACT
from accord_schemas.frame import MAGIC

ROOT = Path(__file__).parents[3]
ROW = "| 0.1.0 (not released yet) |"
KEPT = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml", ".gitignore", "docs/upgrading.md"]
KEPT += ["deploy/release", "deploy/requirements.lock", "schemas", "protocols", "broker", "agents", "scenarios"]


def test_the_table_of_released_formats_is_that_of_the_program() -> None:
    page = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    lines = page[page.index("## Released formats") :].splitlines()
    heads, _, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|")
    newest = dict(zip(heads, rows[-1], strict=True))
    now = {
        "agreement": str(Agreement.model_fields["version"].default),
        "frame": MAGIC.decode(),
        "contract": CONTRACT,
        "journal": str(SCHEMA),
        "snapshot": snapshot._MAGIC.decode(),
        "model": str(MODEL),
        "evidence": EVIDENCE,
        "backup": str(stream.VERSION),
        "embedded log": str(log.SCHEMA),
    }
    assert {name: newest[name] for name in now} == now


class Checkout:
    """What a release is made of, in a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, os.environ | {"PYTHON": sys.executable, "HOME": str(folder.parent)}
        self.env |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "a maintainer")
        self.env |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "maintainer@example.org")
        self.env |= {"GIT_CONFIG_NOSYSTEM": "1"}
        folder.mkdir()
        compiled = shutil.ignore_patterns("__pycache__")
        for name in KEPT:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=compiled)
            else:
                shutil.copy2(ROOT / name, folder / name)
        self.git("init", "-q")
        self.commit()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.env, check=True, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a commit", "--date", "2026-11-29T00:00:00Z")

    def edit(self, name: str, before: str, after: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (self.folder / name).write_text(text.replace(before, after), encoding="utf-8")

    def release(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["deploy/release"], cwd=self.folder, env=self.env, check=False, capture_output=True, text=True
        )

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / "dist").iterdir())}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "accord")


def test_what_is_missing_is_said_before_anything_is_made(checkout: Checkout) -> None:
    checkout.edit("CHANGELOG.md", "## 0.1.0, unreleased", "## 0.1.0, soon")
    assert "differs from its commit" in checkout.release().stderr
    checkout.commit()
    assert "CHANGELOG.md has no line '## 0.1.0, YYYY-MM-DD'" in checkout.release().stderr
    checkout.edit("CHANGELOG.md", "## 0.1.0, soon", "## 0.1.0, 2026-12-01")
    checkout.commit()
    assert "has no row of 0.1.0 among the released formats" in checkout.release().stderr
    checkout.edit("docs/upgrading.md", ROW, "| 0.1.0 |")
    checkout.commit()
    checkout.git("tag", "v0.1.0")
    again = checkout.release()
    assert again.returncode == 1 and "the tag v0.1.0 is there already" in again.stderr
    assert not (checkout.folder / "dist").exists()


def test_a_commit_gives_one_release_and_a_key_signs_it(checkout: Checkout, tmp_path: Path) -> None:
    checkout.edit("CHANGELOG.md", "## 0.1.0, unreleased", "## 0.1.0, 2026-12-01")
    checkout.edit("docs/upgrading.md", ROW, "| 0.1.0 |")
    checkout.commit()
    done = checkout.release()
    assert done.returncode == 0, done.stderr
    assert "unsigned" in done.stdout and checkout.git("tag") == ""
    first = checkout.files()
    assert {name for name in first if name.endswith((".whl", ".tar.gz"))} == {
        "accord-0.1.0-py3-none-any.whl",
        "accord-0.1.0.tar.gz",
    }
    assert {"SHA256SUMS", "accord-0.1.0.cdx.json", "accord-0.1.0.licences.txt"} < set(first)
    assert first["accord-0.1.0.requirements.lock"] == (ROOT / "deploy" / "requirements.lock").read_bytes()

    key, allowed = tmp_path / "key", tmp_path / "maintainers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    allowed.write_text(f"maintainer@example.org {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(allowed)),
    ):
        checkout.git("config", name, value)
    done = checkout.release()
    assert done.returncode == 0, done.stderr
    second = checkout.files()
    signature = second.pop("SHA256SUMS.sig")
    assert second == first, "the same commit, the same bytes"
    assert re.search(r'Good "git" signature for maintainer@example.org', checkout.git("tag", "--verify", "v0.1.0"))
    (tmp_path / "signature").write_bytes(signature)
    verify: list[str | Path] = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        allowed,
        "-I",
        "maintainer@example.org",
        "-n",
        "accord-release",
    ]
    checked = [*verify, "-s", tmp_path / "signature"]
    subprocess.run(checked, input=first["SHA256SUMS"], check=True, capture_output=True)
    assert subprocess.run(checked, input=b"other", check=False, capture_output=True).returncode != 0
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=checkout.folder / "dist", check=True)
