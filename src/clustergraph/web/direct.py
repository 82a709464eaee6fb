"""Plain requests answered straight from their connection, without the framework: from the cache, or by a worker.

A request that is anything but plain goes the way of all others, untouched. Whichever way it goes, its answer has the
same status, headers and body: this way is only shorter.
"""

import asyncio
import logging
import re
import time
from typing import Any, Final

from starlette.requests import ClientDisconnect
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from clustergraph.errors import Busy, ClusterGraphError, DatasetUnusable, OverBudget
from clustergraph.jobs import Job
from clustergraph.runner import Answer
from clustergraph.web.attended import Attended
from clustergraph.web.cache import Key
from clustergraph.web.choice import answer_key, choose, question
from clustergraph.web.clients import client_of
from clustergraph.web.connection import AHEAD_LIMIT_BYTES
from clustergraph.web.counted import CountedProtocol
from clustergraph.web.desk import AnswerCut
from clustergraph.web.pending import Pending
from clustergraph.web.plain import BLOCKS, REQUEST, Plain, asked_by
from clustergraph.web.problems import is_of_browser
from clustergraph.web.protocol import Asked
from clustergraph.web.responses import TARGET_LIMIT_BYTES, names
from clustergraph.web.site import Site
from clustergraph.web.targets import ANY_ACCEPT
from clustergraph.web.versions import Version
from clustergraph.workers import WorkerPool

_logger = logging.getLogger("clustergraph.web")

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_QUERIES: Final = "/sparql"  # the route of queries
_FROM_CACHE: Final = b"server-timing: cache\r\n"
_NOT_MODIFIED: Final = b"HTTP/1.1 304 Not Modified\r\n"


