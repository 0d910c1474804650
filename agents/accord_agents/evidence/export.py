"""Making an evidence file out of what a party's journal holds, whether its agent runs or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from accord_agents.config.party_file import Config, load
from accord_agents.evidence import bundle
from accord_agents.evidence.facts import facts
from accord_agents.evidence.observed import stripped
from accord_agents.evidence.observer import Observer
from accord_agents.evidence.statement import envelope, statement
from accord_agents.evidence.verdict import scope
from accord_agents.journal.journal import BODIES, Journal
from accord_agents.replay.copy import copied
from accord_agents.security.identity import Identity
from accord_agents.security.keystore import Keystore, durable
from accord_agents.security.own_identity import former_identities, own_identity
from accord_agents.security.passphrase import passphrase
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.canonical import canonical_json
from accord_schemas.codes import Code
from accord_schemas.errors import AccordError, FrameError, TamperError, UsageError
from accord_schemas.frame import MAX_SIGNATURE, Frame


def export(folder: Path, file: Path, collaboration: str | None = None) -> str:
    """Write a party's evidence; returns a sentence about it.

    Args:
        folder: The party's folder with its ``party.yaml``, or that file.
        file: Where to; replaced as a whole.
        collaboration: Beginning of its id; default the last one.

    Raises:
        UsageError: There is no such party or collaboration, or its keystore cannot be opened.
        TamperError: The journal was changed.
    """
    config = load(folder / "party.yaml" if folder.is_dir() else folder)
    keystore = Keystore.open(config.keystore, passphrase(config.passphrase_file))
    cid, frames = _held(config, collaboration)
    data, warning = make(cid, _speaker(keystore, config.party, frames), frames)
    durable(file, data)
    return f"{len(data):,} bytes of evidence about {cid} written to {file}{warning}"


def _speaker(keystore: Keystore, party: str, frames: list[Frame]) -> Identity:
    """The identity under which a party took part: a former one, if it has taken another since."""
    now = own_identity(keystore, party)
    own = next((frame for frame in frames if frame.header.source == party), None)
    for identity in [now, *former_identities(keystore, party)] if own else []:
        if own and identity.public.verify(own.to_sign, own.signature):
            return identity
    return now


def make(cid: str, identity: Identity, frames: list[Frame]) -> tuple[bytes, str]:
    """An evidence file from the frames that a party holds, and what the party should know about it."""
    me = identity.public.party
    unique = list({frame.digest: frame for frame in frames}.values())
    events = bundle.listed(unique)
    observer = Observer(cid)
    for frame in bundle.unlisted(events)[0]:
        observer.take(frame)
    if observer.observed is None:
        raise AccordError(f"{me} holds no usable proposal of {cid}.")
    findings, judged = observer.conclude(scope(observer, me))
    derived = facts(cid, observer.observed, judged)
    value = {"format": bundle.FORMAT, "exporter": me, "events": events, "facts": derived}
    value["statement"] = envelope(statement(cid, me, derived, bundle.body(value)), identity)
    warning = "".join(f"\nwarning: {finding}" for finding in findings)
    if not judged.covered and observer.observed.senders[me].state == COMPLETED:
        warning += "\nThe final checkpoint is not witnessed by all yet; export again in a minute."
    return canonical_json(value), warning


def _held(config: Config, collaboration: str | None) -> tuple[str, list[Frame]]:
    """A collaboration and its frames, as they stood in the journal at one moment."""
    with copied(config.journal) as copy, contextlib.closing(Journal(copy, config.out / BODIES)) as journal:
        try:
            journal.verify()
            cid = _chosen(journal.collaborations(), collaboration, config)
            return cid, list(held_frames(journal, cid))
        except (FrameError, ValueError, TypeError, IndexError) as error:  # a column of another type or form
            raise TamperError(f"a row of {config.journal} is not of the known form: {error}.") from None


def _chosen(known: list[str], wanted: str | None, config: Config) -> str:
    found = [cid for cid in known if cid.startswith(wanted or "")]
    if not found:
        what = f"no collaboration begins with {wanted!r}" if wanted else "there is no collaboration yet"
        raise UsageError(f"{config.out}: {what}.", hint="See them all with: accord status --config FILE")
    return found[-1]


def held_frames(journal: Journal, cid: str) -> Iterator[Frame]:
    """Every sequenced frame without what is encrypted: own ones, those of others, and second versions of them."""
    for head, payload in journal.frames(cid):
        yield stripped(Frame.restore(head, payload))
    for refused in journal.quarantine():
        frame = _decode_or_none(refused.body) if refused.code is Code.SECOND_VERSION else None
        if frame is not None and frame.header.subject == cid:
            yield stripped(frame)


def _decode_or_none(data: bytes) -> Frame | None:
    """A quarantined frame, whole or without its payload; None of one that was cut off."""
    try:
        return Frame.decode(data)
    except FrameError:
        with contextlib.suppress(FrameError):
            frame = Frame.restore(data, None)
            return frame if len(frame.signature) <= MAX_SIGNATURE and frame.bare() == data else None
    return None
