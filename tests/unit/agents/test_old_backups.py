"""Every row count of a journal as old backup: the same models and one version of each event, or a clean end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.real import every
from tests.support.simulated import KilledError, SimulatedNetwork
from tests.support.world import agreement, tables

from accord_agents.journal.journal import Journal
from accord_schemas.frame import Frame

DATA = tables(3, n=60, columns=2)
Counts = dict[str, int]
Play = Callable[..., str]
TERMS = agreement(3, max_rounds=1)


class Site:
    """A network in which one party goes back to an old copy of its journal while the others go on.

    Args:
        folder: New.
        party: Who goes back.
        backup: At which of its commits the copy is taken.
        later: After how many more it dies and is given the copy.
        marked: Whether the copy knows that it is one.
        secrets: Whether the keystore goes back too.
        lose: Which part of the log is lost at that moment.
        again: After how many commits more it is given the same copy again; never where 0.
    """

    def __init__(
        self,
        folder: Path,
        party: str,
        backup: int,
        later: int,
        *,
        marked: bool = True,
        secrets: bool = False,
        lose: float = 0.0,
        again: int = 0,
    ) -> None:
        folder.mkdir()
        self.folder, self.party, self.backup = folder, party, backup
        self.deaths = [backup + later, backup + later + again]
        self.marked, self.old_secrets, self.lose = marked, secrets, lose
        self.commits, self.lost = 0, list[tuple[str, bytes]]()
        self.kept: dict[str, bytes] = {}
        self.restored = False
        self.network = SimulatedNetwork(folder, TERMS, DATA, order=backup, point=self._point)
        self.member = self.network.members[party]
        self.member.restart = self._go_back  # type: ignore[method-assign]

    def _point(self, party: str, where: str) -> None:
        if party != self.party or where != "after commit":
            return
        self.commits += 1
        if self.commits == self.backup:
            self.member.journal.copy(self.folder / "backup")
            self.kept = dict(self.member.secrets)
        if self.commits in self.deaths:
            raise KilledError

    def _go_back(self) -> None:
        self.member.journal.close()
        for path in self.folder.glob(f"{self.party}.db*"):
            path.unlink()
        shutil.copy(self.folder / "backup", self.folder / f"{self.party}.db")
        if self.marked:
            journal = Journal(self.folder / f"{self.party}.db")
            journal.set_meta("restored", b"yes")
            journal.close()
        if self.old_secrets:
            self.member.secrets, self.member.life = dict(self.kept), "second"
        log, others = self.network.log, [h for h in self.network.members.values() if h is not self.member]
        for index, record in enumerate(log):
            if self.network.rng.random() < self.lose:
                log[index] = ("control", b"lost")
                if any(index in member.read for member in others):  # else nobody knows that it was said
                    self.lost.append(record)
        self.restored = True
        self.member.start()

    def run(self) -> Site:
        self.network.run(quiet=60)
        return self

    def versions(self) -> dict[tuple[str, int], set[bytes]]:
        """Everything that was published and not lost before anybody heard it, by sender and sequence."""
        found: dict[tuple[str, int], set[bytes]] = {}
        for _, data in self.lost + [r for r in self.network.log if r[1] != b"lost"]:
            frame = Frame.decode(data)
            if frame.header.number:
                found.setdefault((frame.header.source, frame.header.number), set()).add(frame.digest)
        return found

    def ends(self) -> dict[str, tuple[str, str]]:
        return {
            p: (c.state, c.reason)
            for p, h in self.network.members.items()
            for c in h.dispatcher.collaborations.values()
        }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Counts]:
    """The models, and how often each party commits."""
    counts = dict.fromkeys(DATA, 0)

    def count(party: str, where: str) -> None:
        counts[party] += where == "after commit"

    network = SimulatedNetwork(tmp_path_factory.mktemp("base"), TERMS, DATA, point=count)
    network.run()
    assert network.ended
    models = network.models()
    network.close()
    return models, counts


@pytest.fixture
def counts(undisturbed: tuple[dict[str, Any], Counts]) -> Counts:
    return undisturbed[1]


@pytest.fixture
def play(tmp_path: Path, undisturbed: tuple[dict[str, Any], Counts]) -> Play:
    """Plays a site; returns the state in which the party that went back ended."""

    def played(party: str, backup: int, later: int, **options: Any) -> str:
        folder = tmp_path / f"{party}-{backup}-{later}-{'-'.join(map(str, options.values()))}"
        site = Site(folder, party, backup, later, **options).run()
        try:
            where, ends = (party, backup, later, options, site.ends()), site.ends()
            assert site.restored or site.commits < site.deaths[0], where
            assert all(len(digests) == 1 for digests in site.versions().values()), where
            state, reason = ends.pop(party)
            (others,) = set(ends.values())
            if others == ("COMPLETED", ""):  # also where they had all that they needed when the party fell behind
                models = site.network.models()
                assert {p: models[p] for p in ends} == {p: undisturbed[0][p] for p in ends}, where
            if state == "COMPLETED":
                assert others == ("COMPLETED", ""), where
                assert site.network.models() == undisturbed[0], where
            else:
                assert state == "FAILED" and party in reason, where
                assert others in {("COMPLETED", ""), ("FAILED", reason)}, where
            return state
        finally:
            site.network.close()
            shutil.rmtree(folder)

    return played


def counted(party: str, counts: Counts, marked: bool, step: int) -> range:
    """Every so many row counts of one party; fewer of the others, which differ little, and of copies without a mark."""
    return range(1, counts[party], every(10) * (step if marked and party == "shop" else 4 * step + 2))


@pytest.mark.sweep
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("party", list(DATA))
def test_every_row_count_as_backup_with_the_whole_log(play: Play, counts: Counts, party: str, marked: bool) -> None:
    for backup in counted(party, counts, marked, 1):
        assert play(party, backup, 1 + 7 * backup % 23, marked=marked) == "COMPLETED"


@pytest.mark.sweep
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("party", list(DATA))
def test_every_row_count_as_backup_with_a_log_that_lost_a_fifth(
    play: Play, counts: Counts, party: str, marked: bool
) -> None:
    """What the log lost, the others still hold: they publish it again, unless nobody has it whole."""
    backups = counted(party, counts, marked, 2)
    ends = [play(party, b, 1 + 7 * b % 23, marked=marked, lose=0.2) for b in backups]
    assert ends.count("COMPLETED") >= 0.7 * len(ends) - 1


@pytest.mark.parametrize("party", ["shop", *(pytest.param(p, marks=pytest.mark.sweep) for p in DATA if p != "shop")])
def test_a_log_that_lost_nearly_everything(play: Play, counts: Counts, party: str) -> None:
    for backup in range(1, counts[party], 6 * every(6)):
        play(party, backup, 1 + 7 * backup % 23, lose=0.9)


@pytest.mark.sweep
def test_two_backups_one_after_the_other(play: Play, counts: Counts) -> None:
    for backup in range(1, counts["shop"], 8 * every(3)):
        assert play("shop", backup, 3, again=2) == "COMPLETED"


@pytest.mark.sweep
def test_a_keystore_that_lacks_what_was_drawn_since_ends_the_collaboration(play: Play, counts: Counts) -> None:
    """The log holds the public half of a key that is gone: a second one is never said."""
    ends = {play("shop", backup, 15, secrets=True) for backup in range(1, counts["shop"] - 15, 3 * every(3))}
    assert ends == {"FAILED", "COMPLETED"}, "either the keys were in the backup, or they were not"
