"""What is due to be erased of a journal, and erasing it.

Erased means that payloads, own words, job results, keys, seeds and the copy of the data are gone; signed headers,
digests, the chain of rows and what travelled in clear stay, so that evidence can still be made and checked, but nothing
can be computed again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from accord_agents.journal.journal import Journal
from accord_agents.journal.row_encryption import place
from accord_agents.security.keystore import Keystore
from accord_agents.security.storage import StorageCipher
from accord_schemas.agreement import Limits
from accord_schemas.blocks import decode_fields
from accord_schemas.errors import UsageError
from accord_schemas.frame import Frame


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a collaboration."""

    collaboration: str
    payloads: int
    secrets: int
    files: int

    def __str__(self) -> str:
        return f"{self.collaboration}: {self.payloads} payloads, {self.secrets} secrets, {self.files} files"


def behind(party: str) -> str:
    """Why a party ends a collaboration that it cannot go on with."""
    return f"{party} went back to a backup that is behind what others hold; to be proposed anew"


def due(journal: Journal, now: datetime, me: str) -> list[str]:
    """Closed collaborations whose agreed time is over and that still hold something; those that a restore ended."""
    found = []
    closed = journal.closed()
    for cid, _, body in journal.statuses():
        if cid in closed and journal.meta(f"erased/{cid}") is None:
            status = json.loads(body)
            terms = status["agreement"]
            days = (terms or {}).get("limits", {}).get("retain_days", Limits().retain_days)
            if (
                status["reason"] == behind(me)
                or datetime.fromisoformat(journal.ended(cid)) + timedelta(days=days) <= now
            ):
                found.append(cid)
    return found


def erase(journal: Journal, keystore: Keystore, out: Path, prefix: str) -> Erased:
    """Erase one collaboration now, whatever was agreed; results that were written for people stay.

    Args:
        out: The party's folder.
        prefix: The beginning of its id.

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
    for path in [*_reruns(out, cid), *snapshots]:
        path.unlink()
        files += 1
    payloads = journal.erase(cid, lambda head: Frame.restore(head, None).header.event_class.sealed)
    return Erased(cid, payloads, secrets, files)


def _reruns(out: Path, cid: str) -> list[Path]:
    folder = out / "reruns"
    return [p for p in folder.iterdir() if p.name.endswith(f"-{cid}.json")] if folder.is_dir() else []


def _snapshots(journal: Journal, cipher: StorageCipher, out: Path, cid: str) -> list[Path]:
    """The copies of the data that this collaboration alone has used."""
    used: dict[str, set[str]] = {}
    for known in journal.collaborations():
        if journal.meta(f"erased/{known}") is None:
            for row in journal.words(known):
                if row.head == b"accept" and row.payload is not None:
                    fields = decode_fields(cipher.decrypt(row.payload, place(row)))
                    used.setdefault(fields["snapshot"], set()).add(known)
    paths = (out / "snapshots" / f"{digest}.table" for digest, users in used.items() if users == {cid})
    return [path for path in paths if path.exists()]
