"""Results as a bar chart in SVG, written by hand so that it needs no library and stays the same text each time."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from bench.mix import UNIQUE
from bench.report import charted, described, found_cell, peers_of, questions_of, rounded

_COLOURS: Final = ("#0b6e4f", "#c8553d", "#5b6c9d", "#d9a441", "#8a8a8a")
_BAR, _GAP, _LEFT, _WIDTH, _RIGHT, _TOP = 9, 16, 230, 560, 90, 104
_LEAST: Final = 0.1  # answers per second at which the scale begins: one in ten seconds
_QUIET: Final = "#5c5c5c"


def chart(results: Mapping[str, Any]) -> str:
    """Bars for each question at the largest size that every server was asked at, on a logarithmic scale."""
    dataset = charted(results)
    peers, questions = peers_of(dataset), questions_of(dataset)
    fastest = max(float(one["per_second"]) for one in dataset["cells"] if one["mode"] == UNIQUE)
    decades = math.ceil(math.log10(fastest / _LEAST))
    scale = _WIDTH / decades
    bottom = _TOP + len(questions) * (len(peers) * _BAR + _GAP)
    title = f"Unique questions answered per second: {described(dataset)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {bottom + 48}" role="img" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}, logarithmic scale</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="16" y="42" fill="{_QUIET}">Longer is faster. Logarithmic scale: each line stands for ten times as '
        "many answers as the one before it.</text>",
    ]
    for number, peer in enumerate(peers):
        x = _LEFT + number * 120
        parts.append(f'<rect x="{x}" y="56" width="10" height="10" fill="{_COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 14}" y="65">{escape(peer)}</text>')
    parts += _axis(decades, scale, bottom)
    y = _TOP + _GAP // 2
    for query in questions:
        middle = y + len(peers) * _BAR / 2 + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{middle:g}" text-anchor="end">{escape(query)}</text>')
        for number, peer in enumerate(peers):
            cell = found_cell(dataset, query, UNIQUE, peer)
            parts += _bar(cell, y + number * _BAR, scale, _COLOURS[number])
        y += len(peers) * _BAR + _GAP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(decades: int, scale: float, bottom: int) -> Iterator[str]:
    """A line and its value, above and below, for each power of ten, and the unit."""
    for step in range(decades + 1):
        x, value = _LEFT + step * scale, _LEAST * 10**step
        label = f"{value:,.0f}" if value >= 1 else f"{value:g}"
        colour = "#8f8f8f" if step == 0 else "#dedede"
        yield f'<line x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{bottom + 4}" stroke="{colour}"/>'
        for y in (_TOP - 10, bottom + 18):
            yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="{_QUIET}">{label}</text>'
    yield f'<text x="{_LEFT + _WIDTH / 2:g}" y="{bottom + 38}" text-anchor="middle">answers per second</text>'


def _bar(cell: Mapping[str, Any] | None, y: int, scale: float, colour: str) -> list[str]:
    height = _BAR - 1
    if cell is None:
        return [f'<text x="{_LEFT + 4}" y="{y + height}" font-size="8">none</text>']
    length = max(1.0, math.log10(max(cell["per_second"], _LEAST) / _LEAST) * scale)
    return [
        f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{height}" fill="{colour}"/>',
        f'<text x="{_LEFT + length + 4:.1f}" y="{y + height - 1}" font-size="8">{rounded(cell["per_second"])}</text>',
    ]
