"""The report's drawings of how a model predicts, as inline SVG; colours are classes, as in `charts`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from accord_scenarios import wording
from accord_scenarios.report.charts import RIGHT, WIDTH

_ROW, _NAMES = 22, 230
_SIDE, _TOP, _LEFT = 300, 14, 80


def calibration(parts: Sequence[Mapping[str, Any]]) -> str:
    """Observed against predicted means of tenths of the TEST rows; on the diagonal a model is right on average.

    Returns:
        SVG, empty where there are fewer than two parts, or all means are alike.
    """
    points = [(float(part["predicted"]), float(part["observed"])) for part in parts]
    low, high = (pick((v for point in points for v in point), default=0.0) for pick in (min, max))
    if len(points) < 2 or not high > low or not math.isfinite(high - low):
        return ""
    span, floor, end = high - low, _TOP + _SIDE, _LEFT + _SIDE

    def at(predicted: float, observed: float) -> tuple[float, float]:
        return _LEFT + (predicted - low) / span * _SIDE, floor - (observed - low) / span * _SIDE

    dots = "".join(
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>predicted {wording.number(p)}, observed {wording.number(o)}</title></circle>'
        for (p, o), (x, y) in ((point, at(*point)) for point in points)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {floor + 40}" role="img" aria-label="calibration by tenths of predictions">'
        f'<line class="axis" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{floor}"/><line class="axis" x1="{_LEFT}" y1="{floor}" x2="{end}" y2="{floor}"/>'
        f'<line class="axis" x1="{_LEFT}" y1="{floor}" x2="{end}" y2="{_TOP}"/>'
        f'<text x="{_LEFT - 8}" y="{_TOP + 5}" text-anchor="end">{wording.number(high, 3)}</text><text x="{_LEFT - 8}" y="{floor + 4}" text-anchor="end">{wording.number(low, 3)}</text>'
        f'<text x="{_LEFT}" y="{floor + 20}">{wording.number(low, 3)}</text><text x="{end}" y="{floor + 20}" text-anchor="end">{wording.number(high, 3)}</text>'
        f'<text x="{_LEFT + _SIDE / 2:.0f}" y="{floor + 36}" text-anchor="middle">predicted</text><text x="{end + 20}" y="{_TOP + 40}">observed, by tenth of the TEST rows;</text>'
        f'<text x="{end + 20}" y="{_TOP + 58}">on the line a tenth comes out as predicted</text>{dots}</svg>'
    )


def residuals(parts: Sequence[Mapping[str, Any]]) -> str:
    """Residuals by tenths of the TEST rows: their middle, and between which bounds four in five lie.

    Returns:
        SVG, empty where there are fewer than two parts, or they differ in nothing.
    """
    low, high = (pick((part[end] for part in parts), default=0.0) for pick, end in ((min, "low"), (max, "high")))
    low, high = min(low, 0.0), max(high, 0.0)
    if len(parts) < 2 or not high > low or not math.isfinite(high - low):
        return ""
    floor, step = _TOP + _SIDE, 2 * _SIDE / len(parts)

    def at(value: float) -> float:
        return floor - (value - low) / (high - low) * _SIDE

    drawn = [
        f'<line class="axis" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{floor}"/>',
        f'<line class="axis" x1="{_LEFT}" y1="{at(0):.1f}" x2="{_LEFT + 2 * _SIDE}" y2="{at(0):.1f}"/>',
    ]
    drawn += [
        f'<text x="{_LEFT - 8}" y="{at(v) + 4:.1f}" text-anchor="end">{wording.number(v, 3)}</text>'
        for v in dict.fromkeys((low, 0.0, high))
    ]
    for k, part in enumerate(parts):
        x = _LEFT + (k + 0.5) * step
        title = (
            f"<title>predicted {wording.number(part['predicted'])}: {wording.number(part['low'])} to "
            f"{wording.number(part['high'])}, middle {wording.number(part['middle'])}</title>"
        )
        drawn.append(
            f'<rect class="p0" x="{x - step / 4:.1f}" y="{at(part["high"]):.1f}" width="{step / 2:.1f}" '
            f'height="{max(at(part["low"]) - at(part["high"]), 0.8):.1f}" rx="2">{title}</rect>'
        )
        drawn.append(f'<circle class="dot" cx="{x:.1f}" cy="{at(part["middle"]):.1f}" r="4">{title}</circle>')
        drawn.append(
            f'<text x="{x:.1f}" y="{floor + 20}" text-anchor="middle">{wording.number(part["predicted"], 3)}</text>'
        )
    note = f'<text x="{_LEFT + _SIDE}" y="{floor + 36}" text-anchor="middle">mean prediction of each tenth</text>'
    label = "residuals by tenths of predictions"
    return f'<svg viewBox="0 0 {WIDTH} {floor + 40}" role="img" aria-label="{label}">{"".join(drawn)}{note}</svg>'


def bars(values: Mapping[tuple[str, str], float], label: str, marks: Sequence[float] = ()) -> str:
    """A bar for each of some finite values, from 0 to the right or to the left.

    Args:
        values: By party and what it is.
        label: What the drawing shows.
        marks: Values at which a line is drawn, as far as bars come near.

    Returns:
        SVG, empty without a value.
    """
    shown = {names: value for names, value in values.items() if math.isfinite(value)}
    if not shown:
        return ""
    parties = list(dict.fromkeys(party for party, _ in shown))
    reach = max(map(abs, shown.values()))
    drawn_marks = [mark for mark in marks if mark <= 2 * reach]
    low, high = min(0.0, *shown.values()), max(0.0, *shown.values(), *drawn_marks)
    unit = (WIDTH - _NAMES - RIGHT - 80) / ((high - low) or 1.0)
    zero, floor = _NAMES - low * unit, _ROW * len(shown) + 4
    drawn = [f'<line class="axis" x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{floor}"/>']
    for mark in drawn_marks:
        x = zero + mark * unit
        drawn.append(f'<line class="axis" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{floor}"/>')
        drawn.append(f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{wording.number(mark)}</text>')
    for row, ((party, name), value) in enumerate(shown.items()):
        y, width = row * _ROW + 2, abs(value) * unit
        x = zero if value >= 0 else zero - width
        title = f"<title>{escape(party)}: {escape(name)}, {wording.number(value)}</title>"
        colour = parties.index(party) % 8
        drawn.append(
            f'<text x="{_NAMES - 8 + min(0, x - _NAMES):.1f}" y="{y + 13}" text-anchor="end">{escape(name[:26])}</text>'
        )
        drawn.append(
            f'<rect class="p{colour}" x="{x:.1f}" y="{y}" width="{max(width, 0.8):.1f}" height="{_ROW - 6}" rx="2">{title}</rect>'
        )
        drawn.append(
            f'<text x="{zero + max(value, 0.0) * unit + 6:.1f}" y="{y + 13}">{wording.number(value, 3)}</text>'
        )
    height = floor + (20 if drawn_marks else 4)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>'
