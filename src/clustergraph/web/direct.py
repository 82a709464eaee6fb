"""Plain requests answered straight from their connection, without the framework: from the cache, or by a worker.

A request that is anything but plain goes the way of all others, untouched. Whichever way it goes, its answer has the
same status, headers and body: this way is only shorter.
"""

import logging
import re
from collections.abc import Hashable
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from clustergraph.errors import ClusterGraphError
from clustergraph.formats import Format
from clustergraph.jobs import Job
from clustergraph.runner import Answer
from clustergraph.web.cache import Stored, head_of, variant_tag
from clustergraph.web.choice import AnswerKey, answer_key, choose, question, tag_of
from clustergraph.web.connection import HEAD_LIMIT_BYTES, BoundedProtocol
from clustergraph.web.envelope import SAFETY, Envelope
from clustergraph.web.plain import REQUEST, Blocks, Plain, admitted, asked_by
from clustergraph.web.problems import problem_response, told
from clustergraph.web.protocol import Asked
from clustergraph.web.responses import TARGET_LIMIT_BYTES, data_headers, headers_of, names
from clustergraph.web.site import Site
from clustergraph.workers import WorkerPool

_logger = logging.getLogger("clustergraph.web")

_HEADS: Final = 256  # that are remembered
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_NOT_MODIFIED: Final = b"HTTP/1.1 304 Not Modified\r\n"


class _Pending(NamedTuple):
    """A request that a worker has."""

    site: Site
    data: bytes
    key: AnswerKey | None
    plain: Plain
    is_get: bool


_blocks: Final = Blocks()