class DirectProtocol(CountedProtocol):
    """One HTTP connection, with the short way for plain requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending: Pending | None = None
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._later = b""
        self._status = self._sent_bytes = 0  # of the answer to the request that a worker has

    def data_received(self, data: bytes) -> None:
        """Takes a plain request whole, or leaves it to the framework."""
        if self._pending is not None:
            # The next request came before the answer to this one: it waits, as they are answered in their order.
            self._later += data
            if len(self._later) > AHEAD_LIMIT_BYTES:  # to read no more would hide that the client leaves
                self.drop()
        elif self._is_taken() or not self._took(data):
            self._plain = b""
            super().data_received(data)
        else:
            self._plain = data

    def _is_taken(self) -> bool:
        """Whether the framework has begun something, or a client that reads nothing would have us hold ever more."""
        return self._in_message or not self._is_answered or self.flow.write_paused

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives up what the client will not read."""
        if self._job is not None:
            self._job.give_up()
        if self._task is not None:
            self._task.cancel()
        if self._pending is not None:
            self._pending.attended.failed(ClientDisconnect())
        self._end()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Ends the connection after the answer that is under way."""
        if self._pending is None:
            super().shutdown()
        else:
            self._is_last = True

    def _took(self, data: bytes) -> bool:
        app = self.app_state.get("app")
        if app is None or len(data) > 2 * TARGET_LIMIT_BYTES or self.transport.is_closing():
            return False
        version: Version = app.state.served.version
        stored = version.site.answers.get((data,))
        if stored is not None and not self._desk.query_log.is_on:
            self._send(_OK, _FROM_CACHE + stored.head, stored.body, stored)
            self._count(200, data, stored.route)
            if stored.route == _QUERIES:
                self._desk.meter.count("queries", "cached")
            return True
        request = REQUEST.match(data)
        plain = BLOCKS.read(request[3]) if request else None
        if request is None or plain is None or len(data) != request.end() + plain.length:
            return False
        self._is_last = plain.is_last
        return self._answered(version, data, request, plain)

    def _answered(self, version: Version, data: bytes, request: re.Match[bytes], plain: Plain) -> bool:
        method, target, _ = request.groups()
        site, is_get = version.site, method == b"GET"
        path, _, query_string = target.partition(b"?")
        if is_get and not (path == b"/sparql" and self._desk.query_log.is_on):
            whole, coding = path + b"?" + query_string, plain.coding.encode()
            status = self._send_kept(site, data, plain, (whole, plain.accept, coding))
            status = status or self._send_kept(site, data, plain, (whole, ANY_ACCEPT, coding))
            if status and path == b"/sparql":
                self._desk.meter.count("queries", "cached" if status == 200 else "not_modified")  # noqa: PLR2004
            if status:
                return True
        if path != b"/sparql" or len(target) > TARGET_LIMIT_BYTES or len(plain.accept) > TARGET_LIMIT_BYTES // 2:
            return False
        try:
            asked = asked_by(query_string, None if is_get else data[request.end() :], plain, site.settings)
            return asked is not None and self._asked(version, data, plain, asked, is_get=is_get)
        except ClusterGraphError:
            return False  # the long way says what is wrong
        except Exception:  # a fault of ours: the long way has an answer for it
            _logger.exception("a plain request could not be read")
            return False

    def _send_kept(
        self, site: Site, data: bytes, plain: Plain, key: Key, attended: Attended | None = None, *, is_get: bool = True
    ) -> int:
        """Answers from the cache, if the answer is there; with which status, 0 if it is not."""
        stored = site.answers.get(key, is_last=attended is not None)
        if stored is None:
            return 0
        status = 304 if is_get and names(plain.known, stored.tag.decode()) else 200
        if attended is not None:
            attended.kept(stored, status)
        self._count(status, data, stored.route)
        if status == 304:  # noqa: PLR2004
            self._send(_NOT_MODIFIED, stored.head_unchanged)
            return status
        if is_get and not (plain.known or plain.is_last):
            site.answers.put((data,), stored)
        self._send(_OK, _FROM_CACHE + (stored.head if is_get else stored.head_private), stored.body, stored)
        return status

    def _asked(self, version: Version, data: bytes, plain: Plain, asked: Asked, *, is_get: bool) -> bool:
        """Answers from the cache, or has a worker answer."""
        site, now_s = version.site, time.monotonic()
        client = client_of(self._peer, plain.forwarding, site.settings)
        pool, budgets = site.open_runner, self._desk.budgets
        if not isinstance(pool, WorkerPool) or not budgets.runs_at_once(client, now_s):
            return False
        attended = Attended(self._desk, client, asked.query or "", site.digest)
        judgement = self._desk.judge.at_once(asked.query or "")
        if judgement is None:
            return False  # it takes too long to read to keep others waiting
        attended.knows(judgement, time.monotonic() - now_s)
        accept = plain.accept.decode("ascii") or None
        choice = choose(asked, accept, judgement.form)
        if choice.page or is_of_browser(accept):
            return False  # what goes wrong is shown in a page, with the query
        key = answer_key(asked, choice, judgement)
        if key and self._send_kept(site, data, plain, (*key, plain.coding), attended, is_get=is_get):
            return True
        if plain.known or (key and site.answers.elsewhere(key, plain.coding)):
            return False
        try:
            self._job, refused = (
                pool.submit(attended.asking(question(asked, choice, plain.coding)), self._deliver),
                None,
            )
        except (Busy, OverBudget, DatasetUnusable) as exc:
            refused = exc
        budgets.begin(client, now_s)
        attended.begin(None, lambda: None)  # without an id nobody can ask for its end
        self._pending = Pending(version, data, key, plain, is_get, attended)
        version.begin()
        self._stop_clock()
        self._unset_keepalive_if_required()
        if refused:
            self._deliver(refused)
        return True

    def _deliver(self, outcome: Answer | ClusterGraphError) -> None:
        """Sends what came of the request that a worker has."""
        if (pending := self._pending) is None:
            return
        if isinstance(outcome, Answer):
            pending.attended.answered(outcome)
            if outcome.whole is not None:
                self._send(_OK, pending.timing + pending.kept(outcome, outcome.whole), outcome.whole)
                self._begun(200, pending, len(outcome.whole))
                self._go_on()
                return
        self._task = self.loop.create_task(self._sent(pending, outcome))
        self.tasks.add(self._task)
        self._task.add_done_callback(self.tasks.discard)

    async def _sent(self, pending: Pending, outcome: Answer | ClusterGraphError) -> None:
        """Sends what takes longer; the connection of an answer that is not sent to its end is cut."""
        is_whole = False
        try:
            if isinstance(outcome, Answer):
                await self._stream(pending, outcome)
            else:
                await self._explained(pending, outcome)
            is_whole = True
        except ClusterGraphError as exc:
            _logger.warning("an answer was cut: %s", exc.detail)
            pending.attended.failed(AnswerCut(exc.detail))
        except Exception as exc:
            pending.attended.failed(exc)
            raise
        finally:
            self._task = None
            if not is_whole:
                self._end()
                self._close()  # without the last chunk, so that it never looks whole
        if is_whole:
            self._go_on()

    async def _stream(self, pending: Pending, answer: Answer) -> None:
        """Sends a longer answer as it comes."""
        self._shared = None
        limit, kept = pending.version.site.answers.answer_limit_bytes, bytearray()
        try:
            try:
                frame = await anext(answer.frames, None)
            except ClusterGraphError as exc:  # a compressor may hold the beginning until its end is known
                await self._explained(pending, exc)
                return
            self.transport.write(self._beginning(_OK, pending.timing + pending.head(answer)))
            self._begun(200, pending)
            while frame is not None:
                self._sent_bytes += len(frame)
                if pending.key and len(kept) <= limit:
                    kept += frame
                if frame:  # an empty chunk would be the last one
                    self.transport.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                    await self.flow.drain()
                frame = await anext(answer.frames, None)
        finally:
            await answer.close()
        self.transport.write(b"0\r\n\r\n")
        self._arm()
        if pending.key and len(kept) <= limit:
            pending.kept(answer, bytes(kept))

    async def _explained(self, pending: Pending, trouble: ClusterGraphError) -> None:
        """Sends what went wrong."""
        pending.attended.failed(trouble)
        status, head, body = await pending.explained(self.app_state["app"], trouble)
        self._send(STATUS_LINE[status], pending.timing + head, body)
        self._status, self._sent_bytes = status, len(body)  # the framework has counted it

    def _count(self, status: int, data: bytes, route: str = _QUERIES) -> None:
        self._desk.meter.request(route, "GET" if data.startswith(b"GET") else "POST", status)

    def _begun(self, status: int, pending: Pending, sent_bytes: int = 0) -> None:
        """Notes that the answer to the request has begun, which counts however it ends."""
        self._count(status, pending.data)
        self._status, self._sent_bytes = status, sent_bytes

    def _end(self) -> None:
        """Notes that the request is answered as far as it will be."""
        if self._pending is not None:
            self._pending.attended.end(self._status, self._sent_bytes)
            self._pending.version.end()
            self._pending = None
        self._status = self._sent_bytes = 0

    def _go_on(self) -> None:
        """Ends the connection, or takes what has come meanwhile."""
        self._end()
        self._job = None
        if self._is_last:
            self._close()
            return
        self.flow.resume_reading()
        if self._later:
            data, self._later = self._later, b""
            self.data_received(data)
