"""A verdict in plain words: each line of what is proven names what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.lifecycle import COMPLETED, TERMINAL

NOT_PROVEN = "who signed is NOT proven"
CLAIMED = "when, as each party's own clock claims; no signature proves a time"
ASIDE = "beside them on the log, signed by no party of theirs, and deciding nothing"


def headline(verdict: str) -> str:
    """The verdict in one line."""
    return {"proven": "proven", "consistent": f"consistent; {NOT_PROVEN}"}.get(
        verdict, "TAMPERED, or not what it claims"
    )


def proven(facts: dict[str, Any], exporter: str) -> Iterator[tuple[str, str]]:
    """What a sound file shows, and what that rests on."""
    count, names = sum(facts["events"].values()), _names(facts["parties"])
    yield f"Each of {count} events was signed by the key that the agreement names.", _signatures(facts)
    if set(facts["consents"]) == set(facts["parties"]):
        first = " before anybody acted on it" if facts["states"][exporter] == COMPLETED else ""
        yield f"{names} consented to this agreement{first}.", "their signed accept events"
    job = JOBS[facts["job"]]
    for name, fact in job.facts.items():
        yield from fact.sentences(facts[name])
    if facts["checkpoints"]:
        last = facts["checkpoints"][-1]
        signers = _names(last["signed_by"])
        basis = f"Merkle root {last['root']} of checkpoint {last['phase']}, signed by {signers}"
        yield f"{signers} saw the same {last['size']} events in the same order of each sender.", basis
    if facts["witnessed"]:
        yield (
            "Nothing that belongs to the collaboration is missing or was added.",
            "hash chains, and the final checkpoint",
        )
    for party, said in facts["results"].items():
        yield f"{party} {job.completed(said)}", f"the signed complete event of {party}"
    yield f"{exporter} made this file, and nobody changed it since.", f"DSSE signature of {exporter} over all of it"


def not_proven(facts: dict[str, Any], exporter: str, *, known: bool) -> Iterator[str]:
    """What no signature shows."""
    if not known:
        yield "Who signed: compare the fingerprints with the parties, or give --identities."
    state = facts["states"][exporter]
    if state not in TERMINAL:
        yield f"How it went on: at {exporter} the collaboration had reached {state} and had not ended."
    elif state != COMPLETED or not facts["witnessed"]:
        yield f"That nothing more was said: it ended {state} at {exporter}, and no final checkpoint covers it."
    yield "That what the parties put in was true, complete, or lawfully theirs."
    yield "That encrypted payloads say what the protocol asks for: only their digests are here."
    yield "When: each time is the sender's own claim."
    yield "That the parties said nothing to each other outside of these events."


def _signatures(facts: dict[str, Any]) -> str:
    return f"{', '.join(facts['algorithms'])} signatures over each header and payload digest"


def _names(parties: Any) -> str:
    *some, last = parties
    return f"{', '.join(some)} and {last}" if some else str(last)
