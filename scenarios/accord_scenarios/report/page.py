"""The page as a whole."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from accord_scenarios.jobs.registry import of, verdict
from accord_scenarios.report import company, sections
from accord_scenarios.wording import Result
from accord_schemas.errors import AccordError

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(result: Result) -> str:
    """The report of a run as one HTML document.

    Args:
        result: The fields of DIR/result.json, and ``parties: {name: role}``, ``traffic: {sender: {recipient: bytes}}``,
            ``timeline: {party: [[phase, start_seconds, end_seconds], ...]}``, ``columns: {party: [{column, kept, nulls,
            clipped, note}]}``; any of them may be null or absent.
    """
    played = of(result)
    good = result.get("status") == "COMPLETED" and not played.reserved(result)
    parts = [
        sections.headline(result, verdict(result), good=good),
        sections.warnings(result),
        *(section(result) for section in played.sections),
        sections.learned(result, played.learned(result) if result.get("parties") else []),
        *(section(result) for section in (company.left, sections.timeline, sections.versions)),
    ]
    return document("Accord report", "\n".join(filter(None, parts)))


def document(title: str, body: str) -> str:
    """A self-contained HTML document around a body; it may load and run nothing."""
    style = (resources.files("accord_scenarios.report") / "style.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>\n<style>\n{style}</style></head>\n'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def write(page: str, path: Path) -> None:
    """Write a page that a command was asked for.

    Raises:
        AccordError: It cannot be written.
    """
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}.") from None
