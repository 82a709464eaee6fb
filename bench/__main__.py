"""`python -m bench`: the whole benchmark, or as much of it as the options leave."""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.chart import chart
from bench.generate import REPOSITORY, generate
from bench.machine import memory_bytes
from bench.peers import HERE, MEMORY_QUADS, PEERS, Ours, Peer, Unavailable
from bench.report import GENERATED, REAL_BUILD, markdown
from bench.run import Options, Tell, run_dataset, run_hostile
from bench.validation_report import page_with_part_of
from clustergraph.published import DATASET

REAL: Final = "real"
_HOSTILE_SIZE: Final = "1000000"  # large enough for a query to last, small enough to be in memory
RESULTS: Final = HERE / "results" / "latest.json"
PAGE: Final = REPOSITORY / "docs" / "performance.md"
CHART: Final = REPOSITORY / "docs" / "performance.svg"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures clustergraph beside other SPARQL servers. Writes bench/results/latest.json and "
        "docs/performance.md with its chart; keeps data and stores below bench/.work.",
    )
    names = ",".join(one.name for one in PEERS)
    parser.add_argument(
        "--sizes", default="real,100000,1000000,10000000", help="quads to generate; 'real' is the build in dist/"
    )
    parser.add_argument("--peers", default=names, help="servers to start, by name")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of one round of one cell")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each cell")
    parser.add_argument("--concurrency", type=int, default=4, help="connections of the client")
    parser.add_argument("--warm-s", type=float, default=5.0, help="warming of each server before it is measured")
    parser.add_argument("--calm-s", type=float, default=5.0, help="longest wait for a calm machine before a round")
    parser.add_argument("--attempts", type=int, default=2, help="at a round, while strangers disturb it")
    parser.add_argument("--hostile-s", type=float, default=20.0, help="length of the hostile mix; 0 leaves it out")
    parser.add_argument("--hostile-rate", type=int, default=100, help="requests per second of the hostile mix")
    parser.add_argument("--questions", default="", help="ask only those whose name contains this")
    parser.add_argument("--keep", action="store_true", help="keep the last results for datasets not measured now")
    parser.add_argument("--report-only", action="store_true", help="write the page anew from the last results")
    return parser.parse_args()


def _installed(names: Sequence[str], tell: Tell) -> tuple[dict[type[Peer], str], dict[str, str]]:
    """(version by server, reason by server that is left out)."""
    versions: dict[type[Peer], str] = {}
    absent: dict[str, str] = {}
    for kind in PEERS:
        if kind.name not in names:
            continue
        try:
            versions[kind] = kind.install()
            tell(f"{kind.name}: {versions[kind]}")
        except Unavailable as exc:
            absent[kind.name] = str(exc)
            tell(f"{kind.name}: left out, {exc}")
    return versions, absent


def _dist(size: str) -> tuple[str, Path, int]:
    """(name, folder, number of quads) of a dataset, made if need be."""
    if size == REAL:
        folder = REPOSITORY / "dist"
        with (folder / DATASET).open("rb") as stream:
            return REAL_BUILD, folder, sum(1 for _ in stream)
    folder = HERE / ".work" / "data" / size
    return GENERATED, folder, generate(int(size), folder).quads


async def _run(arguments: argparse.Namespace, tell: Tell) -> dict[str, Any]:
    versions, absent = _installed(arguments.peers.split(","), tell)
    options = Options(
        arguments.seconds,
        arguments.rounds,
        arguments.concurrency,
        arguments.warm_s,
        arguments.calm_s,
        arguments.attempts,
        arguments.questions,
    )
    earlier = json.loads(RESULTS.read_text(encoding="utf-8")) if arguments.keep and RESULTS.is_file() else {}
    results: dict[str, Any] = {
        "when_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": {kind.name: version for kind, version in versions.items()},
        "absent": absent,
        "datasets": earlier.get("datasets", []),
        "hostile": earlier.get("hostile"),
    }
    work = HERE / ".work" / "stores"
    sizes = arguments.sizes.split(",")
    for size in sizes:
        name, dist, quads = _dist(size)
        measured = await run_dataset(dist, work, list(versions), options, quads=quads, tell=tell)
        others = [one for one in results["datasets"] if one["quads"] != quads]
        this = {"name": name, "options": options._asdict(), "ours": versions.get(Ours, ""), **measured}
        results["datasets"] = sorted([*others, this], key=lambda one: int(one["quads"]))
        _write(results)
    if arguments.hostile_s:
        _, dist, _ = _dist(_HOSTILE_SIZE if _HOSTILE_SIZE in sizes else sizes[-1])
        results["hostile"] = await run_hostile(
            dist, work, rate=arguments.hostile_rate, seconds=arguments.hostile_s, tell=tell
        )
    return results


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory_bytes() / 1e9),
        "memory_quads": MEMORY_QUADS,
        "python": f"Python {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
    }


def _write(results: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page_with_part_of(PAGE.read_text(encoding="utf-8"), markdown(results)), encoding="utf-8")
    CHART.write_text(chart(results), encoding="utf-8")


def main() -> None:
    """Runs the benchmark and writes what it found."""
    arguments = _arguments()
    began = time.perf_counter()

    def tell(remark: str) -> None:
        print(f"{time.perf_counter() - began:7.1f} s  {remark}", file=sys.stderr, flush=True)

    if arguments.report_only:
        _write(json.loads(RESULTS.read_text(encoding="utf-8")))
        return
    runner = asyncio.Runner(loop_factory=_loop())
    with runner:
        _write(runner.run(_run(arguments, tell)))


def _loop() -> Any:
    """The event loop of uvicorn's own extra, which sends several times more requests; else that of Python."""
    try:
        import uvloop  # noqa: PLC0415  # optional
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    main()
