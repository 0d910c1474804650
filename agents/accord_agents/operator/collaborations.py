"""What people do by hand: keys, and answers to proposals, which the running agent takes up from its journal."""

from __future__ import annotations

import csv
import io
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from accord_agents.config.party_file import Config, load
from accord_agents.evidence.agreed import agreed_terms
from accord_agents.files.folder_lock import held, running, started
from accord_agents.journal import erasure
from accord_agents.journal.journal import Journal
from accord_agents.operator import waiting
from accord_agents.operator.work import work
from accord_agents.reading.columns import goes_in
from accord_agents.results.warned import shown as shown_warnings
from accord_agents.security.fingerprint import shown
from accord_agents.security.keystore import Keystore
from accord_agents.security.passphrase import passphrase
from accord_protocols.jobs.registry import job_of
from accord_protocols.kernel.lifecycle import PROPOSED
from accord_protocols.primitives.psi.ids import normalise
from accord_schemas.agreement import Agreement, Member
from accord_schemas.errors import AccordError, UsageError
from accord_schemas.events.prediction import MAX_IDS

ANSWER_WITHIN = 10.0
"""Seconds in which a running agent takes up a request."""
_SOON = 0.002  # between looks for an answer that peers are asked for


def propose(config: Config, agreement: Agreement) -> str:
    """Have the running agent propose; returns the collaboration's id."""
    answer = _ask(config, "propose", {"agreement": agreement.encode().decode()})
    return str(answer["collaboration"])


def accept(path: Path, collaboration: str, data: str = "") -> str:
    """Have the running agent accept.

    Args:
        data: Which of the party's data sets goes in, where the agreement does not say it.
    """
    body = {"collaboration": collaboration} | ({"data": data} if data else {})
    return f"accepted {_ask(load(path), 'accept', body)['collaboration']}"


def refuse(path: Path, collaboration: str, reason: str) -> str:
    """Have the running agent refuse."""
    return f"refused {_ask(load(path), 'refuse', {'collaboration': collaboration, 'reason': reason})['collaboration']}"


def ask(path: Path, collaboration: str, ids: Sequence[str], *, last: bool) -> str:
    """Have the running agent ask for ids, or say that these were the last.

    Returns:
        Lines ``id,prediction``; of hidden queries ``id,found`` and the agreed columns.
    """
    config = load(path)
    ids = [normalise(identifier) for identifier in ids]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for part in _batches(ids):
        body = {"collaboration": collaboration, "ids": list(part), "name": secrets.token_hex(16)}
        for identifier, value in zip(part, _ask(config, "own", body, _SOON)["values"], strict=True):
            writer.writerow([identifier, *_cells(value)])
    if last:
        _ask(config, "stop", {"collaboration": collaboration, "ids": [], "name": secrets.token_hex(16)}, _SOON)
    return lines.getvalue().rstrip("\n")


STAYS = (
    "stays: signed headers, digests and what travelled in clear, so that evidence can still be exported and checked; "
    "and the results that were written for people, in {folder}"
)
"""What an erasure leaves."""


def erase(path: Path, collaboration: str, *, yes: bool) -> str:
    """Erase what the party holds of a collaboration that has ended, and say what stays.

    Raises:
        UsageError: Nobody has said that it is meant; nothing was erased.
    """
    config = load(path)
    found = [s for s in statuses(config) if s["collaboration"].startswith(collaboration)]
    if len(found) != 1:
        how = "no" if not found else "more than one"
        raise UsageError(f"{how} collaboration begins with {collaboration!r}.", hint="See them all with: accord status")
    (one,) = found
    stays = STAYS.format(folder=config.out / one["collaboration"])
    if not yes:
        raise UsageError(
            f"{one['collaboration'][:12]} ({one['name']}, {one['state']}) would be erased: its payloads, keys and "
            "copy of the data. That cannot be undone, and the run cannot be replayed any more. "
            f"{stays[0].upper()}{stays[1:]}.",
            hint="If that is meant, say it with --yes.",
        )
    return f"{_erased(config, collaboration)}\n{stays}"


def _erased(config: Config, collaboration: str) -> str:
    if running(config.out):
        return f"erased {_ask(config, 'erase', {'collaboration': collaboration})['erased']}"
    keystore = Keystore.open(config.keystore, passphrase(config.passphrase_file))
    with held(config.out):
        journal = Journal(config.journal)
        try:
            return f"erased {erasure.erase(journal, keystore, config.out, collaboration, memory=True)}"
        finally:
            journal.close()


def inbox(path: Path, *, as_json: bool, called: str = "") -> str:
    """Proposals that wait for this party's answer.

    Args:
        path: The party's file.
        as_json: For scripts.
        called: What the commands need besides, to be for this party.
    """
    config = load(path)
    known = statuses(config)
    found = [s for s in known if s["state"] == PROPOSED and not s["accepted"]]
    if as_json:
        more = ({"own_columns": own_columns(config, s)} for s in found)
        return json.dumps([s | own for s, own in zip(found, more, strict=True)], ensure_ascii=False)
    unusable = [f"{s['collaboration'][:12]}  {s['name']} was refused{_detail(s)}" for s in known if s.get("detail")]
    proposals = [_proposal(s, own_columns(config, s), called, choices(config, s)) for s in found]
    return "\n\n".join([*proposals, *unusable[-3:]]) or "No proposal waits for an answer."


