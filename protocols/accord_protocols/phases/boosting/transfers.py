"""What each end of an edge makes of what the other says of bits under transfers: see `primitives.onehot.products`."""

from __future__ import annotations

from typing import Any

from accord_protocols.phases.boosting.edge import Linked
from accord_protocols.primitives.onehot.cot import width
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.primitives.onehot.seeds import GROUPS
from accord_protocols.tasks.results.hidden import BitsChosen
from accord_schemas.errors import ProtocolError
from accord_schemas.events import BitChoices, BitProducts

UNFIT = "what was said of a tree is not of the agreed form"


def checking(
    edge: Linked, ledger: Ledger, said: BitChoices, count: int, peer: str, unfit: str = UNFIT
) -> tuple[Ledger, dict[str, Any]]:
    """At the sender: the ledger with a peer's bits, and the fields of `hidden.accepted`, which checks them.

    Args:
        edge: To the peer.
        ledger: Of the peer's bits so far.
        said: Its bits under transfers.
        count: How many they have to be.
        peer: Whose they are.
        unfit: What to say of bits of another number.

    Raises:
        ProtocolError: They are of another number, or their nonce came before; it is the peer's.
    """
    if len(said.choices) != GROUPS * width(count):
        raise ProtocolError(unfit, whose=peer)
    try:
        used = ledger.used(ledger.number, [said.nonce])
    except ProtocolError as error:
        error.whose = peer
        raise
    assert edge.delta is not None
    fields = {
        "sid": edge.sid,
        "exchange": edge.exchange,
        "delta": edge.delta,
        "seeds": edge.seeds,
        "number": ledger.number,
        "nonce": said.nonce,
        "check": said.check,
        "choices": said.choices,
        "count": count,
        "peer": peer,
    }
    return used, fields


def taking(
    edge: Linked, ledger: Ledger, told: BitProducts, own: BitsChosen, peer: str, unfit: str = UNFIT
) -> dict[str, Any]:
    """At who chose: the fields of `hidden.multiplied`, but for what is multiplied, or how many rows there are.

    Args:
        edge: To the peer.
        ledger: Of the own bits, with these.
        told: Products with them, under their pads.
        own: They.
        peer: Who told them.
        unfit: What to say of products of another number.

    Raises:
        ProtocolError: They are of another number; it is the peer's.
    """
    if told.words.shape != (len(own.bits), 1):
        raise ProtocolError(unfit, whose=peer)
    return {
        "sid": edge.sid,
        "number": ledger.number - 1,
        "nonce": told.nonce,
        "t": own.t,
        "bits": own.bits,
        "told": told.words,
    }
