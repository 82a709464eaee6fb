"""What is wrong with a repository: reading, house rules and shapes, as one ordered list of findings."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

import pyoxigraph as ox
from rdflib import Graph

from clustergraph.assembly import ALIKE_LIMIT, Assembly, assemble, has_too_many_alike
from clustergraph.errors import UsageError
from clustergraph.findings import VIOLATION, Finding, in_order, weighing
from clustergraph.queries import internal, load_queries
from clustergraph.reading.parsed import OBJECT, PREDICATE, SUBJECT, TYPE, Place, Term
from clustergraph.repository import ONTOLOGY, SHAPES, Document, Repository, triples_of
from clustergraph.rules import Known, check_rules
from clustergraph.shacl import COMPONENTS, Result, to_rdflib, validate
from clustergraph.terms import RDFS, compact

FINDINGS_LIMIT = 200  # of the house rules, about one file
_SUBCLASS = ox.NamedNode(f"{RDFS}subClassOf")
_RULES_FOLDER = "queries/rules"
_ALONE, _OF_ONTOLOGY, _MERGED = _SCOPES = ("alone", "ontology", "merged")
_NEED_ALL_FILES = ("H004", "H006")  # what is declared or described may be so in a file that could not be read
_NO_ASSEMBLY = ("H003", "T002")  # naming blank nodes by content can take for ever
_ANY = "any"  # prefixes and shapes of single values: they have no target, and the others refer to them


class Checked(NamedTuple):
    """The outcome of a check.

    Shape: `assembly` is None where a file could not be read, as a dataset with holes would give false findings, or
           where blank nodes stand that cannot be named in bounded time.
    """

    findings: list[Finding]
    assembly: Assembly | None


def check(repository: Repository) -> Checked:
    """Every finding about every file of a repository.

    Shapes under shapes/source/ see each source graph alone; those of shapes/ontology.ttl see the ontology; the others
    see the merge.

    Raises: UsageError naming a query of the repository that cannot be read, or that the guard refuses.
    """
    findings = [*repository.findings, *house_findings(repository)]
    if repository.findings:
        return Checked(in_order(one for one in findings if one.code not in _NEED_ALL_FILES), None)
    findings += [_alike(one) for one in repository.dataset_documents if has_too_many_alike(one)]
    if any(one.code in _NO_ASSEMBLY for one in findings):
        return Checked(in_order(findings), None)
    load_queries(repository.root / "queries/catalogue")
    for path in sorted((repository.root / "queries/internal").glob("*.rq")):
        internal(path.parent, path.stem)
    assembly = assemble(repository)
    # One broken rule breaks many shapes, most of them about something else: what shapes say of that file comes later.
    broken = {one.path for one in findings}
    located = (_located(result, documents) for result, documents in _shape_results(repository, assembly))
    findings += [one for one in located if one.path not in broken]
    # What rules make of a mistake is one more mistake, but not one more to mend.
    written = [one for one in findings if one.path != _RULES_FOLDER]
    return Checked(in_order(written if weighing(written, VIOLATION) else findings), assembly)


def house_findings(repository: Repository) -> Iterator[Finding]:
    """What the house rules say: of each file the first findings, and one that says so if there are more.

    No more are looked for, as a file can be wrong in a million places.
    """
    known = Known(repository)
    for document in repository.documents:
        found = check_rules(document, known)
        yield from islice(found, FINDINGS_LIMIT)
        for one in islice(found, 1):
            message = {
                "en": f"this file has more than {FINDINGS_LIMIT} findings: correct these, and the others will be shown",
                "it": f"questo file ha più di {FINDINGS_LIMIT} rilievi: corretti questi, si vedranno gli altri",
            }
            yield Finding(one.path, one.code, VIOLATION, message)


def _alike(document: Document) -> Finding:
    message = {
        "en": f"more than {ALIKE_LIMIT} blank nodes are alike: give the things IRIs of their own",
        "it": f"più di {ALIKE_LIMIT} nodi anonimi si somigliano: dare alle cose propri IRI",
    }
    return Finding(str(document.path), "T002", VIOLATION, message)


def only_in(findings: Iterable[Finding], repository: Repository, paths: Sequence[PurePosixPath]) -> list[Finding]:
    """The findings about some files or folders of a repository; all of them if none is named.

    Raises: UsageError for a path that is not there.
    """
    for path in paths:
        if not (repository.root / path).exists():
            message = f"there is no '{path}' in '{repository.root}': name a file or folder of the repository"
            raise UsageError(message)
    return [one for one in findings if not paths or any(PurePosixPath(one.path).is_relative_to(path) for path in paths)]


def _shape_results(repository: Repository, assembly: Assembly) -> Iterator[tuple[Result, Sequence[Document]]]:
    shapes = repository.in_graph(SHAPES)
    alone, of_ontology, merged = (
        _graph(one for one in shapes if _scope(one.path) in (scope, _ANY)) for scope in _SCOPES
    )
    ontology = repository.in_graph(ONTOLOGY)
    classes = [triple for triple in triples_of(ontology) if triple.predicate == _SUBCLASS]

    for source in repository.sources:
        for result in validate(to_rdflib([*source.triples, *classes]), alone):
            yield result, [source]
    for result in validate(to_rdflib(triples_of(ontology)), of_ontology):
        yield result, ontology
    for result in validate(to_rdflib(assembly.merge()), merged):
        yield result, repository.dataset_documents


def _scope(path: PurePosixPath) -> str:
    """What the shapes of a file look at: one source graph alone, the ontology, or the merge."""
    if path.parent.name == "source":
        return _ALONE
    return {"values": _ANY, "header": _ANY, "ontology": _OF_ONTOLOGY}.get(path.stem, _MERGED)


def _graph(documents: Iterable[Document]) -> Graph:
    return to_rdflib(triples_of(list(documents)))


def _located(result: Result, documents: Sequence[Document]) -> Finding:
    """A result as a finding about the file and line that most likely holds the mistake."""
    code = COMPONENTS[result.component][0]
    document = _document_of(result, documents)
    path = str(document.path) if document else _RULES_FOLDER
    nameless = {"en": "a blank node", "it": "un nodo anonimo"}
    about = dict.fromkeys(nameless, compact(result.focus)) if _is_iri(result.focus) else nameless
    message = {language: f"{about[language]}: {text}" for language, text in result.message.items()}
    return Finding(path, code, result.severity, message, _place(result, document) if document else None)


def _place(result: Result, document: Document) -> Place | None:
    """The place of the value complained of, else of the property, else where the thing, or the value, is described."""
    triples = document.parsed.triples
    own = [(number, *triples[number][1:]) for number in document.about.get(result.focus, ())]
    places = [
        *((number, OBJECT) for number, path, value in own if result.value and _written(value) == result.value),
        *((number, PREDICATE) for number, path, _ in own if path == result.path),
        *((number, SUBJECT) for number in document.about.get(result.value, ())),
        *((number, SUBJECT) for number, *_ in own),
    ]
    exact = [one for one in places if one[1] == OBJECT and triples[one[0]][1] == result.path]
    return document.parsed.place_of(*[*exact, *places][0]) if places else None


def _written(term: Term) -> str:
    return term if isinstance(term, str) else term.lexical


def _is_iri(written: str) -> bool:
    return ":" in written and " " not in written


def _document_of(result: Result, documents: Sequence[Document]) -> Document | None:
    """The file that states the value complained of, else one that says something of the focus node."""
    speaking = [(one, [one.parsed.triples[number] for number in one.about.get(result.focus, ())]) for one in documents]
    stating = [one for one, said in speaking if result.value and any(_states(triple, result) for triple in said)]
    describing = [one for one, said in speaking if any(predicate == TYPE for _, predicate, _ in said)]
    return next(iter([*stating, *describing, *(one for one, said in speaking if said)]), None)


def _states(triple: tuple[str, str, Term], result: Result) -> bool:
    return triple[1] == result.path and _written(triple[2]) == result.value
