"""Results as a Markdown page. Pure text from plain values: asks nothing, measures nothing."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any, Final, NamedTuple

from bench.mix import ANALYTIC, MIX, MODES, REPEATED, UNIQUE

OURS: Final = "clustergraph"
GENERATED: Final = "Generated"
REAL_BUILD: Final = "The real build"
REMARKS: Final = Path(__file__).with_name("remarks.md")
TARGET_QUADS: Final = 1_000_000  # the size at which targets are set
_OVER_BUDGET: Final = ": 429"
_REPEATED_LEAST: Final = 20.0
_START_MOST_S: Final = 4.0
_GROWTH_MOST: Final = 1.3
_ATTACKED_MOST: Final = 2.0


class _Target(NamedTuple):
    """One line of the table of targets."""

    work: str
    wanted: str
    measured: str
    met: bool | None


def found_cell(dataset: Mapping[str, Any], query: str, mode: str, peer: str) -> Mapping[str, Any] | None:
    found = (one for one in dataset["cells"] if (one["query"], one["mode"], one["peer"]) == (query, mode, peer))
    return next((one for one in found if one["completed"]), None)


def _ratio(dataset: Mapping[str, Any], query: str, mode: str, peer: str) -> float | None:
    """Our throughput over that of a peer."""
    ours, theirs = (found_cell(dataset, query, mode, name) for name in (OURS, peer))
    return ours["per_second"] / theirs["per_second"] if ours and theirs else None


def peers_of(dataset: Mapping[str, Any]) -> list[str]:
    return list(dataset["cost"])


def questions_of(dataset: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["query"] for one in dataset["cells"]))


def charted(results: Mapping[str, Any]) -> Mapping[str, Any]:
    """The dataset of the chart: the largest that most servers were asked at."""
    largest: Mapping[str, Any] = max(results["datasets"], key=lambda one: (len(peers_of(one)), one["quads"]))
    return largest


def described(dataset: Mapping[str, Any]) -> str:
    """What a dataset is, in a few words."""
    return f"{dataset['quads']:,} quads, {dataset['name'].lower()}"


def rounded(value: float) -> str:
    """Three digits that mean something.

    >>> rounded(12345.6), rounded(12.345), rounded(0.1234)
    ('12,300', '12.3', '0.123')
    """
    if math.isnan(value) or not value:
        return "–"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    if digits:
        return f"{value:.{digits}f}"
    step = 10 ** max(0, math.floor(math.log10(abs(value))) - 2)
    return f"{round(value / step) * step:,}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _throughput(dataset: Mapping[str, Any]) -> str:
    peers = peers_of(dataset)
    head = ["question", *(f"{peer}, per s" if peer == OURS else f"{peer}, per s (ours ÷ theirs)" for peer in peers)]
    return _table(head, _rows(dataset, lambda query, mode, peer: _speed(dataset, query, mode, peer)))


def _rows(dataset: Mapping[str, Any], text: Callable[[str, str, str], str]) -> list[list[str]]:
    return [
        [f"{query}, {mode}", *(text(query, mode, peer) for peer in peers_of(dataset))]
        for query in questions_of(dataset)
        for mode in MODES
    ]


def _speed(dataset: Mapping[str, Any], query: str, mode: str, peer: str) -> str:
    cell, ratio = found_cell(dataset, query, mode, peer), _ratio(dataset, query, mode, peer)
    if cell is None:
        return "none"
    spoilt = " †" if cell["errors"] else ""
    text = f"{rounded(cell['per_second'])}{spoilt}"
    return text if peer == OURS or ratio is None else f"{text} (**{rounded(ratio)}×**)"


def _latency(dataset: Mapping[str, Any]) -> str:
    head = ["question", *(f"{peer}, p50 / p99 ms" for peer in peers_of(dataset))]
    return _table(head, _rows(dataset, lambda query, mode, peer: _times(dataset, query, mode, peer)))


def _times(dataset: Mapping[str, Any], query: str, mode: str, peer: str) -> str:
    cell = found_cell(dataset, query, mode, peer)
    return f"{rounded(cell['p50_ms'])} / {rounded(cell['p99_ms'])}" if cell else "none"


def _effort(dataset: Mapping[str, Any]) -> str:
    head = [
        "question",
        *(f"{peer}, ms" if peer == OURS else f"{peer}, ms (theirs ÷ ours)" for peer in peers_of(dataset)),
    ]
    return _table(head, _rows(dataset, lambda query, mode, peer: _processor(dataset, query, mode, peer)))


def _processor(dataset: Mapping[str, Any], query: str, mode: str, peer: str) -> str:
    theirs, ours = (found_cell(dataset, query, mode, name) for name in (peer, OURS))
    if theirs is None:
        return "none"
    if theirs["processor_ms"] is None:
        return "unknown"
    text = rounded(theirs["processor_ms"])
    if peer == OURS or ours is None or not ours["processor_ms"]:
        return text
    return f"{text} (**{rounded(theirs['processor_ms'] / ours['processor_ms'])}×**)"


def _costs(dataset: Mapping[str, Any]) -> str:
    head = (
        "server",
        "load, s",
        "quads loaded per s",
        "start to first answer, s",
        "on disk, bytes per quad",
        "memory at start, MB",
        "memory after the run, MB",
        "memory after, bytes per quad",
    )
    return _table(head, [_cost_row(name, one, dataset["quads"]) for name, one in dataset["cost"].items()])


def _cost_row(name: str, cost: Mapping[str, Any], quads: int) -> list[str]:
    load_s = cost["load_s"]
    after = cost.get("memory_after_bytes", float("nan"))
    return [
        name,
        rounded(load_s) if load_s else "at start",
        rounded(quads / (load_s or cost["start_s"])),
        rounded(cost["start_s"]),
        rounded(cost["disk_bytes"] / quads),
        rounded(cost["memory_bytes"] / 1e6),
        rounded(after / 1e6),
        rounded(after / quads),
    ]


def _share_of_mix(dataset: Mapping[str, Any], mode: str) -> str:
    """Geometric means over the analytic questions, which no single slow one decides."""
    parts: list[str] = []
    for peer in peers_of(dataset)[1:]:
        ratios = [one for query in ANALYTIC if (one := _ratio(dataset, query, mode, peer))]
        if ratios:
            parts.append(f"{rounded(geometric_mean(ratios))}× {peer}")
    return ", ".join(parts)


_LEAST: Final = (
    ("unique analytic mix", MIX, UNIQUE, {"oxigraph": 2, "virtuoso": 3, "fuseki": 3, "rdflib-endpoint": 20}),
    ("trivial ASK, unique", "trivial ASK", UNIQUE, {"oxigraph": 0.25, "virtuoso": 2, "rdflib-endpoint": 3}),
    ("point lookup, unique", "point lookup", UNIQUE, {"oxigraph": 0.25, "virtuoso": 2, "rdflib-endpoint": 3}),
    ("trivial ASK, repeated", "trivial ASK", REPEATED, {"oxigraph": 0.9}),
    ("point lookup, repeated", "point lookup", REPEATED, {"oxigraph": 0.9}),
)
"""(work, question, mode, least ratio ours ÷ theirs)."""


def _targets(results: Mapping[str, Any]) -> list[_Target]:
    lines: list[_Target] = []
    dataset = _standard(results)
    if dataset is not None:
        for work, query, mode, least in _LEAST:
            for peer, wanted in least.items():
                ratio = _ratio(dataset, query, mode, peer)
                if ratio is not None:
                    lines.append(_Target(work, f"≥ {wanted}× {peer}", f"{rounded(ratio)}×", ratio >= wanted))
        lines += [*_repeated_target(dataset), *_tail_target(dataset), _start_target(dataset)]
    return [*lines, *_growth_target(results), *_hostile_target(results)]


def _standard(results: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The dataset nearest to the size at which targets are set, if one is near."""
    near = [one for one in results["datasets"] if abs(math.log2(one["quads"] / TARGET_QUADS)) < 1]
    return next(iter(near), None)


