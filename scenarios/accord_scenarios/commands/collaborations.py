"""Collaborations by hand: propose, inbox, accept, refuse, status."""

from __future__ import annotations

from typing import Annotated

import typer

from accord_scenarios.commands.options import PARTY_FILE, Collaboration, Config, Json, ScenarioName, Sets, also


def propose(
    scenario: ScenarioName,
    sets: Sets = [],  # noqa: B006  # typer copies it
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            metavar="[PARTY=]NAME",
            help="Which data set goes in, where a party's file names several: an own one, or another party's.",
            show_default=False,
        ),
    ] = [],  # noqa: B006
    config: Config = PARTY_FILE,
) -> None:
    """Propose a collaboration to the parties that a scenario names.

    It starts once every one of them has accepted; each decides by its policy file or by hand.

    \b
    Examples
      accord propose credit.yaml --config bank.yaml
      accord propose credit.yaml --data loans --data shop=orders
    """
    from accord_scenarios.proposal import propose as send

    typer.echo(send(scenario, sets, config, data))


def inbox(config: Config = PARTY_FILE, as_json: Json = False) -> None:
    """Show the proposals that wait for this party's answer: who asks, for what, and who would learn what."""
    from accord_agents.operator.collaborations import inbox as waiting

    typer.echo(waiting(config, as_json=as_json, called=also(config)))


def accept(
    collaboration: Collaboration,
    data: Annotated[
        str,
        typer.Option(
            "--data", metavar="NAME", help="Which data set goes in, where party.yaml names several.", show_default=False
        ),
    ] = "",
    config: Config = PARTY_FILE,
) -> None:
    """Consent to a proposal. The signed consent covers exactly what `accord inbox` shows.

    \b
    Examples
      accord accept 3f9c2a7e
      accord accept 3f9c2a7e --data orders
    """
    from accord_agents.operator.collaborations import accept as consent

    typer.echo(consent(config, collaboration, data))


def ask(
    collaboration: Collaboration,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROW]...", help="Ids of the rows that are wanted.", show_default=False),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="These were the last; the collaboration is completed.")] = False,
    config: Config = PARTY_FILE,
) -> None:
    """Ask for ids in a collaboration that lives until the last word: predictions (job: online), or hidden queries (job: query).

    Prints id,prediction: nothing stands behind an id that some party does not have, and the others learn which ids are asked for. Of hidden queries it prints
    id,found and the agreed columns, and nobody learns which ids. How many may be asked for, the agreement says.

    \b
    Examples
      accord ask 3f9c2a7e ann@example.org bob@example.org
      accord ask 3f9c2a7e --last
    """
    from accord_agents.operator.collaborations import ask as wanted

    typer.echo(wanted(config, collaboration, ids or [], last=last))


def erase(
    collaboration: Collaboration,
    yes: Annotated[bool, typer.Option("--yes", help="It is meant: erase it.")] = False,
    config: Config = PARTY_FILE,
) -> None:
    """Erase what this party holds of a collaboration that has ended: payloads, keys, its copy of the data.

    Signed headers, digests and what travelled in clear stay, so that evidence can still be exported and checked; the
    run cannot be replayed any more. Results that were written for people (model.json and the like) stay too. An agent
    does the same by itself once the agreed `retain_days` are over. Without --yes it says what would go and what stays, and erases nothing.

    \b
    Example
      accord erase 3f9c2a7e --yes
    """
    from accord_agents.operator.collaborations import erase as forget

    typer.echo(forget(config, collaboration, yes=yes))


def refuse(
    collaboration: Collaboration,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="What the others are told.", show_default=False)
    ],
    config: Config = PARTY_FILE,
) -> None:
    """Refuse a proposal; every party is told the reason.

    \b
    Example
      accord refuse 3f9c2a7e --reason "we share aggregates only"
    """
    from accord_agents.operator.collaborations import refuse as decline

    typer.echo(decline(config, collaboration, reason))


def status(
    collaboration: Annotated[
        str | None, typer.Argument(metavar="ID", help="One collaboration; all without it.", show_default=False)
    ] = None,
    config: Config = PARTY_FILE,
    as_json: Json = False,
) -> None:
    """Show the state of this party's collaborations: how far they are, and on whom they wait."""
    from accord_agents.operator.collaborations import status as states

    typer.echo(states(config, collaboration, as_json=as_json))
