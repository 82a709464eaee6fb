"""Whose turn it is to publish to a store of somebody else, as the store itself says it: one publisher's at a time.

Each publisher has a name that nobody else has. The graph of what is staged says whose turn it is, when each was last
seen there, and which graphs each fills. What a publisher changes beside its own graphs it changes on the condition,
which the store judges, that it is its turn still.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError
from clustergraph.layouts import ANSWER_LIMIT_S, Store
from clustergraph.terms import DATASET, DCTERMS, GRAPH, SD

STAGING: Final = f"{GRAPH}staging"
"""The graph that says whose turn it is, and lists what is staged; the names of staged graphs begin with it."""
NAMED_GRAPH: Final = f"{SD}namedGraph"

_HOLDER: Final = f"{DCTERMS}contributor"
_SEEN: Final = f"{DCTERMS}modified"
_STATEMENTS: Final = "SELECT ?s ?p ?o { ?s ?p ?o }"
_SILENCE: Final = timedelta(seconds=ANSWER_LIMIT_S)  # whoever is alive has been seen since: no request takes longer
_TAKEN_OVER: Final = "another publish took over from this one: the store holds what that one puts there"


class _Log(NamedTuple):
    """What a store says of its publishers: whose turn it is, when each was last seen, what each listed."""

    holders: set[str]
    seen: dict[str, str]
    graphs: dict[str, set[str]]

    def is_silent(self, publisher: str) -> bool:
        """Whether nothing was heard of one for so long that nothing of it can be under way."""
        try:
            return datetime.now(UTC) - datetime.fromisoformat(self.seen[publisher]) > _SILENCE
        except (LookupError, ValueError, TypeError):
            return True


class Turn:
    """The turn of one publisher, whose graphs have names that begin with `name`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.name: Final = f"{STAGING}/{secrets.token_hex(16)}"
        self.condition: Final = _said(DATASET, _HOLDER, iri(self.name))
        """The pattern that is in the store as long as it is this publisher's turn."""
        self._graphs: list[str] = []

    def list(self, graphs: Iterable[str]) -> None:
        """Says in the store which graphs are about to be filled, so that somebody else can drop them."""
        self._graphs = [*graphs]
        listed = " ".join(_said(self.name, NAMED_GRAPH, iri(name)) for name in self._graphs)
        self._store.update(f"INSERT {{ {listed} }} WHERE {{ {self.condition} }}")

    def renewal(self) -> str:
        """The operation that says that this publisher was seen now."""
        return _seen_now(self.name, self.condition)

    def keep(self) -> None:
        """Says that this publisher is alive.

        Raises: ClusterGraphError if it is no longer its turn.
        """
        self._store.update(self.renewal())
        if not self.is_held():
            raise ClusterGraphError(_TAKEN_OVER)

    def is_held(self) -> bool:
        """Whether it is this publisher's turn; for a moment another may be there that is about to withdraw."""
        return self.name in _log(self._store).holders

    def end(self) -> None:
        """Ends the turn, and drops what this publisher staged."""
        forget = (_forgotten(DATASET, _HOLDER, iri(self.name)), *_struck(self.name))
        self._store.update(" ;\n".join([*forget, *map(dropped, self._graphs)]))

    def take(self, *, take_over: bool) -> None:
        """Begins the turn, where it is nobody's, or of somebody who is silent, or where it is to be taken over.

        Raises: ClusterGraphError where it is somebody else's.
        """
        log = _log(self._store)
        if not take_over:
            self._refuse_others(log, {one for one in log.holders if not log.is_silent(one)})
        mine = f"{_said(DATASET, _HOLDER, iri(self.name))} {_said(self.name, _SEEN, _now())}"
        if log.holders:
            operations = [_replaced(one, mine, is_silent=log.is_silent(one)) for one in sorted(log.holders)]
        else:
            # Counted, because Virtuoso 7 inserts in spite of FILTER NOT EXISTS, and never with !BOUND.
            others = "SELECT (COUNT(*) AS ?n) { " + _said(DATASET, _HOLDER, "?holder") + " }"
            operations = [f"INSERT {{ {mine} }} WHERE {{ {{ {others} }} FILTER(?n = 0) }}"]
        self._store.update(" ;\n".join(operations))
        log = _log(self._store)
        if log.holders != {self.name}:  # of two who wrote at once each reads the other, or only the later does
            self.end()
            self._refuse_others(log, log.holders - {self.name})
            raise ClusterGraphError(_TAKEN_OVER)

    def clear(self, tell: Callable[[str], None]) -> None:
        """Drops what other publishers staged; of one that may be alive the list stays, as it may stage more."""
        log = _log(self._store)
        others = {one for one in (*log.seen, *log.graphs) if one != self.name}
        graphs = sorted(name for one in others for name in log.graphs.get(one, ()) if name.startswith(f"{STAGING}/"))
        if graphs:
            tell(f"{len(graphs)} graphs that an unfinished publication left are dropped")
        struck = [operation for one in sorted(others) if log.is_silent(one) for operation in _struck(one)]
        if operations := [*map(dropped, graphs), *struck]:
            self._store.update(" ;\n".join(operations))

    @staticmethod
    def _refuse_others(log: _Log, others: set[str]) -> None:
        for one in sorted(others):
            seen = f"last seen at {log.seen[one][:19]}Z" if one in log.seen else "not seen since"
            message = f"another publish is under way ({seen}): wait for it, or, if you know that it ended, --take-over"
            raise ClusterGraphError(message)


