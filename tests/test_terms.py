"""Our IRIs: how they are made, recognised, shortened, and tied to files."""

from pathlib import PurePosixPath

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.terms import (
    KINDS,
    PREFIXES,
    SLUG,
    compact,
    described_iri,
    entity_iri,
    expand,
    graph_iri,
    kind_and_slug,
    sparql_prologue,
)

THING = "https://w3id.org/clustergraph/id"
slugs = st.from_regex(SLUG, fullmatch=True)


@pytest.mark.parametrize(
    ("path", "iri"),
    [
        pytest.param("data/cluster/a-b.ttl", f"{THING}/cluster/a-b", id="entity"),
        pytest.param("data/source/a.ttl", f"{THING}/source/a", id="source"),
        pytest.param("ontology/vocabularies/role.ttl", f"{THING}/scheme/role", id="vocabulary"),
    ],
)
def test_a_file_describes_the_thing_its_path_names(path: str, iri: str) -> None:
    assert described_iri(PurePosixPath(path)) == iri


@pytest.mark.parametrize(
    "iri",
    [
        pytest.param("https://example.org/id/cluster/a", id="another-host"),
        pytest.param(f"{THING}/castle/a", id="no-kind-of-ours"),
        pytest.param(f"{THING}/cluster/", id="no-slug"),
        pytest.param(f"{THING}/cluster", id="no-slash"),
        pytest.param(f"{THING}/cluster/A", id="capital"),
        pytest.param(f"{THING}/cluster/a/b", id="two-segments"),
        pytest.param(f"{THING}/cluster/a\n", id="line-end"),
        pytest.param(f"{THING}/cluster/-a", id="hyphen-first"),
        pytest.param(f"{THING}/cluster/a---b", id="three-hyphens"),
    ],
)
def test_what_is_no_thing_of_ours_has_no_kind_and_slug(iri: str) -> None:
    assert kind_and_slug(iri) is None


@given(kind=st.sampled_from(KINDS), slug=slugs)
def test_kind_and_slug_come_back_from_the_iri_they_made(kind: str, slug: str) -> None:
    assert kind_and_slug(entity_iri(kind, slug)) == (kind, slug)


@given(kind=st.sampled_from(KINDS), slug=slugs)
def test_a_short_name_expands_to_the_iri_it_stands_for(kind: str, slug: str) -> None:
    iri = entity_iri(kind, slug)

    assert (compact(iri), expand(compact(iri))) == (f"{kind}:{slug}", iri)


@pytest.mark.parametrize(
    ("iri", "short"),
    [
        pytest.param(graph_iri("source/cfi-mission"), "source-graph:cfi-mission", id="longest-namespace-wins"),
        pytest.param(graph_iri("curated"), "graph:curated", id="graph"),
        pytest.param(f"{THING}/cluster/a-", f"<{THING}/cluster/a->", id="hyphen-last"),
        pytest.param(f"{THING}/cluster/a.b", f"<{THING}/cluster/a.b>", id="dot"),
        pytest.param(f"{THING}/cluster/a/b", f"<{THING}/cluster/a/b>", id="slash"),
        pytest.param(f"{THING}/cluster/città", f"<{THING}/cluster/città>", id="letter-beyond-ascii"),
        pytest.param(f"{THING}/cluster/", f"<{THING}/cluster/>", id="namespace-alone"),
        pytest.param("https://w3id.org/clustergraph/ns", "<https://w3id.org/clustergraph/ns>", id="ontology"),
    ],
)
def test_an_iri_is_shortened_only_where_turtle_reads_it_back(iri: str, short: str) -> None:
    assert compact(iri) == short


def test_a_prefix_that_is_not_ours_cannot_be_expanded() -> None:
    with pytest.raises(KeyError, match=r"^'wd'$"):
        expand("wd:Q42")


def test_the_prologue_declares_each_prefix_as_the_table_has_it() -> None:
    names = [f"{prefix}:x" for prefix in sorted(PREFIXES)]
    solutions = ox.Store().query(f"{sparql_prologue()} SELECT ?iri {{ VALUES ?iri {{ {' '.join(names)} }} }}")

    assert isinstance(solutions, ox.QuerySolutions)
    assert [solution["iri"].value for solution in solutions] == [f"{PREFIXES[one]}x" for one in sorted(PREFIXES)]


def test_no_two_prefixes_stand_for_one_namespace() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_every_kind_is_a_prefix() -> None:
    assert [kind for kind in KINDS if PREFIXES.get(kind) != f"{THING}/{kind}/"] == []
