"""The label holder's part of a tree: derivatives, the choice of splits, and what a tree adds to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from accord_protocols.boosting import objective
from accord_protocols.boosting.gain import Rule, Split, best, exactly
from accord_protocols.boosting.groups import unions
from accord_protocols.boosting.objective import SCORE_BITS, unpacked
from accord_protocols.boosting.walking import children, walked
from accord_protocols.tasks.boosting.levels import summed, worth
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

UNFIT = "sums of a node are not of the agreed form, or impossible"
STEEPEST = Fraction(7, 10)
"""Of a leaf where scores grow with their exponential."""


def derived(context: Context) -> Result:
    """Derivatives of the TRAIN rows' scores as words ``(n,)``, their fraction bits, and a digest of them.

    Inputs: objective, scores ``(n + k,)``, y ``(n + k,)``, sampled ``(n,)``.
    """
    inputs = context.inputs
    n = len(inputs["sampled"])
    scores, y = inputs["scores"][:n], inputs["y"][:n]
    words, bits = objective.words(inputs["objective"], scores, y, inputs["sampled"] > 0, context.xof)
    return Result({"words": words, "bits": bits, "digest": digest(b"accord trees words", words.tobytes())})


def chosen(context: Context) -> Result:
    """Choose the splits of a level.

    Inputs: me, order (parties of the agreement); counts, ends, own, totals and reach of the own `levels.level`; bits,
    settings and unit; parents, the split nodes above, none at the root; and of every party with columns columns.PARTY
    (numbers of those in use) and above.PARTY ``(parents, m', W + 1)``, sums of words up to each bin of the nodes above;
    of each other party also shares.PARTY ``(parts, pairs, m', W)``, the own ones, and ends.PARTY and told.PARTY, what
    it said; finer.PARTY ``(parents, m', W)``, the groups of the nodes above.

    Fields: owners ``(children,)``, numbers in `order` from 1, 0 for leaves; splits ``(children, 3)``; gains
    ``(children,)``, for people; above.PARTY and finer.PARTY of the children that are split.

    Raises:
        ProtocolError: What a party said cannot be.
    """
    inputs = context.inputs
    rule = _rule(inputs)
    counts, pairs = inputs["counts"], len(inputs["ends"])
    each = len(counts) // pairs
    live = [worth(counts[each * p : each * (p + 1)], inputs["least"]) for p in range(pairs)]
    small = summed(counts, each)
    parties = [party for party in inputs["order"] if f"columns.{party}" in inputs]
    found = {party: _opened(inputs, party, live, small, each) for party in parties}
    owners, splits = np.zeros(len(counts), np.uint8), np.zeros((len(counts), 3), np.int64)
    gains = np.zeros(len(counts))
    for child in range(len(counts)):
        if counts[child] < 2 * inputs["least"]:
            continue
        g, h = (int(v[0]) for v in unpacked(inputs["totals"][child : child + 1]))
        top: Split | None = None
        for party in parties:
            sums, ends = found[party]
            columns = inputs[f"columns.{party}"]
            split = best(sums[child], ends[child // each], columns, g, h, rule)
            if split is not None and split.above(top):
                top, owner = split, inputs["order"].index(party) + 1
        if top is not None and (gain := top.gain(g, h, rule.l2)) > rule.gain:
            owners[child], splits[child] = owner, (top.column, top.last, top.missing)
            gains[child] = float(gain / Fraction(2) ** inputs["bits"] * Fraction(4) ** inputs["unit"])
    kept = {f"above.{party}": sums[owners > 0] for party, (sums, _) in found.items()}
    pair_of = np.flatnonzero(owners) // each
    kept |= {f"finer.{party}": ends[pair_of].astype(np.uint8) for party, (_, ends) in found.items()}
    return Result({"owners": owners, "splits": splits, "gains": gains, **kept})


def _rule(inputs: Mapping[str, Any]) -> Rule:
    settings, bits = inputs["settings"], inputs["bits"]
    rule = Rule.of(settings["l2"], settings["min_child_weight"], 0.0, bits)
    gain = exactly(settings["min_gain"]) * Fraction(2) ** bits / Fraction(4) ** inputs["unit"]
    return Rule(rule.l2, rule.weight, gain)


def _opened(
    inputs: Mapping[str, Any], party: str, live: Sequence[bool], small: Sequence[int], each: int
) -> tuple[Any, Any]:
    """Of one party the sums up to each bin of every child, ``(children, m', W + 1)``, and the ends of groups."""
    mine = party == inputs["me"]
    ends = (inputs["ends"] if mine else inputs[f"ends.{party}"]).astype(bool)
    pairs, columns, width = ends.shape
    if mine:
        sums = np.cumsum(inputs["own"], axis=2, dtype=np.uint64)
    else:
        shares = inputs[f"shares.{party}"].sum(axis=0, dtype=np.uint64)
        sums = np.cumsum(shares, axis=2, dtype=np.uint64)
        told = np.zeros_like(sums)
        at = ends & np.array(live)[:, None, None]
        if int(at.sum()) != len(inputs[f"told.{party}"]):
            raise ProtocolError(UNFIT, whose=party)
        told[at] = inputs[f"told.{party}"][:, 0]
        sums = np.where(at, sums + told, np.uint64(0))
    found = np.zeros((each * pairs, columns, width + 1), np.uint64)
    above = inputs[f"above.{party}"]
    for pair, child in enumerate(small):
        found[child, :, 1:] = sums[pair]
        if each == 2:
            found[child ^ 1] = above[pair] - found[child]
            if not unions(_ends_above(inputs, party, pair), ends[pair]):
                raise ProtocolError(UNFIT, whose=party)
        if live[pair] and not mine:
            for k in (child, child ^ 1)[:each]:
                _possible(found[k], ends[pair], inputs["totals"][k : k + 1], int(inputs["reach"][k]), party)
    return found, ends


def _ends_above(inputs: Mapping[str, Any], party: str, pair: int) -> Any:
    return inputs[f"finer.{party}"][pair].astype(bool)


def _possible(sums: Any, ends: Any, total: Any, reach: int, party: str) -> None:
    """Group sums within what the node's rows can give, adding up to the node's own."""
    for words, groups in zip(sums, ends, strict=True):
        g, h = unpacked(words[np.concatenate([[0], np.flatnonzero(groups) + 1])])
        parts, whole = np.diff(h), int(unpacked(total)[1][0])
        if words[-1] != total[0] or (parts < 0).any() or (parts > whole).any() or (np.abs(np.diff(g)) > reach).any():
            raise ProtocolError(UNFIT, whose=party)


def finished(context: Context) -> Result:
    """Go down the last level, and add the leaves to the scores.

    Inputs: settings, bits, places, sampled, nodes, owners and bits.PARTY of the last level, leaves (ids of all nodes
    that are none of a split), words, scores, y, n. Fields: scores; weights, of the leaves, with `SCORE_BITS` fraction
    bits; loss of the TEST rows.
    """
    inputs = context.inputs
    settings, n = inputs["settings"], inputs["n"]
    told = {name.partition(".")[2]: bits for name, bits in inputs.items() if name.startswith("bits.")}
    nodes = inputs["nodes"].tolist()
    places = walked(inputs["places"], dict(zip(nodes, inputs["owners"], strict=True)), told)
    leaves = [*inputs["leaves"].tolist(), *children(nodes)]
    rule = Rule.of(settings["l2"], settings["min_child_weight"], 0.0, inputs["bits"])
    weights = np.zeros(256, np.int64)
    here = places[:n]
    for leaf in leaves:
        g, h = (int(v[0]) for v in unpacked(inputs["words"][here == leaf].sum(dtype=np.uint64)[None]))
        weights[leaf] = weight(g, h, rule.l2, exactly(settings["learning_rate"]), settings["objective"])
    scores = inputs["scores"] + weights[places]
    found = objective.loss(settings["objective"], scores[n:], inputs["y"][n:]) if len(scores) > n else 0.0
    return Result(
        {"scores": scores, "leaves": np.array(sorted(leaves)), "weights": weights[sorted(leaves)], "loss": found}
    )


def weight(g: int, h: int, l2: int, rate: Fraction, loss: str, bits: int = SCORE_BITS) -> int:
    """Of a leaf: −η·G / (H + λ), rounded half up, with so many fraction bits."""
    step = Fraction(-g, h + l2)
    if loss == "poisson":
        step = max(-STEEPEST, min(STEEPEST, step))
    scaled = 2 * step * rate * 2**bits
    return int((scaled + 1) // 2)
