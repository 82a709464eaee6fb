"""Findings as a person reads them in a terminal: the words in question, what is wrong with them, what to do."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

from clustergraph.findings import INFO, VIOLATION, WARNING, Coverage, Finding, printable
from clustergraph.outputs.frames import frame
from clustergraph.outputs.outcome import SEVERITY_WORDS, Outcome, number, summary
from clustergraph.outputs.sources import Sources

_Paint: TypeAlias = Callable[..., str]

_MANY: Final = 4  # findings that differ only in their place: from here on they are one, with a count
_LISTED: Final = 5  # of the other places
_LONGEST: Final = 60  # characters of the words of a related place
_TOP: Final = 5  # shapes in the footer
_STYLES: Final = {VIOLATION: "1;31", WARNING: "1;33", INFO: "1;36"}
_GUTTER, _STRONG = "34", "1"
_WORDS: Final = {
    "en": {
        "others": "and so at {0} other places: {1}",
        "more": "{0} and {1} more",
        "looked": "Looked at {0} with {1}, through {2}.",
        "held": "What shapes say of {0} is told once the findings above about the same files are mended.",
        "seen": "Things that each shape saw:",
        "rest": "{0} other shapes",
        "empty": "Shapes that saw nothing: {0}",
        "idle": "Shapes without a target, which ask nothing: {0}",
    },
    "it": {
        "others": "e così in altri {0} punti: {1}",
        "more": "{0} e altri {1}",
        "looked": "Esaminati {0} con {1}, attraverso {2}.",
        "held": "Ciò che le forme dicono di {0} si vedrà una volta corretti i rilievi mostrati sugli stessi file.",
        "seen": "Cose viste da ciascuna forma:",
        "rest": "altre {0} forme",
        "empty": "Forme che non hanno visto nulla: {0}",
        "idle": "Forme senza bersaglio, che non chiedono nulla: {0}",
    },
}
_THINGS: Final = {
    "en": (("file", "files"), ("triple", "triples"), ("shape", "shapes")),
    "it": (("file", "file"), ("tripla", "triple"), ("forma", "forme")),
}


def full(outcome: Outcome) -> str:
    """Each finding with its line, then how many there are and what was looked at."""
    paint = _coloured if outcome.coloured else _plain
    lines: list[str] = []
    for group in _groups(outcome.findings, outcome.language):
        lines += [*_shown(group, outcome, paint), ""]
    lines.append(paint(summary(outcome.findings, outcome.language), _STRONG))
    if outcome.coverage is not None:
        lines += _looked_at(outcome.coverage, outcome.language)
    return "\n".join(lines)


def _plain(text: str, style: str) -> str:
    return text


def _coloured(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


def _groups(findings: Sequence[Finding], language: str) -> Iterator[list[Finding]]:
    """Findings that differ only in their place, together where there are many."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        key = (one.code, one.severity, one.message[language], one.advice.get(language, ""))
        groups.setdefault(key, []).append(one)
    for one in findings:
        key = (one.code, one.severity, one.message[language], one.advice.get(language, ""))
        if len(groups[key]) < _MANY:
            yield [one]
        elif groups[key][0] is one:
            yield groups[key]


def _shown(group: Sequence[Finding], outcome: Outcome, paint: _Paint) -> Iterator[str]:
    one, language = group[0], outcome.language
    line = None if one.at is None else outcome.sources.line(one.path, one.at.line)
    gutter = "" if one.at is None or line is None else str(one.at.line)
    blank = " " * len(gutter)
    edge = partial(paint, style=_GUTTER)
    style = _STYLES[one.severity]
    head = paint(f"{SEVERITY_WORDS[language][one.severity]} {one.code}", style)
    yield f"{head}: {paint(printable(one.message[language]), _STRONG)}"
    yield f"{blank}{edge('-->')} {printable(one.place)}"
    if one.at is not None and line is not None:
        shown = frame(line, one.at)
        yield edge(f"{blank} |")
        yield f"{edge(f'{gutter} |')} {shown.text}".rstrip()
        yield f"{edge(f'{blank} |')} {paint(shown.marks, style)}"
    for text in _below(group, outcome.sources, language):
        yield f"{edge(f'{blank} =')} {text}"


def _below(group: Sequence[Finding], sources: Sources, language: str) -> Iterator[str]:
    """Advice, related places, and the other places of a group."""
    one = group[0]
    if language in one.advice:
        yield printable(one.advice[language])
    for other in one.related:
        written = sources.written(other.path, other.at).partition("\n")[0]
        said = f"{printable(other.message[language])}: {printable(other.path)}:{other.at.line}:{other.at.column}"
        yield f"{said}  {printable(written[:_LONGEST])}".rstrip()
    if len(group) > 1:
        places = [printable(other.place) for other in group[1:]]
        words = _WORDS[language]
        yield words["others"].format(number(len(places), language), _listed(places, language))


def _listed(names: Sequence[str], language: str) -> str:
    text = ", ".join(names[:_LISTED])
    rest = len(names) - _LISTED
    return _WORDS[language]["more"].format(text, number(rest, language)) if rest > 0 else text


def _looked_at(coverage: Coverage, language: str) -> Iterator[str]:
    words = _WORDS[language]
    amounts = (coverage.files, coverage.triples, len(coverage.shapes))
    counted = zip(amounts, _THINGS[language], strict=True)
    yield words["looked"].format(*(f"{number(count, language)} {names[count != 1]}" for count, names in counted))
    if coverage.held:
        files = _THINGS[language][0][coverage.held != 1]
        yield words["held"].format(f"{number(coverage.held, language)} {files}")
    seen = sorted((-count, shape) for shape, count in coverage.shapes.items() if count)
    rows = [(-count, printable(shape)) for count, shape in seen[:_TOP]]
    if rest := seen[_TOP:]:
        rows.append((-sum(count for count, _ in rest), words["rest"].format(number(len(rest), language))))
    yield from [words["seen"]] if rows else []
    yield from (f"{number(count, language):>9}  {name}" for count, name in rows)
    if empty := sorted(shape for shape, count in coverage.shapes.items() if not count):
        yield words["empty"].format(_listed([*map(printable, empty)], language))
    if coverage.idle:
        yield words["idle"].format(_listed([*map(printable, coverage.idle)], language))
