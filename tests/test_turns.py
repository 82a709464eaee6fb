"""Whose turn it is to publish, as an engine in memory says it; test_publishing.py asks real stores."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Event

import pyoxigraph as ox
import pytest

from clustergraph import turns
from clustergraph.errors import ClusterGraphError
from clustergraph.layouts import Addresses, Store
from clustergraph.terms import DATASET, DCTERMS
from clustergraph.turns import STAGING, Turn, turn_at

_LIVENESS_S = 10.0
_UNDER_WAY = "another publish is under way"


class StoreInMemory(Store):
    """A store whose answers are those of our own engine; `before_update` is called, once, when the next one comes."""

    def __init__(self) -> None:
        super().__init__(Addresses("", "", ""))
        self.engine = ox.Store()
        self.updates: list[str] = []
        self.before_update: Callable[[], object] = bool

    def rows(self, query: str, *, default_graph: str) -> list[dict[str, str]]:
        found = self.engine.query(query, default_graph=ox.NamedNode(default_graph))
        assert isinstance(found, ox.QuerySolutions)
        names = [one.value for one in found.variables]
        return [{name: row[name].value for name in names if row[name] is not None} for row in found]

    def update(self, text: str) -> None:
        then, self.before_update = self.before_update, bool
        then()
        self.updates.append(text)
        self.engine.update(text)

    def say(self, subject: str, predicate: str, term: str) -> None:
        """Makes it say one thing in the graph of the turns, instead of what it said of that."""
        graph = f"GRAPH <{STAGING}>"
        self.engine.update(
            f"DELETE WHERE {{ {graph} {{ <{subject}> <{predicate}> ?any }} }} ;"
            f"INSERT DATA {{ {graph} {{ <{subject}> <{predicate}> {term} }} }}"
        )


def seen(store: StoreInMemory, turn: Turn, moment: datetime) -> None:
    store.say(turn.name, f"{DCTERMS}modified", f'"{moment.isoformat()}"')


def taken(store: Store, *, take_over: bool = False) -> Turn:
    turn = Turn(store)
    turn.take(take_over=take_over)
    return turn


def set_clock(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """Sets the clock of whoever publishes; that of the store stays."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            moment = datetime.now(tz) + ahead
            return cls.fromisoformat(moment.isoformat())

    monkeypatch.setattr(turns, "datetime", Clock)


def test_whose_clock_is_behind_is_not_taken_for_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    store = StoreInMemory()
    set_clock(monkeypatch, -timedelta(minutes=61))
    holder = taken(store)
    holder.keep()
    set_clock(monkeypatch, timedelta())

    with pytest.raises(ClusterGraphError, match=_UNDER_WAY):
        taken(store)

    assert holder.is_held()


def test_who_was_seen_where_the_clock_of_the_store_never_was_holds_up_nobody() -> None:
    store = StoreInMemory()
    seen(store, taken(store), datetime.now(UTC) + timedelta(days=400))

    assert taken(store).is_held()


def test_who_is_told_to_wait_is_told_both_times_of_the_store() -> None:
    store = StoreInMemory()
    moment = datetime.now(UTC) - timedelta(minutes=20)
    seen(store, taken(store), moment)

    with pytest.raises(ClusterGraphError) as caught:
        taken(store)

    before, _, after = caught.value.detail.partition("; the clock of the store says ")
    assert before == f"{_UNDER_WAY} (last seen at {moment.isoformat()[:19]}"
    now, _, advice = after.partition(")")
    assert datetime.fromisoformat(now) > moment.replace(tzinfo=None)
    assert advice == ": wait for it, or, if you know that it ended, --take-over"


def test_who_was_seen_again_before_the_turn_was_taken_keeps_it() -> None:
    store = StoreInMemory()
    holder = taken(store)
    seen(store, holder, datetime.now(UTC) - timedelta(hours=2))
    store.before_update = holder.keep

    with pytest.raises(ClusterGraphError, match=_UNDER_WAY):
        taken(store)
    holder.keep()

    assert turns._log(store).holders == {holder.name}


def test_who_is_seen_again_loses_the_turn_to_who_takes_over() -> None:
    store = StoreInMemory()
    holder = taken(store)
    seen(store, holder, datetime.now(UTC) - timedelta(hours=2))
    store.before_update = holder.keep

    taken(store, take_over=True)

    with pytest.raises(ClusterGraphError, match="took over from this one"):
        holder.keep()


@pytest.mark.parametrize("away", [ClusterGraphError("the store is away"), ValueError("nobody thought of it")])
def test_a_publisher_is_seen_as_long_as_it_sends_a_graph(away: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_RENEWAL_S", 0.001)
    store = StoreInMemory()
    turn = taken(store)
    moments, missed, again = [turns._log(store).seen[turn.name]], Event(), Event()

    def fail() -> None:
        missed.set()
        store.before_update = again.set
        raise away

    store.before_update = fail
    with turn.renewed():
        assert missed.wait(_LIVENESS_S)
        assert again.wait(_LIVENESS_S)
    moments.append(turns._log(store).seen[turn.name])
    ended = len(store.updates)

    assert moments[0] < moments[1]
    assert store.updates[1:] == [turn.renewal()] * (ended - 1)


def test_a_store_that_does_not_answer_keeps_nobody_who_has_sent_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_RENEWAL_S", 0.001)
    monkeypatch.setattr(turns, "_LAST_WORD_S", 0.001)
    store = StoreInMemory()
    turn = taken(store)
    asked, answer, answered = Event(), Event(), list[bool]()

    def hang() -> None:
        asked.set()
        answered.append(answer.wait(_LIVENESS_S))

    store.before_update = hang
    with turn.renewed():
        assert asked.wait(_LIVENESS_S)
    answered_before = [*answered]
    answer.set()

    assert answered_before == []


@pytest.mark.parametrize("reason", [ClusterGraphError("no answer"), KeyboardInterrupt()], ids=["no answer", "stopped"])
def test_a_turn_whose_beginning_failed_is_nobodys(reason: BaseException) -> None:
    class Failing(StoreInMemory):
        is_asked = False

        def rows(self, query: str, *, default_graph: str) -> list[dict[str, str]]:
            if self.updates and not self.is_asked:
                self.is_asked = True
                raise reason
            return super().rows(query, default_graph=default_graph)

    store = Failing()

    with pytest.raises(type(reason)) as caught, turn_at(store, print, take_over=False):
        pytest.fail("it has no turn")

    assert (caught.value, store.is_asked, list(store.engine)) == (reason, True, [])


@pytest.mark.parametrize("take_over", [False, True])
@pytest.mark.parametrize(
    "term", ['"no IRI"', f'"{STAGING}/{"a" * 32}"', "<urn:nobody>", f"<{STAGING}/A>", "_:b"], ids=str
)
def test_what_is_no_publisher_holds_up_nobody(term: str, *, take_over: bool) -> None:
    store = StoreInMemory()
    store.say(DATASET, f"{DCTERMS}contributor", term.replace("_:b", "[]"))

    with turn_at(store, print, take_over=take_over) as turn:
        assert turns._log(store).holders == {turn.name}
        with pytest.raises(ClusterGraphError, match=_UNDER_WAY):
            taken(store)

    assert [str(quad.object) for quad in store.engine if not isinstance(quad.object, ox.BlankNode)] == [
        one for one in [term] if one != "_:b"
    ]
