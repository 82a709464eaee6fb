"""/validate over HTTP: what is answered to good, wrong and hostile submissions, and to others meanwhile."""

import asyncio
import gzip
import html
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clustergraph import findings, judges
from clustergraph.errors import (
    Busy,
    DatasetUnusable,
    NotAcceptable,
    OverBudget,
    ParameterUnsuitable,
    ValidationAborted,
    ValidationTimedOut,
)
from clustergraph.judges import Judges
from clustergraph.published import Published, open_published
from clustergraph.settings import Settings
from clustergraph.submissions import PAGE_CHARACTERS, TYPES
from clustergraph.web.app import create_app
from clustergraph.web.problems import BY_STATUS, PROBLEMS
from clustergraph.web.words import TROUBLE, WORDS
from web_runner import LocalRunner, TestClient, exchange, problem

BAD = Path(__file__).parent / "bad"
TURTLE = {"content-type": "text/turtle"}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MISSPELT = (BAD / "H004-misspelt-property.ttl").read_bytes()
PLACE = ("data/organisation/chime-tuners.ttl", 7, 5, "H004")
PREFIXES = """\
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix cgsh: <https://w3id.org/clustergraph/shapes#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
cgsh:Sent a sh:NodeShape ; sh:targetClass cg:TechnologyCluster ;
"""
ENDLESS = (
    'sh:sparql [ sh:select "SELECT $this WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l '
    'FILTER(?c = ?l && ?a != ?b && $this = ?none) }" ] .'
)


@pytest.fixture(scope="module")
def dataset(real_dist: Path) -> Published:
    return open_published(real_dist)


@pytest.fixture(scope="module")
def client(dataset: Published) -> Iterator[TestClient]:
    app = create_app(dataset, Settings(), runner=LocalRunner())
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as one:
        yield one


def places(document: dict[str, Any]) -> list[tuple[str, int | None, int | None, str]]:
    return [(one["path"], one["line"], one["column"], one["code"]) for one in document["findings"]]


def shape(body: str) -> dict[str, Any]:
    return {"files": [{"path": "shapes/sent.ttl", "text": PREFIXES + body}]}


def test_a_file_is_judged_beside_the_dataset(client: TestClient) -> None:
    answer = client.post("/validate", content=MISSPELT, headers=TURTLE)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="findings.json"'
    assert places(answer.json()) == [PLACE]
    assert answer.json()["coverage"] == {
        "files": 1,
        "triples": 4,
        "context_files": answer.json()["coverage"]["context_files"],
        "shapes_applied": True,
        "findings": 1,
        "findings_told": 1,
    }


def test_the_memory_of_the_process_that_judges_is_told(client: TestClient) -> None:
    client.post("/validate", content=MISSPELT, headers=TURTLE)

    told = client.get("/metrics").text
    assert float(told.partition('clustergraph_child_resident_bytes{process="judge"} ')[2].split()[0]) > 1 << 20


def test_the_same_is_said_however_it_is_sent_in_both_languages(client: TestClient) -> None:
    text = MISSPELT.decode()
    file = {"path": PLACE[0], "text": text}
    for language, word in (("en", "did you mean"), ("it", "forse")):
        asked = {"language": language}
        sent = [
            client.post("/validate", params=asked, content=MISSPELT, headers=TURTLE),
            client.post("/validate", json={"files": [file], **asked}),
            client.post("/validate", data={**file, **asked}),
            client.post("/validate", data=asked, files={"file": ("chime-tuners.ttl", MISSPELT)}),
        ]
        told = [(one.status_code, places(one.json()), word in one.json()["findings"][0]["message"]) for one in sent]
        assert told == [(200, [PLACE], True)] * 4


def test_a_browser_is_shown_the_findings_beside_the_text(client: TestClient) -> None:
    form = {"path": "", "text": MISSPELT.decode().replace("\n", "\r\n"), "language": "it"}

    answer = client.post("/validate", headers=BROWSER, data=form)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<a class="jump" href="#text-0" data-file="0" data-place="7 5 7 18">riga 7, colonna 5</a>' in answer.text
    assert "<mark>skos:altLable</mark>" in answer.text
    assert 'data-marks="7:violation"' in answer.text
    assert f'value="{PLACE[0]}"' in answer.text
    assert '<div lang="it">' in answer.text


