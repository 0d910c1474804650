"""Trainings on nearly the same rows reveal the labels of those that differ: an agent remembers its TRAIN rows.

Two trainings whose TRAIN rows, or what stands in them, differ in k rows give 2·m equations or more for those rows'
labels; below 50 rows per column that is too few unknowns for comfort. A peer of both trainings can take the difference,
whoever else took part and whatever the terms were. Rows are remembered as keyed 64-bit hashes, never as ids, beside the
keystore: a new folder for journals and results forgets none.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.room import too_large
from accord_agents.config.policy import Policy
from accord_agents.intake.table import Table
from accord_agents.security.keystore import durable
from accord_protocols.phases.boosting.able import MOST, traffic
from accord_protocols.phases.training.few_rows import PER_COLUMN, wanted
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest

ROWS_PER_COLUMN = 50
ROWS_PER_EQUATION = 4
"""Of trees and bins: TRAIN rows for each equation that they tell on a column, or on the labels, over all runs."""
SUFFIX = ".rows"
"""Of the file of a collaboration, after its id."""
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Training:
    """What is remembered of one training.

    Args:
        peers: Who else took part.
        rows: ``(n,)`` hashes of the TRAIN rows' ids, ascending.
        contents: ``(n,)`` hashes of what stands in them: label and columns.
        scored: ``(k,)`` hashes of the TEST rows' ids.
        equations: On each column of these rows, or on their labels, that may have been told, see `equations`.
    """

    peers: frozenset[str]
    rows: Hashes = field(repr=False)
    contents: Hashes = field(repr=False)
    scored: Hashes = field(repr=False)
    equations: int = 0

    def near(self, other: Training, columns: int) -> bool:
        """Whether too few rows differ: those that only one has, or those of both that changed."""
        if not (self.peers & other.peers and len(self.rows) and len(other.rows)):
            return False  # nobody can compare; or one is a prediction
        _, mine, its = np.intersect1d(self.rows, other.rows, assume_unique=True, return_indices=True)
        apart = len(self.rows) + len(other.rows) - 2 * len(mine)
        changed = int(np.count_nonzero(self.contents[mine] != other.contents[its]))
        bound = ROWS_PER_COLUMN * max(columns, 1)
        return 0 < apart < bound or 0 < changed < bound

    def encode(self) -> bytes:
        """The arrays, as one file."""
        file = io.BytesIO()
        peers = np.array(sorted(self.peers), np.str_)
        told = np.array(self.equations)
        np.savez(file, peers=peers, rows=self.rows, contents=self.contents, scored=self.scored, equations=told)
        return file.getvalue()

    @classmethod
    def read(cls, path: Path) -> Training:
        """What `encode` gave."""
        with np.load(path, allow_pickle=False) as found:
            told = int(found["equations"]) if "equations" in found else 0  # written before there were trees
            rows, contents, scored = (found[n] for n in ("rows", "contents", "scored"))
            return cls(frozenset(found["peers"].tolist()), rows, contents, scored, told)


class Reruns:
    """The TRAIN rows of earlier trainings.

    Args:
        folder: Where they are kept.
        key: Of the hashes.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._key = folder, digest(b"accord reruns", key)

    def training(self, agreement: Agreement, me: str, table: Table, rows: Sequence[int], columns: int = 0) -> Training:
        """What to remember of a training on the TRAIN rows among the aligned `rows` of a table.

        Args:
            agreement: Its terms.
            me: This party.
            table: Its file.
            rows: Common ones.
            columns: Of the other party that has most.
        """
        rule = agreement.test_rows
        tests = {r for r in rows if rule is not None and is_test(table.ids[r], rule.hash_modulus, rule.equals)}
        kept, opened = [r for r in rows if r not in tests], tests if agreement.train or agreement.trees else []
        ids, scored = (
            np.array([self._hash(table.ids[r].encode()) for r in each], np.uint64) for each in (kept, opened)
        )
        order = np.argsort(ids)
        contents = np.array([self._hash(self._content(table, kept[k])) for k in order], np.uint64)
        peers = frozenset(agreement.parties) - {me}
        return Training(peers, ids[order], contents, scored, equations(agreement, me, columns))

    def prediction(self, agreement: Agreement, me: str, table: Table, rows: Sequence[int]) -> Training:
        """What to remember of a prediction of the aligned `rows` of a table: their scores, and no training."""
        none = np.zeros(0, np.uint64)
        scored = np.array([self._hash(table.ids[r].encode()) for r in rows], np.uint64)
        return Training(frozenset(agreement.parties) - {me}, none, none, scored)

    def near(self, cid: str, training: Training, columns: int) -> bool:
        """Whether a training is too close to an earlier one.

        Args:
            cid: Of its collaboration.
            training: See `training`.
            columns: The most columns that any party trains with.
        """
        return any(training.near(other, columns) for other in self._others(cid))

    def equations(self, cid: str, training: Training) -> int:
        """How many a training and those before it, on some of its rows with one of its peers, tell on each column."""
        earlier = (o for o in self._others(cid) if o.peers & training.peers)
        before = (o.equations for o in earlier if o.equations and np.isin(o.rows, training.rows).any())
        return training.equations + sum(before)

    def scores(self, cid: str, training: Training, reader: str) -> int:
        """How often one of a training's TEST rows was scored for a party before, at most."""
        earlier = [other.scored for other in self._others(cid) if reader in other.peers]
        rows, counts = np.unique(np.concatenate([training.scored[:0], *earlier]), return_counts=True)
        return int(counts[np.isin(rows, training.scored)].max(initial=0))

    def _others(self, cid: str) -> Iterator[Training]:
        return (Training.read(path) for path in sorted(self._folder.glob(f"*{SUFFIX}")) if path.stem != cid)

    def remember(self, cid: str, training: Training) -> None:
        """Keep a training for later ones; durable when this returns."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        durable(self._folder / f"{cid}{SUFFIX}", training.encode())

    def add(self, cid: str, prediction: Training) -> None:
        """Keep which rows were scored, besides those that the same collaboration had asked for before."""
        path = self._folder / f"{cid}{SUFFIX}"
        before = Training.read(path).scored if path.exists() else prediction.scored[:0]
        self.remember(cid, replace(prediction, scored=np.union1d(before, prediction.scored)))

    def _hash(self, data: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(data, key=self._key, digest_size=8).digest(), "little")

    @staticmethod
    def _content(table: Table, row: int) -> bytes:
        others = (numbers for numbers in (table.labels, table.weights, table.exposure) if numbers is not None)
        content: bytes = b"content " + b"".join(o[row].tobytes() for o in others) + table.values[row].tobytes()
        return content


def equations(agreement: Agreement, me: str = "", columns: int = 0) -> int:
    """On each column: every node of every tree gives two, for each cut, with coefficients that the label holder knows.
    On the labels: every bin of every column of another party gives one, with coefficients that its owner knows.

    With as many as there are rows all cells, or labels, can be solved for, whatever groups there are
    (docs/threat-model.md).
    """
    trees, bins = agreement.trees, agreement.binning
    if bins and me == agreement.label_holder:
        return (bins.bins + 1) * binned(agreement, columns)
    return 2 * trees.trees * (2**trees.depth - 1) if trees else 0


def binned(agreement: Agreement, columns: int) -> int:
    """How many of a party's columns are binned at most: before a training, those that become weights of evidence."""
    woe = agreement.prepare.woe
    return min(columns, len(woe)) if woe else columns


