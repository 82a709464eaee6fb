"""Constraints that are queries: sh:sparql, and constraint components whose validators are queries.

Source: SHACL 1.0, sections 5 and 6, and appendix A (pre-binding of variables).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise, product
from types import MappingProxyType
from typing import Final, NamedTuple

from clustergraph.errors import QueryError
from clustergraph.guard import admit
from clustergraph.reading.parsed import FIRST, Literal, Term
from clustergraph.runner import Limits
from clustergraph.scanner import Token
from clustergraph.shacl.faults import ILL_FORMED, NOT_CANONICAL, QUERY_REFUSED, ShapeFault, Unevaluable
from clustergraph.shacl.index import Index
from clustergraph.shacl.paths import is_predicate
from clustergraph.shacl.results import Result
from clustergraph.shacl.shapes import Check, Shape, Shapes
from clustergraph.shacl.store import SHAPES_GRAPH, QueryStore
from clustergraph.shacl.vocabulary import IMPORTS, component, sh

_PREBOUND: Final = frozenset({"this", "value", "currentShape", "shapesGraph", "PATH"})
_FORBIDDEN: Final = frozenset({"minus", "values", "service"})
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


class Queries:
    """What makes the checks of queries, all of which ask the same store."""

    def __init__(self, shapes: Index, data: Index) -> None:
        self._graph = shapes
        self._store = QueryStore(data, shapes)
        self._components = [*_components(shapes)]

    def checks(self, shapes: Shapes, shape: Shape) -> Iterator[Check]:
        """The checks of a shape that ask the store. What cannot be asked is a fault, and the others hold."""
        for node in shapes.graph.values(shape.node, sh("sparql")):
            if isinstance(node, Literal) or not shapes.graph.is_true(node, sh("deactivated")):
                yield from self._made(shapes, shape, "sparql", node, partial(self._constraint, shape, node))
        for one in self._components:
            for bound in one.bindings(shapes.graph, shape.node):
                yield from self._made(shapes, shape, "", one.node, partial(self._validator, shape, one, bound))

    def _made(self, shapes: Shapes, shape: Shape, name: str, node: Term, make: Callable[[], Check]) -> Iterator[Check]:
        rewritten = self._store.rewritten
        if rewritten is not None:
            predicate = sh(name) if name else None
            shapes.faults.append(ShapeFault(NOT_CANONICAL, shape.node, predicate, node, (rewritten.lexical,)))
            return
        try:
            yield make()
        except Unevaluable as exc:
            shapes.faults.append(exc.fault)

    def _constraint(self, shape: Shape, node: Term) -> Check:
        query = self._query(shape, node, "select")
        iri = component("SPARQL")
        if query.is_of_sets:
            return self._of_sets(shape, node, query, iri)

        def check(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
            bound = query.bound(shape, focus)
            rows = self._store.select(query.parts, bound)
            out.extend(_results(shape, focus, rows, iri, node))

        return check

    def _of_sets(self, shape: Shape, node: Term, query: "Query", iri: str) -> Check:
        """A check that asks once, for all focus nodes."""
        found: dict[Term, list[dict[str, Term]]] = {}
        is_asked = False

        def check(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
            nonlocal is_asked
            if not is_asked:
                is_asked = True
                for row in self._store.select(query.parts, {}):
                    found.setdefault(row["this"], []).append(row)
            out.extend(_results(shape, focus, found.get(focus, ()), iri, node))

        return check

    def _validator(self, shape: Shape, one: "Component", bound: dict[str, Term]) -> Check:
        name, node = one.validator(self._graph, of_property=shape.path is not None)
        if node is None:
            raise Unevaluable(ShapeFault(ILL_FORMED, one.node, None, None, ("sh:validator", "sh:ask, sh:select")))
        query = self._query(shape, node, name, {**bound, "value": node})

        def ask(focus: Term, values: Sequence[Term], out: list[Result]) -> None:
            out.extend(
                shape.result(focus, value, one.node)._replace(constraint=node, bindings=tuple(bound.items()))
                for value in values
                if not self._store.ask(query.parts, query.bound(shape, focus, {**bound, "value": value}))
            )

        def select(focus: Term, _values: Sequence[Term], out: list[Result]) -> None:
            rows = self._store.select(query.parts, query.bound(shape, focus, bound))
            out.extend(_results(shape, focus, rows, one.node, node, bound))

        return ask if name == "ask" else select

    def _query(self, shape: Shape, node: Term, form: str, more: Mapping[str, Term] = MappingProxyType({})) -> "Query":
        text = self._graph.value(node, sh(form)) if isinstance(node, str) else None
        if not isinstance(text, Literal):
            raise Unevaluable(ShapeFault(ILL_FORMED, str(node), sh(form), text, (f"sh:{form}", '"…"')))
        prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in _prefixes(self._graph, node).items())
        path = shape.path if shape.path is None else path_text(self._graph, shape.path)
        try:
            query = read_query(prologue, text.lexical, path)
            self._store.require_readable(query.parts, query.bound(shape, "urn:x-clustergraph:none", more))
        except (_NotAllowed, QueryError, SyntaxError, RuntimeError) as exc:
            raise Unevaluable(ShapeFault(QUERY_REFUSED, str(node), sh(form), text, (str(exc),))) from exc
        return query


class Query(NamedTuple):
    """A query that may be asked.

    Shape: `parts` are its text, cut behind the beginning of each group; `names` those of its variables; `is_of_sets`
           where it may be asked for all focus nodes at once.
    """

    parts: tuple[str, ...]
    names: frozenset[str]
    is_of_sets: bool

    def bound(self, shape: Shape, focus: Term, more: Mapping[str, Term] = MappingProxyType({})) -> dict[str, Term]:
        """What its variables stand for from the start."""
        known: dict[str, Term] = {"this": focus, "currentShape": shape.node, "shapesGraph": SHAPES_GRAPH, **more}
        return {name: term for name, term in known.items() if name in self.names}


class _NotAllowed(Exception):
    """What a query of a shape may not hold."""


def read_query(prologue: str, text: str, path: str | None) -> Query:
    """A query of a shape, with the path in the place of $PATH.

    Raises: QueryError for what the guard refuses; _NotAllowed for what pre-binding forbids.
    """
    tokens = admit(prologue + text, _LIMITS)
    names = frozenset(token.text[1:] for token in tokens if token.kind == "variable")
    for token, following in pairwise([*tokens, tokens[-1]]):
        word = token.text.lower()
        if token.kind == "word" and word in _FORBIDDEN:
            message = f"{word.upper()} is not allowed in a query of a shape"
            raise _NotAllowed(message)
        if token.kind == "word" and word == "as" and following.text[1:] in _PREBOUND:
            message = f"{following.text} is bound already"
            raise _NotAllowed(message)
    _require_projected(tokens, names & _PREBOUND)
    if path is None and "PATH" in names:
        message = "$PATH stands for nothing in a shape without sh:path"
        raise _NotAllowed(message)
    return Query(_parts(prologue + text, tokens, path or ""), names - {"PATH"}, _is_of_sets(tokens))


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
            raise _NotAllowed(message)


def _until_group(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.text == "{" or token.text.lower() == "where":
            return
        yield token


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


def _results(
    shape: Shape,
    focus: Term,
    rows: "Iterator[dict[str, Term]] | Sequence[dict[str, Term]]",
    iri: str,
    constraint: Term,
    bound: dict[str, Term] | None = None,
) -> Iterator[Result]:
    seen = set()
    for row in rows:
        path, value = row.get("path"), row.get("value")
        if (path, value) in seen:
            continue
        seen.add((path, value))
        result = shape.result(focus, value if value is not None or shape.path is not None else focus, iri)
        names = {**(bound or {}), **row}
        yield result._replace(
            path=path if isinstance(path, str) else shape.path, constraint=constraint, bindings=tuple(names.items())
        )


def _prefixes(graph: Index, node: Term) -> dict[str, str]:
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


class Component(NamedTuple):
    """A constraint component: its parameters, of which those that are not optional must have a value."""

    node: str
    parameters: tuple[tuple[str, bool], ...]

    def bindings(self, graph: Index, shape: str) -> Iterator[dict[str, Term]]:
        """The values of the parameters in a shape, one after the other."""
        values = {path: tuple(graph.values(shape, path)) for path, _ in self.parameters}
        if any(not values[path] for path, is_optional in self.parameters if not is_optional):
            return
        names = [path for path, found in values.items() if found]
        for chosen in product(*(values[path] for path in names)):
            yield {_local(path): value for path, value in zip(names, chosen, strict=True)}

    def validator(self, graph: Index, *, of_property: bool) -> tuple[str, Term | None]:
        """The validator for a shape of this kind, and its form."""
        own = graph.value(self.node, sh("propertyValidator" if of_property else "nodeValidator"))
        node = own or graph.value(self.node, sh("validator"))
        return ("ask" if graph.value(node, sh("ask")) is not None else "select"), node


def _components(graph: Index) -> Iterator[Component]:
    for node in sorted(map(str, graph.instances(sh("ConstraintComponent")))):
        parameters = [
            (str(path), graph.is_true(str(one), sh("optional")))
            for one in graph.values(node, sh("parameter"))
            for path in graph.values(one, sh("path"))
        ]
        if parameters:
            yield Component(node, tuple(sorted(parameters)))


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]