def _repeated_target(dataset: Mapping[str, Any]) -> list[_Target]:
    ratios = [one for peer in peers_of(dataset)[1:] if (one := _ratio(dataset, MIX, REPEATED, peer))]
    least = min(ratios, default=float("nan"))
    return [
        _Target(
            "repeated analytic mix",
            f"≥ {_REPEATED_LEAST:g}× the best peer",
            f"{rounded(least)}×",
            least >= _REPEATED_LEAST,
        )
    ]


def _tail_target(dataset: Mapping[str, Any]) -> list[_Target]:
    cells = {peer: found_cell(dataset, MIX, UNIQUE, peer) for peer in peers_of(dataset)}
    p99 = {peer: float(cell["p99_ms"]) for peer, cell in cells.items() if cell}
    best = min((value for peer, value in p99.items() if peer != OURS), default=float("nan"))
    ours = p99.get(OURS, float("nan"))
    return [
        _Target("unique analytic mix, p99", f"≤ {rounded(best)} ms, the best peer", f"{rounded(ours)} ms", ours <= best)
    ]


def _start_target(dataset: Mapping[str, Any]) -> _Target:
    start_s = dataset["cost"][OURS]["start_s"]
    return _Target(
        "restart to first answer, 1 M quads",
        f"≤ {_START_MOST_S:g} s",
        f"{rounded(start_s)} s",
        start_s <= _START_MOST_S,
    )


