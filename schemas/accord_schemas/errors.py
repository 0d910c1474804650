"""Errors that say whose fault it is, whether to retry, and what to do."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import ClassVar

from accord_schemas.codes import Code


class AccordError(Exception):
    """Base of every error that a user or a peer may see.

    Args:
        message: One sentence naming the file, field or event.
        hint: What to do about it; shown after the message.
        whose: Name of the party at fault, ``"local"`` for ourselves, None where nobody is.
        retry: Whether the same call may succeed later.
        code: What programs go by; that of the class where none is given. They never look at the message.
        private: What the operator's terminal alone shows, because it quotes a cell of the own data.
    """

    exit_code: ClassVar[int] = 1
    usual: ClassVar[Code] = Code.GENERAL
    """The code of this kind of error."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        whose: str | None = None,
        retry: bool = False,
        code: Code | None = None,
        private: str = "",
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.whose, self.retry = message, hint, whose, retry
        self.code = self.usual if code is None else code
        self.private = private

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(AccordError):
    """The input is unusable: scenario, data, options or files. Nothing was started."""

    exit_code, usual = 2, Code.USAGE


class TamperError(AccordError):
    """A difference was found where there must be none: a forged, altered or second version of something."""

    exit_code, usual = 4, Code.TAMPERING


class StorageError(AccordError):
    """What has to be kept cannot be: a full disk, too many open files. The agent stops, and goes on once it can be."""

    usual = Code.STORAGE


class FrameError(AccordError):
    """Bytes that are no acceptable event; they go to quarantine with this reason and code."""

    usual = Code.MALFORMED


class ProtocolError(AccordError):
    """A peer's message breaks the protocol. The reason is fixed per kind, so that it tells nothing about values."""

    usual = Code.PROTOCOL


def why(error: BaseException) -> str:
    """Why a program ended, in a sentence for people: never a representation or the end of a traceback.

    Of what is no `AccordError` only type and place are told: its words may hold values.
    """
    if isinstance(error, AccordError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted."
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/accord_" in frame.filename] or frames
    place = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"This is a fault of the program: it met {type(error).__name__}{place}."


def code(error: BaseException) -> Code:
    """The code of what ended a program."""
    return error.code if isinstance(error, AccordError) else Code.FAULT
