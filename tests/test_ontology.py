"""The gates of the ontology: what it may say, what it must say, and that a reasoner agrees.

Each gate is a function from a graph to its findings, so that a test can also show it a graph with one fault.
Reads the project's own Turtle with RDFLib, and from the build only what rules and metadata add to it.
"""

import csv
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final

import owlrl
import pyoxigraph as ox
import pytest
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import (
    DCAT,
    DCTERMS,
    FOAF,
    ORG,
    OWL,
    PROV,
    RDF,
    RDFS,
    SH,
    SKOS,
    VANN,
    VOID,
    XSD,
    DefinedNamespace,
)
from rdflib.term import Node

from clustergraph.assembly import assemble
from clustergraph.metadata import describe_dataset
from clustergraph.repository import read_repository

ROOT: Final = Path(__file__).parents[1]
BASE: Final = "https://w3id.org/clustergraph/"
CG: Final = Namespace(f"{BASE}ns#")
ONTOLOGY: Final = URIRef(f"{BASE}ns")
MODULES: Final = ("clustergraph", "restrictions", "alignments")
LANGUAGES: Final = {"en", "it"}
TABLES: Final = "data/mapping/*.sssom.tsv"

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
OTHER_KINDS: Final = (
    "agreement",
    "aim",
    "alignment",
    "area",
    "call",
    "characterisation",
    "claim",
    "cluster",
    "count",
    "initiative",
    "mapping",
    "membership",
    "organisation",
    "programme",
    "recognition",
    "scheme",
    "source",
    "strategy",
)
PREFIXES: Final = {
    "cg": str(CG),
    "cgsh": f"{BASE}shapes#",
    "graph": f"{BASE}graph/",
    "source-graph": f"{BASE}graph/source/",
    **{kind: f"{BASE}id/{kind}/" for kind in (*VOCABULARY_KINDS, *OTHER_KINDS)},
    "dcat": str(DCAT),
    "dcterms": str(DCTERMS),
    "foaf": str(FOAF),
    "lang": "http://publications.europa.eu/resource/authority/language/",
    "org": str(ORG),
    "owl": str(OWL),
    "prov": str(PROV),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "sh": str(SH),
    "skos": str(SKOS),
    "sssom": "https://w3id.org/sssom/",
    "vann": str(VANN),
    "void": str(VOID),
    "xsd": str(XSD),
}
"""Every prefix there is, spelled a second time so that a slip in one place shows."""

OWL_RL_TERMS: Final = {
    OWL.AnnotationProperty,
    OWL.Class,
    OWL.DatatypeProperty,
    OWL.ObjectProperty,
    OWL.Ontology,
    OWL.Restriction,
    OWL.allValuesFrom,
    OWL.deprecated,
    OWL.differentFrom,
    OWL.disjointWith,
    OWL.hasValue,
    OWL.imports,
    OWL.onProperty,
    OWL.priorVersion,
    OWL.versionIRI,
    OWL.versionInfo,
}
"""The OWL terms that we allow ourselves: all of them within OWL 2 RL where the restrictions are superclasses."""

SHACL_BEYOND_1_0: Final = re.compile(
    r"JS\w+|js\w*|[Rr]ule|\w+Rule|[Tt]arget|TargetType|SPARQLTarget\w*|Function|SPARQLFunction|returnType|this|nodes"
    r"|\w+(Construct|Update)Executable|construct|update|Expression\w+|expression|filterShape|intersection|union"
    r"|condition|subject|predicate|object|[Rr]esultAnnotation|annotation\w+"
)
"""Terms of the notes on SHACL's advanced features and JavaScript extensions: not in the Recommendation of 2017."""

# https://github.com/mapping-commons/sssom, src/sssom_schema/schema/sssom_schema.yaml, SSSOM 1.1: the slots we use.
SSSOM_TERMS: Final = frozenset(
    {
        "Mapping",
        "author_label",
        "comment",
        "confidence",
        "mapping_date",
        "mapping_justification",
        "object_id",
        "predicate_id",
        "subject_id",
    }
)
# The same file, values allowed for mapping_justification.
SEMAPV_TERMS: Final = frozenset(
    {
        "BackgroundKnowledgeBasedMatching",
        "CompositeMatching",
        "InstanceBasedMatching",
        "LexicalMatching",
        "LexicalSimilarityThresholdMatching",
        "LogicalReasoning",
        "ManualMappingCuration",
        "MappingChaining",
        "MappingInversion",
        "MappingReview",
        "SemanticSimilarityThresholdMatching",
        "StructuralMatching",
        "UnspecifiedMatching",
    }
)
# https://www.w3.org/ns/sparql-service-description.ttl: the terms we use.
SERVICE_DESCRIPTION_TERMS: Final = frozenset(
    {
        "Dataset",
        "Graph",
        "NamedGraph",
        "SPARQL11Query",
        "Service",
        "UnionDefaultGraph",
        "defaultDataset",
        "defaultGraph",
        "endpoint",
        "feature",
        "name",
        "namedGraph",
        "resultFormat",
        "supportedLanguage",
    }
)
# http://publications.europa.eu/resource/authority/language, the two languages we have sources in.
LANGUAGE_CODES: Final = frozenset({"ENG", "ITA"})

PINNED_LISTS: Final = {
    PREFIXES["lang"]: LANGUAGE_CODES,
    PREFIXES["sd"]: SERVICE_DESCRIPTION_TERMS,
    PREFIXES["semapv"]: SEMAPV_TERMS,
    PREFIXES["sssom"]: SSSOM_TERMS,
}
PINNED_BY_RDFLIB: Final[dict[str, type[DefinedNamespace]]] = {
    str(vocabulary): vocabulary
    for vocabulary in (DCAT, DCTERMS, FOAF, ORG, OWL, PROV, RDF, RDFS, SH, SKOS, VANN, VOID, XSD)
}
PINNED: Final = (*PINNED_LISTS, *PINNED_BY_RDFLIB)
"""The external vocabularies that may be used."""

BUILT_IN: Final = (str(OWL), str(RDF), str(RDFS), str(SH), str(XSD))
"""Vocabularies that OWL or SHACL define themselves: nobody declares their terms."""

