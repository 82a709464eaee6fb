"""A build loaded into a SPARQL 1.1 store of somebody else, one version after another, with nobody seeing half of one.

Each graph is first put under a staging name that is this publisher's alone. One update request then moves them all to
their names, if it is this publisher's turn still, and, last, writes the digest where the server of ours that asks this
store looks for it. The store's own default graph is not touched: in some it is the bag of all graphs, so our default
graph has a name.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, NamedTuple

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError
from clustergraph.layouts import Store
from clustergraph.published import Published
from clustergraph.terms import DATASET, DCTERMS, DEFAULT_GRAPH, GRAPH, PUBLISHED_GRAPH
from clustergraph.turns import NAMED_GRAPH, Turn, dropped, iri, turn_at

_IDENTIFIER: Final = f"{DCTERMS}identifier"
_STATEMENTS: Final = "SELECT ?p ?o { ?s ?p ?o }"
_COUNT: Final = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


class Publication(NamedTuple):
    """What came of publishing a build.

    Shape: `changed` is false where the store held this very dataset already; `triples` are those of the default graph.
    """

    digest: str
    changed: bool
    graphs: int
    triples: int


class _Part(NamedTuple):
    """One graph of the build: its name, its staging name, its triples as a file, and how many there are."""

    name: str
    staging: str
    file: Path
    triples: int


def publish(
    published: Published, store: Store, *, take_over: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Publication:
    """Makes the store hold this build, and nothing of ours beside it.

    Shape:  `tell` is given a line for each step. With `take_over` somebody else who publishes there is stopped.
    Raises: UsageError where the store cannot be reached or refuses us; ClusterGraphError where somebody else publishes
            there, or it does not do what it was asked: it still says what it held before, or, where it lost some of
            what it had taken, that it holds nothing.
    """
    with turn_at(store, tell, take_over=take_over) as turn, TemporaryDirectory(prefix="clustergraph-") as folder:
        before, old_graphs = _held(store)
        if before == published.digest:
            return Publication(published.digest, changed=False, graphs=len(old_graphs), triples=0)
        parts, triples = _split(published, turn, Path(folder))
        default = _staging(turn, DEFAULT_GRAPH)
        _stage(store, turn, parts, default, tell)
        _require(store, default, triples)
        turn.keep()
        moves = {**{part.name: part.staging for part in parts}, DEFAULT_GRAPH: default}
        store.update(" ;\n".join(_flip(published.digest, turn, moves, sorted(old_graphs - moves.keys()))))
        _require_whole(store, turn, published.digest, {**{p.name: p.triples for p in parts}, DEFAULT_GRAPH: triples})
    return Publication(published.digest, changed=True, graphs=len(parts), triples=triples)


def _stage(store: Store, turn: Turn, parts: list[_Part], default: str, tell: Callable[[str], None]) -> None:
    turn.list([*(part.staging for part in parts), default])
    for part in parts:
        turn.keep()
        tell(f"{part.name}: {part.triples:,} triples")
        with turn.renewed():  # as long as the line is slow
            store.put(part.staging, part.file)
            _require(store, part.staging, part.triples)
    turn.keep()
    store.update(" ;\n".join(_copied(turn, part.staging, default) for part in parts))
    turn.keep()


def _held(store: Store) -> tuple[str, set[str]]:
    """The digest that a store says it holds, empty if none, and the graphs."""
    rows = store.rows(_STATEMENTS, default_graph=PUBLISHED_GRAPH)
    digests = [row["o"] for row in rows if row["p"] == _IDENTIFIER]
    return digests[0] if digests else "", {row["o"] for row in rows if row["p"] == NAMED_GRAPH}


def _staging(turn: Turn, graph: str) -> str:
    return f"{turn.name}/{graph.removeprefix(GRAPH)}"


def _split(published: Published, turn: Turn, folder: Path) -> tuple[list[_Part], int]:
    """The named graphs of a build as a file each, and the number of triples in its default graph."""
    counts: dict[str, int] = {}
    files: dict[str, IO[str]] = {}
    triples = 0
    with ExitStack() as stack:
        for quad in _quads(published.dataset):
            if isinstance(quad.graph_name, ox.DefaultGraph):
                triples += 1
                continue
            name = str(quad.graph_name.value)
            if name not in files:
                path = folder / f"{len(files)}.nt"
                files[name] = stack.enter_context(path.open("w", encoding="utf-8"))
            files[name].write(f"{quad.triple} .\n")
            counts[name] = counts.get(name, 0) + 1
    places = {name: number for number, name in enumerate(files)}
    parts = [_Part(name, _staging(turn, name), folder / f"{places[name]}.nt", counts[name]) for name in sorted(files)]
    return parts, triples


def _quads(dataset: Path) -> Iterator[ox.Quad]:
    return iter(ox.parse(path=str(dataset), format=ox.RdfFormat.N_QUADS))


def _require(store: Store, graph: str, triples: int) -> None:
    """Nothing, if a graph holds as many triples as were put into it.

    Raises: ClusterGraphError otherwise.
    """
    rows = store.rows(_COUNT, default_graph=graph)
    counted = rows[0].get("n") if rows else None
    if counted != str(triples):
        message = f"the store counts {counted} of the {triples} triples that were put into {graph}: publish again"
        raise ClusterGraphError(message)


def _require_whole(store: Store, turn: Turn, digest: str, sizes: Mapping[str, int]) -> None:
    """Nothing, if a store holds a dataset with all of its triples; one that lost some is not left to be served.

    Raises: ClusterGraphError otherwise.
    """
    held, _ = _held(store)
    if held != digest:
        turn.keep()
        message = f"the store took everything but holds {held[:12] or 'nothing'}: publish again"
        raise ClusterGraphError(message)
    try:
        for name, triples in sizes.items():
            _require(store, name, triples)
    except ClusterGraphError:
        turn.keep()  # what is there is of whoever took over, else
        store.update(_removed(turn, _digest(str(ox.Literal(digest)))))
        raise


def _flip(digest: str, turn: Turn, moves: Mapping[str, str], gone: list[str]) -> Iterator[str]:
    """The operations that take a store from one version to the next; nothing is done if it is no longer our turn.

    Shape: `moves` maps each graph to what is staged for it. The digest goes first and comes last: a store that does
           half of this says that it holds nothing, and has all graphs of both versions listed.
    """
    yield turn.renewal()
    yield _removed(turn, _digest("?digest"))
    yield _added(turn, [_listed(name) for name in moves if name != DEFAULT_GRAPH])
    for name in (*gone, *moves):
        yield _removed(turn, f"GRAPH {iri(name)} {{ ?s ?p ?o }}")
        if name in moves:
            yield _copied(turn, moves[name], name)
    yield from (_removed(turn, _listed(name)) for name in gone)
    yield _added(turn, [_digest(str(ox.Literal(digest)))])
    yield from (dropped(staging) for staging in moves.values())


def _digest(term: str) -> str:
    return f"GRAPH <{PUBLISHED_GRAPH}> {{ <{DATASET}> <{_IDENTIFIER}> {term} }}"


def _listed(graph: str) -> str:
    return f"GRAPH <{PUBLISHED_GRAPH}> {{ <{DATASET}> <{NAMED_GRAPH}> {iri(graph)} }}"


def _copied(turn: Turn, source: str, target: str) -> str:
    """An operation that adds one graph to another.

    Not MOVE, COPY or ADD: they ask for no condition, and Fuseki 5.6 loses triples where they fill a graph that the same
    request emptied.
    """
    pattern = "{ ?s ?p ?o }"
    return f"INSERT {{ GRAPH {iri(target)} {pattern} }} WHERE {{ {turn.condition} GRAPH {iri(source)} {pattern} }}"


def _added(turn: Turn, patterns: list[str]) -> str:
    return f"INSERT {{ {' '.join(patterns)} }} WHERE {{ {turn.condition} }}"


def _removed(turn: Turn, pattern: str) -> str:
    return f"DELETE {{ {pattern} }} WHERE {{ {turn.condition} {pattern} }}"
