"""Findings as tables for the summary of a pull request. What files say is never markup, mention or link."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from clustergraph.findings import Finding, Suppressed, printable
from clustergraph.outputs.outcome import (
    SEVERITY_WORDS,
    Outcome,
    by_weight,
    counts,
    number,
    summary,
    suppressed_by_weight,
    suppressed_summary,
)

_SHOWN: Final = 200  # a summary of GitHub holds 1 MiB
_LONGEST: Final = 400  # characters of one message
_WORDS: Final = {
    "en": {
        "head": ("severity", "code", "place", "what to mend"),
        "left": "{0} more stand in the other formats.",
        "how_many": ("severity", "findings"),
        "suppressed": ("severity", "code", "place", "suppressed", "reason of the comment"),
    },
    "it": {
        "head": ("gravità", "codice", "punto", "che cosa correggere"),
        "left": "Altri {0} stanno negli altri formati.",
        "how_many": ("gravità", "rilievi"),
        "suppressed": ("gravità", "codice", "punto", "che cosa è soppresso", "motivo del commento"),
    },
}
_HARMLESS: Final = re.compile(r"[(«“‘'\"]?(?:[^\W\d_]+(?:[’'][^\W\d_]+)*|\d{1,6})[)»”’'\"]?[.,:;?!…]?|–|—|…")
_OPENING: Final = tuple("(«“‘'\"")
_CLOSING: Final = tuple(")»”’'\".,:;?!…")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,}")
_PAIR: Final = re.compile(r"(?<=\\)(?=\|)")
_BACKTICKS: Final = re.compile(r"`+")


def markdown(outcome: Outcome) -> str:
    """How many findings there are, then each of them, the gravest first; so too what comments suppress."""
    lines = [f"**{summary(outcome.findings, outcome.language)}**"]
    if outcome.findings:
        lines += _found(outcome)
    if outcome.suppressed:
        lines += _suppressed(outcome)
    return "\n".join(lines)


def _found(outcome: Outcome) -> Iterator[str]:
    words = _WORDS[outcome.language]
    severities = SEVERITY_WORDS[outcome.language]
    yield from ["", *_head(words["how_many"])]
    for severity, count in counts(outcome.findings).items():
        yield _row((severities[severity], number(count, outcome.language)))
    yield from ["", *_head(words["head"])]
    yield from (_row(_cells(one, outcome.language)) for one in by_weight(outcome.findings)[:_SHOWN])
    yield from _left(len(outcome.findings), outcome.language)


def _suppressed(outcome: Outcome) -> Iterator[str]:
    yield from ["", *(f"**{sentence}**" for sentence in suppressed_summary(outcome))]
    yield from ["", *_head(_WORDS[outcome.language]["suppressed"])]
    yield from (_row(_quiet_cells(one, outcome.language)) for one in suppressed_by_weight(outcome)[:_SHOWN])
    yield from _left(len(outcome.suppressed), outcome.language)


def _left(count: int, language: str) -> Iterator[str]:
    if count > _SHOWN:
        yield from ["", str(_WORDS[language]["left"]).format(number(count - _SHOWN, language))]


def _head(names: Iterable[str]) -> Iterator[str]:
    names = list(names)
    yield _row(names)
    yield _row("---" for _ in names)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(one: Finding, language: str) -> Iterator[str]:
    yield SEVERITY_WORDS[language][one.severity]
    yield one.code
    yield _code(one.place)
    advice = one.advice.get(language)
    yield "<br>".join(_prose(text) for text in (one.message[language], advice) if text)


def _quiet_cells(one: Suppressed, language: str) -> Iterator[str]:
    yield from _cells(one.finding, language)
    yield _prose(one.reason)


def _prose(text: str) -> str:
    """A sentence in which everything but plain words and small numbers is code.

    Escaping each sign would not do: mentions, links and references are found in the text that remains.
    """
    cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    parts: list[str] = []
    is_open = False
    for word in cut.split():
        if is_open and not (_is_harmless(word) or word.startswith(_OPENING)):
            parts[-1] += f" {word}"  # neighbours share one pair of backticks
        else:
            parts.append(word)
        is_open = not _is_harmless(word) and not word.endswith(_CLOSING)
    return " ".join(_shown(part) for part in parts)


def _is_harmless(word: str) -> bool:
    return bool(_HARMLESS.fullmatch(word)) and not _COMMIT.search(word)


def _shown(part: str) -> str:
    """A part of a sentence; the signs around code stand outside of it, where nobody copies them along."""
    if _is_harmless(part):
        return part
    start = len(part) - len(part.lstrip("".join(_OPENING)))
    end = max(start, len(part.rstrip("".join(_CLOSING))))
    return f"{part[:start]}{_code(part[start:end])}{part[end:]}" if start < end else _code(part)


def _code(text: str) -> str:
    """A code span within a table, where a bar ends the cell even in code, unless a backslash stands before it.

    Where a backslash stands there already, some read the two as a pair and the bar as a bar: the span ends in between.
    """
    return " ".join(_span(part.replace("|", "\\|")) for part in _PAIR.split(printable(text)))


def _span(safe: str) -> str:
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"