HEADER: Final = (
    DCTERMS.abstract,
    DCTERMS.bibliographicCitation,
    DCTERMS.created,
    DCTERMS.creator,
    DCTERMS.description,
    DCTERMS.issued,
    DCTERMS.license,
    DCTERMS.modified,
    DCTERMS.publisher,
    DCTERMS.title,
    OWL.versionIRI,
    OWL.versionInfo,
    VANN.preferredNamespacePrefix,
    VANN.preferredNamespaceUri,
)
HEADER_TEXTS: Final = {DCTERMS.abstract, DCTERMS.bibliographicCitation, DCTERMS.description, DCTERMS.title}
HEADER_DATES: Final = {DCTERMS.created, DCTERMS.issued, DCTERMS.modified}
HEADER_THINGS: Final = {DCTERMS.creator, DCTERMS.license, DCTERMS.publisher, OWL.versionIRI}

PROPERTY_TYPES: Final = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
TERM_TYPES: Final = (OWL.Class, *PROPERTY_TYPES)
LABELS: Final = (SKOS.prefLabel, SKOS.altLabel, SKOS.hiddenLabel)
MATCHES: Final = (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch)
MAPPING_COLUMNS: Final = [
    "subject_id",
    "predicate_id",
    "object_id",
    "mapping_justification",
    "author_label",
    "mapping_date",
    "confidence",
    "comment",
]

ERROR_NODE: Final = URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage")
ERROR_TEXT: Final = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")


# The files


def merged(*patterns: str) -> Graph:
    """All Turtle files below the project that fit one of the patterns, as one graph."""
    graph = Graph()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            graph.parse(path, format="turtle")
    return graph


def copied(*graphs: Graph) -> Graph:
    """A graph of its own with the triples of all the graphs: tests break this, never the shared one."""
    copy = Graph()
    for graph in graphs:
        copy += graph
    return copy


def without_texts(graph: Graph) -> Graph:
    """The graph without its literals, on which a reasoner only loses time."""
    rest = Graph()
    for s, p, o in graph:
        if not isinstance(o, Literal):
            rest.add((s, p, o))
    return rest


def turtle(text: str) -> Graph:
    """A graph from Turtle in which every prefix of ours is known."""
    prologue = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())
    return Graph().parse(data=prologue + text, format="turtle")


@functools.cache
def core() -> Graph:
    return merged("ontology/clustergraph.ttl")


@functools.cache
def reasoned_ontology() -> Graph:
    """The modules that a reasoner loads; never the alignments."""
    return merged("ontology/clustergraph.ttl", "ontology/restrictions.ttl")


@functools.cache
def axioms() -> Graph:
    """What the reasoner acts on: the same without texts."""
    return without_texts(reasoned_ontology())


@functools.cache
def vocabularies() -> Graph:
    return merged("ontology/vocabularies/*.ttl")


@functools.cache
def data() -> Graph:
    return merged("data/**/*.ttl")


@functools.cache
def shapes() -> Graph:
    return merged("shapes/**/*.ttl")


@functools.cache
def made_at_build() -> Graph:
    """What no Turtle file says: the mapping tables row by row, what the rules infer, and the metadata."""
    repository = read_repository(ROOT)
    assembly = assemble(repository)
    rows = [
        triple
        for document in repository.in_graph("mapping")
        if document.path.suffix == ".tsv"
        for triple in document.triples
    ]
    made = [*rows, *assembly.graph("inferred"), *describe_dataset(repository, assembly)]
    return Graph().parse(data=ox.serialize(made, format=ox.RdfFormat.N_TRIPLES), format="nt")


@functools.cache
def everything() -> Graph:
    """All that a term of a vocabulary can occur in, but for the alignments, which are about other vocabularies."""
    return copied(reasoned_ontology(), vocabularies(), data(), shapes(), made_at_build())


def concept_files() -> list[Path]:
    """The files that hold one concept scheme each."""
    return sorted((*ROOT.glob("ontology/vocabularies/*.ttl"), *ROOT.glob("data/scheme/*.ttl")))


@functools.cache
def concepts_and_schemes() -> Graph:
    return merged("ontology/vocabularies/*.ttl", "data/scheme/*.ttl")


