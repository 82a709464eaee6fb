"""Bytes in many small pieces, gathered: nobody else waits for them, and none is lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, suppress
from itertools import count
from typing import Any

import pytest

from clustergraph import intake
from clustergraph.intake import gathered

LIMIT_S = 60.0


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(LIMIT_S):
            await coroutine
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(within())


async def given(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def endless() -> AsyncGenerator[bytes, None]:
    for _ in count():
        yield b"x"


def test_no_byte_is_lost_and_none_waits_for_more() -> None:
    async def slow() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b"):
            await taken.acquire()
            yield piece

    async def test() -> None:
        pieces = []
        async for piece in gathered(slow()):
            pieces.append(piece)
            taken.release()

        assert pieces == [b"a", b"b"]
        assert [one async for one in gathered(given(b"a", b"", b"b", b"c"))] == [b"abc"]
        assert [one async for one in gathered(given())] == []

    taken = asyncio.Semaphore(1)
    run(test())


def test_others_have_their_turn_and_the_deadline_holds_while_a_source_never_waits() -> None:
    async def test() -> None:
        size = pieces = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1), aclosing(gathered(endless())) as source:
                async for piece in source:
                    size, pieces = size + len(piece), pieces + 1

        assert size > 10 * pieces > 0

    run(test())


def test_a_read_that_has_had_its_turn_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "TURN_S", -1.0)  # over with each piece

    async def test() -> None:
        assert [one async for one in gathered(given(*[b"x"] * 100))] == [b"x"] * 100

    run(test())


def test_a_source_is_read_no_faster_than_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "HELD_BYTES", 100)
    read = []

    async def counted() -> AsyncIterator[bytes]:
        async for piece in endless():
            read.append(piece)
            yield piece

    async def test() -> None:
        source = gathered(counted())
        assert await anext(source) == b"x" * 101
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert len(read) == 202
        await source.aclose()

    run(test())


def test_what_came_before_a_source_broke_is_taken_first() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionResetError

    async def test() -> None:
        source = gathered(broken())
        assert await anext(source) == b"a"
        with pytest.raises(ConnectionResetError):
            await anext(source)

    run(test())
