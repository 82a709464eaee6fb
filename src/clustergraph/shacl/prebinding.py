"""Queries of shapes as text: what pre-binding forbids, and how what is bound is said in every group.

Source: SHACL 1.0, section 5.2.1 and appendix A.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from clustergraph.guard import admit
from clustergraph.reading.parsed import FIRST, Literal, Term
from clustergraph.runner import Limits
from clustergraph.scanner import Token
from clustergraph.shacl.index import Index
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.shapes import Shape
from clustergraph.shacl.store import SHAPES_GRAPH
from clustergraph.shacl.vocabulary import IMPORTS, sh

_PREBOUND: Final = frozenset({"this", "value", "currentShape", "shapesGraph", "PATH"})
_FORBIDDEN: Final = frozenset({"minus", "values", "service", "from"})
_STANDARD: Final = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_LIMITS: Final = Limits()
_WHOLE_SETS: Final = frozenset({"select", "group", "having", "limit", "offset", "union", "graph", "bind"})
"""Words of queries that must be asked for one focus node after the other."""


class Query(NamedTuple):
    """A query that may be asked.

    Shape: `parts` are its text, cut behind the beginning of each group; `names` those of its variables; `is_of_sets`
           where it may be asked for all focus nodes at once; `sees_shapes` where it looks at other graphs.
    """

    parts: tuple[str, ...]
    names: frozenset[str]
    is_of_sets: bool
    sees_shapes: bool

    def bound(self, shape: Shape, focus: Term, more: Mapping[str, Term] = MappingProxyType({})) -> dict[str, Term]:
        """What its variables stand for from the start."""
        known: dict[str, Term] = {"this": focus, "currentShape": shape.node, "shapesGraph": SHAPES_GRAPH, **more}
        return {name: term for name, term in known.items() if name in self.names}


class NotAllowed(Exception):
    """What a query of a shape may not hold."""


def read_query(prologue: str, text: str, path: str | None) -> Query:
    """A query of a shape, with the path in the place of $PATH.

    Raises: QueryError for what the guard refuses; NotAllowed for what pre-binding forbids.
    """
    tokens = admit(prologue + text, _LIMITS)
    names = frozenset(token.text[1:] for token in tokens if token.kind == "variable")
    for token, following in pairwise([*tokens, tokens[-1]]):
        word = token.text.lower()
        if token.kind == "word" and word in _FORBIDDEN:
            message = f"{word.upper()} is not allowed in a query of a shape"
            raise NotAllowed(message)
        if token.kind == "word" and word == "as" and following.text[1:] in _PREBOUND:
            message = f"{following.text} is bound already"
            raise NotAllowed(message)
    _require_projected(tokens, names & _PREBOUND)
    if path is None and "PATH" in names:
        message = "$PATH stands for nothing in a shape without sh:path"
        raise NotAllowed(message)
    return Query(
        _parts(prologue + text, tokens, path or ""), names - {"PATH"}, _is_of_sets(tokens), _names_graph(tokens)
    )


def _parts(text: str, tokens: list[Token], path: str) -> tuple[str, ...]:
    parts, written, at = [], "", 0
    for token, following in pairwise(tokens):
        if token.text == "{" and following.text.lower() != "select":
            parts.append(f"{written}{text[at : token.start + 1]}")
            written, at = "", token.start + 1
        elif token.kind == "variable" and token.text[1:] == "PATH":
            written, at = f"{written}{text[at : token.start]}{path}", token.start + len("$PATH")
    return (*parts, written + text[at:])


def _require_projected(tokens: list[Token], bound: frozenset[str]) -> None:
    """A subquery hides the variables that it does not select, and with them what they are bound to."""
    for number, token in enumerate(tokens):
        if token.text.lower() != "select" or token.depth == 0:
            continue
        selected = {one.text.lstrip("?$") for one in _until_group(tokens[number + 1 :])}
        hidden = (bound & {"this"}) - selected
        if hidden:
            message = f"a subquery must select ${min(hidden)}"
            raise NotAllowed(message)


def _until_group(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.text == "{" or token.text.lower() == "where":
            return
        yield token


def _names_graph(tokens: list[Token]) -> bool:
    return any(token.kind == "word" and token.text.lower() == "graph" for token in tokens)


def _is_of_sets(tokens: list[Token]) -> bool:
    """Whether each row of the query, asked with nothing bound, is a row for the focus node in it.

    Shape: so it is where the first thing that the query asks is a statement about $this, and nothing in it counts,
           cuts, or begins a part of its own in which $this would not be bound.
    """
    words = [token.text.lower() for token in tokens]
    if words.count("select") != 1 or not _WHOLE_SETS.isdisjoint(words[words.index("select") + 1 :]):
        return False
    opening = next((number for number, word in enumerate(words) if word == "{"), len(words))
    first = tokens[opening + 1 : opening + 4]
    nested = [number for number in range(opening + 1, len(words)) if words[number] == "{"]
    return (
        len(first) == 3  # noqa: PLR2004
        and first[0].text in ("$this", "?this")
        and (first[1].kind in ("iri", "name") or first[1].text == "a")
        and first[2].kind in ("variable", "iri", "name", "string", "number")
        and "this" in {word[1:] for word in words[:opening]}
        and not any(sign in words for sign in ("count", "sum", "min", "max", "avg", "sample", "group_concat"))
        and all(words[number - 1] in ("exists", "optional") for number in nested)
    )


def prefixes(graph: Index, node: Term) -> dict[str, str]:
    """The prefixes that a query declares through the ontologies it names."""
    found, left, seen = dict(_STANDARD), [*graph.values(node, sh("prefixes"))], set[Term]()
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        left.extend(graph.values(one, IMPORTS))
        for declared in graph.values(one, sh("declare")):
            prefix, namespace = (graph.value(declared, sh(name)) for name in ("prefix", "namespace"))
            if isinstance(prefix, Literal) and isinstance(namespace, Literal):
                found[prefix.lexical] = namespace.lexical
    return found


def path_text(graph: Index, path: Term) -> str:
    """A path as SPARQL writes it."""
    if is_predicate(path):
        return f"<{path}>"
    if graph.values(path, FIRST):
        return f"({'/'.join(path_text(graph, one) for one in graph.items(path) or ())})"
    signs = {"zeroOrMorePath": "*", "oneOrMorePath": "+", "zeroOrOnePath": "?"}
    for name, sign in signs.items():
        for one in graph.values(path, sh(name)):
            return f"({path_text(graph, one)}){sign}"
    for one in graph.values(path, sh("alternativePath")):
        return f"({'|'.join(path_text(graph, item) for item in graph.items(one) or ())})"
    return "".join(f"(^{path_text(graph, one)})" for one in graph.values(path, sh("inversePath")))