class DirectProtocol(BoundedProtocol):
    """One HTTP connection, with the short way for plain requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending: _Pending | None = None
        self._job: Job | None = None
        self._later = b""
        self._is_last = False

    def data_received(self, data: bytes) -> None:
        """Takes a plain request whole, or leaves it to the framework."""
        if self._pending is not None:
            # The next request came before the answer to this one: it waits, as they are answered in their order.
            self._later += data
            if len(self._later) > HEAD_LIMIT_BYTES:
                self.flow.pause_reading()
        elif self._in_message or not (self.cycle is None or self.cycle.response_complete) or not self._took(data):
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives up what the client will not read."""
        if self._job is not None:
            self._job.give_up()
        self._pending = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Ends the connection after the answer that is under way."""
        if self._pending is None:
            super().shutdown()
        else:
            self._is_last = True

    def _took(self, data: bytes) -> bool:
        app = self.app_state.get("app")
        if app is None or len(data) > 2 * TARGET_LIMIT_BYTES or self.transport.is_closing() or self._is_crowded():
            return False
        site: Site = app.state.site
        stored = site.answers.get((data,))
        if stored is not None:
            self._send(_OK, stored.head, stored.body)
            return True
        request = REQUEST.match(data)
        plain = _blocks.read(request[3]) if request else None
        if request is None or plain is None or len(data) != request.end() + plain.length:
            return False
        return self._answered(site, data, request, plain)

    def _is_crowded(self) -> bool:
        return self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency

    def _answered(self, site: Site, data: bytes, request: re.Match[bytes], plain: Plain) -> bool:
        method, target, _ = request.groups()
        is_get = method == b"GET"
        path, _, query_string = target.partition(b"?")
        if is_get:
            key = path + b"?" + query_string, plain.accept, plain.coding.encode()
            if self._send_kept(site, data, plain, key):
                return True
        if path != b"/sparql" or len(target) > TARGET_LIMIT_BYTES or len(plain.accept) > TARGET_LIMIT_BYTES // 2:
            return False
        try:
            asked = asked_by(query_string, b"" if is_get else data[request.end() :], plain, site.settings)
            return asked is not None and self._asked(site, data, plain, asked, is_get=is_get)
        except ClusterGraphError:
            return False  # the long way says what is wrong

    def _send_kept(self, site: Site, data: bytes, plain: Plain, key: Hashable, *, is_get: bool = True) -> bool:
        """Answers from the cache, if the answer is there."""
        stored = site.answers.get(key)
        if stored is None:
            return False
        if not is_get:
            self._send(_OK, stored.head_private, stored.body)
        elif names(plain.known, stored.tag.decode()):
            self._send(_NOT_MODIFIED, stored.head_unchanged)
        else:
            if not plain.known:
                site.answers.put((data,), stored)
            self._send(_OK, stored.head, stored.body)
        return True

    def _asked(self, site: Site, data: bytes, plain: Plain, asked: Asked, *, is_get: bool) -> bool:
        """Answers from the cache, or has a worker answer."""
        form = admitted(asked.query or "", site.settings.limits)
        choice = choose(asked, plain.accept.decode("ascii") or None, form)
        pool = site.open_runner
        if choice.page or not isinstance(pool, WorkerPool):
            return False
        key = answer_key(asked, choice, form)
        if key and self._send_kept(site, data, plain, (*key, plain.coding), is_get=is_get):
            return True
        if plain.known:
            return False
        self._job = pool.submit(question(asked, choice, plain.coding), self._deliver)
        self._pending = _Pending(site, data, key, plain, is_get)
        self._stop_clock()
        self._unset_keepalive_if_required()
        return True

    def _deliver(self, outcome: Answer | ClusterGraphError) -> None:
        """Sends what came of the request that a worker has."""
        pending, self._job = self._pending, None
        if pending is None:
            return
        if isinstance(outcome, Answer) and outcome.whole is not None:
            self._send(_OK, self._kept_head(pending, outcome, outcome.whole), outcome.whole)
            self._go_on()
            return
        work = self._stream(pending, outcome) if isinstance(outcome, Answer) else self._explain(pending, outcome)
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _kept_head(self, pending: _Pending, answer: Answer, body: bytes) -> bytes:
        """The head of a whole answer, which is kept for the next who asks."""
        site, key, coding = pending.site, pending.key, pending.plain.coding
        tag = tag_of(site, key)
        if key is None or tag is None:
            return _head(site, answer, None, len(body))
        tag = variant_tag(tag, answer.coding)
        stored = Stored(_head(site, answer, tag, len(body)), body, tag.encode())
        site.answers.put((*key, coding), stored)
        if not pending.is_get:
            return stored.head_private
        site.answers.put((pending.data,), stored)
        return stored.head

    async def _stream(self, pending: _Pending, answer: Answer) -> None:
        """Sends a longer answer as it comes; one that fails, or that nobody reads, is cut."""
        tag = tag_of(pending.site, pending.key) if pending.is_get else None
        head = _head(pending.site, answer, tag and variant_tag(tag, answer.coding), None)
        limit, kept = pending.site.answers.answer_limit_bytes, bytearray()
        self.transport.write(_OK + self._date() + head)
        try:
            async for frame in answer.frames:
                if self.transport.is_closing():
                    return
                if pending.key and len(kept) <= limit:
                    kept += frame
                self.transport.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                await self.flow.drain()
        except ClusterGraphError as exc:
            _logger.warning("an answer was cut: %s", exc.detail)
            self.transport.close()  # without the last chunk, so that it never looks whole
            return
        finally:
            await answer.close()
        self.transport.write(b"0\r\n\r\n")
        if pending.key and len(kept) <= limit:
            self._kept_head(pending, answer, bytes(kept))
        self._arm()
        self._go_on()

    async def _explain(self, pending: _Pending, trouble: ClusterGraphError) -> None:
        """Sends what went wrong, as the framework would."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def explain(scope: Scope, receive: Receive, send: Send) -> None:
            await problem_response(Request(scope), told(trouble))(scope, receive, send)

        await Envelope(explain)(_scope(self.app_state["app"], pending), _nothing_more, send)
        status: int = sent[0]["status"]
        self._send(STATUS_LINE[status], head_of(sent[0]["headers"]), sent[1]["body"])
        self._go_on()

    def _send(self, status_line: bytes, head: bytes, body: bytes = b"") -> None:
        if not self.transport.is_closing():
            self.transport.write(b"".join((status_line, self._date(), head, body)))
            self._arm()

    def _date(self) -> bytes:
        return b"".join(b"%s: %s\r\n" % one for one in self.server_state.default_headers)

    def _arm(self) -> None:
        """Starts the clock of the time between two requests."""
        self.server_state.total_requests += 1
        self._stop_clock()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _go_on(self) -> None:
        """Ends the connection, or takes what has come meanwhile."""
        self._pending = None
        if self._is_last:
            self.transport.close()
            return
        self.flow.resume_reading()
        if self._later:
            data, self._later = self._later, b""
            self.data_received(data)


_heads: Final[dict[tuple[str, Format, str, bool], bytes]] = {}


def _head(site: Site, answer: Answer, tag: str | None, length: int | None) -> bytes:
    """The head of an answer; without a length it comes in chunks."""
    about = (site.published.digest, answer.format, answer.coding, tag is None)
    lines = _heads.get(about)
    if lines is None:
        if len(_heads) >= _HEADS:
            _heads.clear()
        headers = {
            **SAFETY,
            **data_headers(site, tag=tag, vary="Accept, Accept-Encoding"),
            **headers_of(answer.format, answer.coding, "results"),
        }
        headers.pop("ETag", None)
        lines = _heads[about] = head_of((name.lower().encode(), value.encode()) for name, value in headers.items())
    measured = b"transfer-encoding: chunked\r\n" if length is None else b"content-length: %d\r\n" % length
    return (b"etag: %s\r\n" % tag.encode() if tag else b"") + measured + lines


def _scope(app: Any, pending: _Pending) -> Scope:
    """What the framework would have been told of a request, as far as an answer depends on it."""
    accept = pending.plain.accept
    return {
        "type": "http",
        "app": app,
        "method": "GET" if pending.is_get else "POST",
        "path": "/sparql",
        "raw_path": b"/sparql",
        "query_string": b"",
        "headers": [(b"accept", accept)] if accept else [],
    }


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
