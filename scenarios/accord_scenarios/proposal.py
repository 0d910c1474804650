"""From a scenario to the agreement that parties consent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from accord_agents.security.identity import PublicIdentity
from accord_scenarios import untold
from accord_scenarios.jobs.registry import PLAYED
from accord_scenarios.model import Scenario
from accord_scenarios.scenario import load
from accord_schemas.agreement import LABEL_HOLDER, Agreement, Member
from accord_schemas.errors import UsageError


def agreement(scenario: Scenario, identities: Mapping[str, PublicIdentity]) -> Agreement:
    """The agreement of a scenario.

    Args:
        scenario: Checked.
        identities: By party; each of the kind that the profile needs.

    Raises:
        UsageError: A party's identity is not known, or is of another profile.
    """
    if missing := sorted(set(scenario.parties) - set(identities)):
        raise UsageError(f"the identity of {missing[0]} is not trusted.", hint="Trust it with: accord keys trust FILE")
    profile = scenario.security.profile
    if other := [p for p in sorted(scenario.parties) if identities[p].kind != profile]:
        raise UsageError(
            f"the identity of {other[0]} is of the profile {identities[other[0]].kind}, the scenario's is {profile}.",
            hint=f"Change security.profile, or make identities with: accord keys init --profile {profile}",
        )
    return terms(scenario, {party: identities[party].fingerprint for party in scenario.parties})


def terms(scenario: Scenario, fingerprints: Mapping[str, str]) -> Agreement:
    """The agreement of a scenario between identities with these fingerprints, by party."""
    played, roles = PLAYED[scenario.job], scenario.roles
    silent = Agreement(
        name=scenario.name,
        job=scenario.job,
        parties={party: Member(role=role, identity=fingerprints[party]) for party, role in roles.items()},
        leads=None if roles[scenario.leader] == LABEL_HOLDER else scenario.leader,
        ids=scenario.ids,
        align=scenario.align,
        key_bits=scenario.keys.bits,
        profile=scenario.security.profile,
        seeded=scenario.seed is not None,
        limits=scenario.limits,
        versions=played.job.versions,
        **played.terms(scenario),
    )
    two = silent.sharing if len(silent.parties) > 2 else silent.keyholders  # of two parties there is nothing to name
    return played.job.told(silent.model_copy(update={"computing": two}))


def propose(scenario: str, sets: list[str], config: Path, data: Sequence[str] = ()) -> str:
    """Have the party's running agent propose a scenario; returns what to say.

    Of the parties it need say their roles alone: what each brings is in each one's own file.

    Args:
        scenario: A file, or the name of a bundled one.
        sets: Options of it that are set otherwise.
        config: The party's file.
        data: Which data sets go in: ``NAME`` of the own ones, ``PARTY=NAME`` of another party's.

    Raises:
        UsageError: The scenario cannot be used, is seeded, or names a party that is not trusted; or a data set is
            named that is none, or none is where the own file has several.
    """
    from accord_agents.config import party_file as agents
    from accord_agents.operator import collaborations as operations
    from accord_agents.operator import keys as keyring

    own = agents.load(config)
    named = [name for party, _, name in (one.rpartition("=") for one in data) if party in ("", own.party)]
    mine = own.chosen(named[-1] if named else "")
    loaded = load(scenario, sets, complete=untold.completed(own.party, mine))
    if loaded.seed is not None:
        raise UsageError("a scenario with a seed protects nothing.", hint="Leave out seed; it is for accord run alone.")
    if own.party not in loaded.parties:
        raise UsageError(f"the scenario names no party {own.party}.", hint=f"It names {', '.join(loaded.parties)}.")
    loaded = PLAYED[loaded.job].completed(loaded, own)
    agreed = with_data(agreement(loaded, keyring.trusted(own)), own.party, data)
    return f"proposed {operations.propose(own, agreed)}"


def with_data(agreed: Agreement, me: str, named: Sequence[str]) -> Agreement:
    """An agreement that says which data sets go in.

    Args:
        agreed: Without.
        me: Whose the sets are that are named without a party.
        named: See `propose`.

    Raises:
        UsageError: A party is none of the agreement's, or a name is none.
    """
    parties = dict(agreed.parties)
    for one in named:
        party, _, name = one.rpartition("=")
        if (party or me) not in parties:
            raise UsageError(f"--data {one}: there is no party {party or me}.", hint=f"There are {', '.join(parties)}.")
        member = parties[party or me].model_dump() | {"data": name}
        try:
            parties[party or me] = Member.model_validate(member)
        except ValidationError:
            raise UsageError(f"--data {one}: {name!r} names no data set: 1 to 32 of a-z, 0-9, _ and -.") from None
    return agreed.model_copy(update={"parties": parties})
