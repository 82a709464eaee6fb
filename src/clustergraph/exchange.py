"""What another engine answers, judged: its status, its media type, its body. Asks nothing itself.

The engine's own words may name its files or addresses, so none of them goes on but the place of a syntax error.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Set
from contextlib import aclosing
from types import TracebackType
from typing import Final

import httpx2

from clustergraph.errors import (
    IN_STEPS,
    Busy,
    ClusterGraphError,
    NotAcceptable,
    QueryAborted,
    QueryMalformed,
    QueryTimedOut,
    QueryTooHungry,
    QueryTooLarge,
)
from clustergraph.formats import GRAPH_FORMATS, JSON, N_TRIPLES, RESULT_FORMATS, XML, Format, type_and_charset
from clustergraph.intake import gathered
from clustergraph.restating import GraphWriter
from clustergraph.rewriting import TableWriter, is_true, truth_in
from clustergraph.runner import QueryRequest
from clustergraph.sparql_cells import Broken, Unreadable
from clustergraph.transport import Surplus

_logger: Final = logging.getLogger("clustergraph.remote")

_SHORT_BYTES: Final = 1 << 16  # of what is read whole: a boolean, an error
_OVERHEAD: Final = 8  # how much longer the engine's answer may be than what we write of it
_PLACES: Final = (
    re.compile(r"error at (\d+):(\d+)"),
    re.compile(r"\bline:?\s+(\d+)(?:,?\s*col(?:umn)?:?\s+(\d+))?", re.IGNORECASE),
)
_ASKED_FOR: Final = {"SELECT": XML, "ASK": JSON, "CONSTRUCT": N_TRIPLES, "DESCRIBE": N_TRIPLES}
"""What the engine is asked for, whatever we answer in: of these it can be seen whether they are whole."""
_CHARSETS: Final = ("utf-8", "utf8", "us-ascii", "")  # what we read whatever an engine sends
_SHORTENED: Final = ("x-sparql-maxrows", "x-sql-state")
_OK: Final = 200
_BAD_REQUEST: Final = 400
_AGAIN: Final = "try again in a moment"


def _busy(detail: str) -> Callable[[], ClusterGraphError]:
    return lambda: Busy(f"{detail}: {_AGAIN}", retry_after_s=5)


def _timed_out() -> ClusterGraphError:
    return QueryTimedOut("stopped by the engine at its own time limit: add a LIMIT, or narrow the pattern")


def _given_up() -> ClusterGraphError:
    return QueryAborted("the engine gave up on this query: ask for less, or in smaller steps")


def _too_large() -> ClusterGraphError:
    return QueryTooLarge("the query is larger than the engine takes: ask several smaller queries")


_REFUSES: Final = _busy("the engine does not answer us")
_OTHER_FORM: Final = _busy("the engine answers in another form than it was asked for")
_ERRORS: Final[dict[int, Callable[[], ClusterGraphError]]] = {
    406: _OTHER_FORM,
    408: _timed_out,
    413: _too_large,
    414: _too_large,
    429: _busy("the engine is busy"),
    500: _given_up,
    502: _busy("the engine cannot be reached"),
    503: _busy("the engine is busy"),
    504: _timed_out,
}
"""What each status of the engine means here; any other, a redirect among them, says that it was set up wrongly."""


class deadline:  # noqa: N801  # used as asyncio.timeout is
    """Ends what runs inside it with QueryTimedOut.

    Units: `left_s` is what is left of the whole `limit_s`, in seconds.
    """

    def __init__(self, left_s: float, limit_s: float) -> None:
        self._timeout = asyncio.timeout(left_s)
        self._limit_s = limit_s

    @property
    def is_over(self) -> bool:
        """Whether it has ended what ran inside."""
        return self._timeout.expired()

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, value, trace)
        except TimeoutError as exc:
            message = f"stopped after {self._limit_s:g} s: add a LIMIT, narrow the pattern, {IN_STEPS}"
            raise QueryTimedOut(message) from exc


def chosen_format(request: QueryRequest, form: str) -> Format:
    """The format to answer a query of this form in.

    Raises: NotAcceptable where the request accepts none of that family.
    """
    families = {
        True: (request.result_format, request.graph_format, RESULT_FORMATS),
        False: (request.graph_format, request.result_format, GRAPH_FORMATS),
    }
    wanted, other, offered = families[form in ("SELECT", "ASK")]
    if wanted is None:
        raise NotAcceptable(other.media_type if other else "", [one.media_type for one in offered])
    return wanted


def accept(form: str) -> str:
    """The media type to ask the engine for, which is not the one that we answer in."""
    return _ASKED_FOR[form].media_type


async def check_status(response: httpx2.Response, query: str, *, lines_before: int) -> None:
    """Nothing, if the engine answers.

    Shape:  `lines_before` of what was sent stand above the first line of the query.
    Raises: QueryMalformed with the place as far as the engine tells it; Busy, QueryTimedOut, QueryAborted and
            QueryTooLarge as its status says.
    """
    status = response.status_code
    if status == _OK:
        return
    said = await _beginning(response)
    if status == _BAD_REQUEST:
        raise _malformed(said, query, lines_before)
    _logger.warning("the engine answered with status %d: %.200r", status, said)
    raise _ERRORS.get(status, _REFUSES)()


def check_type(response: httpx2.Response, form: str) -> None:
    """Nothing, if the body is what was asked for, in UTF-8 and not packed.

    Raises: Busy otherwise: what a proxy or a login page says must not pass for an answer.
    """
    wanted = _ASKED_FOR[form]
    sent, charset = type_and_charset(response.headers.get("content-type", ""))
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if sent not in (wanted.media_type, *wanted.also) or packed != "identity" or charset not in _CHARSETS:
        told = (sent, charset, packed, wanted.media_type)
        _logger.warning("the engine answered in %.80r, %.80r, %.80r, not in %s", *told)
        raise _OTHER_FORM()


def check_whole(response: httpx2.Response) -> None:
    """Nothing, if the engine does not say that a limit of its own ended the answer, as far as it has been read.

    Raises: QueryAborted: such an answer is well formed, and shorter than the right one.
    Source: the SPARQL endpoint of Virtuoso 7, which says so of tables; of graphs it cuts it says nothing.
    """
    behind = {name.decode().lower() for name, _ in response.extensions.get("trailers", ())}
    if told := [name for name in _SHORTENED if name in response.headers or name in behind]:
        _logger.warning("the engine shortened an answer: it sends %s", told[0])
        message = "the engine holds back what is beyond a limit of its own: narrow the query, or add a smaller LIMIT"
        raise QueryAborted(message)


def check_end(response: httpx2.Response, form: str) -> None:
    """Nothing, if half of the body cannot pass for the whole.

    Shape:  results in XML and JSON show their end themselves, RDF need not: half of its lines are RDF as well.
    Raises: QueryAborted for RDF that ends with the connection, whoever closes it.
    """
    is_framed = {"content-length", "transfer-encoding"} & {name.lower() for name in response.headers}
    if form not in ("SELECT", "ASK") and not is_framed:
        _logger.warning("the engine sends RDF without a length and not in chunks: its end cannot be told from a cut")
        message = "the engine does not say where its answer ends, so half of it could pass for the whole: use SELECT"
        raise QueryAborted(message)


async def pieces(response: httpx2.Response, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body as it arrives.

    Raises: QueryTooHungry over the limit; QueryAborted where the engine breaks off, says behind the body that it is not
            whole, or sends more than the answer.
    """
    left = limit_bytes
    try:
        async with aclosing(gathered(response.aiter_raw())) as source:
            async for piece in source:
                left -= len(piece)
                if left < 0:
                    raise _too_long(limit_bytes)
                yield piece
        check_whole(response)
    except Surplus as exc:
        raise _wrong(Broken(exc)) from exc
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as exc:
        _logger.warning("the engine broke off: %s: %s", type(exc).__name__, exc)
        raise _broken() from exc


