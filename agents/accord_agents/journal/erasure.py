"""What is due to be erased of a journal, and erasing it.

Erased means that payloads, own commands, task results, keys, seeds and the copy of the data are gone; signed headers,
digests, the chain of rows and what travelled in clear stay, so that evidence can still be made and checked, but nothing
can be computed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from accord_agents.execution.blobs import BLOBS, BlobStore
from accord_agents.journal.credible_time import HOUR
from accord_agents.journal.journal import Journal
from accord_agents.journal.row_encryption import row_aad
from accord_agents.journal.rows import stamp
from accord_agents.security.keystore import Keystore
from accord_agents.security.storage import StorageCipher
from accord_schemas.agreement import Limits
from accord_schemas.blocks import decode_fields
from accord_schemas.codes import Code
from accord_schemas.errors import UsageError
from accord_schemas.frame import Frame

DAY = 24 * HOUR
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""Before there was an Accord nothing ended: a clock that says so was never set, as on a machine that starts in 1970."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a collaboration."""

    collaboration: str
    payloads: int
    secrets: int
    files: int

    def __str__(self) -> str:
        return f"{self.collaboration}: {self.payloads} payloads, {self.secrets} secrets, {self.files} files"


@dataclass(frozen=True, slots=True)
class End:
    """What is known of when a collaboration ended, in seconds since the epoch.

    Args:
        own: When its last row was taken, by the own clock as it was then.
        said: When each peer said its last event there, by its own clock.
        noticed: When this party began to count because the own clock had said what cannot be.
    """

    own: float
    said: tuple[float, ...] = ()
    noticed: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to erase; where the own clock alone would, and is in doubt: why not."""

    erase: bool
    why: str = ""


def decide(end: End, days: int, now: float, credible: float) -> Decision:
    """Whether the agreed time is over. In doubt it is not: an erasure cannot be taken back.

    The own clock must say so, now and by what is credible of it; and if it was behind when the collaboration ended, as
    a peer's claim shows that is later and not in the future, the time runs from there. No claim makes anything due
    earlier, and none that lies in the future counts.

    Args:
        end: When it ended.
        days: How long it is to be kept.
        now: What the own clock says, in seconds since the epoch.
        credible: See `credible_time.Looks`.
    """
    time = days * DAY
    if end.own + time > now:
        return Decision(False)
    if end.own < EARLIEST and end.noticed is None:
        return Decision(False, f"it ended on {_date(end.own)}, which the clock of this machine cannot have meant")
    ended = max(end.own, end.noticed or 0.0, *(at for at in end.said if at <= now + HOUR))
    if ended + time > now:
        return Decision(False, f"it ended on {_date(ended)}, not on {_date(end.own)} as the clock of this machine said")
    if ended + time > credible:
        return Decision(False, f"that it is {_date(now)} is not sure yet: the clock went further than time has passed")
    return Decision(True)


def due(journal: Journal, me: str, now: float, credible: float) -> Iterator[tuple[str, Decision]]:
    """Closed collaborations that still hold something and whose time is over by the own clock, or that a restore ended.

    Args:
        me: This party.
        now: What the own clock says, in seconds since the epoch.
        credible: See `credible_time.Looks`.
    """
    closed = journal.closed()
    for cid, _, body in journal.statuses():
        if cid not in closed or journal.meta(f"erased/{cid}") is not None:
            continue
        status = json.loads(body)
        if (status["code"], status["by"]) == (Code.BEHIND, me):
            yield cid, Decision(True)
            continue
        days = (status["agreement"] or {}).get("limits", {}).get("retain_days", Limits().retain_days)
        own = instant(journal.ended(cid)) or 0.0
        if own + days * DAY > now:
            continue
        if own < EARLIEST <= credible and journal.meta(f"noticed/{cid}") is None:
            journal.set_meta(f"noticed/{cid}", stamp(credible).encode())
        noticed = instant((journal.meta(f"noticed/{cid}") or b"").decode())
        said = _said(journal, cid, set(status["parties"]) - {me})
        yield cid, decide(End(own, said, noticed), days, now, credible)


def _said(journal: Journal, cid: str, peers: set[str]) -> tuple[float, ...]:
    """The time that the last event of each peer claims."""
    found: dict[str, float | None] = {}
    for head in journal.latest(cid):
        header = Frame.restore(head, None).header
        found.setdefault(header.source, instant(header.time))
        if found.keys() >= peers:
            break
    return tuple(at for at in found.values() if at is not None)


def instant(text: str) -> float | None:
    """A time as headers carry it in seconds since the epoch; None where no calendar has it."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _date(seconds: float) -> str:
    return stamp(seconds)[:10]


def erase(journal: Journal, keystore: Keystore, out: Path, prefix: str, *, memory: bool = False) -> Erased:
    """Erase one collaboration now, whatever was agreed; results that were written for people stay.

    Args:
        out: The party's folder.
        prefix: The beginning of its id.
        memory: Whether the keyed hashes of its rows go too. By agreed time alone they stay, or who proposes short
            times could have an agent forget which rows it has trained on.

    Raises:
        UsageError: There is none, or it is not closed.
    """
    states = {cid: state for cid, state, _ in journal.statuses() if cid.startswith(prefix)}
    if len(states) != 1:
        raise UsageError(f"{'no' if not states else 'more than one'} collaboration begins with {prefix!r}.")
    ((cid, state),) = states.items()
    if cid not in journal.closed():
        hint = "It is closed some seconds after every party holds its end, while the agent runs."
        raise UsageError(f"collaboration {cid} is {state} and not closed yet.", hint=hint)
    snapshots = _snapshots(journal, StorageCipher(keystore.get("storage")), out, cid)
    secrets = keystore.erase(f"{cid}/")  # first: what the journal still holds is unreadable without them
    files = 0
    for path in [*(_reruns(keystore, cid) if memory else ()), *snapshots]:
        path.unlink()
        files += 1
    files += BlobStore(out / BLOBS / cid, b"").erase()
    payloads = journal.erase(cid, lambda head: Frame.restore(head, None).header.event_class.encrypted)
    return Erased(cid, payloads, secrets, files)


def _reruns(keystore: Keystore, cid: str) -> list[Path]:
    return [path for path in [keystore.memory / f"{cid}.rows"] if path.exists()]


def _snapshots(journal: Journal, cipher: StorageCipher, out: Path, cid: str) -> list[Path]:
    """The copies of the data that no other collaboration has used; those as well that none came to use."""
    used: dict[str, set[str]] = {}
    for known in journal.collaborations():
        if journal.meta(f"erased/{known}") is None:
            for row in journal.words(known):
                if row.head == b"accept" and row.payload is not None:
                    fields = decode_fields(cipher.decrypt(row.payload, row_aad(row)))
                    used.setdefault(fields["snapshot"], set()).add(known)
    return [path for path in (out / "snapshots").glob("*") if used.get(path.stem, set()) <= {cid}]
