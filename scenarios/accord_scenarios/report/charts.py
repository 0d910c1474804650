"""The two drawings of the report, as inline SVG; colours are classes, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from accord_scenarios import wording

WIDTH, LEFT, RIGHT = 900, 110, 16
_COLOURS = 8
_ROW = 26


def loss_curve(loss: Sequence[float]) -> str:
    """The loss over the rounds.

    Args:
        loss: One value a round; drawn on a logarithmic scale where it is positive and falls by more than a factor of 20.

    Returns:
        SVG, empty where there are fewer than two finite values.
    """
    points = [(number, value) for number, value in enumerate(loss) if math.isfinite(value)]
    if len(points) < 2:
        return ""
    values = [value for _, value in points]
    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low > 20
    scale = math.log10 if logarithmic else float
    bottom, span = scale(low), (scale(high) - scale(low)) or 1.0
    top, height, last = 14, 200, points[-1][0]

    def at(number: int, value: float) -> tuple[float, float]:
        return LEFT + number / last * (WIDTH - LEFT - RIGHT), top + height * (1 - (scale(value) - bottom) / span)

    places = [at(*point) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = (
        "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places)
        if len(places) <= 80
        else ""
    )
    floor = top + height
    note = f'<text x="{LEFT + 8}" y="{top + 5}">logarithmic</text>' if logarithmic else ""
    return (
        f'<svg viewBox="0 0 {WIDTH} {floor + 34}" role="img" aria-label="loss by round">'
        f'<line class="axis" x1="{LEFT}" y1="{top}" x2="{LEFT}" y2="{floor}"/><line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH - RIGHT}" y2="{floor}"/>'
        f'<text x="{LEFT - 8}" y="{top + 5}" text-anchor="end">{wording.number(high, 5)}</text>'
        f'<text x="{LEFT - 8}" y="{floor + 4}" text-anchor="end">{wording.number(low, 5)}</text>'
        f'<text x="{LEFT}" y="{floor + 22}">0</text><text x="{WIDTH - RIGHT}" y="{floor + 22}" text-anchor="end">round {last}</text>'
        f"{note}"
        f'<polyline class="line" points="{path}"/>{dots}</svg>'
    )


def timeline(parties: Mapping[str, Sequence[tuple[str, float, float]]]) -> str:
    """What each party was doing when.

    Args:
        parties: By party, (phase, start, end) in seconds since the run began.

    Returns:
        SVG with a bar per party and a legend, empty without any phase.
    """
    phases = list(dict.fromkeys(phase for bars in parties.values() for phase, _, _ in bars))
    end = max((stop for bars in parties.values() for _, _, stop in bars), default=0.0)
    if end <= 0:
        return ""
    unit, drawn = (WIDTH - LEFT - RIGHT) / end, []
    for row, (party, bars) in enumerate(parties.items()):
        y = 8 + row * _ROW
        drawn.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(party[:16])}</text>')
        for phase, start, stop in bars:
            title = f"<title>{escape(party)}: {escape(phase)}, {wording.seconds(stop - start)}</title>"
            place = f'x="{LEFT + start * unit:.1f}" y="{y}" width="{max((stop - start) * unit, 0.8):.1f}" height="{_ROW - 6}"'
            drawn.append(f'<rect class="p{phases.index(phase) % _COLOURS}" {place} rx="2">{title}</rect>')
    floor = 8 + len(parties) * _ROW
    drawn.append(f'<text x="{LEFT}" y="{floor + 14}">0</text>')
    drawn.append(f'<text x="{WIDTH - RIGHT}" y="{floor + 14}" text-anchor="end">{wording.seconds(end)}</text>')
    for k, phase in enumerate(phases):
        x, y = LEFT + k % 6 * 128, floor + 38 + k // 6 * 20
        drawn.append(f'<rect class="p{k % _COLOURS}" x="{x}" y="{y - 10}" width="11" height="11" rx="2"/>')
        drawn.append(f'<text x="{x + 17}" y="{y}">{escape(phase[:16])}</text>')
    height = floor + 50 + (len(phases) - 1) // 6 * 20
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="phases by party">{"".join(drawn)}</svg>'
