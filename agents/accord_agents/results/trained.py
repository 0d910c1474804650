"""The models that a party was left with: found by the training, and held against what was agreed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accord_agents.config.data_sets import Source as Data
from accord_agents.intake.reader import Source
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_protocols.model.any import AnyPart, read
from accord_protocols.model.trees import OBJECTIVES, TreesPart
from accord_schemas.agreement import Ids
from accord_schemas.errors import UsageError
from accord_schemas.parts import Predict

MODEL, RESULT = "model.json", "result.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """One training, as a party remembers it.

    Args:
        collaboration: Its id.
        folder: Where its results are.
        digests: SHA-256 of each party's part, as its end said.
        part: The party's own.
    """

    collaboration: str
    folder: Path
    digests: Mapping[str, str]
    part: AnyPart

    @property
    def terms(self) -> Predict:
        """What an agreement to predict by it says."""
        return Predict(of=self.collaboration, model=self.part.model, models=dict(self.digests))


def trained(folder: Path, party: str, of: str = "") -> Trained:
    """A party's part of a model.

    Args:
        folder: Its folder of results, or that of one run.
        party: Its name.
        of: The collaboration that trained it, or how its id begins; without it, that whose results stand in `folder`.

    Raises:
        UsageError: There is no such model, or it is not what the training ended with; names the file and the remedy.
    """
    home, result = _found(folder, party, of)
    cid, path = str(result["collaboration"]), home / MODEL
    if result.get("status") != COMPLETED:
        raise UsageError(f"the training {cid[:12]} in {home} is {result.get('status')}, not {COMPLETED}.", hint=_WHOLE)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{party} has no model: there is no {path}.", hint=_WHOLE) from None
    except OSError as error:
        raise UsageError(f"the model {path} cannot be read: {error.strerror}.") from None
    digests = result.get("model_digest") or {}
    part = read(data, str(path))
    if part.party != party:
        raise UsageError(f"{path} is the part of {part.party}, not of {party}.", hint=_PUT_BACK)
    if hashlib.sha256(data).hexdigest() != digests.get(party):
        raise UsageError(f"{path} is not the model that the training {cid[:12]} ended with.", hint=_PUT_BACK)
    return Trained(cid, home, digests, part)


def agreed(folder: Path, party: str, terms: Predict) -> AnyPart:
    """The part that an agreement to predict names.

    Raises:
        UsageError: This party has none, or the agreement names other parts than the training ended with.
    """
    found = trained(folder, party, terms.of)
    if other := [p for p, digest in sorted(found.digests.items()) if terms.models.get(p) != digest]:
        raise UsageError(
            f"the agreement names another model of {other[0]} than the training {terms.of[:12]} ended with.",
            hint="Have it proposed again with the models of one training.",
        )
    if found.terms != terms.model_copy(update={"queries": 0, "protection": "shared"}):
        raise UsageError(f"the agreement is not about the model of the training {terms.of[:12]}.", hint=_PUT_BACK)
    return found.part


def source(data: Data, part: AnyPart, ids: Ids) -> Source:
    """What a prediction reads of a file: the columns that the preparation expects, whatever else stands there."""
    if isinstance(part, TreesPart):
        own = Reads(OBJECTIVES[part.objective]) if part.columns else Reads()  # type: ignore[arg-type]
        return Source(data.place, data.key(ids), None, part.columns, own)
    columns = list(part.preparation.columns)
    one_hot = tuple(fit.name for fit in part.preparation.categories)
    reads = Reads(part.model, exposure=part.exposure, one_hot=one_hot) if columns or part.exposure else Reads()
    return Source(data.place, data.key(ids), None, columns, reads)


def suits(table: Table, file: str, part: AnyPart) -> None:
    """See to it that the rows of a file hold what the model was trained with; a column of nulls may be anything.

    Raises:
        UsageError: They do not; names file and column.
    """
    if isinstance(part, TreesPart):
        return  # whatever form cells had, splits are of numbers
    wanted = part.preparation.forms
    empty = {n: form for n, form in wanted.items() if np.isnan(table.values[:, table.columns.index(n)]).all()}
    try:
        part.preparation.fits(table.columns, {**table.forms, **empty}, table.categories)
    except UsageError as error:
        raise UsageError(f"{file}: {error.message}", hint=error.hint) from None


_WHOLE = "Predictions need a training that was completed."
_PUT_BACK = "Put back the file that Accord wrote."


def _found(folder: Path, party: str, of: str) -> tuple[Path, dict[str, Any]]:
    """The folder of a training's results, and its result."""
    places = [folder, *(sorted(path for path in folder.glob(f"{of}*") if path.is_dir()) if of else ())]
    found = [(place, result) for place in places if (result := _read(place / RESULT))]
    found = [(place, result) for place, result in found if str(result.get("collaboration", "")).startswith(of)]
    found = [(place, result) for place, result in found if result.get("job") in ("train", "trees")]
    if not found:
        which = f"the training {of[:12]}" if of else "a training"
        raise UsageError(f"{party} has no results of {which} in {folder}.", hint="See accord status for what there is.")
    if len(found) > 1:
        raise UsageError(f"{len(found)} trainings of {party} begin with {of!r}.", hint="Give more of the id.")
    return found[0]


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
