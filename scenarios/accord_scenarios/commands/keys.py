"""`accord keys`: the party's identity, and whose identities it trusts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import PARTY_FILE, Config
from accord_schemas.suites import DEFAULT, Profile

app = typer.Typer(no_args_is_help=True, help="The own identity, and the identities of others.")


@app.command()
def init(
    config: Config = PARTY_FILE,
    profile: Annotated[
        Profile,
        typer.Option(
            "--profile",
            help="The algorithms: Ed25519 and X25519; sm: the national ones, SM2; pq: those with ML-DSA and ML-KEM.",
        ),
    ] = DEFAULT,
) -> None:
    """Make the party's identity, and the keystore that holds it, encrypted under its passphrase.

    \b
    Example
      ACCORD_PASSPHRASE=... accord keys init --config shop.yaml
      ACCORD_PASSPHRASE=... accord keys init --config shop.yaml --profile sm
    """
    from accord_agents.operator.keys import init_keys

    typer.echo(init_keys(config, profile))


@app.command()
def show(config: Config = PARTY_FILE) -> None:
    """Show the fingerprints of the own identity and of the trusted ones, to compare by telephone."""
    from accord_agents.operator.keys import show_keys

    typer.echo(show_keys(config))


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the public identity goes.", show_default=False)],
    config: Config = PARTY_FILE,
) -> None:
    """Write the own public identity for the others; it holds no secret.

    \b
    Example
      accord keys export shop.identity.json
    """
    from accord_agents.operator.keys import export_identity

    typer.echo(export_identity(config, file))


@app.command()
def known(config: Config = PARTY_FILE) -> None:
    """Print every identity that this party knows, its own ones too, with its history: a file for those who verify.

    \b
    Example
      accord keys known > known.json && accord evidence verify evidence.json --identities known.json
    """
    from accord_agents.operator.keys import known_identities

    typer.echo(known_identities(config))


@app.command()
def trust(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A public identity that another party exported.", show_default=False)
    ],
    config: Config = PARTY_FILE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Accept a new identity for a party that is known by another.")
    ] = False,
) -> None:
    """Trust another party's identity. Compare the fingerprint with that party first, by telephone or in person.

    \b
    Example
      accord keys trust bank.identity.json
    """
    from accord_agents.operator.keys import trust_identity

    typer.echo(trust_identity(config, file, replace=replace))


@app.command()
def rotate(
    config: Config = PARTY_FILE,
    profile: Annotated[
        Profile | None,
        typer.Option("--profile", help="The new identity's algorithms; absent: those of the old one."),
    ] = None,
) -> None:
    """Give the party a new identity. The agent must not run, and nothing it takes part in may be open.

    The old identity signs the export of the new one: others that trust it take up the new one with `accord keys trust`
    alone. It stays in the keystore for what it signed.

    \b
    Example
      accord keys rotate --config shop.yaml && accord keys export shop.identity.json --config shop.yaml
    """
    from accord_agents.operator.keys import rotate_keys

    typer.echo(rotate_keys(config, profile))


@app.command("passphrase")
def change(
    config: Config = PARTY_FILE,
    new: Annotated[
        Path | None,
        typer.Option(
            "--new-file",
            metavar="FILE",
            help="Holds the new passphrase, mode 0600; else it is asked for.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Change the keystore's passphrase, and give it the cost of today. The agent must not run.

    The old one comes from ACCORD_PASSPHRASE or the file's passphrase_file, as always.

    \b
    Example
      accord keys passphrase --config shop.yaml --new-file new.key && mv new.key shop.key
    """
    from accord_agents.operator.keys import change_passphrase
    from accord_agents.security.passphrase import read_passphrase

    words = (
        read_passphrase(new)
        if new
        else typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True).encode()
    )
    typer.echo(change_passphrase(config, words))


@app.command()
def revoke(
    identity: Annotated[
        str, typer.Argument(metavar="PARTY", help="A party, or the fingerprint of one of its identities.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; shown by accord keys show.", show_default=False)
    ],
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="DATE", help="When its key was lost, if that is known; default now.", show_default=False
        ),
    ] = "",
    config: Config = PARTY_FILE,
) -> None:
    """Let another party's identity count no more: what it signs is refused, and what is open with it ends.

    What it signed before that date stays signed; evidence says so, and that the date of each event is its sender's own claim.

    \b
    Examples
      accord keys revoke shop --reason "left the project"
      accord keys revoke shop --reason "laptop stolen" --since 2026-05-12T09:30:00Z
    """
    from accord_agents.operator.keys import revoke_identity

    typer.echo(revoke_identity(config, identity, reason, since))
