"""A graph in the report, as inline SVG: the receiver's own edges, vertices coloured by what it learned of them."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_scenarios import wording
from accord_scenarios.report import sections

WIDTH, HEIGHT, MARGIN = 900, 520, 40
_STEPS = 200
_WORDS = {"common_neighbours": " in common", "similar": " alike"}
_LABELS = 16
"""Vertices whose names are shown; all of them have a title."""


def picture(result: wording.Result) -> str:
    """What the receiver learned: a drawing, and the vertices with the highest scores."""
    found: dict[str, Any] = dict((result.get("graph") or {}).get("drawing") or {})
    names, values = list(found.get("vertices") or []), list(found.get("values") or [])
    if not names:
        return ""
    task = (result.get("graph") or {}).get("task")
    risk, word = task == "risk", _WORDS.get(str(task), "")
    top = max(values) or 1.0
    edges = [tuple(pair) for pair in found.get("edges") or []]
    places = layout(len(names), edges)
    drawn = [_edge(places[a], places[b]) for a, b in edges]
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        x, y = places[number]
        said = f"{wording.number(value, 4)}{word}" if task != "reach" else "near" if value else "not near"
        ring = " flagged" if (found.get("flagged") or [])[number] else ""
        title = f"<title>{escape(name)}: {said}</title>"
        drawn.append(f'<circle class="vertex{ring}" cx="{x:.1f}" cy="{y:.1f}" r="9"/>')
        shade = f'fill-opacity="{max(value / top, 0):.2f}"'
        drawn.append(f'<circle class="risk" cx="{x:.1f}" cy="{y:.1f}" r="9" {shade}>{title}</circle>')
        if number < _LABELS:
            drawn.append(f'<text x="{x + 12:.1f}" y="{y + 4:.1f}">{escape(name[:24])}</text>')
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="graph">{"".join(drawn)}</svg>'
    who = wording.listed((result.get("graph") or {}).get("result_to") or [])
    colour = "Filled is near a flagged one" if task == "reach" else f"The darker, the more{word or ' risk'}"
    note = f"Up to {len(names)} vertices, and edges that {who} has itself. {colour}; ringed are own flags."
    rows: list[list[sections.Cell]] = [
        [name, (wording.number(value, 5),)] for name, value in list(zip(names, values, strict=True))[:_LABELS]
    ]
    table = sections.table(["vertex", ("score",)], rows) if risk else ""
    return sections.section("Graph", f'{svg}<p class="soft">{escape(note)}</p>{table}')


def layout(count: int, edges: list[tuple[int, ...]]) -> NDArray[np.float64]:
    """Places ``(count, 2)`` in the drawing, by springs (Fruchterman, Reingold, 1991) from a circle."""
    turns = 2 * math.pi * np.arange(count) / max(count, 1)
    at = np.stack([np.cos(turns), np.sin(turns)], axis=1) * 0.5
    ideal = 1 / math.sqrt(max(count, 1))
    for step in range(_STEPS):
        apart = at[:, None] - at[None]
        far = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-3)
        moves = (apart * (ideal**2 / far**2)[..., None]).sum(axis=1)
        for a, b in edges:
            pull = (at[a] - at[b]) * far[a, b] / ideal
            moves[a] -= pull
            moves[b] += pull
        moves -= 0.3 * at  # what nothing holds stays near
        length = np.maximum(np.sqrt((moves**2).sum(axis=1)), 1e-9)[:, None]
        at = at + moves / length * np.minimum(length, 0.1 * (1 - step / _STEPS))
    low, high = at.min(axis=0), at.max(axis=0)
    unit = (at - low) / np.maximum(high - low, 1e-9)
    room = np.array([WIDTH - 4 * MARGIN, HEIGHT - 2 * MARGIN])
    return np.asarray(unit * room + MARGIN)


def _edge(a: NDArray[np.float64], b: NDArray[np.float64]) -> str:
    return f'<line class="axis" x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"/>'
