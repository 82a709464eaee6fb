"""Stores on disk: made once, verified at each start, and the same answers as from memory."""

import asyncio
import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from clustergraph import stores
from clustergraph.engine import open_engine
from clustergraph.errors import DatasetUnusable, UsageError
from clustergraph.formats import CSV, JSON, N_TRIPLES, TURTLE
from clustergraph.published import open_published
from clustergraph.runner import Limits, QueryRequest, Storage
from clustergraph.stores import has_more_quads, open_stored, served_store
from clustergraph.workers import WorkerPool

PATIENCE_S = 120.0
QUADS = 500
FIRST, SECOND, THIRD, FOURTH = (str(n) * 64 for n in range(1, 5))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "clustergraph.nq"
    path.write_text("".join(f'<x:{n}> <x:p> "{n}" .\n' for n in range(QUADS)), encoding="utf-8")
    return path


def opened(dataset: Path, digest: str, folder: Path) -> tuple[int, int]:
    """The number of quads, and the inode, which tells one that was made anew."""
    stored = open_stored(dataset, digest, folder)
    inode = stored.folder.stat().st_ino
    assert stored.files == len(list(stored.folder.iterdir()))
    os.close(stored.hold)
    return stored.quads, inode


def age(path: Path, seconds: int) -> None:
    os.utime(path, (1_000_000_000 - seconds, 1_000_000_000 - seconds))


@pytest.mark.parametrize(("limit", "expected"), [(QUADS - 1, True), (QUADS, False), (0, True)])
def test_a_dataset_has_more_quads_than_its_lines_less_one(dataset: Path, limit: int, expected: bool) -> None:
    assert has_more_quads(dataset, limit) is expected


def test_a_store_is_made_once_and_holds_every_quad(dataset: Path, tmp_path: Path) -> None:
    first = opened(dataset, FIRST, tmp_path / "stores")
    dataset.unlink()
    second = opened(dataset, FIRST, tmp_path / "stores")

    assert first == second
    assert (first[0], len(open_engine(tmp_path / "stores" / FIRST / "store"))) == (QUADS, QUADS)
    assert [one.name for one in (tmp_path / "stores").iterdir()] == [FIRST]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


