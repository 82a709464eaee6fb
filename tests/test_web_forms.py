"""Long forms are read in turns: whoever sends many of them keeps nobody else waiting for long, nor for ever."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clustergraph.errors import Busy, OverBudget
from clustergraph.settings import Settings
from clustergraph.web import protocol, sparql
from clustergraph.web.app import create_app
from clustergraph.web.direct import DirectProtocol
from clustergraph.web.forms import FORM_QUEUE, Forms
from clustergraph.web.protocol import AT_ONCE_BYTES
from web_runner import LocalRunner, published
from wire import PATIENCE_S, Connection, answers

LONG = b"query=ASK%7B%7D" + b"%20" * (AT_ONCE_BYTES // 3)
ASKED = (
    b"POST /sparql HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
BEHIND_A_PROXY: dict[str, Any] = {"trusted_proxy": "127.0.0.1", "queue_wait_s": PATIENCE_S}


class Desk:
    """Forms, and what became of those who want to have theirs read."""

    def __init__(self, **knobs: Any) -> None:
        self.refused = 0
        self.forms = Forms(Settings(**knobs), self._count)
        self.read: list[str] = []
        self.left: list[tuple[str, type[Exception]]] = []

    def _count(self) -> None:
        self.refused += 1

    async def form(self, client: str, done: asyncio.Event | None = None) -> None:
        """Waits for its turn, and is read until it is done."""
        try:
            async with self.forms.turn(client):
                self.read.append(client)
                if done is not None:
                    await done.wait()
        except (Busy, OverBudget) as exc:
            self.left.append((client, type(exc)))


def run(within: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(within(), PATIENCE_S))


@pytest.mark.parametrize(("client", "first"), [("b", ["a", "a", "b", "a", "a"]), ("a", ["a"] * 5)])
def test_clients_take_turns(client: str, first: list[str]) -> None:
    async def within() -> None:
        desk, done = Desk(queue_wait_s=PATIENCE_S), asyncio.Event()
        forms = [asyncio.ensure_future(desk.form(one, done)) for one in ("a", "a", "a", "a", client)]
        await asyncio.sleep(0)
        assert desk.read == ["a"]
        done.set()
        await asyncio.gather(*forms)

        assert (desk.read, desk.left) == (first, [])

    run(within)


def test_nobody_waits_for_ever() -> None:
    async def within() -> None:
        desk, done = Desk(queue_wait_s=0.05), asyncio.Event()
        reading = asyncio.ensure_future(desk.form("a", done))
        await asyncio.sleep(0)
        await desk.form("b")
        assert (desk.read, desk.left, desk.refused) == (["a"], [("b", Busy)], 0)
        done.set()
        await reading
        await desk.form("b")

        assert desk.read == ["a", "b"]

    run(within)


def test_where_too_many_wait_whoever_has_most_makes_room() -> None:
    async def within() -> None:
        desk, done = Desk(queue_wait_s=PATIENCE_S), asyncio.Event()
        clients = ["a", *["a"] * (FORM_QUEUE - 1), "b"]
        forms = [asyncio.ensure_future(desk.form(one, done)) for one in clients]
        await asyncio.sleep(0)
        assert (desk.left, desk.refused) == ([], 0)
        forms.append(asyncio.ensure_future(desk.form("b", done)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (desk.left, desk.refused) == ([("a", OverBudget)], 1)
        done.set()
        await asyncio.gather(*forms)

        assert desk.read == ["a", "a", "b", "a", "b", *["a"] * (FORM_QUEUE - 4)]

    run(within)


@pytest.mark.parametrize("number", [0, 1], ids=["read", "waits"])
def test_one_that_is_given_up_keeps_nobody_waiting(number: int) -> None:
    async def within() -> None:
        desk, done = Desk(queue_wait_s=PATIENCE_S), asyncio.Event()
        forms = [asyncio.ensure_future(desk.form("a", done)) for _ in range(2)]
        await asyncio.sleep(0)
        forms[number].cancel()
        with suppress(asyncio.CancelledError):
            await forms[number]
        done.set()
        await forms[1 - number]
        await desk.form("b")

        assert desk.read[-1] == "b"

    run(within)


class Reader:
    """Reads forms when it is told to, each at so many seconds of its client."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.may = asyncio.Event()
        self.began = 0

    async def __call__(self, form: bytes) -> tuple[list[tuple[str, str]], float]:
        self.began += 1
        await self.may.wait()
        return protocol.parameters(form), self.seconds


async def sent(tmp_path: Path, clients: list[bytes], **knobs: Any) -> list[Connection]:
    """A connection for each of these clients, which has sent its form through the proxy."""
    app = create_app(published(tmp_path), Settings(**BEHIND_A_PROXY | knobs), runner=LocalRunner())
    there = []
    for client in clients:
        there.append(connection := Connection(app, DirectProtocol))
        connection.protocol.client = ("127.0.0.1", 1)
        connection.protocol.data_received(ASKED % (client, len(LONG), LONG))
        for _ in range(20):
            await asyncio.sleep(0)
    return there


@pytest.mark.parametrize(
    ("knobs", "seconds", "statuses", "read", "counted"),
    [
        pytest.param({}, 0.0, [200, 200, 200], 3, {}, id="read"),
        pytest.param({"queue_wait_s": 0.05}, 0.0, [200, 503, 503], 1, {}, id="too-long"),
        pytest.param({"budget_seconds": 1.0}, 2.0, [429, 429, 429], 2, {"seconds": 3}, id="spent-meanwhile"),
    ],
)
def test_what_becomes_of_long_forms(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    knobs: dict[str, Any],
    seconds: float,
    statuses: list[int],
    read: int,
    counted: dict[str, int],
) -> None:
    async def within() -> None:
        reader = Reader(seconds)
        monkeypatch.setattr(sparql, "read_beside", reader)
        there = await sent(tmp_path, [*[b"192.0.2.1"] * (len(statuses) - 1), b"192.0.2.2"], **knobs)
        if 503 in statuses:
            await there[1].settle()
            await there[2].settle()
        reader.may.set()
        for one in there:
            await one.settle()

        said = [answer.status for one in there for answer in answers(one.wire.written)]
        assert [int(status.split()[1]) for status in said] == statuses
        desk = there[0].protocol.app_state["app"].state.desk
        refusals = {name: number for (name,), number in desk.budgets.refusals.items() if number}
        assert (reader.began, refusals) == (read, counted)
        assert desk.budgets._account("192.0.2.2", 0.0).bad_left == Settings().budget_bad_requests
        for one in there:
            one.lose()

    run(within)


def test_a_form_whose_client_has_left_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def within() -> None:
        reader = Reader(0.0)
        monkeypatch.setattr(sparql, "read_beside", reader)
        there = await sent(tmp_path, [b"192.0.2.1", b"192.0.2.1", b"192.0.2.2"])
        there[1].lose()
        reader.may.set()
        await asyncio.gather(*there[0].state.tasks, *there[1].state.tasks, *there[2].state.tasks)

        assert reader.began == 2
        assert [one.wire.written[:15] for one in there] == [b"HTTP/1.1 200 OK", b"", b"HTTP/1.1 200 OK"]
        there[0].lose()
        there[2].lose()

    run(within)
