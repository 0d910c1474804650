"""Sets filled up to a multiple: what is announced is that, what is common stays, and no number of a filler is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from tests.support.world import World, agreement, alignment, measuring

from accord_agents.intake.padding import Padding
from accord_agents.intake.reader import Source, take
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_protocols.jobs.registry import JOBS
from accord_protocols.primitives.psi.ids import evened, normalise
from accord_schemas.agreement import Agreement, Align
from accord_schemas.events import IdSet

STEP = 64
IDS = {"bank": range(100), "shop": range(50, 128), "telco": range(64)}  # telco's is a multiple as it is


def read(folder: Path, party: str, key: bytes = b"k" * 32, reads: Reads = Reads()) -> Table:  # noqa: B008  # frozen
    path = folder / f"{party}.csv"
    path.write_text("id,x,y\n" + "".join(f"u{i},{i},{i % 2}\n" for i in [*IDS[party], *IDS[party]]))
    snapshot = take(
        Source(path, "id", "y" if reads.label else None, None, reads), folder, bytes(32), Padding(STEP, key)
    )
    return read_snapshot(snapshot.path, snapshot.digest)


def test_a_set_is_filled_up_behind_its_own_rows(tmp_path: Path) -> None:
    table = read(tmp_path, "bank", reads=Reads("logistic", label=True))
    assert len(table.ids) == 128 and list(table.own_ids) == [f"u{i}" for i in range(100)]
    assert table.report.padded == 28 and table.report.duplicates == 100
    assert table.labels is not None and len(table.labels) == 128
    assert np.isnan(table.values[100:]).all() and not np.isnan(table.values[:100]).any()
    assert table.buckets is not None
    assert sorted(i for k in range(4) for i in table.buckets.ids(k, 4)) == sorted(table.ids)
    assert table.find(table.ids[120]) == 120
    full = read(tmp_path, "telco")
    assert len(full.ids) == len(full.own_ids) == 64


def test_fillers_are_nobodys_ids_and_each_keys_own(tmp_path: Path) -> None:
    first, other, again = (read(tmp_path, "bank", key * 32) for key in (b"a", b"b", b"a"))
    fillers = set(first.ids[100:])
    assert len(fillers) == 28 and not fillers & set(other.ids) and list(first.ids) == list(again.ids)
    assert all(normalise(each) != each and evened(each, ("trim",)) != each for each in fillers)


@pytest.mark.parametrize("scheme", ["rsa", "ecdh", "ot"])
def test_what_is_announced_tells_the_size_in_steps_and_what_is_common_stays(tmp_path: Path, scheme: str) -> None:
    align = Align(protocol=scheme, max_overlap=None, pad=STEP)  # type: ignore[arg-type]
    terms = JOBS["psi"].told(alignment(3, 512).model_copy(update={"align": align}))
    tables = {party: read(tmp_path, party, party[:1].encode() * 32) for party in IDS}
    world = World(terms, tables).run()  # type: ignore[arg-type]
    said = {a.sender: c.event.ids for a, c in world.log.items() if isinstance(c.event, IdSet)}
    assert said == {"bank": 128, "shop": 128, "telco": 64}
    for party in world.parties.values():
        found = sorted(party.rows.ids[row] for row in party.notes["rows"])
        assert found == sorted(f"u{i}" for i in range(50, 64))


def test_consent_says_what_sizes_tell() -> None:
    terms = alignment(2).model_copy(update={"align": Align(max_overlap=None, pad=1000)})
    learns = JOBS["psi"].told(terms).learns
    assert all("no more than which multiple of 1000 holds it" in said for said in learns.values())


@pytest.mark.parametrize(
    ("terms", "align", "words"),
    [
        (alignment(2), {"pad": 100}, "it goes with max_overlap: null"),
        (alignment(2), {"pad": 1, "max_overlap": None}, "greater than or equal to 2"),
        (measuring(2), {"pad": 100, "max_overlap": None}, "align.pad is for jobs psi and train, not for overlap"),
    ],
)
def test_what_cannot_be_is_refused(terms: Agreement, align: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Agreement.model_validate(terms.terms() | {"align": align})
    assert Agreement.model_validate(agreement(2).terms() | {"align": {"pad": 100, "max_overlap": None}})