DAMAGES: dict[str, Any] = {
    "a flipped bit": lambda folder: flip(max((folder / "store").glob("*.sst"), key=lambda one: one.stat().st_size)),
    "a lost file": lambda folder: (folder / "store/CURRENT").unlink(),
    "an added file": lambda folder: (folder / "store/000999.sst").write_bytes(b""),
    "lost digests": lambda folder: (folder / "files.json").unlink(),
    "damaged digests": lambda folder: (folder / "files.json").write_text("{", encoding="utf-8"),
    "other digests": lambda folder: (folder / "files.json").write_text('{"files": []}', encoding="utf-8"),
    "nothing in it": lambda folder: shutil.rmtree(folder / "store"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_store_is_made_anew(
    dataset: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: Any
) -> None:
    path = tmp_path / "stores" / FIRST
    opened(dataset, FIRST, tmp_path / "stores")
    damage(path)

    quads, _ = opened(dataset, FIRST, tmp_path / "stores")
    again = opened(dataset, FIRST, tmp_path / "stores")

    assert (quads, again[0], len(open_engine(path / "store"))) == (QUADS, QUADS, QUADS)
    assert capfd.readouterr().err == f"the store '{path}' is damaged and is made anew\n"


def test_a_half_made_store_is_removed(dataset: Path, tmp_path: Path) -> None:
    half = tmp_path / "stores" / f"{FIRST}.making"
    (half / "store").mkdir(parents=True)
    (half / "store/000001.sst").write_bytes(b"half")
    (tmp_path / "stores/theirs.making").mkdir()

    assert opened(dataset, FIRST, tmp_path / "stores")[0] == QUADS
    assert sorted(one.name for one in (tmp_path / "stores").iterdir()) == [FIRST, "theirs.making"]


def test_the_store_in_use_and_the_one_before_it_stay(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stores"
    for seconds, digest in ((30, FIRST), (20, SECOND), (10, THIRD)):
        opened(dataset, digest, folder)
        age(folder / digest, seconds)
    (folder / "theirs").mkdir()
    assert sorted(one.name for one in folder.iterdir()) == [SECOND, THIRD, "theirs"]

    opened(dataset, SECOND, folder)  # back to the one before: the newer of the two is now the one before
    opened(dataset, FOURTH, folder)

    assert sorted(one.name for one in folder.iterdir()) == [SECOND, FOURTH, "theirs"]


def test_a_store_that_another_server_uses_stays(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stores"
    used = open_stored(dataset, FIRST, folder)
    age(folder / FIRST, 30)
    for digest in (SECOND, THIRD):
        opened(dataset, digest, folder)
    assert sorted(one.name for one in folder.iterdir()) == [FIRST, SECOND, THIRD]

    os.close(used.hold)
    opened(dataset, THIRD, folder)

    assert sorted(one.name for one in folder.iterdir()) == [SECOND, THIRD]


def test_two_servers_do_not_make_stores_at_once(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    make = stores._make

    def watched(*arguments: Path) -> None:
        descriptor = os.open(tmp_path / "stores", os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seen.append(False)
        except BlockingIOError:
            seen.append(True)
        finally:
            os.close(descriptor)
        make(*arguments)

    monkeypatch.setattr(stores, "_make", watched)
    opened(dataset, FIRST, tmp_path / "stores")

    assert seen == [True]


def test_a_dataset_that_cannot_be_loaded_leaves_no_store(
    dataset: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset.write_text("<x:a> <x:b>\n", encoding="utf-8")

    with pytest.raises(OSError, match="could not be loaded"):
        open_stored(dataset, FIRST, tmp_path / "stores")

    assert not (tmp_path / "stores" / FIRST).exists()
    capfd.readouterr()


def test_a_server_is_told_what_to_do_where_no_store_can_be_made(
    dataset: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset.write_text("<x:a> <x:b>\n", encoding="utf-8")
    stores = tmp_path / "stores"

    with pytest.raises(UsageError) as caught:
        served_store(dataset, FIRST, stores, expected="")

    assert caught.value.detail == (
        f"'{dataset}' could not be loaded into '{stores}/{FIRST}.making/store': the lines before this one say why; is "
        "there room on the disk, is the dataset whole?"
    )
    capfd.readouterr()


def everything(dist: Path) -> dict[str, QueryRequest]:
    """The whole catalogue with its example values, and what takes another way through the engine."""
    catalogue = open_published(dist).catalogue
    asked = {
        name: QueryRequest(query.text, JSON, TURTLE, bindings=query.bindings(query.examples))
        for name, query in catalogue.items()
    }
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    graphs = "https://w3id.org/clustergraph/graph/"
    return asked | {
        "describe": QueryRequest("DESCRIBE <https://w3id.org/clustergraph/id/area/smart-factory>", JSON, TURTLE),
        "construct": QueryRequest("CONSTRUCT { ?s a ?o } WHERE { ?s a ?o FILTER(isIRI(?s)) }", CSV, N_TRIPLES),
        "graphs": QueryRequest("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g", CSV),
        "from": QueryRequest(
            """PREFIX graph: <https://w3id.org/clustergraph/graph/>
            SELECT (COUNT(*) AS ?n) FROM graph:curated FROM graph:inferred { ?s ?p ?o . ?s a ?c }""",
            CSV,
        ),
        "merged": QueryRequest(count, CSV, default_graphs=(f"{graphs}curated", f"{graphs}inferred")),
        "one graph": QueryRequest(count, CSV, default_graphs=(f"{graphs}inferred",)),
    }


def answers(dist: Path, asked: dict[str, QueryRequest], storage: Storage) -> dict[str, bytes]:
    published = open_published(dist)

    async def within() -> dict[str, bytes]:
        async with (
            asyncio.timeout(PATIENCE_S),
            WorkerPool(published.dataset, published.digest, limits=Limits(), workers=1, storage=storage) as pool,
        ):
            return {name: await (await pool.answer(request)).body() for name, request in asked.items()}

    return asyncio.run(within())


def test_every_answer_from_disk_is_that_from_memory(real_dist: Path, tmp_path: Path) -> None:
    asked = everything(real_dist)

    from_memory = answers(real_dist, asked, Storage())
    from_disk = answers(real_dist, asked, Storage(memory_quads=0, store_dir=tmp_path))

    assert from_disk == from_memory
    assert [one.name for one in tmp_path.iterdir()] == [open_published(real_dist).digest]
    assert len(from_disk) > 25
    assert [name for name, answer in from_disk.items() if len(answer) < 5] == []


def test_a_relative_folder_of_stores_stands_beside_the_build(dataset: Path, tmp_path: Path) -> None:
    dist = tmp_path / "somewhere/dist"
    dist.mkdir(parents=True)
    dataset.rename(dist / "clustergraph.nq")

    async def within() -> None:
        storage = Storage(memory_quads=0, store_dir=Path("kept"))
        async with (
            asyncio.timeout(PATIENCE_S),
            WorkerPool(dist / "clustergraph.nq", FIRST, limits=Limits(), workers=1, storage=storage),
        ):
            assert [one.name for one in (tmp_path / "somewhere/kept").iterdir()] == [FIRST]

    asyncio.run(within())


def test_a_store_is_made_of_the_verified_file_alone(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetUnusable, match="no longer what was verified"):
        open_stored(dataset, FIRST, tmp_path / "stores", expected=SECOND)

    assert [*(tmp_path / "stores").iterdir()] == []
