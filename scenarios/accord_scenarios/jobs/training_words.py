"""What results of a training mean in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_scenarios.jobs import binning_words
from accord_scenarios.wording import Result, leader, listed, number

_NOT_UNIQUE = (
    "Its coefficients are not unique: other ones fit these rows as well, and to compare them one by one means nothing. "
    "Set train.l2 to choose among them."
)
_GAIN, _SHARE = 0.01, 0.1
"""r2, or AUC, is noticeably better if it is by so much, and takes away this share of what is missing to 1."""


def verdict(result: Result) -> str:
    """The outcome of a completed training in a sentence."""
    parties = listed(result.get("parties") or [])
    common = f"{parties} have {number(result.get('intersection_size'))} users in common"
    rounds = f"{number(result['rounds'])} round{'' if result['rounds'] == 1 else 's'}"
    settled = f"{'converged' if result.get('converged') else 'had not converged'} after {rounds}"
    if nothing := _nothing(result):
        return f"No model was trained: {nothing}. {common}.{_cost(result)}"
    if result.get("test_rows") == 0:
        untested = "Not tested: no row was kept for it, so that nobody knows how well the model predicts"
        return f"{untested}. {common}; training {settled}.{_against(result)}"
    return f"{common} and trained one model, which {settled}.{_against(result)}{_cost(result)}"


def reserved(result: Result) -> bool:
    """Whether a completed run came to less than a model that was tested."""
    trained = result.get("status") == "COMPLETED" and result.get("rounds") is not None
    return trained and bool(_nothing(result) or result.get("test_rows") == 0 or costly(result))


def costly(result: Result) -> bool:
    """Whether plaintext training without preparation predicts TEST rows noticeably better than the model does."""
    _, own, plain = _figures(result)
    return own is not None and plain is not None and plain - own > max(_GAIN, _SHARE * (1 - own))


def cost(result: Result) -> str:
    """What preparation costs and where to look, in a sentence."""
    name, own, plain = _figures(result)
    return (
        f"Without preparation plaintext training reaches {name} {number(plain, 3)} on TEST rows, the model {number(own, 3)}: "
        "see which cells were clipped and which columns were dropped."
    )


def _cost(result: Result) -> str:
    if not costly(result):
        return ""
    name, *values = _figures(result)
    own, plain = (number(value, 3) for value in values)
    return f" Preparation cost it accuracy: {name} is {own} on TEST rows, in plaintext without preparation {plain}."


def _figures(result: Result) -> tuple[str, float | None, float | None]:
    """A figure that is 1 at best, of the model and of plaintext training without preparation; none for counts."""
    own, plain = result.get("metrics") or {}, (result.get("reference") or {}).get("unprepared") or {}
    name = "auc" if "auc" in own else "r2"
    return name, own.get(name), plain.get(name)


def _nothing(result: Result) -> str:
    """Why there is no model to speak of; empty if there is one."""
    if not any((result.get("coefficients") or {"": True}).values()):
        return "every column was dropped"
    if result.get("constant_label"):
        return "the label is the same in every TRAIN row"
    if result.get("rounds") == 0:
        return "training ended before its first round, within train.tolerance, and every coefficient is 0"
    return ""


def _against(result: Result) -> str:
    if result.get("unique") is False:
        return f" {_NOT_UNIQUE}"
    error = (result.get("reference") or {}).get("max_coefficient_error")
    if error is None:
        return ""
    return f" Its coefficients differ from plaintext training by at most {number(error, 2)}, relative to the largest."


def learned(result: Result) -> list[str]:
    """Who learns what at the run's protection level, one sentence each."""
    first, level = leader(result), result.get("protection")
    others = sorted(party for party in result.get("parties") or {} if party != first)
    common = (
        f"{first} learns which users all parties share, and how many of a sample it shares with each.",
        f"{listed(others)} {'learns' if len(others) == 1 else 'learn'} the number of {first}'s users, and which of the "
        "own users all parties share.",
    )
    opened: list[str] = [*_OPENED.get(level or "", (*_SCORE, *_ALWAYS))]
    opened += _DEALT if level in ("closed", "express") and len(others) > 1 else ()
    training = [text.format(first=first, second=others[0], others=listed(others)) for text in opened]
    tested = [f"{first} learns the model's prediction for every TEST row."] if result.get("test_rows") else []
    alone = [f"With two parties, {first} learns {others[0]}'s part of each such score too."] if len(others) == 1 else []
    return [*common, *binning_words.learned(result), *training, *tested, *(alone if tested or level == "score" else [])]


_SHARED = (
    "Scores and residuals exist only as two random shares, at {first} and at {second}: neither of them sees a value of "
    "a row. {first} and {second} together could.",
    "{first} learns the loss and sums over the others' gradients; with few parties and many rounds these approach the "
    "second moments of the columns of {others}.",
)
_SCORE = (
    "{first} learns every common user's score, summed over the parties, in every round. After as many "
    "rounds as another party has columns, it can rebuild every yes/no column of it exactly, and all others once it "
    "knows some of its rows.",
)
_ALWAYS = (
    "Every party learns its own coefficients and its own gradient in each round; the first gradient alone says much "
    "about the labels.",
)


_CLOSED = (
    "Weights, gradients, scores and residuals exist only as two random shares, at {first} and at {second}, until the "
    "end: neither of them sees any of these. {first} and {second} together could.",
    "{first} learns the loss and how long each step is, and of a linear model the variance of the residuals, as "
    "everybody does.",
    "Every party learns its own coefficients, with their standard errors where the optimiser gives them, and how far "
    "each party's own scores go, in sixteenths of their common range.",
)
_DEALT = (
    "Who does not compute deals its prepared columns to {first} and {second} in two random shares: together these two "
    "could read them.",
)
_EXPRESS = (
    "Second moments and weights exist only as two random shares, at {first} and at {second}, until the end: neither of "
    "them sees any of these. {first} and {second} together could.",
    "{first} learns the error of each penalty that was tried, if there was cross-validation, and how precisely the "
    "equations were solved.",
    "Every party learns its own coefficients with their standard errors, the variance of the residuals, and which "
    "penalty was chosen.",
)
_OPENED: dict[str, tuple[str, ...]] = {"shared": (*_SHARED, *_ALWAYS), "closed": _CLOSED, "express": _EXPRESS}


def rows(result: Result) -> str | None:
    """How many rows trained and tested it."""
    if result.get("train_rows") is None:
        return None
    return f"{number(result['train_rows'])} train, {number(result.get('test_rows') or 0)} test"


def model(result: Result) -> str | None:
    """How large it is, and how it was trained."""
    columns = [column for own in (result.get("coefficients") or {}).values() for column in own]
    if not columns:
        return None
    return f"{len(columns)} coefficients; {result.get('engine')}, protection {result.get('protection')}"


def metrics(metrics: Mapping[str, Any] | None) -> str:
    """Figures on TEST rows."""
    return ", ".join(
        f"{name} {number(v, 5)}"
        for name, v in (metrics or {}).items()
        if v is not None and name not in ("max_coefficient_error", "unprepared")
    )


def alone(result: Result) -> Mapping[str, Any]:
    """Figures of the label holder's own columns, on the same TEST rows."""
    found: Mapping[str, Any] = ((result.get("alone") or {}).get(leader(result)) or {}).get("own") or {}
    return found
