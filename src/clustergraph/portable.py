"""A query as any SPARQL 1.1 service reads it: our prefixes declared, values bound, its dataset taken out of the text.

Other engines read more than SPARQL: pragmas that fetch addresses, functions of their own. So each word must be one of
SPARQL 1.1, each prefix declared, and no IRI of a scheme that calls into an engine. Knows nothing of HTTP.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

from clustergraph.errors import QueryError, QueryMalformed, QueryRefused
from clustergraph.guard import query_form
from clustergraph.scanner import Scanner
from clustergraph.terms import BASE, PREFIXES, sparql_prologue

_KEYWORDS: Final = """
    a abs as asc ask avg base bind bnode bound by ceil coalesce concat construct contains count datatype day desc
    describe distinct encode_for_uri exists false filter floor from graph group group_concat having hours if in iri
    isblank isiri isliteral isnumeric isuri lang langmatches lcase limit max md5 min minus minutes month named not now
    offset optional order prefix rand reduced regex replace round sameterm sample seconds select separator sha1 sha256
    sha384 sha512 str strafter strbefore strdt strends strlang strlen strstarts struuid substr sum timezone true tz
    ucase undef union uri uuid values where year
"""
_WORDS: Final = frozenset(_KEYWORDS.split())
"""Every word of the grammar of SPARQL 1.1 Query, but for SERVICE and SILENT."""

_CALLING: Final = ("bif", "sql", "java", "js", "jfn", "virtrdf")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_CODE_POINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_PREFIX: Final = re.compile(r"([\w.\-]*):")
_AFTER_CLAUSES: Final = ("where", "group", "having", "order", "limit", "offset", "values")

_IRI: Final = re.compile(r'[^\x00-\x20<>"{}|^`\\]*')
_TERM: Final = re.compile(
    r'<(?P<iri>[^\x00-\x20<>"{}|^`\\]+)>'
    r'|"(?P<text>(?:[^"\\\n\r]|\\[tbnrf"\'\\]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*)"'
    r'(?:@(?P<language>[A-Za-z]+(?:-[A-Za-z0-9]+)*)|\^\^<(?P<datatype>[^\x00-\x20<>"{}|^`\\]+)>)?'
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_UNSAFE: Final = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ud800-\udfff]')


class Portable(NamedTuple):
    """A query to send.

    Shape: `lines_before` counts the lines of ours above the query's own first line; the graphs are those of its FROM
           and FROM NAMED clauses, which its text no longer has; `columns` are the variables that a SELECT names,
           None for `*` and for the other forms.
    """

    text: str
    form: str
    lines_before: int
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    columns: frozenset[str] | None


@dataclass
class _Group:
    """One pair of braces of a query; `begins` is the place behind its opening brace."""

    begins: int
    parent: "_Group | None"
    takes_values: bool = True
    is_subquery: bool = False
    head: frozenset[str] = frozenset()


def portable(query: str, bindings: Mapping[str, str]) -> Portable:
    """The query as a service other than ours answers it as ours does.

    Shape:  `bindings` as in QueryRequest; each becomes a row of VALUES in every group that names its variable.
    Raises: QueryMalformed for what is no word of SPARQL 1.1, for a prefix that nobody declares, and for a binding that
            is no term; QueryRefused for an IRI that calls into an engine.
    """
    own = query.removeprefix(sparql_prologue())
    tokens = list(_tokens(own))
    form = query_form(own)
    if form is None:
        message = "this is none of the four forms of a query: begin with SELECT, ASK, CONSTRUCT or DESCRIBE"
        raise QueryMalformed(message)
    _refuse_extensions(own, tokens)
    prefixes, base, marks = _declared(own, tokens)
    default, named, spans = _dataset(own, tokens, prefixes, base)
    marks += [(start, end, " " * (end - start)) for start, end in spans]
    marks += [(place, place, row) for place, row in _rows(tokens, bindings)]
    used = {match[1] for match in _PREFIX.finditer(own)} & PREFIXES.keys() - prefixes.keys()
    lines = [f"PREFIX {name}: <{PREFIXES[name]}> " for name in sorted(used)]
    prologue = f"BASE <{BASE}> {''.join(lines)}\n"
    columns = _columns(tokens) if form == "SELECT" else None
    return Portable(prologue + _marked(own, marks), form, 1, default, named, columns)


class _Seen(NamedTuple):
    """A token with what the scanner knew when it read it."""

    kind: str
    start: int
    text: str
    depth: int
    in_data: bool

    @property
    def word(self) -> str:
        """The text in lower case where it is a keyword, else nothing."""
        return self.text.lower() if self.kind == "word" else ""


def _tokens(query: str) -> Iterator[_Seen]:
    scanner = Scanner(query)
    for token in scanner:
        yield _Seen(*token, in_data=scanner.stack[-1] == "{values")


def _at(kind: type[QueryError], query: str, place: int, what: str, remedy: str = "") -> QueryError:
    line, column = query.count("\n", 0, place) + 1, place - query.rfind("\n", 0, place)
    said = f"{what}: {remedy}" if remedy else what
    return kind(f"line {line}, column {column}: {said}", line=line, column=column, hint=remedy or None)


def _refuse_extensions(query: str, tokens: list[_Seen]) -> None:
    for token in tokens:
        if token.word and token.word not in _WORDS:
            what = f"'{token.text[:40]}' is no word of SPARQL 1.1, which is all that the engine behind this is asked"
            raise _at(QueryMalformed, query, token.start, what)
        if token.text in ("`", "\\"):
            raise _at(QueryMalformed, query, token.start, f"'{token.text}' cannot stand here")
        scheme = _SCHEME.match(_decoded(token.text[1:])) if token.kind == "iri" else None
        if scheme and scheme[1].lower() in _CALLING:
            what = f"IRIs of the scheme '{scheme[1]}:' are not answered: they call into an engine"
            raise _at(QueryRefused, query, token.start, what)


def _decoded(text: str) -> str:
    return _CODE_POINT.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def _declared(query: str, tokens: list[_Seen]) -> tuple[dict[str, str], str, list[tuple[int, int, str]]]:
    """The prefixes that the query declares, its base, and what to write for namespaces that are relative to it."""
    prefixes: dict[str, str] = {}
    marks = []
    base = BASE
    for before, token, following in zip([*tokens[:1], *tokens], tokens, [*tokens[1:], *tokens[:1]], strict=False):
        if token.kind == "iri" and before.word == "base":
            base = _absolute(query, token, base)
        if token.kind == "name" and before.word == "prefix" and following.kind == "iri":
            prefixes[token.text[:-1]] = namespace = _absolute(query, following, base)
            # in full: an engine that puts names together before it resolves them would read other IRIs.
            if not _SCHEME.match(_decoded(following.text[1:-1])):
                marks.append((following.start, following.start + len(following.text), f"<{namespace}>"))
    for token in tokens:
        prefix = token.text.partition(":")[0]
        if token.kind == "name" and prefix not in prefixes and prefix not in PREFIXES:
            what, remedy = f"the prefix '{prefix[:40]}:' is not declared", "add a PREFIX line, or write the IRI in full"
            raise _at(QueryMalformed, query, token.start, what, remedy)
    return prefixes, base, marks


def _absolute(query: str, token: _Seen, base: str) -> str:
    """The IRI that a token means.

    Raises: QueryMalformed where an escape hides what cannot stand in an IRI, or where it cannot be resolved.
    """
    reference = _decoded(token.text[1:-1])
    if _IRI.fullmatch(reference) and _SCHEME.match(reference):
        return reference
    path, hash_sign, fragment = reference.partition("#")  # urljoin drops an empty fragment, as that of a namespace
    with suppress(ValueError):
        if _IRI.fullmatch(reference) and _SCHEME.match(found := urljoin(base.partition("#")[0], path)):
            return found + hash_sign + fragment
    what, remedy = f"'{token.text[:40]}' gives no IRI here", "write it in full"
    raise _at(QueryMalformed, query, token.start, what, remedy)


def _dataset(
    query: str, tokens: list[_Seen], prefixes: Mapping[str, str], base: str
) -> tuple[tuple[str, ...], tuple[str, ...], list[tuple[int, int]]]:
    """The graphs of the FROM and FROM NAMED clauses, and where those clauses stand."""
    graphs: dict[bool, dict[str, None]] = {False: {}, True: {}}
    spans = []
    top = [one for one in tokens if one.depth == 0]
    for place, token in enumerate(top):
        if token.word != "from":
            continue
        is_named = top[place + 1 : place + 2] != [] and top[place + 1].word == "named"
        graph = next(iter(top[place + 1 + is_named :]), None)
        if graph is None or graph.kind not in ("iri", "name"):
            raise _at(QueryMalformed, query, token.start, "after FROM the IRI of a graph must stand")
        graphs[is_named][_resolved(query, graph, prefixes, base)] = None
        spans.append((token.start, graph.start + len(graph.text)))
    return tuple(graphs[False]), tuple(graphs[True]), spans


def _resolved(query: str, token: _Seen, prefixes: Mapping[str, str], base: str) -> str:
    if token.kind == "iri":
        return _absolute(query, token, base)
    prefix, _, local = token.text.partition(":")
    return {**PREFIXES, **prefixes}[prefix] + re.sub(r"\\(.)", r"\1", local)


def _columns(tokens: list[_Seen]) -> frozenset[str] | None:
    """The variables between SELECT and its pattern: those that stand alone, and those behind AS."""
    begin = next(place for place, one in enumerate(tokens) if one.word == "select")
    named = set()
    for before, token in pairwise(tokens[begin:]):
        if token.depth == 0 and token.text == "*":
            return None
        if (token.text, token.depth) == ("{", 1) or (token.word in ("where", "from") and token.depth == 0):
            break
        if token.kind == "variable" and (token.depth == 0 or (token.depth == 1 and before.word == "as")):
            named.add(_decoded(token.text[1:]))
    return frozenset(named)


def _groups(tokens: list[_Seen]) -> Iterator[tuple[_Seen, _Group | None]]:
    """Each token with the innermost pair of braces around it."""
    group: _Group | None = None
    for before, token in pairwise(chain(tokens[:1], tokens)):
        if token.text == "{" and token.kind == "open":
            end = token.start + 1
            group = _Group(end, group, takes_values=before.word != "construct" and not token.in_data)
        elif token.text == "}" and token.kind == "close" and group:
            group = group.parent
        elif group and token.word == "select" and before.start + 1 == group.begins:
            group.takes_values, group.is_subquery = False, True
        yield token, group


def _rows(tokens: list[_Seen], bindings: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Where to put which VALUES: in the outermost group, and in each group inside that names the variable.

    A group is evaluated before it is joined with what is around it, so a filter in it sees no value from outside. In
    a subquery that does not select the variable, the name means another variable.
    """
    for name, text in bindings.items():
        row = f" VALUES ?{name} {{ {_written(text)} }} "
        places: dict[int, None] = {}
        for number, (token, group) in enumerate(_groups(tokens)):
            is_outermost = group is not None and group.parent is None and tokens[number].text == "{"
            names_it = token.kind == "variable" and token.text[1:] == name
            if group and group.takes_values and (is_outermost or (names_it and _is_same(tokens, group, name))):
                places[group.begins] = None
        yield from ((place, row) for place in places)


