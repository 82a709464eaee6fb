"""The Python door: the built dataset in rdflib, and saved queries as rows."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from rdflib import Literal, URIRef

import clustergraph
from clustergraph.build import build
from clustergraph.dataset import Rows, open_dataset, query
from clustergraph.errors import DatasetUnusable, NotFound, ParameterUnsuitable, UsageError
from clustergraph.published import open_published

# What rdflib warns of are its own calls.
pytestmark = pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")

ID = "https://w3id.org/clustergraph/id"
HEADER = "# title: T\n# asks@en: Q?\n# asks@it: D?\n# column name: a name\n"


def test_rdflib_sees_the_merge_as_the_default_graph(built_sample: Path) -> None:
    dataset = open_dataset(built_sample)

    (row,) = dataset.query("SELECT (COUNT(*) AS ?triples) WHERE { ?s ?p ?o }")

    assert row == (Literal(open_published(built_sample).counts["triples"]),)


def test_rdflib_sees_each_source_as_a_graph_and_our_prefixes(built_sample: Path) -> None:
    dataset = open_dataset(built_sample)

    rows = dataset.query(
        "SELECT ?graph WHERE { GRAPH ?graph { cluster:north-clocks cg:hasFocusArea area:clock-areas--bells } }"
    )

    assert set(rows) == {
        (URIRef("https://w3id.org/clustergraph/graph/source/clock-almanac"),),
    }


def test_a_saved_query_gives_rows_of_plain_strings(built_sample: Path) -> None:
    assert query("members-of-cluster", built_sample, cluster="north-clocks") == Rows(
        ("cluster", "member", "name"),
        [
            (f"{ID}/cluster/north-clocks", f"{ID}/organisation/bell-foundry", "Bell foundry"),
            (f"{ID}/cluster/north-clocks", f"{ID}/organisation/dial-makers", "Dial makers"),
        ],
    )


def test_a_value_that_nothing_fits_gives_no_rows(built_sample: Path) -> None:
    assert query("members-of-cluster", built_sample, cluster="south-clocks").rows == []


@pytest.fixture
def extended(sample: Path) -> Path:
    """The sample built with two more queries, one with an empty column and one that gives no rows."""
    body = "SELECT ?name WHERE { VALUES ?name { UNDEF } }"
    (sample / "queries/catalogue/nobody.rq").write_text(HEADER + body, encoding="utf-8")
    (sample / "queries/catalogue/anything.rq").write_text(HEADER + "ASK {}", encoding="utf-8")
    build(sample, sample / "dist")
    return sample / "dist"


def test_an_unbound_column_is_none(extended: Path) -> None:
    assert query("nobody", extended) == Rows(("name",), [(None,)])


def test_a_query_without_rows_says_how_to_run_it(extended: Path) -> None:
    with pytest.raises(UsageError) as caught:
        query("anything", extended)

    assert caught.value.detail == "'anything' does not give rows: run it with 'clustergraph query anything'"


def test_an_unknown_query_is_refused(built_sample: Path) -> None:
    with pytest.raises(NotFound) as caught:
        query("members", built_sample)

    assert caught.value.detail == ("there is no saved query 'members': 'clustergraph query' lists them")


def test_an_unsuitable_value_is_refused(built_sample: Path) -> None:
    with pytest.raises(ParameterUnsuitable) as caught:
        query("members-of-cluster", built_sample, cluster="north clocks")

    assert caught.value.detail == (
        "'north clocks' does not fit parameter 'cluster' (cluster): give it like 'north-clocks'"
    )


@pytest.mark.parametrize("call", [open_dataset, lambda folder: query("any", folder)], ids=["open", "query"])
def test_a_build_that_is_not_there_is_named(tmp_path: Path, call: object) -> None:
    assert callable(call)
    with pytest.raises(DatasetUnusable) as caught:
        call(tmp_path / "dist")

    assert caught.value.detail == (
        f"there is no folder '{tmp_path}/dist': run 'clustergraph build', or name another, here or in CLUSTERGRAPH_DIST"
    )


def test_the_package_offers_both_by_name(built_sample: Path) -> None:
    assert (clustergraph.open_dataset, clustergraph.query) == (open_dataset, query)
    assert len(clustergraph.open_dataset(built_sample)) > 0


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match=r"^module 'clustergraph' has no attribute 'opn_dataset'$"):
        clustergraph.opn_dataset  # noqa: B018  # the access is what is tried


def test_rows_become_a_data_frame_where_pandas_is(monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = ModuleType("pandas")
    monkeypatch.setattr(pandas, "DataFrame", lambda rows, columns: (rows, columns), raising=False)
    monkeypatch.setitem(sys.modules, "pandas", pandas)

    assert Rows(("a", "b"), [("1", None)]).to_pandas() == ([("1", None)], ["a", "b"])


def test_files_are_checked_from_python(sample: Path) -> None:
    wrong = sample / "data/cluster/north-clocks.ttl"
    wrong.write_text(wrong.read_text(encoding="utf-8").replace("cg:National", "cg:Natoinal"), encoding="utf-8")

    found = [
        [(one.path, one.code) for one in clustergraph.check(*paths, root=sample)]
        for paths in ((), (wrong,), ("data/cluster/north-clocks.ttl",), ("data/source",))
    ]

    said = [("data/cluster/north-clocks.ttl", "H004")]
    assert found == [said, said, said, []]
    with pytest.raises(UsageError, match="there is no 'data/nowhere'"):
        clustergraph.check("data/nowhere", root=sample)
