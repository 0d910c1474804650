"""Checkpoints as C2SP notes (c2sp.org/tlog-checkpoint, c2sp.org/signed-note), for tools that watch transparency logs.

A note's text is origin, size and root. The signatures of the parties cover frames, not that text, so that they have a
type of their own (0xff and a name); what stands in a signature is the whole frame that says the checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from accord_agents.security.identity import PublicIdentity
from accord_schemas.events import Checkpoint
from accord_schemas.frame import Frame

SIGNATURE_TYPE = b"\xffaccord frame v1"


def origin(cid: str) -> str:
    """The log that a collaboration is."""
    return f"accord/{cid}"


def note(cid: str, event: Checkpoint, signed: Iterable[tuple[PublicIdentity, Frame]]) -> str:
    """A signed note.

    Args:
        cid: The collaboration.
        event: What was said.
        signed: By whom and with which frame, the label holder first: its key is named as the log is.
    """
    root = base64.b64encode(bytes.fromhex(event.root)).decode()
    lines = [origin(cid), str(event.size), root, ""]
    for at, (public, frame) in enumerate(signed):
        name = f"{origin(cid)}/{public.party}" if at else origin(cid)
        signature = key_id(name, public.signing) + frame.encode()
        lines.append(f"— {name} {base64.b64encode(signature).decode()}")
    return "\n".join(lines) + "\n"


def key_id(name: str, key: bytes) -> bytes:
    """4 bytes that tell keys apart, as signed-note recommends."""
    return hashlib.sha256(name.encode() + b"\n" + SIGNATURE_TYPE + key).digest()[:4]
