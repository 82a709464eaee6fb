"""A repository read into documents: what is read, into which graph, and where in a file a term stands."""

import os
from pathlib import Path, PurePosixPath

import pyoxigraph as ox
import pytest

from clustergraph.errors import UsageError
from clustergraph.reading import read
from clustergraph.reading.parsed import Parsed, Place
from clustergraph.repository import Document, read_repository, triples_of
from clustergraph.terms import FOLDERS
from conftest import SAMPLE


def test_each_file_belongs_to_the_graph_of_its_place() -> None:
    documents = read_repository(SAMPLE).documents

    assert [(str(one.path), one.graph) for one in documents] == [
        ("data/cluster/north-clocks.ttl", "curated"),
        ("data/cluster/south-clocks.ttl", "curated"),
        ("data/mapping/clocks.sssom.tsv", "mapping"),
        ("data/organisation/bell-foundry.ttl", "curated"),
        ("data/organisation/dial-makers.ttl", "curated"),
        ("data/scheme/clock-areas.ttl", "curated"),
        ("data/source/clock-almanac.ttl", "source/clock-almanac"),
        ("ontology/sample.ttl", "ontology"),
        ("ontology/vocabularies/role.ttl", "ontology"),
        ("shapes/MembershipClaim.ttl", "shapes"),
        ("shapes/Organization.ttl", "shapes"),
        ("shapes/ontology.ttl", "shapes"),
        ("shapes/source/Source.ttl", "shapes"),
    ]


def test_shapes_are_read_and_are_no_part_of_the_dataset() -> None:
    repository = read_repository(SAMPLE)

    assert [one for one in repository.documents if one not in repository.dataset_documents] == repository.in_graph(
        "shapes"
    )


def test_the_sources_are_the_documents_with_a_graph_each() -> None:
    assert [str(one.path) for one in read_repository(SAMPLE).sources] == ["data/source/clock-almanac.ttl"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_that_is_missing_is_named(sample: Path, folder: str) -> None:
    (sample / folder).rename(sample / "elsewhere")

    with pytest.raises(UsageError) as caught:
        read_repository(sample)

    assert caught.value.detail == (
        f"there is no folder '{folder}/' in '{sample}': run this in a clustergraph repository, or name its path"
    )


def test_hidden_files_are_not_read(sample: Path) -> None:
    (sample / "data/cluster/.north-clocks.ttl.swp").write_bytes(b"\xff")

    assert read_repository(sample).findings == ()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("data/notes.ttl", id="no-folder-of-a-kind"),
        pytest.param("data/cluster/deep/a.ttl", id="a-folder-too-deep"),
        pytest.param("data/cluster/a.txt", id="another-ending"),
        pytest.param("data/cluster/a.ttl~", id="copy-of-an-editor"),
        pytest.param("data/area/a.ttl", id="a-kind-without-files"),
        pytest.param("data/mapping/a.tsv", id="a-table-of-no-mappings"),
        pytest.param("ontology/a.owl", id="ontology-in-another-format"),
        pytest.param("shapes/README.md", id="prose-among-shapes"),
    ],
)
def test_a_file_where_none_belongs_is_a_finding(sample: Path, path: str) -> None:
    (sample / path).parent.mkdir(exist_ok=True)
    (sample / path).write_text("", encoding="utf-8")

    assert [(one.place, one.code) for one in read_repository(sample).findings] == [(path, "T003")]


def test_a_link_to_a_file_of_the_repository_is_read_as_that_file(sample: Path) -> None:
    (sample / "ontology/linked.ttl").symlink_to("../shapes/ontology.ttl")

    repository = read_repository(sample)

    assert repository.findings == ()
    (linked,) = [one for one in repository.documents if str(one.path) == "ontology/linked.ttl"]
    assert linked.parsed.text == (sample / "shapes/ontology.ttl").read_text(encoding="utf-8")


def test_a_triple_that_two_documents_state_is_one() -> None:
    triple = ox.Triple(ox.NamedNode("x:s"), ox.NamedNode("x:p"), ox.Literal("o"))
    documents = [Document(PurePosixPath(f"data/cluster/{name}.ttl"), "curated", Parsed(""), (triple,)) for name in "ab"]

    assert triples_of(documents) == {triple}


def test_the_triples_about_a_subject_are_found_wherever_they_stand() -> None:
    parsed = read("@prefix x: <x:> .\nx:a x:p 1 .\nx:b x:p 2 .\nx:a x:q 3 .\n")
    document = Document(PurePosixPath("data/cluster/a.ttl"), "curated", parsed, ())

    assert document.about == {"x:a": [0, 2], "x:b": [1]}


def test_everything_that_cannot_be_read_in_a_file_is_a_finding_with_its_place(sample: Path) -> None:
    text = '@prefix x: <x:> .\nx:a x:p "a .\nx:b x:p <x:%zz> , "a"@verylongtag .\ny:c x:p "a"^^<x:[> .\n'
    (sample / "data/cluster/a.ttl").write_text(text, encoding="utf-8")

    repository = read_repository(sample)

    assert [(one.code, one.at) for one in repository.findings] == [
        ("T006", Place(2, 9, 2, 10)),
        ("T004", Place(4, 1, 4, 4)),
        ("T011", Place(3, 9, 3, 16)),
        ("T013", Place(3, 23, 3, 34)),
        ("T011", Place(4, 9, 4, 19)),
    ]
    assert [one for one in repository.documents if one.path.stem == "a"] == []


def test_a_sign_that_is_missing_is_told_where_it_is_missed_and_where_it_is_to_be_written(sample: Path) -> None:
    text = "@prefix x: <x:> .\nx:a x:p 1\n    x:q 2 .\n"
    (sample / "data/cluster/a.ttl").write_text(text, encoding="utf-8")

    (finding,) = read_repository(sample).findings

    assert (finding.code, finding.at) == ("T005", Place(3, 5, 3, 8))
    assert [(one.path, one.at) for one in finding.related] == [("data/cluster/a.ttl", Place(2, 10, 2, 10))]


def test_what_is_no_regular_file_is_a_finding_and_never_opened(sample: Path) -> None:
    os.mkfifo(sample / "data/cluster/pipe.ttl")
    os.mkfifo(sample / "queries/rules/pipe.rq")
    (sample / "queries/catalogue/folder.rq").mkdir()
    (sample / "shapes/folder.ttl").mkdir()

    assert [(one.place, one.code, one.message["en"][:29]) for one in read_repository(sample).findings] == [
        (path, "T003", "this is not a regular file: p")
        for path in (
            "data/cluster/pipe.ttl",
            "shapes/folder.ttl",
            "queries/catalogue/folder.rq",
            "queries/rules/pipe.rq",
        )
    ]


@pytest.mark.parametrize("path", ["queries/internal/zz.rq", "queries/catalogue/zz.rq", "data/cluster/zz.ttl"])
def test_a_link_that_leads_out_of_the_repository_is_a_finding(sample: Path, path: str) -> None:
    (sample / path).symlink_to("/etc/passwd")

    assert [(one.place, one.code) for one in read_repository(sample).findings] == [(path, "T003")]


def test_a_link_that_leads_to_itself_is_a_finding(sample: Path) -> None:
    (sample / "ontology/loop.ttl").symlink_to("loop.ttl")

    assert [one.code for one in read_repository(sample).findings] == ["T003"]