@pytest.mark.parametrize("language", WORDS)
def test_a_text_that_is_too_long_for_the_page_is_cut_visibly_and_never_sent_again(
    client: TestClient, language: str
) -> None:
    sent = {"files": [{"path": "data/cluster/a.ttl", "text": "#" + "&" * 1_900_000}], "language": language}

    answer = client.post("/validate", headers=BROWSER, json=sent)

    assert answer.status_code == 200
    assert len(answer.content) < 5 * PAGE_CHARACTERS + 20_000
    assert answer.text.count("&amp;") == PAGE_CHARACTERS - 1
    assert f"<strong>{html.escape(WORDS[language]['cut'])}</strong>" in answer.text
    fields = re.findall(r"<(?:textarea|input) id=[^>]*>", answer.text)
    assert [(" readonly " in one, 'name="path"' in one or 'name="text"' in one) for one in fields[:2]] == [
        (True, False)
    ] * 2
    assert ('name="format"' in answer.text, 'name="language" value' in answer.text.split("<form")[0]) == (False, False)


def test_a_form_that_cannot_be_read_uses_up_the_budget_of_bad_requests(dataset: Published) -> None:
    settings = Settings(budget_bad_requests=2, budget_loopback=True)
    body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=zzz''x.ttl\r\n\r\nx\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    with TestClient(create_app(dataset, settings, runner=LocalRunner()), client=("192.0.2.1", 1)) as one:
        said = [one.post("/validate", content=body, headers=headers).status_code for _ in range(3)]

    assert said == [400, 400, 429]


def test_a_page_can_be_saved_as_a_report(client: TestClient) -> None:
    answer = client.post("/validate", headers=BROWSER, data={"text": MISSPELT.decode(), "format": "json"})

    assert answer.headers["content-type"] == "application/json"
    assert places(answer.json()) == [PLACE]


@pytest.mark.parametrize("language", WORDS)
def test_the_empty_page_is_in_each_language_and_runs_no_script_of_its_own(client: TestClient, language: str) -> None:
    answer = client.get("/validate", params={"language": language})

    assert (answer.status_code, "x-clustergraph-dataset" in answer.headers) == (200, True)
    assert f"<h1>{WORDS[language]['title']}</h1>" in answer.text
    assert re.findall(r"<script[^>]*>", answer.text) == ['<script src="/static/validate.js" defer>']
    assert re.findall(r"\son\w+=|style=", answer.text) == []
    tag = answer.headers["etag"]
    assert client.get(f"/validate?language={language}", headers={"if-none-match": tag}).status_code == 304


def test_the_page_says_the_same_things_in_each_language_of_the_findings() -> None:
    assert tuple(WORDS) == findings.LANGUAGES
    assert WORDS["it"].keys() == WORDS["en"].keys()
    assert [one for one in WORDS["en"] if hasattr({}, one)] == [], "a template would read the method"


MARKUP = '</textarea></pre><script>pwned</script>"><img src=x onerror=pwned>'


