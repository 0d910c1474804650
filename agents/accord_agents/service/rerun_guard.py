"""Trainings on nearly the same rows reveal the labels of those that differ: an agent remembers its row sets.

Two trainings whose row sets differ in k rows give 2·m equations or more for those rows' labels; below 50 rows per
column that is too few unknowns for comfort. Rows are remembered as keyed 64-bit hashes, never as ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.config.policy import Policy
from accord_agents.intake.table import Table
from accord_agents.security.keystore import durable
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest

ROWS_PER_COLUMN = 50


class Reruns:
    """The row sets of earlier trainings.

    Args:
        folder: Where they are kept.
        key: Of the hashes.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._key = folder, digest(b"accord reruns", key)

    def check(self, cid: str, agreement: Agreement, ids: Sequence[str], columns: int) -> str:
        """Remember this row set; a sentence when it is too close to an earlier one of the same parties."""
        rows = {hashlib.blake2b(i.encode(), key=self._key, digest_size=8).hexdigest() for i in ids}
        parties = digest(b"accord parties", *sorted(agreement.parties)).hex()[:16]
        self._folder.mkdir(exist_ok=True)
        for path in sorted(self._folder.glob(f"{parties}-*.json")):
            if path.stem != f"{parties}-{cid}":
                apart = len(rows ^ set(json.loads(path.read_bytes())))
                if 0 < apart < ROWS_PER_COLUMN * max(columns, 1):
                    return f"the rows differ in {apart} from an earlier training with the same parties"
        durable(self._folder / f"{parties}-{cid}.json", json.dumps(sorted(rows)).encode())
        return ""


def objections(
    policy: Policy,
    reruns: Reruns,
    collaboration: Collaboration,
    note: Mapping[str, Any],
    table: Callable[[Collaboration], Table | None],
) -> Iterator[str]:
    """What a policy has against the rows that a note of a collaboration tells of; they are remembered in any case."""
    if "rows" in note and collaboration.agreement and collaboration.agreement.train:
        own = table(collaboration)
        assert own is not None
        ids = [own.ids[row] for row in note["rows"]]
        near = reruns.check(collaboration.cid, collaboration.agreement, ids, len(own.columns))
        if near and policy.refuse_reruns:
            yield near
    if "train_rows" in note and policy.refuse_few_rows:
        kept = sum(column["kept"] for column in note["columns"])
        if note["train_rows"] < ROWS_PER_COLUMN * kept:
            yield f"{note['train_rows']} TRAIN rows are too few for {kept} columns"
