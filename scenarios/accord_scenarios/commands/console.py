"""`accord console`."""

from __future__ import annotations

from typing import Annotated

import typer

from accord_scenarios.commands.options import PARTY_FILE, Config
from accord_schemas.errors import UsageError


def console(
    config: Config = PARTY_FILE,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On loopback; 0 takes any that is free.")] = 0,
) -> None:
    """Serve a page for people on this machine: proposals, answers, progress, results, evidence, quarantine, keys.

    Prints a link that works once, for ten minutes; after that the browser in which it was opened is known, until the console ends. The party's
    agent runs beside it. From another machine: ssh -L 8123:127.0.0.1:8123, with --port 8123.

    \b
    Example
      accord console --config bank.yaml
    """
    try:
        from accord_scenarios.console.app import serve
    except ImportError as error:
        raise UsageError(f"the console needs {error.name}.", hint="pip install 'accord[console]'") from None
    serve(config, port, typer.echo)
