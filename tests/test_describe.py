import asyncio

import pytest
from pyoxigraph import RdfFormat, parse

from clustergraph.claims import ClaimMade, Detail, Label
from clustergraph.describe import (
    SHOWN,
    Description,
    Group,
    Questions,
    Reference,
    Value,
    contributed_file,
    describe,
    description_question,
    require_known,
)
from clustergraph.errors import NotFound
from clustergraph.formats import N_TRIPLES
from clustergraph.results import Term
from clustergraph.terms import ENTITY_KINDS, KINDS, VOCABULARY_KINDS, XSD, entity_iri, expand
from web_runner import REPOSITORY, LocalRunner, internal_queries, merged_store

ALPHA = expand("cluster:alpha")


def iri(curie: str) -> Term:
    return Term("iri", expand(curie))


def described(curie: str, runner: LocalRunner | None = None) -> Description:
    return asyncio.run(describe(expand(curie), Questions(runner or LocalRunner(), internal_queries())))


def test_a_description_says_everything_a_page_needs() -> None:
    description = described("cluster:alpha")

    source = iri("source:paper")
    assert description == Description(
        iri=ALPHA,
        label=Label("Alpha cluster", "Cluster alfa"),
        types=(
            Value(iri("cg:NationalCluster"), Label("national cluster", "cluster nazionale"), (), inferred=False),
            Value(iri("cg:TechnologyCluster"), Label("technology cluster", "cluster tecnologico"), (), inferred=True),
        ),
        groups=(
            Group(
                expand("skos:altLabel"),
                Label(),
                (Value(Term("literal", "The Alphas", "en"), Label(), (), inferred=False),),
            ),
            Group(
                expand("cg:hasTerritorialLevel"),
                Label(),
                (Value(iri("level:national"), Label("national", "nazionale"), (), inferred=False),),
            ),
            Group(
                expand("cg:hasFocusArea"),
                Label("has focus area", "ha area di riferimento"),
                (Value(iri("area:hub"), Label("Hub area", "Area di raccordo"), ("paper",), inferred=False),),
            ),
            Group(
                expand("foaf:homepage"),
                Label(),
                (Value(Term("iri", "https://alpha.example/"), Label(), (), inferred=False),),
            ),
        ),
        references=(Reference(expand("org:memberOf"), "", iri("organisation:beta"), "Beta institute"),),
        reference_count=1,
        claims=(
            ClaimMade(
                iri=expand("claim:paper--beta-in-alpha"),
                name=Label("Beta institute – Alpha cluster"),
                type="membership claim",
                evidence="beta takes part in alpha",
                certainty="stated",
                source=source,
                source_label="A paper",
                details=(
                    Detail(expand("org:member"), "", iri("organisation:beta"), "Beta institute"),
                    Detail(expand("org:organization"), "", iri("cluster:alpha"), "Alpha cluster"),
                ),
            ),
            ClaimMade(
                iri=expand("count:paper--members"),
                name=Label("Alpha cluster – 12"),
                type="",
                evidence="",
                certainty="interpreted",
                source=source,
                source_label="A paper",
                details=(
                    Detail(expand("cg:isCountOf"), "", iri("cluster:alpha"), "Alpha cluster"),
                    Detail(expand("cg:value"), "", Term("literal", "12", datatype=f"{XSD}integer"), ""),
                ),
            ),
        ),
        claim_count=2,
        file="data/cluster/alpha.ttl",
    )


def test_the_rdf_says_what_the_page_says_and_labels_what_it_mentions() -> None:
    questions = Questions(LocalRunner(), internal_queries())

    async def body() -> bytes:
        return await (await questions.runner.answer(description_question(ALPHA, N_TRIPLES, questions))).body()

    quads = list(parse(asyncio.run(body()), RdfFormat.N_TRIPLES))
    description = described("cluster:alpha")
    said = {(group.property, value.term.value) for group in description.groups for value in group.values}
    on_top = {(expand("rdf:type"), one.term.value) for one in description.types}
    names = {(expand("skos:prefLabel"), text) for text in description.label}
    own = {(q.predicate.value, q.object.value) for q in quads if q.subject.value == ALPHA}
    assert own == said | on_top | names
    assert {(q.subject.value, q.predicate.value) for q in quads if q.subject.value != ALPHA} == {
        (expand("cg:NationalCluster"), expand("rdfs:label")),
        (expand("cg:TechnologyCluster"), expand("rdfs:label")),
        (expand("cg:hasFocusArea"), expand("rdfs:label")),
        (expand("area:hub"), expand("skos:prefLabel")),
        (expand("level:national"), expand("skos:prefLabel")),
    }


def test_nothing_is_pasted_into_a_query() -> None:
    runner = LocalRunner()

    described("cluster:alpha", runner)

    assert {request.query for request in runner.asked} <= set(internal_queries().values())
    assert [dict(request.bindings) for request in runner.asked] == [{"this": f"<{ALPHA}>"}] * len(runner.asked)


def test_a_thing_of_which_nothing_is_said_is_not_found() -> None:
    with pytest.raises(NotFound) as caught:
        described("cluster:omega")

    assert (
        caught.value.detail
        == "this dataset says nothing of the cluster 'omega': all of that kind are listed at /browse/cluster"
    )


