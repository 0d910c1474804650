"""What a header shows of a party that breaks the protocol, also where its event is encrypted to others.

Every agent reads every header. An address is used once, by the event that belongs there, and goes to those whom the
table demands: who tells two parties different things needs two addresses, or one twice.
"""

from __future__ import annotations

from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.engine import UNASKED
from accord_protocols.kernel.recipients import demanded
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Accept, Event, Nonce
from accord_schemas.header import Header

SESSION = "session"
CONSENT: tuple[type[Event], ...] = (Accept, Nonce)
"""What others act upon: evidence has to find it at its place, and covered by the watermarks of those who did."""


class Headers:
    """The headers of one collaboration's peers.

    Args:
        agreement: Names parties, job and versions.
    """

    def __init__(self, agreement: Agreement) -> None:
        self._agreement, self._used = agreement, set[tuple[str, str, str, int]]()
        known = job_of(agreement).machines.items()
        self._machines = {kind: machine for (kind, v), machine in known if agreement.versions.get(kind) == v}

    def check(self, header: Header, heard: int) -> None:
        """Take the header of an event that was not heard before.

        Args:
            header: See above.
            heard: Up to which number everything of its sender was heard, this event included.

        Raises:
            ProtocolError: Its sender breaks the protocol.
        """
        place = (*header.address, header.part[0])
        if place in self._used:
            raise ProtocolError("an address was used twice", whose=header.source)
        self._used.add(place)
        said = header.event_class
        if said in CONSENT and header.address[:2] != (SESSION, said.name):
            raise ProtocolError(UNASKED, whose=header.source)
        if said is Accept and header.number > heard:
            raise ProtocolError("a party consented after something that it keeps back", whose=header.source)
        wanted = demanded(self._agreement, self._machines, header.address, header.event_class)
        if wanted is not None and set(header.to) != wanted:
            raise ProtocolError("an event goes to others than the protocol demands", whose=header.source)
