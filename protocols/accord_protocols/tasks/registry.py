"""Names of tasks, how their work splits into parts, and running one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from operator import attrgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges
from accord_protocols.primitives.xof import Xof
from accord_schemas.blob import Blob
from accord_schemas.errors import ProtocolError


class Rows(Protocol):
    """A party's rows, as read at acceptance."""

    @property
    def ids(self) -> Sequence[str]:
        """Normalised ids; a slice of them is no copy."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the feature columns."""

    @property
    def values(self) -> NDArray[np.float64]:
        """``(n, m)``, NaN for nulls."""

    def find(self, identifier: str) -> int | None:
        """The row of an id, if there is one; in time that hardly grows with their number."""

    @property
    def labels(self) -> NDArray[np.float64] | None:
        """``(n,)``, or None."""

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """``(n,)`` above 0, or None."""

    @property
    def exposure(self) -> NDArray[np.float64] | None:
        """``(n,)`` above 0, or None."""

    @property
    def forms(self) -> Mapping[str, str]:
        """Of columns that hold dates (days since 1970-01-01) or booleans (0 and 1): ``date`` or ``boolean``."""

    @property
    def cells(self) -> Sequence[bytes]:
        """Of each row the cells that are kept as they are written, packed; none where none are kept."""

    @property
    def edges(self) -> Edges | None:
        """Of a party that brings a graph: then the ids are its vertices, and there are no columns."""

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """Of columns of categories their texts; the values are numbers in this list."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a task works on.

    Args:
        inputs: Fields; those that the task splits by hold this part's rows only.
        key: Of its randomness, empty where it needs none.
        secrets: Keystore entries it asked for, by name.
        table: The party's rows, where it asked for them.
        part: Number of this part; enters the randomness, so that no two parts draw alike.
        ids: This part's ids, where the task splits by ids; all of them otherwise.
        threads: How many it may use; the result is the same.
    """

    inputs: Mapping[str, Any] = field(repr=False)
    key: bytes = field(default=b"", repr=False)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    table: Rows | None = field(default=None, repr=False)
    part: int = 0
    ids: Sequence[str] = field(default=(), repr=False)
    threads: int = 1

    @property
    def xof(self) -> Xof:
        """This part's stream; the same each time it is asked for."""
        return Xof(self.key, "part", self.part)

    @property
    def rows(self) -> Rows:
        """The party's rows."""
        assert self.table is not None, "the task was started without rows"
        return self.table


@dataclass(frozen=True, slots=True)
class Result:
    """Fields for the machine, and secrets that go to the keystore only."""

    fields: dict[str, Any] = field(repr=False)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """Where a task's function is, and how it splits.

    Args:
        function: ``module:name`` below this package, perhaps of an object there; Context -> Result.
        split: Fields whose first axis is cut into parts; the results' arrays are joined along theirs.
        by_ids: Whether the ids are cut as well.
        lazy: Fields that it reads itself, some rows at a time, see `some`: blobs where they are large.
        chunk: Rows per part: fixed, so that the bytes do not depend on the number of workers.
        chunk_from: The input that says how many, where that follows from sizes of the job.
        heavy: Whether a part takes seconds: then two of them are worth the start of another worker.
        cheap: Whether a replay executes it again in any case, for parties of up to `CHEAP_ROWS` rows: milliseconds.
        replayed_by: The task that gives its result again in a replay, where that is another one.
        recorded: The field of the recorded result which that one is given besides the inputs.
    """

    function: str
    split: tuple[str, ...] = ()
    by_ids: bool = False
    lazy: tuple[str, ...] = ()
    chunk: int = 2048
    chunk_from: str = ""
    heavy: bool = False
    cheap: bool = False
    replayed_by: str = ""
    recorded: str = ""


