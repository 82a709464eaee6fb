"""Answers that nobody reads: until when the turn of their client lasts."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response

from clustergraph.published import open_published
from clustergraph.settings import Settings
from clustergraph.web.app import create_app
from clustergraph.web.line import Line
from clustergraph.web.unread import TakenResponse
from web_runner import LocalRunner, TestClient

PATIENCE_S = 60.0


def test_what_an_answer_took_is_given_back_though_it_cannot_be_sent() -> None:
    ended: list[str] = []

    async def fails(_: object) -> None:
        raise ConnectionError

    async def run() -> None:
        answer = TakenResponse(Response(b"x"), lambda: ended.append("end"))
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
    is_taken.set()
    other.join()

    assert meanwhile == 429
    assert (first, judged()) == ([200], 200)
