"""Pages from templates, and the one rule for what may become a link. Escapes everything, always."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from clustergraph.results import Term
from clustergraph.terms import CG, GRAPH, KINDS, ONTOLOGY, PREFIXES, XSD, compact, kind_and_slug, sparql_prologue
from clustergraph.web.site import FOLDER, Site
from clustergraph.web.words import DEFAULT_LANGUAGE, WORDS

CELL_LIMIT: Final = 2_000  # characters of one value shown in a page, and of an address that is a link

_WEB_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x20\x7f]+", re.IGNORECASE)
_OWN_LIST: Final = re.compile(rf"(?<= at )(/(?:browse/(?:{'|'.join(KINDS)})|graph|queries))(?=\.?(?:\s|$))")
_GRAPH_NAME: Final = re.compile(r"(?:source/)?[a-z0-9]+(?:-{1,2}[a-z0-9]+)*")
_TERM_NAME: Final = re.compile(r"[A-Za-z0-9_]+")


def local_path(iri: str) -> str | None:
    """The path here at which an IRI of ours is described, or None for the IRI of anybody else.

    >>> local_path("https://w3id.org/clustergraph/ns#hasAim")
    '/ns#hasAim'
    """
    known = kind_and_slug(iri)
    if known:
        return f"/id/{known[0]}/{known[1]}"
    if iri == ONTOLOGY:
        return "/ns"
    if iri.startswith(CG) and _TERM_NAME.fullmatch(iri, len(CG)):
        return f"/ns#{iri.removeprefix(CG)}"
    if iri.startswith(GRAPH) and _GRAPH_NAME.fullmatch(iri, len(GRAPH)):
        return f"/graph/{iri.removeprefix(GRAPH)}"
    return None


def external_link(iri: str) -> str | None:
    """The IRI itself where following it is safe, which means http and https of bearable length; None for all else."""
    return iri if len(iri) <= CELL_LIMIT and _WEB_ADDRESS.fullmatch(iri) else None


def datatype_shown(term: Term) -> str:
    """The datatype of a literal where it tells the reader something, compact."""
    plain = ("", f"{XSD}string", f"{XSD}integer", f"{XSD}decimal", f"{XSD}boolean", f"{XSD}date")
    return "" if term.datatype in plain else compact(term.datatype)


def compact_text(iri: str) -> str:
    """A short name for an IRI: prefixed, else as it stands.

    >>> compact_text("https://example.org/a")
    'https://example.org/a'
    """
    name = compact(iri)
    return iri if name.startswith("<") else name


def cut(text: str) -> str:
    """The text, shortened where it would fill the page."""
    return text if len(text) <= CELL_LIMIT else f"{text[:CELL_LIMIT]}…"


def sentence(text: str) -> str:
    """A one-liner of ours as a sentence of a page.

    >>> sentence("line 2: expected '}'")
    "Line 2: expected '}'."
    """
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '…')) else '.'}"


def linked(text: str) -> Markup:
    """A sentence of ours, escaped, in which each list of this site that it sends the reader to is a link.

    Shape: nothing but the lists of this site becomes a link, even where a client wrote the name of one.

    >>> print(linked("<b> is not there: the list is at /queries."))
    &lt;b&gt; is not there: the list is at <a href="/queries">/queries</a>.
    """
    parts = _OWN_LIST.split(text)
    return Markup("").join(
        Markup('<a href="{0}">{0}</a>').format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def with_used_prefixes(query: str) -> str:
    """A query of ours with only those prefixes that it uses, below its header, for people to read and change."""
    lines = query.removeprefix(sparql_prologue()).splitlines(keepends=True)
    end = next((place for place, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header, body = "".join(lines[:end]), "".join(lines[end:])
    used = [f"PREFIX {name}: <{iri}>\n" for name, iri in sorted(PREFIXES.items()) if _uses(body, name)]
    return f"{header}{''.join(used)}{body}"


def _uses(query: str, prefix: str) -> bool:
    return re.search(rf"(?<![\w<?$:/-]){re.escape(prefix)}:", query) is not None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "local_path": local_path,
        "external_link": external_link,
        "datatype_shown": datatype_shown,
        "compact": compact_text,
        "cut": cut,
        "sentence": sentence,
        "linked": linked,
    }
    return environment


def page(
    site: Site,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    around_language: str = DEFAULT_LANGUAGE,
    **values: Any,
) -> HTMLResponse:
    """A page from one of our templates, with the head and the foot of this site, in a language of ours."""
    around = {"around_language": around_language, "around": WORDS[around_language]}
    text = _environment().get_template(template).render(site=site, **around, **values)
    return HTMLResponse(text, status_code=status, headers=dict(headers or {}))