def test_what_is_sent_is_escaped_in_the_page(client: TestClient) -> None:
    text = f'<urn:a> <urn:{"p"}> """{MARKUP}""" ; <urn:q> "\x1b[31m\u202e" .'

    answer = client.post("/validate", headers=BROWSER, data={"path": "data/cluster/a.ttl", "text": text})
    refused = client.post("/validate", headers=BROWSER, data={"path": MARKUP, "text": text})

    assert (answer.status_code, refused.status_code) == (200, 422)
    for one in (answer, refused):
        assert "<script>pwned" not in one.text
        assert "<img" not in one.text.replace('<img src="/static/icon.svg"', "")
    shown = re.findall(r"<pre.*?</pre>", answer.text, re.DOTALL)
    assert shown
    assert not any("\x1b" in one or "\u202e" in one for one in shown)


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b"x", "headers": {"content-type": "application/rdf+xml"}}, 415, "unsupported-media-type"),
    ({"content": b"x", "headers": {"content-type": "application/trig"}}, 415, "unsupported-media-type"),
    ({"content": b"x"}, 415, "unsupported-media-type"),
    ({"content": b"x", "headers": {"content-type": "text/turtle; charset=utf-16"}}, 415, "unsupported-media-type"),
    ({"content": gzip.compress(bytes(30_000_000)), "headers": {**TURTLE, "content-encoding": "gzip"}}, 415, ""),
    ({"content": b'<a> <b> "' + b"x" * 30_000_000 + b'" .', "headers": TURTLE}, 413, "too-large"),
    ({"content": b"[", "headers": {"content-type": "application/json"}}, 400, "bad-request"),
    ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400, "bad-request"),
    ({"json": {"files": [{"path": "../x.ttl", "text": ""}]}}, 422, "parameter-unsuitable"),
    ({"json": {"files": []}}, 422, "parameter-unsuitable"),
    ({"json": {"files": [{"text": "x"}], "language": "de"}}, 422, "parameter-unsuitable"),
    ({"json": {"files": [{"path": f"data/cluster/{n}.ttl", "text": ""} for n in range(51)]}}, 413, "too-large"),
    ({"content": b"x", "headers": {**TURTLE, "accept": "image/png"}}, 406, "not-acceptable"),
]


@pytest.mark.parametrize(
    ("name", "hint"), [("lang", "did you mean 'language'?"), ("x", "there are path, language, format")]
)
def test_a_parameter_that_would_not_be_heard_is_refused(client: TestClient, name: str, hint: str) -> None:
    answer = client.post("/validate", params={name: "it"}, content=MISSPELT, headers=TURTLE)

    assert answer.json() == problem(422, "parameter-unsuitable", f"there is no parameter '{name}' here: {hint}")


@pytest.mark.parametrize(("sent", "status", "name"), WRONG)
def test_wrong_use_is_told_as_a_problem(client: TestClient, sent: dict[str, Any], status: int, name: str) -> None:
    answer = client.post("/validate", **sent)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith(name)
    assert answer.json()["detail"].isprintable()


def test_a_page_in_italian_is_so_from_its_head_to_its_foot(client: TestClient) -> None:
    italian = {"language": "it"}
    answers = [
        client.get("/validate", params=italian),
        client.post("/validate", headers=BROWSER, params=italian, data={"path": "", "text": " "}),
        client.post("/validate", headers={**BROWSER, "content-type": "image/png"}, params=italian, content=b"x"),
    ]

    assert [one.status_code for one in answers] == [200, 422, 415]
    for one in answers:
        assert '<html lang="it">' in one.text
        assert [word for word in ("Vai al contenuto", "Interrogazioni", "Limiti") if word not in one.text] == []
        assert re.findall(r"\b(?:Skip|Queries|Limits|What|There|send|fit)\b", one.text) == []
    assert "<h2>Un valore non va bene " in answers[1].text
    assert "<p>Non c&#39;è nulla da giudicare: inviare il testo di un file.</p>" in answers[1].text


