"""The reference engine over the same terms as ours: results as rows that can be compared. For tests alone."""

from collections import Counter

import pyshacl
import pyshacl_turbo
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import SH
from rdflib.term import Node

from clustergraph.reading.parsed import XSD_STRING, Parsed, Term
from clustergraph.reading.parsed import Literal as ReadLiteral
from clustergraph.shacl import Index, Report, validate

Row = tuple[str, ...]


def to_rdflib(parsed: Parsed) -> Graph:
    """A plain rdflib graph of the same terms, lexical forms kept as they were written."""
    graph = Graph()
    for subject, predicate, value in parsed.triples:
        graph.add((_node(subject), URIRef(predicate), _node(value)))
    return graph


def _node(term: Term) -> Node:
    if isinstance(term, ReadLiteral):
        if term.language:
            return Literal(term.lexical, lang=term.language)
        datatype = None if term.datatype == XSD_STRING else URIRef(term.datatype)
        return Literal(term.lexical, datatype=datatype, normalize=False)
    if term.startswith("_:"):  # labels of ours are none to others
        return BNode(f"a{term[3:-1]}" if term[2] == "[" else f"b{term[2:]}")
    return URIRef(term)


def _told(node: Node | None) -> str:
    if isinstance(node, Literal):
        return f"{str(node)!r}@{(node.language or '').lower()}^^{node.datatype or XSD_STRING}"
    return "" if node is None else "_:" if isinstance(node, BNode) else str(node)


def by_pyshacl(shapes: Parsed, data: Parsed) -> Counter[Row]:
    """What pySHACL finds."""
    graph = to_rdflib(shapes)
    _, report, _ = pyshacl.validate(to_rdflib(data), shacl_graph=graph, inference="none", advanced=False, inplace=True)
    assert isinstance(report, Graph), report
    return _rows(report, shapes)


def by_turbo(shapes: Parsed, data: Parsed) -> Counter[Row]:
    """What pyshacl-turbo finds."""
    _, report, _ = pyshacl_turbo.validate(to_rdflib(data), shacl_graph=to_rdflib(shapes))
    assert isinstance(report, Graph), report
    return _rows(report, shapes)


def _rows(report: Graph, shapes: Parsed) -> Counter[Row]:
    keys = (SH.focusNode, SH.resultPath, SH.value, SH.resultSeverity, SH.sourceConstraintComponent, SH.sourceShape)
    return Counter(tuple(_told(report.value(node, key)) for key in keys) for node in report.objects(None, SH.result))


def by_ours(shapes: Parsed, data: Parsed) -> Counter[Row]:
    """What we find."""
    report: Report = validate(Index([shapes]), Index([data]))
    assert report.faults == []
    return Counter(
        tuple(
            _told(None if one is None else _node(one))
            for one in (result.focus, result.path, result.value, result.severity, result.component, result.shape)
        )
        for result in report.results
    )
