"""A build is opened only if every file is what the manifest says."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import clustergraph.published
from clustergraph.errors import DatasetUnusable
from clustergraph.published import find_dist, open_published, sealed, sha256

ANEW = "run 'clustergraph build' to make it anew"
NEEDED = ("queries/internal/exists.rq", "queries/internal/statements.rq")


@pytest.fixture
def dist(built_sample: Path, tmp_path: Path) -> Path:
    """A copy of the built sample with the queries that the pages need, to be spoiled at will."""
    dist = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    for name in NEEDED:
        (dist / name).write_bytes(b"ASK {}")
    changed(dist, lambda manifest: manifest["files"].update(dict.fromkeys(NEEDED, sha256(dist / NEEDED[0]))))
    return dist


def changed(dist: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    change(manifest)
    (dist / "manifest.json").write_text(json.dumps(sealed(manifest)), encoding="utf-8")


def refusal(dist: Path) -> str:
    with pytest.raises(DatasetUnusable) as caught:
        open_published(dist)
    return caught.value.detail


def test_a_build_as_it_was_made_is_opened(dist: Path) -> None:
    published = open_published(dist)

    assert published.folder == dist
    assert published.dataset == dist / "clustergraph.nq"
    assert published.internal_queries == dist / "queries/internal"
    assert published.digest == hashlib.sha256(published.dataset.read_bytes()).hexdigest()
    assert list(published.catalogue) == ["members-of-cluster"]
    assert (published.counts["sources"], published.counts["areas"]) == (1, 2)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "x") == (
        f"there is no folder '{tmp_path}/x': run 'clustergraph build' first, or name the folder it wrote"
    )


def test_a_folder_without_manifest_is_refused(dist: Path) -> None:
    (dist / "manifest.json").unlink()

    assert refusal(dist) == f"'{dist}' has no manifest.json: {ANEW}"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"half of it"], ids=["empty", "cut", "not-utf-8", "prose"])
def test_a_manifest_that_is_not_json_is_refused(dist: Path, data: bytes) -> None:
    (dist / "manifest.json").write_bytes(data)

    assert refusal(dist) == f"'{dist}/manifest.json' is not JSON: {ANEW}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[]", id="list"),
        pytest.param('{"version": "1", "digest": "d", "counts": {}}', id="no-files"),
        pytest.param('{"version": "1", "digest": "d", "counts": {}, "files": ["a"]}', id="files-in-a-list"),
        pytest.param('{"version": "1", "digest": null, "counts": {}, "files": {}}', id="no-digest"),
    ],
)
def test_a_manifest_that_lacks_something_is_refused(dist: Path, text: str) -> None:
    (dist / "manifest.json").write_text(text, encoding="utf-8")

    assert refusal(dist) == f"'{dist}/manifest.json' lacks one of version, digest, counts, files: {ANEW}"


@pytest.mark.parametrize(
    "name",
    [
        "clustergraph.nq",
        "clustergraph.nq.gz",
        "queries/catalogue/members-of-cluster.rq",
        "queries/internal/labels.rq",
    ],
)
def test_one_byte_more_in_any_file_is_refused(dist: Path, name: str) -> None:
    with (dist / name).open("ab") as stream:
        stream.write(b" ")

    assert refusal(dist) == f"'{dist}/{name}' is not what manifest.json says (SHA-256 differs): {ANEW}"


def test_one_bit_turned_in_the_dataset_is_refused(dist: Path) -> None:
    data = bytearray((dist / "clustergraph.nq").read_bytes())
    data[len(data) // 2] ^= 1
    (dist / "clustergraph.nq").write_bytes(data)

    assert refusal(dist) == f"'{dist}/clustergraph.nq' is not what manifest.json says (SHA-256 differs): {ANEW}"


def test_a_file_that_is_gone_is_refused(dist: Path) -> None:
    (dist / "queries/internal/labels.rq").unlink()

    assert refusal(dist) == f"'{dist}/queries/internal/labels.rq' is named in manifest.json but is not there: {ANEW}"


def test_a_query_that_no_build_wrote_is_refused(dist: Path) -> None:
    (dist / "queries/catalogue/added.rq").write_text("ASK {}", encoding="utf-8")

    assert refusal(dist) == f"'{dist}/queries/catalogue/added.rq' is not named in manifest.json: {ANEW}"


def test_a_manifest_that_names_another_digest_than_its_dataset_is_refused(dist: Path) -> None:
    changed(dist, lambda manifest: manifest.update(digest="0" * 64))

    assert refusal(dist) == f"'{dist}/manifest.json' gives two digests for clustergraph.nq: {ANEW}"


def test_a_manifest_that_does_not_list_its_dataset_is_refused(dist: Path) -> None:
    changed(dist, lambda manifest: manifest["files"].pop("clustergraph.nq"))

    assert refusal(dist) == f"'{dist}/manifest.json' does not list clustergraph.nq: {ANEW}"


@pytest.mark.parametrize("name", NEEDED)
def test_a_build_without_a_query_that_the_pages_need_gives_them_none(dist: Path, name: str) -> None:
    changed(dist, lambda manifest: manifest["files"].pop(name))
    (dist / name).unlink()
    published = open_published(dist)

    with pytest.raises(DatasetUnusable) as caught:
        _ = published.internal_queries

    assert caught.value.detail == f"'{dist}/manifest.json' does not list {name}, which the pages need: {ANEW}"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_manifest_that_is_no_regular_file_is_refused_at_once(dist: Path, make: Callable[[Path], None]) -> None:
    (dist / "manifest.json").unlink()
    make(dist / "manifest.json")

    assert refusal(dist) == f"'{dist}/manifest.json' is no regular file: {ANEW}"


def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(dist: Path) -> None:
    (dist / "clustergraph.nq").unlink()
    os.mkfifo(dist / "clustergraph.nq")

    assert refusal(dist) == f"'{dist}/clustergraph.nq' is no regular file: {ANEW}"


@pytest.mark.parametrize("name", ["clustergraph.nq", "queries/internal/labels.rq", "manifest.json"])
def test_a_link_in_the_place_of_a_file_is_refused_though_it_leads_to_the_same_bytes(dist: Path, name: str) -> None:
    (dist / name).rename(dist.parent / "elsewhere")
    (dist / name).symlink_to(dist.parent / "elsewhere")

    assert refusal(dist) == f"'{dist}/{name}' is no regular file: {ANEW}"


def test_a_count_that_was_changed_is_refused(dist: Path) -> None:
    text = (dist / "manifest.json").read_text(encoding="utf-8")
    (dist / "manifest.json").write_text(text.replace('"areas": 2', '"areas": 3'), encoding="utf-8")

    assert refusal(dist) == f"'{dist}/manifest.json' was changed after it was written: {ANEW}"


def test_a_build_of_a_release_that_did_not_seal_its_manifest_is_opened(dist: Path) -> None:
    manifest = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    del manifest["seal"]
    (dist / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    assert open_published(dist).counts["areas"] == 2


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000], ids=["lists", "objects"])
def test_a_manifest_that_is_nested_too_deeply_is_refused(dist: Path, text: str) -> None:
    (dist / "manifest.json").write_text(text, encoding="utf-8")

    assert refusal(dist) == f"'{dist}/manifest.json' is nested too deeply: {ANEW}"


def test_a_name_that_the_system_refuses_is_refused(dist: Path) -> None:
    name = "n" * 300
    changed(dist, lambda manifest: manifest["files"].update({name: ""}))

    assert refusal(dist) == f"'{dist}/{name}' cannot be read (File name too long): {ANEW}"


def test_the_digest_is_the_one_that_everybody_computes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")

    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_folder_named_holds_over_the_variable_and_that_over_the_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLUSTERGRAPH_DIST", raising=False)
    here = find_dist()
    monkeypatch.setenv("CLUSTERGRAPH_DIST", "/elsewhere")

    assert (here, find_dist(), find_dist(Path("named"))) == (Path("dist"), Path("/elsewhere"), Path("named"))


def test_the_dataset_of_the_wheel_is_found_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "package/dist").mkdir(parents=True)
    monkeypatch.setattr(clustergraph.published, "__file__", str(tmp_path / "package/published.py"))
    monkeypatch.delenv("CLUSTERGRAPH_DIST", raising=False)
    monkeypatch.chdir(tmp_path)
    packaged = find_dist()
    (tmp_path / "dist").mkdir()

    assert (packaged, find_dist()) == (tmp_path / "package/dist", Path("dist"))
