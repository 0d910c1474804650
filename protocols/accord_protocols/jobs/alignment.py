"""What jobs share that begin by finding common users: keys, overlap gate, alignment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accord_protocols.jobs.base import Fact, Learned, Said
from accord_protocols.jobs.outputs import table
from accord_protocols.kernel.plan import Known, Phase, Place
from accord_protocols.phases.alignment.base_transfers import BaseTransfers
from accord_protocols.phases.alignment.gate import Gate
from accord_protocols.phases.alignment.oprf import OprfExchange
from accord_protocols.phases.alignment.order import Order
from accord_protocols.phases.alignment.overlap import Overlap, decisions
from accord_protocols.phases.alignment.star import Align
from accord_protocols.phases.alignment.transfer import Transfer
from accord_protocols.phases.keys import EVENTS, Keyed, Keys, published
from accord_protocols.primitives.psi.text_order import in_order
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import Event, IdSet
from accord_schemas.events import Gate as Decision

MACHINES = (Keys, Overlap, Gate, Align, OprfExchange, BaseTransfers, Transfer, Order)


def _said(event: type[Event]) -> Place:
    """Where the parties whose role has such a key say it."""

    def at(agreement: Agreement) -> list[Address]:
        return [address for address, kind in published(agreement).items() if kind is event]

    return Place(at)


def _edge(address: Address, event: Decision) -> str:
    return "" if address.instance == f"gate.{event.party}" else "decides another edge than its address"


def keyed(known: Known) -> Keyed:
    """What key distribution ended with."""
    return known.of(Keyed)


KEYS = Phase(
    "keys", Keys.kind, "keyed", "KEYED", clear={event: _said(event) for event in EVENTS}, refuses=True
)  # a policy on sizes
GATE = Phase(
    "gate",
    Overlap.kind,
    "gated",
    "GATED",
    given=keyed,
    starts=(Gate.kind,),
    clear={Decision: Place(decisions, _edge)},
    refuses=True,
)
ALIGN = Phase(
    "align",
    Align.kind,
    "aligned",
    "ALIGNED",
    given=keyed,
    starts=(OprfExchange.kind, BaseTransfers.kind, Transfer.kind, Order.kind),
    refuses=True,  # nobody in common
)
PHASES = (KEYS, GATE, ALIGN)


def noted(name: str) -> Callable[[Learned], Any]:
    """A figure that is a note as it stands."""
    return lambda learned: learned.notes.get(name)


def own(name: str) -> Callable[[Learned], Any]:
    """A note that is of the party's own, under its name."""

    def of(learned: Learned) -> Any:
        found = learned.notes.get(name)
        return None if found is None else {learned.me: found}

    return of


FIGURES: Mapping[str, Callable[[Learned], Any]] = {
    "intersection_size": noted("intersection_size"),
    "gate": noted("gate"),
    "scheme": lambda learned: learned.agreement.align.protocol,
}
INTERSECTION = table(
    "intersection.csv",
    "rows",
    ("id",),
    lambda notes, rows: ([identifier] for identifier in in_order(rows.ids, notes["rows"])),
)


def _commitments(said: Said) -> dict[str, Any]:
    return {
        a.sender: {"ids": event.ids, "commitment": event.commitment.hex()}
        for a, event in said.items()
        if isinstance(event, IdSet)
    }


def _committed(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for party, said in value.items():
        yield f"{party} had committed to {said['ids']} ids.", f"the signed keys event of {party}"


def _purposes(said: Said) -> dict[str, Any]:
    spoken = sorted((a.sender, event.name) for a, event in said.items() if type(event) in EVENTS[1:])
    return {party: [name for p, name in spoken if p == party] for party, _ in spoken}


def _published(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for party, purposes in value.items():
        yield f"{party} published keys for {', '.join(purposes)}.", f"the signed keys events of {party}"


def _decisions(said: Said) -> dict[str, Any]:
    return {
        e.party: {"decision": e.decision, "features": e.features, "sampled": e.sampled}
        for e in said.values()
        if isinstance(e, Decision)
    }


def _decided(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for party, gate in value.items():
        yield f"The overlap gate said {gate['decision']} for {party}.", "the leader's signed decision"


FACTS = {
    "commitments": Fact(_commitments, _committed),
    "keys": Fact(_purposes, _published),
    "gate": Fact(_decisions, _decided),
}