def mapping_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of an SSSOM table, by column."""
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")


@functools.cache
def mappings() -> Graph:
    """The matches that the mapping tables state, as plain triples."""
    graph = Graph()
    for path in sorted(ROOT.glob(TABLES)):
        for row in mapping_rows(path):
            graph.add((expanded(row["subject_id"]), expanded(row["predicate_id"]), expanded(row["object_id"])))
    return graph


# Names


def short(node: Node) -> str:
    """How a finding shows a node: with the longest prefix that fits, else as it is."""
    text = str(node)
    fitting = [(prefix, namespace) for prefix, namespace in PREFIXES.items() if text.startswith(namespace)]
    if not fitting or not isinstance(node, URIRef):
        return text
    prefix, namespace = max(fitting, key=lambda item: len(item[1]))
    return f"{prefix}:{text.removeprefix(namespace)}"


def expanded(curie: str) -> URIRef:
    prefix, _, name = curie.partition(":")
    return URIRef(PREFIXES[prefix] + name)


def namespace_and_name(iri: str) -> tuple[str, str]:
    """The IRI cut after its last hash, or else after its last slash."""
    cut = max(iri.rfind("#"), -1 if "#" in iri else iri.rfind("/")) + 1
    return iri[:cut], iri[cut:]


def iris(graph: Graph) -> set[URIRef]:
    """Every IRI in the graph, in any position, datatypes included."""
    found: set[URIRef] = set()
    for triple in graph:
        for node in triple:
            if isinstance(node, URIRef):
                found.add(node)
            elif isinstance(node, Literal) and node.datatype is not None:
                found.add(node.datatype)
    return found


def our_terms(graph: Graph, *types: URIRef) -> list[Node]:
    """The terms of our namespace that have one of the types, sorted."""
    return sorted({s for t in types for s in graph.subjects(RDF.type, t) if str(s).startswith(str(CG))}, key=str)


def our_concepts(graph: Graph) -> list[Node]:
    """The concepts of our schemes, sorted."""
    return sorted({s for t in (SKOS.Concept, CG.TechnologyArea) for s in graph.subjects(RDF.type, t)}, key=str)


# Gates


def is_pinned(namespace: str, name: str) -> bool:
    """Whether an external vocabulary has a term of that name; of SHACL, the Recommendation."""
    if namespace == str(SH) and SHACL_BEYOND_1_0.fullmatch(name):
        return False
    if namespace in PINNED_LISTS:
        return name in PINNED_LISTS[namespace]
    return name in PINNED_BY_RDFLIB[namespace]


def owl_terms_beyond_rl(graph: Graph) -> list[str]:
    used = {iri for iri in iris(graph) if iri.startswith(str(OWL))}
    findings = {f"{short(term)} is not on the list of OWL terms" for term in used - OWL_RL_TERMS}
    for restriction in graph.subjects(RDF.type, OWL.Restriction):
        places = set(graph.predicates(None, restriction))
        findings |= {f"a restriction is the object of {short(place)}" for place in places - {RDFS.subClassOf}}
        if not places:
            findings.add("a restriction restricts nothing")
    return sorted(findings)


def terms_without_one_owl_type(declarations: Graph, used: Graph) -> list[str]:
    """Classes, properties and terms of ours in `used` that `declarations` does not type exactly once."""
    wanted: set[Node] = {iri for iri in iris(used) if iri.startswith(str(CG))}
    wanted |= set(used.predicates()) | {o for o in used.objects(None, RDF.type) if isinstance(o, URIRef)}
    for points_to_term in (RDFS.domain, RDFS.range, RDFS.subClassOf, RDFS.subPropertyOf, SH.targetClass, SH["class"]):
        wanted |= {o for o in used.objects(None, points_to_term) if isinstance(o, URIRef)}
    findings = []
    for term in sorted(wanted, key=str):
        types = sorted(short(t) for t in declarations.objects(term, RDF.type) if t in TERM_TYPES)
        if not str(term).startswith(BUILT_IN) and len(types) != 1:
            findings.append(f"{short(term)} is declared as {' and '.join(types) or 'nothing'}")
    return findings


def terms_misspelt_in_a_query(query: str, declared: set[str]) -> list[str]:
    """Prefixed names in a query that are neither declared by us nor in the vocabulary that they name."""
    found = set()
    for prefix, name in re.findall(r"(?<![\w-])([a-z][\w-]*):([A-Za-z]\w*)", query):
        namespace = PREFIXES.get(prefix)
        is_unknown_to_us = prefix == "cg" and f"cg:{name}" not in declared
        if is_unknown_to_us or (namespace in PINNED and not is_pinned(namespace, name)):
            found.add(f"{prefix}:{name}")
    return sorted(found)


def values_of_the_wrong_sort(declarations: Graph, used: Graph) -> list[str]:
    findings = []
    for s, p, o in used:
        types = set(declarations.objects(p, RDF.type))
        if OWL.ObjectProperty in types and isinstance(o, Literal):
            findings.append(f"{short(s)} {short(p)} has the literal {str(o)!r}")
        if OWL.DatatypeProperty in types and not isinstance(o, Literal):
            findings.append(f"{short(s)} {short(p)} has the thing {short(o)}")
    return sorted(findings)


def terms_missing_from_their_vocabulary(graph: Graph) -> list[str]:
    findings = []
    for iri in sorted(iris(graph)):
        namespace, name = namespace_and_name(iri)
        if namespace in PINNED and name and not is_pinned(namespace, name):
            findings.append(f"{short(iri)} does not exist")
    terms = {*graph.predicates(), *(o for o in graph.objects(None, RDF.type) if isinstance(o, URIRef))}
    strangers = [str(term) for term in terms if not str(term).startswith((*PINNED, str(CG)))]
    return findings + [f"{term} is of no pinned vocabulary" for term in sorted(strangers)]


def expanded_by_rules(graph: Graph) -> Graph:
    """The closure of a copy of the graph under the rules of OWL 2 RL."""
    closure = copied(graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closure)
    return closure


def contradictions(closure: Graph) -> list[str]:
    """The errors of a closure, with short names."""
    texts = {str(o) for error in closure.subjects(RDF.type, ERROR_NODE) for o in closure.objects(error, ERROR_TEXT)}
    return sorted(re.sub(r"https?://\S+", lambda iri: short(URIRef(iri.group())), text) for text in texts)


def merged_things(closure: Graph) -> list[str]:
    """Pairs of different things that a closure makes one."""
    pairs = ((s, o) for s, o in closure.subject_objects(OWL.sameAs) if s != o and not isinstance(s, Literal))
    return sorted(f"{short(s)} = {short(o)}" for s, o in pairs)


def one_of_each(ontology: Graph) -> Graph:
    """One fresh individual for each class of ours, and one fresh pair for each object property."""
    graph = Graph()
    for term in our_terms(ontology, OWL.Class):
        graph.add((URIRef(f"urn:one:{short(term)}"), RDF.type, term))
    for term in our_terms(ontology, OWL.ObjectProperty):
        graph.add((URIRef(f"urn:subject:{short(term)}"), URIRef(str(term)), URIRef(f"urn:object:{short(term)}")))
    return graph


def siblings_that_may_overlap(graph: Graph, parents: Iterable[Node]) -> list[str]:
    """Pairs of direct subclasses of one parent that no axiom keeps apart."""
    disjoint = {frozenset(pair) for pair in graph.subject_objects(OWL.disjointWith)}
    pairs = [
        pair
        for parent in parents
        for pair in combinations(sorted(graph.subjects(RDFS.subClassOf, parent), key=str), 2)
        if frozenset(pair) not in disjoint
    ]
    return sorted(f"{short(a)} and {short(b)}" for a, b in pairs)


def texts_amiss(graph: Graph, things: Iterable[Node], predicate: URIRef) -> list[str]:
    """Texts that are missing in a language, doubled, padded, or, if definitions, not one sentence with a full stop."""
    findings = []
    for thing in things:
        name = f"{short(thing)} {short(predicate)}"
        literals = [text for text in graph.objects(thing, predicate) if isinstance(text, Literal)]
        languages = sorted(literal.language or "no language" for literal in literals)
        texts = [str(literal) for literal in literals]
        if languages != sorted(LANGUAGES):
            findings.append(f"{name} is in {', '.join(languages) or 'no language'}")
        findings += [f"{name} is padded" for text in texts if text != text.strip()]
        if predicate == SKOS.definition:
            unfinished = [text for text in texts if not text.endswith(".") or re.search(r"[.!?]\s", text.strip())]
            findings += [f"{name} is not one sentence: {text}" for text in unfinished]
    return sorted(findings)


def doubled_texts(graph: Graph, groups: Iterable[Iterable[Node]], predicates: Iterable[Node]) -> list[str]:
    """Texts that two things of one group share."""
    findings = []
    wanted = list(predicates)
    for group in groups:
        things = list(group)
        for predicate in wanted:
            holders = defaultdict(list)
            for thing in things:
                for text in graph.objects(thing, predicate):
                    holders[text].append(short(thing))
            findings += [f"{' and '.join(sorted(found))}: {text}" for text, found in holders.items() if len(found) > 1]
    return sorted(findings)


def header_gaps(graph: Graph) -> list[str]:
    """What the headers of the ontologies in the graph lack or get wrong."""
    findings = []
    for ontology in sorted(graph.subjects(RDF.type, OWL.Ontology), key=str):
        faults = {predicate: header_fault(predicate, list(graph.objects(ontology, predicate))) for predicate in HEADER}
        findings += [f"{short(ontology)} {short(predicate)}: {fault}" for predicate, fault in faults.items() if fault]
        version_iri = graph.value(ontology, OWL.versionIRI)
        version = graph.value(ontology, OWL.versionInfo)
        if version_iri == ontology or f"/{version}" not in str(version_iri):
            findings.append(f"{short(ontology)} owl:versionIRI: does not name version {version}")
        if graph.value(ontology, VANN.preferredNamespaceUri) != Literal(str(CG)):
            findings.append(f"{short(ontology)} vann:preferredNamespaceUri: not the namespace")
    return findings


def header_fault(predicate: URIRef, values: list[Node]) -> str | None:
    if predicate in HEADER_TEXTS:
        languages = sorted(str(value.language) for value in values if isinstance(value, Literal))
        return None if languages == sorted(LANGUAGES) else "not once in each language"
    if len(values) != 1:
        return f"{len(values)} values"
    if (predicate in HEADER_THINGS) is not isinstance(values[0], URIRef):
        return f"has {values[0]}"
    if predicate in HEADER_DATES and getattr(values[0], "datatype", None) != XSD.date:
        return "not a date"
    return None


def skos_conflicts(graph: Graph) -> list[str]:
    """Where the graph breaks the integrity conditions S9, S13, S14 and S46 of SKOS."""
    schemes = set(graph.subjects(RDF.type, SKOS.ConceptScheme))
    findings = [f"S9: {short(thing)} is a concept and a scheme" for thing in our_concepts(graph) if thing in schemes]
    for thing in {s for label in LABELS for s in graph.subjects(label, None)}:
        texts = [text for label in LABELS for text in set(graph.objects(thing, label))]
        findings += [f"S13: {short(thing)} has {text} twice" for text in set(texts) if texts.count(text) > 1]
        languages = [text.language for text in graph.objects(thing, SKOS.prefLabel) if isinstance(text, Literal)]
        doubled = {language for language in languages if languages.count(language) > 1}
        findings += [f"S14: {short(thing)} has two preferred labels in {language}" for language in doubled]
    for s, o in graph.subject_objects(SKOS.exactMatch):
        others = {*graph.predicates(s, o), *graph.predicates(o, s)}
        clashes = others & {SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch}
        findings += [f"S46: {short(s)} and {short(o)} match exactly and as {short(match)}" for match in clashes]
    return sorted(findings)


def scheme_faults(graph: Graph) -> list[str]:
    """Concepts outside a scheme, or at the top of one and yet below another concept, or at neither end."""
    known = set(our_concepts(graph))
    tops = set(graph.objects(None, SKOS.hasTopConcept))
    findings = [f"{short(top)} is a top concept that does not exist" for top in tops - known]
    for concept in known:
        homes = list(graph.objects(concept, SKOS.inScheme))
        if len(homes) == 1 and (homes[0], RDF.type, SKOS.ConceptScheme) in graph:
            findings += [f"{short(concept)} {fault}" for fault in place_faults(graph, concept, homes[0])]
        else:
            findings.append(f"{short(concept)} is in {len(homes)} schemes that exist")
    return sorted(findings)


def place_faults(graph: Graph, concept: Node, home: Node) -> Iterator[str]:
    parents = list(graph.objects(concept, SKOS.broader))
    is_top = (home, SKOS.hasTopConcept, concept) in graph
    if is_top is not ((concept, SKOS.topConceptOf, home) in graph):
        yield "and its scheme disagree on whether it is a top concept"
    if is_top and parents:
        yield "is a top concept with a broader one"
    if not is_top and not parents:
        yield "is neither a top concept nor has a broader one"
    for parent in parents:
        if (parent, SKOS.inScheme, home) not in graph:
            yield f"has the broader concept {short(parent)} of another scheme"


def unknown_concepts(concepts: Graph, used: Graph) -> list[str]:
    """Concepts and schemes of ours that are used and that no file describes."""
    homes = tuple(PREFIXES[kind] for kind in (*VOCABULARY_KINDS, "area", "scheme"))
    known = {str(s) for s in concepts.subjects(RDF.type, None)}
    # str(): RDFLib's own startswith takes no tuple.
    return sorted(short(iri) for iri in iris(used) if str(iri).startswith(homes) and str(iri) not in known)


def mapping_faults(rows: Iterable[dict[str, str]], concepts: Graph) -> list[str]:
    """Rows of a mapping table that nobody could check: no reason, no author, no date, no such concept."""
    known = set(our_concepts(concepts))
    findings = []
    for row in rows:
        name = f"{row['subject_id']} {row['predicate_id']} {row['object_id']}"
        findings += [f"{name}: {fault}" for fault in row_faults(row, known)]
    return findings


def row_faults(row: dict[str, str], known: set[Node]) -> Iterator[str]:
    prefix, _, justification = row["mapping_justification"].partition(":")
    signed = row["author_label"] == "clustergraph curators" and re.fullmatch(r"\d{4}-\d\d-\d\d", row["mapping_date"])
    yield from (f"{end} is no concept" for end in (row["subject_id"], row["object_id"]) if expanded(end) not in known)
    if expanded(row["predicate_id"]) not in MATCHES:
        yield f"{row['predicate_id']} is no match"
    if prefix != "semapv" or justification not in SEMAPV_TERMS:
        yield "no justification"
    if not row["comment"].endswith("."):
        yield "no reason in words"
    if not signed:
        yield "no author or no date"
    if not 0 < float(row["confidence"]) <= 1:
        yield f"confidence {row['confidence']}"


def matches_without_reason(graph: Graph) -> list[str]:
    """Subjects of a match in Turtle that give no decision; matches in tables are justified row by row."""
    subjects = {s for match in MATCHES for s in graph.subjects(match, None)}
    return sorted(short(s) for s in subjects if (s, CG.decision, None) not in graph)


def concepts_welded_together(matches: Graph, concepts: Graph) -> list[str]:
    """Concepts of one scheme that exact matches, followed in both directions, make the same."""
    findings = []
    for start in sorted({*matches.subjects(SKOS.exactMatch, None)}, key=str):
        reached = {start}
        waiting = [start]
        while waiting:
            node = waiting.pop()
            for other in {*matches.objects(node, SKOS.exactMatch), *matches.subjects(SKOS.exactMatch, node)} - reached:
                reached.add(other)
                waiting.append(other)
        home = concepts.value(start, SKOS.inScheme)
        siblings = [n for n in reached if n != start and home is not None and (n, SKOS.inScheme, home) in concepts]
        findings += [f"{short(start)} = {short(sibling)}" for sibling in siblings]
    return sorted(findings)


def classes_used_as_things(declarations: Graph, used: Graph) -> list[str]:
    """Classes of ours that appear in data otherwise than as a type, or are something else as well."""
    classes = set(our_terms(declarations, OWL.Class))
    findings = {f"{short(s)} {short(p)} {short(o)}" for s, p, o in used if o in classes and p != RDF.type}
    findings |= {f"{short(s)} is described like a thing" for s in used.subjects() if s in classes}
    for term in classes:
        types = set(declarations.objects(term, RDF.type)) - {OWL.Class}
        findings |= {f"{short(term)} is also {short(other)}" for other in types}
    return sorted(findings)


def prefix_slips(text: str) -> list[str]:
    """Prefixes that a Turtle or SPARQL text binds otherwise than we all do."""
    bound = re.findall(r"^\s*@?prefix\s+([\w-]*):\s*<([^>]*)>", text, re.MULTILINE | re.IGNORECASE)
    return [f"{prefix}: <{namespace}>" for prefix, namespace in bound if PREFIXES.get(prefix) != namespace]


# The tests: OWL


def test_no_gate_looks_at_nothing() -> None:
    looked_at = (core(), reasoned_ontology(), vocabularies(), data(), shapes(), mappings(), made_at_build())

    assert [len(graph) > 0 for graph in looked_at] == [True] * len(looked_at)


def test_the_ontology_stays_within_owl_rl() -> None:
    assert owl_terms_beyond_rl(reasoned_ontology()) == []


def test_owl_beyond_rl_is_found() -> None:
    broken = turtle(
        """
        cg:Claim owl:sameAs cg:Count .
        cg:Claim owl:equivalentClass [ a owl:Restriction ; owl:onProperty cg:value ; owl:hasValue 1 ] .
        [] a owl:Restriction ; owl:onProperty cg:value ; owl:hasValue 2 .
        """
    )

    assert owl_terms_beyond_rl(broken) == [
        "a restriction is the object of owl:equivalentClass",
        "a restriction restricts nothing",
        "owl:equivalentClass is not on the list of OWL terms",
        "owl:sameAs is not on the list of OWL terms",
    ]


def test_the_core_has_no_domain_no_range_no_restriction_and_no_blank_node() -> None:
    found = {short(p) for p in core().predicates() if p in (RDFS.domain, RDFS.range, OWL.disjointWith, OWL.imports)}

    assert found == set()
    assert [node for triple in core() for node in triple if isinstance(node, BNode)] == []


def test_every_term_in_use_is_declared_as_exactly_one_thing() -> None:
    assert terms_without_one_owl_type(core(), everything()) == []


def test_undeclared_and_doubly_declared_terms_are_found() -> None:
    declarations = copied(core(), turtle("cg:text a owl:DatatypeProperty ."))
    used = turtle('claim:x a cg:Clam ; cg:text "A"@en ; org:hasMember cluster:x ; cg:value 1 .')

    assert terms_without_one_owl_type(declarations, used) == [
        "org:hasMember is declared as nothing",
        "cg:Clam is declared as nothing",
        "cg:text is declared as owl:AnnotationProperty and owl:DatatypeProperty",
    ]


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in sorted(ROOT.glob("queries/**/*.rq"))])
def test_every_term_that_a_query_names_exists(path: Path) -> None:
    declared = {short(term) for term in our_terms(core(), *TERM_TYPES)}

    assert terms_misspelt_in_a_query(path.read_text(encoding="utf-8"), declared) == []


def test_a_term_misspelt_in_a_query_is_found() -> None:
    query = "SELECT * WHERE { ?x a cg:Cluster ; cg:hasAim/skos:preflabel ?l ; org:member organisation:siit }"

    assert terms_misspelt_in_a_query(query, {"cg:hasAim"}) == ["cg:Cluster", "skos:preflabel"]


def test_object_properties_have_things_and_datatype_properties_literals() -> None:
    assert values_of_the_wrong_sort(core(), everything()) == []


def test_values_of_the_wrong_sort_are_found() -> None:
    used = turtle('count:x cg:ofWhat "members" ; cg:value countable:members .')

    assert values_of_the_wrong_sort(core(), used) == [
        "count:x cg:ofWhat has the literal 'members'",
        "count:x cg:value has the thing countable:members",
    ]


def test_every_external_term_exists_in_its_vocabulary() -> None:
    assert terms_missing_from_their_vocabulary(everything()) == []


def test_a_misspelt_external_term_is_found() -> None:
    broken = turtle(
        """
        cluster:x a org:Organisation ; org:orginalOrganization cluster:y ; <https://schema.org/name> "X" .
        cgsh:x sh:rule cgsh:y ; sh:minLength 1 ; sh:nodeByExpression cgsh:z .
        source:x dcterms:language lang:ITALIAN ; dcterms:issued "2019"^^xsd:dat .
        """
    )

    assert terms_missing_from_their_vocabulary(broken) == [
        "lang:ITALIAN does not exist",
        "xsd:dat does not exist",
        "org:Organisation does not exist",
        "org:orginalOrganization does not exist",
        "sh:nodeByExpression does not exist",
        "sh:rule does not exist",
        "https://schema.org/name is of no pinned vocabulary",
    ]


# The tests: reasoning


@functools.cache
def closure_of_everything() -> Graph:
    return expanded_by_rules(copied(reasoned_ontology(), vocabularies(), data(), made_at_build()))


def test_ontology_and_data_are_consistent() -> None:
    assert contradictions(closure_of_everything()) == []


def test_no_two_things_are_made_one() -> None:
    assert merged_things(closure_of_everything()) == []


def test_two_things_made_one_are_found() -> None:
    broken = turtle("org:member a owl:FunctionalProperty . claim:x org:member cluster:a , cluster:b .")

    assert merged_things(expanded_by_rules(broken)) == ["cluster:a = cluster:b", "cluster:b = cluster:a"]


def test_the_class_of_a_cluster_tells_its_level_and_kind() -> None:
    said = turtle("cluster:x a cg:NationalCluster . cluster:y a cg:RegionalCluster .")
    asked = (CG.hasClusterKind, CG.hasTerritorialLevel)

    closure = expanded_by_rules(copied(axioms(), said))

    assert sorted(f"{short(s)} {short(p)} {short(o)}" for s, p, o in closure if p in asked) == [
        "cluster:x cg:hasClusterKind cluster-kind:national",
        "cluster:x cg:hasTerritorialLevel level:national",
        "cluster:y cg:hasTerritorialLevel level:regional",
    ]


def test_each_class_and_each_property_can_be_used_on_its_own() -> None:
    assert contradictions(expanded_by_rules(copied(axioms(), one_of_each(core())))) == []


def test_a_class_that_nothing_can_belong_to_is_found() -> None:
    broken = copied(axioms(), turtle("cg:Call rdfs:subClassOf cg:Source ."))

    found = contradictions(expanded_by_rules(copied(broken, one_of_each(core()))))

    assert found == ["Disjoint classes prov:Activity and prov:Entity have a common individual urn:one:cg:Call"]


def test_classes_with_the_same_parent_are_disjoint() -> None:
    parents = (CG.Aim, CG.Claim, CG.TechnologyCluster, PROV.Activity, PROV.Plan)

    assert siblings_that_may_overlap(reasoned_ontology(), parents) == []


def test_siblings_that_may_overlap_are_found() -> None:
    graph = turtle("cg:A rdfs:subClassOf cg:P . cg:B rdfs:subClassOf cg:P . cg:C rdfs:subClassOf cg:P .")
    graph += turtle("cg:B owl:disjointWith cg:A .")

    assert siblings_that_may_overlap(graph, [CG.P]) == ["cg:A and cg:C", "cg:B and cg:C"]


def test_every_pair_of_disjoint_classes_is_told_apart() -> None:
    pairs = sorted((short(a), short(b)) for a, b in reasoned_ontology().subject_objects(OWL.disjointWith))
    both = turtle("".join(f"<urn:both:{n}> a {a} , {b} .\n" for n, (a, b) in enumerate(pairs)))

    found = set(contradictions(expanded_by_rules(copied(axioms(), both))))

    wanted = {f"Disjoint classes {a} and {b} have a common individual urn:both:{n}" for n, (a, b) in enumerate(pairs)}
    assert sorted(wanted - found) == []


INCONSISTENT: Final = sorted(ROOT.glob("tests/inconsistent/*.ttl"))


def test_every_known_confusion_has_a_fixture() -> None:
    assert [path.stem for path in INCONSISTENT] == [
        "activity-and-entity",
        "call-and-agreement",
        "claim-stated-in-a-cluster",
        "cluster-and-area",
        "cluster-as-focus-area",
        "member-of-a-strategy",
        "national-and-regional",
        "organisation-and-membership",
        "strategy-and-programme",
        "task-and-objective",
    ]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in INCONSISTENT])
def test_a_contradiction_is_found(path: Path) -> None:
    fixture = Graph().parse(path, format="turtle")
    expected = sorted(str(comment) for comment in fixture.objects(None, RDFS.comment))

    found = contradictions(expanded_by_rules(copied(axioms(), fixture)))

    assert found == expected


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in INCONSISTENT])
def test_a_contradiction_rests_on_the_restrictions(path: Path) -> None:
    fixture = Graph().parse(path, format="turtle")

    found = contradictions(expanded_by_rules(copied(without_texts(core()), fixture)))

    assert found == []


# The tests: words


def test_every_term_has_a_label_and_a_definition_in_both_languages() -> None:
    terms = our_terms(core(), *TERM_TYPES)

    assert texts_amiss(core(), terms, RDFS.label) == []
    assert texts_amiss(core(), terms, SKOS.definition) == []


def test_every_class_has_an_example_and_every_term_says_where_it_is_defined() -> None:
    terms = our_terms(core(), *TERM_TYPES)

    assert [short(c) for c in our_terms(core(), OWL.Class) if (c, SKOS.example, None) not in core()] == []
    assert [short(t) for t in terms if list(core().objects(t, RDFS.isDefinedBy)) != [ONTOLOGY]] == []


def test_every_concept_and_scheme_has_a_label_in_both_languages() -> None:
    graph = concepts_and_schemes()
    things = [*our_concepts(graph), *graph.subjects(RDF.type, SKOS.ConceptScheme)]

    assert texts_amiss(graph, things, SKOS.prefLabel) == []


def test_every_concept_of_ours_and_every_scheme_has_a_definition_in_both_languages() -> None:
    graph = concepts_and_schemes()
    lists_of_sources = {URIRef(f"{PREFIXES['scheme']}{slug}") for slug in ("miur-2012", "lombardy-ctl")}
    ours = [c for c in our_concepts(graph) if graph.value(c, SKOS.inScheme) not in lists_of_sources]
    things = [*ours, *graph.subjects(RDF.type, SKOS.ConceptScheme)]

    assert texts_amiss(graph, things, SKOS.definition) == []


def test_missing_padded_and_unfinished_texts_are_found() -> None:
    graph = turtle(
        """
        cg:A rdfs:label "a"@en , " a"@it ; skos:definition "One. Two."@en , "Uno"@it .
        cg:B rdfs:label "b"@en , "bee"@en , "b" ; skos:definition "B."@en .
        """
    )

    assert texts_amiss(graph, [CG.A, CG.B], RDFS.label) == [
        "cg:A rdfs:label is padded",
        "cg:B rdfs:label is in en, en, no language",
    ]
    assert texts_amiss(graph, [CG.A, CG.B], SKOS.definition) == [
        "cg:A skos:definition is not one sentence: One. Two.",
        "cg:A skos:definition is not one sentence: Uno",
        "cg:B skos:definition is in en",
    ]


def test_no_two_terms_of_one_kind_share_a_label_or_a_definition() -> None:
    groups = [our_terms(core(), OWL.Class), our_terms(core(), *PROPERTY_TYPES)]

    assert doubled_texts(core(), groups, (RDFS.label, SKOS.definition)) == []


def test_no_two_concepts_of_one_scheme_share_a_label_or_a_definition() -> None:
    graph = concepts_and_schemes()
    schemes = sorted(graph.subjects(RDF.type, SKOS.ConceptScheme), key=str)
    groups = [schemes, *(list(graph.subjects(SKOS.inScheme, scheme)) for scheme in schemes)]

    assert doubled_texts(graph, groups, (SKOS.prefLabel, SKOS.definition)) == []


def test_a_label_that_two_terms_share_is_found() -> None:
    graph = turtle('cg:A rdfs:label "a"@en . cg:B rdfs:label "a"@en , "a"@it . cg:C rdfs:label "a"@en .')

    assert doubled_texts(graph, [[CG.A, CG.B], [CG.C]], [RDFS.label]) == ["cg:A and cg:B: a"]


@pytest.mark.parametrize("module", MODULES)
def test_the_header_of_a_module_is_complete(module: str) -> None:
    graph = merged(f"ontology/{module}.ttl")
    expected = ONTOLOGY if module == "clustergraph" else URIRef(f"{ONTOLOGY}/{module}")

    assert list(graph.subjects(RDF.type, OWL.Ontology)) == [expected]
    assert header_gaps(graph) == []


def test_gaps_in_a_header_are_found() -> None:
    broken = copied(core())
    broken.remove((ONTOLOGY, DCTERMS.license, None))
    broken.set((ONTOLOGY, DCTERMS.publisher, Literal("clustergraph")))
    broken.set((ONTOLOGY, DCTERMS.issued, Literal("2026")))
    broken.set((ONTOLOGY, OWL.versionIRI, ONTOLOGY))
    broken.set((ONTOLOGY, DCTERMS.title, Literal("clustergraph ontology", lang="en")))

    assert header_gaps(broken) == [
        f"{ONTOLOGY} dcterms:issued: not a date",
        f"{ONTOLOGY} dcterms:license: 0 values",
        f"{ONTOLOGY} dcterms:publisher: has clustergraph",
        f"{ONTOLOGY} dcterms:title: not once in each language",
        f"{ONTOLOGY} owl:versionIRI: does not name version 1.0.0",
    ]


# The tests: SKOS


def test_vocabularies_schemes_and_data_keep_the_conditions_of_skos() -> None:
    assert skos_conflicts(copied(vocabularies(), data(), made_at_build())) == []


def test_breaches_of_the_conditions_of_skos_are_found() -> None:
    broken = turtle(
        """
        area:a a cg:TechnologyArea , skos:ConceptScheme ; skos:prefLabel "A"@en , "B"@en ; skos:altLabel "A"@en .
        area:a skos:altLabel "A"@it ; skos:exactMatch area:b .
        area:b skos:broadMatch area:a .
        """
    )

    assert skos_conflicts(broken) == [
        "S13: area:a has A twice",
        "S14: area:a has two preferred labels in en",
        "S46: area:a and area:b match exactly and as skos:broadMatch",
        "S9: area:a is a concept and a scheme",
    ]


def test_every_concept_is_in_one_scheme_and_has_its_place_there() -> None:
    assert scheme_faults(concepts_and_schemes()) == []


def test_misplaced_concepts_are_found() -> None:
    broken = turtle(
        """
        scheme:s a skos:ConceptScheme ; skos:hasTopConcept role:a , role:b , role:gone .
        role:a a skos:Concept ; skos:inScheme scheme:s ; skos:topConceptOf scheme:s ; skos:broader role:c .
        role:b a skos:Concept ; skos:inScheme scheme:s .
        role:c a skos:Concept .
        role:d a skos:Concept ; skos:inScheme scheme:s .
        """
    )

    assert scheme_faults(broken) == [
        "role:a has the broader concept role:c of another scheme",
        "role:a is a top concept with a broader one",
        "role:b and its scheme disagree on whether it is a top concept",
        "role:c is in 0 schemes that exist",
        "role:d is neither a top concept nor has a broader one",
        "role:gone is a top concept that does not exist",
    ]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in concept_files()])
def test_a_file_of_concepts_holds_the_scheme_it_is_named_after_and_nothing_else(path: Path) -> None:
    graph = Graph().parse(path, format="turtle")
    scheme = URIRef(f"{PREFIXES['scheme']}{path.stem}")

    others = set(graph.subjects()) - set(graph.subjects(SKOS.inScheme, scheme))

    assert others == {scheme}


def test_there_is_one_file_for_each_vocabulary() -> None:
    assert sorted(path.stem for path in ROOT.glob("ontology/vocabularies/*.ttl")) == sorted(VOCABULARY_KINDS)


def test_every_concept_in_use_exists() -> None:
    assert unknown_concepts(concepts_and_schemes(), everything()) == []


def test_a_concept_that_does_not_exist_is_found() -> None:
    used = turtle("claim:x org:role role:membr ; cg:hasCertainty certainty:stated .")

    assert unknown_concepts(concepts_and_schemes(), used) == ["role:membr"]


# The tests: mappings


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in sorted(ROOT.glob(TABLES))])
def test_every_mapping_is_justified(path: Path) -> None:
    assert mapping_faults(mapping_rows(path), concepts_and_schemes()) == []


@pytest.mark.parametrize("path", [pytest.param(p, id=p.name) for p in sorted(ROOT.glob(TABLES))])
def test_a_mapping_table_says_what_it_is_and_is_sorted(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    columns, *rows = [line for line in lines if not line.startswith("#")]
    slug = path.name.removesuffix(".sssom.tsv")

    assert f"#mapping_set_id: {PREFIXES['mapping']}{slug}" in head
    assert "#license: https://creativecommons.org/licenses/by/4.0/" in head
    assert [line for line in head if line.startswith("#  ")] == [
        f"#  {prefix}: {PREFIXES[prefix]}" for prefix in ("area", "semapv", "skos")
    ]
    assert columns == "\t".join(MAPPING_COLUMNS)
    assert rows == sorted(set(rows))


def test_rows_without_a_justification_are_found() -> None:
    row = dict.fromkeys(MAPPING_COLUMNS, "") | {
        "subject_id": "area:lombardy-ctl--energy",
        "predicate_id": "skos:broader",
        "object_id": "area:enrgy",
        "mapping_justification": "semapv:ManualCuration",
        "confidence": "1.5",
    }

    assert mapping_faults([row], concepts_and_schemes()) == [
        "area:lombardy-ctl--energy skos:broader area:enrgy: area:enrgy is no concept",
        "area:lombardy-ctl--energy skos:broader area:enrgy: skos:broader is no match",
        "area:lombardy-ctl--energy skos:broader area:enrgy: no justification",
        "area:lombardy-ctl--energy skos:broader area:enrgy: no reason in words",
        "area:lombardy-ctl--energy skos:broader area:enrgy: no author or no date",
        "area:lombardy-ctl--energy skos:broader area:enrgy: confidence 1.5",
    ]


def test_every_area_of_a_source_is_mapped_to_the_hub_once() -> None:
    hub = URIRef(f"{PREFIXES['scheme']}technology-areas")
    graph = concepts_and_schemes()
    of_sources = {
        short(area) for area in graph.subjects(RDF.type, CG.TechnologyArea) if (area, SKOS.inScheme, hub) not in graph
    }

    mapped = [short(s) for s, p, o in mappings() if p in MATCHES and (o, SKOS.inScheme, hub) in graph]

    assert sorted(mapped) == sorted(of_sources)


def test_only_the_national_mobility_area_is_narrower_than_its_hub_area() -> None:
    inexact = [f"{short(s)} {short(p)} {short(o)}" for s, p, o in mappings() if p != SKOS.exactMatch]

    assert inexact == ["area:miur-2012--mobility skos:broadMatch area:mobility"]


def test_every_match_in_turtle_gives_its_reason() -> None:
    used = copied(vocabularies(), data(), merged("ontology/alignments.ttl"))

    assert matches_without_reason(used) == []


def test_a_match_without_a_reason_is_found() -> None:
    used = turtle('area:a skos:exactMatch area:b ; cg:decision "Same."@en . area:c skos:relatedMatch area:d .')

    assert matches_without_reason(used) == ["area:c"]


def test_exact_matches_never_join_two_concepts_of_one_scheme() -> None:
    matches = copied(mappings(), vocabularies(), data())

    assert concepts_welded_together(matches, concepts_and_schemes()) == []


def test_two_concepts_of_one_scheme_joined_through_another_are_found() -> None:
    concepts = turtle("area:a skos:inScheme scheme:s . area:b skos:inScheme scheme:s . area:c skos:inScheme scheme:t .")
    matches = turtle("area:a skos:exactMatch area:c . area:c skos:exactMatch <urn:x> . area:b skos:exactMatch <urn:x>.")

    assert concepts_welded_together(matches, concepts) == ["area:a = area:b", "area:b = area:a"]


# The tests: names


def test_no_class_of_ours_is_used_as_a_thing() -> None:
    assert classes_used_as_things(reasoned_ontology(), copied(vocabularies(), data(), made_at_build())) == []


def test_a_class_used_as_a_thing_is_found() -> None:
    declarations = copied(core(), turtle("cg:Call a skos:Concept ."))
    used = turtle("characterisation:x cg:isAbout cg:NationalCluster . cg:Task cg:hasAim aim:x .")

    assert classes_used_as_things(declarations, used) == [
        "cg:Call is also skos:Concept",
        "cg:Task is described like a thing",
        "characterisation:x cg:isAbout cg:NationalCluster",
    ]


def test_every_file_binds_the_same_prefixes() -> None:
    patterns = ("ontology/**/*.ttl", "data/**/*.ttl", "shapes/**/*.ttl", "tests/inconsistent/*.ttl", "queries/**/*.rq")
    slips = {
        str(path.relative_to(ROOT)): found
        for pattern in patterns
        for path in sorted(ROOT.glob(pattern))
        if (found := prefix_slips(path.read_text(encoding="utf-8")))
    }

    assert slips == {}


def test_a_prefix_bound_otherwise_is_found() -> None:
    text = (
        "@prefix dcterms: <http://purl.org/dc/terms#> .\n@prefix org: <http://www.w3.org/ns/org#> .\nPREFIX ex: <urn:x>"
    )

    assert prefix_slips(text) == ["dcterms: <http://purl.org/dc/terms#>", "ex: <urn:x>"]