CHEAP_ROWS = 20_000
TASKS: dict[str, Task] = {
    "keys.exchange.make": Task("keys:make_exchange"),
    "keys.exchange.check": Task("keys:check_exchange"),
    "keys.paillier.make": Task("keys:make_paillier"),
    "keys.paillier.check": Task("keys:check_paillier"),
    "keys.oprf.make": Task("keys:make_oprf"),
    "keys.oprf.check": Task("keys:check_oprf"),
    "ids.commit": Task("keys:commit", cheap=True),
    "gate.sample": Task("gate:sample_task"),
    "gate.answer": Task("gate:answer"),
    "gate.count": Task("gate:count_task", cheap=True),
    "align.blind": Task("align:blind", by_ids=True),
    "align.sign": Task("align:sign", split=("numbers",), chunk=512),
    "align.tag": Task("align:tag", by_ids=True, chunk=512),
    "keys.ecdh.make": Task("ecdh:RISTRETTO.make"),
    "keys.ecdh.check": Task("ecdh:RISTRETTO.check"),
    "ecdh.blind": Task("ecdh:RISTRETTO.blind", by_ids=True),
    "ecdh.evaluate": Task("ecdh:RISTRETTO.evaluate", split=("numbers",)),
    "ecdh.tag": Task("ecdh:RISTRETTO.tag", by_ids=True),
    "ecdh.finalise": Task("ecdh:RISTRETTO.finalise", split=("numbers",), by_ids=True),
    "keys.sm2.make": Task("ecdh:SM2.make"),
    "keys.sm2.check": Task("ecdh:SM2.check"),
    "sm2.blind": Task("ecdh:SM2.blind", by_ids=True, chunk=512),
    "sm2.evaluate": Task("ecdh:SM2.evaluate", split=("numbers",), chunk=512),
    "sm2.tag": Task("ecdh:SM2.tag", by_ids=True, chunk=512),
    "sm2.finalise": Task("ecdh:SM2.finalise", split=("numbers",), by_ids=True, chunk=512),
    "ot.warm": Task("transfer:warmed"),
    "ot.hashed": Task("transfer:hashed"),
    "ot.bucketed": Task("transfer:bucketed"),
    "ot.solved": Task("transfer:solved", split=("buckets",), lazy=("hashes",), chunk=4),
    "ot.choices": Task("transfer:choices"),
    "ot.answered": Task("transfer:answered"),
    "ot.learned": Task("transfer:learned"),
    "ot.masked": Task("transfer:masked", lazy=("hashes", "table")),
    "ot.tagged": Task("transfer:tagged", lazy=("hashes",)),
    "ot.read": Task("transfer:read", lazy=("hashes",)),
    "ot.joined": Task("transfer:joined", lazy=("tags",)),
    "ot.marked": Task("transfer:marked", lazy=("tags",)),
    "ot.matched": Task("transfer:matched", cheap=True, lazy=("tags",)),
    "ot.found": Task("transfer:found", cheap=True, lazy=("tags",)),
    "align.store": Task("align:store"),
    "align.finalise": Task("align:finalise", split=("numbers",), by_ids=True),
    "align.intersect": Task("align:intersect_task", cheap=True, lazy=("tags",)),
    "align.locate": Task("align:locate_task", cheap=True, lazy=("tags",)),
    "align.order": Task("align:order", cheap=True),
    "carry.taken": Task("carry:taken", cheap=True),
    "carry.checked": Task("carry:checked", cheap=True),
    "prepare.fit": Task("prepare:fit_task", replayed_by="prepare.refit", recorded="fitted"),
    "prepare.refit": Task("prepare:refit_task"),
    "pads.encrypt": Task("pads:encrypt", split=("masks",), chunk=512),
    "pads.mask": Task("pads:mask", split=("columns",), chunk=4),
    "pads.multiply": Task("pads:multiply"),
    "train.scores": Task("train:scores_task", split=("x",), chunk=16384),
    "series.encrypt": Task("series:encrypt"),
    "series.multiply": Task("series:multiply"),
    "series.deal": Task("series:deal"),
    "series.fold": Task("series:fold"),
    "train.gradient": Task("train:gradient_task", split=("x", "vector"), chunk=16384),
    "predict.scores": Task("predict:scores_task", split=("rows",), chunk=16384, cheap=True),
    "predict.sided": Task("predict:sided_task"),
    "predict.find": Task("predict:find_task", cheap=True),
    "paths.told": Task("paths:told"),
    "paths.gone": Task("paths:gone"),
    "paths.fallen": Task("paths:fallen"),
    "query.build": Task("query:build", split=("groups",), lazy=("tags",), chunk=1, heavy=True),
    "query.warm": Task("query:warmed", lazy=("table",)),
    "query.blind": Task("query:blind"),
    "query.ask": Task("query:ask"),
    "query.answer": Task("query:answered", lazy=("table",)),
    "query.read": Task("query:read", lazy=("hint",), cheap=True),
    "pads.decrypt": Task("pads:decrypt", split=("numbers",), chunk=64),
    "keys.lattice.make": Task("lattice:make"),
    "keys.lattice.check": Task("lattice:check"),
    "lattice.warm": Task("lattice:compiled"),
    "lattice.encrypt": Task("lattice:encrypt", split=("blocks",), chunk=64),
    "lattice.transposed": Task("lattice:multiply_transposed", split=("numbers",), chunk_from="each"),
    "lattice.forward": Task("lattice:multiply_forward", split=("numbers",), chunk_from="each"),
    "lattice.open_transposed": Task("lattice:opened_transposed"),
    "lattice.open_forward": Task("lattice:opened_forward"),
    "lattice.terms_encrypt": Task("lattice:terms_encrypt"),
    "lattice.terms_multiply": Task("lattice:terms_multiply"),
    "lattice.terms_open": Task("lattice:terms_open"),
    "lattice.matrix_encrypt": Task("lattice:matrix_encrypt"),
    "lattice.matrix_multiply": Task("lattice:matrix_multiply"),
    "lattice.matrix_open": Task("lattice:matrix_open"),
    "closed.deal": Task("closed.setup:deal"),
    "closed.assemble": Task("closed.setup:assemble"),
    "closed.start": Task("closed.scores:start"),
    "closed.forward": Task("closed.scores:forward", lazy=("columns",)),
    "closed.link": Task("closed.scores:link"),
    "closed.linked": Task("closed.scores:linked"),
    "closed.backward": Task("closed.sums:backward", lazy=("columns",)),
    "closed.gather": Task("closed.sums:gather", lazy=("heard",)),
    "closed.square": Task("closed.inverse:square"),
    "closed.correct": Task("closed.inverse:correct"),
    "closed.improve": Task("closed.inverse:improve"),
    "closed.step": Task("closed.steps:step"),
    "closed.close": Task("closed.steps:close"),
    "closed.spread": Task("closed.variances:spread"),
    "closed.turn": Task("closed.variances:turn"),
    "closed.bend": Task("closed.variances:bend"),
    "closed.variances": Task("closed.variances:variances"),
    "closed.waves": Task("closed.scores:waves", lazy=("u", "weights")),
    "closed.multiply": Task("closed.scores:multiply", lazy=("u",)),
    "onehot.offered": Task("onehot:offered"),
    "onehot.answered": Task("onehot:answered"),
    "onehot.learned": Task("onehot:learned"),
    "onehot.chosen": Task("onehot:chosen", split=("bins",), chunk=4096),
    "onehot.grown": Task("onehot:grown", split=("nonces", "checks"), lazy=("choices",), chunk=1),
    "onehot.kept": Task("onehot:kept", split=("kept", "blocks", "bins"), chunk=4096),
    "onehot.sent": Task("onehot:sent", split=("slots", "sampled", "words"), lazy=("q",), chunk=4096),
    "onehot.summed": Task("onehot:summed", split=("slots", "sampled"), lazy=("q",), chunk=4096),
    "onehot.received": Task("onehot:received", split=("bins", "slots", "sampled"), lazy=("kept", "told"), chunk=4096),
    "trees.binned": Task("boosting.prepare:binned"),
    "trees.derived": Task("boosting.label:derived"),
    "trees.level": Task("boosting.levels:level"),
    "trees.sided": Task("boosting.levels:sided"),
    "trees.chosen": Task("boosting.label:chosen"),
    "trees.finished": Task("boosting.label:finished"),
    "hidden.ranged": Task("hidden.rows:ranged"),
    "hidden.begun": Task("hidden.rows:begun"),
    "hidden.rooted": Task("hidden.rows:rooted"),
    "hidden.sent": Task("hidden.edges:sent", split=("q", "words"), chunk=4096),
    "hidden.received": Task("hidden.edges:received", split=("kept", "bins", "told", "words"), chunk=4096),
    "hidden.besides": Task("hidden.edges:received", split=("kept", "bins", "told"), chunk=4096),
    "hidden.tallied": Task("hidden.label:tallied"),
    "hidden.picked": Task("hidden.label:picked"),
    "hidden.chosen": Task("hidden.edges:chosen"),
    "hidden.accepted": Task("hidden.edges:accepted"),
    "hidden.given": Task("hidden.edges:given"),
    "hidden.multiplied": Task("hidden.edges:multiplied"),
    "hidden.joined": Task("hidden.rows:joined"),
    "hidden.squared": Task("hidden.rows:squared"),
    "hidden.tested": Task("hidden.edges:tested"),
    "hidden.missed": Task("hidden.rows:missed"),
    "hidden.descended": Task("hidden.rows:descended"),
    "hidden.faced": Task("hidden.rows:faced"),
    "hidden.lifted": Task("hidden.rows:lifted"),
    "hidden.raised": Task("hidden.rows:raised"),
    "bins.cut": Task("boosting.prepare:cut"),
    "bins.weighed": Task("binning:weighed"),
    "express.fold": Task("express.moments:fold"),
    "express.encrypt": Task("express.moments:encrypt", split=("blocks",), chunk=32),
    "express.cross": Task("express.moments:cross", split=("heard.columns",), chunk_from="each"),
    "express.moments": Task("express.moments:gather"),
    "express.whole": Task("express.systems:whole"),
    "express.left_out": Task("express.systems:left_out"),
    "express.square": Task("express.inverse:square", split=("y", "heard.h"), chunk=1),
    "express.correct": Task("express.inverse:correct", split=("h", "y", "hy_mask", "heard.hy", "heard.y"), chunk=1),
    "express.improve": Task("express.inverse:improve", split=("y", "e", "ye_mask", "h_encrypted", "heard.ye"), chunk=1),
    "express.solve": Task("express.systems:solve", split=("right", "heard.y"), chunk=1),
    "express.weights": Task("express.systems:weights"),
    "express.residuals": Task("express.systems:residuals"),
    "express.errors": Task("express.systems:errors"),
    "express.keep": Task("express.systems:keep"),
    "express.choose": Task("express.systems:choose"),
    "express.spread": Task("closed.variances:spread"),
    "express.turn": Task("closed.variances:turn"),
    "express.bend": Task("closed.variances:bend"),
    "express.variances": Task("closed.variances:variances"),
    "graph.deal": Task("graph:deal"),
    "graph.gather": Task("graph:gather"),
    "graph.items": Task("graph:items"),
    "graph.table": Task("graph:table"),
    "graph.choose": Task("graph:choose"),
    "graph.mask": Task("graph:mask", split=("rows",), chunk=8192),
    "graph.blind": Task("graph:blind", split=("rows",), chunk=8192),
    "graph.multiply": Task("graph:multiply", split=("rows", "hiding"), chunk=2048),
    "graph.combine": Task("graph:combine"),
    "graph.cover": Task("graph:cover"),
    "graph.part": Task("graph:part"),
    "graph.step": Task("graph:step"),
    "graph.scores": Task("graph:scores"),
    "graph.ask": Task("graph:ask"),
    "graph.held": Task("graph:held"),
    "graph.reached": Task("graph:reached"),
    "graph.blinded": Task("graph:blinded"),
    "graph.listed": Task("graph:listed"),
    "graph.evaluated": Task("graph:evaluated"),
    "graph.met": Task("graph:met"),
    "graph.united": Task("graph:united"),
    "match.enrol": Task("matching:enrol"),
    "match.ask": Task("matching:ask"),
    "match.opened": Task("matching:opened"),
    "match.picks": Task("matching:picks", split=("held",), chunk=512),
    "match.tables": Task("matching:tables", split=("nonces", "checks", "choices"), lazy=("held",), chunk=1),
    "match.read": Task("matching:read", split=("held", "joined", "tables"), chunk=512),
    "match.named": Task("matching:named", cheap=True),
}


