"""The one door to the triple store: evaluate a query, write its answer. Knows nothing of HTTP.

Runs inside a worker process that can be killed, or in the process of a command-line user. Results of the engine belong
to the thread that made them, so a result never leaves the call that evaluates it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, Final, TypeAlias

import pyoxigraph as ox

from clustergraph.clauses import DefaultGraphs, Graph, graphs_of, may_ask_named_graphs
from clustergraph.closures import with_closures_once
from clustergraph.errors import DatasetUnusable, NotAcceptable, QueryMalformed, QueryTooLarge
from clustergraph.formats import GRAPH_FORMATS, RDF_XML, RESULT_FORMATS, XML, Format
from clustergraph.guard import query_form
from clustergraph.hashed import HashedStream, LinesWithout
from clustergraph.holding import XmlStream
from clustergraph.rowcounts import with_rows_counted
from clustergraph.runner import QueryRequest
from clustergraph.syntax import malformed
from clustergraph.terms import BASE, PREFIXES, RDFS, SKOS
from clustergraph.triples import write_triples

_RESULT_WRITERS: Final = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
_LABELS: Final = (ox.NamedNode(f"{SKOS}prefLabel"), ox.NamedNode(f"{RDFS}label"))
_UNKNOWN_FUNCTION: Final = re.compile(r"The custom function <([^<>]*)> is not supported")
_MISCALLED_FUNCTION: Final = re.compile(
    r"The custom function <([^<>]*)> requires between (\d+) and (\d+) arguments, but (\d+) were given"
)
_UNKNOWN_FUNCTIONS: Final = 20  # of one query; each makes the engine read the query once more
_Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_Result: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
_ANEW: Final = "run 'clustergraph build' to make it anew"
_BLANK: Final = b"_:"  # in every line with a blank node
_LABELLED: Final = 2_000  # things whose labels an engine remembers: the properties and classes of every description


class Evaluated:
    """A result that has a format but is not written yet. Stays in the thread that evaluated it."""

    def __init__(self, result: ox.QuerySolutions | ox.QueryBoolean | Iterable[ox.Triple], chosen: Format) -> None:
        self._result = result
        self.format = chosen

    def write(self, stream: IO[bytes]) -> None:
        """Writes the whole answer; reading the store and writing go hand in hand.

        Raises: FormatCannotHold, in the middle of a longer answer too.
        """
        if self.format in (XML, RDF_XML):
            stream = XmlStream(stream, self.format)  # type: ignore[assignment]  # the engine asks for write() and flush()
        if isinstance(self._result, ox.QuerySolutions | ox.QueryBoolean):
            self._result.serialize(stream, format=_RESULT_WRITERS[self.format.name])
        else:
            write_triples(self._result, stream, self.format)


class Engine:
    """Answers queries over one store that never changes.

    Shape: `default_graph` is a store that holds the default graph of `store` and nothing else, where there is one.
    """

    def __init__(self, store: ox.Store, default_graph: ox.Store | None = None) -> None:
        self._store = store
        self._default_graph = default_graph or store
        self._labels_of = lru_cache(_LABELLED)(self._read_labels)  # of this engine alone, and gone with it

    def __len__(self) -> int:
        """The number of quads, the merged default graph included."""
        return len(self._store)

    def knows(self, iri: str) -> bool:
        """Whether the default graph says anything of a thing."""
        statements = self._default_graph.quads_for_pattern(ox.NamedNode(iri), None, None, ox.DefaultGraph())
        return next(iter(statements), None) is not None

    def evaluate(self, request: QueryRequest) -> Evaluated:
        """The result of one query, with the format it will be written in.

        Raises: QueryMalformed with the place of a syntax error; NotAcceptable if the query is of the other family than
                the formats allow; QueryTooLarge for more than 20 functions that the engine does not know.
        """
        store, default, named = self._scope(request)
        try:
            result = _evaluated_with_our_prefixes(store, request, default, named)
        except SyntaxError as exc:
            raise malformed(exc, request.query) from exc
        if isinstance(result, ox.QueryTriples):
            triples = self._with_labels(result) if query_form(request.query) == "DESCRIBE" else result
            return Evaluated(triples, _fitting(request.graph_format, request.result_format, GRAPH_FORMATS))
        return Evaluated(result, _fitting(request.result_format, request.graph_format, RESULT_FORMATS))

    def _scope(self, request: QueryRequest) -> tuple[ox.Store, DefaultGraphs | None, list[Graph] | None]:
        """The store to ask and the graphs to name in the call; those of the request hold over those of the query.

        Several default graphs are merged into a store of their own: the engine's own union of graphs is a bag, in which
        a triple that two sources state counts twice.
        """
        default: DefaultGraphs = [ox.NamedNode(iri) for iri in dict.fromkeys(request.default_graphs)]
        named: list[Graph] = [ox.NamedNode(iri) for iri in dict.fromkeys(request.named_graphs)]
        if not default and not named:
            default, named = graphs_of(request.query)
        if not default and not named:
            return self._store if may_ask_named_graphs(request.query) else self._default_graph, None, None
        if len(default) < 2:  # noqa: PLR2004  # nothing to merge; no graph is an empty default graph
            return self._store, default, named
        merged = ox.Store()
        for graph in default:
            merged.extend(ox.Quad(*quad.triple) for quad in self._quads(graph))
        for graph in named:
            merged.extend(self._quads(graph))
        return merged, [ox.DefaultGraph()], named

    def _quads(self, graph: Graph | ox.DefaultGraph) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(None, None, None, graph)

    def _with_labels(self, triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
        """The triples, then the labels of everything they mention."""
        mentioned: dict[ox.NamedNode, None] = {}
        for triple in triples:
            yield triple
            terms = (triple.subject, triple.predicate, triple.object)
            mentioned.update((one, None) for one in terms if isinstance(one, ox.NamedNode))
        for one in mentioned:
            yield from self._labels_of(one)

    def _read_labels(self, thing: ox.NamedNode) -> list[ox.Triple]:
        store, default = self._default_graph, ox.DefaultGraph()
        return [quad.triple for label in _LABELS for quad in store.quads_for_pattern(thing, label, None, default)]


def _evaluated_with_our_prefixes(
    store: ox.Store, request: QueryRequest, default: DefaultGraphs | None, named: list[Graph] | None
) -> _Result:
    """What the engine says; our own prefixes need no declaration, and one that the query declares holds over ours."""
    # A value bound to a variable would have to reach into the sub-selects.
    query = request.query if request.bindings else with_rows_counted(with_closures_once(request.query))
    if query is not request.query:
        with suppress(SyntaxError):  # which the query as it was sent then shows in its own place
            return _read_with_our_prefixes(store, replace(request, query=query), default, named)
    return _read_with_our_prefixes(store, request, default, named)


def _read_with_our_prefixes(
    store: ox.Store, request: QueryRequest, default: DefaultGraphs | None, named: list[Graph] | None
) -> _Result:
    try:
        return _evaluated(store, request, default, named)
    except (
        SyntaxError
    ):  # read again only then: handing the engine a table of prefixes costs every query that needs none
        return _evaluated(store, request, default, named, prefixes=PREFIXES)


def _evaluated(
    store: ox.Store,
    request: QueryRequest,
    default: DefaultGraphs | None,
    named: list[Graph] | None,
    *,
    prefixes: dict[str, str] | None = None,
) -> _Result:
    """What the engine says, after relative IRIs are resolved against our base.

    A function that the engine does not know is an error in its expression, and not the end of the query.
    Raises: QueryMalformed for one that it knows, with another number of arguments than that takes; QueryTooLarge.
    Source: SPARQL 1.1 Protocol, section 2.1.4 (a service has a base IRI); SPARQL 1.1 Query Language, section 17.3.
    """
    unknown: dict[ox.NamedNode, Callable[..., _Term | None]] = {}
    while True:
        try:
            return store.query(
                request.query,
                base_iri=BASE,
                prefixes=prefixes,
                default_graph=default,
                named_graphs=named,
                substitutions={ox.Variable(name): term(text) for name, text in request.bindings.items()} or None,
                custom_functions=unknown,
            )
        except RuntimeError as exc:
            if miscalled := _MISCALLED_FUNCTION.fullmatch(str(exc)):
                raise _miscalled(miscalled) from exc
            function = _UNKNOWN_FUNCTION.fullmatch(str(exc))
            if function is None:
                raise
            if len(unknown) == _UNKNOWN_FUNCTIONS:
                message = f"more than {_UNKNOWN_FUNCTIONS} functions are not known here: call fewer"
                raise QueryTooLarge(message) from exc
            unknown[ox.NamedNode(function[1])] = lambda *_: None


def _miscalled(told: re.Match[str]) -> QueryMalformed:
    function, least, most, given = told.groups()
    number = least if least == most else f"{least} to {most}"
    remedy = f"give it {number} argument{'' if number == '1' else 's'}"
    return QueryMalformed(f"the function <{function[:80]}> is called with {given}: {remedy}", hint=remedy)


def load_engine(dataset: Path, digest: str = "") -> Engine:
    """An engine over an N-Quads file, loaded into memory.

    Shape:  with a digest, a SHA-256 in lower-case hexadecimal, the bytes that are loaded are those that are hashed.
            Blank nodes keep the names that they have in the file, so that the same dataset gives the same answers.
    Raises: DatasetUnusable if the digest is another, or the file no N-Quads.
    """
    store = ox.Store()
    with dataset.open("rb", buffering=0) as stream:
        hashed = HashedStream(stream)
        # What a build wrote came out of this engine: to look at its terms again takes a quarter of the time (measured).
        try:
            _load(store, LinesWithout(hashed, _BLANK), ox.RdfFormat.N_QUADS, lenient=bool(digest))
        except SyntaxError as exc:
            message = f"the dataset is not N-Quads (line {exc.lineno}): {_ANEW}"
            raise DatasetUnusable(message) from exc
    if digest not in ("", hashed.digest):
        message = f"the dataset is no longer what was verified (SHA-256 differs): {_ANEW}"
        raise DatasetUnusable(message)
    return Engine(store, _default_graph_of(store))


def _default_graph_of(store: ox.Store) -> ox.Store | None:
    """The default graph in a store of its own; None where there is no other graph.

    The engine finds the statements about a thing by walking all of them, those of the named graphs too: without these,
    and side by side in memory, they are found in half the time. They are loaded as text because an `extend` scatters
    them, which costs most of that gain (measured).
    """
    if next(iter(store.named_graphs()), None) is None:
        return None
    alone = ox.Store()
    text = BytesIO()
    store.dump(text, format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    text.seek(0)
    _load(alone, LinesWithout(text, _BLANK), ox.RdfFormat.N_TRIPLES, lenient=True)
    return alone


def _load(store: ox.Store, lines: LinesWithout, syntax: ox.RdfFormat, *, lenient: bool) -> None:
    """Loads lines; blank nodes keep their names, to which the store gives others in what it loads itself."""
    store.load(lines, format=syntax, lenient=lenient)  # type: ignore[arg-type]  # it asks for read() only
    store.extend(ox.parse(bytes(lines.aside), format=syntax))


def write_store(dataset: Path, folder: Path) -> int:
    """Loads an N-Quads file into a new store on disk; the number of its quads."""
    store = ox.Store(str(folder))
    store.bulk_load(path=str(dataset), format=ox.RdfFormat.N_QUADS)
    store.flush()
    return len(store)


def open_engine(folder: Path) -> Engine:
    """An engine over a store on disk that nobody writes to. It has threads, so open it after a fork."""
    return Engine(ox.Store.read_only(str(folder)))


def term(text: str) -> ox.NamedNode | ox.Literal:
    """The RDF term that a string in N-Triples syntax stands for.

    Raises: QueryMalformed if it is not exactly one IRI or literal.

    >>> term('"a"@en').language
    'en'
    """
    try:
        (quad,) = ox.parse(f"<x:s> <x:p> {text} .", format=ox.RdfFormat.N_TRIPLES)
    except (SyntaxError, ValueError) as exc:
        message = f"'{text[:80]}' is not one RDF term in N-Triples syntax"
        raise QueryMalformed(message) from exc
    if not isinstance(quad.object, ox.NamedNode | ox.Literal):
        message = f"'{text[:80]}' is neither an IRI nor a literal"
        raise QueryMalformed(message)
    return quad.object


def _fitting(wanted: Format | None, other: Format | None, offered: tuple[Format, ...]) -> Format:
    if wanted is None:
        accept = other.media_type if other else ""
        raise NotAcceptable(accept, [one.media_type for one in offered])
    return wanted
