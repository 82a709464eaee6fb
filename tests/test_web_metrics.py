"""What the server counts, and the text that Prometheus reads."""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from clustergraph.settings import Settings
from clustergraph.web.metrics import (
    BOUNDS_S,
    CAUSES,
    METHODS,
    METRICS,
    OUTCOMES,
    PHASES,
    PREFIX,
    Meter,
    resident_bytes,
    server_timing,
)
from web_runner import LocalRunner, TestClient, client_for
from wire import served

SOURCED = {
    "workers": {("fast", "idle"): 2, ("fast", "busy"): 1},
    "queue_length": {("fast",): 3},
    "engine_up": 1,
    "running_queries": {("queued",): 1},
    "cache_requests": {("hit",): 5, ("miss",): 7},
    "cache_evictions": 1,
    "cache_bytes": 1024,
    "cache_entries": 4,
    "dataset_info": {("d" * 64, "2026.11.0"): 1},
    "budget_refusals": {("seconds",): 2},
    "budget_clients": 6,
    "query_log_lines": {("written",): 9, ("dropped",): 0},
    "child_resident_bytes": {("loader",): 1 << 20},
}


def ours(text: bytes) -> str:
    """The text without the families of the process, which no test can know."""
    lines = text.decode().splitlines(keepends=True)
    return "".join(line for line in lines if not re.match(r"(?:# \w+ )?process_", line))


def block(name: str, kind: str, *samples: str) -> str:
    text = next(one.text for one in METRICS if one.told == name)
    return "".join(f"{line}\n" for line in (f"# HELP {name} {text}", f"# TYPE {name} {kind}", *samples))


def buckets(phase: str, counts: Iterable[float]) -> list[str]:
    ends = [*map(str, BOUNDS_S), "+Inf"]
    return [
        f'clustergraph_query_seconds_bucket{{le="{end}",phase="{phase}"}} {count}'
        for end, count in zip(ends, counts, strict=True)
    ]


def durations(phase: str, counts: list[float], total_s: float) -> list[str]:
    return [
        *buckets(phase, counts),
        f'clustergraph_query_seconds_count{{phase="{phase}"}} {counts[-1]}',
        f'clustergraph_query_seconds_sum{{phase="{phase}"}} {total_s}',
    ]


def labelled(name: str, label: str, numbers: Mapping[str, float]) -> list[str]:
    return [f'{name}{{{label}="{value}"}} {float(number)}' for value, number in sorted(numbers.items())]


def used() -> Meter:
    meter = Meter(["/sparql", "/id/{kind}/{slug}"])
    for name, reading in SOURCED.items():
        meter.register(name, lambda reading=reading: reading)  # type: ignore[misc]
    meter.request("/sparql", "GET", 200)
    meter.request("/sparql", "GET", 200)
    meter.request("/sparql", "POST", 400)
    meter.request("/wp-login.php", "BREW", 404)
    meter.count("queries", "answered")
    meter.count("queries", "cut")
    meter.count("worker_kills", "deadline")
    meter.count("swaps", "done")
    meter.observe("evaluate", 0.0001)
    meter.observe("evaluate", 0.3)
    meter.observe("evaluate", 3600.0)
    return meter