def some(value: NDArray[Any] | Blob, span: slice) -> NDArray[Any]:
    """Some rows of an input that may be a blob."""
    return value.rows(span) if isinstance(value, Blob) else value[span]


def spans(task: Task, inputs: Mapping[str, Any], rows: int) -> list[slice]:
    """The parts of a task's work, by sizes alone. `rows`: how many ids the party has."""
    if not task.split and not task.by_ids:
        return [slice(None)]
    sizes = {len(inputs[name]) for name in task.split} | ({rows} if task.by_ids else set())
    if len(sizes) != 1:
        raise ValueError("the fields of a task differ in length")
    chunk = inputs[task.chunk_from] if task.chunk_from else task.chunk
    return [slice(start, start + chunk) for start in range(0, max(sizes.pop(), 1), chunk)]


def cut(task: Task, inputs: Mapping[str, Any], span: slice) -> dict[str, Any]:
    """The inputs of one part."""
    return {name: value[span] if name in task.split else value for name, value in inputs.items()}


def part(task: Task, context: Context, number: int, span: slice) -> Context:
    """The context of one part; its inputs are cut already."""
    ids: Sequence[str] = context.table.ids if context.table is not None else ()
    return replace(context, part=number, ids=ids[span] if task.by_ids else ids)


def run(name: str, context: Context) -> Result:
    """Run one part of a task."""
    module, _, function = TASKS[name].function.partition(":")
    try:
        result: Result = attrgetter(function)(import_module(f"accord_protocols.tasks.{module}"))(context)
    except ProtocolError as error:
        error.whose = error.whose or context.inputs.get("peer")
        raise
    return result


def join(results: Sequence[Result]) -> Result:
    """One result of the parts', in their order: arrays joined along their first axis."""
    if len(results) == 1:
        return results[0]
    return Result({name: np.concatenate([r.fields[name] for r in results]) for name in results[0].fields})
