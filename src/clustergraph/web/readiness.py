"""Whether queries are answered: looked at once in a while, however often that is asked, and never behind pages."""

import asyncio
from typing import Final

from clustergraph.errors import ClusterGraphError
from clustergraph.formats import TSV
from clustergraph.remote import RemoteEngine
from clustergraph.results import read_truth
from clustergraph.runner import QueryRequest, Runner
from clustergraph.workers import WorkerPool

FRESH_S: Final = 1.0  # as long as a look is good for, and an answer of a worker
_LIMIT_S: Final = 2.0  # of the query that is asked
_CLIENT: Final = "clustergraph"  # takes its turn like any other


class Readiness:
    """What the last look at a runner found."""

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._looking: asyncio.Task[ClusterGraphError | None] | None = None
        self._looked_s = 0.0

    async def trouble(self, runner: Runner) -> ClusterGraphError | None:
        """Why a runner answers no queries, or None if it does."""
        now_s = asyncio.get_running_loop().time()
        is_fresh = self._runner is runner and now_s - self._looked_s < FRESH_S
        if self._looking is None or (self._looking.done() and not is_fresh) or self._runner is not runner:
            self._runner, self._looked_s = runner, now_s
            self._looking = asyncio.create_task(_trouble(runner))
        return await asyncio.shield(self._looking)


async def _trouble(runner: Runner) -> ClusterGraphError | None:
    if isinstance(runner, WorkerPool | RemoteEngine) and runner.trouble is not None:
        return runner.trouble
    try:
        for is_own in _lanes_to_ask(runner):
            asked = QueryRequest("ASK {}", result_format=TSV, time_limit_s=_LIMIT_S, own=is_own, client=_CLIENT)
            await read_truth(await runner.answer(asked))
    except ClusterGraphError as exc:
        return exc
    return None


def _lanes_to_ask(runner: Runner) -> list[bool]:
    """What of a runner has to be asked whether it answers: its workers for our own queries, those of strangers."""
    if not isinstance(runner, WorkerPool | RemoteEngine):
        return [True]
    since_s = asyncio.get_running_loop().time() - runner.own.answered_s
    if isinstance(runner, RemoteEngine):
        return [] if since_s < FRESH_S else [True]
    is_own_well = since_s < FRESH_S and runner.alive_in(runner.own) > 0
    # Workers that strangers keep busy are well; where there is none, one has to come.
    is_open_well = runner.alive_in(runner.open) > 0
    return [is_own for is_own, is_well in ((True, is_own_well), (False, is_open_well)) if not is_well]
