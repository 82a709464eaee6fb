"""A new build takes over from the one that is served: noticed, verified, warmed, put in its place; the old one drained.

Never more than two datasets are in memory: a third build waits until the first is drained.
"""

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from clustergraph.errors import Busy, ClusterGraphError, QueryError
from clustergraph.formats import N_TRIPLES, TSV
from clustergraph.jobs import STREAM_LIMIT_S
from clustergraph.processes import Loader, start_limit_s
from clustergraph.published import MANIFEST, Published, open_published
from clustergraph.remote import OWN_RUNNING, RemoteEngine
from clustergraph.runner import QueryRequest, Runner
from clustergraph.settings import Settings
from clustergraph.web.metrics import Meter
from clustergraph.web.site import open_site
from clustergraph.web.versions import Served
from clustergraph.workers import WorkerPool

_logger: Final = logging.getLogger("clustergraph.web")

WARM_LIMIT_S: Final = 5.0  # for all saved queries together; what is cold then is warmed by its readers
_WARM_QUERY_LIMIT_S: Final = 0.5  # for one of them

_Identity: TypeAlias = tuple[tuple[str, int, int, int, int], ...]


class Succession:
    """Starts the workers of the first version, and those of each that follows it.

    Use as an asynchronous context manager. Shape: `loader` is one that was started over the first dataset already.
    """

    def __init__(self, served: Served, settings: Settings, meter: Meter, *, loader: Loader | None = None) -> None:
        self._served = served
        self._meter = meter
        self._settings = settings
        self._loader = loader
        first = served.version.site.published
        self._folder = first.folder if first.release else None  # only a build is followed by another
        self._runners: list[WorkerPool | RemoteEngine] = []  # the one that is served last
        self._wake = asyncio.Event()
        self._seen: _Identity | None = None
        self._refused: tuple[object, ...] = ()

    async def __aenter__(self) -> Self:
        site = self._served.version.site
        self._served.change(replace(site, open_runner=await self._started(site.published, self._loader)))
        self._task = asyncio.create_task(self._watch())
        # In a terminal the signal says that the terminal has gone, and a server without one would stay behind unseen.
        self._is_told = threading.current_thread() is threading.main_thread() and not os.isatty(0)
        if self._is_told:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wake.set)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_told:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._served.change(replace(self._served.version.site, open_runner=None))
        while self._runners:
            await self._close(self._runners[0])

    async def _started(self, published: Published, loader: Loader | None = None) -> WorkerPool | RemoteEngine:
        runner = self._engine(published) if self._settings.engine else self._pool(published, loader)
        async with asyncio.timeout(start_limit_s(published.dataset)):
            await runner.__aenter__()
        self._runners.append(runner)
        return runner

    def _engine(self, published: Published) -> RemoteEngine:
        settings = self._settings
        return RemoteEngine(
            settings.engine,
            published.digest,
            limits=settings.limits,
            running=settings.workers,
            own_running=max(settings.own_workers, OWN_RUNNING),
            queue_per_worker=settings.queue_per_worker,
            queue_wait_s=settings.queue_wait_s,
            changed=self._note_change,
            doubted=self._forget,
            tell=self._tell,
        )

    def _tell(self, cause: str) -> None:
        self._meter.count("worker_kills", cause)

    def _note_change(self) -> None:
        self._meter.count("swaps", "done")
        self._forget()

    def _forget(self) -> None:
        """Begins with an empty cache: what the engine holds now is another dataset, or may be."""
        site = self._served.version.site
        self._served.change(replace(site, answers=site.answers.successor()))

    def _pool(self, published: Published, loader: Loader | None) -> WorkerPool:
        settings = self._settings
        return WorkerPool(
            published.dataset,
            published.digest,
            limits=settings.limits,
            workers=settings.workers,
            own_workers=settings.own_workers,
            storage=settings.storage,
            queue_per_worker=settings.queue_per_worker,
            queue_wait_s=settings.queue_wait_s,
            tell=self._tell,
            expected=published.digest if published.files else "",
            loader=loader,
        )

    async def _close(self, pool: WorkerPool | RemoteEngine) -> None:
        self._runners.remove(pool)
        await pool.__aexit__(None, None, None)

    async def _watch(self) -> None:
        while self._folder is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.watch_s or None):
                    await self._wake.wait()
            is_told = self._wake.is_set()
            self._wake.clear()
            await self._look(self._folder, is_told=is_told)

    async def _look(self, folder: Path, *, is_told: bool) -> None:
        """Takes over what is in the folder, if it is new and sound; else says once what is wrong with it."""
        try:
            seen = await asyncio.to_thread(_identity, folder)
            if seen == self._seen and not is_told:
                return
            self._seen = seen
            published = await asyncio.to_thread(open_published, folder)
            if published.release != self._served.version.site.published.release or self._is_in_trouble:
                await self._take_over(published)
                gc.collect()  # the build before stands in cycles with its failures, and those are looked for rarely
            elif self._refused:
                _logger.info("%s holds what is served again", folder)
            self._refused = ()
        except (ClusterGraphError, OSError) as exc:
            if await self._is_overtaken(folder):  # what was read is gone: what is there now is for the next look
                self._seen = None
                if is_told:
                    self._wake.set()
                return
            self._meter.count("swaps", "failed")
            detail = exc.detail if isinstance(exc, ClusterGraphError) else str(exc)
            refused = (*(one for one in self._seen or () if one[0] == MANIFEST), detail)
            if refused != self._refused or is_told:
                still = "nor can the one before it be" if self._is_in_trouble else "the one before it still is"
                _logger.warning("the new build is not served, %s: %s", still, detail)
            self._refused = refused

    @property
    def _is_in_trouble(self) -> bool:
        """Whether the build that is served was damaged in place, so that no worker comes from it any more."""
        return any(isinstance(one, WorkerPool) and one.trouble is not None for one in self._runners[-1:])

    async def _is_overtaken(self, folder: Path) -> bool:
        """Whether a folder is no longer as it was when the last look began."""
        with suppress(OSError):
            return await asyncio.to_thread(_identity, folder) != self._seen
        return False

    async def _take_over(self, published: Published) -> None:
        site = open_site(published, self._settings, None)
        pool = await self._started(published)
        try:
            await _warm(pool, published)
        except BaseException:
            await self._close(pool)
            raise
        answers = self._served.version.site.answers.successor()
        before = self._served.change(replace(site, open_runner=pool, answers=answers))
        self._meter.count("swaps", "done")
        _logger.info("serving %s from now on", _told(pool, published))
        limit_s = self._settings.queue_wait_s + self._settings.time_limit_s + STREAM_LIMIT_S
        if left := await before.drained(limit_s):
            _logger.warning("%d answers from the build before were cut after %g s", left, limit_s)
        await self._close(self._runners[0])
        if not left:  # what stands in cycles with its failures may hold it for long, and with it its files
            for one in before.site.published.files.values():
                one.close()