def remembers(policy: Policy, *, for_good: bool) -> bool:
    """Whether an agent has to remember rows: by what its policy says now or, of one that serves, may say one day.

    Args:
        policy: Its own.
        for_good: Whether its folder outlives the collaboration, as that of `accord run` does not.
    """
    return for_good or policy.refuse_reruns or policy.max_scores_per_row is not None


def objections(
    policy: Policy,
    reruns: Reruns | None,
    collaboration: Collaboration,
    note: Mapping[str, Any],
    table: Callable[[Collaboration], Table | None],
) -> Iterator[tuple[str, str]]:
    """What speaks against the rows that a note of a collaboration tells of: the policy, or what contents can carry.

    What is trained on is remembered. That goes through all rows, and takes seconds of a million.

    Args:
        policy: The own one.
        reruns: The memory of rows; None where nobody will ask for it.
        collaboration: Whose note it is.
        note: Of a machine.
        table: Finds the party's rows.

    Yields:
        One fixed reason, which is said to everybody, and what it rests on, for the own people.
    """
    for peer, size in sorted(note.get("sizes", {}).items()):
        if peer != collaboration.me and size > policy.max_peer_rows:
            yield f"{peer} announced too many ids", f"{size} ids of {peer}, of at most {policy.max_peer_rows}"
    if collaboration.agreement:
        sizes, rows = note.get("sizes", {}), note.get("train_rows", 0)
        most_columns = max(note["widths"].values()) if "widths" in note else 0
        cells = len(note["rows"]) * binned(collaboration.agreement, most_columns) if most_columns else 0
        for found in too_large(collaboration.agreement, sizes, rows, cells):
            whose = f"{found.party} announced more ids" if found.party else "there are more TRAIN rows"
            yield f"{whose} than one content carries", found.detail
        trees = collaboration.agreement.trees
        if trees and trees.protection == "shared" and "widths" in note:
            besides = sum(n for party, n in note["widths"].items() if party not in collaboration.agreement.sharing)
            size = traffic(trees, rows or len(note["rows"]), sum(note["widths"].values()), besides)
            if size > MOST:
                detail = f"{size:,} bytes a tree, of at most {MOST:,}: agree on less depth, or on protection: paths"
                yield "trees at level shared would take too many bytes", detail
    if "widths" in note and collaboration.agreement and reruns is not None:
        own = table(collaboration)
        assert own is not None
        others = max(width for party, width in note["widths"].items() if party != collaboration.me)
        training = reruns.training(collaboration.agreement, collaboration.me, own, note["rows"], others)
        columns, cid, most = max(note["widths"].values()), collaboration.cid, policy.max_scores_per_row
        reader, told = collaboration.agreement.label_holder, reruns.equations(cid, training)
        if most is not None and reader != collaboration.me and reruns.scores(cid, training, reader) >= most:
            yield "TEST rows were scored for the label holder before", f"a row at most {most} times, as the policy says"
        elif policy.refuse_reruns and training.equations and told > len(training.rows) // ROWS_PER_EQUATION:
            bound = f"{told} equations, of these and earlier ones, on {len(training.rows)} TRAIN rows"
            yield "trees or bins of these rows would tell too much of them", bound
        elif not (policy.refuse_reruns and reruns.near(cid, training, columns)):
            reruns.remember(cid, training)
        else:
            bound = f"TRAIN rows of both differ in less than {ROWS_PER_COLUMN} for each of {columns} columns"
            yield "the rows are nearly those of an earlier training with one of the parties", bound
    if "asked" in note and collaboration.agreement and reruns is not None:
        yield from _asked(policy, reruns, collaboration, note["asked"], table)
    if note.get("train_rows", policy.min_rows) < policy.min_rows:
        yield "there are too few TRAIN rows", f"{note['train_rows']} TRAIN rows of {policy.min_rows} or more"
    elif "train_rows" in note and policy.refuse_few_rows:
        kept = sum(column["kept"] for column in note["columns"])
        train = collaboration.agreement.train if collaboration.agreement else None
        each = wanted(train, train.max_rounds) if train else PER_COLUMN
        if note["train_rows"] < each * kept:
            have = f"{note['train_rows']} TRAIN rows for {kept} columns"
            yield "there are too few TRAIN rows", f"{have}, of {each} for each"


def _asked(
    policy: Policy,
    reruns: Reruns,
    collaboration: Collaboration,
    rows: Sequence[int],
    table: Callable[[Collaboration], Table | None],
) -> Iterator[tuple[str, str]]:
    """What speaks against scoring rows for whoever asks for predictions; it is remembered, whatever else was scored."""
    terms, me, most = collaboration.agreement, collaboration.me, policy.max_scores_per_row
    own = table(collaboration)
    assert terms is not None and own is not None
    if me == terms.leader:
        return
    prediction = reruns.prediction(terms, me, own, rows)
    if most is not None and reruns.scores(collaboration.cid, prediction, terms.leader) >= most:
        yield "rows were scored for the requester before", f"a row at most {most} times, as the policy says"
    else:
        reruns.add(collaboration.cid, prediction)