def expected() -> str:
    none: list[float] = [0.0] * (len(BOUNDS_S) + 1)
    evaluated = [1.0] * 11 + [2.0] * 7 + [3.0]
    return "".join(
        [
            block(
                "clustergraph_http_requests_total",
                "counter",
                'clustergraph_http_requests_total{method="GET",route="/sparql",status="200"} 2.0',
                'clustergraph_http_requests_total{method="POST",route="/sparql",status="400"} 1.0',
                'clustergraph_http_requests_total{method="other",route="other",status="404"} 1.0',
            ),
            block(
                "clustergraph_queries_total",
                "counter",
                *labelled(
                    "clustergraph_queries_total", "outcome", dict.fromkeys(OUTCOMES, 0) | {"answered": 1, "cut": 1}
                ),
            ),
            block(
                "clustergraph_validations_total",
                "counter",
                *labelled("clustergraph_validations_total", "outcome", dict.fromkeys(OUTCOMES, 0)),
            ),
            block(
                "clustergraph_query_seconds",
                "histogram",
                *durations("guard", none, 0.0),
                *durations("queue", none, 0.0),
                *durations("evaluate", evaluated, 3600.3001),
                *durations("stream", none, 0.0),
            ),
            block(
                "clustergraph_worker_kills_total",
                "counter",
                *labelled("clustergraph_worker_kills_total", "cause", dict.fromkeys(CAUSES, 0) | {"deadline": 1}),
            ),
            block(
                "clustergraph_workers",
                "gauge",
                'clustergraph_workers{lane="fast",state="busy"} 1.0',
                'clustergraph_workers{lane="fast",state="idle"} 2.0',
            ),
            block("clustergraph_queue_length", "gauge", 'clustergraph_queue_length{lane="fast"} 3.0'),
            block("clustergraph_engine_up", "gauge", "clustergraph_engine_up 1.0"),
            block("clustergraph_running_queries", "gauge", 'clustergraph_running_queries{state="queued"} 1.0'),
            block(
                "clustergraph_cache_requests_total",
                "counter",
                *labelled("clustergraph_cache_requests_total", "result", {"hit": 5, "miss": 7}),
            ),
            block("clustergraph_cache_evictions_total", "counter", "clustergraph_cache_evictions_total 1.0"),
            block("clustergraph_cache_bytes", "gauge", "clustergraph_cache_bytes 1024.0"),
            block("clustergraph_cache_entries", "gauge", "clustergraph_cache_entries 4.0"),
            block(
                "clustergraph_dataset_info",
                "gauge",
                f'clustergraph_dataset_info{{digest="{"d" * 64}",version="2026.11.0"}} 1.0',
            ),
            block(
                "clustergraph_swaps_total",
                "counter",
                *labelled("clustergraph_swaps_total", "outcome", {"done": 1, "failed": 0}),
            ),
            block(
                "clustergraph_budget_refusals_total",
                "counter",
                'clustergraph_budget_refusals_total{budget="seconds"} 2.0',
            ),
            block("clustergraph_budget_clients", "gauge", "clustergraph_budget_clients 6.0"),
            block(
                "clustergraph_query_log_lines_total",
                "counter",
                *labelled("clustergraph_query_log_lines_total", "outcome", {"written": 9, "dropped": 0}),
            ),
            block(
                "clustergraph_child_resident_bytes",
                "gauge",
                'clustergraph_child_resident_bytes{process="loader"} 1.048576e+06',
            ),
        ]
    )


def test_the_whole_text_of_known_counts() -> None:
    assert ours(used().text()) == expected()


def test_a_parser_of_prometheus_reads_back_every_number() -> None:
    meter = used()

    read = list(text_string_to_metric_families(meter.text().decode()))
    collected = list(meter.collect())

    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in read
        for sample in family.samples
        if family.name.startswith(PREFIX)
    }
    told = {
        (sample.name, *sorted(sample.labels.items())): float(sample.value)
        for family in collected
        for sample in family.samples
    }
    assert samples == told
    assert {family.name for family in read if family.name.startswith(PREFIX)} == {
        f"{PREFIX}{one.name}" for one in METRICS
    }


def test_the_process_is_measured_by_the_library() -> None:
    families = {family.name: family for family in text_string_to_metric_families(Meter().text().decode())}

    assert {name for name in families if name.startswith("process_")} == {
        "process_virtual_memory_bytes",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds",
        "process_open_fds",
        "process_max_fds",
    }
    assert families["process_resident_memory_bytes"].samples[0].value > 1 << 20


def test_a_duration_at_the_end_of_a_bucket_is_in_it() -> None:
    meter = Meter()

    for end in BOUNDS_S:
        meter.observe("queue", end)

    expected_counts = [float(number) for number in range(1, len(BOUNDS_S) + 1)] + [float(len(BOUNDS_S))]
    assert "\n".join(buckets("queue", expected_counts)) in meter.text().decode()


