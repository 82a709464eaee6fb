"""A Runner in this process, over a handful of triples, and a client for it: what the web tier is tested with."""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple
from starlette.testclient import TestClient

from clustergraph.engine import Engine
from clustergraph.published import Published
from clustergraph.queries import internal, load_queries
from clustergraph.runner import Answer, QueryRequest, Runner
from clustergraph.settings import Settings
from clustergraph.terms import PREFIXES
from clustergraph.web.app import create_app
from clustergraph.web.problems import BY_STATUS, PROBLEMS

__all__ = [
    "CATALOGUE",
    "DATASET",
    "REPOSITORY",
    "FailingRunner",
    "LocalRunner",
    "TestClient",
    "client_for",
    "exchange",
    "internal_queries",
    "merged_store",
    "problem",
    "published",
]

REPOSITORY = Path(__file__).resolve().parents[1]
TURTLE_PROLOGUE = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())


DATASET = """
graph:curated {
    cluster:alpha a cg:NationalCluster ;
        skos:prefLabel "Alpha cluster"@en , "Cluster alfa"@it ;
        skos:altLabel "The Alphas"@en ;
        cg:hasTerritorialLevel level:national ;
        foaf:homepage <https://alpha.example/> .
    organisation:beta a org:Organization ; skos:prefLabel "Beta institute"@en , "Istituto beta"@it .
    area:hub a cg:TechnologyArea ; skos:prefLabel "Hub area"@en , "Area di raccordo"@it ; skos:inScheme scheme:areas .
    scheme:areas a skos:ConceptScheme ; skos:prefLabel "Areas"@en , "Aree"@it .
}
source-graph:paper {
    source:paper a cg:Source ; dcterms:title "A paper"@en , "Un documento"@it .
    cluster:alpha cg:hasFocusArea area:hub .
    claim:paper--beta-in-alpha a cg:MembershipClaim ;
        cg:isStatedIn source:paper ;
        cg:hasCertainty certainty:stated ;
        cg:evidence "beta takes part in alpha" ;
        org:member organisation:beta ;
        org:organization cluster:alpha .
    count:paper--members a cg:Count ;
        cg:isStatedIn source:paper ;
        cg:hasCertainty certainty:interpreted ;
        cg:isCountOf cluster:alpha ;
        cg:value 12 .
}
graph:inferred {
    cluster:alpha a cg:TechnologyCluster .
    claim:paper--beta-in-alpha a cg:Claim .
    organisation:beta org:memberOf cluster:alpha .
}
graph:ontology {
    <https://w3id.org/clustergraph/ns> a owl:Ontology ;
        rdfs:label "The ontology"@en ;
        owl:versionInfo "1.0.0" .
    cg:NationalCluster a owl:Class ;
        rdfs:isDefinedBy <https://w3id.org/clustergraph/ns> ;
        rdfs:label "national cluster"@en , "cluster nazionale"@it ;
        rdfs:subClassOf cg:TechnologyCluster ;
        skos:definition "A cluster of national reach."@en , "Un cluster di portata nazionale."@it .
    cg:TechnologyCluster a owl:Class ;
        rdfs:isDefinedBy <https://w3id.org/clustergraph/ns> ;
        rdfs:label "technology cluster"@en , "cluster tecnologico"@it .
    cg:MembershipClaim a owl:Class ;
        rdfs:isDefinedBy <https://w3id.org/clustergraph/ns> ;
        rdfs:label "membership claim"@en .
    cg:hasFocusArea a owl:ObjectProperty ;
        rdfs:isDefinedBy <https://w3id.org/clustergraph/ns> ;
        rdfs:label "has focus area"@en , "ha area di riferimento"@it ;
        rdfs:range cg:TechnologyArea .
    certainty:stated a skos:Concept ; skos:prefLabel "stated"@en , "dichiarato"@it .
    certainty:interpreted a skos:Concept ; skos:prefLabel "interpreted"@en , "interpretato"@it .
    level:national a skos:Concept ; skos:prefLabel "national"@en , "nazionale"@it .
}
"""

