"""Plain requests answered straight from their connection, without the framework: from the cache, or by a worker.

A request that is anything but plain goes the way of all others, untouched. Whichever way it goes, its answer has the
same status, headers and body: this way is only shorter.
"""

import asyncio
import logging
import re
from collections.abc import Hashable
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from clustergraph.errors import ClusterGraphError
from clustergraph.jobs import Job
from clustergraph.runner import Answer
from clustergraph.web.cache import Stored, head_of, variant_tag
from clustergraph.web.choice import AnswerKey, answer_key, choose, question, tag_of
from clustergraph.web.connection import HEAD_LIMIT_BYTES, BoundedProtocol
from clustergraph.web.envelope import Envelope
from clustergraph.web.heads import head
from clustergraph.web.plain import REQUEST, Blocks, Plain, admitted, asked_by
from clustergraph.web.problems import problem_response, told
from clustergraph.web.protocol import Asked
from clustergraph.web.responses import TARGET_LIMIT_BYTES, names
from clustergraph.web.site import SITE, Site
from clustergraph.web.versions import Served, Version
from clustergraph.workers import WorkerPool

_logger = logging.getLogger("clustergraph.web")

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_NOT_MODIFIED: Final = b"HTTP/1.1 304 Not Modified\r\n"


class _Pending(NamedTuple):
    """A request that a worker has."""

    version: Version
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
        self._task: asyncio.Task[None] | None = None
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
        if self._task is not None:
            self._task.cancel()
        self._end()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Ends the connection after the answer that is under way."""
        if self._pending is None:
            super().shutdown()
        else:
            self._is_last = True

    def _took(self, data: bytes) -> bool:
        served: Served | None = self.app_state.get("served")
        if served is None or len(data) > 2 * TARGET_LIMIT_BYTES or self.transport.is_closing() or self._is_crowded():
            return False
        version = served.version
        stored = version.site.answers.get((data,))
        if stored is not None:
            self._send(_OK, stored.head, stored.body)
            return True
        request = REQUEST.match(data)
        plain = _blocks.read(request[3]) if request else None
        if request is None or plain is None or len(data) != request.end() + plain.length:
            return False
        return self._answered(version, data, request, plain)

    def _is_crowded(self) -> bool:
        return self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency

    def _answered(self, version: Version, data: bytes, request: re.Match[bytes], plain: Plain) -> bool:
        method, target, _ = request.groups()
        site = version.site
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
            return asked is not None and self._asked(version, data, plain, asked, is_get=is_get)
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

    def _asked(self, version: Version, data: bytes, plain: Plain, asked: Asked, *, is_get: bool) -> bool:
        """Answers from the cache, or has a worker answer."""
        site = version.site
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
        self._pending = _Pending(version, data, key, plain, is_get)
        version.begin()
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
        self._task = self.loop.create_task(self._sent(pending, outcome))
        self.tasks.add(self._task)
        self._task.add_done_callback(self.tasks.discard)

    async def _sent(self, pending: _Pending, outcome: Answer | ClusterGraphError) -> None:
        """Sends what takes longer; the connection of an answer that is not sent to its end is cut."""
        is_sent = False
        try:
            if isinstance(outcome, Answer):
                await self._stream(pending, outcome)
            else:
                await self._explain(pending, outcome)
            is_sent = True
        except ClusterGraphError as exc:
            _logger.warning("an answer was cut: %s", exc.detail)
        finally:
            self._task = None
            if not is_sent:
                self.transport.close()  # without the last chunk, so that it never looks whole
        if is_sent:
            self._go_on()

    def _kept_head(self, pending: _Pending, answer: Answer, body: bytes) -> bytes:
        """The head of a whole answer, which is kept for the next who asks."""
        site, key, coding = pending.version.site, pending.key, pending.plain.coding
        tag = tag_of(site, key)
        if key is None or tag is None:
            return head(site, answer, None, len(body))
        tag = variant_tag(tag, answer.coding)
        stored = Stored(head(site, answer, tag, len(body)), body, tag.encode())
        site.answers.put((*key, coding), stored)
        if not pending.is_get:
            return stored.head_private
        site.answers.put((pending.data,), stored)
        return stored.head

    async def _stream(self, pending: _Pending, answer: Answer) -> None:
        """Sends a longer answer as it comes; one that fails, or that nobody reads, is cut."""
        tag = tag_of(pending.version.site, pending.key) if pending.is_get else None
        beginning = head(pending.version.site, answer, tag and variant_tag(tag, answer.coding), None)
        limit, kept = pending.version.site.answers.answer_limit_bytes, bytearray()
        self.transport.write(_OK + self._date() + beginning)
        try:
            async for frame in answer.frames:
                if pending.key and len(kept) <= limit:
                    kept += frame
                self.transport.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                await self.flow.drain()
        finally:
            await answer.close()
        self.transport.write(b"0\r\n\r\n")
        self._arm()
        if pending.key and len(kept) <= limit:
            self._kept_head(pending, answer, bytes(kept))

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

    def _end(self) -> None:
        """Notes that the request is answered, or will not be."""
        if self._pending is not None:
            self._pending.version.end()
            self._pending = None

    def _go_on(self) -> None:
        """Ends the connection, or takes what has come meanwhile."""
        self._end()
        if self._is_last:
            self.transport.close()
            return
        self.flow.resume_reading()
        if self._later:
            data, self._later = self._later, b""
            self.data_received(data)


def _scope(app: Any, pending: _Pending) -> Scope:
    """What the framework would have been told of a request, as far as an answer depends on it."""
    accept = pending.plain.accept
    return {
        "type": "http",
        "app": app,
        SITE: pending.version.site,
        "method": "GET" if pending.is_get else "POST",
        "path": "/sparql",
        "raw_path": b"/sparql",
        "query_string": b"",
        "headers": [(b"accept", accept)] if accept else [],
    }


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}