def test_a_family_without_a_source_is_left_out() -> None:
    names = {family.name for family in text_string_to_metric_families(ours(Meter().text()))}

    counted = ("http_requests", "queries", "validations", "query_seconds", "worker_kills", "swaps")
    assert names == {f"{PREFIX}{name}" for name in counted}


@pytest.mark.parametrize("name", ["queries", "http_requests", "query_seconds", "nothing"])
def test_a_source_for_what_is_counted_here_is_a_mistake(name: str) -> None:
    with pytest.raises(TypeError, match=f"'{name}' is not a family that takes a source: see METRICS"):
        Meter().register(name, lambda: 1)


def test_strangers_cannot_make_labels() -> None:
    meter = Meter(["/sparql"])

    for number in range(10_000):
        meter.request(f"/{number}", f"M{number}", 404)
    meter.request(None, "GET", 404)

    assert set(meter._requests) == {("other", "other", 404), ("other", "GET", 404)}


def test_a_label_that_is_none_of_ours_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Meter().count("queries", "lost")


def test_names_are_those_that_prometheus_asks_for() -> None:
    odd = [one.told for one in METRICS if not re.fullmatch(r"clustergraph_[a-z]+(?:_[a-z]+)*", one.told)]

    assert odd == []
    assert [one.told for one in METRICS if one.told.endswith("_total") != (one.kind == "counter")] == []
    assert len({one.name for one in METRICS}) == len(METRICS)


def test_the_memory_of_a_process_is_read_and_that_of_none_is_nothing() -> None:
    assert resident_bytes(os.getpid()) > 1 << 20
    assert resident_bytes(2**31 - 1) == 0


@pytest.mark.parametrize(
    ("phases", "header"),
    [
        ({}, ""),
        (dict.fromkeys(PHASES, 0.0), "guard;dur=0.000, queue;dur=0.000, evaluate;dur=0.000, stream;dur=0.000"),
        ({"guard": 0.0000004, "evaluate": 12.3456789}, "guard;dur=0.000, evaluate;dur=12345.679"),
    ],
    ids=["none", "nothing", "rounded"],
)
def test_phases_are_told_in_milliseconds(phases: dict[str, float], header: str) -> None:
    assert server_timing(phases) == header


# Over HTTP


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_for(tmp_path, LocalRunner())


def requests_of(client: TestClient) -> set[str]:
    lines = client.get("/metrics").text.splitlines()
    return {line.removeprefix("clustergraph_http_requests_total") for line in lines if "http_requests_total{" in line}


def test_every_answer_is_counted_under_its_route(client: TestClient) -> None:
    client.get("/sparql?query=ASK+{}")
    client.head("/sparql?query=ASK+{}")
    client.post("/sparql", data={"query": "ASK {}"})
    client.request("QUERY", "/sparql", content="ASK {}", headers={"content-type": "application/sparql-query"})
    client.get("/sparql?query=nonsense")
    client.get("/id/cluster/alpha")
    client.get("/id/cluster/beta")
    client.get("/static/style.css")
    client.get("/static/nothing.css")
    client.get("/openapi.json")
    client.get("/nowhere")
    client.get("/nowhere" * 2_000)
    client.request("BREW", "/sparql")
    client.options("/sparql")

    assert requests_of(client) == {
        '{method="GET",route="/id/{kind}/{slug}",status="303"} 1.0',
        '{method="GET",route="/id/{kind}/{slug}",status="404"} 1.0',
        '{method="GET",route="/openapi.json",status="200"} 1.0',
        '{method="GET",route="/sparql",status="200"} 1.0',
        '{method="GET",route="/sparql",status="400"} 1.0',
        '{method="GET",route="/static",status="200"} 1.0',
        '{method="GET",route="/static",status="404"} 1.0',
        '{method="GET",route="other",status="404"} 1.0',
        '{method="GET",route="other",status="414"} 1.0',
        '{method="HEAD",route="/sparql",status="200"} 1.0',
        '{method="OPTIONS",route="/sparql",status="204"} 1.0',
        '{method="POST",route="/sparql",status="200"} 1.0',
        '{method="QUERY",route="/sparql",status="200"} 1.0',
        '{method="other",route="/sparql",status="405"} 1.0',
    }


