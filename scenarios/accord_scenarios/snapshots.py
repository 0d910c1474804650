"""The parties' files, read once: the runner takes their snapshots, and each party's agent goes on with its own."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from accord_agents.intake.edges import EdgeSource
from accord_agents.intake.padding import Padding
from accord_agents.intake.reader import Source, take
from accord_agents.intake.snapshot import SNAPSHOTS, SUFFIX, Snapshot, columns_of, read_snapshot
from accord_agents.intake.table import Table
from accord_agents.reading.sources import source
from accord_agents.security.entropy import Entropy, SeedEntropy, SystemEntropy
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.layout import Layout
from accord_scenarios.model import Scenario
from accord_scenarios.proposal import terms
from accord_schemas.errors import UsageError


@contextmanager
def taken(scenario: Scenario, home: Path) -> Iterator[Mapping[str, Snapshot]]:
    """Snapshots of all parties' files, as their job reads them; see `taken_of`."""
    wanted = sources(scenario)
    with taken_of(wanted, scenario.seed, home, scenario.align.pad) as found:
        tables = [one for one in wanted.values() if isinstance(one, Source)]
        _somewhere("one_hot", {name for one in tables for name in one.reads.one_hot}, found.values())
        _somewhere("woe", terms(scenario, dict.fromkeys(scenario.parties, "")).prepare.woe, found.values())
        yield found


@contextmanager
def taken_of(
    wanted: Mapping[str, Source | EdgeSource], seed: int | None, home: Path, pad: int | None = None
) -> Iterator[Mapping[str, Snapshot]]:
    """Snapshots of files by party, padded where that was agreed, in a folder beside `home` that goes with the context.

    Each party has a folder of its own in it: a snapshot is named by what it holds, and two parties may hold the same.

    Raises:
        UsageError: A file cannot be used, or there is no such folder to be made.
    """
    beside = next(folder for folder in home.absolute().parents if folder.is_dir())
    try:
        folder = tempfile.mkdtemp(prefix=".accord-", dir=beside)
    except OSError as error:
        raise UsageError(
            f"{beside} cannot be written: {error.strerror}.", hint="Name another folder with --out."
        ) from None
    try:
        key, found = _secret(seed, "", "buckets"), {}  # that of the buckets is the same for all: they are one person's
        for name, one in wanted.items():
            padding = Padding(pad, _secret(seed, name, "padding")) if pad else None
            found[name] = take(one, Path(folder) / name, key, padding)
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sources(scenario: Scenario) -> dict[str, Source | EdgeSource]:
    """What of each party's file its job reads."""
    job, agreed = PLAYED[scenario.job].job, terms(scenario, dict.fromkeys(scenario.parties, ""))
    members = scenario.parties.items()
    return {name: source(member.data, agreed.ids, job.reads(agreed, name)) for name, member in members}


def table(layout: Layout, party: str) -> Table:
    """A party's rows, as its agent has them."""
    digest = json.loads(layout.one_shot(party).read_bytes())["snapshot"]
    return read_snapshot(layout.party(party) / SNAPSHOTS / f"{digest}{SUFFIX}", digest)


def _somewhere(key: str, columns: Iterable[str], snapshots: Iterable[Snapshot]) -> None:
    """See to it that each column of a key of `prepare` is some party's: a name that is nobody's is misspelt."""
    known = {column for snapshot in snapshots for column in columns_of(snapshot)}
    if missing := sorted({*columns} - known):
        near = get_close_matches(missing[0], known, 1)
        raise UsageError(
            f"prepare.{key} names {missing[0]!r}, which is no feature of any party.",
            hint=f"Did you mean {near[0]!r}?" if near else "Name columns as the files do.",
        )


def _secret(seed: int | None, party: str, purpose: str) -> bytes:
    entropy: Entropy = SystemEntropy() if seed is None else SeedEntropy(seed, party)
    return entropy.secret(purpose)
