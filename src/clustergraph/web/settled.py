"""Whether an answer is of the dataset that it names, where another engine may be given another one at any moment.

Our own workers never change theirs. Of an engine it is known once it says, after the answer was read, that it holds
what it held before; an answer that is sent before it was read to its end can never be sure.
"""

from typing import Final, NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from clustergraph.remote import RemoteEngine
from clustergraph.remote_state import State
from clustergraph.runner import Runner

BEFORE: Final = "clustergraph.before"  # where a request carries what was held before it first asked


class _Before(NamedTuple):
    engine: RemoteEngine
    state: State | None


def note_asked(scope: Scope, runner: Runner) -> None:
    """Notes that an answer comes from an engine, before that is asked."""
    if isinstance(runner, RemoteEngine):
        scope.setdefault(BEFORE, _Before(runner, runner.state))


async def settle(scope: Scope, headers: MutableHeaders, *, is_whole: bool) -> None:
    """Takes the validator and the digest from an answer that may be of another dataset, so that nobody keeps it."""
    before: _Before | None = scope.get(BEFORE)
    if before is None or "x-clustergraph-dataset" not in headers:
        return
    named = headers["x-clustergraph-dataset"]
    is_named = before.state is not None and before.state.digest == named
    if is_whole and is_named and await before.engine.confirmed(before.state):
        return
    del headers["x-clustergraph-dataset"]
    del headers["etag"]
    headers["cache-control"] = "no-store"
