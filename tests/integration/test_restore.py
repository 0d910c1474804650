"""A lost working directory: restored from an older backup and the log, the agents arrive at the same model."""

from __future__ import annotations

import pytest
from tests.integration.command import Command
from tests.integration.restoring import Trio
from tests.support.files import people

LOST = (("shop", "AGREED", "PREPARED"), ("bank", "ALIGNED", "TRAINING"))
"""Who, backed up and lost at which states."""


@pytest.mark.sweep
def test_a_lost_folder_is_restored_and_the_model_is_the_same(accord: Command) -> None:
    """Of one seed, whoever was lost: had it drawn anything anew, the models would differ."""
    data, digests = people(accord.folder, 3, 150, seed=4, nasty=False), []
    for party, backup_at, lost_at in LOST:
        trio = Trio(accord, data)
        trio.loses_its_folder(party, backup_at, lost_at)
        results = trio.results()
        ends = {p: (r["status"], r["reason"]) for p, r in results.items()}
        assert ends == dict.fromkeys(results, ("COMPLETED", None))
        digests.append({p: r["model_digest"] for p, r in results.items()})
        trio.one_version()
    assert digests[0] == digests[1]