def _is_same(tokens: list[_Seen], group: _Group, name: str) -> bool:
    """Whether a name in a group means the variable of the whole query: each subquery on the way out selects it."""
    inner, outer = group, group.parent
    while outer:
        if outer.is_subquery and not _selects(tokens, outer.begins, inner.begins, name):
            return False
        inner, outer = outer, outer.parent
    return True


def _selects(tokens: list[_Seen], start: int, end: int, name: str) -> bool:
    places = [token.start for token in tokens]
    head = tokens[bisect_right(places, start - 1) : bisect_right(places, end - 1)]
    depth = head[0].depth if head else 0
    return any(one.depth == depth and (one.text == "*" or one.text[1:] == name) for one in head)


def _written(text: str) -> str:
    """A term in N-Triples syntax, read and written anew, so that nothing but one term can come of it.

    Raises: QueryMalformed if it is not exactly one IRI or literal.
    """
    found = _TERM.fullmatch(text)
    if found is None:
        message = f"'{text[:80]}' is not one RDF term in N-Triples syntax"
        raise QueryMalformed(message)
    if found["iri"] is not None:
        return f"<{found['iri']}>"
    value = _ESCAPE.sub(_unescaped, found["text"])
    escaped = _UNSAFE.sub(lambda one: f"\\u{ord(one[0]):04X}" if one[0] not in '"\\' else f"\\{one[0]}", value)
    tail = f"@{found['language']}" if found["language"] else f"^^<{found['datatype']}>" if found["datatype"] else ""
    return f'"{escaped}"{tail}'


def _unescaped(found: "re.Match[str]") -> str:
    if found[3]:
        return _ESCAPED.get(found[3], found[3])
    return chr(int(found[1] or found[2], 16))


def _marked(text: str, marks: list[tuple[int, int, Any]]) -> str:
    """The text with each span replaced; spans do not overlap."""
    for start, end, new in sorted(marks, reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text
