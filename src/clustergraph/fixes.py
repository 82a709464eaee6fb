"""How findings are mended: for each code that can be, edits of the text that it is about.

Safe is a fix that changes nothing that was said: a declaration that everybody writes so, a sign without which the file
cannot be read, the form in which a literal is published. A guess at what was meant is not safe.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final, TypeAlias

from clustergraph.edits import Edit, Fix, applied
from clustergraph.findings import Finding
from clustergraph.reading import read
from clustergraph.reading.faults import NAMESPACES
from clustergraph.reading.parsed import (
    LANG_STRING,
    MISSING,
    OBJECT,
    PREDICATE,
    SUBJECT,
    UNDECLARED,
    XSD,
    Fault,
    Literal,
    Parsed,
    Term,
)
from clustergraph.reading.tokens import GAP, IRI, PREFIX
from clustergraph.repository import Repository
from clustergraph.rules import Known
from clustergraph.rules.values import as_kept, other_datatype
from clustergraph.shacl.values import is_well_formed
from clustergraph.wording import near, other_word, reworded

_DIRECTIVE: Final = re.compile(
    rf"{GAP}(?:@prefix{GAP}(?P<prefix>{PREFIX}){GAP}{IRI}{GAP}\.|(?i:prefix){GAP}(?P<bare>{PREFIX}){GAP}{IRI}"
    rf"|@base{GAP}{IRI}{GAP}\.|(?i:base){GAP}{IRI})"
)
_NUMBERS: Final = tuple(f"{XSD}{name}" for name in ("decimal", "double", "float"))
_QUIET: Final = Context(traps=[])  # what is too far from zero for it is no number
_INSECURE: Final = "http://"
_GAP: Final = re.compile(GAP)
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass
class Text:
    """A text that findings are about, and what the repository knows."""

    parsed: Parsed
    known: Known

    def at(self, finding: Finding) -> tuple[int, int]:
        """The offsets of the words that a finding is about, which has a place."""
        line, column, end_line, end_column = finding.at or (1, 1, 1, 1)
        return self.parsed.offset(line, column), self.parsed.offset(end_line, end_column)

    def term_at(self, finding: Finding) -> Iterator[tuple[tuple[int, int], Term]]:
        """The term that stands where a finding is, and its offsets; none if it is about something else."""
        start, end = self.at(finding)
        for number, part in filter(None, (self._starts.get(start), self._ends.get(end))):
            if (span := self.parsed.span(number, part))[1] == end:
                yield span, self.parsed.triples[number][part]
                return

    def is_of_other_datatype(self, finding: Finding) -> bool:
        """Whether another datatype is asked for where a literal stands: what it is kept as is not what is meant."""
        number, _ = self._starts.get(self.at(finding)[0]) or (0, 0)
        _, predicate, value = self.parsed.triples[number]
        return isinstance(value, Literal) and bool(other_datatype(predicate, value, self.known))

    @cached_property
    def _starts(self) -> dict[int, tuple[int, int]]:
        """By offset the triple of which a part begins there, and which."""
        places, numbers = self.parsed.places, range(len(self.parsed.triples))
        return {
            places[4 * number + part]: (number, part) for part in (SUBJECT, PREDICATE, OBJECT) for number in numbers
        }

    @cached_property
    def _ends(self) -> dict[int, tuple[int, int]]:
        """By offset the triple of which the value ends there: a finding may be about its language tag alone."""
        return {
            self.parsed.places[4 * number + OBJECT + 1]: (number, OBJECT) for number in range(len(self.parsed.triples))
        }

    def faults(self, finding: Finding) -> Iterator[Fault]:
        """The fault that became a finding."""
        wanted = (finding.code, *self.at(finding))
        return (one for one in self.parsed.faults if (one.code, one.start, one.end) == wanted)

    @cached_property
    def declarations(self) -> dict[str, Edit]:
        """By prefix the edit that declares it, with all others that go to the same place."""
        missing = {one.values[0] for one in self.parsed.faults if one.code == UNDECLARED}
        newline = _newline(self.parsed.text)
        places: dict[tuple[int, str, str], list[str]] = {}
        for prefix in sorted(missing & NAMESPACES.keys() - self.parsed.prefixes.keys()):
            places.setdefault(_place_for(prefix, self.parsed.text), []).append(prefix)
        return {
            prefix: Edit(at, at, before + newline.join(_declaration(one) for one in prefixes) + after)
            for (at, before, after), prefixes in places.items()
            for prefix in prefixes
        }

    @cached_property
    def reads_with_signs(self) -> bool:
        """Whether the text can be read once all missing signs and declarations are there."""
        signs = [_sign(self.parsed.text, one) for one in self.parsed.faults if one.code == MISSING]
        edits = {*signs, *self.declarations.values()}
        is_clear = len({one.start for one in edits}) == len(edits)
        return is_clear and not read(applied(self.parsed.text, edits)).faults


Fixer: TypeAlias = Callable[[Text, Finding], Iterator[Fix]]


def with_fixes(findings: Iterable[Finding], repository: Repository) -> list[Finding]:
    """The findings, and with those that can be mended the ways to do so."""
    texts = _Texts(repository)
    return [_with_fixes(one, texts) if one.code in FIXERS and one.at else one for one in findings]


def _with_fixes(finding: Finding, texts: "_Texts") -> Finding:
    text = texts[finding.path]
    return finding if text is None else replace(finding, fixes=(*finding.fixes, *FIXERS[finding.code](text, finding)))


class _Texts(dict[str, Text | None]):
    """The Turtle text of each file, read again only where it could not be read as a whole."""

    def __init__(self, repository: Repository) -> None:
        super().__init__()
        self._repository = repository
        self._known = Known(repository)
        self._parsed = {str(one.path): one.parsed for one in repository.documents}

    def __missing__(self, path: str) -> Text | None:
        parsed = self._parsed.get(path)
        text = self._repository.text(PurePosixPath(path)) if parsed is None and path.endswith(".ttl") else None
        parsed = parsed if text is None else read(text)
        made = self[path] = Text(parsed, self._known) if parsed and path.endswith(".ttl") else None
        return made


def _declare(text: Text, finding: Finding) -> Iterator[Fix]:
    """The declaration of a prefix that everybody uses for the same, in its place among the others."""
    for fault in text.faults(finding):
        prefix = fault.values[0]
        if edit := text.declarations.get(prefix):
            line = _declaration(prefix)
            yield Fix({"en": f"declare it: '{line}'", "it": f"dichiararlo: '{line}'"}, (edit,), is_safe=True)


def _declaration(prefix: str) -> str:
    return f"@prefix {prefix}: <{NAMESPACES[prefix]}> ."


def _place_for(prefix: str, text: str) -> tuple[int, str, str]:
    """Where the declaration of a prefix goes, and what stands before and after it there."""
    newline = _newline(text)
    directives = [*_directives(text)]
    smaller = [match.end() for match in directives if prefix > (match["prefix"] or match["bare"] or "~:")[:-1]]
    if not smaller:
        gap = _GAP.match(text)
        return gap.end() if gap else 0, "", newline if directives else newline * 2
    rest = _REST_OF_LINE.match(text, smaller[-1])
    return rest.end() if rest else smaller[-1], newline, ""


def _directives(text: str) -> Iterator[re.Match[str]]:
    """The declarations at the beginning of a text."""
    match = _DIRECTIVE.match(text)
    while match:
        yield match
        match = _DIRECTIVE.match(text, match.end())


def _newline(text: str) -> str:
    match = _LINE_END.search(text)
    return match[0] if match else "\n"


def _complete(text: Text, finding: Finding) -> Iterator[Fix]:
    """The sign that is missing, if the text can be read once it and all that is missing elsewhere is there."""
    for fault in text.faults(finding) if text.reads_with_signs else ():
        sign = fault.values[0].strip("'")
        title = {"en": f"write '{sign}'", "it": f"scrivere '{sign}'"}
        yield Fix(title, (_sign(text.parsed.text, fault),), is_safe=True)


def _sign(text: str, fault: Fault) -> Edit:
    """The sign at the end of what stands before; in the place of the ';' there, if it is one."""
    sign, at = fault.values[0].strip("'"), fault.start if fault.also is None else fault.also
    return Edit(at, at + 1, sign) if text[at : at + 1] == ";" else Edit(at, at, f" {sign}")


def _publishable(text: Text, finding: Finding) -> Iterator[Fix]:
    """The literal in the form that the store keeps."""
    for span, term in text.term_at(finding):
        if isinstance(term, Literal) and not text.is_of_other_datatype(finding):
            kept = as_kept(term)
            form = Literal(kept.value, kept.datatype.value if not kept.language else LANG_STRING, kept.language or "")
            if edit := reworded(text.parsed, span, term, form):
                title = {"en": f"write it as published: {edit.text}", "it": f"scriverlo come si pubblica: {edit.text}"}
                yield Fix(title, (edit,), is_safe=_says_as_much(term, form))


def _says_as_much(old: Literal, new: Literal) -> bool:
    """Whether the same is still said: too great a number is published as infinite, and what is none as one."""
    if not is_well_formed(old.lexical, old.datatype):
        return False
    if old.lexical == new.lexical or old.datatype not in _NUMBERS:
        return True
    return Decimal(old.lexical, _QUIET) == Decimal(new.lexical, _QUIET)


def _spelt(text: Text, finding: Finding, candidates: Iterable[str]) -> Iterator[Fix]:
    """The one known IRI that is almost the one that stands there."""
    for span, term in text.term_at(finding):
        guess = near(term, candidates) if isinstance(term, str) else None
        if fix := guess and other_word(text.parsed, span, term, guess):
            yield fix


def _secure(text: Text, finding: Finding) -> Iterator[Fix]:
    """The address with https, which most sites answer to; not if it stands there as well."""
    for span, term in text.term_at(finding):
        if isinstance(term, str) and term.startswith(_INSECURE):
            secure = f"https://{term.removeprefix(_INSECURE)}"
            is_there = any(value == secure for _, _, value in text.parsed.triples)
            if not is_there and (fix := other_word(text.parsed, span, term, secure)):
                yield fix


FIXERS: Final[Mapping[str, Fixer]] = {
    UNDECLARED: _declare,
    MISSING: _complete,
    "H002": _publishable,
    "H004": lambda text, finding: _spelt(text, finding, text.known.terms),
    "H006": lambda text, finding: _spelt(text, finding, text.known.things),
    "H013": _secure,
}
"""By code. What shapes find is mended where it is found, as only there it is known what was asked for."""
