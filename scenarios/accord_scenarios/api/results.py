"""What the calls give: fields with types, tables as columns, a view for notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from accord_agents.results.warned import shown
from accord_scenarios.api.errors import NotCompletedError, RefusedError
from accord_scenarios.api.table import Table, listed
from accord_schemas.errors import TamperError

By = Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A run, or a prediction, that ended.

    Every field of `DIR/result.json` is in `result`; those that people ask for most are attributes, None where the job
    has no such thing.

    Args:
        folder: Where its files are.
        result: `DIR/result.json`.
        exit_code: That of the command: 0 where it was completed.
    """

    folder: Path
    result: By = field(repr=False)
    exit_code: int = 0

    def checked(self) -> Run:
        """This run, if it was completed.

        Raises:
            RefusedError: A gate or a policy refused.
            TamperError: Something was forged or altered.
            NotCompletedError: It has no result for another reason.
        """
        if self.exit_code == RefusedError.exit_code:
            raise RefusedError(self)
        if self.exit_code == TamperError.exit_code:
            raise TamperError(self.verdict)
        if self.exit_code:
            raise NotCompletedError(self)
        return self

    @property
    def status(self) -> str:
        """COMPLETED, REFUSED, FAILED, CANCELLED or EXPIRED."""
        return str(self.result["status"])

    @property
    def reason(self) -> str | None:
        """Why it was not completed, in a sentence."""
        return self.result.get("reason")

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        from accord_scenarios.jobs.registry import verdict

        return verdict(self.result)

    @property
    def warnings(self) -> list[str]:
        """What people should know before they rely on it."""
        return list(self.result.get("warnings") or [])

    @property
    def parties(self) -> Mapping[str, str]:
        """Role by party, the leader first."""
        return dict(self.result.get("parties") or {})

    @property
    def intersection_size(self) -> int | None:
        """Users that all parties share."""
        return self.result.get("intersection_size")

    @property
    def overlap(self) -> int | Mapping[str, int] | None:
        """How many ids the leader shares with the others, where that was counted."""
        return self.result.get("overlap")

    @property
    def rounds(self) -> int | None:
        """Rounds of training."""
        return self.result.get("rounds")

    @property
    def converged(self) -> bool | None:
        """Whether the gradient became small enough before `max_rounds`."""
        return self.result.get("converged")

    @property
    def loss(self) -> list[float] | None:
        """By round."""
        return self.result.get("loss")

    @property
    def coefficients(self) -> Mapping[str, Mapping[str, float]] | None:
        """By party and prepared column."""
        return self.result.get("coefficients")

    @property
    def intercept(self) -> float | None:
        """The label holder's."""
        return self.result.get("intercept")

    @property
    def metrics(self) -> Mapping[str, float] | None:
        """On TEST rows."""
        return self.result.get("metrics")

    @property
    def reference(self) -> By | None:
        """The same metrics of plaintext training, and `max_coefficient_error`."""
        return self.result.get("reference")

    @property
    def model_digest(self) -> Mapping[str, str] | None:
        """SHA-256 of each party's model.json."""
        return self.result.get("model_digest")

    @property
    def seconds(self) -> Mapping[str, float]:
        """By phase, and in total."""
        return {phase: s for phase, s in (self.result.get("seconds") or {}).items() if s is not None}

    @cached_property
    def effects(self) -> Table:
        """The model: party, column, coefficient, the effect of one unit of the column as it stands in the file; standard
        error and p-value where the method yields them.
        """
        names, rows = ["party", "column", "coefficient"], list[list[Any]]()
        further = [n for n in ("per_unit", "standard_errors", "p_values") if self.result.get(n)]
        for party, columns in (self.coefficients or {}).items():
            for column, value in columns.items():
                more = [self.result[name].get(party, {}).get(column) for name in further]
                rows.append([party, column, value, *more])
        return Table.of([*names, *(name.removesuffix("s") for name in further)], rows)

    @cached_property
    def predictions(self) -> Table:
        """Of TEST rows id, label and prediction; of new rows id and prediction. Empty where there are none."""
        return self._table("predictions.csv", ("id", "prediction"))

    @cached_property
    def intersection(self) -> Table:
        """The common ids; empty where nobody may learn them."""
        return self._table("intersection.csv", ("id",))

    def _table(self, name: str, columns: tuple[str, ...]) -> Table:
        found = next((path for party in self.parties if (path := self.folder / party / name).exists()), None)
        return Table.read(found) if found else Table({column: [] for column in columns})

    def _repr_html_(self) -> str:
        from accord_scenarios.jobs.registry import of

        lines = {name: text for name, line in of(self.result).lines if (text := line(self.result))}
        warnings = "".join(f"<li>{escape(sentence)}</li>" for sentence in shown(self.warnings))
        said = f"<details><summary>{len(self.warnings)} warnings</summary><ul>{warnings}</ul></details>"
        title = f"<p><strong>{escape(self.verdict)}</strong></p>"
        where = f"<p><code>{escape(str(self.folder / 'report.html'))}</code></p>"
        return title + listed(lines) + (said if self.warnings else "") + where


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Args:
        parties: A row for each: party, verdict (identical, different, unusable), rows, frames, jobs, executed_again.
        problems: What differs or cannot be replayed, a sentence each.
        result: The same as `accord replay --json` prints.
        exit_code: That of the command.
    """

    parties: Table
    problems: list[str]
    result: By = field(repr=False)
    exit_code: int = 0

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(problem)}</li>" for problem in self.problems)
        return self.parties._repr_html_() + (f"<ul>{said}</ul>" if said else "")


@dataclass(frozen=True)
class Proof:
    """What evidence shows.

    Args:
        verdict: ``proven`` against known identities, ``consistent`` without any, or ``tampered``.
        proven: What is proven: sentence, and what it rests on.
        not_proven: What is not, a sentence each.
        findings: What is wrong.
        result: The same as `accord evidence verify --json` prints.
    """

    verdict: str
    proven: Table
    not_proven: list[str]
    findings: list[By]
    result: By = field(repr=False)

    @classmethod
    def of(cls, judged: str) -> Proof:
        """Of a verdict as JSON."""
        value = json.loads(judged)
        names = ("sentence", "rests_on")
        rows = [[line[name] for name in names] for line in value["proven"]]
        return cls(value["verdict"], Table.of(names, rows), value["not_proven"], value["findings"], value)

    def _repr_html_(self) -> str:
        rest = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.not_proven)
        return f"<p><strong>{escape(self.verdict)}</strong></p>{self.proven._repr_html_()}<p>Not proven:</p><ul>{rest}</ul>"
