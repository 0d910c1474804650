"""What a party learns of a job, in sentences that follow from the agreement alone.

Every party derives them from the terms that it is asked to consent to, so that nobody is told less than the terms mean.
Another wording is another version of `jobs.base.CONSENT`: the second tells what the sums of boosted trees at `shared`
gave where it was measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord_protocols.jobs import walked
from accord_protocols.jobs.base import CONSENT
from accord_protocols.links.registry import link_of
from accord_protocols.phases.training.optimisers.rule import sums_loss
from accord_schemas.agreement import Agreement
from accord_schemas.graph import COMPARES, Graph
from accord_schemas.parts import Train

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
    return "; ".join([*_aligned(agreement, party), *_binned(agreement, party), *_trained(agreement, party)])


def predicted(agreement: Agreement, party: str) -> str:
    """Of a prediction of new rows."""
    return "; ".join([*_aligned(agreement, party), *_predicted(agreement, party)])


def boosted(agreement: Agreement, party: str) -> str:
    """Of boosted trees, over all of them, with their TEST rows."""
    return "; ".join([*_aligned(agreement, party), *_boosted(agreement, party)])


def binned(agreement: Agreement, party: str) -> str:
    """Of bins, over all of them."""
    return "; ".join([*_aligned(agreement, party), *_binned(agreement, party)])


def asked(agreement: Agreement, party: str) -> str:
    """Of an online prediction."""
    return "; ".join(_asked(agreement, party))


def queried(agreement: Agreement, party: str) -> str:
    """Of hidden queries."""
    terms = agreement.query
    if terms is None:
        return ""
    if party != agreement.leader:
        return f"how many keys {agreement.leader} asks for, up to {terms.max_queries}, and when; no key and no answer"
    asked = agreement.others[0]
    return (
        f"how many rows {asked} has; whether {asked} has a key, for each that it asks for, up to {terms.max_queries}, "
        f"and then what stands in {', '.join(terms.columns)}"
    )


def graphed(agreement: Agreement, party: str) -> str:
    """Of a computation over a graph."""
    return "; ".join(_graphed(agreement, party))


def matched(agreement: Agreement, party: str) -> str:
    """Of looking for pictures in a gallery."""
    terms = agreement.match
    if terms is None:
        return ""
    leader, other = agreement.leader, agreement.others[0]
    if party != leader:
        return f"how many pictures {leader} looks for, up to {terms.max_probes}; none of them and no outcome"
    unit = "bits" if terms.kind == "picture" else "in the embedding"
    return (
        f"how many pictures {other} has, and how many pairs of these are at most {terms.threshold:g} {unit} apart; of "
        f"each picture that it looks for, up to {terms.max_probes}, the file names in {other}'s gallery of those that "
        f"are at most {terms.threshold:g} {unit} apart from it, and no distance"
    )


def _aligned(agreement: Agreement, party: str) -> Iterator[str]:
    if party != agreement.leader:
        told = party in agreement.told
        yield "which of its ids are common to all" if told else "how many ids are common to all, and not which"
    else:
        yield "the common ids"
        if agreement.align.max_overlap is not None:
            yield "how many of a sample of its ids, and of its column names, each other party has"
    if agreement.align.pad:
        yield f"of the size of each other set no more than which multiple of {agreement.align.pad} holds it"
    for owner in agreement.order if party in agreement.knowing else ():
        if owner != party and (columns := agreement.align.carry.get(owner)):
            yield f"of every common id what {owner} has in {', '.join(columns)}"


def _trained(agreement: Agreement, party: str) -> Iterator[str]:
    train = agreement.train
    if train is None:
        return
    if train.protection == "closed":
        yield from _closed(agreement, train, party)
        yield from _tested(agreement, party)
        return
    if train.protection == "express":
        yield from _express(agreement, train, party)
        yield from _tested(agreement, party)
        return
    rounds = f"in each of up to {train.max_rounds} rounds"
    yield f"its own coefficients, and the gradients of its own columns {rounds}"
    if train.protection == "shared" and party in agreement.keyholders:
        yield f"a random share of every row's residual: with {_other(agreement, party)}'s it gives every row's score"
    if train.dealer is not None:
        yield from _dealt(agreement, train.dealer, party)
    if not link_of(train).quadratic:
        yield "in which rounds scores left their range"
    if party != agreement.label_holder:
        return
    yield f"{_SUMMED[train.optimiser]}, {rounds}"
    if train.protection == "shared" and link_of(train).name == "logistic":
        yield f"how far each party's own scores go, in sixteenths of their common range, {rounds}"
    if train.optimiser != "nesterov" and (link_of(train).quadratic or train.protection == "score"):
        yield f"the loss {rounds}"
    if sums_loss(train):
        of = "the loss, and the sums of all scores and residuals," if train.model == "poisson" else "the loss"
        yield f"{of} {rounds}"
    if train.protection == "score":
        yield (
            f"every row's score {rounds}: after as many rounds as another party has columns that gives every yes/no "
            "column of it exactly, and all others once some of its rows are known"
        )
    yield from _tested(agreement, party)


_SUMMED = {
    "lbfgs": "sums of inner products over the other parties' columns",
    "gd": "the slopes of each step and the gradient's length, summed over the parties",
    "nesterov": "the gradient's length, summed over the parties",
}


def _dealt(agreement: Agreement, dealer: str, party: str) -> Iterator[str]:
    """What masks that a third participant dealt give to two who tell each other."""
    first, second = agreement.keyholders
    if party == dealer:
        yield f"the masks of what {first} and {second} open: with what either of them sees it gives every row's score"
    elif party in (first, second):
        yield f"every row's score under a mask: with what {dealer} dealt it gives the score"


def _tested(agreement: Agreement, party: str) -> Iterator[str]:
    if party != agreement.label_holder:
        return
    if agreement.test_rows is not None:
        yield "the sum of the other parties' scores of every TEST row"
    if len(agreement.parties) == PAIR and (agreement.test_rows is not None or not _closes(agreement)):
        yield "of two parties, each such sum is the other party's own"


def _closes(agreement: Agreement) -> bool:
    return agreement.train is not None and agreement.train.protection in ("closed", "express")


def _closed(agreement: Agreement, train: Train, party: str) -> Iterator[str]:
    """At `closed`: no gradient, and no other number of a row or a column but in two random shares."""
    yield "its own coefficients, and their standard errors where the optimiser gives them"
    yield "how far each party's own scores go, in sixteenths of their common range, and how each round ended"
    if link_of(train).name == "logistic":
        yield "where they left that range its own coefficients of what was dropped, too"
    if train.model == "linear":
        yield "the variance of the residuals"
    if party in agreement.keyholders:
        other = _other(agreement, party)
        yield f"a random share of every weight, gradient, score and residual: with {other}'s they give all of these"
        if len(agreement.parties) > PAIR:
            yield f"a random share of every column of the parties that do not compute: with {other}'s it gives them"
    if party == agreement.label_holder:
        more = ", and of as many after each doubling of that range" if link_of(train).name == "logistic" else ""
        yield f"the loss, and the length of the step in the Hessian, in each of up to {train.max_rounds} rounds{more}"


def _express(agreement: Agreement, train: Train, party: str) -> Iterator[str]:
    """At `express`: no sum over rows but in two random shares."""
    yield "its own coefficients and their standard errors, and the variance of the residuals"
    if train.folds:
        yield "which of the agreed penalties cross-validation chose"
    if party in agreement.keyholders:
        other = _other(agreement, party)
        yield f"a random share of all second moments and weights: with {other}'s they give all of these"
        if len(agreement.parties) > PAIR:
            yield f"a random share of every column of the parties that do not compute: with {other}'s it gives them"
    if party != agreement.label_holder:
        return
    if train.folds:
        yield f"the mean error over {train.folds} folds, for each of {len(train.penalties)} penalties"
    yield "how precisely the equations were solved"


def _predicted(agreement: Agreement, party: str) -> Iterator[str]:
    if walked.by_trees(agreement):
        yield from walked.batch(agreement, party)
        return
    if party != agreement.leader:
        return
    yield "the prediction of every common row"
    yield from _summed(agreement, "every common row")


def _asked(agreement: Agreement, party: str) -> Iterator[str]:
    queries = agreement.predict.queries if agreement.predict else 0
    if party != agreement.leader:
        yield f"which ids {agreement.leader} asks for, up to {queries}, and when"
        return
    yield f"which of the other parties have an id that it asks for, up to {queries}"
    if walked.by_trees(agreement):
        yield from walked.single()
        return
    yield "the prediction of every such row that all have"
    yield from _summed(agreement, "every such row")


def _boosted(agreement: Agreement, party: str) -> Iterator[str]:
    """At `paths`: every party sees on which side of every split every row falls. At `shared`: sums, splits, scores."""
    trees = agreement.trees
    if trees is None:
        return
    if trees.protection == "shared":
        yield from _hidden(agreement, party)
        return
    over = f"in each of up to {trees.trees} trees"
    yield f"on which side of every split of every party each row falls, TEST rows too, {over}"
    if party != agreement.label_holder:
        yield (
            "with a few dozen labels that it knows, from these sides, the other rows' labels nearly as well as the "
            "model tells them"
        )
        yield "of its own splits the column, the value and on which side missing values go"
        return
    yield "each row's score"
    yield (
        f"sums of its rows' derivatives over groups of at least {trees.min_rows} rows by ranges of the other parties' "
        "columns"
    )
    yield (
        "for every split on another party's columns the side each row falls on: after 20 trees about half of what "
        "their binned columns say, for fewer rows or repeated runs nearly all; minimum groups do not prevent this"
    )
    yield "if it cheats, the other parties' whole binned tables in one training, unnoticed until an audit"


def _hidden(agreement: Agreement, party: str) -> Iterator[str]:
    """At `shared` nobody sees which rows a node holds: it is in two shares, of which each of two parties has one."""
    trees = agreement.trees
    assert trees is not None
    first, second = agreement.sharing
    several = len(agreement.parties) > len(agreement.sharing)
    if party != agreement.label_holder:
        yield "of its own splits the column, the value and on which side missing values go; who owns each split"
        yield "how fine each node's sums are, and so about how many rows it has; it cannot check that they are enough"
        if several and party == second:
            yield f"together with {first} each row's score, and on which side of every split of every party it falls"
        return
    others = "the other parties'" if several else f"{second}'s"
    yield (
        f"per node of up to {trees.trees} trees sums and counts of groups of at least {trees.min_rows} rows by ranges "
        f"of {others} columns, and where these split"
    )
    if agreement.test_rows is not None:
        yield "each TEST row's score, rounded to a 64th of the labels' range"
        if trees.stop_after is not None:
            yield f"after every tree one sum of the squared errors of all TEST rows, if there are {trees.min_rows}"
    alone = "by itself nobody" if several else "nobody"
    yield f"{alone} sees which rows a node holds; small data or repeated runs reveal more"
    if agreement.versions.get(CONSENT, 1) > 1:
        yield (
            f"as measured after 50 trees of 24,000 rows, half a percent of what {others} binned columns say for "
            "certain, and about a tenth by counting, after 20 trees less than half of that"
        )
    if several:
        yield f"together with {second} each row's score, and on which side of every split of every party it falls"
    tables = "the other parties' whole binned tables" if several else f"{second}'s whole binned table"
    yield f"if it cheats, {tables} in one training, unnoticed until an audit"


def _binned(agreement: Agreement, party: str) -> Iterator[str]:
    """The owner of a column learns the ones of each of its bins, the label holder what the column says in all.

    Before a training these are the columns that become weights of evidence.
    """
    terms, woe = agreement.binning, agreement.prepare.woe
    if terms is None:
        return
    which = f" among {', '.join(woe)}" if woe else ""
    if party == agreement.label_holder:
        yield (
            f"how many columns{which} each other party has, and the information value of each, to six places; no bin's "
            "rows"
        )
        return
    yield (
        f"how many TRAIN rows have the label 1, in all and in each of up to {terms.bins + 1} bins of each of its own "
        f"columns{which}, of at least {terms.min_rows} rows"
    )
    yield f"if it cheats, the labels of single rows, up to {terms.leaves - 1} for each column that it makes up"


def _graphed(agreement: Agreement, party: str) -> Iterator[str]:
    terms = agreement.graph
    if terms is None:
        return
    if terms.task in COMPARES:
        yield from _compared(agreement, terms, party)
        return
    if terms.task == "reach":
        hops = f"{terms.hops} hop{'' if terms.hops == 1 else 's'}"
        if party in terms.result_to:
            yield f"of each of up to {terms.queries} vertices of its choice whether a flagged one is within {hops}"
        else:
            yield f"that {terms.result_to[0]} asked for up to {terms.queries} vertices, and not for which"
    elif party in terms.result_to:
        yield f"the score of every vertex after {terms.rounds} rounds"
        yield (
            "scores tell edges: of vertices with few of them these, all other parties' together, and more with each run"
        )
    else:
        yield "that scores were computed"
    if party in agreement.keyholders:
        other = _other(agreement, party)
        yield f"a random share of how far each vertex is affected, in each round: with {other}'s it gives that"
        if len(agreement.parties) > PAIR:
            yield f"with what {other} has, the edges of the parties that do not compute"


def _compared(agreement: Agreement, terms: Graph, party: str) -> Iterator[str]:
    """Who asks learns numbers, or names; the others that they were asked."""
    asker = agreement.leader
    if party != asker:
        yield f"that {asker} asked for up to {terms.queries} vertices, and not for which"
    elif terms.task == "common_neighbours":
        yield (
            f"of each of up to {terms.queries} vertices of its choice how many of its neighbours it has at each other "
            "party, too"
        )
        yield "such numbers tell single edges: of a vertex with one neighbour, or from runs with other edges"
    else:
        yield (
            f"of each of up to {terms.queries} vertices of its choice which vertices of each other party have about "
            f"the neighbours that it has: nearly all of a Jaccard index above {terms.threshold:g}, some below, and how "
            "alike they are"
        )
        yield "with neighbours of its own making for whom it asks, whose neighbours these are"


def _summed(agreement: Agreement, of: str) -> Iterator[str]:
    yield f"the sum of the other parties' scores of {of}"
    if len(agreement.parties) == PAIR:
        yield "of two parties, each such sum is the other party's own"
    yield (
        "these sums add up with those of TEST rows and of other predictions: as many of one row, by different models, "
        "as another party has columns give its values"
    )


def _other(agreement: Agreement, party: str) -> str:
    return next(p for p in agreement.keyholders if p != party)
