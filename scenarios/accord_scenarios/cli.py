"""The command `accord`: starts a command, and turns whatever goes wrong into a few lines and an exit code.

Nothing heavy is imported here: worker processes import this module again on their way up.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from accord_schemas.errors import AccordError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: Without the program's name; None takes the process's own. ``--debug`` may stand anywhere.

    Returns:
        0 completed, 2 unusable input, 3 refused, 4 difference or tampering, 1 anything else.
    """
    from accord_scenarios.terminal import prepare, silence

    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    prepare()
    try:
        return _call([argument for argument in given if argument != "--debug"])
    except AccordError as error:
        if debug:
            raise
        _say(error.message, error.private, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        if debug:
            raise
        _say("interrupted.")
    except BrokenPipeError:  # the reader of our output left, as in `accord ... | head`
        silence(sys.stdout)
    except Exception as error:
        if debug:
            raise
        _say(
            f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0],
            "This is a fault of the program; run again with --debug to see where.",
        )
    return 1


def _call(arguments: list[str]) -> int:
    from accord_scenarios.commands.app import app

    try:
        app(arguments, prog_name="accord")
    except SystemExit as end:
        if end.code == 130:  # what typer makes of an interrupt
            raise KeyboardInterrupt from end
        return end.code if isinstance(end.code, int) else 1
    return 0


def _say(message: str, *more: str) -> None:
    with suppress(OSError):  # nobody reads it; the exit code says the rest
        print(f"accord: {message}", *(f"        {line}" for line in more if line), sep="\n", file=sys.stderr)
