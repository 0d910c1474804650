"""The agreement: what the parties consent to. Its digest is bound into every signature, hash and key derivation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationError, ValidationInfo, field_validator, model_validator

from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import FrameError
from accord_schemas.graph import ASKS, COMPARES, GRAPH, Graph
from accord_schemas.header import MAX_PARTIES, PARTY
from accord_schemas.matching import MATCH, Match
from accord_schemas.parts import Binning, BinRows, Bins, Name, Part, Party, Predict, Query, TestRows, Train, Trees
from accord_schemas.suites import DEFAULT, SM, SUITES, Profile, Suite

LABEL_HOLDER, FEATURE_HOLDER = "label_holder", "feature_holder"
LEAST_CONTROL = 256 * 1024
"""Bytes that an event of `control` may have even where a chunk is smaller: a proposal of 32 parties of the profile `pq`
has about 220 KiB."""
ALIGNMENT = "psi"
"""The job that ends with the common ids."""
OVERLAP = "overlap"
"""The job that asks how many ids two parties share, and aligns nothing."""
ALIGN_JOBS = {"learns": (ALIGNMENT,), "carry": (ALIGNMENT,), "pad": (ALIGNMENT, "train")}
"""What of `Align` means something in some jobs alone: who is told matters where nothing is computed with common rows,
and sizes may be padded where nothing that is said follows from them but what is common."""
ONLINE = "online"
"""The job that predicts rows as they are asked for, by their ids: it aligns nothing either."""
QUERY = "query"
"""The job in which one party asks another for the values of keys that it does not name."""
TREES = "trees"
"""The job that grows boosted trees."""
BINS = "bins"
"""The job that measures what the bins of every column say of the label."""
RESERVED = frozenset({"job", "self"})
MIN_KEY_BITS, MAX_KEY_BITS = 2048, 8192
Pin = Annotated[int, Field(ge=1, le=1_000_000)]
Columns = Annotated[tuple[Name, ...], Strict(False), Field(min_length=1, max_length=100)]
Denominator = Literal["min", "mine", "yours", "union"]


class Member(Part):
    """A party: its role in the job, and the fingerprint of the identity that speaks for it.

    Args:
        data: Which of the data sets that the party's own file names goes in; empty where it has one, or chooses itself.
    """

    role: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    identity: str
    data: Annotated[str, Field(pattern=f"^({PARTY})?$")] = ""


Step = Literal["trim", "lower", "spaces", "digits", "alphanumeric"]


class Ids(Part):
    """What an id is, at every party.

    Args:
        columns: How many columns it is made of; the parties name them each for themselves, in an order they agree on.
        normalise: What is done to each of them, in this order, besides Unicode form NFKC and no white space around,
            which is always done: ``trim`` says that; ``lower`` case; inner ``spaces`` become one; ``digits`` alone, or
            ``alphanumeric`` signs alone, are kept.
    """

    columns: Annotated[int, Field(ge=1, le=16)] = 1
    normalise: Annotated[tuple[Step, ...], Strict(False), Field(max_length=16)] = ()


class Align(Part):
    """Entity alignment and the overlap gate.

    Args:
        protocol: The scheme by which ids are found.
        code: Of ``ot``, what ids become: vectors over F4, or of bits, which have longer been studied and cost more.
        max_overlap: What the gate lets pass; None turns it off.
        denominator: What an overlap is a part of: the smaller set, the leader's (``mine``), the other party's
            (``yours``), or the union of both.
        max_feature_overlap: The same of column names, of which it is a part of the side with fewer.
        learns: Of a job that ends with it, who is told which ids are common: the leader, who knows them, and perhaps
            others; empty for everybody.
        carry: Of such a job, columns that a party tells everybody who is told which ids are common, of these alone.
        pad: Sets are filled up to a multiple of this with ids that nobody has; None announces sizes as they are.
    """

    protocol: Literal["rsa", "ecdh", "sm2", "ot"] = "rsa"
    code: Literal["f4", "binary"] = "f4"
    max_overlap: Annotated[float, Field(gt=0, le=1)] | None = 0.9
    denominator: Denominator = "min"
    max_feature_overlap: Annotated[float, Field(gt=0, le=1)] | None = None
    learns: Annotated[tuple[Party, ...], Strict(False), Field(max_length=MAX_PARTIES)] = ()
    carry: dict[Party, Columns] = {}  # noqa: RUF012 - pydantic copies it
    pad: Annotated[int, Field(ge=2, le=20_000_000)] | None = None

    @field_validator("code")
    @classmethod
    def _of_transfer(cls, code: str, info: ValidationInfo) -> str:
        if code != "f4" and info.data.get("protocol") != "ot":
            raise ValueError(f"code: {code} is for protocol: ot")
        return code

    @field_validator("pad")
    @classmethod
    def _without_gate(cls, pad: int | None, info: ValidationInfo) -> int | None:
        if pad is not None and info.data.get("max_overlap") is not None:
            raise ValueError("pad hides the sizes of which an overlap is a part: it goes with max_overlap: null")
        return pad


class Prepare(Part):
    """What each party does to its own columns, in this order whatever the order of the keys.

    Columns of categories become columns of 0 and 1: `one_hot` names them, at whichever parties have such columns. Nulls
    are filled with the column's mean or median over TRAIN rows, or with a number; values are clipped to mean ±
    `winsorise` standard deviations; columns of a variance below or above the bounds, in their own unit squared, are
    dropped, constants in any case; the others are scaled to mean 0 and variance 1. Null turns a step off.

    Args:
        impute: What nulls become: the column's ``mean`` or ``median`` over TRAIN rows, or a number.
        winsorise: Values are clipped to the mean ± so many standard deviations; None leaves them.
        drop_variance_below: Columns of less variance are dropped, in their own unit squared.
        drop_variance_above: Columns of more are dropped; None for no bound.
        scale: ``standard`` gives mean 0 and variance 1; None leaves columns in their units.
        one_hot: Columns of categories, at whichever parties have them: each category becomes a column of 0 and 1.
        woe: Columns, at whichever parties have them, whose values become the weight of evidence of their bin, which is
            measured between the parties before a logistic training; missing values are a bin, too.
        woe_bins: Bins of such a column at most; missing values have one more of their own.
        woe_rows: The fewest TRAIN rows of a bin.
    """

    impute: Literal["mean", "median"] | float = "mean"
    winsorise: Annotated[float, Field(gt=0)] | None = 5.0
    drop_variance_below: Annotated[float, Field(ge=0)] = 0.0
    drop_variance_above: Annotated[float, Field(gt=0)] | None = None
    scale: Literal["standard"] | None = "standard"
    one_hot: Annotated[tuple[Name, ...], Strict(False), Field(max_length=1000)] = ()
    woe: Annotated[tuple[Name, ...], Strict(False), Field(max_length=1000)] = ()
    woe_bins: Bins = 10
    woe_rows: BinRows = 20

    @field_validator("woe")
    @classmethod
    def _one_way(cls, woe: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if twice := sorted({*woe} & {*info.data.get("one_hot", ())}):
            raise ValueError(f"{twice[0]!r} is in one_hot, too; a column becomes one or the other")
        return woe

    @field_validator("drop_variance_above")
    @classmethod
    def _leaves_some(cls, above: float | None, info: ValidationInfo) -> float | None:
        below = info.data.get("drop_variance_below", 0.0)
        if above is not None and above < below:
            raise ValueError(f"{above:g} is less than drop_variance_below, {below:g}: every column would be dropped")
        return above


class Limits(Part):
    """Bounds that everybody keeps: silence allowed, rows, what a frame may carry, and how long things are kept.

    Args:
        deadline_seconds: Silence of a party after which the collaboration expires.
        retain_days: Days after the end, when every party erases payloads, keys and its copy of the data; signed headers
            stay.
        max_rows: Ids that a party may put in.
        chunk_bytes: What is larger travels in pieces of that size.
    """

    deadline_seconds: Annotated[int, Field(ge=1)] = 3600
    retain_days: Annotated[int, Field(ge=0, le=36_500)] = 365
    max_rows: Annotated[int, Field(ge=1)] = 20_000_000
    chunk_bytes: Annotated[int, Field(ge=1024, le=1 << 20)] = 512 * 1024

    @property
    def control_bytes(self) -> int:
        """What an event of `control` may have: it is never cut, and a broker that takes a chunk takes it too."""
        return max(self.chunk_bytes, LEAST_CONTROL)


class Agreement(Part):
    """Everything that two runs must share to be the same collaboration.

    `version` is that of this form, and always said. What equals the default of its version is left out, so that a field
    with a default can be added without another digest for what was agreed before; a default that was released never
    changes within a version (docs/upgrading.md).

    `leads` names the leader where that is not the label holder. `computing` names who holds Paillier keys in a
    training: CP0 and CP1, which share the residual and together could see it, but at `score` the label holder alone,
    who knows it; of boosted trees at `shared` who holds the two shares of the rows. Left out, they are the leader and
    the first other party by name. `versions` pins the machines of the job, each of which this program may have in
    several versions; it has no default, because the newest ones change.
    """

    version: Literal[1] = 1
    job: Annotated[str, Field(pattern=r"^[a-z]{1,32}$")] = "train"
    name: Annotated[str, Field(min_length=1, max_length=100)]
    parties: dict[Party, Member]
    leads: Party | None = None
    ids: Ids = Ids()
    align: Align = Align()
    prepare: Prepare = Prepare()
    train: Train | None = None
    trees: Trees | None = None
    bins: Binning | None = None
    computing: Annotated[tuple[Party, ...], Strict(False)] = ()
    test_rows: TestRows | None = None
    predict: Predict | None = None
    query: Query | None = None
    graph: Graph | None = None
    match: Match | None = None
    key_bits: Annotated[int, Field(ge=MIN_KEY_BITS, le=MAX_KEY_BITS, multiple_of=2)] = 3072
    profile: Profile = DEFAULT
    seeded: bool = False
    learns: dict[str, str] = {}  # noqa: RUF012 - likewise
    limits: Limits = Limits()
    versions: dict[str, Pin]

    @model_validator(mode="after")
    def _whole(self) -> Agreement:
        holders = [p for p, m in self.parties.items() if m.role == LABEL_HOLDER]
        if not 2 <= len(self.parties) <= MAX_PARTIES:
            raise ValueError(f"a collaboration has 2 to {MAX_PARTIES} parties")
        if self.leads is None and len(holders) != 1:
            raise ValueError("without leads, the one label_holder leads, and there is none, or several")
        if self.leads is not None and (self.leads not in self.parties or [self.leads] == holders):
            raise ValueError("leads names a party that leads though it is not the label_holder")
        if RESERVED & set(self.parties):
            raise ValueError("no party may be called job or self")
        if wrong := misaligned(self.align, self.job, self.parties, self.leader):
            raise ValueError(wrong)
        if wrong := (self.computing and self._computes()) or self._deals():
            raise ValueError(wrong)
        return self

    def _computes(self) -> str:
        """What is wrong with who is named to compute; or nothing."""
        many = 2 if self.trees is not None and self.trees.protection == "shared" else self._many
        if len(set(self.computing)) != len(self.computing) or len(self.computing) != many:
            return f"computing names {len(self.computing)} parties, of which this job has {many}"
        if strangers := set(self.computing) - set(self.parties):
            return f"computing names {min(strangers)}, which is no party"
        if self.computing[0] != self.leader:
            return f"computing begins with {self.computing[0]}; the first one is who leads, {self.leader}"
        return ""

    def _deals(self) -> str:
        """What is wrong with who is named to deal; or nothing."""
        dealer = self.train.dealer if self.train else None
        if dealer is None or (dealer in self.parties and dealer not in self.keyholders):
            return ""
        computing = " and ".join(self.keyholders)
        return f"train.dealer is {dealer}; it names a party that does not compute, as {computing} do"

    @property
    def algorithms(self) -> Suite:
        """The family of algorithms of its frames."""
        return SUITES[self.profile]

    @property
    def order(self) -> tuple[str, ...]:
        """The parties in canonical order: the leader, then the others by name."""
        leader = self.leader
        return (leader, *sorted(p for p in self.parties if p != leader))

    @property
    def leader(self) -> str:
        """Who leads alignment and optimisation, proposes and signs the log."""
        return self.leads or self.label_holder

    @property
    def label_holder(self) -> str:
        """Who holds the label; empty where nobody does."""
        return next((p for p, m in self.parties.items() if m.role == LABEL_HOLDER), "")

    @property
    def others(self) -> tuple[str, ...]:
        """Every party but the leader, by name."""
        return self.order[1:]

    @property
    def told(self) -> tuple[str, ...]:
        """Who besides the leader is told which of its ids are common."""
        return tuple(p for p in self.others if not self.align.learns or p in self.align.learns)

    @property
    def knowing(self) -> tuple[str, ...]:
        """Who knows in the end which of its ids are common: the leader, and who is told."""
        return (self.leader, *self.told)

    @property
    def aligns(self) -> bool:
        """Whether common ids are found: not where their number is asked for, all know ids, or keys are hidden."""
        return self.job not in (OVERLAP, ONLINE, QUERY, GRAPH, MATCH)

    @property
    def scheme(self) -> str:
        """What ids are compared by: the agreed protocol; of hidden queries the OPRF, in the profile's group."""
        if self.job == QUERY:
            return "sm2" if self.profile == SM else "ecdh"
        return self.align.protocol

    @property
    def questions(self) -> int:
        """How many ids may be asked for while it lives; 0 where nothing is."""
        if self.graph is not None:
            return self.graph.queries if self.graph.task in ASKS else 0
        if self.match is not None:
            return self.match.max_probes
        return self.predict.queries if self.predict else self.query.max_queries if self.query else 0

    @property
    def binning(self) -> Binning | None:
        """How columns are binned: all of them, or before a training those that it takes as weights of evidence."""
        own = self.prepare
        return Binning(bins=own.woe_bins, min_rows=own.woe_rows) if own.woe else self.bins

    @property
    def keyholders(self) -> tuple[str, ...]:
        """Who holds Paillier keys: CP0 and CP1, who share the residual at `shared`, or what runs through a graph; at
        `score` the label holder alone, who knows it."""
        many = self._many
        return (self.computing or self.order)[:many]

    @property
    def sharing(self) -> tuple[str, ...]:
        """Who together could see what is in two shares: those who compute, or who hold the rows of boosted trees."""
        hidden = self.trees is not None and self.trees.protection == "shared"
        return (self.leader, self.second) if hidden else self.keyholders

    @property
    def second(self) -> str:
        """Who holds the other share of the rows of boosted trees at `shared`, besides the label holder."""
        return (self.computing or self.order)[1]

    @property
    def _many(self) -> int:
        if self.graph is not None:
            return 0 if self.graph.task in COMPARES else 2
        if self.train is None:
            return 0
        return 1 if self.train.protection == "score" else 2

    def terms(self) -> dict[str, Any]:
        """As JSON values, in the one form: what equals a default is left out, the version of the form is not."""
        return {"version": self.version, **self.model_dump(mode="json", exclude_defaults=True)}

    def encode(self) -> bytes:
        """The terms as canonical JSON."""
        return canonical_json(self.terms())

    def digest(self) -> bytes:
        """SHA-256 of the canonical form."""
        return digest(b"accord agreement", self.encode())

    @classmethod
    def decode(cls, value: dict[str, Any]) -> Self:
        """An agreement that came from outside.

        Raises:
            FrameError: Not of the known form, or not in its one form (so that its digest is unambiguous).
        """
        try:
            agreement = cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "parties"
            raise FrameError(f"the agreement is not usable: {where}: {first['msg']}") from None
        if canonical_json(value) != agreement.encode():
            raise FrameError("the agreement is not in canonical form")
        return agreement


