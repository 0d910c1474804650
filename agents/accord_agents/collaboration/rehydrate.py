"""Folding a collaboration's journal again, held against what was said then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import Composer, Envelope, Piece
from accord_agents.collaboration.difference import DifferenceError
from accord_agents.collaboration.outcome import Outcome
from accord_agents.journal.rows import Outgoing, Row
from accord_schemas.frame import Frame


def refold(
    collaboration: Collaboration, rows: Iterable[Row], recorded: Iterable[Outgoing]
) -> Iterator[tuple[Row, Outcome]]:
    """Fold rows into a new collaboration, comparing every frame with the recorded one; to be read to its end.

    Args:
        collaboration: New; its frame_source takes the recorded frames from here on.
        rows: Its journal, own commands and task results in clear.
        recorded: Its outbox, in sequence.

    Raises:
        TamperError: This code does not continue this journal, or the journal was changed.
    """
    frames = iter(recorded)

    def recall(composer: Composer, piece: Piece, envelope: Envelope) -> Frame:
        out = next(frames, None)
        if out is None:
            message = f"event {envelope.sequence} ({piece.content.address}) is not in the outbox."
            raise DifferenceError(
                "outbox", sequence=envelope.sequence, address=str(piece.content.address), message=message
            )
        return composer.recorded(piece, envelope, Frame.restore(out.head, out.payload, out.recipe))

    collaboration.frame_source = recall
    for row in rows:
        yield row, collaboration.apply(row)
    if (left := next(frames, None)) is not None:
        address = str(Frame.restore(left.head, None).header.address)
        message = f"event {left.sequence} ({address}) is in the outbox, but nothing in the journal makes it."
        raise DifferenceError("journal", sequence=left.sequence, address=address, message=message)
