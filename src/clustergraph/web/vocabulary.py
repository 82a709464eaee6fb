"""/ns and /graph/…: the ontology for readers and machines, and the named graphs as they stand."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clustergraph.errors import NotFound
from clustergraph.formats import DOCUMENT_FORMATS, HTML, Format, named, negotiate
from clustergraph.results import Term, ask, n_triples, select
from clustergraph.runner import QueryRequest
from clustergraph.terms import CG, ONTOLOGY, OWL, RDF, RDFS, SKOS, graph_iri
from clustergraph.web.problems import accepted, shown
from clustergraph.web.rendering import page
from clustergraph.web.responses import LICENCE, answered, data_headers, entity_tag, not_modified
from clustergraph.web.site import Site, questions_of, site_of

router: Final = APIRouter()

PAGE_ROWS: Final = 500
_TERM_ROWS: Final = 20_000  # statements of the whole ontology; it has some two thousand
_GRAPH_NAME: Final = re.compile(r"curated|mapping|inferred|ontology|metadata|source/[a-z0-9]+(?:-{1,2}[a-z0-9]+)*")

_KINDS_OF_TERM: Final = {
    f"{OWL}Class": "Classes",
    f"{OWL}ObjectProperty": "Properties that relate things",
    f"{OWL}DatatypeProperty": "Properties that hold values",
    f"{OWL}AnnotationProperty": "Properties that annotate",
}
_RELATIONS: Final = {
    f"{RDFS}subClassOf": "is a kind of",
    f"{RDFS}subPropertyOf": "is a special case of",
    f"{RDFS}domain": "said of",
    f"{RDFS}range": "points to",
    f"{OWL}disjointWith": "never also a",
}
_TEXTS: Final = {"definition": f"{SKOS}definition", "scope": f"{SKOS}scopeNote", "example": f"{SKOS}example"}


class DefinedTerm(NamedTuple):
    """A class or property of the ontology.

    Shape: `label` and `texts` map languages to text; `relations` maps the words of _RELATIONS to terms.
    """

    iri: str
    anchor: str
    label: Mapping[str, str]
    texts: Mapping[str, Mapping[str, str]]
    relations: Mapping[str, tuple[Term, ...]]


Statements: TypeAlias = dict[str, list[Term]]


def _chosen(request: Request) -> Format:
    """The format that `format=` or Accept asks for."""
    name = request.query_params.get("format")
    return named(shown(name), DOCUMENT_FORMATS) if name else negotiate(accepted(request), DOCUMENT_FORMATS)


def _headers(site: Site, chosen: Format, path: str, described: str) -> dict[str, str]:
    others = [
        f'<{path}?format={one.name}>; rel="alternate"; type="{one.media_type}"'
        for one in DOCUMENT_FORMATS
        if one != chosen
    ]
    links = ", ".join((f'<{described}>; rel="describes"', *others, f'<{LICENCE}>; rel="license"'))
    return data_headers(site, tag=entity_tag(site, path, chosen.name), vary="Accept") | {"Link": links}


@router.get("/ns", summary="The ontology")
async def ontology(request: Request) -> Response:
    """The ontology, as a page or as RDF by Accept."""
    return await _ontology(request, version=None)


@router.get("/ns/{version}", summary="The ontology in one version")
async def ontology_version(request: Request, version: str) -> Response:
    """The ontology in one version, as a page or as RDF by Accept."""
    return await _ontology(request, version=version)


async def _ontology(request: Request, *, version: str | None) -> Response:
    site, questions = site_of(request), questions_of(request)
    chosen = _chosen(request)
    rows = (await select(questions.runner, questions.texts["ontology-terms"], {}, row_limit=_TERM_ROWS)).rows
    said: dict[str, Statements] = defaultdict(lambda: defaultdict(list))
    for term, property_, value in rows:
        if term and property_ and value:
            said[term.value][property_.value].append(value)
    current = next((value.value for value in said[ONTOLOGY][f"{OWL}versionInfo"]), "")
    if version not in (None, current):
        wrong = shown(version or "")
        message = f"there is no version '{wrong}' of the ontology here: the current one is at /ns/{current}"
        raise NotFound(message)
    path = "/ns" if version is None else f"/ns/{version}"
    headers = _headers(site, chosen, path, ONTOLOGY if version is None else f"{ONTOLOGY}/{version}")
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    if chosen is not HTML:
        question = QueryRequest(site.texts["ontology"], graph_format=chosen, own=True)
        return await answered(request, question, headers)
    header = _defined(ONTOLOGY, said.pop(ONTOLOGY))
    return page(
        site, "ontology.html", headers=headers, header=header, version=current, sections=_sections(said), path=path
    )


def _sections(said: Mapping[str, Statements]) -> dict[str, list[DefinedTerm]]:
    """The terms of each kind, in the order of their names."""
    sections: dict[str, list[DefinedTerm]] = {title: [] for title in _KINDS_OF_TERM.values()}
    for iri, statements in sorted(said.items()):
        kinds = [_KINDS_OF_TERM[one.value] for one in statements[f"{RDF}type"] if one.value in _KINDS_OF_TERM]
        if iri.startswith(CG) and kinds:
            sections[kinds[0]].append(_defined(iri, statements))
    return {title: terms for title, terms in sections.items() if terms}


def _defined(iri: str, statements: Statements) -> DefinedTerm:
    return DefinedTerm(
        iri,
        iri.removeprefix(CG),
        _by_language(statements[f"{RDFS}label"]),
        {name: _by_language(statements[key]) for name, key in _TEXTS.items() if statements[key]},
        {words: tuple(statements[key]) for key, words in _RELATIONS.items() if statements[key]},
    )


def _by_language(texts: list[Term]) -> dict[str, str]:
    return {one.language: one.value for one in sorted(texts, key=lambda text: (text.language, text.value))}


@router.get("/graph", summary="The named graphs")
async def graphs(request: Request) -> Response:
    """The list of the named graphs."""
    site, questions = site_of(request), questions_of(request)
    headers = data_headers(site, tag=entity_tag(site, "graphs"))
    rows = (await select(questions.runner, questions.texts["graphs"], {}, row_limit=_TERM_ROWS)).rows
    listed = [(one.value, count.value) for one, count in rows if one and count]
    return not_modified(request, headers) or page(site, "graphs.html", headers=headers, graphs=listed)


@router.get("/graph/{name:path}", summary="A named graph")
async def graph(request: Request, name: str) -> Response:
    """One named graph, as a page or as RDF by Accept.

    Raises: NotFound if there is no graph of that name.
    """
    site, questions = site_of(request), questions_of(request)
    this = Term("iri", graph_iri(name))
    if not _GRAPH_NAME.fullmatch(name) or not await ask(
        questions.runner, questions.texts["graph-exists"], {"graph": this}
    ):
        message = f"there is no graph '{shown(name)}': all of them are listed at /graph"
        raise NotFound(message)
    chosen = _chosen(request)
    headers = _headers(site, chosen, f"/graph/{name}", this.value)
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    if chosen is HTML:
        table = await select(
            questions.runner, questions.texts["graph-statements"], {"graph": this}, row_limit=PAGE_ROWS
        )
        source = name.removeprefix("source/") if name.startswith("source/") else None
        values: dict[str, Any] = {
            "iri": this.value,
            "name": name,
            "table": table,
            "source": source,
            "row_limit": PAGE_ROWS,
        }
        return page(site, "graph.html", headers=headers, **values)
    bindings = {"graph": n_triples(this)}
    question = QueryRequest(site.texts["graph"], graph_format=chosen, bindings=bindings, own=True)
    return await answered(request, question, headers)
