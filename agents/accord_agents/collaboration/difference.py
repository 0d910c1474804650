"""What a fold finds when it arrives at something else than what was recorded."""

from __future__ import annotations

from accord_schemas.errors import TamperError


class DifferenceError(TamperError):
    """The first difference between a record and what follows from it.

    Args:
        field: What differs: an attribute of the header, ``payload``, a field of a job's result, a file.
        sequence: Of the event; 0 where it is none.
        address: Of the event or job; empty where it is neither.
        message: A sentence, where the general one does not do.
        collaboration: Its id, where it is not clear from what was being done.
    """

    def __init__(
        self, field: str, *, sequence: int = 0, address: str = "", message: str = "", collaboration: str = ""
    ) -> None:
        event = f"event {sequence} ({address})" if sequence else address
        super().__init__(
            message or f"{event or 'the record'} differs in {field}.",
            hint="The journal was changed, or was written by another version.",
        )
        self.field, self.sequence, self.address, self.collaboration = field, sequence, address, collaboration