def _too_long(limit_bytes: int) -> QueryTooHungry:
    return QueryTooHungry(
        f"the answer is longer than {limit_bytes:,} bytes: add a LIMIT, or ask for less of each entity"
    )


def _broken() -> QueryAborted:
    return QueryAborted("the engine broke off in the middle of its answer: send the query again, or ask for less")


def _wrong(what: Broken) -> QueryAborted:
    return QueryAborted(f"the engine's answer is broken ({what}): ask for something else until it is mended")


async def body(
    response: httpx2.Response, chosen: Format, form: str, *, columns: Set[str] | None, limit_bytes: int
) -> AsyncGenerator[bytes, None]:
    """The body in the format asked for, held to the limit.

    Shape:  `columns` are those that a table must have, None where the query does not name them.
    Raises: QueryTooHungry over the limit; QueryAborted for an answer that is broken, or of which a part is missing;
            FormatCannotHold.
    """
    left = limit_bytes
    source = pieces(response, limit_bytes * _OVERHEAD)
    written = _truth(response, chosen) if form == "ASK" else _anew(source, _writer(chosen, form, columns))
    try:
        async with aclosing(source), aclosing(written):
            async for piece in written:
                left -= len(piece)
                if left < 0:
                    raise _too_long(limit_bytes)
                yield piece
    except Unreadable as exc:
        _logger.warning("the engine's answer cannot be read: %s", exc)
        raise (_wrong(exc) if isinstance(exc, Broken) else _broken()) from exc


