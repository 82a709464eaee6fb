"""The suites about HTTP: the protocol, whose manifest holds requests and what is expected of each, and the service
description, whose three tests are sentences only.
"""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Dataset, Literal, NamedNode, Quad, RdfFormat, parse, serialize
from suite_manifests import MF, RDF, RDFS, SPARQL, UT, Manifest, Term, local_name, path_of
from suite_server import Endpoint
from suite_trials import MEDIA_TYPES, QUERY, TURTLE, Verdict

FOLDERS: Final = {"sparql11/protocol": 34, "sparql11/service-description": 3}
"""The folders with tests of HTTP that are run, and how many each has."""

HT: Final = "http://www.w3.org/2011/http#"
CNT: Final = "http://www.w3.org/2011/content#"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"

_RDF_TYPES: Final = (TURTLE, "application/n-triples", "application/rdf+xml", "application/ld+json")
_FITTING: Final = {
    "boolean": (MEDIA_TYPES[".srj"], MEDIA_TYPES[".srx"]),
    "tabular": tuple(MEDIA_TYPES.values()),
    "RDF": _RDF_TYPES,
}
_EVERYTHING: Final = b"CONSTRUCT { ?s ?p ?o } WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


@dataclass(frozen=True)
class Request:
    """One request of a test and what its answer must be.

    Shape: `classes` holds the first digits of the statuses that are right.
    """

    method: str
    target: str
    body: bytes | None
    headers: Mapping[str, str]
    classes: frozenset[int]
    kind: str | None
    truth: bool | None

    @property
    def is_update(self) -> bool:
        """Whether it would change something."""
        return (
            "application/sparql-update" in self.headers.get("content-type", "")
            or (self.body or b"").startswith(b"update=")
            or "update=" in self.target
        )


def protocol_outcomes(endpoint: Endpoint) -> dict[str, Verdict]:
    """What comes of each test of the protocol.

    Shape: a test about updates passes if each update is refused with 4xx and nothing has changed after it.
    """
    manifest = Manifest(SPARQL / "sparql11/protocol/manifest.ttl")
    endpoint.serve(serialize(_data(manifest), format=RdfFormat.N_QUADS) or b"")
    before = _contents(endpoint)
    outcomes = {}
    for entry in manifest.entries():
        name = local_name(entry)
        requests = list(_requests(manifest, entry))
        if is_about_updates(name):
            requests = [_refused(one) for one in requests if one.is_update or len(requests) == 1]
        troubles = [_trouble(one, endpoint) for one in requests]
        if is_about_updates(name) and _contents(endpoint) != before:
            troubles.append("something has changed")
        remark = "; ".join(one for one in troubles if one)
        outcomes[f"sparql11/protocol/{name}"] = Verdict(bool(requests) and not remark, remark)
    return outcomes


def is_about_updates(name: str) -> bool:
    """Whether a test of the protocol, by its name, is about updates."""
    return name.startswith(("update_", "bad_update", "bad_multiple_updates"))


def _data(manifest: Manifest) -> Iterator[Quad]:
    """The graphs that the tests speak of, each by the name that its label gives."""
    named = {
        (path_of(_one(manifest, graph, f"{UT}graph")), _text(manifest, graph, f"{RDFS}label"))
        for entry in manifest.entries()
        for graph in manifest.values(entry, f"{UT}graphData")
    }
    for path, name in sorted(named):
        for quad in parse(path=str(path), format=RdfFormat.N_TRIPLES):
            yield Quad(quad.subject, quad.predicate, quad.object, NamedNode(name))


def _requests(manifest: Manifest, entry: Term) -> Iterator[Request]:
    action = _one(manifest, entry, f"{MF}action")
    for node in manifest.items(_one(manifest, action, f"{HT}requests")):
        answer = _one(manifest, node, f"{HT}resp")
        content = manifest.value(node, f"{HT}body")
        fields = manifest.value(node, f"{HT}headers")
        truth = manifest.value(answer, f"{MF}expectedBoolean")
        kind = manifest.value(answer, f"{MF}expectedFormat")
        statuses = manifest.values(answer, f"{MF}expectedStatus")
        yield Request(
            method=_text(manifest, node, f"{HT}methodName"),
            target=_text(manifest, node, f"{HT}absolutePath").replace("/sparql/", "/sparql", 1),
            body=None if content is None else _encoded(manifest, content),
            headers={
                _text(manifest, field, f"{HT}fieldName").lower(): _text(manifest, field, f"{HT}fieldValue")
                for field in ([] if fields is None else manifest.items(fields))
            },
            classes=frozenset(int(local_name(status).removeprefix("StatusCode")[0]) for status in statuses),
            kind=kind.value if isinstance(kind, Literal) else None,
            truth=truth.value == "true" if isinstance(truth, Literal) else None,
        )


def _encoded(manifest: Manifest, content: Term) -> bytes:
    return _text(manifest, content, f"{CNT}chars").encode(_text(manifest, content, f"{CNT}characterEncoding"))


def _one(manifest: Manifest, subject: Term, predicate: str) -> Term:
    (found,) = manifest.values(subject, predicate)
    return found


def _text(manifest: Manifest, subject: Term, predicate: str) -> str:
    found = _one(manifest, subject, predicate)
    assert isinstance(found, Literal), found
    return found.value


