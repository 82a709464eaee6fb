"""Prefixes, our own IRIs, and the rule that ties a file to the thing it describes.

The only place that spells our host. Knows nothing of RDF libraries: an IRI is a string here.
"""

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

BASE: Final = "https://w3id.org/clustergraph/"
ID: Final = f"{BASE}id/"
GRAPH: Final = f"{BASE}graph/"
CG: Final = f"{BASE}ns#"
ONTOLOGY: Final = f"{BASE}ns"
SHAPES: Final = f"{BASE}shapes#"
RULES: Final = f"{BASE}rules#"
"""In a report in RDF: what each code of docs/rules.md that is not of a shape is called."""
FILES: Final = f"{BASE}file/"
"""In a report in RDF: what a file of a repository is called, before its path."""
DATASET: Final = f"{BASE}dataset"

DEFAULT_GRAPH: Final = f"{GRAPH}default"
"""What the default graph is called in a store of others, whose own may be the bag of everything in it."""
PUBLISHED_GRAPH: Final = f"{GRAPH}published"
"""The graph of a store of others that says which dataset the store holds."""
NO_GRAPH: Final = f"{GRAPH}none"
"""A graph that is never there, for a request that must name one and means none."""

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
SH: Final = "http://www.w3.org/ns/shacl#"
PROV: Final = "http://www.w3.org/ns/prov#"
DCTERMS: Final = "http://purl.org/dc/terms/"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
ORG: Final = "http://www.w3.org/ns/org#"
SSSOM: Final = "https://w3id.org/sssom/"
SEMAPV: Final = "https://w3id.org/semapv/vocab/"
VOID: Final = "http://rdfs.org/ns/void#"
DCAT: Final = "http://www.w3.org/ns/dcat#"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"

FOLDERS: Final = ("ontology", "data", "shapes", "queries")
"""What a repository of curators consists of."""

ENTITY_KINDS: Final = (
    "agreement",
    "call",
    "cluster",
    "initiative",
    "organisation",
    "programme",
    "recognition",
    "scheme",
    "source",
    "strategy",
)
"""Kinds with one file per entity, `data/<kind>/<slug>.ttl`."""

CLAIM_KINDS: Final = ("aim", "alignment", "characterisation", "claim", "count")
"""Kinds that live only in the file of the source that makes the claim; slug `<source>--<what>`."""

VOCABULARY_KINDS: Final = (
    "alignment-kind",
    "aspect",
    "certainty",
    "cluster-kind",
    "countable",
    "level",
    "member-category",
    "organisation-type",
    "role",
    "territory",
    "topic",
)
"""Kinds whose members are concepts of `ontology/vocabularies/<kind>.ttl`."""

KINDS: Final = tuple(sorted((*ENTITY_KINDS, *CLAIM_KINDS, *VOCABULARY_KINDS, "area", "mapping", "membership")))
"""Every `{kind}` of `…/id/{kind}/{slug}`."""

_CLAIMED: Final = (
    "alignedWith",
    "attestedName",
    "evidence",
    "hasAim",
    "hasBroaderFocusArea",
    "hasFocusArea",
    "hasMemberCategory",
    "hasParty",
    "involves",
    "isForArea",
    "isPartOfInitiative",
    "isPromotedBy",
    "isRecognisedBy",
    "isUnderStrategy",
    "recognisedBy",
    "recognises",
)
CLAIM_PROPERTIES: Final = frozenset((f"{ORG}memberOf", *(f"{CG}{name}" for name in _CLAIMED)))
"""With these somebody claims something of a thing; they have no place in the thing's own file."""

PREFIXES: Final[dict[str, str]] = {
    "cg": CG,
    "cgsh": SHAPES,
    "dcat": DCAT,
    "dcterms": DCTERMS,
    "foaf": FOAF,
    "lang": "http://publications.europa.eu/resource/authority/language/",
    "org": ORG,
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "sd": SD,
    "semapv": SEMAPV,
    "sh": SH,
    "skos": SKOS,
    "sssom": SSSOM,
    "vann": "http://purl.org/vocab/vann/",
    "void": VOID,
    "xsd": XSD,
    "graph": GRAPH,
    "source-graph": f"{GRAPH}source/",
    **{kind: f"{ID}{kind}/" for kind in KINDS},
}
"""The one prefix table: files, queries, pages and serialisations use these and no others."""

SLUG: Final = re.compile(r"[a-z0-9]+(?:-{1,2}[a-z0-9]+)*")

_LOCAL_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_NAMESPACES_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))
_CACHED_LENGTH: Final = 200  # of an IRI: a stranger may send long ones


def graph_iri(name: str) -> str:
    """The IRI of one of our named graphs: `curated`, `mapping`, `inferred`, `ontology`, `metadata` or `source/<slug>`.

    >>> graph_iri("source/cfi-mission")
    'https://w3id.org/clustergraph/graph/source/cfi-mission'
    """
    return f"{GRAPH}{name}"


def entity_iri(kind: str, slug: str) -> str:
    """The IRI of a thing.

    >>> entity_iri("cluster", "lombardy-energy")
    'https://w3id.org/clustergraph/id/cluster/lombardy-energy'
    """
    return f"{ID}{kind}/{slug}"


def kind_and_slug(iri: str) -> tuple[str, str] | None:
    """The kind and slug an IRI of ours is made of, or None for any other IRI.

    >>> kind_and_slug("https://w3id.org/clustergraph/id/cluster/lombardy-energy")
    ('cluster', 'lombardy-energy')
    >>> kind_and_slug("https://example.org/id/cluster/lombardy-energy") is None
    True
    """
    if not iri.startswith(ID):
        return None
    kind, _, slug = iri.removeprefix(ID).partition("/")
    return (kind, slug) if kind in KINDS and SLUG.fullmatch(slug) else None


def described_iri(path: PurePosixPath) -> str:
    """The IRI that a contributed file must describe, from its path below the repository.

    >>> described_iri(PurePosixPath("data/cluster/lombardy-energy.ttl"))
    'https://w3id.org/clustergraph/id/cluster/lombardy-energy'
    >>> described_iri(PurePosixPath("ontology/vocabularies/role.ttl"))
    'https://w3id.org/clustergraph/id/scheme/role'
    """
    kind = "scheme" if path.parent.name == "vocabularies" else path.parent.name
    return entity_iri(kind, path.stem)


def compact(iri: str) -> str:
    """The IRI with a prefix of ours where one fits, else in angle brackets.

    >>> compact("https://w3id.org/clustergraph/ns#hasAim")
    'cg:hasAim'
    >>> compact("https://example.org/")
    '<https://example.org/>'
    """
    return _compacted(iri) if len(iri) <= _CACHED_LENGTH else _compacted.__wrapped__(iri)


@lru_cache(maxsize=4_096)  # findings name the same few terms again and again
def _compacted(iri: str) -> str:
    for prefix, namespace in _NAMESPACES_LONGEST_FIRST:
        if iri.startswith(namespace) and _LOCAL_NAME.fullmatch(iri, len(namespace)):
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"


def expand(curie: str) -> str:
    """The IRI of a prefixed name from our table.

    Raises: KeyError if the prefix is not in the table.

    >>> expand("role:member")
    'https://w3id.org/clustergraph/id/role/member'
    """
    prefix, _, local = curie.partition(":")
    return PREFIXES[prefix] + local


def sparql_prologue() -> str:
    """One PREFIX line per entry of the table, for queries that we write ourselves."""
    return "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in sorted(PREFIXES.items()))
