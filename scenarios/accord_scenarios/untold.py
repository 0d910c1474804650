"""What a proposal need not say: where rows lie, and what columns are called. Each party's own file says it to itself.

Nothing of it goes into the agreement but how many columns an id is made of and how it is evened out, which are the
proposer's, and of hidden queries which columns may be asked for, which it has to name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accord_agents.config.data_sets import KINDS, DataSet, Source
from accord_schemas.agreement import LABEL_HOLDER
from accord_schemas.graph import ASKS, COMPARES

Complete = Callable[[dict[str, Any]], dict[str, Any]]
_LABEL = "label"
"""What stands for the column to predict, where it is another party's."""


def completed(me: str, mine: DataSet) -> Complete:
    """What puts the own data, and something in the place of all others', into a scenario that does not say them.

    Args:
        me: The proposer.
        mine: What it brings.
    """

    def complete(value: dict[str, Any]) -> dict[str, Any]:
        parties = value.get("parties")
        if not isinstance(parties, dict):
            return value
        filled = {n: p if n == me else _other(n, p, value, mine) for n, p in parties.items()}
        if isinstance(own := filled.get(me), dict):
            filled[me] = own | {"data": _own(own.get("data"), mine)}
        return {**value, "parties": filled}

    return complete


def _placed(data: Any) -> bool:
    """Whether a section says where rows lie; or is none, so that who checks it has to say so."""
    return data is not None and (not isinstance(data, dict) or any(kind in data for kind in (*KINDS, "edges")))


def _own(given: Any, mine: DataSet) -> Any:
    if _placed(given):
        return given
    own = mine.model_dump(mode="json", exclude_none=True)
    return {**own, **(given or {})}


def _other(name: str, party: Any, scenario: Mapping[str, Any], mine: DataSet) -> Any:
    if not isinstance(party, dict) or _placed(given := party.get("data")):
        return party
    place = f"the file of {name}"
    if not isinstance(mine, Source):
        return {**party, "data": {**_edges(name, place, scenario), **(given or {})}}
    columns = list(mine.made_of.columns)
    filled: dict[str, Any] = {"images" if mine.images is not None else "csv": place, "id": columns}
    if party.get("role") == LABEL_HOLDER:
        filled["label"] = next(word for word in (_LABEL, f"{_LABEL} of {name}") if word not in columns)
    return {**party, "data": {**filled, **(given or {})}}


def _edges(name: str, place: str, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Of a graph: a party flags vertices where some are flagged at all, and asks if the result is its own."""
    section = scenario.get("graph")
    section = section if isinstance(section, dict) else {}
    task, told = section.get("task"), section.get("result_to")
    asks = task in ASKS and isinstance(told, list) and name in told
    flags = task not in COMPARES and not asks
    return (
        {"edges": place, "source": "source", "target": "target"}
        | ({"flagged": place} if flags else {})
        | ({"ask": place} if asks else {})
    )
