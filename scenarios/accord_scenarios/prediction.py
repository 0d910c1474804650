"""`accord predict`: the parties of a run predict new rows by the model that they have trained, on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from accord_agents.files import yaml12
from accord_agents.files.durable import written
from accord_agents.files.folder_lock import held
from accord_agents.files.paths import expanded
from accord_agents.files.private import keep_private
from accord_agents.intake.snapshot import SNAPSHOTS, Snapshot, adopted, read_snapshot
from accord_agents.results.trained import Trained, source, suits, trained
from accord_agents.security.trust import Identities
from accord_scenarios import runner, snapshots
from accord_scenarios.api.results import Run
from accord_scenarios.jobs.online import Asked, Service
from accord_scenarios.jobs.predict import Model, Predicting, Prediction, Scorer
from accord_scenarios.jobs.train import Labelled, Training
from accord_scenarios.jobs.trees import Growing
from accord_scenarios.layout import POLICY, Layout
from accord_scenarios.model import Data as Rows
from accord_scenarios.model import Scenario
from accord_scenarios.proposal import agreement
from accord_scenarios.scenario import load
from accord_schemas.agreement import LABEL_HOLDER
from accord_schemas.errors import AccordError, UsageError

FOLDER = "predictions"
"""Of the predictions in a run's folder, a numbered folder each."""
_PREDICTIONS = "predictions.csv"


def predicted(
    home: Path,
    data: Sequence[str],
    out: Path | None,
    requester: str | None,
    *,
    online: bool,
    paths: bool = False,
    force: bool,
    quiet: bool,
) -> Run:
    """Predict the rows of new files.

    Args:
        home: The folder of a completed training.
        data: ``PARTY=FILE`` for every party.
        out: Where the predictions go, besides the requester's folder.
        requester: Who gets them; the label holder without it.
        online: Whether its rows are asked for one by one, instead of aligned.
        paths: Whether everybody may see on which side of trees' splits rows fall.
        force: Whether `out` may exist.
        quiet: Whether nothing is said.

    Raises:
        UsageError: The run, a model or a file cannot be used; nothing was started.
    """
    trained_by = _training(home)
    files = _files(data, trained_by)
    if out is not None:
        _free(out, force=force)
    parts = {party: trained(home / party, party) for party in trained_by.parties}
    _one_model(parts)
    first = _first(trained_by, requester)
    _askable(trained_by, first, online=online, paths=paths)
    keep_private()
    with held(home / FOLDER):  # two predictions at once would write the same keystores
        place = _next(home / FOLDER)
        members = {party: _rows(member.data, files[party]) for party, member in trained_by.parties.items()}
        sources = {party: source(rows, parts[party].part, trained_by.ids) for party, rows in members.items()}
        with snapshots.taken_of(sources, trained_by.seed, place) as taken:
            tables = {party: read_snapshot(snapshot.path, snapshot.digest) for party, snapshot in taken.items()}
            for party, table in tables.items():
                suits(table, files[party].name, parts[party].part)
            asked = list(tables[first].ids) if online else []
            scenario = _scenario(trained_by, files, parts, first, len(asked), paths=paths)
            layout = _layout(home, place, scenario, taken, asked)
        ended = runner.play(layout, scenario, quiet=quiet)
    if ended.exit_code == 0 and out is not None:
        written(out, _pieces(layout.party(scenario.leader) / _PREDICTIONS))
    return ended


def _free(out: Path, *, force: bool) -> None:
    """See to it that a file can be written."""
    if out.exists() and not force:
        raise UsageError(f"{out} exists.", hint="Name a new file, or use --force.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {out.absolute().parent}.", hint="Make it, or name another file.")


def _training(home: Path) -> Labelled:
    layout = Layout(home)
    if not layout.scenario.exists():
        raise UsageError(f"{home} holds no run.", hint="Name the folder of an accord run.")
    found = load(layout.scenario)
    if not isinstance(found, (Training, Growing)) or found.train is None:
        raise UsageError(f"the run in {home} trained no model.", hint="Name the folder of a training.")
    return found


def _files(data: Sequence[str], run: Scenario) -> dict[str, Path]:
    """The file of each party."""
    files: dict[str, Path] = {}
    for text in data:
        party, equals, file = text.partition("=")
        if not (party and equals and file):
            raise UsageError(f"--data {text}: expected PARTY=FILE.", hint="For example --data bank=new.csv.")
        if party in files:
            raise UsageError(f"--data names {party} twice.", hint="Give each party one file.")
        if party not in run.parties:
            raise UsageError(f"--data {text}: there is no party {party}.", hint=f"There are {', '.join(run.parties)}.")
        files[party] = Path(expanded(Path(file))).absolute()
    if missing := sorted(set(run.parties) - set(files)):
        raise UsageError(
            f"the file of {missing[0]} is missing: every party has columns in the model.",
            hint=f"Add --data {missing[0]}=FILE.",
        )
    return files


