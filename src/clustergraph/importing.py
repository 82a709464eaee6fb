"""The rows of a sheet as files of a repository, checked in its midst before one of them is written."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from clustergraph.checking import OF_FINISHED_FILES, check
from clustergraph.findings import VIOLATION, Finding, in_order
from clustergraph.oxterms import engine_triples
from clustergraph.reading import read
from clustergraph.reading.parsed import Place
from clustergraph.repository import CURATED, Document, Repository
from clustergraph.sheets.cells import Rows
from clustergraph.sheets.rows import Made, made
from clustergraph.sheets.sentences import STANDS, VALUE, said
from clustergraph.terms import compact


class Imported(NamedTuple):
    """What a sheet comes to.

    Shape: `files` are texts by their paths below the repository; `findings` stand at rows and columns of the sheet;
           `is_whole` is false where shapes were not looked at, as the repository itself cannot be read.
    """

    files: dict[PurePosixPath, str]
    findings: list[Finding]
    is_whole: bool


def imported(repository: Repository, rows: Rows, kind: str, sheet: str) -> Imported:
    """The files that the rows of a sheet make, and everything that is wrong with them.

    Shape: `sheet` is the name of the sheet, for the findings.
    """
    files, findings = made(rows, kind, sheet)
    there = {one.path for one in repository.documents}
    by_path = {PurePosixPath("data", kind, f"{one.slug}.ttl"): one for one in files}
    for path in by_path.keys() & there:
        row = by_path[path].row
        findings.append(Finding(sheet, STANDS, VIOLATION, said(STANDS, (row, path)), Place(row, 1, row, 2)))
    new = {path: one for path, one in by_path.items() if path not in there}
    documents = [_document(path, kind, one) for path, one in new.items()]
    whole = sorted((*repository.documents, *documents), key=lambda one: one.path)
    checked = check(replace(repository, documents=tuple(whole)))
    # Nothing can speak yet of what is only about to be described.
    fit = [one for one in checked.findings if one.code not in OF_FINISHED_FILES]
    findings += _in_sheet(fit, new, sheet)
    texts = {path: one.text for path, one in new.items()}
    return Imported(texts, in_order(findings), checked.assembly is not None or not repository.findings)


def _document(path: PurePosixPath, kind: str, one: Made) -> Document:
    parsed = read(one.text)
    triples, _ = engine_triples(parsed)
    return Document(path, f"source/{one.slug}" if kind == "source" else CURATED, parsed, tuple(triples))


def _in_sheet(findings: Sequence[Finding], files: dict[PurePosixPath, Made], sheet: str) -> Iterator[Finding]:
    """What is said of the files, said of the cells that they were made of."""
    for one in findings:
        file = files.get(PurePosixPath(one.path))
        if file is not None:
            at = _column(file, one)
            places = Place(file.row, at, file.row, at + 1)
            where = {"en": f"row {file.row}: ", "it": f"riga {file.row}: "}
            message = {language: where[language] + text for language, text in one.message.items()}
            yield Finding(sheet, one.code or VALUE, one.severity, message, places, one.advice)


def _column(file: Made, one: Finding) -> int:
    """The column of what a shape asks for, else that whose cell stands in a line of a file.

    Shape: the first, which is that of the name, for what is said of the thing as a whole.
    """
    path = one.origin.path if one.origin else None
    if path is not None and (term := compact(path.strip("<>"))) in file.places:
        return file.places[term]
    if one.at is None:
        return 1
    line = file.text.split("\n")[one.at.line - 1]
    if line[one.at.column - 1 : one.at.end_column - 1].endswith(f":{file.slug}") and one.at.column == 1:
        return 1
    return max(
        ((len(word), column) for word, column in file.places.items() if word in line and word != "a"), default=(0, 1)
    )[1]