def _growth_target(results: Mapping[str, Any]) -> list[_Target]:
    generated = sorted(
        (one for one in results["datasets"] if one["name"] == GENERATED), key=lambda one: int(one["quads"])
    )
    if generated[1:] == []:
        return []
    cells = [found_cell(one, "point lookup", UNIQUE, OURS) for one in (generated[0], generated[-1])]
    if not all(cells):
        return []
    slower = cells[0]["per_second"] / cells[1]["per_second"]  # type: ignore[index]
    sizes = f"{rounded(generated[0]['quads'])} to {rounded(generated[-1]['quads'])} quads"
    return [
        _Target(f"point lookups, {sizes}", f"≤ {_GROWTH_MOST:g}× slower", f"{rounded(slower)}×", slower <= _GROWTH_MOST)
    ]


def _hostile_target(results: Mapping[str, Any]) -> list[_Target]:
    outcome = results.get("hostile")
    if not outcome:
        return []
    ratio = outcome["attacked"]["p99_ms"] / outcome["baseline"]["p99_ms"]
    refused = sum(count for status, count in outcome["attacked"]["good"].items() if status != "200")
    measured = f"{rounded(ratio)}×, {refused} good requests refused"
    return [
        _Target(
            "good clients' p99, 5 % hostile",
            f"≤ {_ATTACKED_MOST:g}× baseline",
            measured,
            ratio <= _ATTACKED_MOST and not refused,
        )
    ]


