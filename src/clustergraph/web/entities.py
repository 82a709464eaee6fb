"""Dereferencing: /id/… says where the documents are, /doc/… is one of them. Documents never negotiate."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from clustergraph.describe import describe, description_question, require_known
from clustergraph.errors import NotFound
from clustergraph.formats import DOCUMENT_FORMATS, HTML, Format, negotiate
from clustergraph.terms import KINDS, SLUG, entity_iri
from clustergraph.web.problems import accepted, shown
from clustergraph.web.rendering import page
from clustergraph.web.responses import CACHE_CONTROL, LICENCE, answered, data_headers, entity_tag, not_modified
from clustergraph.web.site import questions_of, site_of

router: Final = APIRouter()

_BY_EXTENSION: Final = {one.extension: one for one in DOCUMENT_FORMATS}


def _iri(kind: str, slug: str) -> str:
    """The IRI that an address names.

    Raises: NotFound for anything but a kind and a slug of ours, so that no other text goes on from here.
    """
    if kind not in KINDS or not SLUG.fullmatch(slug):
        wrong = shown(f"{kind}/{slug}")
        message = f"'{wrong}' names nothing here: an address is a kind and a name, e.g. cluster/lombardy-energy"
        raise NotFound(message)
    return entity_iri(kind, slug)


@router.get("/id/{kind}/{slug}", status_code=303, summary="A thing: where its documents are")
async def thing(request: Request, kind: str, slug: str) -> Response:
    """303 to the document that suits the Accept header.

    Source: Cool URIs for the Semantic Web, section 4.2.
    """
    iri = _iri(kind, slug)
    chosen = negotiate(accepted(request), DOCUMENT_FORMATS)
    await require_known(iri, questions_of(request))
    headers = {"Vary": "Accept", "Cache-Control": CACHE_CONTROL}
    return RedirectResponse(f"/doc/{kind}/{slug}.{chosen.extension}", 303, headers)


@router.get("/doc/{kind}/{name}", summary="A document about a thing: .html, .ttl, .nt, .jsonld or .rdf")
async def document(request: Request, kind: str, name: str) -> Response:
    """What is known of a thing, in the form that the extension names.

    Raises: NotFound if the thing is unknown or the extension is none of ours.
    """
    slug, _, extension = name.rpartition(".")
    iri = _iri(kind, slug or name)
    chosen = _BY_EXTENSION.get(extension)
    if chosen is None:
        choices = ", ".join(f".{one}" for one in _BY_EXTENSION)
        message = f"there is no document '{shown(name)}': its name ends in one of {choices}"
        raise NotFound(message)
    site = site_of(request)
    headers = data_headers(site, tag=entity_tag(site, "document", kind, name))
    headers["Link"] = _links(kind, slug, iri, chosen)
    questions = questions_of(request)
    await require_known(iri, questions)
    unchanged = not_modified(request, headers)
    if unchanged:
        return unchanged
    if chosen is HTML:
        description = await describe(iri, questions)
        return page(site, "entity.html", headers=headers, it=description, kind=kind, documents=_documents(kind, slug))
    return await answered(request, description_question(iri, chosen, questions), headers)


def _documents(kind: str, slug: str) -> list[tuple[Format, str]]:
    return [(one, f"/doc/{kind}/{slug}.{one.extension}") for one in DOCUMENT_FORMATS]


def _links(kind: str, slug: str, iri: str, own: Format) -> str:
    """The Link header.

    Source: RFC 8288; POWDER for `describes`.
    """
    others = [
        f'<{path}>; rel="alternate"; type="{one.media_type}"' for one, path in _documents(kind, slug) if one is not own
    ]
    return ", ".join((f'<{iri}>; rel="describes"', *others, f'<{LICENCE}>; rel="license"'))
