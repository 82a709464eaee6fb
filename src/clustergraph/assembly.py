"""A repository into one dataset: a graph per source, curated, mapping, ontology, what the rules infer, and their merge.

The default graph is the RDF merge of all named graphs as a set. Knows nothing of checking, files out or HTTP.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyoxigraph as ox

from clustergraph.errors import QueryError, UsageError
from clustergraph.guard import admit
from clustergraph.repository import Document, Repository
from clustergraph.runner import Limits
from clustergraph.terms import PREFIXES, graph_iri

INFERRED = "inferred"
ALIKE_LIMIT = 6  # blank nodes of one file; the time that naming them takes grows with the factorial of their number

_Term = TypeVar("_Term")


class Assembly(NamedTuple):
    """An assembled dataset.

    Shape: `store` holds the named graphs and, as the default graph, their merge; `inferred_by` counts the new triples
           of each rule, by rule name.
    """

    store: ox.Store
    inferred_by: Mapping[str, int]

    def graph(self, name: str) -> Iterator[ox.Triple]:
        """The triples of one named graph."""
        return (quad.triple for quad in self.store.quads_for_pattern(None, None, None, ox.NamedNode(graph_iri(name))))

    def merge(self) -> Iterator[ox.Triple]:
        """The triples of the default graph."""
        return (quad.triple for quad in self.store.quads_for_pattern(None, None, None, ox.DefaultGraph()))

    def add(self, name: str, triples: Iterable[ox.Triple]) -> None:
        """Adds triples to a named graph and to the merge."""
        graph = ox.NamedNode(graph_iri(name))
        for triple in triples:
            self.store.add(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
            self.store.add(ox.Quad(triple.subject, triple.predicate, triple.object))


def read_rules(root: Path) -> dict[str, str]:
    """The texts of the rules of a repository, by path.

    Raises: UsageError naming one that is no text.
    """
    rules = {}
    for path in sorted((root / "queries/rules").glob("*.rq")):
        try:
            rules[str(path)] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as exc:
            message = f"'{path}' is not a SPARQL query: {str(exc)[:200]}"
            raise UsageError(message) from exc
    return rules


def assemble(repository: Repository, rules: Mapping[str, str] | None = None) -> Assembly:
    """The dataset of a repository, with everything its rules infer; metadata is added by the build.

    Shape:  without rules, those of the repository's folder are read.
    Raises: UsageError naming a rule that is no CONSTRUCT query.
    """
    rules = read_rules(repository.root) if rules is None else rules
    assembly = Assembly(ox.Store(), {})
    for document in repository.dataset_documents:
        assembly.add(document.graph, _with_stable_blank_nodes(document))
    counts = {Path(path).stem: _apply(assembly, path, text) for path, text in rules.items()}
    return Assembly(assembly.store, counts)


def _apply(assembly: Assembly, rule: str, text: str) -> int:
    """One rule over all that is there already, so that a rule sees what those before it in name order have made."""
    try:
        admit(text, limits=Limits())  # a contributed rule must not call other servers from the machine that builds
        result = assembly.store.query(text, prefixes=PREFIXES)
    except QueryError as exc:
        message = f"'{rule}' cannot be a rule: {exc.detail}"
        raise UsageError(message) from exc
    except SyntaxError as exc:
        message = f"'{rule}' is not a SPARQL query: {str(exc)[:200]}"
        raise UsageError(message) from exc
    if not isinstance(result, ox.QueryTriples):
        del result  # a traceback would keep it, and only the thread that made it may drop it
        message = f"'{rule}' infers nothing: a rule is a CONSTRUCT query"
        raise UsageError(message)
    store = assembly.store
    new = {triple for triple in result if ox.Quad(triple.subject, triple.predicate, triple.object) not in store}
    assembly.add(INFERRED, new)
    return len(new)


def has_too_many_alike(document: Document) -> bool:
    """Whether so many blank nodes are alike, seen from their own statements, that naming them might not end."""
    seen: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for triple in document.triples:
        for node in (triple.subject, triple.object):
            if isinstance(node, ox.BlankNode):
                terms = (triple.subject, triple.predicate, triple.object)
                seen[node.value].add(tuple(_from(node, term) for term in terms))
    groups = Counter(frozenset(one) for one in seen.values())
    return sum(count for count in groups.values() if count > 1) > ALIKE_LIMIT


def _from(node: ox.BlankNode, term: object) -> str:
    return str(int(term == node)) if isinstance(term, ox.BlankNode) else str(term)


def _with_stable_blank_nodes(document: Document) -> Iterable[ox.Triple]:
    """The triples with blank nodes named by content, so that two builds give the same bytes.

    Source: RDF Dataset Canonicalization 1.0; the names carry the file, as they are only unique within one.
    """
    if not any(isinstance(t.subject, ox.BlankNode) or isinstance(t.object, ox.BlankNode) for t in document.triples):
        return document.triples
    if has_too_many_alike(document):
        message = f"'{document.path}' has more than {ALIKE_LIMIT} blank nodes that are alike: give them IRIs"
        raise UsageError(message)
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in document.triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    mark = f"b{hashlib.sha256(str(document.path).encode()).hexdigest()[:8]}"
    return [ox.Triple(_marked(quad.subject, mark), quad.predicate, _marked(quad.object, mark)) for quad in dataset]


def _marked(term: _Term, mark: str) -> _Term | ox.BlankNode:
    return ox.BlankNode(f"{mark}{term.value}") if isinstance(term, ox.BlankNode) else term
