"""Trainings on nearly the same rows reveal the labels of those that differ: an agent remembers its row sets.

Two trainings whose row sets differ in k rows give 2·m equations or more for those rows' labels; below 50 rows per
column that is too few unknowns for comfort. Rows are remembered as keyed 64-bit hashes, never as ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

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
