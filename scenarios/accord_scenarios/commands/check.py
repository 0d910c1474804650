"""`accord check`."""

from __future__ import annotations

from typing import Annotated

import typer

from accord_scenarios.commands.options import PARTY_FILE, Config, Json
from accord_schemas.errors import UsageError


def check(
    config: Config = PARTY_FILE,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Also write a record to each topic, which is no event: agents note it in quarantine."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Try what a party needs, before anybody consents to anything: folder, keys, identities, data, broker, rights, clock.

    Nothing is changed, and nothing is said to anybody, but with --write. Exit code 2 if something is wrong.

    \b
    Examples
      accord check --config bank.yaml
      accord check --write --json
    """
    from accord_agents.operator.check import checked, told

    found = checked(config, write=write)
    typer.echo(told(found, as_json=as_json))
    if any(one.good is False for one in found):
        raise typer.Exit(UsageError.exit_code)
