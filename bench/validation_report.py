"""What was measured of validation as a part of a Markdown page. Pure text from plain values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from bench.report import _table, rounded

OURS: Final = "clustergraph"
BEGIN: Final = "<!-- validation: written by `make bench-validation` -->\n"
END: Final = "<!-- end of validation -->\n"
_MEGABYTE: Final = 1_000_000


class _Target(NamedTuple):
    work: str
    wanted: str
    measured: str
    met: bool


class _Asked(NamedTuple):
    """A target. Shape: `times` has how much faster than which engine, `""` being the fastest of all; MB at most."""

    work: str
    times: tuple[tuple[str, float], ...]
    most_mb: float | None = None


_ASKED: Final = (
    _Asked("100,000 triples, core", (("pyshacl", 12), ("", 4)), 100),
    _Asked("100,000 triples, with a query", (("pyshacl", 40), ("pyshacl-turbo", 2.5))),
    _Asked("1,000,000 triples, core", (("pyshacl", 12),), 900),
)
_COLD: Final = (("whole", "cold `check` of the repository", 1.0), ("one file", "cold `check` of one file", 0.5))


def page_with(page: str, results: Mapping[str, Any]) -> str:
    """A page with this part in its place, or at its end."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before.rstrip()}\n\n{BEGIN}{section(results)}{END}{after}"


def page_with_part_of(earlier: str, page: str) -> str:
    """A page that was written anew, with this part of the earlier one at its end."""
    _, begin, rest = earlier.partition(BEGIN)
    return f"{page.rstrip()}\n\n{begin}{rest}" if begin else page


def section(results: Mapping[str, Any]) -> str:
    """The part about validation."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items() if "," not in name)
    rows = [[one.work, one.wanted, one.measured, "met" if one.met else "**missed**"] for one in _targets(results)]
    return "\n".join(
        [
            "## Validation\n",
            f"Measured on {results['when_utc'][:10]} by `make bench-validation`, {results['machine']['cores']} cores, "
            f"{results['machine']['python']}; each run is a process of its own, the engines take turns, figures are "
            "medians; the start of Python and its imports are not counted. Ours gives each result its line and column "
            "and its sentences in both languages meanwhile. Others used the machine too: when it began, "
            f"{results['load_before']:.1f} processes were running.\n",
            f"Engines: {versions}.\n",
            *(f"Left out: {name}, {reason}.\n" for name, reason in results["absent"].items()),
            _table(["work", "target", "measured", ""], rows),
            *(part for work in results["works"] for part in _work(work)),
        ]
    )


def _work(work: Mapping[str, Any]) -> Iterator[str]:
    expected = f"; {work['expected']:,} results are right" if work["expected"] is not None else ""
    yield f"### {work['name'].capitalize()}\n"
    yield f"{work['triples']:,} triples{expected}.\n"
    for name, reason in work["absent"].items():
        yield f"Not run: {name}, {reason}.\n"
    ours = work["engines"][OURS]
    rows = []
    for name, one in work["engines"].items():
        if "fault" in one:
            rows.append([name, *["–"] * 6, one["fault"]])
            continue
        ratio = "" if name == OURS or "fault" in ours else f"{rounded(one['total_s'] / ours['total_s'])}×"
        rows.append(
            [
                name,
                rounded(one["read_s"]) if one["read_s"] > 1e-4 else "with the rest",  # noqa: PLR2004
                rounded(one["validate_s"]),
                rounded(one["total_s"]),
                ratio,
                rounded(one["peak_bytes"] / _MEGABYTE),
                _counted(one["results"], work["expected"]),
                str(one["rounds"]),
            ]
        )
    head = ["engine", "read, s", "validate, s", "both, s", "theirs ÷ ours", "peak memory, MB", "results", "runs"]
    yield _table(head, rows)
    if ours.get("child_peak_bytes"):
        yield f"The process that answers our queries had {rounded(ours['child_peak_bytes'] / _MEGABYTE)} MB, of which "
        yield "it shared with the first what was read before.\n"


def _counted(results: int, expected: int | None) -> str:
    return f"{results:,}" if expected in (None, results) else f"**{results:,}, and not {expected:,}**"


def _targets(results: Mapping[str, Any]) -> Iterator[_Target]:
    works = {work["name"]: work["engines"] for work in results["works"]}
    for asked in _ASKED:
        engines = works.get(asked.work)
        if engines is None or "fault" in engines[OURS]:
            continue
        ours = engines[OURS]
        for name, least in asked.times:
            whose = name or "the fastest other engine"
            totals = [one["total_s"] for other, one in engines.items() if "fault" not in one and _is_meant(name, other)]
            if totals:
                ratio = min(totals) / ours["total_s"]
                yield _Target(asked.work, f"≥ {least:g}× {whose}", f"{rounded(ratio)}×", ratio >= least)
        if asked.most_mb is not None:
            peak = ours["peak_bytes"] / _MEGABYTE
            yield _Target(asked.work, f"≤ {asked.most_mb:g} MB", f"{rounded(peak)} MB", peak <= asked.most_mb)
    for name, words, most_s in _COLD:
        took_s = results["cold_s"][name]
        yield _Target(words, f"≤ {most_s:g} s", f"{rounded(took_s)} s", took_s <= most_s)


def _is_meant(wanted: str, engine: str) -> bool:
    return engine != OURS and (engine.startswith(wanted) if wanted != "pyshacl" else engine == wanted)