def markdown(results: Mapping[str, Any]) -> str:
    """The page about performance."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    machine = results["machine"]
    parts = [
        "# Performance\n",
        f"Measured on {results['when_utc'][:10]} by `make bench` on one machine with {machine['cores']} cores and "
        f"{machine['memory_gb']} GB, {machine['python']}; all servers and the client share the cores; "
        "servers take turns within a round; figures are medians over the rounds. `bench/` has the rest.\n",
        f"Servers: {versions}. Memory is set for this machine: {machine['memory_quads']:,} quads in "
        "clustergraph (`--memory-quads`), 2.7 GB of buffers in Virtuoso, 4 GB of heap in Fuseki.\n",
        *(f"Left out: {name}, {reason}.\n" for name, reason in results["absent"].items()),
        "*Unique*: no two requests have the same text. *Repeated*: thirty wordings, some much more often than others. "
        "Ratios are ours ÷ theirs, above 1 where we are faster. † some requests of this cell failed.\n",
        f"![{_caption(results)}](performance.svg)\n",
        f"{_caption(results)}. The scale is logarithmic; the figures stand in the tables below.\n",
        *_targets_part(results),
        *(part for dataset in results["datasets"] for part in _dataset_part(dataset)),
        *_hostile_part(results),
    ]
    return "\n".join(parts)


def _caption(results: Mapping[str, Any]) -> str:
    dataset = charted(results)
    return f"Unique questions answered per second by each server ({described(dataset)})"


def _targets_part(results: Mapping[str, Any]) -> list[str]:
    targets = _targets(results)
    if not targets:
        return []
    met = {True: "met", False: "**missed**", None: "–"}
    rows = [[one.work, one.wanted, one.measured, met[one.met]] for one in targets]
    remarks = [REMARKS.read_text(encoding="utf-8")] if REMARKS.is_file() else []
    return ["## Targets\n", _table(["work", "target", "measured", ""], rows), *remarks]


_MERGED: Final = (
    "The quads are the lines of the build's one file: each statement in the graph of its source, and again in the "
    "default graph, which is the merge of all the others. The home page counts the triples of that merge.\n"
)


def _dataset_part(dataset: Mapping[str, Any]) -> list[str]:
    options = dataset["options"]
    return [
        f"## {dataset['name']}: {dataset['quads']:,} quads\n",
        *((_MERGED,) if dataset["name"] == REAL_BUILD else ()),
        f"clustergraph {dataset['ours']}, {options['concurrency']} connections, rounds for each cell: "
        f"{options['rounds']} of {options['seconds']:g} s.\n",
        *(f"Left out: {name}, {reason}.\n" for name, reason in dataset["absent"].items()),
        *(f"Other answer: {one['peer']}, {one['query']}: {one['fault']}.\n" for one in dataset["faults"]),
        "Answers per second:\n",
        _throughput(dataset),
        *(
            f"Geometric mean over the analytic questions, {mode}: {means}.\n"
            for mode in MODES
            if (means := _share_of_mix(dataset, mode))
        ),
        "Time for one answer:\n",
        _latency(dataset),
        "Processor time of the server for one answer, which a busy machine changes least; unknown where a process of "
        "the server was ended meanwhile:\n",
        _effort(dataset),
        f"Processes that have no part in this took {_strangers(dataset):.0%} of the machine meanwhile.\n",
        "Before and beside the answers:\n",
        _costs(dataset),
    ]


def _strangers(dataset: Mapping[str, Any]) -> float:
    return fmean(one["strangers"] for one in dataset["cells"])


def _hostile_part(results: Mapping[str, Any]) -> list[str]:
    outcome = results.get("hostile")
    if not outcome:
        return []
    rows = [
        [
            name,
            rounded(one["p50_ms"]),
            rounded(one["p99_ms"]),
            _counted(one["good"]),
            _counted(one["hostile"]) or "none",
        ]
        for name in ("baseline", "attacked", "afterwards")
        for one in (outcome[name],)
    ]
    return [
        "## Hostile requests\n",
        f"{outcome['rate']} requests per second for {outcome['seconds']:g} s each, of which {outcome['share']:.0%} "
        "hostile while attacked; waits count from the moment a request was due.\n",
        _table(["", "good, p50 ms", "good, p99 ms", "good, by status", "hostile, by status"], rows),
        *_refused(outcome["attacked"]["hostile"]),
    ]


def _refused(hostile: Mapping[str, int]) -> list[str]:
    """How the hostile requests ended, in words."""
    total = sum(hostile.values())
    refused = sum(count for name, count in hostile.items() if name.endswith(_OVER_BUDGET))
    if not total:
        return []
    return [
        f"Of the {total} hostile requests, {refused} ({refused / total:.0%}) were refused with 429: the budget of "
        f"their sender was used up, so they were not evaluated. The other {total - refused} were ended at a limit or "
        "refused for what they are. It is mostly the budget that this measures: an attack from many addresses has a "
        "budget for each of them, and meets the limits and the turns of clients alone until those are used up.\n"
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
