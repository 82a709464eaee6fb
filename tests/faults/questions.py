"""Questions with their right answers, and clients that ask them all the time while something is broken."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pyoxigraph import QueryResultsFormat, QuerySolutions, RdfFormat, Store

from clustergraph.published import DATASET, sha256

from .asking import ask
from .figures import Figure, percentile

RIGHT: Final = "right"
SHED: Final = ("429", "503")  # a clean refusal with an invitation to come again

_FIXED: Final = (
    "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY ?p",
    "SELECT ?type (COUNT(*) AS ?n) { ?s a ?type } GROUP BY ?type ORDER BY ?type",
    "SELECT ?o { ?s <http://www.w3.org/2004/02/skos/core#prefLabel> ?o } ORDER BY ?o",
)
_EACH_TIME_ANOTHER: Final = (
    "SELECT (COUNT(*) AS ?n) (TURN AS ?turn) { ?s ?p ?o }",
    "SELECT (COUNT(?type) AS ?n) (TURN AS ?turn) { ?s a ?type }",
)
_ROWS: Final = (2_000, 2_000)
_HEAVY: Final = (
    f"SELECT (COUNT(*) AS ?n) (TURN AS ?turn) {{ {{ SELECT ?a {{ ?a ?b ?c }} LIMIT {_ROWS[0]} }}"
    f" {{ SELECT ?d {{ ?d ?e ?f }} LIMIT {_ROWS[1]} }} }}"
)
ENDLESS: Final = "SELECT (COUNT(*) AS ?n) (TURN AS ?turn) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
STREAM: Final = "SELECT ?a ?d ?c ?f (TURN AS ?turn) { ?a ?b ?c . ?d ?e ?f }"  # longer than any answer may be

_ANSWER_S: Final = 60.0
_turns: Final = itertools.count(1)


def another(query: str) -> str:
    """The query as nobody asked it before, so that no cache has its answer."""
    return query.replace("TURN", str(next(_turns)))


def heavy() -> tuple[str, bytes]:
    """A query that takes some tenths of a second and that nobody asked before, with its right answer."""
    turn = next(_turns)
    return _HEAVY.replace("TURN", str(turn)), f"n,turn\r\n{_ROWS[0] * _ROWS[1]},{turn}\r\n".encode()


class Questions:
    """Good questions about some builds, and what is right to answer, by the digest that the answer names."""

    def __init__(self, *dists: Path) -> None:
        self._fixed: dict[str, dict[str, bytes]] = {}
        self._counts: dict[str, dict[str, str]] = {}
        for dist in dists:
            digest, store = self.digest(dist), Store()
            store.bulk_load(path=str(dist / DATASET), format=RdfFormat.N_QUADS)
            self._fixed[digest] = {query: _csv(store, query) for query in _FIXED}
            self._counts[digest] = {
                query: _csv(store, query.replace("TURN", "0")).decode().split()[1].split(",")[0]
                for query in _EACH_TIME_ANOTHER
            }

    @staticmethod
    def digest(dist: Path) -> str:
        """What names the dataset of a build."""
        return sha256(dist / DATASET)

    def draw(self, turn: int) -> tuple[str, dict[str, bytes]]:
        """A question, and its right answers by digest."""
        if turn % 3 == 0:
            query = _FIXED[turn // 3 % len(_FIXED)]
            return query, {digest: answers[query] for digest, answers in self._fixed.items()}
        template = _EACH_TIME_ANOTHER[turn % len(_EACH_TIME_ANOTHER)]
        right = {digest: f"n,turn\r\n{counts[template]},{turn}\r\n".encode() for digest, counts in self._counts.items()}
        return template.replace("TURN", str(turn)), right


def _csv(store: Store, query: str) -> bytes:
    solutions = store.query(query)
    assert isinstance(solutions, QuerySolutions)
    return solutions.serialize(format=QueryResultsFormat.CSV) or b""


class Asked:
    """What good clients got.

    Shape: `outcomes` counts RIGHT, the status of other answers, and what happened to connections; `dataset` is the
           digest that the last answer named.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.latencies_ms: list[float] = []
        self.dataset = ""

    def add(self, outcome: str, dataset: str, began: float) -> None:
        """One more answer."""
        self.dataset = dataset or self.dataset
        self.outcomes[outcome] += 1
        if outcome == RIGHT:
            self.latencies_ms.append((time.monotonic() - began) * 1000)

    @property
    def errors(self) -> int:
        """All that was not the right answer."""
        return self.outcomes.total() - self.outcomes[RIGHT]

    @property
    def untold(self) -> int:
        """Errors that were not clean refusals."""
        return self.errors - sum(self.outcomes[one] for one in SHED)

    @property
    def availability(self) -> float:
        """Right answers out of a hundred."""
        return 100 * self.outcomes[RIGHT] / max(1, self.outcomes.total())

    def figures(self, fault: str, *, least: int = 1) -> list[Figure]:
        """That they were asked at all, and got nothing but right answers."""
        return [
            Figure(fault, "good answers meanwhile", least, self.outcomes[RIGHT], is_least=True),
            Figure(fault, f"other outcomes for good clients {self.others()}", 0, self.errors),
            Figure(fault, "good clients wait, p99", 1_000, percentile(self.latencies_ms, 0.99), "ms"),
        ]

    def others(self) -> str:
        """What else they got, to be read."""
        return str({name: count for name, count in self.outcomes.items() if name != RIGHT} or "")


async def outcome_of(port: int, questions: Questions, *, limit_s: float = 60.0) -> str:
    """What became of one good question."""
    return (await _asked(port, questions, limit_s))[0]


async def _asked(port: int, questions: Questions, limit_s: float) -> tuple[str, str]:
    """What became of one good question, and from which dataset it was answered."""
    query, right = questions.draw(next(_turns))
    try:
        reply = await ask(port, query, limit_s=limit_s)
    except OSError as exc:
        return type(exc).__name__, ""
    if not reply.is_whole:
        return f"cut after {reply.status}", ""
    if reply.status != 200:
        return str(reply.status), ""
    return (RIGHT if reply.body == right.get(reply.dataset) else "wrong answer"), reply.dataset


@asynccontextmanager
async def good_clients(
    port: int, questions: Questions, *, clients: int = 2, pause_s: float = 0.01
) -> AsyncIterator[Asked]:
    """Clients that ask one good question after the other, on a new connection each."""
    asked = Asked()
    stopping = asyncio.Event()

    async def run() -> None:
        while not stopping.is_set():
            began = time.monotonic()
            asked.add(*await _asked(port, questions, _ANSWER_S), began)
            await asyncio.sleep(pause_s)

    tasks = [asyncio.create_task(run()) for _ in range(clients)]
    try:
        yield asked
    finally:
        stopping.set()
        await asyncio.gather(*tasks)
