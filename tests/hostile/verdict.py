"""What is wrong with an answer: against what its case expects, and against what holds for every answer."""

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

from clustergraph.web.problems import BY_STATUS, PROBLEMS
from hostile.case import CLOSED, Case
from hostile.pages import strangers
from hostile.wire import Exchange, Reply

TYPES: Final = "https://w3id.org/clustergraph/problems#"
TITLES: Final = {one.name: one.title for one in (*PROBLEMS.values(), *BY_STATUS.values())}

SAFETY: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
    "access-control-allow-origin": "*",
}
"""On every answer of the application, with these values."""

_KNOWN_HEADERS: Final = """
    accept-ranges access-control-allow-headers access-control-allow-methods access-control-allow-origin
    access-control-expose-headers access-control-max-age age allow cache-control connection content-disposition
    content-encoding content-length content-security-policy content-type date etag last-modified link location
    referrer-policy retry-after server-timing transfer-encoding vary x-clustergraph-dataset x-content-type-options
    x-request-id
"""
KNOWN_HEADERS: Final = frozenset(_KNOWN_HEADERS.split())
"""No answer has others. What is not here was injected, or tells what software we run, or keeps a state."""

_BARE_BODIES: Final = frozenset((b"", b"Service Unavailable"))
_WORDS: Final = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|pyoxigraph|oxigraph|uvicorn|starlette|fastapi|httptools|asyncio|jinja"
    r"|\b0x[0-9a-f]{6,}|/(?:home|root|tmp|usr|opt|work|proc|etc)/|rdflib|Errno|Exception|panicked|errno",
    re.IGNORECASE,
)
"""Words that tell of our insides."""

_LOCATION: Final = re.compile(r"/doc/[a-z-]+/[a-z0-9-]+\.(?:html|ttl|nt|jsonld|rdf)")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def faults(case: Case, exchange: Exchange, limit_s: float) -> Iterator[str]:
    """Each thing that is wrong, in words."""
    if exchange.hung or exchange.duration_s > limit_s:
        yield f"took {exchange.duration_s:.1f} s"
    if not exchange.replies:
        if CLOSED not in case.statuses:
            yield f"no answer but {exchange.rest[:200]!r}"
        return
    if exchange.rest:
        yield f"{exchange.rest[:200]!r} after the answer"
    if len(exchange.replies) != case.replies:
        yield f"{len(exchange.replies)} answers: {[one.status for one in exchange.replies]}"
    for reply in exchange.replies:
        yield from _faults_of_any(case, reply)
    yield from _faults_of_last(case, exchange.replies[-1])


def _faults_of_last(case: Case, reply: Reply) -> Iterator[str]:
    if reply.status not in case.statuses:
        yield f"status {reply.status}: {reply.text[:300]}"
    if case.problem and not _is_told(case.problem, reply):
        yield f"another problem: {reply.text[:300]}"
    yield from (f"no {part!r} in {reply.text[:300]!r}" for part in case.has if part not in reply.text)
    yield from (f"{part!r} in the body" for part in case.lacks if part in reply.text)
    fields = reply.fields
    yield from (
        f"{name}: {fields.get(name)!r}, not {value!r}"
        for name, value in case.headers.items()
        if fields.get(name) != value
    )


def _is_told(problem: str, reply: Reply) -> bool:
    if reply.header("content-type") == "application/problem+json":
        return bool(json.loads(reply.text)["type"] == f"{TYPES}{problem}")
    return TITLES[problem] in reply.text


def _faults_of_any(case: Case, reply: Reply) -> Iterator[str]:
    if reply.status == 500 or reply.status > 505:
        yield f"status {reply.status}: our fault"
    if case.is_bare and not reply.header("content-security-policy"):
        if reply.body not in _BARE_BODIES:
            yield f"a bare answer says {reply.text[:200]!r}"
        return
    yield from _faults_of_headers(reply)
    yield from _leaks(case, reply)
    kind = reply.header("content-type").partition(";")[0]
    if kind == "text/html":
        yield from (f"in the page: {one}" for one in strangers(reply.text))
    elif reply.status >= 400:
        yield from _faults_of_problem(case, reply, kind)


def _faults_of_headers(reply: Reply) -> Iterator[str]:
    names = [name for name, _ in reply.headers]
    yield from (f"an unknown header {name!r}" for name in names if name not in KNOWN_HEADERS)
    yield from (f"two headers {name!r}" for name in set(names) if names.count(name) > 1)
    fields = reply.fields
    yield from (f"{name}: {fields.get(name)!r}" for name, value in SAFETY.items() if fields.get(name) != value)
    if "location" in fields and not _LOCATION.fullmatch(fields["location"]):
        yield f"Location: {fields['location']}"
    if reply.status in (503, 429) and "retry-after" not in fields:
        yield "no Retry-After"
    if reply.status == 405 and "allow" not in fields:
        yield "no Allow"


def _leaks(case: Case, reply: Reply) -> Iterator[str]:
    sent = unquote_plus(case.raw.decode("utf-8", "replace")).lower()
    for found in {one.group().lower() for one in _WORDS.finditer(reply.text)} if reply.status >= 400 else ():
        if found not in sent:
            yield f"the body says {found!r}: {reply.text[:300]}"


def _faults_of_problem(case: Case, reply: Reply, kind: str) -> Iterator[str]:
    if case.raw.lstrip(b"\r\n").startswith(b"HEAD "):
        return
    if kind != "application/problem+json":
        yield f"a problem as {kind!r}: {reply.text[:200]}"
        return
    if not reply.text:
        yield f"a problem without a body: {reply.status} {reply.headers}"
        return
    told = json.loads(reply.text)
    if told["status"] != reply.status or not told["type"].startswith(TYPES) or not told["title"]:
        yield f"a problem that contradicts its status: {told}"
    if _CONTROLS.search(told["detail"] + str(told.get("hint", ""))):
        yield f"control characters in the detail: {told!r}"
    if len(reply.body) > 4_000:
        yield f"a problem of {len(reply.body)} bytes"
