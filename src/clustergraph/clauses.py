"""What the text of a query says of the graphs it asks: its FROM clauses, and whether it looks into named graphs."""

import re
from contextlib import suppress
from itertools import takewhile
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import QueryMalformed
from clustergraph.guard import PROLOGUE
from clustergraph.scanner import Scanner
from clustergraph.terms import BASE, PREFIXES

Graph: TypeAlias = ox.NamedNode | ox.BlankNode
DefaultGraphs: TypeAlias = list[Graph | ox.DefaultGraph]

_FROM: Final = re.compile(r"(?<![\w:])from|(?:ask|construct)from", re.IGNORECASE)
_AFTER_CLAUSES: Final = ("group", "having", "order")
_NAMED: Final = re.compile(r"graph|from|\\", re.IGNORECASE)  # an escape could spell the word


def may_ask_named_graphs(query: str) -> bool:
    """Whether a query may look into a named graph; True where that is not certain.

    >>> may_ask_named_graphs("ASK { ?s ?p ?o }"), may_ask_named_graphs("ASK { ?s <http://x.example/graph> ?o }")
    (False, True)
    """
    return _NAMED.search(query) is not None


def graphs_of(query: str) -> tuple[DefaultGraphs, list[Graph]]:
    """The graphs of the FROM and of the FROM NAMED clauses of a query, each once; none where it is not SPARQL.

    Raises: QueryMalformed for a FROM that stands so close to another word that it can be read in two ways.
    """
    default: DefaultGraphs = []
    named: list[Graph] = []
    if "from" not in query.lower() or not _FROM.search(query):  # the expression alone takes twenty times as long
        return default, named
    prologue, clauses = _clauses(query)
    with suppress(SyntaxError):  # the whole query then has the same fault, and the engine says so
        # The engine itself tells what the names mean after this prologue, as it reads prologues in a way of its own.
        names = " ".join(name for _, name in clauses)
        text = "".join((prologue, "SELECT * { VALUES ?graph { ", names, " } }"))
        found = ox.Store().query(text, base_iri=BASE, prefixes=PREFIXES)
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101  # for the type checker
        for (is_named, _), (graph,) in zip(clauses, found, strict=True):
            if isinstance(graph, ox.NamedNode):
                (named if is_named else default).append(graph)
    return list(dict.fromkeys(default)), list(dict.fromkeys(named))


def _clauses(query: str) -> tuple[str, list[tuple[bool, str]]]:
    """The prologue of a query, and its dataset clauses: whether one names a named graph, and the name as written."""
    tokens = [one for one in Scanner(query) if one.depth == 0 and one.kind in ("word", "name", "iri")]
    begins = next((n for n, one in enumerate(tokens) if one.kind == "word" and one.text.lower() not in PROLOGUE), 0)
    declared = {one.text for one in tokens[:begins]}
    rest, clauses = iter(tokens[begins:]), []
    for token in takewhile(lambda one: one.text.lower() not in _AFTER_CLAUSES, rest):
        word = token.text.lower()
        if word == "from":
            graph = next(rest, token)
            is_named = graph.text.lower() == "named"
            clauses.append((is_named, (next(rest, token) if is_named else graph).text))
        elif "from" in word if token.kind == "word" else word.startswith("from"):
            # The engine takes FROMex:g for two words, unless it is one of the things that DESCRIBE names.
            prefix = token.text[: token.text.find(":") + 1]
            if clauses or prefix not in declared or tokens[begins].text.lower() != "describe":
                message = f"'{token.text[:80]}' can be read as two words: write a space before and after FROM"
                raise QueryMalformed(message)
    return query[: tokens[begins].start] if tokens else "", clauses
