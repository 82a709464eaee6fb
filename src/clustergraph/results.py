"""Answers read back into terms, for pages that show them. Knows the syntax of TSV and N-Triples, nothing of HTTP."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from clustergraph.formats import TSV
from clustergraph.runner import Answer, QueryRequest, Runner
from clustergraph.terms import XSD

SIZE_LIMIT_BYTES: Final = 2_000_000  # of an answer read for a page; what lies beyond is left unread
CELL_LIMIT: Final = 20_000  # of an answer read for a page; each takes time to make and to show
COLUMN_LIMIT: Final = 100
_OWN_SIZE_LIMIT_BYTES: Final = 8_000_000  # of the answer to a query of our own


class Term(NamedTuple):
    """One RDF term.

    Shape: `value` is the IRI, the lexical form, the name of a blank node, or a triple as written; `datatype` is an IRI,
           empty for plain strings and for text with a language.
    """

    kind: Literal["iri", "literal", "blank", "triple"]
    value: str
    language: str = ""
    datatype: str = ""


Row: TypeAlias = tuple[Term | None, ...]


class Table(NamedTuple):
    """The beginning of a tabular answer.

    Shape: an unbound cell is None; `complete` says whether these rows and columns are all there are.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    complete: bool
    columns_left_out: int = 0


_STRING = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?'
_TOKEN = re.compile(rf"<(?!<)([^>]*)>|{_STRING}|(_:\S+)|(<<\(.*\)>>)")
_BARE: Final = (
    (re.compile(r"[+-]?[0-9]+"), "integer"),
    (re.compile(r"[+-]?[0-9]*\.[0-9]+"), "decimal"),
    (re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+"), "double"),
    (re.compile(r"true|false"), "boolean"),
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_SHORT: Final = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _SHORT.get(match[3], match[3])

    return _ESCAPE.sub(character, text) if "\\" in text else text


def _from_token(match: re.Match[str]) -> Term:
    iri, text, language, datatype, blank, triple = match.groups()
    if text is not None:
        return Term("literal", _unescaped(text), language or "", datatype or "")
    if iri is not None:
        return Term("iri", _unescaped(iri))
    return Term("blank", blank) if blank else Term("triple", triple)


def _cell(text: str) -> Term | None:
    if not text:
        return None
    token = _TOKEN.fullmatch(text)
    if token:
        return _from_token(token)
    for pattern, name in _BARE:
        if pattern.fullmatch(text):
            return Term("literal", text, datatype=f"{XSD}{name}")
    return Term("literal", text)


def _rows_shown(header: bytes) -> int:
    return CELL_LIMIT // min(header.count(b"\t") + 1, COLUMN_LIMIT)


async def _lines(
    answer: Answer, *, line_limit: int, size_limit: int, cells_count: bool = False
) -> tuple[list[str], bool]:
    """The first lines of a body, and whether these are all. A frame may end anywhere, also inside a character."""
    lines: list[bytes] = []
    pieces: list[bytes] = []
    size = 0
    async for frame in answer.frames:
        size += len(frame)
        pieces.append(frame)
        if b"\n" in frame:
            *whole, last = b"".join(pieces).split(b"\n")
            if cells_count and not lines:
                line_limit = min(line_limit, 1 + _rows_shown(whole[0]))
            lines += whole
            pieces = [last]
        if len(lines) > line_limit or size > size_limit:
            await answer.close()
            return [line.decode() for line in lines[:line_limit]], False
    lines += [rest] if (rest := b"".join(pieces)) else []
    return [line.decode() for line in lines[:line_limit]], len(lines) <= line_limit


async def read_table(answer: Answer, *, row_limit: int) -> Table:
    """The first rows and columns of a SELECT answered in TSV, as many as a page bears; the rest is given up.

    Source: SPARQL 1.1 Query Results CSV and TSV Formats.
    """
    lines, complete = await _lines(answer, line_limit=row_limit + 1, size_limit=SIZE_LIMIT_BYTES, cells_count=True)
    return await asyncio.to_thread(_table, lines, complete, COLUMN_LIMIT)  # strangers choose how much work this is


def _table(lines: Sequence[str], complete: bool, column_limit: int | None) -> Table:
    header, rest = "".join(lines[:1]), lines[1:]
    if not header:
        return Table((), tuple(() for _ in rest), complete)
    names = [name.removeprefix("?") for name in header.split("\t")]
    columns = tuple(names[:column_limit])
    rows = tuple(tuple(map(_cell, line.split("\t")[:column_limit])) for line in rest)
    left_out = len(names) - len(columns)
    return Table(columns, rows, complete and not left_out, left_out)


async def read_triples(answer: Answer, *, row_limit: int) -> Table:
    """The first triples of a CONSTRUCT or DESCRIBE answered in N-Triples; the rest of the answer is given up."""
    lines, complete = await _lines(answer, line_limit=row_limit, size_limit=SIZE_LIMIT_BYTES)
    rows = tuple(tuple(map(_from_token, _TOKEN.finditer(line))) for line in lines)
    return Table(("subject", "predicate", "object"), rows, complete)


async def read_truth(answer: Answer) -> bool:
    """What an ASK answered in TSV says."""
    return (await answer.body()).strip() == b"true"


async def ask(runner: Runner, query: str, bindings: Mapping[str, Term]) -> bool:
    """The answer to one of our own ASK queries."""
    bound = {name: n_triples(term) for name, term in bindings.items()}
    return await read_truth(await runner.answer(QueryRequest(query, result_format=TSV, bindings=bound, own=True)))


async def select(runner: Runner, query: str, bindings: Mapping[str, Term], *, row_limit: int) -> Table:
    """The answer to one of our own SELECT queries, with values bound to variables that it projects."""
    bound = {name: n_triples(term) for name, term in bindings.items()}
    answer = await runner.answer(QueryRequest(query, result_format=TSV, bindings=bound, own=True))
    lines, complete = await _lines(answer, line_limit=row_limit + 1, size_limit=_OWN_SIZE_LIMIT_BYTES)
    return _table(lines, complete, None)


def n_triples(term: Term) -> str:
    """A term in N-Triples syntax, as QueryRequest.bindings takes it.

    >>> n_triples(Term("iri", "https://example.org/a"))
    '<https://example.org/a>'
    """
    if term.kind == "iri":
        return f"<{term.value}>"
    escaped = term.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    tail = f"@{term.language}" if term.language else f"^^<{term.datatype}>" if term.datatype else ""
    return f'"{escaped}"{tail}'
