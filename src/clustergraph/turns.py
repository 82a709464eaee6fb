"""Whose turn it is to publish to a store of somebody else, as the store itself says it: one publisher's at a time.

Each publisher has a name that nobody else has. The graph of what is staged says whose turn it is, when each was last
seen there, and which graphs each fills. What a publisher changes beside its own graphs it changes on the condition,
which the store judges, that it is its turn still. When it was seen, and what time it is, the store says alone: the
clocks of two publishers may be apart.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
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
_IS_SAID: Final = f"FILTER(isIRI(?o) || (?p = <{_SEEN}> && isLiteral(?o)))"
_STATEMENTS: Final = "SELECT ?s ?p ?o (STR(NOW()) AS ?now) { ?s ?p ?o " + _IS_SAID + " }"
_NOW: Final = "BIND(STR(NOW()) AS ?now)"
_NAME: Final = f"{STAGING}/[0-9a-f]{{32}}"
_IS_HOLDER: Final = f'FILTER(isIRI(?holder) && REGEX(STR(?holder), "^{_NAME}$"))'
_SILENCE: Final = timedelta(seconds=ANSWER_LIMIT_S)  # no answer takes longer, and while a graph is sent we renew
_RENEWAL_S: Final = ANSWER_LIMIT_S / 10
_LAST_WORD_S: Final = 30.0  # that a renewal under way is waited for
_TAKEN_OVER: Final = "another publish took over from this one: the store holds what that one puts there"


class _Log(NamedTuple):
    """What a store says of its publishers: whose turn it is, when each was last seen, what each listed.

    Shape: `now` is when the store said so, by its own clock, as are all times; what it calls by no publisher's name is
           not there.
    """

    holders: set[str]
    seen: dict[str, str]
    graphs: dict[str, set[str]]
    now: str

    def is_silent(self, publisher: str) -> bool:
        """Whether nothing was heard of one for so long that nothing of it can be under way.

        A time as far ahead is no sign of life either: the clock of the store was wrong then, or is now.
        """
        try:
            return abs(_moment(self.now) - _moment(self.seen[publisher])) > _SILENCE
        except (LookupError, ValueError):
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

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Says again and again that this publisher is alive, while it does what may take longer than the silence.

        Not around an update of ours: the two would be in each other's way where a store looks for conflicts.
        """
        is_over = Event()

        def renew() -> None:
            while not is_over.wait(_RENEWAL_S):
                with suppress(Exception):  # the next may reach the store; keep() tells whose turn it is
                    self._store.update(self.renewal())

        thread = Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(_LAST_WORD_S)  # a store that does not answer keeps nobody longer

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
        try:
            self._store.update(" ;\n".join(self._taking(log, take_over=take_over)))
            self._require_alone()
        except BaseException:
            with suppress(ClusterGraphError):  # why it failed is told
                self.end()
            raise

    def _require_alone(self) -> None:
        log = _log(self._store)
        if log.holders != {self.name}:  # of two who wrote at once each reads the other, or only the later does
            self._refuse_others(log, log.holders - {self.name})
            raise ClusterGraphError(_TAKEN_OVER)

    def _taking(self, log: _Log, *, take_over: bool) -> Iterator[str]:
        """The operations that make it this publisher's turn, if the store says of the others what it said in `log`."""
        mine = f"{_said(DATASET, _HOLDER, iri(self.name))} {_said(self.name, _SEEN, '?now')}"
        if not log.holders:
            # Counted, because Virtuoso 7 inserts in spite of FILTER NOT EXISTS, and never with !BOUND.
            others = "SELECT (COUNT(*) AS ?n) { " + _said(DATASET, _HOLDER, "?holder") + f" {_IS_HOLDER} }}"
            yield f"INSERT {{ {mine} }} WHERE {{ {{ {others} }} FILTER(?n = 0) {_NOW} }}"
        for one in sorted(log.holders):
            held = _said(DATASET, _HOLDER, iri(one))
            # Who was silent may be seen before this is done: in Fuseki both wait until a graph that is sent is there.
            still = "" if take_over or one not in log.seen else _seen_at(one, log.seen[one])
            yield f"DELETE {{ {held} }} INSERT {{ {mine} }} WHERE {{ {held} {still} {_NOW} }}"
            # When it was seen changes, as it does when that one renews: a store that looks for conflicts sees one.
            yield _forgotten(one, _SEEN, "?any", self.condition) if log.is_silent(one) else _seen_now(one)

    def clear(self, tell: Callable[[str], None]) -> None:
        """Drops what other publishers staged; of one that may be alive the list stays, as it may stage more."""
        log = _log(self._store)
        others = {one for one in (*log.seen, *log.graphs) if one != self.name}
        graphs = sorted(name for one in others for name in log.graphs.get(one, ()) if _is_staged(name))
        if graphs:
            tell(f"{len(graphs)} graphs that an unfinished publication left are dropped")
        struck = [operation for one in sorted(others) if log.is_silent(one) for operation in _struck(one)]
        if operations := [*map(dropped, graphs), *struck]:
            self._store.update(" ;\n".join(operations))

    @staticmethod
    def _refuse_others(log: _Log, others: set[str]) -> None:
        for one in sorted(others):
            seen = f"last seen at {log.seen[one][:19]}" if one in log.seen else "not seen since"
            clock = f"{seen}; the clock of the store says {log.now[:19]}"
            message = f"another publish is under way ({clock}): wait for it, or, if you know that it ended, --take-over"
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
    log = _Log(set(), {}, {}, "")
    for row in store.rows(_STATEMENTS, default_graph=STAGING):
        log = log._replace(now=row.get("now", ""))
        match row:
            case {"p": p, "o": holder} if p == _HOLDER and re.fullmatch(_NAME, holder):
                log.holders.add(holder)
            case {"s": publisher, "p": p, "o": moment} if p == _SEEN and re.fullmatch(_NAME, publisher):
                log.seen[publisher] = moment
            case {"s": publisher, "p": p, "o": graph} if p == NAMED_GRAPH and re.fullmatch(_NAME, publisher):
                log.graphs.setdefault(publisher, set()).add(graph)
    return log


def _is_staged(graph: str) -> bool:
    try:
        return iri(graph).startswith(f"<{STAGING}/")
    except ValueError:
        return False


def _moment(said: str) -> datetime:
    """A time that a store said; Virtuoso says it without its zone.

    Raises: ValueError for anything else.
    """
    moment = datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _said(subject: str, predicate: str, term: str) -> str:
    return f"GRAPH <{STAGING}> {{ {iri(subject)} <{predicate}> {term} }}"


def _forgotten(subject: str, predicate: str, term: str = "?any", condition: str = "") -> str:
    said = _said(subject, predicate, term)
    return f"DELETE {{ {said} }} WHERE {{ {condition} {said} }}"


def _struck(publisher: str) -> Iterator[str]:
    """The operations after which nothing is said of one publisher."""
    yield from (_forgotten(publisher, predicate) for predicate in (_SEEN, NAMED_GRAPH))


def _seen_now(publisher: str, condition: str = "") -> str:
    before, now = (_said(publisher, _SEEN, term) for term in ("?before", "?now"))
    return f"DELETE {{ {before} }} INSERT {{ {now} }} WHERE {{ {condition} {before} {_NOW} }}"


def _seen_at(publisher: str, moment: str) -> str:
    return f"{_said(publisher, _SEEN, '?before')} FILTER(STR(?before) = {ox.Literal(moment)})"