def test_an_answer_from_the_cache_counts_for_the_route_that_made_it(client: TestClient) -> None:
    for _ in range(3):
        client.get("/doc/cluster/alpha.ttl")

    assert requests_of(client) == {'{method="GET",route="/doc/{kind}/{name}",status="200"} 3.0'}
    entries, size = (
        re.findall(rf"^clustergraph_cache_{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
        for name in ("entries", "bytes")
    )
    assert (entries, float(size[0]) > 0) == (["1.0"], True)


QUERY = "/sparql?query=ASK+{}"


def test_a_query_that_is_answered_from_the_cache_counts_whatever_the_method(client: TestClient) -> None:
    tag = client.get(QUERY).headers["etag"]
    client.get(QUERY)
    client.head(QUERY)
    client.get(QUERY, headers={"if-none-match": tag})

    counted = re.findall(r'clustergraph_queries_total\{outcome="(\w+)"} ([1-9].*)', client.get("/metrics").text)
    assert dict(counted) == {"answered": "1.0", "cached": "2.0", "not_modified": "1.0"}


def test_a_query_that_is_answered_from_the_cache_has_a_line_in_the_log(tmp_path: Path) -> None:
    client = client_for(tmp_path, LocalRunner(), Settings(query_log=str(tmp_path / "log")))
    client.get(QUERY)
    client.head(QUERY)
    client.app.state.desk.query_log.flush()  # type: ignore[attr-defined]

    lines = [json.loads(one) for one in (tmp_path / "log").read_text(encoding="ascii").splitlines()]
    assert [(one["outcome"], one["cached"]) for one in lines] == [("answered", False), ("cached", True)]


def test_the_text_is_served_as_what_it_is_and_tells_the_dataset(client: TestClient) -> None:
    response = client.get("/metrics")

    assert (response.headers["content-type"], response.headers["cache-control"]) == (
        "text/plain; version=0.0.4; charset=utf-8",
        "no-store",
    )
    assert f'clustergraph_dataset_info{{digest="{"d" * 64}",version="2026.11.0"}} 1.0\n' in response.text
    names = {family.name.removeprefix(PREFIX) for family in text_string_to_metric_families(response.text)}
    assert {"running_queries", "budget_refusals", "budget_clients", "query_log_lines"} <= names


def test_nothing_of_a_request_gets_into_the_text(client: TestClient) -> None:
    secret = "Secret7f3a"  # noqa: S105
    for path in (f"/{secret}", f"/sparql?query={secret}", f"/id/cluster/{secret}", f"/running/{secret}{secret}"):
        client.get(path, headers={"user-agent": secret, "x-forwarded-for": secret, "x-query-id": secret})
    client.request(secret.upper(), f"/{secret}")

    assert secret.lower() not in client.get("/metrics").text.lower()


def test_every_method_that_we_answer_has_a_label(client: TestClient) -> None:
    methods = {one for path in ("/sparql", "/running/x") for one in client.options(path).headers["allow"].split(", ")}

    assert methods == METHODS


def test_a_worker_that_is_being_started_is_neither_idle_nor_busy(tmp_path: Path) -> None:
    def states(app: FastAPI) -> dict[str, str]:
        text = app.state.desk.meter.text().decode()
        return dict(re.findall(r'^clustergraph_workers\{lane="open",state="(\w+)"\} (\S+)$', text, re.MULTILINE))

    async def within() -> None:
        async with served(tmp_path) as ((app,), pool):
            there = states(app)
            (worker,) = [one for one, lane in pool._alive.items() if lane is pool.open]
            pool.replace(worker, "died")

            assert there == {"idle": "1.0", "busy": "0.0", "starting": "0.0"}
            assert states(app) == {"idle": "0.0", "busy": "0.0", "starting": "1.0"}

    asyncio.run(within())
