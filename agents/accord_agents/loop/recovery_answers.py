"""What this party can tell and give of others' events, and of its own: out of the journal, so that it outlives memory.

A peer that went back to a backup does not know what it has said since; those who heard it do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from accord_agents.journal.journal import Journal
from accord_schemas.agreement import Agreement
from accord_schemas.errors import FrameError
from accord_schemas.events import Held
from accord_schemas.frame import Frame

Remake = Callable[[bytes, bytes, bytes], bytes]
"""Makes an own payload again: see `Dispatcher.payload`."""
MOST_EVENTS, MOST_BYTES = 64, 8 << 20
"""What one answer holds at most; who needs more asks again."""


def holding(journal: Journal, cid: str, asker: str, me: str, nonce: str) -> Held:
    """What is held of a party in a collaboration."""
    heard = max((frame for frame, _ in _frames(journal, cid, asker)), key=_number, default=None)
    said = max((frame.header.number for frame, _ in _frames(journal, cid, me)), default=0)
    return Held(nonce=nonce, last=heard.bare().hex() if heard else "", said=said)


def proof(last: str, me: str, cid: str) -> Frame | None:
    """The own event in an answer, without its payload; None if it is none. Its signature is not checked here.

    Args:
        last: Of a `Held`.
        me: Who is said to have said it.
        cid: The collaboration.
    """
    data = bytes.fromhex(last)
    try:
        frame = Frame.restore(data, None)
    except FrameError:
        return None
    header = frame.header
    whole = frame.bare() == data and header.number and (header.source, header.subject) == (me, cid)
    return frame if whole else None


def frames(journal: Journal, cid: str, sender: str, after: int, remake: Remake) -> list[Frame]:
    """What is held of a sender beyond a sequence, whole, in sequence, within bounds."""
    found = {f.header.number: (f, key) for f, key in _frames(journal, cid, sender) if f.header.number > after}
    out: list[Frame] = []
    size = 0
    for _, (frame, key) in sorted(found.items()):
        body = journal.payload(key) if key else None
        recipe = journal.recipe(key) if key and body is None else None
        if recipe is not None:
            body = remake(frame.bare(), b"", recipe)
        if body is None:
            continue
        size += len(body)
        if out and (len(out) >= MOST_EVENTS or size > MOST_BYTES):
            break
        out.append(Frame(frame.header, body, frame.signature, frame.head))
    return out


def terms(journal: Journal, cid: str) -> Agreement | None:
    """What was agreed in a collaboration that is closed."""
    status = journal.status(cid)
    agreed = json.loads(status)["agreement"] if status else None
    return Agreement.decode(agreed) if agreed else None


def _number(frame: Frame) -> int:
    return frame.header.number


def _frames(journal: Journal, cid: str, sender: str) -> Iterator[tuple[Frame, bytes | None]]:
    """Frames of a sender without their payloads, and the digests of these."""
    mark = f'"source":"{sender}"'.encode()
    for head, key in journal.heads(cid):
        if mark in head:  # cheaper than to decode them all
            frame = Frame.restore(head, None)
            if frame.header.source == sender:
                yield frame, key
