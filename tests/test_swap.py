"""A running server goes over to another build, and back, and nobody who is reading notices."""

import asyncio
import http.client
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from starlette.types import Message, Receive, Scope, Send

import engines
from clustergraph.build import build
from clustergraph.errors import Busy, DatasetUnusable, QueryTooHungry
from clustergraph.processes import Loader
from clustergraph.published import MANIFEST, Published, manifest_text, open_published, sha256
from clustergraph.releases import NEW, beside, locked, put_in_place
from clustergraph.runner import Answer, Limits, QueryRequest
from clustergraph.settings import Settings
from clustergraph.web.cache import Stored
from clustergraph.web.metrics import Meter
from clustergraph.web.responses import entity_tag
from clustergraph.web.site import SITE, Site, open_site
from clustergraph.web.succession import Succession, _warm
from clustergraph.web.versions import Served, VersionOfRequest
from conftest import REPOSITORY, SAMPLE
from web_runner import FailingRunner, LocalRunner

ANEW = "run 'clustergraph build' to make it anew"
PATIENCE_S = 60.0  # ends a test that hangs; no test passes or fails by a shorter time
NORTH = "data/cluster/north-clocks.ttl"
QUERY = "/sparql?" + urlencode({"query": 'SELECT ?name { ?c skos:prefLabel ?name FILTER(LANG(?name) = "en") }'})
LONG = "/sparql?" + urlencode({"query": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } LIMIT 100000", "format": "csv"})
PATHS = (QUERY, "/doc/cluster/north-clocks.ttl", "/doc/cluster/north-clocks.html", "/graph/curated?format=turtle")


class Release(NamedTuple):
    """A build, and a name that stands in all of its answers and in none of the other's."""

    folder: Path
    digest: str
    mark: bytes


class Reply(NamedTuple):
    """An answer as far as it depends on the version."""

    path: str
    status: int
    digest: str | None
    tag: str | None
    body: bytes


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """Two builds that differ in the name of one cluster."""
    root = Path(shutil.copytree(SAMPLE, tmp_path_factory.mktemp("releases") / "sample"))
    shutil.copytree(REPOSITORY / "queries/internal", root / "queries/internal", dirs_exist_ok=True)
    one = Release(root.parent / "one", build(root, root.parent / "one").digest, b"Northern clocks")
    text = (root / NORTH).read_text(encoding="utf-8")
    (root / NORTH).write_text(text.replace("Northern clocks", "Clocks of the north"), encoding="utf-8")
    other = Release(root.parent / "other", build(root, root.parent / "other").digest, b"Clocks of the north")
    return one, other


def publish(folder: Path, dist: Path, spoil: Callable[[Path], object] = lambda _: None) -> None:
    """Puts a copy of a build in place, as a build does."""
    with beside(dist) as own:
        shutil.copytree(folder, own / NEW)
        spoil(own / NEW)
        with locked(dist.parent):
            put_in_place(own, dist)


class Server:
    """`clustergraph serve` in a process of its own."""

    def __init__(self, dist: Path, *options: str) -> None:
        self.dist = dist
        self._log = dist.parent / "log"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        command = [sys.executable, "-m", "clustergraph", "serve", str(dist), "--port", str(self.port), "--workers", "2"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--queue-wait-s", "30", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return self.get("/health/ready").status == 200
        except ConnectionError:
            return False

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def get(self, path: str) -> Reply:
        connection = self.connection()
        try:
            return ask(connection, path)
        finally:
            connection.close()

    def serves(self, release: Release) -> bool:
        return self.get(QUERY).digest == release.digest

    def log(self) -> list[str]:
        return self._log.read_text(encoding="utf-8").splitlines()

    def loaders(self) -> list[int]:
        """The process ids of its loaders."""
        found = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread or a process that has just ended
                pids = (task / "children").read_text(encoding="ascii").split()
                found += [
                    int(pid) for pid in pids if b"clustergraph.loader" in Path(f"/proc/{pid}/cmdline").read_bytes()
                ]
        return found

    def close(self) -> None:
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0


def ask(connection: http.client.HTTPConnection, path: str, **headers: str) -> Reply:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    digest, tag = response.headers["X-Clustergraph-Dataset"], response.headers["ETag"]
    return Reply(path, response.status, digest, tag, response.read())


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)


@pytest.fixture
def served(releases: tuple[Release, Release], tmp_path: Path) -> Iterator[Server]:
    """A server of the first build that looks for another all the time."""
    shutil.copytree(releases[0].folder, tmp_path / "dist")
    server = Server(tmp_path / "dist", "--watch-s", "0.05")
    yield server
    server.close()


@contextmanager
def readers(server: Server, count: int) -> Iterator[list[list[Reply]]]:
    """Readers that ask all the time meanwhile, and what each was answered."""
    stop = threading.Event()
    replies: list[list[Reply]] = [[] for _ in range(count)]
    threads = [threading.Thread(target=read_until, args=(stop, server, own)) for own in replies]
    for thread in threads:
        thread.start()
    try:
        yield replies
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def read_until(stop: threading.Event, server: Server, replies: list[Reply]) -> None:
    """Asks one thing after another on one connection; nothing is asked twice, so that one failure ends the reader."""
    connection = server.connection()
    while not stop.is_set():
        replies.extend(ask(connection, path) for path in PATHS)
    connection.close()


def test_six_swaps_lose_no_request_and_mix_no_versions(served: Server, releases: tuple[Release, Release]) -> None:
    one, other = releases

    with readers(served, 4) as replies:
        for now in (other, one) * 3:
            publish(now.folder, served.dist)
            until(partial(served.serves, now))

    marks = {one.digest: one.mark for one in releases}
    answers = defaultdict(set)
    for reply in (one for own in replies for one in own):
        assert reply.status == 200
        assert [mark in reply.body for mark in marks.values()] == [one == reply.digest for one in marks]
        answers[reply.path, reply.digest].add((reply.tag, reply.body))
    assert {key: len(found) for key, found in answers.items()} == {(path, one): 1 for path in PATHS for one in marks}
    asked = re.findall(r'cache_requests_total\{result="\w+"\} (\S+)', served.get("/metrics").body.decode())
    assert sum(map(float, asked)) >= sum(one.path == QUERY for own in replies for one in own), (
        "a change of data does not begin to count anew"
    )
    tags = [tag for found in answers.values() for tag, _ in found]
    assert len(set(tags)) == len(tags) == 2 * len(PATHS)
    assert all(len(own) >= len(PATHS) for own in replies), "a reader ended early"
    until(lambda: len(served.loaders()) == 1)
    lines = [f"clustergraph: serving {served.dist} (sha256:{one.digest[:12]}…) from now on" for one in (other, one) * 3]
    assert served.log() == lines


def test_a_validator_of_the_build_before_is_answered_with_the_new_one(
    served: Server, releases: tuple[Release, Release]
) -> None:
    before = served.get(QUERY)
    publish(releases[1].folder, served.dist)
    until(lambda: served.serves(releases[1]))

    connection = served.connection()
    again = ask(connection, QUERY, **{"If-None-Match": before.tag or ""})
    unchanged = ask(connection, QUERY, **{"If-None-Match": again.tag or ""})
    connection.close()

    assert (again.status, again.digest, releases[1].mark in again.body) == (200, releases[1].digest, True)
    assert (unchanged.status, unchanged.digest, unchanged.body) == (304, releases[1].digest, b"")


def test_an_answer_begun_before_a_swap_ends_whole(served: Server, releases: tuple[Release, Release]) -> None:
    whole = served.get(LONG)
    assert len(whole.body) > 8 << 20, "the test has lost its subject: all of it fits into buffers"
    connection = served.connection()
    connection.request("GET", LONG)
    response = connection.getresponse()
    begun = response.read(1)

    publish(releases[1].folder, served.dist)
    until(lambda: served.serves(releases[1]))
    two = len(served.loaders())
    rest = response.read()

    assert (begun + rest, response.headers["X-Clustergraph-Dataset"]) == (whole.body, releases[0].digest)
    assert two == 2
    until(lambda: len(served.loaders()) == 1)
    connection.close()


def flip(folder: Path) -> None:
    path = folder / "clustergraph.nq"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def name_in_manifest(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        del manifest["checksum"]
        manifest["files"][name] = manifest["digest"]
        (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    return change


def link_out(folder: Path) -> None:
    (folder / "clustergraph.nq").rename(folder.parent / "elsewhere.nq")
    (folder / "clustergraph.nq").symlink_to("../elsewhere.nq")


SPOILT = [
    pytest.param(flip, "'{}/clustergraph.nq' is not what manifest.json says (SHA-256 differs): {}", id="flipped"),
    pytest.param(
        lambda folder: os.truncate(folder / "clustergraph.nq.gz", 100),
        "'{}/clustergraph.nq.gz' is not what manifest.json says (SHA-256 differs): {}",
        id="truncated",
    ),
    pytest.param(
        lambda folder: (folder / "queries/internal/labels.rq").unlink(),
        "'{}/queries/internal/labels.rq' is named in manifest.json but is not there: {}",
        id="gone",
    ),
    pytest.param(
        lambda folder: (folder / MANIFEST).write_bytes(b"{"), "'{}/manifest.json' is not JSON: {}", id="no-json"
    ),
    pytest.param(
        name_in_manifest("../secret"),
        "'{}/manifest.json' names '../secret', which is no file of this folder: {}",
        id="out-of-it",
    ),
    pytest.param(link_out, "'{}/clustergraph.nq' is a link, which may lead anywhere: {}", id="link"),
]


@pytest.fixture(scope="module")
def steady(releases: tuple[Release, Release], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the first build that only looks when it is told."""
    dist = tmp_path_factory.mktemp("steady") / "dist"
    shutil.copytree(releases[0].folder, dist)
    server = Server(dist, "--watch-s", "0")
    yield server
    server.close()


def has_said(server: Server, lines: int) -> bool:
    return len(server.log()) == lines


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_build_that_is_not_whole_is_refused_by_name_and_the_old_one_goes_on(
    steady: Server, releases: tuple[Release, Release], spoil: Callable[[Path], object], said: str
) -> None:
    before = [steady.get(path) for path in PATHS]
    shutil.rmtree(steady.dist)
    publish(releases[1].folder, steady.dist, spoil)
    known = len(steady.log())

    steady.process.send_signal(signal.SIGHUP)
    until(lambda: len(steady.log()) > known)

    expected = f"clustergraph: the new build is not served, the one before it still is: {said}"
    assert steady.log()[known:] == [expected.format(steady.dist, ANEW)]
    assert [steady.get(path) for path in PATHS] == before


def test_that_the_folder_is_sound_again_is_told_once(steady: Server, releases: tuple[Release, Release]) -> None:
    known = len(steady.log())
    for spoil in (flip, lambda _: None):
        shutil.rmtree(steady.dist)
        publish(releases[0].folder, steady.dist, spoil)
        steady.process.send_signal(signal.SIGHUP)
        known += 1
        until(partial(has_said, steady, known))
    steady.process.send_signal(signal.SIGHUP)
    assert steady.get(PATHS[0]).status == 200

    assert steady.log()[known - 1 :] == [f"clustergraph: {steady.dist} holds what is served again"]


def test_a_build_that_cannot_be_loaded_is_refused_and_the_old_one_goes_on(
    steady: Server, releases: tuple[Release, Release]
) -> None:
    def rewrite(folder: Path) -> None:
        (folder / "clustergraph.nq").write_bytes(b"<x:a> <x:b>")
        manifest = json.loads((folder / MANIFEST).read_bytes())
        digest = sha256(folder / "clustergraph.nq")
        manifest["digest"] = manifest["files"]["clustergraph.nq"] = digest
        (folder / MANIFEST).write_bytes(manifest_text(manifest))

    before = [steady.get(path) for path in PATHS]
    shutil.rmtree(steady.dist)
    publish(releases[1].folder, steady.dist, rewrite)
    said = "clustergraph: the new build is not served, the one before it still is: the dataset could not be loaded: "

    steady.process.send_signal(signal.SIGHUP)
    until(lambda: f"{said}{ANEW}" in steady.log())

    assert [steady.get(path) for path in PATHS] == before
    until(lambda: len(steady.loaders()) == 1)


def test_a_server_whose_folder_is_gone_answers_on_and_replaces_its_loader(
    steady: Server, releases: tuple[Release, Release]
) -> None:
    before = [steady.get(path) for path in PATHS]
    shutil.rmtree(steady.dist)
    (loader,) = steady.loaders()

    os.kill(loader, signal.SIGKILL)
    until(lambda: steady.get("/health/ready").status == 200 and len(steady.loaders()) == 1)

    assert [steady.get(path) for path in PATHS] == before
    shutil.copytree(releases[0].folder, steady.dist)


def test_a_server_whose_dataset_was_damaged_in_place_takes_over_a_whole_copy_of_the_same_build(
    served: Server, releases: tuple[Release, Release]
) -> None:
    (loader,) = served.loaders()
    with (served.dist / "clustergraph.nq").open("ab") as stream:
        stream.write(b"damaged")

    os.kill(loader, signal.SIGKILL)
    until(lambda: b"The dataset cannot be read" in served.get("/health/ready").body)
    publish(releases[0].folder, served.dist)
    until(lambda: served.get("/health/ready").status == 200)

    assert served.get(f"{QUERY}&timeout=9").digest == releases[0].digest


def roll_back(dist: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "clustergraph", "rollback", str(dist)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_a_rollback_is_served_and_a_second_one_brings_back_the_first(
    served: Server, releases: tuple[Release, Release]
) -> None:
    one, other = releases
    publish(other.folder, served.dist)
    until(lambda: served.serves(other))
    previous = served.dist.parent / ".dist.previous"

    back = roll_back(served.dist)
    until(lambda: served.serves(one))
    there = roll_back(served.dist)
    until(lambda: served.serves(other))

    assert back == (
        0,
        f"back        {served.dist}  sha256:{one.digest}\nput aside   {previous}  sha256:{other.digest}\n",
        "",
    )
    assert there == (
        0,
        f"back        {served.dist}  sha256:{other.digest}\nput aside   {previous}  sha256:{one.digest}\n",
        "",
    )


def test_what_is_wrong_is_said_once_however_often_one_looks(
    releases: tuple[Release, Release], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dist = Path(shutil.copytree(releases[0].folder, tmp_path / "dist"))
    settings = Settings(dist=dist)
    succession = Succession(Served(open_site(open_published(dist), settings, None)), settings, Meter())
    (dist / "clustergraph.nq").write_bytes(b"")

    async def look() -> None:
        for is_told in (False, False, False, True):
            await succession._look(dist, is_told=is_told)
            (dist / "clustergraph.nq.gz").write_bytes(b"")  # another identity, the same sentence

    with caplog.at_level(logging.INFO, "clustergraph.web"):
        asyncio.run(look())

    said = f"'{dist}/clustergraph.nq' is not what manifest.json says (SHA-256 differs): {ANEW}"
    assert [record.getMessage().partition("still is: ")[2] for record in caplog.records] == [said, said]


@pytest.mark.parametrize("is_told", [False, True], ids=["a look of its own", "told to look"])
def test_a_build_that_is_replaced_while_it_is_read_is_not_said_to_be_wrong(
    releases: tuple[Release, Release],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    is_told: bool,
) -> None:
    dist = Path(shutil.copytree(releases[0].folder, tmp_path / "dist"))
    settings, meter = Settings(dist=dist), Meter()
    succession = Succession(Served(open_site(open_published(dist), settings, None)), settings, meter)
    taken: list[str] = []

    def overtaken(folder: Path) -> Published:
        if not taken:
            taken.append("nothing")
            publish(releases[1].folder, folder)
            message = "'clustergraph.nq' is named in manifest.json but is not there"
            raise DatasetUnusable(message)
        return open_published(folder)

    async def take_over(published: Published) -> None:
        taken.append(published.digest)

    monkeypatch.setattr("clustergraph.web.succession.open_published", overtaken)
    monkeypatch.setattr(succession, "_take_over", take_over)

    async def look() -> bool:
        await succession._look(dist, is_told=is_told)
        looks_again_at_once = succession._wake.is_set()
        await succession._look(dist, is_told=False)
        return looks_again_at_once

    with caplog.at_level(logging.INFO, "clustergraph.web"):
        assert asyncio.run(look()) == is_told

    assert taken == ["nothing", releases[1].digest]
    assert caplog.records == []
    assert b'clustergraph_swaps_total{outcome="failed"} 0.0' in meter.text()


@pytest.mark.parametrize(
    ("digest", "held"), [("a" * 64, "sha256:aaaaaaaaaaaa…"), ("none", "nobody knows what")], ids=["told", "not told"]
)
def test_with_another_engine_a_new_build_is_not_said_to_be_what_it_holds(
    releases: tuple[Release, Release],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    digest: str,
    held: str,
) -> None:
    dist = Path(shutil.copytree(releases[0].folder, tmp_path / "dist"))

    async def warm(*_: object) -> None:
        """Its own queries are no subject here."""

    async def silent(_form: object, _write: object) -> None:
        """Nobody asks."""

    async def look(settings: Settings) -> None:
        before = open_published(dist)
        served = Served(open_site(before, settings, None))
        async with Succession(served, settings, Meter()) as succession:
            publish(releases[1].folder, dist)
            await succession._look(dist, is_told=False)

            held = [
                {one.close.alive for one in build.files.values()} for build in (before, served.version.site.published)
            ]
            assert held == [{False}, {True}]

    monkeypatch.setattr("clustergraph.web.succession._warm", warm)
    engine = engines.Engine(silent)
    engine.digest = digest
    with engines.running(engine), caplog.at_level(logging.INFO, "clustergraph.web"):
        asyncio.run(look(Settings(dist=dist, engine=engine.address, watch_s=0)))

    assert [record.getMessage() for record in caplog.records if record.name == "clustergraph.web"] == [
        f"serving the files of {dist}, while the engine holds {held}, from now on"
    ]


def test_a_loader_loads_nothing_but_what_was_verified(releases: tuple[Release, Release]) -> None:
    dataset = releases[0].folder / "clustergraph.nq"
    right, wrong = (Loader(dataset, Limits(), digest) for digest in (releases[0].digest, releases[1].digest))

    try:
        assert right.wait_until_loaded() > 0
        with pytest.raises(DatasetUnusable, match=r"^the dataset could not be loaded: "):
            wrong.wait_until_loaded()
    finally:
        right.close()
        wrong.close()


def test_what_was_opened_stays_what_it_was_when_another_build_takes_its_place(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    dist = Path(shutil.copytree(releases[0].folder, tmp_path / "dist"))
    opened = open_published(dist)

    publish(releases[1].folder, dist)
    shutil.rmtree(dist)

    assert opened.dataset.read_bytes() == (releases[0].folder / "clustergraph.nq").read_bytes()
    assert replace(opened, folder=releases[0].folder, files={}) == replace(open_published(releases[0].folder), files={})


def served_site(folder: Path) -> Site:
    return open_site(open_published(folder), Settings(dist=folder), None)


def test_a_version_is_drained_once_its_last_request_has_ended(releases: tuple[Release, Release]) -> None:
    served = Served(served_site(releases[0].folder))
    seen: list[str] = []

    async def run() -> list[int]:
        going_on, begun = asyncio.Event(), asyncio.Event()

        async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
            begun.set()
            await going_on.wait()
            seen.append(scope[SITE].published.digest)

        request = asyncio.create_task(VersionOfRequest(app, served)({"type": "http"}, nothing, ignored))
        await begun.wait()
        before = served.change(served_site(releases[1].folder))
        left = [await before.drained(0)]
        going_on.set()
        left.append(await before.drained(PATIENCE_S))
        await request
        await VersionOfRequest(app, served)({"type": "http"}, nothing, ignored)
        return left

    assert asyncio.run(run()) == [1, 0]
    assert seen == [releases[0].digest, releases[1].digest]


async def nothing() -> Message:
    return {}


async def ignored(_: Message) -> None:
    return


def test_a_request_that_fails_is_counted_off_as_well(releases: tuple[Release, Release]) -> None:
    served = Served(served_site(releases[0].folder))

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ConnectionError

    async def run() -> int:
        with pytest.raises(ConnectionError):
            await VersionOfRequest(app, served)({"type": "http"}, nothing, ignored)
        return await served.version.drained(0)

    assert asyncio.run(run()) == 0


def test_a_runner_is_warmed_with_every_saved_query_and_its_examples(releases: tuple[Release, Release]) -> None:
    runner, published = LocalRunner(), open_published(releases[0].folder)

    asyncio.run(_warm(runner, published))

    saved = published.catalogue.values()
    assert [(one.query, one.bindings) for one in runner.asked] == [
        ("ASK {}", {}),
        *((one.text, one.bindings(one.examples)) for one in saved),
    ]


def test_a_runner_that_does_not_answer_is_no_successor(releases: tuple[Release, Release]) -> None:
    runner = FailingRunner(lambda: QueryTooHungry("no memory"))

    with pytest.raises(QueryTooHungry):
        asyncio.run(_warm(runner, open_published(releases[0].folder)))


def test_a_runner_without_a_worker_for_a_saved_query_just_now_is_a_successor(releases: tuple[Release, Release]) -> None:
    class Short(LocalRunner):
        async def answer(self, request: QueryRequest) -> Answer:
            if request.own:
                self.asked.append(request)
                message = "no worker became free within 2 s"
                raise Busy(message, retry_after_s=1)
            return await super().answer(request)

    runner, published = Short(), open_published(releases[0].folder)
    asyncio.run(_warm(runner, published))

    assert len(runner.asked) == 1 + len(published.catalogue)


def test_the_validator_of_a_saved_query_changes_with_its_text(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    dist = Path(shutil.copytree(releases[0].folder, tmp_path / "dist"))
    path = dist / "queries/catalogue/members-of-cluster.rq"
    path.write_bytes(path.read_bytes() + b"# another comment\n")
    manifest = json.loads((dist / MANIFEST).read_bytes())
    manifest["files"]["queries/catalogue/members-of-cluster.rq"] = sha256(path)
    (dist / MANIFEST).write_bytes(manifest_text(manifest))

    before, after = (entity_tag(served_site(one), "query") for one in (releases[0].folder, dist))

    assert before != after


def test_workers_are_told_which_dataset_was_verified(releases: tuple[Release, Release]) -> None:
    site = served_site(releases[0].folder)
    pool = Succession(Served(site), site.settings, Meter())._pool(site.published, None)

    loader = pool._loaders._new()
    loader.close()
    assert loader.digest == releases[0].digest


def test_a_successor_that_does_not_answer_takes_nobodys_place(
    releases: tuple[Release, Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dumb(FailingRunner):
        ended = 0

        async def __aexit__(self, *_: object) -> None:
            self.ended += 1

    site, dumb = served_site(releases[0].folder), Dumb(lambda: QueryTooHungry("no memory"))
    succession = Succession(Served(site), site.settings, Meter())

    async def started(*_: object) -> Dumb:
        succession._runners.append(dumb)  # type: ignore[arg-type]
        return dumb

    monkeypatch.setattr(succession, "_started", started)
    with pytest.raises(QueryTooHungry):
        asyncio.run(succession._take_over(open_published(releases[1].folder)))

    assert (succession._served.version.site, succession._runners, dumb.ended) == (site, [], 1)


def test_no_answer_outlives_the_dataset_of_another_engine(releases: tuple[Release, Release]) -> None:
    site = served_site(releases[0].folder)
    succession = Succession(Served(site), site.settings, Meter())
    site.answers.put(("key",), Stored(b"", b"", b'"tag"'))

    succession._forget()

    assert (len(site.answers), len(succession._served.version.site.answers)) == (1, 0)