CATALOGUE = {
    "clusters": """\
# title: All clusters
# asks@en: Which clusters are there?
# asks@it: Quali cluster ci sono?
# column cluster: IRI of the cluster
# column name: English name
SELECT ?cluster ?name
WHERE {
  ?cluster a cg:TechnologyCluster ;
    skos:prefLabel ?name .
  FILTER(LANG(?name) = "en")
}
ORDER BY ?name
""",
    "members-of": """\
# title: Members of a cluster
# asks@en: Who is in a cluster?
# asks@it: Chi fa parte di un cluster?
# parameter cluster (cluster): whose members, e.g. alpha
# column cluster: the cluster asked for
# column member: IRI of the member
SELECT ?cluster ?member
WHERE { ?member org:memberOf ?cluster }
ORDER BY ?member
""",
    "with-text": """\
# title: Labels
# asks@en: Which things have this name?
# asks@it: Quali cose hanno questo nome?
# parameter name (text): an English name, e.g. Hub
# column name: the name asked for
# column thing: IRI of the thing
SELECT ?name ?thing
WHERE {
  ?thing skos:prefLabel ?label .
  FILTER(STR(?label) = ?name)
}
ORDER BY ?thing
""",
}


def internal_queries() -> dict[str, str]:
    """The queries of queries/internal, by name."""
    folder = REPOSITORY / "queries/internal"
    return {path.stem: internal(folder, path.stem) for path in folder.glob("*.rq")}


def merged_store(trig: str) -> Store:
    """The quads of a TriG text in our prefixes, and the merge of its graphs as the default graph."""
    store = Store()
    store.load(input=f"{TURTLE_PROLOGUE}{trig}".encode(), format=RdfFormat.TRIG)
    for quad in list(store):
        store.add(Quad(quad.subject, quad.predicate, quad.object))
    return store


class LocalRunner:
    """Evaluates in the event loop, in small frames, and remembers what it was asked."""

    digest = "d" * 64

    def __init__(self, trig: str = DATASET, *, frame_bytes: int = 100) -> None:
        self._store = merged_store(trig)
        self._engine = Engine(self._store)
        self._frame_bytes = frame_bytes
        self.asked: list[QueryRequest] = []
        self.frames_given = 0
        self.closed = 0

    def graph(self, iri: str) -> set[Triple]:
        """The triples of one named graph."""
        return {quad.triple for quad in self._store.quads_for_pattern(None, None, None, NamedNode(iri))}

    async def answer(self, request: QueryRequest) -> Answer:
        self.asked.append(request)
        evaluated = self._engine.evaluate(request)
        stream = io.BytesIO()
        evaluated.write(stream)
        return Answer(evaluated.format, self._frames(stream.getvalue()))

    async def _frames(self, body: bytes) -> AsyncGenerator[bytes, None]:
        try:
            for start in range(0, len(body), self._frame_bytes):
                self.frames_given += 1
                yield body[start : start + self._frame_bytes]
        finally:
            self.closed += 1


class FailingRunner:
    """Answers every query with one and the same error."""

    digest = "d" * 64

    def __init__(self, make: Callable[[], Exception]) -> None:
        self._make = make

    async def answer(self, request: QueryRequest) -> Answer:
        raise self._make()


def published(folder: Path) -> Published:
    """A built dataset as far as the web tier looks at it: our internal queries, and a catalogue of its own."""
    catalogue = folder / "catalogue"
    catalogue.mkdir(exist_ok=True)
    for name, text in CATALOGUE.items():
        (catalogue / f"{name}.rq").write_text(text, encoding="utf-8")
    counts = {"clusters": 1, "sources": 1}
    return Published(REPOSITORY, "2026.11.0", "d" * 64, counts, load_queries(catalogue), internal_queries())


def client_for(folder: Path, runner: Runner | None = None, settings: Settings | None = None) -> TestClient:
    """A client of the application; server errors come back as answers, redirects are not followed."""
    app = create_app(published(folder), settings or Settings(), runner=runner or LocalRunner())
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def problem(status: int, name: str, detail: str, **place: Any) -> dict[str, Any]:
    """The problem document that is expected."""
    titles = {one.name: one.title for one in (*PROBLEMS.values(), *BY_STATUS.values())}
    return {
        "type": f"https://w3id.org/clustergraph/problems#{name}",
        "title": titles[name],
        "status": status,
        "detail": detail,
        **place,
    }


def exchange(
    app: Any,
    method: str,
    path: str = "/sparql",
    *,
    query: str = "",
    query_string: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    receive: Callable[[], Awaitable[dict[str, object]]] | None = None,
    version: str | None = None,
) -> list[dict[str, Any]]:
    """The ASGI messages that the application sends, for what no HTTP client would send or show."""
    sent: list[dict[str, Any]] = []

    async def nothing_more() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode({"query": query}).encode() if query else query_string,
        "headers": list(headers),
        **({"http_version": version} if version else {}),
    }

    async def run() -> None:
        await app(scope, receive or nothing_more, send)
        await asyncio.sleep(0)  # for what was cancelled to end

    asyncio.run(run())
    return sent