def test_trouble_that_the_page_can_have_has_a_title_in_italian() -> None:
    own = (Busy, OverBudget, NotAcceptable, ValidationTimedOut, ValidationAborted, DatasetUnusable, ParameterUnsuitable)
    names = {PROBLEMS[one].name for one in own} | {BY_STATUS[one].name for one in (400, 408, 413, 415, 422)}

    assert set(TROUBLE) == names


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"content": b"<urn:a> <urn:b> " + b"[ <urn:c> " * 100_000, "headers": TURTLE}, "T009"),
    ({"content": b"<urn:a> <urn:b> " + b"(" * 100_000 + b")" * 100_000, "headers": TURTLE}, "T009"),
    ({"content": b'<urn:a> <urn:b> "\0" .', "headers": TURTLE}, "T002"),
    ({"content": "<urn:a> <urn:b> <urn:c> .".encode("utf-16"), "headers": TURTLE}, "T002"),
    ({"content": b"\xef\xbb\xbf<urn:a> <urn:b> <urn:c> .", "headers": TURTLE}, "T002"),
    ({"content": b'{"files": [{"text": "\\ud800"}]}', "headers": {"content-type": "application/json"}}, "T002"),
    ({"content": bytes(range(256)) * 1_000, "headers": TURTLE}, "T002"),
    ({"content": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>', "headers": TURTLE}, "T014"),
    ({"content": b'{"@id": "http://a/"}', "headers": TURTLE}, "T014"),
    ({"content": MISSPELT.replace(b"\n", b"\r\n"), "headers": TURTLE}, "H004"),
    ({"content": b'<urn:a> <urn:b> "' + b"x" * 1_900_000 + b'" .', "headers": TURTLE}, "H004"),
    ({"content": b'<urn:a> <urn:b> "::error file=x::\x1b[31m\xe2\x80\xae" .', "headers": TURTLE}, "H004"),
    ({"json": {"files": [{"path": "queries/rules/x.rq", "text": "ASK {}"}]}}, "T003"),
    ({"json": shape("sh:minCuont 1 .")}, "S001"),
    ({"json": shape('sh:property [ sh:path skos:prefLabel ; sh:pattern "(a|aa)+$|(x{1000}){1000}" ] .')}, "S002"),
    ({"json": shape("sh:node cgsh:Sent .")}, "S004"),
    (
        {
            "json": shape(
                'sh:sparql [ sh:select "SELECT $this WHERE { $this ?p <http://a/#b> . '
                'SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }" ] .'
            )
        },
        "S006",
    ),
]


@pytest.mark.parametrize(("sent", "code"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_get_a_finding(client: TestClient, sent: dict[str, Any], code: str) -> None:
    answer = client.post("/validate", **sent)

    assert answer.status_code == 200, answer.text
    assert code in {one["code"] for one in answer.json()["findings"]}
    assert "Traceback" not in answer.text
    assert all(character.isprintable() or character == "\n" for character in answer.text)


def test_the_query_of_a_shape_is_asked_of_the_dataset(client: TestClient) -> None:
    query = "SELECT $this ?value WHERE { $this ?path ?value . FILTER(LANG(?value) = 'it') }"

    answer = client.post("/validate", json=shape(f'sh:message "In Italian."@en ; sh:sparql [ sh:select "{query}" ] .'))

    assert answer.status_code == 200, answer.text
    assert {(one["code"], one["advice"]) for one in answer.json()["findings"]} == {("C029", "In Italian.")}


def test_a_pattern_that_others_would_be_caught_in_is_judged_in_no_time(client: TestClient) -> None:
    began_s = time.monotonic()
    pattern = 'sh:property [ sh:path skos:prefLabel ; sh:pattern "^((([a-z ])+)+)+$" ] .'

    answer = client.post("/validate", json=shape(pattern))

    assert {one["code"] for one in answer.json()["findings"]} == {"C012"}
    assert time.monotonic() - began_s < 10 * 1.0


def test_what_never_ends_is_stopped_and_disturbs_nobody(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "TIME_LIMIT_S", 4.0)
    endless: list[Any] = []
    other = threading.Thread(target=lambda: endless.append(client.post("/validate", json=shape(ENDLESS))))
    other.start()
    answers = [client.post("/validate", content=b"<", headers=TURTLE).status_code for _ in range(3)]
    other.join()

    assert answers == [200] * 3
    assert (endless[0].status_code, endless[0].json()["type"].rpartition("#")[2]) == (504, "validation-timed-out")
    counted = re.findall(r'validations_total\{outcome="timed_out"} (\S+)', client.get("/metrics").text)
    assert counted == ["1.0"]


def test_a_build_without_its_repository_judges_nothing(tmp_path: Path, real_dist: Path) -> None:
    whole = open_published(real_dist)
    lacking = Published(whole.folder, whole.version, whole.digest, whole.counts, whole.catalogue, whole.internal)
    with TestClient(create_app(lacking, Settings(), runner=LocalRunner())) as client:
        answer = client.post("/validate", content=b"x", headers=TURTLE)

    assert answer.json() == problem(
        503, "dataset-unusable", "there is no dataset to answer from just now: try again in a minute"
    )


def test_a_client_that_has_had_its_share_is_refused_before_anything_is_read(dataset: Path) -> None:
    settings = Settings(budget_bad_requests=2, budget_loopback=True)
    app = create_app(dataset, settings, runner=LocalRunner())  # type: ignore[arg-type]
    with TestClient(app, client=("192.0.2.1", 1)) as client:
        said = [client.post("/validate", content=b"x").status_code for _ in range(4)]

    assert said == [415, 415, 429, 429]


async def judged_by(own: Judges, dataset: Published, body: bytes) -> judges.Judged:
    head = {"type": "text/turtle", "content_type": "text/turtle", "render": "json", "path": "shapes/sent.ttl"}
    return await own.judged(dataset, "192.0.2.1", head, body)


def children_of(own: Judges) -> list[int]:
    assert own._current is not None
    pid = own._current.forks.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def test_the_process_of_a_client_that_goes_away_is_gone(dataset: Published) -> None:
    async def run() -> tuple[int, int]:
        own = Judges(2.0, lambda: None)
        try:
            task = asyncio.ensure_future(judged_by(own, dataset, (PREFIXES + ENDLESS).encode()))
            async with asyncio.timeout(60):
                while own._current is None or not children_of(own):
                    await asyncio.sleep(0.05)
                before = len(children_of(own))
                task.cancel()
                await asyncio.wait({task})
            async with asyncio.timeout(judges.CPU_LIMIT_S / 2):  # at its limit it would end by itself
                while children_of(own):
                    await asyncio.sleep(0.05)
            return before, len(children_of(own))
        finally:
            own.close()

    assert asyncio.run(run()) == (1, 0)


def test_the_judge_of_a_request_ends_when_its_client_goes_away(dataset: Published) -> None:
    app = create_app(dataset, Settings(), runner=LocalRunner())
    own = app.state.desk.judges
    sent: list[dict[str, object]] = [
        {"type": "http.request", "body": (PREFIXES + ENDLESS).encode()},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        if len(sent) == 1:
            while own._current is None or not children_of(own):
                await asyncio.sleep(0.05)
        return sent.pop(0)

    began_s = time.monotonic()
    query = [(b"content-type", b"text/turtle")]
    try:
        exchange(app, "POST", "/validate", query_string=b"path=shapes/sent.ttl", headers=query, receive=receive)
        while children_of(own):
            time.sleep(0.05)
    finally:
        own.close()

    assert time.monotonic() - began_s < judges.TIME_LIMIT_S
    counted = re.findall(r'validations_total\{outcome="cancelled"} (\S+)', app.state.desk.meter.text().decode())
    assert counted == ["1.0"]


def test_judges_that_were_ended_from_outside_are_started_anew(dataset: Published) -> None:
    async def run() -> list[int]:
        own = Judges(2.0, lambda: None)
        said = []
        try:
            for _ in range(2):
                said.append((await judged_by(own, dataset, b"<")).head["status"])
                assert own._current is not None
                own._current.forks.end()
        finally:
            own.close()
        return said

    assert asyncio.run(run()) == [200, 200]


def test_a_process_that_ends_without_a_word_is_told_as_such(
    dataset: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(judges._LIMITS, "cpu_limit_s", -1)

    async def run() -> None:
        own = Judges(2.0, lambda: None)
        try:
            await judged_by(own, dataset, (PREFIXES + ENDLESS).encode())
        finally:
            own.close()

    with pytest.raises(ValidationAborted, match="512 MB of memory or 15 s of processor time"):
        asyncio.run(run())


def test_the_route_takes_what_the_judges_read(client: TestClient) -> None:
    body = client.get("/openapi.json").json()["paths"]["/validate"]["post"]["requestBody"]

    assert tuple(body["content"]) == TYPES
    assert json.dumps(body)