def _writer(chosen: Format, form: str, columns: Set[str] | None) -> TableWriter | GraphWriter:
    return TableWriter(chosen, columns) if form == "SELECT" else GraphWriter(chosen)


async def _anew(source: AsyncGenerator[bytes, None], writer: TableWriter | GraphWriter) -> AsyncGenerator[bytes, None]:
    async for piece in source:
        # in a thread: the loop serves others while a piece is read
        if written := await asyncio.to_thread(writer.feed, piece):
            yield written
    yield writer.finish()


async def _truth(response: httpx2.Response, chosen: Format) -> AsyncGenerator[bytes, None]:
    whole = b"".join([piece async for piece in pieces(response, _SHORT_BYTES)])
    yield truth_in(chosen, truth=is_true(whole))


async def _beginning(response: httpx2.Response) -> str:
    """The beginning of what an engine says of an error, read no further than it is looked at."""
    said = bytearray()
    try:
        async with aclosing(gathered(response.aiter_raw())) as source:
            async for piece in source:
                said += piece
                if len(said) >= _SHORT_BYTES:
                    break
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as exc:
        _logger.warning("the engine broke off: %s: %s", type(exc).__name__, exc)
    finally:
        await response.aclose()
    return said[:_SHORT_BYTES].decode(errors="replace")


def _malformed(said: str, query: str, lines_before: int) -> QueryMalformed:
    """The engine's syntax error as ours, with the place in the query as it was sent to us."""
    _logger.info("the engine refused a query: %.200r", said)
    found = next((match for pattern in _PLACES if (match := pattern.search(said))), None)
    lines = query.split("\n")
    line = int(found[1][:9]) - lines_before if found else 0
    if not 1 <= line <= len(lines):
        remedy = "try it in smaller pieces"
        return QueryMalformed(f"the engine cannot read this query: {remedy}", hint=remedy)
    text = lines[line - 1]
    column = int(found[2][:9]) if found and found[2] else None
    column = column if column and column <= len(text) + 1 else None
    place = f"line {line}, column {column}" if column else f"line {line}"
    detail = f"{place}: the engine cannot read the query here"
    return QueryMalformed(detail, line=line, column=column)
