"""Tables that a party is left with are CSV as RFC 4180 has it, but for the ends of lines."""

from __future__ import annotations

import csv
import io

import pytest

from accord_protocols.jobs import outputs


def test_cells_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "_LINES", 3)
    lines = [
        ("id", "note"),
        ("a", "plain"),
        ("b,c", 'a "quote"'),
        ("d\r\n", "e\r"),
        ("f\n", ""),
        ("", ""),
        ("\r\n", "x"),
    ]
    pieces = list(outputs.as_csv(iter(lines)))
    assert len(pieces) == 3 and pieces[0] == b'id,note\na,plain\n"b,c","a ""quote"""\n'
    assert b"".join(pieces).endswith(b'"d\r\n","e\r"\n"f\n",\n,\n"\r\n",x\n')
    text = b"".join(pieces).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [list(line) for line in lines]
