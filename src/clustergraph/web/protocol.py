"""The SPARQL 1.1 Protocol: from an HTTP request to one query, whichever of the ways it came. Evaluates nothing."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import Request

from clustergraph.errors import ParameterUnsuitable, QueryMalformed, QueryRefused, QueryTooLarge
from clustergraph.formats import ALL_FORMATS, Format, named, type_and_charset
from clustergraph.settings import Settings
from clustergraph.web.line import line_of
from clustergraph.web.problems import shown

FORM: Final = "application/x-www-form-urlencoded"
SPARQL_QUERY: Final = "application/sparql-query"
SPARQL_UPDATE: Final = "application/sparql-update"
BODY_TIME_LIMIT_S: Final = 20.0  # for a whole body to arrive
FORM_OVERHEAD_BYTES: Final = 16_384  # names, graphs and other parameters beside the query text
FIELD_LIMIT: Final = 200
AT_ONCE_BYTES: Final = 16_384  # of a form that is read while others wait
_DIGITS: Final = 15  # of a Content-Length that are read; Python refuses to read thousands

_BYTE_ORDER_MARK: Final = "\ufeff"  # in front of a file as some editors write it; no part of the text
_ONCE: Final = ("query", "update", "timeout")
# Narrower than RFC 3987 on purpose: no IPv6 host, no user name, no odd port, one '#'.
ABSOLUTE_IRI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?://[\w.~!$&'()*+,;=-]*(?::[0-9]{0,5})?(?=[/?#]|$)|(?!//))"
    r"(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")

_READ_ONLY: Final = "this endpoint is read-only: it answers SELECT, ASK, CONSTRUCT and DESCRIBE, and takes no updates"

ReadForm = Callable[[bytes], Awaitable[list[tuple[str, str]]]]
"""What reads the parameters of a form."""

# One thread: however many forms come, they leave half of the time to everything else.
_reader: Final = ThreadPoolExecutor(1, thread_name_prefix="forms")


@dataclass(slots=True)
class Asked:
    """One request to the endpoint.

    Shape: `query` is None where none was sent; `format_name` is the value of `format=`, which overrides Accept.
    """

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format_name: str | None = None
    time_limit_s: float | None = None


async def read_request(request: Request, settings: Settings, long_form: ReadForm) -> Asked:
    """What is asked.

    Shape: `long_form` reads a form of more than AT_ONCE_BYTES, of which each escape takes its time.

    Raises: QueryMalformed, QueryRefused, QueryTooLarge, ParameterUnsuitable; HTTPException 408 or 415.
    Source: SPARQL 1.1 Protocol, section 2.1.
    """
    pairs = parameters(request.scope["query_string"])
    if request.method != "GET":
        pairs += await _from_body(request, settings, long_form, pairs)
    return asked_with(pairs, settings)


def asked_with(pairs: Sequence[tuple[str, str]], settings: Settings) -> Asked:
    """What the parameters of a request ask.

    Raises: QueryMalformed, QueryRefused, ParameterUnsuitable.
    """
    if len(pairs) == 1 and pairs[0][0] == "query":
        return Asked(pairs[0][1])
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    for name in _ONCE:
        if len(values.get(name, ())) > 1:
            message = f"there are {len(values[name])} parameters '{name}': send one"
            raise QueryMalformed(message)
    if "update" in values:
        raise QueryRefused(_READ_ONLY)
    return Asked(
        query=_single(values, "query"),
        default_graphs=_graphs(values, "default-graph-uri"),
        named_graphs=_graphs(values, "named-graph-uri"),
        format_name=_format_name(values.get("format", ())),
        time_limit_s=_time_limit_s(_single(values, "timeout"), settings),
    )


def _format_name(names: Sequence[str]) -> str | None:
    """The format that all of these name: clients send it by its name and again by its media types.

    Shape:  of several, those that nobody knows are passed over.
    Raises: QueryMalformed where they name different ones.
    """
    if len(names) > 1:
        known: dict[Format, str] = {}
        for one in ",".join(names).split(","):
            with suppress(ParameterUnsuitable):
                known.setdefault(named(one.strip(), ALL_FORMATS), one.strip())
        if len(known) > 1:
            message = f"there are {len(names)} parameters 'format', and they differ: send one"
            raise QueryMalformed(message)
        names = [*known.values(), *names]
    return next(iter(names), "") or None


def parameters(encoded: bytes) -> list[tuple[str, str]]:
    """The name and value pairs of a query string or form, in order.

    Raises: QueryMalformed if it is not UTF-8 or has more than FIELD_LIMIT pairs.

    >>> parameters(b"a=1&a=%C3%A8")
    [('a', '1'), ('a', 'è')]
    """
    if encoded.startswith(b"query=") and encoded.isascii() and b"&" not in encoded:
        # The one parameter that most requests have, read in a third of the time.
        with suppress(UnicodeDecodeError):
            return [("query", unquote_to_bytes(encoded[6:].replace(b"+", b" ")).decode())]
    try:
        return parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELD_LIMIT)
    except UnicodeDecodeError as exc:
        message = "the parameters are not UTF-8: encode the text as UTF-8, then percent-encode it"
        raise QueryMalformed(message) from exc
    except ValueError as exc:
        message = f"there are more than {FIELD_LIMIT} parameters: send fewer"
        raise QueryMalformed(message) from exc


async def read_beside(form: bytes) -> tuple[list[tuple[str, str]], float]:
    """The parameters of a form, read while others are served, and the seconds that it took.

    Raises: QueryMalformed.
    """

    def read() -> tuple[list[tuple[str, str]], float]:
        began_s = time.thread_time()
        pairs = parameters(form)
        return pairs, time.thread_time() - began_s

    return await asyncio.get_running_loop().run_in_executor(_reader, read)


async def _from_body(
    request: Request, settings: Settings, long_form: ReadForm, in_address: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    media_type = _media_type(request)
    if media_type == SPARQL_UPDATE:
        raise QueryRefused(_READ_ONLY)
    if media_type == FORM:
        # Percent-encoding makes three bytes of one.
        form = await read_body(request, 3 * settings.query_limit_bytes + FORM_OVERHEAD_BYTES)
        return parameters(form) if len(form) <= AT_ONCE_BYTES else await long_form(form)
    body = await read_body(request, settings.query_limit_bytes)
    if any(name == "query" for name, _ in in_address):
        message = "there is a query in the address and another one in the body: send one"
        raise QueryMalformed(message)
    try:
        return [("query", body.decode().removeprefix(_BYTE_ORDER_MARK))]
    except UnicodeDecodeError as exc:
        message = f"the query is not UTF-8: byte {exc.start + 1} cannot be read"
        raise QueryMalformed(message) from exc


def _media_type(request: Request) -> str:
    """The media type of the body, once it is sure that we can read it.

    Raises: QueryMalformed if there are several; HTTPException 415.
    """
    if (count := len(request.headers.getlist("content-type"))) > 1:
        message = f"there are {count} Content-Type headers: send one"
        raise QueryMalformed(message)
    unread = "is not a form of query that is read here"
    return sent_type(
        request, (FORM, SPARQL_QUERY, SPARQL_UPDATE), unread, f"{FORM} or {SPARQL_QUERY}", "the query as it is"
    )


def sent_type(request: Request, allowed: Container[str], unread: str, instead: str, plain: str) -> str:
    """The media type of a body in UTF-8 and in no content coding.

    Shape:  `unread` is said of another type, `instead` and `plain` what to send in its place, and in that of a coding.
    Raises: HTTPException 415.
    """
    media_type, charset = type_and_charset(request.headers.get("content-type", ""))
    if media_type not in allowed:
        said = f"'{shown(media_type)}' {unread}" if media_type else "no Content-Type"
        raise HTTPException(415, f"{said}: send {instead}")
    if charset not in ("utf-8", "utf8"):
        raise HTTPException(415, f"the charset '{shown(charset)}' is not read here: send UTF-8")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise HTTPException(415, f"the content coding '{shown(coding)}' is not read here: send {plain}")
    return media_type


async def read_body(request: Request, limit_bytes: int, too_large: Callable[[int], Exception] | None = None) -> bytes:
    """The body, of which never more than the limit is held.

    Raises: what `too_large` makes of the limit, QueryTooLarge without it; HTTPException 408.
    """
    too_large = too_large or _too_large
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    try:
        if declared.isdecimal() and int(declared[:_DIGITS]) > limit_bytes:
            raise too_large(limit_bytes)
        with line_of(request.scope).awaiting_body():
            async with asyncio.timeout(BODY_TIME_LIMIT_S):
                async for piece in request.stream():
                    body += piece
                    if len(body) > limit_bytes:
                        raise too_large(limit_bytes)
    except TimeoutError as exc:
        raise HTTPException(408, f"the body did not arrive within {BODY_TIME_LIMIT_S:g} s: send it faster") from exc
    return bytes(body)


def _too_large(limit_bytes: int) -> QueryTooLarge:
    message = f"the body has more than {limit_bytes:,} bytes, which is the limit here: send a shorter query"
    return QueryTooLarge(message)


def _single(values: Mapping[str, Sequence[str]], name: str) -> str | None:
    return next(iter(values.get(name, ())), None)


def _graphs(values: Mapping[str, Sequence[str]], name: str) -> tuple[str, ...]:
    for iri in values.get(name, ()):
        if not ABSOLUTE_IRI.fullmatch(iri):
            message = (
                f"'{shown(iri)}' in {name} is not an absolute IRI: give it in full, e.g. https://example.org/graph"
            )
            raise QueryMalformed(message)
    return tuple(values.get(name, ()))


def _time_limit_s(text: str | None, settings: Settings) -> float | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text) or float(text) <= 0:
        message = f"'{shown(text)}' does not fit timeout: give seconds in digits, more than 0, e.g. timeout=2.5"
        raise ParameterUnsuitable(message)
    return min(float(text), settings.time_limit_s)
