"""`python -m bench.validation`: our validation beside that of others, over the same texts, each run a process.

Writes bench/results/validation.json, and the part about validation of docs/performance.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.memberships import QUERY, SHAPES, write_memberships
from bench.peers import HERE, VENV, Ours, Unavailable, _in_venv, _said
from bench.real_copies import write_copies
from bench.validation_report import page_with
from clustergraph.repository import read_repository

REPOSITORY: Final = HERE.parent
WORK: Final = HERE / ".work" / "validation"
RESULTS: Final = HERE / "results" / "validation.json"
PAGE: Final = REPOSITORY / "docs" / "performance.md"
ONCE: Final = HERE / "validate_once.py"
OURS: Final = "clustergraph"
_LIMIT_S: Final = 300.0
_PEERS: Final = ("pyshacl", "pyshacl-turbo", "pyshacl-turbo, from files", "pyrudof")
_COPIES: Final = 10
_COLD_ROUNDS: Final = 7


class Work(NamedTuple):
    """One text and its shapes. Shape: `once` are engines run in the first round alone; `absent` has reasons."""

    name: str
    data: Path
    shapes: Path
    triples: int
    expected: int | None
    once: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()


def works(sizes: Sequence[int]) -> Iterator[Work]:
    """Everything that is measured, written if need be."""
    WORK.mkdir(parents=True, exist_ok=True)
    core, query = WORK / "core.ttl", WORK / "query.ttl"
    core.write_text(SHAPES, encoding="utf-8")
    query.write_text(SHAPES + QUERY, encoding="utf-8")
    for size in sizes:
        data = WORK / f"{size}.ttl"
        counted = write_memberships(size, data)
        by_query = counted.get("SPARQL", 0)
        total = sum(counted.values())
        is_large = size >= 1_000_000  # noqa: PLR2004
        memory = (("pyrudof", "takes 1.1 GB for a tenth of it"),) if is_large else ()
        once = ("pyshacl", "pyshacl-turbo", "pyshacl-turbo, from files") if is_large else ()
        yield Work(f"{size:,} triples, core", data, core, size, total - by_query, once, memory)
        if not is_large:
            yield Work(f"{size:,} triples, with a query", data, query, size, total, ("pyshacl",))
    data, shapes = WORK / "real.ttl", WORK / "real-shapes.ttl"
    triples = write_copies(read_repository(REPOSITORY), _COPIES, data, shapes)
    yield Work(f"real build ×{_COPIES}", data, shapes, triples, None, ("pyshacl",))


def _installed(names: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(version by engine, reason by engine that is left out)."""
    versions, absent = {OURS: Ours.install()}, {}
    script = "import sys; from importlib.metadata import version as v; print(v(sys.argv[1]))"
    for name in names:
        package = name.partition(",")[0]
        try:
            _in_venv(package)
            versions[name] = _said([VENV / "bin/python", "-c", script, package])
        except Unavailable as exc:
            absent[name] = str(exc)
    return versions, absent


def run_once(engine: str, work: Work) -> dict[str, Any]:
    """One run. Shape: `fault` alone where it came to nothing."""
    python = sys.executable if engine == OURS else str(VENV / "bin/python")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")} if engine == OURS else dict(os.environ)
    command = [python, str(ONCE), engine, str(work.data), str(work.shapes)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=environment, cwd=WORK
        )
    except subprocess.TimeoutExpired:
        return {"fault": f"took more than {_LIMIT_S:g} s"}
    if done.returncode:
        return {"fault": (done.stderr.strip().splitlines() or ["ended"])[-1][:120]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(work: Work, engines: Sequence[str], rounds: int) -> dict[str, Any]:
    """The medians of each engine; the engines take turns."""
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for number in range(rounds):
        for engine in engines:
            if engine in dict(work.absent) or (number and engine in work.once):
                continue
            runs[engine].append(run_once(engine, work))
            print(f"{work.name}: {engine}: {runs[engine][-1]}", file=sys.stderr, flush=True)
    found = {engine: _medians(of) for engine, of in runs.items() if of}
    return {
        "name": work.name,
        "triples": work.triples,
        "expected": work.expected,
        "absent": dict(work.absent),
        "engines": found,
    }


def _medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    whole = [one for one in runs if "fault" not in one]
    if not whole:
        return runs[0]
    keys = ("read_s", "validate_s", "peak_bytes", "child_peak_bytes", "results")
    medians = {key: statistics.median(one[key] for one in whole) for key in keys}
    totals = [one["read_s"] + one["validate_s"] for one in whole]
    return {**medians, "total_s": statistics.median(totals), "rounds": len(whole)}


def cold() -> dict[str, float]:
    """Seconds of `clustergraph check` as a process: of the whole repository, and of one file of it."""
    some = min((REPOSITORY / "data/cluster").glob("*.ttl"))
    commands: dict[str, list[str]] = {"whole": [], "one file": [str(some.relative_to(REPOSITORY))]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    for _ in range(_COLD_ROUNDS):
        for name, paths in commands.items():
            before = time.perf_counter()
            command = [sys.executable, "-m", "clustergraph", "check", *paths]
            subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY, env=environment)
            times[name].append(time.perf_counter() - before)
    return {name: statistics.median(of) for name, of in times.items()}


def main() -> None:
    """Measures, and writes what was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.validation", description=__doc__)
    parser.add_argument("--sizes", default="100000,1000000", help="triples to generate")
    parser.add_argument("--peers", default=";".join(_PEERS), help="engines to run, separated by semicolons")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each work")
    parser.add_argument("--report-only", action="store_true", help="write the page anew from the last results")
    arguments = parser.parse_args()
    if not arguments.report_only:
        versions, absent = _installed([one for one in arguments.peers.split(";") if one])
        sizes = [int(one) for one in arguments.sizes.split(",")]
        results = {
            "when_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {"cores": os.cpu_count(), "python": f"Python {platform.python_version()}"},
            "load_before": os.getloadavg()[0],
            "versions": versions,
            "absent": absent,
            "cold_s": cold(),
            "works": [measured(work, [*versions], arguments.rounds) for work in works(sizes)],
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