def status(path: Path, collaboration: str | None, *, as_json: bool) -> str:
    """Every collaboration's state, or one's."""
    config = load(path)
    found = [s for s in statuses(config) if s["collaboration"].startswith(collaboration or "")]
    if collaboration and not found:
        raise UsageError(f"no collaboration begins with {collaboration!r}.", hint="See them all with: accord status")
    if as_json:
        return json.dumps(found, ensure_ascii=False)
    lines = [f"{_line(s)}{waiting.told(s, config.party)}{_detail(s)}" for s in found]
    if collaboration:  # the own warnings too, which no other party sees
        warnings = [(w, s.get("detail")) for s in found for w in _warnings(config, s["collaboration"])]
        lines += [f"  {one}" for one in shown_warnings(w for w, detail in warnings if not (detail and detail in w))]
    return "\n".join(lines) or "No collaborations yet."


def _line(s: dict[str, Any]) -> str:
    return f"{s['collaboration'][:12]}  {s['state']:<10} round {s['round']:<4} {s['name']}  {s['reason']}".rstrip()


def _detail(s: dict[str, Any]) -> str:
    return f"\n  {s['detail']}" if s.get("detail") else ""


def _warnings(config: Config, collaboration: str) -> list[str]:
    for path in (config.out / collaboration / "result.json", config.out / "result.json"):
        if path.is_file() and (result := json.loads(path.read_bytes()))["collaboration"] == collaboration:
            return list(result["warnings"])
    return []


def own_columns(config: Config, proposal: Mapping[str, Any]) -> str:
    """Which of the party's columns would go into what is proposed; of each of its data sets, where it has to choose."""
    terms = Agreement.model_validate(proposal["agreement"])
    try:
        return goes_in(config.chosen(terms.parties[config.party].data), terms, config.party)
    except UsageError as error:
        if not choices(config, proposal):
            return f"nothing yet: {error.message}"
        each = (f"{name}: {goes_in(data, terms, config.party)}" for name, data in config.sets.items())
        return f"what you choose; {'; '.join(each)}"


def choices(config: Config, proposal: Mapping[str, Any]) -> list[str]:
    """The names of the data sets among which whoever accepts a proposal has to choose."""
    named = proposal["agreement"]["parties"][config.party].get("data")
    return [] if named else [name for name in config.sets if name]


def part(member: Member) -> str:
    """What a party is by the agreement, and which of its data sets goes in where that is said."""
    return member.role.replace("_", " ") + (f" with its data set {member.data}" if member.data else "")


def _proposal(s: dict[str, Any], own: str, called: str, sets: Sequence[str] = ()) -> str:
    terms = Agreement.model_validate(s["agreement"])
    roles = ((party, terms.parties[party]) for party in terms.order)
    lines = [
        f"{s['collaboration'][:12]}  {s['name']}, proposed by {s['proposer']}, {waiting.since(s)}",
        *(f"  {party} is {part(m)}, identity {shown(m.identity)}" for party, m in roles),
        f"  yours goes in: {own}",
        f"  {job_of(terms).about(terms)}",
        *(f"  {what}: {how}" for what, how in agreed_terms(s["agreement"]) if how),
    ]
    lines += [f"  {party} learns: {sentence}" for party, sentence in sorted(terms.learns.items())]
    number = f"{s['collaboration'][:12]}{called}"
    which = f" --data {'|'.join(sets)}" if sets else ""
    lines.append(f'  answer with: accord accept {number}{which}, or: accord refuse {number} --reason "…"')
    return "\n".join(lines)


def statuses(config: Config) -> list[dict[str, Any]]:
    """Every collaboration's state and terms, as last committed."""
    if not config.journal.exists():
        return []
    journal = Journal(config.journal)
    try:
        found = [{"collaboration": cid, "state": state, **_shown(body)} for cid, state, body in journal.statuses()]
        since = started(config.out)
        doing = {} if since is None else work(config.out / "agent.log", since)
        return [s | waiting.facts(s, config.party) | {"work": doing.get(s["collaboration"])} for s in found]
    finally:
        journal.close()


def _shown(body: str) -> dict[str, Any]:
    """A status whose agreement says every term, defaults too: who consents shall not have to know them."""
    status: dict[str, Any] = json.loads(body)
    if status["agreement"]:
        status["agreement"] = Agreement.decode(status["agreement"]).model_dump(mode="json")
    return status


def _ask(config: Config, command: str, body: dict[str, Any], pause: float = 0.05) -> dict[str, Any]:
    if not running(config.out):
        raise AccordError(
            f"no agent of {config.party} runs in {config.out}.", hint="Start it with: accord agent --config FILE"
        )
    journal = Journal(config.journal)
    try:
        number = journal.ask(command, json.dumps(body))
        end = time.monotonic() + ANSWER_WITHIN
        while (answer := journal.answer(number)) is None:
            if time.monotonic() > end:
                journal.withdraw(number)
                raise AccordError(
                    f"the agent of {config.party} does not answer.", hint=f"See {config.out / 'agent.log'}.", retry=True
                )
            time.sleep(pause)
    finally:
        journal.close()
    found: dict[str, Any] = json.loads(answer)
    if "error" in found:
        raise UsageError(found["error"])
    return found


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while part := list(islice(rest, MAX_IDS)):
        yield part


def _cells(value: float | list[str] | None) -> list[str]:
    """What was answered to an id, as cells."""
    return value if isinstance(value, list) else ["" if value is None else repr(value)]
