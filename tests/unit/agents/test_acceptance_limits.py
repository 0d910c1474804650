"""What cannot run is refused before anything is said, naming the limit."""

from __future__ import annotations

import pytest
from tests.support.world import agreement

from accord_agents.service.acceptance import fits
from accord_schemas.agreement import Limits
from accord_schemas.errors import UsageError


def test_more_ids_than_agreed_are_refused_at_acceptance() -> None:
    terms = agreement(2).model_copy(update={"limits": Limits(max_rows=1000)})
    fits("people.csv", 1000, terms)
    with pytest.raises(UsageError, match=r"people.csv has 1,001 ids, more than the 1,000 .*limits.max_rows"):
        fits("people.csv", 1001, terms)
