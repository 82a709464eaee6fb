"""Results as a bar chart in SVG, written by hand so that it needs no library and stays the same text each time."""

import math
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from bench.mix import UNIQUE
from bench.report import found_cell, peers_of, questions_of, rounded

_COLOURS: Final = ("#0b6e4f", "#c8553d", "#5b6c9d", "#d9a441", "#8a8a8a")


def chart(results: Mapping[str, Any]) -> str:
    """Bars for each question at the largest size that every server was asked at, on a logarithmic scale."""
    dataset = max(results["datasets"], key=lambda one: (len(peers_of(one)), one["quads"]))
    peers, questions = peers_of(dataset), questions_of(dataset)
    bar, gap, left, width = 9, 16, 230, 560
    height = 60 + len(questions) * (len(peers) * bar + gap)
    fastest = max(float(one["per_second"]) for one in dataset["cells"] if one["mode"] == UNIQUE)
    scale = width / (math.log10(fastest) + 1)  # the scale begins at one answer in ten seconds
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" role="img" '
        'font-family="sans-serif" font-size="11">',
        f"<title>Unique questions answered per second, {dataset['quads']:,} quads, logarithmic scale</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, peer in enumerate(peers):
        x = left + number * 120
        parts.append(f'<rect x="{x}" y="14" width="10" height="10" fill="{_COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 14}" y="23">{escape(peer)}</text>')
    y = 44
    for query in questions:
        middle = y + len(peers) * bar / 2 + 4
        parts.append(f'<text x="{left - 8}" y="{middle:g}" text-anchor="end">{escape(query)}</text>')
        for number, peer in enumerate(peers):
            cell = found_cell(dataset, query, UNIQUE, peer)
            parts += _bar(cell, left, y + number * bar, bar - 1, scale, _COLOURS[number])
        y += len(peers) * bar + gap
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(cell: Mapping[str, Any] | None, x: int, y: int, height: int, scale: float, colour: str) -> list[str]:
    if cell is None:
        return [f'<text x="{x + 4}" y="{y + height}" font-size="8">none</text>']
    length = max(1.0, (math.log10(max(cell["per_second"], 0.1)) + 1) * scale)
    return [
        f'<rect x="{x}" y="{y}" width="{length:.1f}" height="{height}" fill="{colour}"/>',
        f'<text x="{x + length + 4:.1f}" y="{y + height}" font-size="8">{rounded(cell["per_second"])}</text>',
    ]
