"""`accord bridge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def bridge(
    a: Annotated[
        str, typer.Argument(metavar="A", help="The URL of one broker, with its namespace.", show_default=False)
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The URL of the other one.", show_default=False)],
    state: Annotated[
        Path, typer.Option("--state", metavar="FILE", help="What the bridge remembers; a file of its own for each.")
    ] = Path("accord-bridge.db"),
    families: Annotated[
        str,
        typer.Option(
            "--families",
            metavar="NAMES",
            help="Carry only these, e.g. control,results. Default: all.",
            show_default=False,
        ),
    ] = "",
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", metavar="FILE", help="Append JSON lines to a file. Default: standard error.", show_default=False
        ),
    ] = None,
) -> None:
    """Carry events between two brokers until stopped, so that parties on either take part in one collaboration.

    Events cross as they are, signatures included; the bridge needs no key and reads no payload. It may be killed and started again at
    any time. User and password of A come from ACCORD_BROKER_A_USER and ACCORD_BROKER_A_PASSWORD, those of B alike, or from
    ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD for both. What was carried is printed once a minute and at the end.

    \b
    Examples
      accord bridge kafka://kafka:9092/accord mqtts://edge:8883/accord
      accord bridge kafka://a:9092/accord kafka://b:9092/partners --state partners.db --families control,results
    """
    import sys

    from accord_agents.observability.logs import logger, routed
    from accord_broker.bridge import serve
    from accord_broker.bridge.counts import Counts
    from accord_schemas.errors import UsageError

    try:
        stream = sys.stderr if log is None else log.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise UsageError(f"The log {log} cannot be written: {error.strerror}.") from None
    lines = logger(stream)

    def report(counts: Counts) -> None:
        for line in counts.lines():
            typer.echo(str(line))
            lines.info("counts", direction=line.direction, carried=line.carried, others=line.others)

    chosen = [name.strip() for name in families.split(",") if name.strip()]
    with routed(lines):
        serve((a, b), state, chosen, lines, report)
