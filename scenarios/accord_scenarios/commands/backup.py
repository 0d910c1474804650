"""`accord backup` and `accord restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accord_scenarios.commands.options import PARTY_FILE, Config


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the backup.", show_default=False)],
    config: Config = PARTY_FILE,
) -> None:
    """Write everything that a party needs into one encrypted file, while its agent runs or not.

    It holds keystore, journal, identities, configuration, the copies of the data that collaborations use, and results; not the
    data file and not the passphrase. The keystore's passphrase encrypts it.

    \b
    Example
      accord backup /mnt/safe/shop-2026-01-31.backup --config shop.yaml
    """
    from accord_agents.backup.create import backup as write

    typer.echo(write(config, file))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of `accord backup`.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the party goes; absent or empty.", show_default=False)
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="A party's file whose broker, data and policy count instead of those in the backup.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Put a party's backup into a new folder, after the old one was lost.

    Never run the old and the restored party side by side. Before the agent goes on with a collaboration it asks the other
    parties what they hold of it; where the backup is too old, that collaboration ends.

    \b
    Example
      ACCORD_PASSPHRASE=... accord restore shop-2026-01-31.backup --out shop
      accord agent --config shop/party.yaml
    """
    from accord_agents.backup.restore import restore as put_back

    typer.echo(put_back(file, out, config))