def _rows(trained_on: Rows, file: Path) -> Rows:
    """The new rows of a party: another file with the id of those that it trained on."""
    return trained_on.other(file).model_copy(update={"label": None, "features": None})


def _one_model(parts: Mapping[str, Trained]) -> None:
    first, *others = parts.values()
    for other in others:
        if (other.collaboration, other.digests) != (first.collaboration, first.digests):
            raise UsageError(
                f"{other.folder} and {first.folder} hold parts of different models.", hint="Take one run's folder."
            )


def _scenario(
    run: Labelled, files: Mapping[str, Path], parts: Mapping[str, Trained], first: str, queries: int, *, paths: bool
) -> Predicting:
    members = {}
    for party, member in run.parties.items():
        rows = _rows(member.data, files[party])
        members[party] = Scorer(role="requester" if party == first else "scorer", data=rows)
    said: dict[str, Any] = {"name": f"{run.name[:80]}, predicted", "parties": members, "keys": run.keys}
    said |= {"security": run.security, "limits": run.limits, "seed": run.seed}
    whole = parts[first].terms
    if queries:
        return Service(**said, predict=Asked(of=whole.of, queries=queries).whole(whole))
    align = run.align.model_copy(update={"max_overlap": None})
    model = Model(of=whole.of, protection="paths" if paths else "shared")
    return Prediction(**said, align=align, predict=model.whole(whole))


def _first(run: Labelled, requester: str | None) -> str:
    """Who gets the predictions."""
    first = requester or next(party for party, role in run.roles.items() if role == LABEL_HOLDER)
    if first not in run.parties:
        raise UsageError(f"--for {first}: there is no party {first}.", hint=f"There are {', '.join(run.parties)}.")
    return first


def _askable(run: Labelled, first: str, *, online: bool, paths: bool) -> None:
    """See to it that there is such a prediction, and that trees can predict for whom it is."""
    if paths and (online or not isinstance(run, Growing)):
        what = "rows one by one" if online else "a model without trees"
        raise UsageError(f"--paths is for files of rows and boosted trees, not for {what}.", hint="Leave it out.")
    if isinstance(run, Growing) and first != run.label_holder:
        raise UsageError(f"--for {first}: the trees are {run.label_holder}'s, who alone can ask for predictions.")


def _next(folder: Path) -> Path:
    """A folder of its own in it: the lowest number that is free."""
    number = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdecimal()), default=0)
    return folder / str(number)


def _layout(
    home: Path, place: Path, scenario: Predicting, taken: Mapping[str, Snapshot], asked: Sequence[str]
) -> Layout:
    """A run's folder whose parties have the keystores and models of the run that trained."""
    layout = Layout(place)
    known = Identities.load(home / "identities.json")
    publics = {party: public for party in scenario.parties if (public := known.get(party))}
    agreed = agreement(scenario, publics)
    try:
        for party, member in scenario.parties.items():
            folder, base = layout.party(party), (home / party).absolute()
            folder.mkdir(parents=True)
            config = {
                "party": party,
                "broker": f"embedded:{place.absolute() / 'broker.db'}",
                "data": member.data.model_dump(mode="json"),
                "policy": POLICY,
                "keystore": os.path.relpath(base / "keystore", folder.absolute()),
                "passphrase_file": os.path.relpath(base / "keystore.key", folder.absolute()),
                "identities": os.path.relpath(base.parent / "identities.json", folder.absolute()),
                "models": os.path.relpath(base, folder.absolute()),
                "out": ".",
                "workers": max(1, (os.cpu_count() or 1) // len(scenario.parties)),
                "most_workers": os.cpu_count() or 1,
            }
            layout.config(party).write_text(yaml12.dump(config), encoding="utf-8")
            one_shot = {
                "agreement": agreed.terms() if party == scenario.leader else None,
                "seed": scenario.seed,
                "snapshot": adopted(taken[party], folder / SNAPSHOTS).digest,
                "ids": asked if asked and party == scenario.leader else None,
            }
            layout.one_shot(party).write_text(json.dumps(one_shot), encoding="utf-8")
        layout.scenario.write_text(yaml12.dump(scenario.resolved()), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}.", hint="Free space or change rights.") from None
    return layout


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                yield piece
    except OSError as error:
        raise AccordError(f"{path} cannot be read: {error.strerror}.") from None
