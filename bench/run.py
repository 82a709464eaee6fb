"""One run: the servers up on the same data, their answers compared, then round after round, each server in its turn."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final, NamedTuple, TypeAlias

from bench import hostile
from bench.answers import Answer, answer_of, difference, size
from bench.client import Client, Sample, measure, requests_of
from bench.machine import busy_s, private_bytes, processor_s, tree_of, used_s
from bench.mix import ANALYTIC, MIX, MODES, UNIQUE, Query, queries, read_constants
from bench.peers import OursWithBudgets, Peer, Unavailable
from bench.wrk import has_wrk, measure_with_wrk
from clustergraph.published import DATASET

Tell: TypeAlias = Callable[[str], None]
"""Takes a remark on the progress."""

CHECKS: Final = 3  # wordings of each question whose answers are compared
CHECK_LIMIT_S: Final = 300.0
_CALM_LOOK_S: Final = 0.1
_CALM_SHARE: Final = 0.2  # of one core
_STRANGERS_MOST: Final = 0.1  # of all cores; above it a round is taken again
_MIX_TURN = 300  # the first round of the mix, whose texts must not be those of the questions alone: a cache has them
_CHECK_TURN, _WARM_TURN, _HOSTILE_TURN = 901, 902, 903  # rounds that no measurement uses


class Options(NamedTuple):
    """How long and how hard to ask."""

    seconds: float = 2.0
    rounds: int = 3
    concurrency: int = 4
    warm_s: float = 5.0
    calm_wait_s: float = 5.0  # for others to leave the machine alone, before each round
    attempts: int = 1  # at a round, while strangers disturb it
    questions: str = ""  # part of the names of those to ask; empty for all

    def is_asked(self, name: str) -> bool:
        """Whether a question, by its name, belongs to the run."""
        return self.questions in name


class _Checked(NamedTuple):
    """What the comparison of answers found of one server and one question."""

    fault: str
    rows: int
    longest_s: float


async def run_dataset(
    dist: Path, work: Path, peers: Sequence[type[Peer]], options: Options, *, quads: int, tell: Tell
) -> dict[str, Any]:
    """Everything measured on one dataset, as plain values for JSON."""
    asked = [one for one in queries(read_constants(dist / DATASET)) if options.is_asked(one.name)]
    running: list[Peer] = []
    cost: dict[str, Any] = {}
    absent: dict[str, str] = {}
    try:
        for kind in peers:
            if kind.quads_limit is not None and quads > kind.quads_limit:
                absent[kind.name] = f"not asked to load more than {kind.quads_limit:,} quads"
                continue
            peer = kind(dist, work / kind.name)
            running.append(peer)
            tell(f"{kind.name}: loading {quads:,} quads")
            try:
                cost[kind.name] = (await peer.prepare())._asdict()
            except Unavailable as exc:
                absent[kind.name] = str(exc)
                running.pop().stop()
        checked = await _check(running, asked, tell)
        await _warm(running, asked, options, tell)
        cells = await _measure_all(running, asked, checked, options, tell)
        for peer in running:
            cost[peer.name]["memory_after_bytes"] = peer.memory_bytes()
            cost[peer.name]["private_bytes"] = [private_bytes(pid) for pid in tree_of(peer.pid)]
    finally:
        for peer in running:
            peer.stop()
    faults = [{"peer": name, "query": query, "fault": one.fault} for (name, query), one in checked.items() if one.fault]
    return {"quads": quads, "cost": cost, "absent": absent, "faults": faults, "cells": cells}


async def _check(peers: Sequence[Peer], asked: Sequence[Query], tell: Tell) -> dict[tuple[str, str], _Checked]:
    """The first server's answers are what the others' are compared with."""
    expected: dict[tuple[str, int], Answer] = {}
    checked: dict[tuple[str, str], _Checked] = {}
    for peer in peers:
        asking = Client(peer.endpoint)
        for query in asked:
            one = await _check_one(asking, query, expected)
            checked[peer.name, query.name] = one
            tell(f"{peer.name}: {query.name}: {one.rows} rows, {one.longest_s * 1000:.1f} ms {one.fault}")
        asking.close()
    return checked


async def _check_one(asking: Client, query: Query, expected: dict[tuple[str, int], Answer]) -> _Checked:
    targets = query.targets(UNIQUE, _CHECK_TURN)
    longest_s, rows = 0.0, 0
    for number in range(CHECKS):
        before = time.perf_counter()
        try:
            response = await asking.get(next(targets), query.accept, keep=True, limit_s=CHECK_LIMIT_S)
            longest_s = max(longest_s, time.perf_counter() - before)
            answer = answer_of(response, query.accept)
        except TimeoutError:
            return _Checked(f"no answer within {CHECK_LIMIT_S:g} s", rows, CHECK_LIMIT_S)
        except (ConnectionError, ValueError, KeyError) as exc:
            return _Checked(f"{type(exc).__name__}: {exc}"[:300], rows, longest_s)
        if fault := difference(answer, expected.setdefault((query.name, number), answer)):
            return _Checked(fault, size(answer), longest_s)
        rows = max(rows, size(answer))
        if longest_s > CHECK_LIMIT_S / CHECKS:
            break
    return _Checked("", rows, longest_s)


async def _warm(peers: Sequence[Peer], asked: Sequence[Query], options: Options, tell: Tell) -> None:
    """Lets just-in-time compilers and page caches do their work before anything is timed."""
    for peer in peers:
        tell(f"{peer.name}: warming")
        requests = requests_of([query for query in asked if query.name != "100 k-row export"], UNIQUE, _WARM_TURN)
        await measure(peer.endpoint, requests, concurrency=options.concurrency, seconds=options.warm_s)


def _cells(asked: Sequence[Query]) -> Iterator[tuple[str, list[Query]]]:
    for query in asked:
        yield query.name, [query]
    analytic = [query for query in asked if query.name in ANALYTIC]
    if len(analytic) == len(ANALYTIC):
        yield MIX, analytic


async def _measure_all(
    peers: Sequence[Peer],
    asked: Sequence[Query],
    checked: dict[tuple[str, str], _Checked],
    options: Options,
    tell: Tell,
) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    for name, of_cell in _cells(asked):
        able = [peer for peer in peers if not any(checked[peer.name, query.name].fault for query in of_cell)]
        for mode in MODES:
            taken: dict[str, list[_Round]] = {peer.name: [] for peer in able}
            for turn in range(options.rounds):
                for peer in able[turn % len(able) :] + able[: turn % len(able)]:  # nobody is always first
                    longest_s = sum(checked[peer.name, query.name].longest_s for query in of_cell)
                    if turn and longest_s > options.seconds:
                        continue  # one round tells enough of an answer that takes so long
                    taken[peer.name].append(await _round(peer, of_cell, mode, turn, options))
            for peer in able:
                cell = _summed_up(name, mode, peer.name, taken[peer.name])
                cells.append(cell)
                tell(
                    f"{name}, {mode}: {peer.name}: {cell['per_second']:.1f}/s, p50 {cell['p50_ms']:.2f} ms, "
                    f"p99 {cell['p99_ms']:.2f} ms, {cell['processor_ms'] or 0:.3f} ms processor, "
                    f"strangers {cell['strangers']:.0%} {cell['errors'] or ''}"
                )
    return cells


class _Round(NamedTuple):
    """A sample, the processor time of the server, and the share of the machine that went to strangers.

    Shape: None where a process of the server ended, so that nobody knows what it used.
    """

    sample: Sample
    server_s: float | None
    strangers: float | None


async def _round(peer: Peer, of_cell: list[Query], mode: str, turn: int, options: Options) -> _Round:
    """One round, taken again while others take too much of the machine; of all attempts the calmest."""
    attempts: list[_Round] = []
    for attempt in range(options.attempts):
        await _calm(options.calm_wait_s)
        # Texts of an attempt are never those of another, so that unique stays unique.
        first = _MIX_TURN if len(of_cell) > 1 else 0
        attempts.append(await _attempt(peer, of_cell, mode, first + turn + attempt * options.rounds, options))
        if (attempts[-1].strangers or 0.0) < _STRANGERS_MOST:
            break
    return min(attempts, key=lambda one: one.strangers or 0.0)


async def _attempt(peer: Peer, of_cell: list[Query], mode: str, turn: int, options: Options) -> _Round:
    before, busy_before, own_before = peer.processor_s(), busy_s(), _own_s()
    sample = await _sample(peer, of_cell, mode, turn, options)
    server_s = used_s(before, peer.processor_s())
    if server_s is None:
        return _Round(sample, None, None)
    strangers_s = max(0.0, busy_s() - busy_before - server_s - (_own_s() - own_before))
    return _Round(sample, server_s, strangers_s / sample.seconds / (os.cpu_count() or 1))


def _own_s() -> float:
    return sum(processor_s([os.getpid()]).values())


async def _calm(limit_s: float) -> None:
    """Waits until others leave the machine mostly alone, at most so long."""
    for _ in range(max(1, int(limit_s / _CALM_LOOK_S))):
        before = busy_s()
        await asyncio.sleep(_CALM_LOOK_S)
        if busy_s() - before < _CALM_LOOK_S * _CALM_SHARE:
            break


async def _sample(peer: Peer, of_cell: list[Query], mode: str, turn: int, options: Options) -> Sample:
    if len(of_cell) == 1 and of_cell[0].is_short and has_wrk():
        return await asyncio.to_thread(
            measure_with_wrk,
            peer.endpoint,
            of_cell[0],
            mode,
            turn,
            concurrency=options.concurrency,
            seconds=options.seconds,
        )
    requests = requests_of(of_cell, mode, turn)
    return await measure(peer.endpoint, requests, concurrency=options.concurrency, seconds=options.seconds)


def _summed_up(name: str, mode: str, peer: str, rounds: list[_Round]) -> dict[str, Any]:
    """Medians over the rounds; errors added up."""
    samples = [one.sample for one in rounds]
    errors: Counter[str] = sum((Counter(sample.errors) for sample in samples), Counter())
    completed = sum(sample.completed for sample in samples)
    known = [one for one in rounds if one.server_s is not None]
    of_known = sum(one.sample.completed for one in known)
    return {
        "query": name,
        "mode": mode,
        "peer": peer,
        "per_second": median(sample.per_second for sample in samples),
        "p50_ms": median(sample.p50_ms for sample in samples),
        "p99_ms": median(sample.p99_ms for sample in samples),
        "processor_ms": 1000 * sum(one.server_s or 0.0 for one in known) / of_known if of_known else None,
        "strangers": fmean([one.strangers or 0.0 for one in known] or [0.0]),
        "completed": completed,
        "errors": dict(errors),
        "rounds": [{**sample._asdict(), "per_second": sample.per_second} for sample in samples],
    }


async def run_hostile(dist: Path, work: Path, *, rate: int, seconds: float, tell: Tell) -> dict[str, Any]:
    """What good clients notice of an attack on our server, started for this alone."""
    good = [one for one in queries(read_constants(dist / DATASET)) if one.name in ("point lookup", ANALYTIC[0])]
    ours = OursWithBudgets(dist, work / "hostile")
    try:
        await ours.prepare()
        outcomes: dict[str, Any] = {}
        for turn, name in enumerate(("baseline", "attacked", "afterwards")):
            requests = requests_of(good, UNIQUE, _HOSTILE_TURN + turn)
            outcome = await hostile.endure(
                ours.endpoint, requests, rate=rate, seconds=seconds, is_attacked=name == "attacked"
            )
            outcomes[name] = outcome._asdict()
            tell(f"hostile mix, {name}: {outcome}")
    finally:
        ours.stop()
    return {"rate": rate, "seconds": seconds, "share": 1 / hostile.HOSTILE_SHARE, **outcomes}
