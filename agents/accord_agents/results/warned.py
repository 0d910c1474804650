"""Warnings for people: whether one is about privacy, about proof or about quality, and what to do about it.

A journal's notes keep their sentences for ever, since a replay compares them: what people need besides is put to them
here, where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARTY = r"^(?:[a-z0-9_-]{1,32}: )?"
_PRIVACY = {
    r"TRAIN rows for \d+ columns are few: what is opened tells more": (
        "Use fewer columns (features), or more rows; protection: closed opens nothing before the end."
    ),
    r"TRAIN rows are few for .*: gradients tell more": (
        "Set a lower train.max_rounds, or protection: closed, at which no gradient is opened."
    ),
    r"hold largely the same columns\.$": (
        "Of common users each then knows what the other brings. Leave such columns out at one of both, with features."
    ),
    r"The sampled overlap with .* is close to the bound": (
        "Whether the gate lets it pass is chance there; set align.max_overlap where no doubt is left."
    ),
    r"^The gate's bound is align\.": "",
    r"TRAIN rows of both differ in less than|^a row at most .* times|equations, of these and earlier ones": "",
    r"^The run used a seed: ": "Leave seed out.",
    r"^accord run wrote each keystore's passphrase beside it": "",
}
_PROOF = {
    r"the end of the log was not signed by ": (
        "Have that party's agent run again: it signs then. Until it has, evidence does not have its word on the end."
    ),
}
_QUALITY = {
    r"^Training ended without convergence: ": "Set a greater train.max_rounds, or a larger train.l2.",
    r"^link: linear trains on the logistic function's tangent": "Where probabilities count, set link: exact.",
    r"^Column .* was dropped: ": "If it matters, look at its cells, or at prepare.drop_variance_below and _above.",
    r"^Column .* has one value among the TRAIN rows": "Leave it out with features.",
    r"^Column .* have one label, so that they weigh nothing": "Agree on fewer bins, or on more rows in each.",
    r"rows repeat the id of an earlier row": "Where they are other people, name a column that tells them apart as id.",
    r"rows have an empty label": "Where these are known, fill them in.",
    r"values are not of the agreed form, and count as not found": "Ask the server's people; it answers with a new run.",
    r"^One id .*: does it stand for nobody\?": "Empty such cells, or leave the rows out.",
    r"\b(ids?|[Rr]ows|[Cc]olumns?|coefficients|preparation)\b|is read with|(train|match)\.[a-z]": "",
}
_KINDS = {"privacy": _PRIVACY, "proof": _PROOF, "quality": _QUALITY}


def said(warning: str) -> tuple[str, str]:
    """The kind of a warning, ``privacy``, ``proof`` or ``quality``, and the sentence with what to do.

    Whatever is said of rows, ids, columns and the model is about quality, unless one of the others has it; what is none
    of them, such as why a job failed, has the kind "".
    """
    bare = re.sub(_PARTY, "", warning)
    for kind, known in _KINDS.items():
        for pattern, remedy in known.items():
            if re.search(pattern, bare) or re.search(pattern, warning):
                return kind, f"{warning} {remedy}".rstrip() if warning.endswith((".", "?")) else f"{warning}. {remedy}"
    return "", warning


def ordered(warnings: Iterable[str] | None) -> list[tuple[str, str]]:
    """Of each what `said` says, the graver kinds first."""
    return sorted(map(said, warnings or []), key=lambda one: ["", *_KINDS].index(one[0]))


def shown(warnings: Iterable[str] | None) -> list[str]:
    """The same as lines for people: ``privacy: …``."""
    return [f"{kind}: {text}" if kind else text for kind, text in ordered(warnings)]
