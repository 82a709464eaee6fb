"""Every error we raise on purpose, as one tree. Knows nothing of HTTP, files or RDF.

ClusterGraphError
├── QueryError              something about one query; carries line, column and hint where known
│   ├── QueryMalformed      not SPARQL, or not one query
│   ├── QueryRefused        SPARQL that this endpoint does not answer (SERVICE, updates)
│   ├── QueryTooLarge       over a limit of size, checked before it runs
│   ├── QueryTimedOut       stopped at the deadline
│   ├── QueryTooHungry      stopped at the limit of memory, processor time or output
│   ├── QueryAborted        its evaluation ended before its time, and nobody knows why
│   └── QueryCancelled      stopped because its sender asked for it
├── ValidationTimedOut      judging a submission was stopped at the deadline
├── ValidationAborted       it wanted more memory or processor time than one may have
├── Busy                    no worker free in time
├── OverBudget              this client has had its share for now
├── NotAcceptable           no offered format fits
├── FormatCannotHold        the format fits the client, but not this answer
├── NotFound                no such thing here
├── ParameterUnsuitable     a parameter that is missing, unknown or of the wrong type
├── DatasetUnusable         dist/ is missing, incomplete or changed since it was built
└── UsageError              a wrong option, folder or file name on the command line
"""

from collections.abc import Sequence
from typing import Final

IN_STEPS: Final = "ask for less at a time, or run `clustergraph query` on a clone of the repository"
"""What whoever wants more than this server gives can do, wherever that is told."""


class ClusterGraphError(Exception):
    """What is wrong, where, and what to do, in one sentence fit for a stranger's eyes."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class QueryError(ClusterGraphError):
    """Something about one query.

    Shape: `line` and `column` count from 1, in characters of the query text; None where no place is known. `hint` is
           what to do, with which the detail ends as well; None where nobody knows.
    """

    def __init__(
        self, detail: str, *, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(detail)
        self.line = line
        self.column = column
        self.hint = hint


class QueryMalformed(QueryError):
    """The text is not one SPARQL query."""


class QueryRefused(QueryError):
    """The text is SPARQL, but of a kind that is never answered here."""


class QueryTooLarge(QueryError):
    """The text is over a limit that is checked before evaluation; the detail names the limit and its value."""


class QueryTimedOut(QueryError):
    """Evaluation was stopped at the deadline."""


class QueryTooHungry(QueryError):
    """Evaluation was stopped because it wanted more memory, processor time or output than one query may have."""


class QueryAborted(QueryError):
    """Evaluation ended before its time, for a cause that is not known: it need not be the query's fault."""


class QueryCancelled(QueryError):
    """Evaluation was stopped because somebody who knows the query's id asked for it."""


class ValidationTimedOut(ClusterGraphError):
    """A submission was not judged within the time that one may have."""


class ValidationAborted(ClusterGraphError):
    """A submission wanted more memory, processor time or room for its findings than one may have."""


class Busy(ClusterGraphError):
    """No worker became free in time.

    Units: `retry_after_s` in seconds, a whole number.
    """

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class OverBudget(ClusterGraphError):
    """One client asks for more than its share.

    Units: `retry_after_s` in seconds, a whole number.
    """

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotAcceptable(ClusterGraphError):
    """None of the formats we could answer in is one the client accepts.

    Shape: `offered` lists media types, best first.
    """

    def __init__(self, accept: str, offered: Sequence[str]) -> None:
        super().__init__(f"nothing we offer here fits 'Accept: {accept}': ask for one of {', '.join(offered)}")
        self.offered = tuple(offered)


class FormatCannotHold(ClusterGraphError):
    """The answer has something in it for which the format that was asked for has no place.

    Shape: `offered` lists media types that can hold every answer of its kind, best first.
    """

    def __init__(self, detail: str, offered: Sequence[str]) -> None:
        super().__init__(detail)
        self.offered = tuple(offered)


class NotFound(ClusterGraphError):
    """There is nothing at this address."""


class ParameterUnsuitable(ClusterGraphError):
    """A parameter is missing, unknown, or has a value of the wrong type."""


class DatasetUnusable(ClusterGraphError):
    """The built dataset is missing, incomplete, or not what its manifest says.

    The detail is for whoever runs the server, in whose log it goes: strangers are told that there is no dataset.
    """


class UsageError(ClusterGraphError):
    """The command line asks for something that is not there.

    Shape: `italian` says the same to who works in Italian; the detail itself where nothing is given.
    """

    def __init__(self, detail: str, italian: str = "") -> None:
        super().__init__(detail)
        self.italian = italian or detail
