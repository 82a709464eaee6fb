"""Answers that nobody reads: how much of them is held, for whom, and until when."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response

from clustergraph.published import open_published
from clustergraph.settings import Settings
from clustergraph.web import unread
from clustergraph.web.app import create_app
from clustergraph.web.line import Line
from clustergraph.web.unread import HeldResponse, Unread
from web_runner import LocalRunner, TestClient

PATIENCE_S = 60.0
MEGABYTE = 1 << 20


class Reader(Line):
    """A connection whose client takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__(None)
        self.is_dropped = False
        self._end = asyncio.Event()

    async def taken(self) -> None:
        await self._end.wait()

    def take(self) -> None:
        self._end.set()

    def drop(self) -> None:
        self.is_dropped = True
        self._end.set()


def test_what_is_held_is_bounded_and_who_holds_most_loses_what_it_has_held_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unread, "HELD_LIMIT_BYTES", 4 * MEGABYTE)

    async def run() -> tuple[list[int], list[bool], int]:
        held = Unread()
        readers = [(client, Reader()) for client in "baacda"]
        waiting, sizes = [], []
        for client, reader in readers:
            waiting.append(asyncio.ensure_future(held.taken(client, MEGABYTE, reader)))
            await asyncio.sleep(0)
            sizes.append(held.held_bytes)
        dropped = [reader.is_dropped for _, reader in readers]
        for _, reader in readers:
            reader.take()
        await asyncio.gather(*waiting)
        return sizes, dropped, held.held_bytes

    sizes, dropped, left = asyncio.run(run())

    assert [one // MEGABYTE for one in sizes] == [1, 2, 3, 4, 4, 4]
    assert dropped == [False, True, True, False, False, False]
    assert left == 0


def test_an_answer_that_is_larger_than_all_that_is_held_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "HELD_LIMIT_BYTES", MEGABYTE)

    async def run() -> tuple[bool, int]:
        held, reader = Unread(), Reader()
        await asyncio.wait_for(held.taken("a", 2 * MEGABYTE, reader), PATIENCE_S)
        return reader.is_dropped, held.held_bytes

    assert asyncio.run(run()) == (True, 0)


def test_what_an_answer_took_is_given_back_though_it_cannot_be_sent() -> None:
    ended: list[str] = []

    async def fails(_: object) -> None:
        raise ConnectionError

    async def run() -> None:
        answer = HeldResponse(Response(b"x"), "a", Unread(), lambda: ended.append("end"))
        await answer({"type": "http"}, fails, fails)  # type: ignore[arg-type]

    with pytest.raises(ConnectionError):
        asyncio.run(run())
    assert ended == ["end"]


@pytest.fixture
def client(real_dist: Path) -> Iterator[TestClient]:
    settings = Settings(budget_running=1, budget_queued=0, budget_loopback=True)
    app = create_app(open_published(real_dist), settings, runner=LocalRunner())
    with TestClient(app, client=("192.0.2.1", 1)) as one:
        yield one


def test_the_turn_of_a_client_lasts_until_its_verdict_is_taken(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, is_taken = threading.Event(), threading.Event()

    async def taken(_: Line) -> None:
        waits.set()
        await asyncio.to_thread(is_taken.wait, PATIENCE_S)

    def judged() -> int:
        return client.post("/validate", content=b"<", headers={"content-type": "text/turtle"}).status_code

    monkeypatch.setattr(Line, "taken", taken)
    first: list[int] = []
    other = threading.Thread(target=lambda: first.append(judged()))
    other.start()
    assert waits.wait(PATIENCE_S)
    meanwhile = judged()
    held = client.app.state.desk.unread.held_bytes  # type: ignore[attr-defined]
    is_taken.set()
    other.join()

    assert (meanwhile, held > 0) == (429, True)
    assert (first, judged(), client.app.state.desk.unread.held_bytes) == ([200], 200, 0)  # type: ignore[attr-defined]
