"""A build is opened only if every file is what the manifest says."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustergraph.published
from clustergraph.errors import DatasetUnusable
from clustergraph.published import INTERNAL, dataset_digest, find_dist, open_published, sha256
from clustergraph.queries import INTERNAL_QUERIES

ANEW = "run 'clustergraph build' to make it anew"
NEEDED = tuple(f"{INTERNAL}/{name}.rq" for name in INTERNAL_QUERIES)


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
    manifest.pop("checksum", None)
    change(manifest)
    (dist / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def refusal(dist: Path) -> str:
    with pytest.raises(DatasetUnusable) as caught:
        open_published(dist)
    return caught.value.detail


def test_a_build_as_it_was_made_is_opened(dist: Path) -> None:
    published = open_published(dist)

    assert published.folder == dist
    assert list(published.files) == ["clustergraph.nq", "clustergraph.nq.gz", "repository.json"]
    assert sorted(published.internal_queries) == sorted(INTERNAL_QUERIES)
    assert published.release == sha256(dist / "manifest.json")
    assert published.digest == hashlib.sha256(published.dataset.read_bytes()).hexdigest()
    assert list(published.catalogue) == ["members-of-cluster"]
    assert (published.counts["sources"], published.counts["areas"]) == (1, 2)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "x") == (
        f"there is no folder '{tmp_path}/x': run 'clustergraph build', or name another, here or in CLUSTERGRAPH_DIST"
    )


def test_a_folder_without_manifest_is_refused(dist: Path) -> None:
    (dist / "manifest.json").unlink()

    assert refusal(dist) == f"'{dist}' has no manifest.json: {ANEW}"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"half of it"], ids=["empty", "cut", "not-utf-8", "prose"])
def test_a_manifest_that_is_not_json_is_refused(dist: Path, data: bytes) -> None:
    (dist / "manifest.json").write_bytes(data)

    assert refusal(dist) == f"'{dist}/manifest.json' is not JSON: {ANEW}"


def test_a_manifest_without_end_is_not_read_to_its_end(dist: Path) -> None:
    with (dist / "manifest.json").open("ab") as stream:
        stream.truncate(1 << 40)  # of which nothing takes room

    assert refusal(dist) == f"'{dist}/manifest.json' is not JSON: {ANEW}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[]", id="list"),
        pytest.param('{"version": "1", "digest": "d", "counts": {}}', id="no-files"),
        pytest.param('{"version": "1", "digest": "d", "counts": {}, "files": ["a"]}', id="files-in-a-list"),
        pytest.param('{"version": "1", "digest": null, "counts": {}, "files": {}}', id="no-digest"),
        pytest.param('{"version": "\\ud800", "digest": "d", "counts": {}, "files": {}}', id="half-a-character"),
        pytest.param('{"version": "1\\n", "digest": "d", "counts": {}, "files": {}}', id="line-break-in-version"),
        pytest.param('{"version": "1", "digest": "d", "counts": {"x": NaN}, "files": {}}', id="no-count"),
        pytest.param('{"version": "1", "digest": "d", "counts": {"x": "1"}, "files": {}}', id="count-in-words"),
        pytest.param('{"version": "1", "digest": "d", "counts": {}, "files": {"x": 1}}', id="digest-in-figures"),
    ],
)
def test_a_manifest_that_lacks_something_or_has_another_thing_in_its_place_is_refused(dist: Path, text: str) -> None:
    (dist / "manifest.json").write_text(text, encoding="utf-8")

    said = "lacks one of version, digest, counts, files, or has there what no build writes"
    assert refusal(dist) == f"'{dist}/manifest.json' {said}: {ANEW}"


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


@pytest.fixture(scope="module")
def steady_dist(built_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the built sample that every example leaves as it found it."""
    return Path(shutil.copytree(built_sample, tmp_path_factory.mktemp("steady") / "dist"))


@given(place=st.integers(0, 2**32 - 1), turned=st.integers(1, 255), which=st.integers(0, 5))
def test_any_byte_turned_in_any_file_is_refused(steady_dist: Path, place: int, turned: int, which: int) -> None:
    names = sorted(path for path in steady_dist.rglob("*") if path.is_file())
    assert len(names) == 6
    path = names[which]
    whole = path.read_bytes()
    data = bytearray(whole)
    data[place % len(data)] ^= turned
    path.write_bytes(data)
    try:
        refusal(steady_dist)
    finally:
        path.write_bytes(whole)
    assert open_published(steady_dist).folder == steady_dist


@pytest.mark.parametrize("change", [{"digest": "0" * 64}, {"counts": {}}, {"version": "9"}, {"more": 1}])
def test_a_manifest_that_is_not_as_it_was_written_is_refused(
    built_sample: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    dist = Path(shutil.copytree(built_sample, tmp_path / "dist"))
    manifest = json.loads((dist / "manifest.json").read_bytes())
    (dist / "manifest.json").write_text(json.dumps(manifest | change, indent=2) + "\n", encoding="utf-8")

    assert refusal(dist) == f"'{dist}/manifest.json' is not as it was written (its checksum differs): {ANEW}"


def test_a_manifest_without_checksum_is_read_if_it_says_nothing_else(dist: Path) -> None:
    changed(dist, lambda manifest: manifest.update(checksun="x"))

    assert refusal(dist) == f"'{dist}/manifest.json' is not as it was written (its checksum differs): {ANEW}"

    changed(dist, lambda manifest: manifest.pop("checksun"))

    assert open_published(dist).folder == dist


@pytest.mark.parametrize(
    "name", ["../dist/clustergraph.nq", "/etc/hostname", "queries/../x", "./x", "a//b", "a/", "", "a\0b", "\ud800"]
)
def test_a_name_that_leads_out_of_the_folder_is_refused(dist: Path, name: str) -> None:
    changed(dist, lambda manifest: manifest["files"].update({name: ""}))

    assert refusal(dist) == f"'{dist}/manifest.json' names {name!r}, which is no file of this folder: {ANEW}"


@pytest.mark.parametrize(
    "name", ["clustergraph.nq", "manifest.json", "queries", "queries/internal", "queries/internal/labels.rq"]
)
def test_a_link_in_the_place_of_a_file_or_folder_is_refused(dist: Path, tmp_path: Path, name: str) -> None:
    (dist / name).rename(tmp_path / "elsewhere")
    (dist / name).symlink_to(tmp_path / "elsewhere")

    assert refusal(dist) == f"'{dist / name}' is a link, which may lead anywhere: {ANEW}"


def test_a_link_to_the_whole_folder_is_followed(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(dist)

    assert open_published(tmp_path / "current").digest == open_published(dist).digest


def test_the_digest_of_the_dataset_is_known_before_anything_is_verified(dist: Path) -> None:
    assert dataset_digest(dist) == sha256(dist / "clustergraph.nq")

    (dist / "clustergraph.nq").unlink()
    with pytest.raises(DatasetUnusable) as caught:
        dataset_digest(dist)

    assert caught.value.detail == f"'{dist}/clustergraph.nq' is named in manifest.json but is not there: {ANEW}"


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

    assert refusal(dist) == f"'{dist}/clustergraph.nq' is named in manifest.json but is not there: {ANEW}"


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
