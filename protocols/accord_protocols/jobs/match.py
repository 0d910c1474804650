"""`job: match`: pictures of one party are looked for in another's gallery; no distance is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, table
from accord_protocols.kernel.plan import Known, Phase, Plan
from accord_protocols.phases.keys import Keyed, Keys
from accord_protocols.phases.matching.compare import Compare, Compared
from accord_protocols.phases.matching.gallery import Gallery, Ready, Sizes
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, LatticeKey
from accord_schemas.matching import MATCH

CLIENT, SERVER = "client", "server"


def _client(roles: Mapping[str, str]) -> str:
    return next(party for party, role in sorted(roles.items()) if role == CLIENT)


def _sizes(known: Known) -> Sizes:
    """How many pictures each side announced, and the key of the side that has one."""
    keyed = known.of(Keyed)
    ((server, key),) = keyed.of(LatticeKey).items()
    (probes,) = (size for party, size in keyed.sizes.items() if party != server)
    return Sizes(keyed.sizes[server], probes, key)


def _reads(agreement: Agreement, party: str) -> Reads:
    return Reads(pictures=agreement.match)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed after looking for {said['rows']} pictures."


def _about(agreement: Agreement) -> str:
    terms = agreement.match
    if terms is None:
        return "no pictures"
    return f"looking for up to {terms.max_probes} {terms.kind}s in a gallery, at most {terms.threshold:g} apart"


def _figure(learned: Learned) -> dict[str, Any] | None:
    terms, notes = learned.agreement.match, learned.notes
    if terms is None or "probes" not in notes:
        return None
    told = {name: notes[name] for name in ("gallery", "probes", "near", "pairs", "matched") if name in notes}
    told |= {"matches": notes["shown"]} if "shown" in notes else {}
    return {"kind": terms.kind, "threshold": terms.threshold, **told}


def _matches(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    """A line for each match of an image, or one without."""
    names: dict[int, list[str]] = {}
    for probe, name in notes["matches"]:
        names.setdefault(probe, []).append(name)
    for place, image in enumerate(rows.ids):
        for name in names.get(place, [""]):
            yield [image, name]


JOB = Job(
    name=MATCH,
    plan=Plan(
        (
            alignment.KEYS,
            Phase("gallery", Gallery.kind, "prepared", "PREPARED", given=_sizes),
            Phase("match", Compare.kind, given=lambda known: known.of(Ready)),
        ),
        lambda known: Complete(rows=known.of(Compared).probes),
    ),
    machines=machines(Keys, Gallery, Compare),
    roles={CLIENT: (1, 1), SERVER: (1, 1)},
    leader=_client,
    led_by=CLIENT,
    sections=frozenset({"match"}),
    requires=frozenset({"match"}),
    reads=_reads,
    facts={name: alignment.FACTS[name] for name in ("commitments", "keys")},
    completed=_completed,
    figures={"match": _figure},
    outputs=(table("matches.csv", "matches", ("image", "match"), _matches),),
    about=_about,
    learns=sentences.matched,
)
