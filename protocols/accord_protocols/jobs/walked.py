"""What a party learns of predictions by boosted trees, in sentences: see `jobs.sentences`."""

from __future__ import annotations

from collections.abc import Iterator

from accord_protocols.model.trees import FAMILY
from accord_schemas.agreement import Agreement

_UNTIL = "unnoticed until an audit"
_SUMMED = "these scores add up with those of TEST rows and of other predictions of the same rows"


def by_trees(agreement: Agreement) -> bool:
    """Whether it is trees that predict."""
    return agreement.predict is not None and agreement.predict.model == FAMILY


def batch(agreement: Agreement, party: str) -> Iterator[str]:
    """Of the common rows of a file."""
    assert agreement.predict is not None
    if agreement.predict.protection == "paths":
        yield from _shown(agreement, party)
        return
    if party != agreement.leader:
        return
    yield "the score of every common row, summed over all trees, to a 64th of its unit"
    yield "nobody sees on which side of a split a row falls"
    yield f"if it cheats with its leaves, on which sides of up to 40 splits each row falls, {_UNTIL}"
    yield _SUMMED


def single() -> Iterator[str]:
    """Of rows that the requester asks for."""
    yield "the score of every such row that all have, summed over all trees, to a 64th of its unit"
    yield "nobody sees on which side of a split a row falls"
    yield (
        "if it cheats with its leaves, in each request on which sides of up to 40 splits each of its rows falls, "
        f"{_UNTIL}"
    )
    yield _SUMMED


def _shown(agreement: Agreement, party: str) -> Iterator[str]:
    """At `paths`: whoever follows a row sees where it goes."""
    if party != agreement.leader:
        yield (
            "on which side each common row falls of every split that it passes, of every party, but those above leaves"
        )
        yield (
            "with a few dozen scores or labels that it knows, from these sides, the other rows' nearly as well as the "
            "model tells them"
        )
        return
    yield "the score of every common row, summed over all trees"
    yield (
        "on which side each common row falls of every split that it passes, of every party: of 20 trees about half of "
        "what the other parties' binned columns say of it, of more nearly all"
    )
    yield f"if it cheats, on which side of every split of the other parties each row falls, {_UNTIL}"
    yield _SUMMED
