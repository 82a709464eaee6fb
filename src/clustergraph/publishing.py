"""A build loaded into a SPARQL 1.1 store of somebody else, one version after another, with nobody seeing half of one.

Each graph is first put under a staging name that carries the digest. One update request then moves them all to their
names and, last, writes the digest where the server of ours that asks this store looks for it. The store's own default
graph is not touched: in some it is the bag of all graphs, so our default graph has a name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, NamedTuple

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError
from clustergraph.layouts import Store
from clustergraph.published import Published
from clustergraph.terms import DATASET, DCTERMS, DEFAULT_GRAPH, GRAPH, PUBLISHED_GRAPH, SD

STAGING: Final = f"{GRAPH}staging"
"""The graph that lists what an unfinished publication has put into a store; its names begin with it."""

_IDENTIFIER: Final = f"{DCTERMS}identifier"
_NAMED_GRAPH: Final = f"{SD}namedGraph"
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


def publish(published: Published, store: Store, *, tell: Callable[[str], None] = lambda _: None) -> Publication:
    """Makes the store hold this build, and nothing of ours beside it.

    Shape:  `tell` is given a line for each step.
    Raises: UsageError where the store cannot be reached or refuses us; ClusterGraphError where it does not do what it
            was asked, in which case it still holds what it held before.
    """
    before, old_graphs = _held(store)
    _drop_leftovers(store, tell)
    if before == published.digest:
        return Publication(published.digest, changed=False, graphs=len(old_graphs), triples=0)
    with TemporaryDirectory(prefix="clustergraph-") as folder:
        parts, triples = _split(published, Path(folder))
        default = _staging(published.digest, DEFAULT_GRAPH)
        store.update(
            _inserted(STAGING, [(_NAMED_GRAPH, _iri(name)) for name in (*(p.staging for p in parts), default)])
        )
        for part in parts:
            tell(f"{part.name}: {part.triples:,} triples")
            store.put(part.staging, part.file)
            _require(store, part.staging, part.triples)
        store.update(" ;\n".join(_copied(part.staging, default) for part in parts))
        _require(store, default, triples)
    moves = [*((part.staging, part.name) for part in parts), (default, DEFAULT_GRAPH)]
    gone = sorted(old_graphs - {part.name for part in parts})
    store.update(" ;\n".join(_flip(published.digest, moves, gone)))
    _require_whole(store, published.digest, [*((part.name, part.triples) for part in parts), (DEFAULT_GRAPH, triples)])
    return Publication(published.digest, changed=True, graphs=len(parts), triples=triples)


def _held(store: Store) -> tuple[str, set[str]]:
    """The digest that a store says it holds, empty if none, and the graphs."""
    rows = store.rows(_STATEMENTS, default_graph=PUBLISHED_GRAPH)
    digests = [row["o"] for row in rows if row["p"] == _IDENTIFIER]
    return digests[0] if digests else "", {row["o"] for row in rows if row["p"] == _NAMED_GRAPH}


def _drop_leftovers(store: Store, tell: Callable[[str], None]) -> None:
    left = {row["o"] for row in store.rows(_STATEMENTS, default_graph=STAGING) if row["o"].startswith(f"{STAGING}/")}
    if left:
        tell(f"{len(left)} graphs that an unfinished publication left are dropped")
        store.update(" ;\n".join(f"DROP SILENT GRAPH {_iri(name)}" for name in (*sorted(left), STAGING)))


def _staging(digest: str, graph: str) -> str:
    return f"{STAGING}/{digest}/{graph.removeprefix(GRAPH)}"


def _split(published: Published, folder: Path) -> tuple[list[_Part], int]:
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
    parts = [
        _Part(name, _staging(published.digest, name), folder / f"{places[name]}.nt", counts[name])
        for name in sorted(files)
    ]
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


def _require_whole(store: Store, digest: str, sizes: list[tuple[str, int]]) -> None:
    """Nothing, if a store holds a dataset with all of its triples; one that lost some is not left to be served.

    Raises: ClusterGraphError otherwise.
    """
    held, _ = _held(store)
    if held != digest:
        message = f"the store took everything but holds {held[:12] or 'nothing'}: did somebody else publish meanwhile?"
        raise ClusterGraphError(message)
    try:
        for name, triples in sizes:
            _require(store, name, triples)
    except ClusterGraphError:
        store.update(f"DROP SILENT GRAPH <{PUBLISHED_GRAPH}>")
        raise


def _flip(digest: str, moves: list[tuple[str, str]], gone: list[str]) -> Iterator[str]:
    """The operations that take a store from one version to the next; the digest comes last."""
    yield from (f"DROP SILENT GRAPH {_iri(name)}" for name in gone)
    for source, target in moves:
        yield f"DROP SILENT GRAPH {_iri(target)}"
        yield _copied(source, target)
        yield f"DROP SILENT GRAPH {_iri(source)}"
    yield f"DROP SILENT GRAPH <{STAGING}>"
    yield f"DROP SILENT GRAPH <{PUBLISHED_GRAPH}>"
    named = [(_NAMED_GRAPH, _iri(target)) for _, target in moves if target != DEFAULT_GRAPH]
    yield _inserted(PUBLISHED_GRAPH, [*named, (_IDENTIFIER, str(ox.Literal(digest)))])


def _copied(source: str, target: str) -> str:
    """An operation that adds one graph to another.

    Not MOVE, COPY or ADD: Fuseki 5.6 loses triples where they fill a graph that the same request emptied.
    """
    pattern = "{ ?s ?p ?o }"
    return f"INSERT {{ GRAPH {_iri(target)} {pattern} }} WHERE {{ GRAPH {_iri(source)} {pattern} }}"


def _inserted(graph: str, said: list[tuple[str, str]]) -> str:
    """An operation that says things of the dataset in a graph; the values are terms already."""
    statements = " ".join(f"<{DATASET}> <{name}> {term} ." for name, term in said)
    return f"INSERT DATA {{ GRAPH <{graph}> {{ {statements} }} }}"


def _iri(name: str) -> str:
    """A name as it stands in an update; the library refuses what is no IRI, so nothing else can come of it."""
    return str(ox.NamedNode(name))
