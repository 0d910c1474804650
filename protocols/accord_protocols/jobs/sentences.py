"""What a party learns of a job, in sentences that follow from the agreement alone.

Every party derives them from the terms that it is asked to consent to, so that nobody is told less than the terms mean.
Another wording is another version of `jobs.base.CONSENT`.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord_schemas.agreement import Agreement

PAIR = 2
"""Parties of a collaboration in which a sum over the others is the other's own part."""


def aligned(agreement: Agreement, party: str) -> str:
    """Of an alignment."""
    return "; ".join(_aligned(agreement, party))


_PART = {"min": "the smaller set", "mine": "its own set", "yours": "the other's set", "union": "both sets together"}


def measured(agreement: Agreement, party: str) -> str:
    """Of an overlap that is asked for."""
    if party != agreement.leader:
        return "that it was counted how many of its ids the leader shares"
    return f"how many ids it shares with each other party, as a part of {_PART[agreement.align.denominator]}; no id"


def trained(agreement: Agreement, party: str) -> str:
    """Of a training, at its level of protection, over its rounds, with its TEST rows."""
    return "; ".join([*_aligned(agreement, party), *_trained(agreement, party)])


def predicted(agreement: Agreement, party: str) -> str:
    """Of a prediction of new rows."""
    return "; ".join([*_aligned(agreement, party), *_predicted(agreement, party)])


def _aligned(agreement: Agreement, party: str) -> Iterator[str]:
    if party != agreement.leader:
        yield "which of its ids are common to all"
        return
    yield "the common ids"
    if agreement.align.max_overlap is not None:
        yield "how many of a sample of its ids, and of its column names, each other party has"


def _trained(agreement: Agreement, party: str) -> Iterator[str]:
    train = agreement.train
    if train is None:
        return
    rounds = f"in each of up to {train.max_rounds} rounds"
    yield f"its own coefficients, and the gradients of its own columns {rounds}"
    if train.protection == "shared" and party in agreement.keyholders:
        yield f"a random share of every row's residual: with {_other(agreement, party)}'s it gives every row's score"
    if party != agreement.label_holder:
        return
    yield f"the loss, and sums of inner products over the other parties' columns, {rounds}"
    if train.protection == "score":
        yield (
            f"every row's score {rounds}: after as many rounds as another party has columns that gives every yes/no "
            "column of it exactly, and all others once some of its rows are known"
        )
    if agreement.test_rows is not None:
        yield "the sum of the other parties' scores of every TEST row"
    if len(agreement.parties) == PAIR:
        yield "of two parties, each such sum is the other party's own"


def _predicted(agreement: Agreement, party: str) -> Iterator[str]:
    if party != agreement.leader:
        return
    yield "the prediction of every common row"
    yield from _summed(agreement, "every common row")
    yield (
        "these sums add up with those of TEST rows and of other predictions: as many of one row, by different models, "
        "as another party has columns give its values"
    )


def _summed(agreement: Agreement, of: str) -> Iterator[str]:
    yield f"the sum of the other parties' scores of {of}"
    if len(agreement.parties) == PAIR:
        yield "of two parties, each such sum is the other party's own"


def _other(agreement: Agreement, party: str) -> str:
    return next(p for p in agreement.keyholders if p != party)
