"""SHACL validation: shapes and data as terms in, findings out. The only module that imports pySHACL and rdflib graphs.

The reference engine runs over plain in-memory rdflib graphs, built from terms that our own door has parsed: no text and
no path reaches a parser or loader here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pyoxigraph as ox
import pyshacl
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import SH
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result as QueryResult
from rdflib.term import Node

from clustergraph.findings import INFO, VIOLATION, WARNING

COMPONENTS: Final[dict[str, tuple[str, str, str]]] = {
    "ClassConstraintComponent": (
        "C001",
        "a value is not of the class asked for",
        "un valore non è della classe richiesta",
    ),
    "DatatypeConstraintComponent": ("C002", "a value has another datatype", "un valore ha un altro tipo di dato"),
    "NodeKindConstraintComponent": ("C003", "a value is of another node kind", "un valore è un nodo di altro genere"),
    "MinCountConstraintComponent": ("C004", "too few values", "troppo pochi valori"),
    "MaxCountConstraintComponent": ("C005", "too many values", "troppi valori"),
    "MinExclusiveConstraintComponent": ("C006", "a value is too small", "un valore è troppo piccolo"),
    "MinInclusiveConstraintComponent": ("C007", "a value is too small", "un valore è troppo piccolo"),
    "MaxExclusiveConstraintComponent": ("C008", "a value is too large", "un valore è troppo grande"),
    "MaxInclusiveConstraintComponent": ("C009", "a value is too large", "un valore è troppo grande"),
    "MinLengthConstraintComponent": ("C010", "a text is too short", "un testo è troppo corto"),
    "MaxLengthConstraintComponent": ("C011", "a text is too long", "un testo è troppo lungo"),
    "PatternConstraintComponent": ("C012", "a text does not fit its pattern", "un testo non segue il suo modello"),
    "LanguageInConstraintComponent": ("C013", "a text is in another language", "un testo è in un'altra lingua"),
    "UniqueLangConstraintComponent": ("C014", "one language has two texts", "una lingua ha due testi"),
    "EqualsConstraintComponent": ("C015", "two properties differ", "due proprietà differiscono"),
    "DisjointConstraintComponent": ("C016", "two properties share a value", "due proprietà hanno un valore comune"),
    "LessThanConstraintComponent": ("C017", "values are in the wrong order", "i valori sono nell'ordine sbagliato"),
    "LessThanOrEqualsConstraintComponent": ("C018", "values are in the wrong order", "i valori sono in disordine"),
    "NotConstraintComponent": ("C019", "something stands that must not", "c'è qualcosa che non deve esserci"),
    "AndConstraintComponent": ("C020", "not all of several conditions hold", "non tutte le condizioni valgono"),
    "OrConstraintComponent": ("C021", "none of several conditions holds", "nessuna delle condizioni vale"),
    "XoneConstraintComponent": ("C022", "not exactly one condition holds", "non vale esattamente una condizione"),
    "NodeConstraintComponent": ("C023", "a value does not fit its shape", "un valore non segue la sua forma"),
    "QualifiedMinCountConstraintComponent": ("C024", "too few fitting values", "troppo pochi valori adatti"),
    "QualifiedMaxCountConstraintComponent": ("C025", "too many fitting values", "troppi valori adatti"),
    "ClosedConstraintComponent": ("C026", "a property does not belong here", "una proprietà qui non è ammessa"),
    "HasValueConstraintComponent": ("C027", "a value that must be there is not", "manca un valore obbligatorio"),
    "InConstraintComponent": ("C028", "a value is not in the list", "un valore non è nell'elenco"),
    "SPARQLConstraintComponent": ("C029", "a rule of the shape is broken", "una regola della forma è violata"),
}
"""Every constraint component of SHACL 1.0 with our code and a sentence per language, for want of the shape's words."""

_VARIABLE: Final = re.compile(r"\{[?$]\w+\}")
_SEVERITIES: Final = {SH.Violation: VIOLATION, SH.Warning: WARNING, SH.Info: INFO}


class Result(NamedTuple):
    """One validation result.

    Shape: IRIs and lexical forms as strings; `path` and `value` are empty where the result has none; `message` has one
           sentence per language.
    """

    focus: str
    path: str
    value: str
    component: str
    shape: str
    severity: str
    message: Mapping[str, str]


class _Graph(Graph):
    """A graph that parses each query text once.

    pySHACL asks the same text for every focus node, and parsing was nine tenths of the time of a whole check.
    """

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> QueryResult:
        """As rdflib's own, with the text replaced by its parsed form."""
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@lru_cache(maxsize=1_000)
def _prepared(text: str) -> Query:
    return prepareQuery(text)


def to_rdflib(triples: Iterable[ox.Triple]) -> Graph:
    """A plain in-memory rdflib graph of the same terms, lexical forms kept as they were written."""
    graph = _Graph()
    for triple in triples:
        graph.add((_node(triple.subject), _node(triple.predicate), _node(triple.object)))
    return graph


def _messages(report: Graph, node: Node, shapes: Graph) -> dict[str, str]:
    """The shape's own words by language."""
    texts = [text for text in report.objects(node, SH.resultMessage) if isinstance(text, Literal)]
    found = {text.language: str(text) for text in texts if text.language}
    # Where pySHACL fills in the variables of a SPARQL constraint's message it drops the language: it is the language of
    # the message that gives the text when its variables are filled in.
    constraint = report.value(node, SH.sourceConstraint)
    for message in shapes.objects(constraint, SH.message) if constraint else ():
        form = ".*".join(re.escape(part) for part in _VARIABLE.split(str(message)))
        for text in texts:
            if isinstance(message, Literal) and message.language and re.fullmatch(form, text, re.DOTALL):
                found[message.language] = str(text)
    return found


def _node(term: object) -> Node:
    match term:
        case ox.NamedNode(value=value):
            return URIRef(value)
        case ox.BlankNode(value=value):
            return BNode(value)
        case ox.Literal(language=str(language), value=value):
            return Literal(value, lang=language, normalize=False)
        case ox.Literal(datatype=datatype, value=value):
            plain = datatype.value == "http://www.w3.org/2001/XMLSchema#string"
            return Literal(value, datatype=None if plain else URIRef(datatype.value), normalize=False)
    message = f"{term} is no term of RDF 1.1"
    raise TypeError(message)


def validate(data: Graph, shapes: Graph) -> Iterator[Result]:
    """Every result that the shapes give on the data, nested details left out.

    Source: SHACL 1.0, sections 3.6 and 5; nothing of the draft features, no imports, no scripts.
    """
    _conforms, report, _text = pyshacl.validate(
        data,
        shacl_graph=shapes,
        inference="none",
        advanced=False,
        js=False,
        do_owl_imports=False,
        meta_shacl=False,
        inplace=True,
    )
    if not isinstance(report, Graph):
        message = "the SHACL engine gave no report"
        raise TypeError(message)
    for node in report.objects(None, SH.result):
        yield _result(report, node, shapes)


def _result(report: Graph, node: Node, shapes: Graph) -> Result:
    def said(predicate: URIRef) -> str:
        return str(report.value(node, predicate) or "")

    component = said(SH.sourceConstraintComponent).removeprefix(str(SH))
    _, english, italian = COMPONENTS[component]
    messages = {"en": english, "it": italian, **_messages(report, node, shapes)}
    severity = _SEVERITIES.get(report.value(node, SH.resultSeverity), VIOLATION)  # type: ignore[call-overload]
    return Result(
        said(SH.focusNode), said(SH.resultPath), said(SH.value), component, said(SH.sourceShape), severity, messages
    )
