"""Where the keystore's passphrase comes from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from accord_agents.security.passphrase import VARIABLE, chosen, create_keyfile, forget, passphrase
from accord_schemas.errors import UsageError


def test_a_file_that_is_named_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pass"
    monkeypatch.setenv(VARIABLE, "from here")
    assert passphrase(None) == b"from here"
    assert passphrase(file) == b"from here", "it was lost with its folder"
    create_keyfile(file)
    assert passphrase(file) == file.read_bytes()
    file.write_text("")
    with pytest.raises(UsageError, match="empty"):
        passphrase(file)


def test_a_passphrase_is_the_same_however_its_letters_are_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pass"
    create_keyfile(file)
    found = set()
    for spelled in ("caf\u00e9 \u1e9b\u0323", "cafe\u0301 \u017f\u0323\u0307"):
        file.write_text(spelled, encoding="utf-8")
        monkeypatch.setenv(VARIABLE, spelled)
        found |= {passphrase(file), passphrase(None)}
    assert found == {"caf\u00e9 \u1e9b\u0323".encode()}


def test_keyfiles_are_random_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        create_keyfile(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    one, two = (passphrase(file) for file in files)
    assert one != two and len(one) == 64


def test_passphrase_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    file = tmp_path / "pass"
    with pytest.raises(UsageError, match=VARIABLE):
        passphrase(None)
    with pytest.raises(UsageError, match="cannot be read"):
        passphrase(file)
    file.write_text("  \n")
    file.chmod(0o600)
    with pytest.raises(UsageError, match="empty"):
        passphrase(file)
    file.write_text("hush\n")
    assert passphrase(file) == b"hush"
    for mode in (0o640, 0o604, 0o620, 0o601):
        file.chmod(mode)
        with pytest.raises(UsageError, match="chmod 600") as caught:
            passphrase(file)
        assert "hush" not in str(caught.value)


def test_a_passphrase_that_somebody_chooses_has_some_length() -> None:
    assert chosen("zwölf Zeichen".encode()) == "zwölf Zeichen".encode()
    for words in (b"", b"hunter2", b"x" * 11):
        with pytest.raises(UsageError, match="fewer than 12"):
            chosen(words)


def test_child_processes_do_not_inherit_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "from here, and long")
    forget()
    with pytest.raises(UsageError):
        passphrase(None)
