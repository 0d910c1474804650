"""Which of a party's columns go into a collaboration, for whoever is to consent to it."""

from __future__ import annotations

from accord_agents.config.data_sets import EdgeFiles
from accord_agents.config.data_sets import Source as Files
from accord_agents.files.places import Images
from accord_agents.intake.pictures import listed
from accord_agents.intake.reader import Source, opened
from accord_agents.reading.sources import source
from accord_protocols.jobs.registry import job_of
from accord_schemas.agreement import Agreement
from accord_schemas.errors import UsageError


def goes_in(data: Files | EdgeFiles, terms: Agreement, party: str) -> str:
    """A sentence that names them; or why they cannot be used.

    Args:
        data: The party's files, of which the header alone is read.
        terms: What is proposed.
        party: Whose they are.
    """
    if terms.predict is not None:
        return f"of {data.name} the columns of the model that is predicted by"
    try:
        wanted = source(data, terms.ids, job_of(terms).reads(terms, party))
        return _of_table(wanted) if isinstance(wanted, Source) else f"the edges of {data.name}"
    except UsageError as error:
        return f"nothing yet: {error.message}"


def _of_table(wanted: Source) -> str:
    reads, key = wanted.reads, " + ".join(wanted.key.columns)
    if isinstance(wanted.place, Images):
        return f"the {len(listed(wanted.place.folder)):,} images of {wanted.name}, as numbers ({wanted.place.kind})"
    if reads.carried:
        return f"of {wanted.name} ids ({key}), and {_named(reads.carried)} as they are"
    if reads.cells:
        return f"of {wanted.name} ids ({key}), and {_named(reads.cells)} for whoever asks"
    if reads.model is None:
        return f"of {wanted.name} ids ({key}) alone"
    others = wanted.others
    with opened(wanted.place, 1) as rows:
        unused = [name for name in rows.header if name not in {*wanted.key.columns, *others.values()}]
    features = unused if wanted.features is None else wanted.features
    parts = [f"ids ({key})", *(f"{use} {column}" for use, column in others.items())]
    if missing := [name for name in [*others.values(), *features] if name not in rows.header]:
        return f"nothing yet: {wanted.name} has no column {missing[0]!r}"
    return f"of {wanted.name} {', '.join(parts)}" + (f", and {_named(features)}" if features else "")


def _named(columns: tuple[str, ...] | list[str], most: int = 12) -> str:
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    return f"{len(columns)} column{'s' if len(columns) != 1 else ''}: {', '.join(columns[:most])}{more}"
