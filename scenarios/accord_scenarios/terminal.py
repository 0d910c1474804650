"""What is printed never decides how a command ends: terminals of few characters, readers that left, full disks."""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper
from typing import IO, Any

from rich.console import Console

_ERRORS = "accord.escape"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)), error.end


def prepare() -> None:
    r"""Have a character that a stream cannot write come out as ``\u20ac``, which JSON reads back; no error."""
    codecs.register_error(_ERRORS, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def silence(stream: IO[str] | None) -> None:
    """Let what is written to a stream that nobody reads any more go nowhere; also at the end of the process."""
    if stream is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class Terminal(Console):
    """A console whose loss ends nothing: a run goes on and has its own exit code."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, unless nobody reads it any more."""
        try:
            super().print(*objects, **options)
        except OSError:
            self.on_broken_pipe()

    def on_broken_pipe(self) -> None:
        """Say nothing from here on; rich would exit."""
        self.quiet = True
        silence(self.file)
