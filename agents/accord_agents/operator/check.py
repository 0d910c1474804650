"""Whether a party is ready, before it consents to anything: folder, keys, identities, data, broker, rights, clock."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from accord_agents.config.data_sets import DataSet, EdgeFiles
from accord_agents.config.party_file import Config, load
from accord_agents.files.folder_lock import running
from accord_agents.intake.pictures import listed
from accord_agents.intake.reader import SAMPLE, Source, check, opened
from accord_agents.security.keystore import Keystore
from accord_agents.security.own_identity import own_identity
from accord_agents.security.passphrase import passphrase
from accord_agents.security.trust import Identities
from accord_agents.security.validity import clock
from accord_broker.factory import connect, redact, watch
from accord_broker.port import FAMILIES, Record
from accord_protocols.jobs.base import Reads
from accord_schemas.errors import AccordError

ROOM = 1 << 30
"""Bytes that should be free where the party's folder is."""
_PATIENCE = 15.0
_NOT_KEPT = 5  # of adjtimex(2): nobody disciplines the clock
_BY_HAND = "Let chrony or systemd-timesyncd keep it: what peers sign is judged by this clock."


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one thing.

    Args:
        what: Which: `data`, `broker` and the like.
        good: Whether it is as it has to be; None where that cannot be known from here.
        said: A sentence.
        hint: What to do about it.
    """

    what: str
    good: bool | None
    said: str
    hint: str = ""


def checked(path: Path, *, write: bool) -> list[Found]:
    """Look at everything that a party needs; a thing that is wrong keeps none of the others from being looked at.

    Args:
        path: The party's file.
        write: Also write one record to each topic, which is no event: agents note it in quarantine.

    Raises:
        UsageError: There is no such file, or it is not of the known form.
    """
    config = load(path)
    looks: list[tuple[str, Callable[[Config], Iterator[Found]]]] = [
        ("folder", _folder),
        ("keys", _keys),
        ("identities", _identities),
        ("data", _data),
        ("broker", lambda config: iter(asyncio.run(_broker(config)))),
        ("clock", lambda config: _clock()),
    ]
    if write:
        looks.insert(-1, ("rights", lambda config: iter(asyncio.run(_rights(config)))))
    found: list[Found] = []
    for what, look in looks:
        try:
            found += look(config)
        except AccordError as error:
            found.append(Found(what, False, error.message, error.hint))
    return found


def told(found: list[Found], *, as_json: bool) -> str:
    """The same for people, or for scripts."""
    if as_json:
        return json.dumps([asdict(one) for one in found], ensure_ascii=False)
    marks = {True: "ok    ", False: "WRONG ", None: "note  "}
    return "\n".join(
        f"{marks[one.good]} {one.what:<11} {one.said}" + (f"\n{'':<19}{one.hint}" if one.hint else "") for one in found
    )


def _folder(config: Config) -> Iterator[Found]:
    place = next(folder for folder in (config.out, *config.out.parents) if folder.exists())
    if not os.access(place, os.W_OK):
        yield Found("folder", False, f"{place} cannot be written.", "Give this user the right, or name another in out.")
        return
    free = shutil.disk_usage(place).free
    said = (
        f"{config.out}, {free / (1 << 30):.1f} GiB free; its agent {'runs' if running(config.out) else 'does not run'}."
    )
    yield Found("folder", free >= ROOM, said, "" if free >= ROOM else "Free some: a large alignment needs gigabytes.")


def _keys(config: Config) -> Iterator[Found]:
    own = own_identity(Keystore.open(config.keystore, passphrase(config.passphrase_file)), config.party).public
    yield Found("keys", True, f"{config.keystore.name} opens; {own.party} is {own.shown}, profile {own.kind}.")


def _identities(config: Config) -> Iterator[Found]:
    pinned = Identities.load(config.identities)
    others = [public for public in pinned if public.party != config.party]
    if not others:
        yield Found("identities", False, "nobody is trusted yet.", "For each partner: accord keys trust FILE")
    for public in sorted(others, key=lambda public: public.party):
        revoked = pinned.revoked.get(public.fingerprint)
        hint = "" if revoked is None else "Ask for the new one, and: accord keys trust FILE"
        yield Found("identities", revoked is None, f"{public.party} is {revoked or public.shown}.", hint)


def _data(config: Config) -> Iterator[Found]:
    for name, data in config.sets.items():
        try:
            yield from (replace(one, said=f"{name}: {one.said}") if name else one for one in _set(data))
        except AccordError as error:
            yield Found("data", False, f"{name}: {error.message}" if name else error.message, error.hint)


def _set(data: DataSet) -> Iterator[Found]:
    if isinstance(data, EdgeFiles):
        missing = [path for path in (data.edges, data.vertices, data.flagged, data.ask) if path and not path.is_file()]
        said = f"there is no file {missing[0]}." if missing else f"{data.name} and the list of vertices are there."
        yield Found("data", not missing, said, "Check data in the party's file." if missing else "")
        return
    if data.images is not None:
        yield Found("data", True, f"{data.name}: {len(listed(data.images)):,} images.")
        return
    reads = Reads("linear", label=data.label is not None)
    warnings = check(Source(data.place, data.made_of, data.label, data.features, reads))
    with opened(data.place, 1) as rows:
        apart = {*data.made_of.columns, data.label}
        features = data.features or [name for name in rows.header if name not in apart]
    label = f", label {data.label}" if data.label else ""
    columns = f"id {' + '.join(data.made_of.columns)}{label}, {len(features)} feature columns"
    yield Found("data", True, f"{data.name}: {columns}; the first {SAMPLE:,} rows can be used.")
    yield from (Found("data", None, warning) for warning in warnings)


async def _broker(config: Config) -> list[Found]:
    shown, scheme = redact(config.broker), config.broker.partition(":")[0]
    if scheme == "embedded":
        log = Path(config.broker.partition(":")[2])
        if not log.exists():
            good = os.access(log.parent, os.W_OK)
            said = f"{log} is not there yet; {'the first agent makes it' if good else 'its folder cannot be written'}."
            return [Found("broker", good, said)]
    source, began = watch(config.broker), time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            await source.open()
            await source.subscribe({})
            await source.receive(1, 1 << 20, 0.5)
            ends = await source.end()
    except TimeoutError:
        return [Found("broker", False, f"{shown} does not answer within {_PATIENCE:.0f} s.", "Is it reachable?")]
    finally:
        await source.close()
    held = f"; records in {len(ends)} of its topics" if source.history and ends else ""
    took = time.monotonic() - began
    found = [Found("broker", True, f"{shown} answers, and all topics may be read ({took:.1f} s){held}.")]
    if scheme in ("mqtt", "kafka") and "security=" not in config.broker:
        found.append(
            Found("broker", None, "the connection is not encrypted.", "Outside a machine: mqtts, or security=ssl.")
        )
    return found


async def _rights(config: Config) -> list[Found]:
    broker, found = connect(config.broker), list[Found]()
    try:
        await broker.open()
        for family in FAMILIES:
            record = Record(family, "check", f"accord check of {config.party}: no event".encode())
            try:
                await broker.publish([record])
                found.append(Found("rights", True, f"{family} may be written."))
            except AccordError as error:
                found.append(Found("rights", False, f"{family}: {error.message}", error.hint))
    finally:
        await broker.close()
    return found


def _clock() -> Iterator[Found]:
    if clock() is None:
        yield Found("clock", False, "it was never set.", _BY_HAND)
        return
    call = getattr(ctypes.CDLL(None), "adjtimex", None) if sys.platform == "linux" else None
    if call is None:
        yield Found("clock", None, f"shows {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}.", "Is that right?")
        return
    kept = call(ctypes.create_string_buffer(512)) != _NOT_KEPT  # modes 0: nothing is changed
    shows = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    said = f"shows {shows}; " + ("the kernel says that it is kept." if kept else "nobody keeps it, says the kernel.")
    yield Found("clock", True if kept else None, said, "" if kept else _BY_HAND)
