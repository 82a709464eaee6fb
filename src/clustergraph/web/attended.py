"""One query of a stranger, from its arrival to its last byte: listed, timed, counted, logged, taken off a budget."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from clustergraph.errors import QueryCancelled, QueryError
from clustergraph.runner import Answer, QueryRequest
from clustergraph.web.cache import Stored
from clustergraph.web.desk import Desk, desk_of, outcome_of
from clustergraph.web.judgement import Judgement
from clustergraph.web.line import Line, line_of
from clustergraph.web.querylog import Record
from clustergraph.web.running import EVALUATING, STREAMING, Entry
from clustergraph.web.site import client_behind, site_of

QUERY: Final = "clustergraph.query"  # where a request carries it in its scope
_BAD: Final = ("malformed", "refused")


class Attended:
    """One query. Ends once, whatever is told of it afterwards.

    Shape: `phases` maps the names in metrics.PHASES to seconds; `client` is None where it has no budget.
    """

    __slots__ = (
        "_asked_s",
        "_began_s",
        "_cut",
        "_dataset",
        "_desk",
        "_entry",
        "_evaluated_from_s",
        "_has_turn",
        "_is_over",
        "_line",
        "_outcome",
        "_query",
        "_read_in_turn",
        "_wish",
        "client",
        "form",
        "format_name",
        "phases",
    )

    def __init__(self, desk: Desk, client: str | None, query: str, dataset: str, line: Line | None = None) -> None:
        self._desk = desk
        self._line = line or Line(None)
        self._query = query
        self._dataset = dataset
        self._entry: Entry | None = None
        self._began_s = 0.0
        self._asked_s: float | None = None  # while a runner has it and has not answered
        self._evaluated_from_s: float | None = None
        self._has_turn = False
        self._is_over = False
        self._read_in_turn = False
        self._outcome = ""
        self._wish: asyncio.Event  # from its turn on
        self._cut: Callable[[], object] = _nothing
        self.client = client
        self.form: str | None = None
        self.format_name: str | None = None
        self.phases: dict[str, float] = {}

    async def judged(self, query_id: str | None) -> Judgement:
        """What the text tells; where that is not known at once it is read in the turn of its client, at its expense.

        Raises: OverBudget before anything is read; Busy; what the guard raises.
        """
        began_s = time.monotonic()
        self._desk.budgets.require_good(self.client, began_s)
        try:
            judgement = self._desk.judge.at_once(self._query)
            if judgement is None:
                await self.turn(query_id)
                began_s = self._began_s
                judgement = await self._desk.judge.judged(self._query, self._waited)
        except QueryError:
            self.phases["guard"] = self._reading_s(began_s)
            raise
        self.knows(judgement, self._reading_s(began_s))
        return judgement

    def _reading_s(self, began_s: float) -> float:
        return time.monotonic() - began_s - self.phases.get("queue", 0.0)

    def knows(self, judgement: Judgement, guard_s: float) -> None:
        """Notes what the text tells, and how long it took to read it."""
        self.form = judgement.form
        self.phases["guard"] = guard_s
        if self._entry is not None:
            self._entry.form = self.form
            self._read_in_turn = True
        else:
            self._desk.budgets.charge(self.client, time.monotonic(), guard_s)

    def _waited(self) -> None:
        self.phases["queue"] = time.monotonic() - self._began_s

    async def turn(self, query_id: str | None) -> None:
        """Returns when the query may be evaluated; at once if it has had its turn.

        Raises: OverBudget.
        """
        if self._has_turn:
            return
        place = self._desk.budgets.begin(self.client, time.monotonic())
        if place is not None:
            await self._desk.budgets.turn(self.client, place)
        self._wish = asyncio.Event()
        self.begin(query_id, self._cancel)

    def begin(self, query_id: str | None, cancel: Callable[[], object]) -> None:
        """Notes that the query is under way: its client has taken its turn."""
        self._has_turn = True
        self._began_s = time.monotonic()
        self._entry = self._desk.running.begin(query_id, self.form, cancel, self._began_s, self.client)
        if self._evaluated_from_s is not None:
            self._entry.state = EVALUATING

    def _cancel(self) -> None:
        """Ends the query: before its answer has begun by an error, afterwards by a cut."""
        self._wish.set()
        self._cut()
        self._line.drop()  # its place is free at once, and not when a slow client has read what is held for it

    async def wished(self) -> Answer:
        """Ends when its sender wishes that the query ends.

        Raises: QueryCancelled, then.
        """
        await self._wish.wait()
        message = "stopped, as its sender asked: send it again if that was a mistake"
        raise QueryCancelled(message)

    def asking(self, question: QueryRequest) -> QueryRequest:
        """The same question, in the name of its client, and told to tell."""
        self._asked_s = time.monotonic()
        question.begun, question.killed, question.client = self.evaluating, self._killed, self.client or ""
        return question

    def evaluating(self) -> None:
        """Notes that a worker has it, which may be so before it is listed."""
        self._evaluated_from_s = time.monotonic()
        if self._entry is not None:
            self._entry.state = EVALUATING

    def _killed(self) -> None:
        """Notes that its worker had to be ended. May come after its own end."""
        self._desk.budgets.killed(self.client, time.monotonic())

    def answered(self, answer: Answer) -> None:
        """Notes that its answer has begun."""
        self._asked_s = None
        self.format_name = answer.format.name
        self._cut = answer.release
        self.phases["queue"] = self.phases.get("queue", 0.0) + answer.queue_s
        self.phases["evaluate"] = answer.evaluate_s
        if self._entry is not None:
            self._entry.state = STREAMING

    def _measure(self) -> None:
        """Notes how long a query that got no answer waited for a worker, and how long it had one."""
        if self._asked_s is None:
            return
        now_s = time.monotonic()
        from_s = now_s if self._evaluated_from_s is None else self._evaluated_from_s
        self.phases["queue"] = self.phases.get("queue", 0.0) + from_s - self._asked_s
        if self._evaluated_from_s is not None:
            self.phases["evaluate"] = now_s - from_s
        self._asked_s = None

    @property
    def was_cancelled(self) -> bool:
        """Whether its sender has asked for its end."""
        return self._entry is not None and self._entry.cancelled

    def failed(self, exc: BaseException) -> None:
        """Notes why there is no answer, or no more of it; what is told first is the cause of what is told later."""
        self._measure()
        if self._outcome:
            return
        self._outcome = "cancelled" if self.was_cancelled or not isinstance(exc, Exception) else outcome_of(exc)
        if self._outcome in _BAD:
            self._desk.budgets.bad(self.client, time.monotonic())

    def kept(self, stored: Stored, status: int) -> None:
        """Ends it with an answer from the cache, or with 304, which has no body."""
        self.format_name = stored.format_name
        self.end(status, 0 if status == 304 else len(stored.body), cached=True)  # noqa: PLR2004

    def end(self, status: int, sent_bytes: int, *, cached: bool = False) -> None:
        """Ends it; only the first call counts."""
        if self._is_over:
            return
        self._is_over = True
        self._cut = _nothing  # what it ends tells this of its own end, so that each would hold the other
        self._measure()
        now_s = time.monotonic()
        if self._entry is not None:
            self._desk.running.end(self._entry)
        if self._has_turn:
            used_s = now_s - self._began_s - self.phases.get("queue", 0.0)
            self._desk.budgets.end(self.client, now_s, used_s)
            if self.format_name is not None and "evaluate" in self.phases:  # what was packed anew was not evaluated
                known_s = self.phases["evaluate"] + (self.phases.get("guard", 0.0) if self._read_in_turn else 0.0)
                self.phases["stream"] = max(0.0, used_s - known_s)
        outcome = self._outcome or ("not_modified" if status == 304 else "cached" if cached else "answered")  # noqa: PLR2004
        self._desk.ended(
            Record(
                self._query,
                self.form,
                self.format_name if status == 200 else None,  # noqa: PLR2004  # else no data were delivered
                status,
                outcome,
                self.phases,
                sent_bytes,
                cached,
                self._dataset,
            )
        )


def _nothing() -> None:
    """What there is to cut of an answer that has not begun."""


def attend(request: Request, query: str) -> Attended:
    """The query of a request, which the scope carries from now on."""
    digest = site_of(request).digest
    attended = Attended(desk_of(request), client_behind(request), query, digest, line_of(request.scope))
    request.scope[QUERY] = attended
    return attended
