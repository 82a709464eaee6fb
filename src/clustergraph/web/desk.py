"""Where the operations of one server come together: counts, budgets, judgements, queries under way, the query log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from clustergraph import errors
from clustergraph.errors import ClusterGraphError
from clustergraph.judges import Judges
from clustergraph.settings import Settings
from clustergraph.web.backlog import Backlog
from clustergraph.web.budget import Budgets
from clustergraph.web.cache import KEPT
from clustergraph.web.clients import proxy_network
from clustergraph.web.forms import Forms
from clustergraph.web.judgement import Judge
from clustergraph.web.metrics import Meter
from clustergraph.web.querylog import QueryLog, Record
from clustergraph.web.readiness import Readiness
from clustergraph.web.running import Running


class AnswerCut(Exception):
    """An answer failed after its status was sent: the connection must end, so that it never looks whole."""


class Unmeasured(Exception):
    """An answer to HTTP/1.0 would begin without its length: the server would send it in chunks, unknown there."""


OUTCOMES_OF_ERRORS: Final[Mapping[type[ClusterGraphError], str]] = {
    errors.QueryMalformed: "malformed",
    errors.QueryRefused: "refused",
    errors.QueryTooLarge: "refused",
    errors.QueryTimedOut: "timed_out",
    errors.QueryTooHungry: "too_hungry",
    errors.QueryAborted: "aborted",
    errors.QueryCancelled: "cancelled",
    errors.ValidationTimedOut: "timed_out",
    errors.ValidationAborted: "aborted",
    errors.Busy: "busy",
    errors.OverBudget: "over_budget",
    errors.NotAcceptable: "malformed",
    errors.FormatCannotHold: "malformed",
    errors.NotFound: "malformed",
    errors.ParameterUnsuitable: "malformed",
    errors.DatasetUnusable: "failed",
    errors.UsageError: "failed",
    errors.QueryError: "failed",
    errors.ClusterGraphError: "failed",
}
"""What a query that ends with an error counts as. The nearest class in the tree holds."""


_OUTCOMES: Final[Mapping[type, str]] = {
    **OUTCOMES_OF_ERRORS,
    AnswerCut: "cut",
    ClientDisconnect: "cancelled",
    Unmeasured: "refused",
}


def outcome_of(exc: Exception) -> str:
    """What a query counts as that ended with this: one of metrics.OUTCOMES."""
    return next((_OUTCOMES[kind] for kind in type(exc).__mro__ if kind in _OUTCOMES), "failed")


@dataclass(frozen=True)
class Desk:
    """What watches over the requests of one server, while others answer them."""

    meter: Meter
    budgets: Budgets
    running: Running
    query_log: QueryLog
    judge: Judge
    forms: Forms
    judges: Judges
    readiness: Readiness = field(default_factory=Readiness)
    backlog: Backlog = field(default_factory=Backlog)

    def ended(self, record: Record) -> None:
        """Counts, measures and logs a query that has ended, whatever came of it."""
        self.meter.count("queries", record.outcome)
        for phase, seconds in record.phases.items():
            self.meter.observe(phase, seconds)
        self.query_log.write(record)


def open_desk(settings: Settings, routes: Iterable[str]) -> Desk:
    """A desk whose meter knows every number that is not a worker's or the cache's.

    Shape:  `routes` are the paths of all routes.
    Raises: UsageError if a setting does not fit, or the query log cannot be opened.
    """
    proxy_network(settings.trusted_proxy)
    budgets = Budgets(settings)
    desk = Desk(
        Meter(routes),
        budgets,
        Running(),
        QueryLog(settings.query_log, with_text=settings.query_log_text),
        Judge(settings.limits, settings.queue_wait_s),
        Forms(settings, budgets.refused_form),
        Judges(settings.queue_wait_s, budgets.refused_form),
    )
    desk.meter.register("running_queries", desk.running.by_state)
    desk.meter.register("budget_refusals", lambda: desk.budgets.refusals)
    desk.meter.register("budget_clients", lambda: desk.budgets.clients)
    desk.meter.register("query_log_lines", lambda: desk.query_log.counts)
    return desk


def desk_of(request: Request) -> Desk:
    """The desk of the server that a request came to."""
    desk: Desk = request.app.state.desk
    return desk


def count_answer(scope: Scope, method: str, status: int) -> None:
    """Counts one answer that was begun, under the route that took the request."""
    desk: Desk = scope["app"].state.desk
    desk.meter.request(route_of(scope), method, status)


def route_of(scope: Scope) -> str:
    """The path of the route that took a request, or that once made the kept answer to it.

    Shape: what is mounted and what the framework itself answers has no route, but a path that the meter may know.
    """
    if KEPT in scope:
        return str(scope[KEPT].route)
    route: str | None = getattr(scope.get("route"), "path", None)
    return route or str(scope.get("root_path") or scope["path"])