def misaligned(align: Align, job: str, parties: Iterable[str], leader: str) -> str:
    """What an alignment's terms say that cannot be in a job of these parties; or nothing."""
    if align.pad and job not in ALIGN_JOBS["pad"]:
        return f"align.pad is for jobs {' and '.join(ALIGN_JOBS['pad'])}, not for {job}"
    for name, named in (("learns", align.learns), ("carry", align.carry)):
        if named and job not in ALIGN_JOBS[name]:
            return f"align.{name} is for job: {ALIGNMENT}; in a {job} job everybody works on the common rows"
        if strangers := sorted(set(named) - set(parties)):
            return f"align.{name} names {strangers[0]}, which is no party"
    if align.learns and leader not in align.learns:
        return f"align.learns lacks {leader}, which leads and finds the common ids"
    if align.learns and (untold := sorted(set(align.carry) - set(align.learns))):
        return f"align.carry names {untold[0]}, which is not told which ids are common; add it to align.learns"
    if twice := [c for columns in align.carry.values() for c in columns if columns.count(c) > 1]:
        return f"align.carry names {twice[0]} twice"
    return ""


def collaboration_id(agreement: bytes, nonce: str) -> str:
    """The id that a proposal gives: 128 bits over agreement and nonce."""
    return digest(b"accord collaboration", agreement, nonce).hex()[:32]
