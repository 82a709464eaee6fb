"""The page about performance and its chart, from results made up here: what a reader needs to read the figures."""

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from bench.chart import chart
from bench.mix import UNIQUE
from bench.report import markdown

SVG = "{http://www.w3.org/2000/svg}"


def cell(peer: str, per_second: float) -> dict[str, Any]:
    times = {"p50_ms": 1.0, "p99_ms": 2.0, "processor_ms": 1.0, "strangers": 0.0}
    about = {"query": "trivial ASK", "mode": UNIQUE, "peer": peer, "completed": 9, "errors": 0}
    return {**about, **times, "per_second": per_second}


def results(name: str = "The real build") -> dict[str, Any]:
    cost = {"load_s": 1.0, "start_s": 1.0, "disk_bytes": 1, "memory_bytes": 1, "memory_after_bytes": 1}
    dataset = {
        "name": name,
        "quads": 9_723,
        "ours": "1",
        "options": {"concurrency": 4, "rounds": 2, "seconds": 1.5},
        "cost": {"clustergraph": cost, "other": cost},
        "absent": {},
        "faults": [],
        "cells": [cell("clustergraph", 12_000.0), cell("other", 9.5)],
    }
    phase = {"p50_ms": 1.0, "p99_ms": 2.0, "good": {"200": 100}, "hostile": {}}
    attacked = {**phase, "hostile": {"paths: 429": 6, "paths: 504": 1, "nesting: 413": 1}}
    return {
        "when_utc": "2026-01-01T00:00:00",
        "machine": {"cores": 2, "memory_gb": 25, "python": "Python", "memory_quads": 1},
        "versions": {},
        "absent": {},
        "datasets": [dataset],
        "hostile": {
            "rate": 100,
            "seconds": 20.0,
            "share": 0.05,
            "baseline": phase,
            "attacked": attacked,
            "afterwards": phase,
        },
    }


def test_the_chart_says_what_its_bars_measure_and_on_which_scale() -> None:
    drawn = ElementTree.fromstring(chart(results()))  # noqa: S314  # written by us

    texts = [one.text or "" for one in drawn.iter(f"{SVG}text")]
    lines = [float(one.get("x1", "")) for one in drawn.iter(f"{SVG}line")]
    steps = [after - before for before, after in pairwise(lines)]
    assert "Unique questions answered per second: 9,723 quads, the real build" in texts
    assert "answers per second" in texts
    for tick in ("0.1", "1", "10", "100", "1,000", "10,000", "100,000"):
        assert texts.count(tick) == 2
    assert steps == pytest.approx([steps[0]] * 6, abs=0.2)


def test_a_bar_ends_where_the_axis_has_its_value() -> None:
    text = chart(results())

    ten, hundred = (float(re.findall(rf'<text x="([0-9.]+)"[^>]*>{tick}</text>', text)[0]) for tick in ("10", "100"))
    ends = [230 + float(one) for one in re.findall(r'<rect x="230" y="\d+" width="([0-9.]+)"', text)]
    assert ends[-1] == pytest.approx(ten + (hundred - ten) * -0.0223, abs=0.2)  # log10 of 0.95


def test_the_page_has_a_caption_in_sight_below_its_chart() -> None:
    caption = "Unique questions answered per second by each server (9,723 quads, the real build)"

    assert f"![{caption}](performance.svg)\n\n{caption}. The scale is logarithmic" in markdown(results())


@pytest.mark.parametrize(("name", "is_real"), [("The real build", True), ("Generated", False)])
def test_the_quads_of_the_real_build_are_told_from_the_triples_of_the_home_page(name: str, is_real: bool) -> None:
    assert ("again in the default graph, which is the merge of all the others" in markdown(results(name))) is is_real


def test_the_page_says_how_the_hostile_requests_ended() -> None:
    text = markdown(results())

    assert "Of the 8 hostile requests, 6 (75%) were refused with 429: the budget of their sender was used up" in text
    assert "The other 2 were ended at a limit" in text
