"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

PARTY, TRAINING, BROKERS = "One party, for real", "Everything on one machine", "Between brokers"
PROOF = "Proof, for whoever asks"
"""Panels of the help."""

ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.", show_default=False)
]
Sets = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the scenario, e.g. train.max_rounds=10; may be repeated.",
        show_default=False,
    ),
]

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Where results go; a new or empty folder. Default: a new one under ./accord-runs.",
        show_default=False,
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        "--broker", metavar="URL", help="The log to talk over. Default: embedded:DIR/broker.db.", show_default=False
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="ray[:HOST:PORT]",
        help="Run heavy tasks on Ray: a cluster of this machine for the run, or one that runs. Default: beside the agents.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Use --out even if the folder holds something.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


PARTY_FILE = Path("party.yaml")
CONFIG = "ACCORD_CONFIG"
"""Names the party's file where --config does not."""


def _private(path: Path) -> Path:
    """Whoever works for a party writes files for its eyes alone; whose file it is may be left to be found."""
    from accord_agents.files.private import keep_private

    keep_private()
    return path if path != PARTY_FILE or path.exists() else _found()


def _found() -> Path:
    """The party's file that nobody named: what ACCORD_CONFIG says, else party.yaml in a folder above."""
    if named := os.environ.get(CONFIG):
        return Path(named)
    above = (folder / PARTY_FILE for folder in Path.cwd().resolve().parents)
    return next((path for path in above if path.is_file()), PARTY_FILE)


def also(config: Path) -> str:
    """What a command that is printed for people needs besides, to be for the same party."""
    return "" if config == _found() or config == PARTY_FILE else f" --config {config}"


Config = Annotated[
    Path,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The party's file. Without it party.yaml here, what ACCORD_CONFIG names, or party.yaml in a folder above.",
        callback=_private,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Collaboration = Annotated[
    str, typer.Argument(metavar="ID", help="The collaboration, as `accord inbox` shows it.", show_default=False)
]
Identities = Annotated[
    Path | None,
    typer.Option(
        "--identities",
        metavar="FILE",
        help='Known identities: {"PARTY": "FINGERPRINT"}, or what `accord keys known` or `accord keys export` wrote.',
        show_default=False,
    ),
]
RequireIdentities = Annotated[
    bool, typer.Option("--require-identities", help="Exit 5 unless it is proven who signed, against --identities.")
]
UNPROVEN = 5
"""Exit code: nothing is wrong, and who signed is not proven, though that was required."""
