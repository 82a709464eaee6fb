"""What each address takes and gives, as tables of which the description of the API is made."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from clustergraph import errors
from clustergraph.formats import DOCUMENT_FORMATS, GRAPH_FORMATS, HTML, RESULT_FORMATS
from clustergraph.terms import KINDS, SLUG
from clustergraph.web.envelope import SAFETY
from clustergraph.web.problems import BY_STATUS, PROBLEMS, Problem
from clustergraph.web.protocol import FORM, SPARQL_QUERY
from clustergraph.web.running import ID, QUERY_ID
from clustergraph.web.submitted import LANGUAGE, OFFERED, SUBMISSION_BODY

Parameter = Mapping[str, Any]
"""A parameter object of OpenAPI."""

PLAIN_JSON: Final = "application/json"
TEXT: Final = "text/plain"

DATASET: Final = "X-Clustergraph-Dataset"
TIMING: Final = "Server-Timing"
FILE: Final = "Content-Disposition"
WAIT: Final = "Retry-After"

HEADERS: Final[Mapping[str, str]] = {
    DATASET: "SHA-256 of the dataset that the answer is of",
    "ETag": "a strong validator of this answer; absent where each answer differs",
    "Link": "what is described (`describes`), its other formats (`alternate`), its licence (`license`)",
    "Location": "the document that suits, or describes the dataset",
    FILE: "a name to save the table under; of CSV and TSV alone",
    TIMING: "how long each phase of the query took, in milliseconds, or that it came from the cache",
    WAIT: "seconds after which it is worth while to ask again",
    "Cache-Control": "how long the answer may be kept, if at all",
    "Vary": "which headers of the request have chosen the answer",
    "Content-Encoding": "zstd, br or gzip, where Accept-Encoding named it and the body is worth it",
    **dict.fromkeys(SAFETY, "what browsers and the scripts of other sites may do with the answer"),
}
"""Every header of an answer that is not about its frame, with what it says."""

EACH: Final = ("Cache-Control", "Vary", "Content-Encoding", *SAFETY)
"""Those that an answer of any address may have."""

_KEPT: Final = (DATASET, "ETag")
_LINKED: Final = (*_KEPT, "Link")


def _ours(*kinds: type[errors.ClusterGraphError]) -> tuple[Problem, ...]:
    return tuple(PROBLEMS[kind] for kind in kinds)


def _of_http(*statuses: int) -> tuple[Problem, ...]:
    return tuple(BY_STATUS[status] for status in statuses)


ANYWHERE: Final = (*_of_http(400, 414, 415, 431, 500), *_ours(errors.Busy))
"""What any address may answer, whatever is asked of it."""

_ASKS: Final = _ours(
    errors.Busy,
    errors.OverBudget,
    errors.QueryTimedOut,
    errors.QueryTooHungry,
    errors.QueryAborted,
    errors.DatasetUnusable,
)
"""Of what asks the dataset."""

_STREAMS: Final = _of_http(505)
_MISSES: Final = _ours(errors.NotFound)
_NEGOTIATES: Final = _ours(errors.NotAcceptable, errors.FormatCannotHold)
_UNSUITABLE: Final = _ours(errors.ParameterUnsuitable)
_VALUES: Final = (*_ours(errors.QueryMalformed), *_UNSUITABLE)
_JUDGES: Final = _ours(errors.Busy, errors.OverBudget, errors.DatasetUnusable, errors.ValidationTimedOut)
_SUBMITTED: Final = (*_JUDGES, *_ours(errors.ValidationAborted), *_of_http(408, 413, 415), *_NEGOTIATES, *_UNSUITABLE)
_OF_STRANGERS: Final = _ours(errors.QueryCancelled)
_QUERY: Final = (
    *_VALUES,
    *_ours(errors.QueryRefused, errors.QueryTooLarge),
    *_OF_STRANGERS,
    *_NEGOTIATES,
    *_ASKS,
    *_STREAMS,
)


def parameter(place: str, name: str, text: str, schema: Mapping[str, Any], *, required: bool = False) -> Parameter:
    """A parameter object of OpenAPI."""
    return {"name": name, "in": place, "required": required, "description": text, "schema": schema}


def _in_path(name: str, text: str, schema: Mapping[str, Any]) -> Parameter:
    return parameter("path", name, text, schema, required=True)


_STRING: Final = {"type": "string"}
_SLUG: Final = {"type": "string", "pattern": f"^{SLUG.pattern}$"}
_MANY: Final = {"type": "array", "items": _STRING}
_KIND: Final = _in_path("kind", "a kind of thing", {"type": "string", "enum": list(KINDS)})
_GRAPH: Final = _in_path("name", "`curated`, `mapping`, `inferred`, `ontology`, `metadata` or `source/<slug>`", _STRING)
_SAVED: Final = _in_path("name", "a saved query", _SLUG)
_FORMAT: Final = parameter("query", "format", "name of a format; overrides Accept", _STRING)
_PATH: Final = parameter("query", "path", "where a text stands in the repository; guessed without it", _STRING)
_LANGUAGE: Final = parameter("query", "language", "of the findings", LANGUAGE)
_VALUES_OF_QUERY: Final = {
    **parameter(
        "query",
        "values",
        "the parameters of the query, each under its name; without any, its examples",
        {"type": "object", "additionalProperties": _STRING},
    ),
    "style": "form",
    "explode": True,
}
KNOWN: Final = parameter("header", "If-None-Match", "validators of answers that the client has", _STRING)
NAMED: Final = parameter(
    "header", QUERY_ID, "an id by which /running ends the query", {"type": "string", "pattern": f"^{ID.pattern}$"}
)
_ID: Final = _in_path("query_id", f"an id that was sent with a query as {QUERY_ID}", NAMED["schema"])

_TEXT: Final = parameter(
    "query", "query", "the query; without it, RDF describes the service and HTML is the page to write one in", _STRING
)
_BESIDE: Final = (
    parameter("query", "default-graph-uri", "a graph of the default graph; several are merged as a set", _MANY),
    parameter("query", "named-graph-uri", "a graph that GRAPH may name", _MANY),
    _FORMAT,
    parameter(
        "query",
        "timeout",
        "seconds; lowers the limit of the server, never raises it",
        {"type": "number", "exclusiveMinimum": 0},
    ),
)
QUERY_BODY: Final = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["query"],
                "properties": {one["name"]: one["schema"] for one in (_TEXT, *_BESIDE)},
            }
        },
        SPARQL_QUERY: {"schema": _STRING},
    },
}


class Told(NamedTuple):
    """What one method of an address takes and gives.

    Shape: `status`, `media_types` and `headers` are those of a good answer, `headers` beside EACH; `problems` beside
           ANYWHERE; `of_problems` are headers that these carry too. One with an ETag is answered with 304 as well.
    """

    name: str
    tag: str
    media_types: tuple[str, ...]
    headers: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    of_problems: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None


def _types(formats: Iterable[Any]) -> tuple[str, ...]:
    return tuple(one.media_type for one in formats)


_PAGE: Final = (HTML.media_type,)
_DOCUMENTS: Final = _types(DOCUMENT_FORMATS)
_ANSWERS: Final = _types((*RESULT_FORMATS, *GRAPH_FORMATS, HTML))
_OF_QUERY: Final = (DATASET, TIMING)
_READY: Final = tuple(one._replace(status=503) for one in _ASKS)  # whatever the trouble is, the server is not ready

TOLD: Final[Mapping[tuple[str, str], Told]] = {
    ("/", "GET"): Told("home", "pages", _PAGE, _KEPT),
    ("/browse/{kind}", "GET"): Told("browse", "pages", _PAGE, _KEPT, (*_MISSES, *_ASKS), (_KIND,)),
    ("/problems", "GET"): Told("problems", "pages", _PAGE, _KEPT),
    ("/sparql", "GET"): Told(
        "query-by-get",
        "SPARQL",
        _ANSWERS,
        (*_KEPT, FILE, TIMING),
        _QUERY,
        (_TEXT, *_BESIDE, NAMED),
        of_problems=_OF_QUERY,
    ),
    ("/sparql", "POST"): Told(
        "query-by-post",
        "SPARQL",
        _ANSWERS,
        (DATASET, FILE, TIMING),
        (*_QUERY, *_of_http(408, 415)),
        (*_BESIDE, NAMED),
        of_problems=_OF_QUERY,
        body=QUERY_BODY,
    ),
    ("/validate", "GET"): Told("validate-page", "validation", _PAGE, _KEPT, _UNSUITABLE, (_LANGUAGE,)),
    ("/validate", "POST"): Told(
        "validate",
        "validation",
        _types(OFFERED),
        (DATASET, FILE),
        _SUBMITTED,
        (_LANGUAGE, _PATH, _FORMAT),
        of_problems=(DATASET,),
        body=SUBMISSION_BODY,
    ),
    ("/id/{kind}/{slug}", "GET"): Told(
        "thing",
        "things",
        (),
        ("Location",),
        (*_MISSES, *_NEGOTIATES, *_ASKS),
        (_KIND, _in_path("slug", "a thing of that kind", _SLUG)),
        status=303,
    ),
    ("/doc/{kind}/{name}", "GET"): Told(
        "document",
        "things",
        _DOCUMENTS,
        _LINKED,
        (*_MISSES, *_ASKS, *_STREAMS),
        (_KIND, _in_path("name", "a thing of that kind, and .html, .ttl, .nt, .jsonld or .rdf", _STRING)),
    ),
    ("/ns", "GET"): Told(
        "ontology",
        "vocabulary",
        _DOCUMENTS,
        _LINKED,
        (*_NEGOTIATES, *_UNSUITABLE, *_ASKS, *_STREAMS),
        (_FORMAT,),
    ),
    ("/ns/{version}", "GET"): Told(
        "ontology-version",
        "vocabulary",
        _DOCUMENTS,
        _LINKED,
        (*_MISSES, *_NEGOTIATES, *_UNSUITABLE, *_ASKS, *_STREAMS),
        (_in_path("version", "a version of the ontology", _STRING), _FORMAT),
    ),
    ("/graph", "GET"): Told("graphs", "graphs", _PAGE, _KEPT, _ASKS),
    ("/graph/{name}", "GET"): Told(
        "graph",
        "graphs",
        _DOCUMENTS,
        _LINKED,
        (*_MISSES, *_NEGOTIATES, *_UNSUITABLE, *_ASKS, *_STREAMS),
        (_GRAPH, _FORMAT),
    ),
    ("/queries", "GET"): Told("queries", "saved queries", _PAGE, _KEPT),
    ("/queries/{name}", "GET"): Told(
        "saved-query",
        "saved queries",
        _PAGE,
        (*_KEPT, TIMING),
        (*_MISSES, *_VALUES, *_OF_STRANGERS, *_ASKS),
        (_SAVED, _VALUES_OF_QUERY, NAMED),
        of_problems=_OF_QUERY,
    ),
    ("/queries/{name}.rq", "GET"): Told(
        "saved-query-text", "saved queries", (SPARQL_QUERY,), _KEPT, _MISSES, (_SAVED,)
    ),
    ("/health/live", "GET"): Told("live", "operations", (PLAIN_JSON,)),
    ("/health/ready", "GET"): Told("ready", "operations", (PLAIN_JSON,), problems=_READY),
    ("/.well-known/void", "GET"): Told("void", "graphs", (), ("Location",), status=302),
    ("/robots.txt", "GET"): Told("robots", "operations", (TEXT,)),
    ("/openapi.json", "GET"): Told("description", "operations", (PLAIN_JSON,)),
    ("/metrics", "GET"): Told("metrics", "operations", (TEXT,)),
    ("/limits", "GET"): Told("limits", "operations", (PLAIN_JSON, *_PAGE), _KEPT, _NEGOTIATES),
    ("/running", "GET"): Told("running", "operations", (PLAIN_JSON,)),
    ("/running/{query_id}", "GET"): Told("get-running", "operations", (PLAIN_JSON,), (), _MISSES, (_ID,)),
    ("/running/{query_id}", "DELETE"): Told("delete-running", "operations", (), (), _MISSES, (_ID,), status=204),
}
"""Every address and method, but for the tables of the saved queries, each of which has parameters of its own."""


def of_table(name: str, media_type: str, parameters: tuple[Parameter, ...], *, of_strangers: bool) -> Told:
    """What the answer to a saved query in one format takes and gives.

    Shape: with `of_strangers` it is asked as strangers' queries are.
    """
    problems = (*_VALUES, *_ASKS, *_STREAMS, *(_OF_STRANGERS if of_strangers else ()))
    return Told(
        name,
        "saved queries",
        (media_type,),
        (*_KEPT, FILE, *((TIMING,) if of_strangers else ())),
        problems,
        (*parameters, *((NAMED,) if of_strangers else ())),
        of_problems=(TIMING,) if of_strangers else (),
    )