@contextmanager
def turn_at(store: Store, tell: Callable[[str], None], *, take_over: bool) -> Iterator[Turn]:
    """The turn to publish to a store, in which nothing is staged; ended, and what it staged dropped, at the end.

    Raises: ClusterGraphError where it is somebody else's, or somebody took it over meanwhile.
    """
    turn = Turn(store)
    turn.take(take_over=take_over)
    try:
        turn.clear(tell)
        yield turn
    except BaseException as exc:
        is_lost = False
        with suppress(ClusterGraphError):  # why it failed is told; what is left here the next drops
            is_lost = isinstance(exc, ClusterGraphError) and not turn.is_held()
            turn.end()
        if is_lost:
            raise ClusterGraphError(_TAKEN_OVER) from exc
        raise
    turn.end()


def iri(name: str) -> str:
    """A name as it stands in an update; the library refuses what is no IRI, so nothing else can come of it."""
    return str(ox.NamedNode(name))


def dropped(graph: str) -> str:
    """The operation that drops a graph, whoever's turn it is."""
    return f"DROP SILENT GRAPH {iri(graph)}"


def _log(store: Store) -> _Log:
    log = _Log(set(), {}, {})
    for row in store.rows(_STATEMENTS, default_graph=STAGING):
        match row:
            case {"p": p, "o": holder} if p == _HOLDER:
                log.holders.add(holder)
            case {"s": publisher, "p": p, "o": moment} if p == _SEEN:
                log.seen[publisher] = moment
            case {"s": publisher, "p": p, "o": graph} if p == NAMED_GRAPH:
                log.graphs.setdefault(publisher, set()).add(graph)
    return log


def _now() -> str:
    return str(ox.Literal(datetime.now(UTC).isoformat()))


def _said(subject: str, predicate: str, term: str) -> str:
    return f"GRAPH <{STAGING}> {{ {iri(subject)} <{predicate}> {term} }}"


def _forgotten(subject: str, predicate: str, term: str = "?any") -> str:
    said = _said(subject, predicate, term)
    return f"DELETE {{ {said} }} WHERE {{ {said} }}"


def _struck(publisher: str) -> Iterator[str]:
    """The operations after which nothing is said of one publisher."""
    yield from (_forgotten(publisher, predicate) for predicate in (_SEEN, NAMED_GRAPH))


def _seen_now(publisher: str, condition: str = "") -> str:
    before = _said(publisher, _SEEN, "?before")
    return f"DELETE {{ {before} }} INSERT {{ {_said(publisher, _SEEN, _now())} }} WHERE {{ {condition} {before} }}"


def _replaced(publisher: str, mine: str, *, is_silent: bool) -> str:
    """The operations that take the turn of one publisher; when it was seen changes, as it does when that one renews.

    So a store that looks for conflicts of writers sees one.
    """
    held = _said(DATASET, _HOLDER, iri(publisher))
    after = _forgotten(publisher, _SEEN) if is_silent else _seen_now(publisher)
    return f"DELETE {{ {held} }} INSERT {{ {mine} }} WHERE {{ {held} }} ;\n{after}"