def test_a_thing_that_is_only_pointed_to_is_not_known() -> None:
    questions = Questions(LocalRunner(), internal_queries())

    with pytest.raises(NotFound):
        asyncio.run(require_known(expand("cg:TechnologyArea"), questions))


def test_what_two_sources_say_is_one_statement_with_two_sources() -> None:
    statement = "cluster:alpha cg:hasFocusArea area:hub ."
    runner = LocalRunner(
        f"source-graph:one {{ {statement} }} source-graph:two {{ {statement} }} graph:inferred {{ {statement} }}"
    )

    description = described("cluster:alpha", runner)

    assert description.groups == (
        Group(
            expand("cg:hasFocusArea"),
            Label(),
            (Value(iri("area:hub"), Label(), ("one", "two"), inferred=False),),
        ),
    )


def test_the_tenth_aim_follows_the_ninth() -> None:
    aims = " , ".join(f"aim:paper--task-{number}" for number in (10, 9, 1))
    runner = LocalRunner(f"graph:curated {{ cluster:alpha cg:hasAim {aims} . }}")

    (group,) = described("cluster:alpha", runner).groups

    assert [value.term for value in group.values] == [iri(f"aim:paper--task-{number}") for number in (1, 9, 10)]


def test_a_hub_shows_the_first_hundred_references_and_counts_all() -> None:
    many = "".join(f"cluster:c{number:03} cg:hasFocusArea area:hub .\n" for number in range(250))
    runner = LocalRunner(f"graph:curated {{ area:hub a cg:TechnologyArea . {many} }}")

    description = described("area:hub", runner)

    assert (description.reference_count, len(description.references)) == (250, SHOWN)
    assert description.references[0].subject == iri("cluster:c000")


def test_many_claims_are_counted_and_the_last_shown_is_whole() -> None:
    many = "".join(
        f'count:s--c{number:03} cg:isStatedIn source:s ; cg:isCountOf cluster:alpha ; cg:value 1 ; cg:evidence "e" .\n'
        for number in range(600)
    )
    runner = LocalRunner(f"source-graph:s {{ cluster:alpha a cg:TechnologyCluster . {many} }}")

    description = described("cluster:alpha", runner)

    assert (description.claim_count, len(description.claims)) == (600, SHOWN)
    assert all(len(claim.details) == 2 and claim.evidence == "e" for claim in description.claims)


def test_a_claim_that_lost_statements_to_the_limit_is_not_shown() -> None:
    topics = " , ".join(f"topic:t{number}" for number in range(30))
    many = "".join(
        f"count:s--c{number:03} cg:isStatedIn source:s ; cg:isCountOf cluster:alpha ; cg:involves {topics} .\n"
        for number in range(90)
    )
    runner = LocalRunner(f"source-graph:s {{ cluster:alpha a cg:TechnologyCluster . {many} }}")

    description = described("cluster:alpha", runner)

    assert description.claim_count == 90
    assert 50 < len(description.claims) < 90
    assert {len(claim.details) for claim in description.claims} == {31}


def test_labels_prefer_what_people_see_and_fall_back_to_italian() -> None:
    runner = LocalRunner(
        "graph:curated { cluster:alpha rdfs:label 'term'@en ; dcterms:title 'title'@en ; skos:prefLabel 'nome'@it . }"
    )

    label = described("cluster:alpha", runner).label

    assert (label, label.best, Label("", "nome").best) == (Label("title", "nome"), "title", "nome")


def test_a_third_language_and_a_second_name_are_not_hidden() -> None:
    runner = LocalRunner("graph:curated { cluster:alpha skos:prefLabel 'a'@en , 'b'@it , 'c'@fr . }")

    description = described("cluster:alpha", runner)

    assert [value.term.language for value in description.groups[0].values] == ["en", "fr", "it"]


@pytest.mark.parametrize(
    ("curie", "file"),
    [
        ("cluster:national-aerospace", "data/cluster/national-aerospace.ttl"),
        ("source:cfi-mission", "data/source/cfi-mission.ttl"),
        ("scheme:miur-2012", "data/scheme/miur-2012.ttl"),
        ("scheme:role", "ontology/vocabularies/role.ttl"),
        ("role:member", "ontology/vocabularies/role.ttl"),
        ("count:miur-what-are-clusters--areas", "data/source/miur-what-are-clusters.ttl"),
        ("membership:siit--national-mobility", None),
        ("cg:hasAim", None),
    ],
)
def test_the_file_to_edit_follows_from_the_kind(curie: str, file: str | None) -> None:
    assert contributed_file(expand(curie), []) == file


def test_an_area_stands_in_the_file_of_its_scheme() -> None:
    assert described("area:hub").file == "data/scheme/areas.ttl"


def test_every_entity_and_concept_of_the_repository_has_the_file_that_is_named() -> None:
    kinds = [kind for kind in KINDS if kind in ENTITY_KINDS or kind in VOCABULARY_KINDS]
    store = merged_store("")
    for path in [*REPOSITORY.glob("data/*/*.ttl"), *REPOSITORY.glob("ontology/vocabularies/*.ttl")]:
        store.load(path=str(path), format=RdfFormat.TURTLE)
    prefixes = tuple(entity_iri(kind, "") for kind in kinds)
    subjects = {quad.subject.value for quad in store if quad.subject.value.startswith(prefixes)}

    missing = {one for one in subjects if not (REPOSITORY / (contributed_file(one, []) or "nowhere")).is_file()}

    assert subjects
    assert missing == set()
