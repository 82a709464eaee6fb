"""The data of an index in the engine's store, for the queries that shapes hold. Knows nothing of shapes.

The store rewrites literals that are not in their canonical form, so that a query would not see what was written: then
nothing is asked at all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import pyoxigraph as ox

from clustergraph.oxterms import OxTerm, engine_term
from clustergraph.reading.parsed import LANG_STRING, XSD_STRING, Literal, Term
from clustergraph.shacl.index import Index

SHAPES_GRAPH: Final = "urn:x-clustergraph:shapes"
ROWS_LIMIT: Final = 1_000_000  # of one query
_ANY: Final = ox.NamedNode("urn:x-clustergraph:any")
_KEY: Final = "urn:x-clustergraph:key:"
_KEYS: Final = ox.NamedNode("urn:x-clustergraph:keys")


class QueryStore:
    """A store that holds the data as its default graph and the shapes in a graph of their own."""

    def __init__(self, data: Index, shapes: Index) -> None:
        self._data = data
        self._shapes = shapes
        self._nodes: dict[str, ox.BlankNode] = {}
        self._labels: dict[str, str] = {}
        self._keyed: set[str] = set()
        self._as_written: dict[Literal, bool] = {}

    @cached_property
    def rewritten(self) -> Literal | None:
        """A literal of the data that the store would not keep as it was written, if there is one."""
        return self.rewritten_of(value for values in _values(self._data) for value in values)

    @cached_property
    def rewritten_in_shapes(self) -> Literal | None:
        """A literal of the shapes that the store would not keep as it was written, if there is one."""
        return self.rewritten_of(value for values in _values(self._shapes) for value in values)

    def rewritten_of(self, terms: Iterable[Term]) -> Literal | None:
        """The least literal of some terms that the store would not keep as it was written."""
        typed = {one for one in terms if isinstance(one, Literal) and one.datatype != XSD_STRING}
        if not typed:
            return None
        store = ox.Store()
        store.extend(ox.Quad(_ANY, _ANY, engine_term(one)) for one in typed)
        kept = {self.term_of(quad.object) for quad in store}
        return min(typed - kept, default=None)

    def is_kept(self, term: Term) -> bool:
        """Whether a term that is bound into a query is there what was written."""
        if not isinstance(term, Literal) or term.datatype == XSD_STRING:
            return True
        known = self._as_written.get(term)
        if known is None:
            known = self._as_written[term] = self.rewritten_of((term,)) is None
        return known

    @cached_property
    def _store(self) -> ox.Store:
        store = ox.Store()
        store.bulk_extend(self._quads(self._data, ox.DefaultGraph()))
        store.bulk_extend(self._quads(self._shapes, ox.NamedNode(SHAPES_GRAPH)))
        return store

    def _quads(self, index: Index, graph: ox.NamedNode | ox.DefaultGraph) -> Iterator[ox.Quad]:
        made = _Made(lambda term: self._engine(term, "" if isinstance(graph, ox.DefaultGraph) else "s"))
        for subject, about in index.spo.items():
            node = made[subject]
            for predicate, values in about.items():
                name = made[predicate]
                for value in values:
                    yield ox.Quad(node, name, made[value], graph)  # type: ignore[arg-type]  # the index knows what may stand where

    def _engine(self, term: Term, mark: str = "") -> OxTerm:
        if isinstance(term, Literal) or not term.startswith("_:"):
            return engine_term(term)
        node = self._nodes.get(mark + term)
        if node is None:
            node = self._nodes[mark + term] = ox.BlankNode(f"{mark}b{len(self._nodes)}")
            self._labels[node.value] = term
        return node

    def term_of(self, term: object) -> Term:
        """A term of the engine as the reader would have it."""
        if isinstance(term, ox.Literal):
            language = term.language or ""
            return Literal(term.value, LANG_STRING if language else term.datatype.value, language)
        if isinstance(term, ox.BlankNode):
            return self._labels.get(term.value, f"_:{term.value}")
        return str(getattr(term, "value", term))

    def load(self) -> None:
        """Fills the store, which the first query would do else."""
        self._store  # noqa: B018  # cached

    def select(self, query: "Parts", bound: Mapping[str, Term]) -> tuple[list[str], list[list[Term | None]]]:
        """The variables of a SELECT in which some are bound from the start, and its rows.

        Raises: SyntaxError, RuntimeError, MemoryError for what the engine does not take.
        """
        rows = self._store.query(self._with(query, bound))
        if not isinstance(rows, ox.QuerySolutions):
            message = "sh:select asks for a SELECT"
            raise SyntaxError(message)  # noqa: TRY004  # of a text, not of a type
        found: list[list[Term | None]] = []
        for row in rows:
            if len(found) == ROWS_LIMIT:
                raise MemoryError
            found.append([None if term is None else self.term_of(term) for term in row])
        return [one.value for one in rows.variables], found

    def ask(self, query: "Parts", bound: Mapping[str, Term]) -> bool:
        """The answer to an ASK in which some variables are bound from the start.

        Raises: SyntaxError, RuntimeError for what the engine does not take.
        """
        answer = self._store.query(self._with(query, bound))
        if not isinstance(answer, ox.QueryBoolean):
            message = "sh:ask asks for an ASK"
            raise SyntaxError(message)  # noqa: TRY004  # of a text, not of a type
        return bool(answer)

    def require_readable(self, query: "Parts", bound: Mapping[str, Term]) -> None:
        """Nothing, if the engine can read the query.

        Raises: SyntaxError, RuntimeError if not.
        """
        ox.Store().query(self._with(query, bound))

    def _with(self, query: "Parts", bound: Mapping[str, Term]) -> str:
        """The text of a query with what is bound said again in every group: a group does not see what is around it."""
        if not bound:
            return "".join(query)
        said = [self._said(name, term) for name, term in bound.items()]
        return f" {' '.join(said)} ".join(query)

    def _said(self, name: str, term: Term) -> str:
        if isinstance(term, Literal) or not term.startswith("_:"):
            return f"VALUES ?{name} {{ {self._engine(term)} }}"
        # No text names a blank node, but one triple about nothing else leads to it.
        node = self._engine(term)
        key = ox.NamedNode(f"{_KEY}{node.value}")
        if term not in self._keyed:
            self._keyed.add(term)
            self._store.add(ox.Quad(key, _ANY, node, _KEYS))
        return f"GRAPH {_KEYS} {{ {key} {_ANY} ?{name} }}"


def _values(index: Index) -> Iterator[Iterable[Term]]:
    return (values for about in index.spo.values() for values in about.values())


class _Made(dict[Term, OxTerm]):
    def __init__(self, make: Callable[[Term], OxTerm]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, term: Term) -> OxTerm:
        made = self[term] = self._make(term)
        return made


Parts = tuple[str, ...]
"""A query, cut behind the beginning of each of its groups."""