def _told(runner: WorkerPool | RemoteEngine, published: Published) -> str:
    """What is served now: with another engine the statements are its own, whatever the folder holds."""
    if isinstance(runner, WorkerPool):
        return f"{published.folder} (sha256:{published.digest[:12]}…)"
    held = f"sha256:{runner.digest[:12]}…" if runner.is_up else "nobody knows what"
    return f"the files of {published.folder}, while the engine holds {held},"


def _identity(folder: Path) -> _Identity:
    """What differs once a file of a folder is replaced, written, added or removed; nothing where there is no build."""
    try:
        return tuple(_identities(folder)) if (folder / MANIFEST).exists() else ()
    except FileNotFoundError:  # it is being replaced: what is there in a moment differs from nothing
        return ()


def _identities(folder: Path) -> Iterator[tuple[str, int, int, int, int]]:
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        name = path.relative_to(folder).as_posix()
        yield name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


async def _warm(runner: Runner, published: Published) -> None:
    """Asks a runner each saved query once, so that no reader pays for what a worker does but once.

    Raises: ClusterGraphError if it does not answer at all.
    """
    await (await runner.answer(QueryRequest("ASK {}", result_format=TSV))).body()
    with suppress(TimeoutError):
        async with asyncio.timeout(WARM_LIMIT_S):
            for saved in published.catalogue.values():
                bindings = saved.bindings(saved.examples)
                question = QueryRequest(
                    saved.text,
                    result_format=TSV,
                    graph_format=N_TRIPLES,
                    bindings=bindings,
                    time_limit_s=_WARM_QUERY_LIMIT_S,
                    own=True,
                )
                with suppress(QueryError, Busy):  # one that costs too much is refused to readers, and may end a worker
                    await (await runner.answer(question)).body()
