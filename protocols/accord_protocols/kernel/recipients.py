"""To whom an event goes, by its address and the tables alone: what anybody can check who reads headers."""

from __future__ import annotations

from collections.abc import Mapping

from accord_protocols.kernel.machine import Goes, Machine
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event


def demanded(
    agreement: Agreement, machines: Mapping[str, type[Machine]], address: Address, event: type[Event]
) -> frozenset[str] | None:
    """The recipients of an event, without its sender; what travels in clear is for everybody.

    None where the machine does not say.

    Args:
        agreement: Names the parties.
        machines: By kind, in the versions that it pins.
        address: Where the event was said.
        event: Which it is.

    Raises:
        ProtocolError: No machine says such an event there.
    """
    parties = frozenset(agreement.parties) - {address.sender}
    if not event.encrypted:
        return parties
    machine, step = machines.get(address.instance.partition(".")[0]), address.step.partition(".")[0]
    if machine is None or machine.says.get(step) is not event:
        raise ProtocolError("an event was said where the protocol has none, or another", whose=address.sender)
    match machine.goes.get(step):
        case Goes.ALL:
            return parties
        case Goes.LEADER:
            return parties & {agreement.leader}
        case Goes.LABEL:
            return parties & {agreement.label_holder}
        case Goes.INSTANCE:
            return parties & {address.instance.split(".")[1]} if "." in address.instance else frozenset()
        case Goes.PAIR:
            return parties & {agreement.leader, agreement.second}
        case Goes.SECOND:
            return parties & {agreement.second}
        case Goes.LAST:
            return parties & {address.instance.rpartition(".")[2]}
        case Goes.KNOWING:
            return parties & {*agreement.knowing}
        case Goes.STEP:
            return parties & {address.step.rpartition(".")[2]}
    return None