def _refused(request: Request) -> Request:
    """The same request, of which nothing is expected but a refusal."""
    return Request(request.method, request.target, request.body, request.headers, frozenset({4}), None, None)


def _trouble(request: Request, endpoint: Endpoint) -> str:
    """What is wrong with the answer to a request; nothing if it is as it must be."""
    reply = endpoint.exchange(request.method, request.target, body=request.body, headers=request.headers)
    if reply.status // 100 not in request.classes:
        return f"answered with {reply.status}: {reply.body.decode()[:300]}"
    if request.kind is not None and reply.media_type not in _FITTING[request.kind]:
        return f"answered in {reply.media_type}"
    if request.truth is not None and json.loads(reply.body)["boolean"] is not request.truth:
        return f"did not answer {request.truth}"
    return ""


def _contents(endpoint: Endpoint) -> bytes:
    reply = endpoint.exchange("POST", body=_EVERYTHING, headers={"Content-Type": QUERY})
    assert reply.status == 200, reply
    assert reply.body, "the dataset is empty, so nothing could be seen to change"
    return reply.body


_DOMAINS: Final = {
    **dict.fromkeys(("endpoint", "feature", "supportedLanguage", "languageExtension", "propertyFeature"), "Service"),
    **dict.fromkeys(("extensionFunction", "extensionAggregate", "resultFormat", "inputFormat"), "Service"),
    **dict.fromkeys(("defaultDataset", "availableGraphs"), "Service"),
    **dict.fromkeys(("defaultEntailmentRegime", "defaultSupportedEntailmentProfile"), "Service"),
    **dict.fromkeys(("entailmentRegime", "supportedEntailmentProfile", "name", "graph"), "NamedGraph"),
    "defaultGraph": "Dataset",
    "namedGraph": "GraphCollection",
}
"""The properties of the vocabulary, and the class of what has them."""

_RANGES: Final = {
    "defaultDataset": "Dataset",
    "availableGraphs": "GraphCollection",
    "defaultGraph": "Graph",
    "namedGraph": "NamedGraph",
    "graph": "Graph",
    "extensionFunction": "Function",
    "extensionAggregate": "Aggregate",
}
"""The class of a value that has no meaning outside the description, so that its type must be said."""

_KNOWN: Final = {
    "supportedLanguage": {"SPARQL10Query", "SPARQL11Query", "SPARQL11Update"},
    "feature": {"DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery"},
}
"""The values that the vocabulary itself defines."""

_SUPERCLASSES: Final = {"Dataset": "GraphCollection"}


def description_outcomes(endpoint: Endpoint) -> dict[str, Verdict]:
    """What comes of the three tests of the service description, for what is served now."""
    replies = {one: endpoint.exchange("GET", headers={"Accept": one}) for one in _RDF_TYPES}
    wrong = [one for one, reply in replies.items() if (reply.status, reply.media_type) != (200, one)]
    graph = Dataset() if wrong else Dataset(parse(replies[TURTLE].body, format=RdfFormat.TURTLE))
    endpoints = [str(quad.object) for quad in graph if quad.predicate.value == f"{SD}endpoint"]
    remarks = {
        "has-endpoint-triple": "" if endpoints == [f"<{endpoint.url}>"] else f"sd:endpoint is {endpoints}",
        "returns-rdf": f"not answered in {', '.join(wrong)}" if wrong else "",
        "conforms-to-schema": "; ".join(against_schema(graph)),
    }
    return {f"sparql11/service-description/{name}": Verdict(not said, said) for name, said in remarks.items()}


def against_schema(graph: Dataset) -> list[str]:
    """What a service description says otherwise than its vocabulary does.

    Source: SPARQL 1.1 Service Description, section 3.
    """
    types = {(quad.subject, local_name(quad.object)) for quad in graph if quad.predicate == NamedNode(f"{RDF}type")}
    types |= {(node, _SUPERCLASSES[name]) for node, name in types if name in _SUPERCLASSES}
    of_vocabulary = [quad for quad in graph if quad.predicate.value.startswith(SD)]
    troubles = [trouble for quad in of_vocabulary for trouble in _against_property(quad, types)]
    named = {quad.subject for quad in of_vocabulary if quad.predicate.value == f"{SD}name"}
    troubles += [
        f"{node} is a sd:NamedGraph without a name"
        for node, name in types
        if name == "NamedGraph" and node not in named
    ]
    return troubles if any(name == "Service" for _, name in types) else [*troubles, "there is no sd:Service"]


def _against_property(quad: Quad, types: AbstractSet[tuple[Term, str]]) -> Iterator[str]:
    name = quad.predicate.value.removeprefix(SD)
    if name not in _DOMAINS:
        yield f"there is no sd:{name}"
    elif (quad.subject, _DOMAINS[name]) not in types:
        yield f"{quad.subject} has a sd:{name} and is no sd:{_DOMAINS[name]}"
    if name in _RANGES and (quad.object, _RANGES[name]) not in types:
        yield f"{quad.object} is a sd:{name} and no sd:{_RANGES[name]}"
    if name in _KNOWN and str(quad.object).strip("<>").removeprefix(SD) not in _KNOWN[name]:
        yield f"{quad.object} is not known as a sd:{name}"
