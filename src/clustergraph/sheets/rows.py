"""Rows of a sheet into the texts of files, and what is wrong with those that make none, by row and column."""

import csv
import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from clustergraph.drafts import COLUMNS, SEPARATOR, Column, Unsuitable, entity_text, slug_for, suitable_slug, word
from clustergraph.findings import VIOLATION, Finding
from clustergraph.reading.parsed import Place
from clustergraph.sheets.cells import Rows
from clustergraph.sheets.sentences import COLUMN, EMPTY, EXAMPLE, TWICE, VALUE, said

_SLUG = "slug"
_NOT_BOTH = ("undated",)  # of a document that has dates


class Made(NamedTuple):
    """The file of one row.

    Shape: `places` are the numbers of columns by the words of Turtle made of their cells, and by what they are about.
    """

    slug: str
    text: str
    row: int
    places: Mapping[str, int]


def template(kind: str) -> str:
    """The header of a sheet of a kind and one example row, as CSV."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_SLUG, *(column.name for column in COLUMNS[kind])])
    shown = ("" if column.name in _NOT_BOTH else column.example for column in COLUMNS[kind])
    writer.writerow([_example(kind), *shown])
    return file.getvalue()


def _example(kind: str) -> str:
    """The slug in the row that shows how to fill in a sheet; nothing of ours is called so."""
    return f"example-{kind}"


def made(rows: Rows, kind: str, path: str) -> tuple[list[Made], list[Finding]]:
    """The files that the rows of a sheet make, and findings about the header and the rows that make none.

    Units: the place of a finding is its row and its column in the sheet, from 1.
    """
    names = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in rows[0]]
    findings = list(_of_header(names, kind, path))
    files: list[Made] = []
    if findings:
        return files, findings
    seen: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if any(row):
            filled = [*row, *[""] * len(names)]  # programs leave out empty cells at the end
            cells = {name: (at, cell) for at, (name, cell) in enumerate(zip(names, filled, strict=False), start=1)}
            outcome = _made_of(cells, kind, number, path)
            if isinstance(outcome, Made) and outcome.slug in seen:
                outcome = [
                    _finding(path, number, names.index(_SLUG) + 1, TWICE, number, seen[outcome.slug], outcome.slug)
                ]
            if isinstance(outcome, Made):
                seen[outcome.slug] = number
                files.append(outcome)
            else:
                findings += outcome
    return files, findings


def _of_header(names: list[str], kind: str, path: str) -> Iterator[Finding]:
    known = [_SLUG, *(column.name for column in COLUMNS[kind])]
    listed = ", ".join(known)
    for at, name in enumerate(names, start=1):
        shown = json.dumps(name[:40], ensure_ascii=False)[1:-1]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            english = f"'{shown}' is not known" + (f", did you mean '{near[0]}'?" if near else "")
            italian = f"«{shown}» non è nota" + (f", forse '{near[0]}'?" if near else "")
            message = said(COLUMN, (at, english, listed), (at, italian, listed))
            yield Finding(path, COLUMN, VIOLATION, message, Place(1, at, 1, at + 1))
        elif names.index(name) + 1 < at:
            message = said(COLUMN, (at, f"'{shown}' is there twice", listed), (at, f"«{shown}» c'è due volte", listed))
            yield Finding(path, COLUMN, VIOLATION, message, Place(1, at, 1, at + 1))
    needed = [_SLUG, *(column.name for column in COLUMNS[kind] if column.is_needed)]
    for name in (one for one in needed if one not in names):
        at = len(names) + 1
        message = said(COLUMN, (at, f"'{name}' is missing", listed), (at, f"manca «{name}»", listed))
        yield Finding(path, COLUMN, VIOLATION, message, Place(1, at, 1, at + 1))


def _finding(path: str, row: int, at: int, code: str, *values: object) -> Finding:
    return Finding(path, code, VIOLATION, said(code, values), Place(row, at, row, at + 1))


def _made_of(cells: Mapping[str, tuple[int, str]], kind: str, row: int, path: str) -> Made | list[Finding]:
    findings: list[Finding] = []
    words: list[tuple[Column, str]] = []
    places = {one.term: cells[one.name][0] for one in reversed(COLUMNS[kind]) if one.name in cells}
    slug = _slug(cells, kind, row, path, findings)
    for column in COLUMNS[kind]:
        at, cell = cells.get(column.name, (len(cells) + 1, ""))
        if not cell and column.name == "type":
            cell = column.form.split()[1]
        if not cell and column.is_asked_of(words[0][1] if words else ""):
            findings.append(_finding(path, row, at, EMPTY, row, column.name, column.example))
        for value in cell.split(SEPARATOR) if column.has_many else [cell]:
            if not value.strip():
                continue
            try:
                one = word(column, value.strip())
            except Unsuitable as exc:
                findings.append(_unsuitable(path, row, at, column.name, exc))
            else:
                words.append((column, one))
                places.setdefault(one, at)
    return findings or Made(slug, entity_text(kind, slug, words), row, places)


def _slug(cells: Mapping[str, tuple[int, str]], kind: str, row: int, path: str, findings: list[Finding]) -> str:
    at, slug = cells.get(_SLUG, (1, ""))
    if not slug:
        near = slug_for(cells.get("label_en", (0, ""))[1]) or _example(kind)
        findings.append(_finding(path, row, at, EMPTY, row, _SLUG, near))
        return slug
    if slug == _example(kind):
        findings.append(_finding(path, row, at, EXAMPLE, row, slug))
        return slug
    try:
        return suitable_slug(slug)
    except Unsuitable as exc:
        findings.append(_unsuitable(path, row, at, _SLUG, exc))
        return slug


def _unsuitable(path: str, row: int, at: int, name: str, exc: Unsuitable) -> Finding:
    message = said(VALUE, (row, name, exc.message["en"]), (row, name, exc.message["it"]))
    return Finding(path, VALUE, VIOLATION, message, Place(row, at, row, at + 1))
