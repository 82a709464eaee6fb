"""House rules one by one; `test_checking.py` has a wrong file for each of them and more."""

from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath

import pyoxigraph as ox
import pytest

from clustergraph.checking import house_findings, only_in
from clustergraph.errors import UsageError
from clustergraph.findings import INFO, VIOLATION, WARNING, Finding
from clustergraph.reading import read
from clustergraph.reading.parsed import Place
from clustergraph.repository import Document, Repository, read_repository
from clustergraph.rules import RULES, TITLES, Known
from clustergraph.rules.known import day_of_the_build
from clustergraph.rules.names import same_for
from clustergraph.rules.nearest import Nearest
from clustergraph.terms import ID, PREFIXES
from conftest import SAMPLE, triples_of

PROLOGUE = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in PREFIXES.items())
ONTOLOGY = """
org:Organization a owl:Class .
cg:MembershipClaim a owl:Class .
cg:Initiative a owl:Class .
skos:Concept a owl:Class .
skos:ConceptScheme a owl:Class .
cg:Source a owl:Class .
cg:TechnologyArea a owl:Class .
cg:hasFocusArea a owl:ObjectProperty .
cg:hasRegion a owl:ObjectProperty .
cg:decision a owl:AnnotationProperty .
cg:endDate a owl:AnnotationProperty .
cg:evidence a owl:AnnotationProperty .
cg:isStatedIn a owl:AnnotationProperty .
cg:onBehalfOf a owl:AnnotationProperty .
cg:onDate a owl:AnnotationProperty .
cg:startDate a owl:AnnotationProperty .
dcterms:issued a owl:AnnotationProperty .
foaf:homepage a owl:AnnotationProperty .
org:member a owl:AnnotationProperty .
org:organization a owl:AnnotationProperty .
org:role a owl:AnnotationProperty .
skos:altLabel a owl:AnnotationProperty .
skos:prefLabel a owl:AnnotationProperty .
cg:attestedName a owl:AnnotationProperty .
role:member a skos:Concept .
role:chair a skos:Concept .
"""


def document(path: str, graph: str, text: str) -> Document:
    return Document(PurePosixPath(path), graph, read(PROLOGUE + text), tuple(triples_of(PROLOGUE + text)))


def found_in(*documents: Document) -> list[Finding]:
    """What is found in documents beside a small ontology; but for H011, as nobody speaks of what stands alone."""
    beside = document("ontology/a.ttl", "ontology", ONTOLOGY)
    return [one for one in house_findings(Repository(SAMPLE, (beside, *documents), ())) if one.code != "H011"]


def codes(path: str, graph: str, text: str) -> list[str]:
    """The codes of what is found in one document."""
    return [one.code for one in found_in(document(path, graph, text))]


def test_every_rule_has_a_code_and_a_sentence() -> None:
    assert list(TITLES) == list(RULES) == [f"H{number:03}" for number in range(1, 20)]
    assert [title for title in TITLES.values() if not title.endswith(".") or "\n" in title] == []


def test_a_repository_in_order_breaks_no_rule() -> None:
    assert list(house_findings(read_repository(SAMPLE))) == []


@pytest.mark.parametrize(
    ("path", "graph", "text"),
    [
        pytest.param(
            "data/scheme/a.ttl",
            "curated",
            "scheme:a a skos:ConceptScheme . area:a--b a cg:TechnologyArea .",
            id="H001-areas",
        ),
        pytest.param("ontology/b.ttl", "ontology", "topic:x a skos:Concept .", id="H001-ontology"),
        pytest.param(
            "data/organisation/a.ttl", "curated", "organisation:a a org:Organization, skos:Concept .", id="H001-types"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            'organisation:a a org:Organization ; rdfs:label "01"@en , "1.50" , "x @IT" .',
            id="H002-text",
        ),
        pytest.param("shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:order 01 .", id="H002-shapes"),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:subClassOf [ a owl:Restriction ] .", id="H003"
        ),
        pytest.param(
            "shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:property [ sh:path rdf:value ] .", id="H003-shapes"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization ; rdf:value sh:Violation .",
            id="H004",
        ),
        pytest.param(
            "shapes/a.ttl", "shapes", "cgsh:a a sh:NodeShape ; sh:hasValue organisation:nobody .", id="H006-shapes"
        ),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization ; cg:hasRegion <x:y> .",
            id="H006-others",
        ),
    ],
)
def test_what_a_rule_allows_gives_no_finding(path: str, graph: str, text: str) -> None:
    assert codes(path, graph, text) == []


@pytest.mark.parametrize(
    ("path", "graph", "text", "code"),
    [
        pytest.param("data/organisation/a.ttl", "curated", "", "H001", id="empty-file"),
        pytest.param("data/source/a.ttl", "source/a", "source:b a cg:Source .", "H001", id="source-named-otherwise"),
        pytest.param(
            "data/organisation/a.ttl",
            "curated",
            "organisation:a a org:Organization . area:a--b a cg:TechnologyArea .",
            "H001",
            id="area-outside-a-scheme",
        ),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:label 'a'@EN .", "H002", id="tag-in-the-ontology"
        ),
        pytest.param("shapes/a.ttl", "shapes", "cgsh:a sh:path cg:hasFocus .", "H004", id="path-of-a-shape"),
        pytest.param(
            "ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdfs:subClassOf cg:B .", "H004", id="superclass"
        ),
        pytest.param(
            "ontology/b.ttl", "ontology", "claim:a--b a cg:MembershipClaim .", "H005", id="claim-in-the-ontology"
        ),
        pytest.param("ontology/b.ttl", "ontology", "topic:x cg:hasRegion <x:y> .", "H006", id="subject-without-type"),
        pytest.param("ontology/b.ttl", "ontology", "cg:A a owl:Class ; rdf:value role:queen .", "H006", id="value"),
    ],
)
def test_what_a_rule_forbids_gives_one_finding(path: str, graph: str, text: str, code: str) -> None:
    assert codes(path, graph, text) == [code]


def test_each_property_with_a_nameless_value_is_found_where_it_stands() -> None:
    text = "organisation:a a org:Organization ;\n    rdf:value [ rdf:value [] ] ,\n    [] ;\n    rdfs:seeAlso ( 1 2 ) ."

    findings = found_in(document("data/organisation/a.ttl", "curated", text))

    line = PROLOGUE.count("\n") + 1
    assert [(one.code, one.at) for one in findings] == [
        ("H003", Place(line + 1, 15, line + 1, 31)),
        ("H003", Place(line + 3, 18, line + 3, 25)),
    ]


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        pytest.param('"1.0E0"^^xsd:double', "1", id="double"),
        pytest.param('"1"^^xsd:boolean', "true", id="boolean"),
        pytest.param('"+5"^^xsd:integer', "5", id="sign"),
        pytest.param('"5"^^xsd:nonNegativeInteger', "5", id="subtype"),
        pytest.param('"2024-01-01T00:00:00.0"^^xsd:dateTime', "2024-01-01T00:00:00", id="fraction"),
    ],
)
def test_the_store_is_the_judge_of_what_is_canonical(literal: str, kept: str) -> None:
    text = f"organisation:a a org:Organization ; rdf:value {literal} ."
    written = document("data/organisation/a.ttl", "curated", text)
    store = ox.Store()
    store.extend(ox.Quad(triple.subject, triple.predicate, triple.object) for triple in written.triples)
    (value,) = [quad.object.value for quad in store if isinstance(quad.object, ox.Literal)]

    (finding,) = found_in(written)

    assert (finding.code, value) == ("H002", kept)
    assert f"would be published as '{kept}'" in finding.message["en"]


def test_what_is_known_comes_from_the_ontology_and_the_dataset_alone() -> None:
    shapes = document("shapes/a.ttl", "shapes", "organisation:b a cg:Shape . cg:Shape a owl:Class .")
    curated = document("data/organisation/a.ttl", "curated", "organisation:a a cg:Curated . cg:Curated a owl:Class .")
    known = Known(Repository(SAMPLE, (shapes, curated), ()))

    assert set(known.terms) == set()
    assert {one.rpartition("/")[2] for one in known.things} == {"a", "ns#Curated"}


EVIDENCE = "source:a a cg:Source ; cg:evidence "
TWELVE = "one two three four five six seven eight nine ten eleven twelve"


@pytest.mark.parametrize(
    ("written", "beyond"),
    [
        pytest.param(f'"{TWELVE}"', None, id="twelve"),
        pytest.param(f'" {TWELVE} "', None, id="blanks-are-no-words"),
        pytest.param(f'"{TWELVE} thirteen fourteen"', "thirteen fourteen", id="fourteen"),
        pytest.param(f"'''{TWELVE}\n one'''", "one", id="on-two-lines"),
        pytest.param(f"''' {TWELVE} one '''", "one", id="blanks-within-quotes"),
        pytest.param(f'"zero\\n{TWELVE} one"', f'"zero\\n{TWELVE} one"', id="escaped"),
    ],
)
def test_the_words_beyond_the_twelfth_are_pointed_at(written: str, beyond: str | None) -> None:
    source = document("data/source/a.ttl", "source/a", f"{EVIDENCE}{written} . organisation:a cg:attestedName 'a' .")

    places = [one.at for one in found_in(source, DESCRIBED) if one.code == "H008"]

    assert [shown(source, place) for place in places] == ([] if beyond is None else [beyond])


def shown(document: Document, place: Place | None) -> str:
    """The text of a place."""
    assert place is not None
    lines = document.parsed.text.split("\n")[place.line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_column - 1]
    return "\n".join(lines)[place.column - 1 :]


DESCRIBED = document(
    "data/organisation/a.ttl",
    "curated",
    "organisation:a a org:Organization .",
)
CLUSTERS = document("data/cluster/a.ttl", "curated", "cluster:a a org:Organization .")


def claims(*statements: str) -> Document:
    """A source with a claim for each of some statements, all of one member in one cluster."""
    common = "a cg:MembershipClaim ; cg:isStatedIn source:a ; org:member organisation:a ; org:organization cluster:a"
    text = "".join(f"claim:a--{number} {common} ; {one} .\n" for number, one in enumerate(statements))
    return document("data/source/a.ttl", "source/a", f"source:a a cg:Source .\n{text}")


@pytest.mark.parametrize(
    ("statements", "twice"),
    [
        pytest.param(["org:role role:member", "org:role role:member"], [1], id="no-period"),
        pytest.param(["org:role role:member", "org:role role:chair"], [], id="roles"),
        pytest.param(["org:role role:member", "org:role role:chair , role:member"], [1], id="one-role-in-common"),
        pytest.param(
            ["org:role role:member", "org:role role:member ; cg:onBehalfOf organisation:a"], [], id="on-behalf-of"
        ),
        pytest.param(["cg:onDate '2012'", "cg:onDate '2013'"], [], id="two-years"),
        pytest.param(["cg:onDate '2012-05'", "cg:onDate '2012'"], [1], id="month-of-the-year"),
        pytest.param(["cg:startDate '2015'", "cg:endDate '2014-12-31'"], [], id="one-ends-before"),
        pytest.param(["cg:startDate '2014-12-31'", "cg:endDate '2014'"], [1], id="one-day-in-common"),
        pytest.param(
            ["cg:startDate '2010' ; cg:endDate '2020'", "cg:onDate '2011'", "cg:onDate '2012'", "cg:onDate '2021'"],
            [1, 2],
            id="two-within-a-long-one",
        ),
    ],
)
def test_a_membership_is_stated_twice_where_periods_meet(statements: list[str], twice: list[int]) -> None:
    source = claims(*statements)

    findings = [one for one in found_in(source, DESCRIBED, CLUSTERS) if one.code == "H009"]

    assert [shown(source, one.at) for one in findings] == [f"claim:a--{number}" for number in twice]
    assert [shown(source, one.related[0].at) for one in findings] == ["claim:a--0"] * len(twice)


@pytest.mark.parametrize("member", ["organisation:b", "cluster:a"])
def test_memberships_of_two_members_are_two(member: str) -> None:
    one = claims("org:role role:member")
    text = one.parsed.text.removeprefix(PROLOGUE)
    more = text.partition("\n")[2].replace("claim:a--0", "claim:a--1").replace("organisation:a", member)

    assert "H009" not in {
        one.code for one in found_in(document("data/source/a.ttl", "source/a", text + more), DESCRIBED)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("source:a a cg:Source .", ["H010"], id="nothing-read"),
        pytest.param("source:a a cg:Source . organisation:a cg:attestedName 'a' .", [], id="plain-triple"),
        pytest.param("source:a a cg:Source . claim:a--b a skos:Concept ; cg:isStatedIn source:a .", [], id="claim"),
    ],
)
def test_a_source_is_used_once_something_was_read_in_it(text: str, expected: list[str]) -> None:
    findings = found_in(document("data/source/a.ttl", "source/a", text), DESCRIBED)

    assert [one.code for one in findings] == expected


@pytest.mark.parametrize(
    ("elsewhere", "orphans"),
    [
        pytest.param("", ["H011"], id="nobody"),
        pytest.param("organisation:a cg:attestedName 'a' .", [], id="as-subject"),
        pytest.param("claim:a--b cg:isStatedIn source:a ; org:member organisation:a .", [], id="as-object"),
        pytest.param("topic:t owl:differentFrom organisation:a .", ["H011"], id="told-apart"),
    ],
)
def test_an_entity_that_no_other_file_speaks_of_is_found(elsewhere: str, orphans: list[str]) -> None:
    source = document("data/source/a.ttl", "source/a", f"source:a a cg:Source . {elsewhere}")

    findings = house_findings(Repository(SAMPLE, (DESCRIBED, source), ()))

    assert [one.code for one in findings if one.code == "H011"] == orphans


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("University of Brescia", "Università degli Studi di Brescia", id="language"),
        pytest.param("Universita' di Brescia", "Università di Brescia", id="accent"),
        pytest.param("SIIT", "Siit S.c.p.a.", id="scpa"),
        pytest.param("Esempio S.p.A.", "Esempio SRL", id="spa-and-srl"),
        pytest.param("Esempio S.c. a r.l.", "ESEMPIO scarl", id="scarl"),
        pytest.param("Consorzio Esempio", "Fondazione Esempio", id="forms-in-front"),
        pytest.param("Esempio Società Consortile a Responsabilità Limitata", "Esempio", id="form-in-full"),
        pytest.param("Lombardy Region", "Regione Lombardia", id="order"),
        pytest.param("Dell\u2019Esempio & figli", "dell'esempio and figli", id="signs"),
        pytest.param("C.N.R.", "CNR", id="dots"),
        pytest.param("Consorzio", "Consorzio", id="nothing-but-a-form"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert same_for(one) == same_for(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Istituto 1", "Istituto 2", id="number"),
        pytest.param("University of Brescia", "University of Bergamo", id="place"),
        pytest.param("Università di Milano", "Politecnico di Milano", id="kind"),
        pytest.param("Consorzio", "Fondazione", id="nothing-but-forms"),
    ],
)
def test_names_that_differ_in_a_word_are_two(one: str, other: str) -> None:
    assert same_for(one) != same_for(other)


def organisation(slug: str, *labels: str, more: str = "") -> Document:
    """A file of an organisation."""
    values = " , ".join(f"'{label}'" for label in labels)
    text = f"organisation:{slug} a org:Organization ;\n skos:prefLabel {values} .\n{more}"
    return document(f"data/organisation/{slug}.ttl", "curated", text)


def test_a_like_name_points_at_both_and_is_told_once_for_a_pair() -> None:
    first, second = organisation("a", "Esempio", "Example"), organisation("b", "Example S.r.l.", "ESEMPIO S.p.A.")

    (finding,) = found_in(first, second)

    assert (finding.code, finding.path, shown(second, finding.at)) == (
        "H012",
        "data/organisation/b.ttl",
        "'Example S.r.l.'",
    )
    (related,) = finding.related
    assert (related.path, shown(first, related.at)) == ("data/organisation/a.ttl", "'Example'")
    assert related.message == {"en": "the name of organisation:a", "it": "il nome di organisation:a"}


def test_a_like_name_is_shown_for_the_file_of_either() -> None:
    (finding,) = found_in(organisation("a", "Esempio"), organisation("b", "ESEMPIO"))
    repository = Repository(SAMPLE, (), ())

    for path in ("data/organisation/bell-foundry.ttl", "data/cluster"):
        assert only_in([finding], repository, [PurePosixPath(path)]) == []
    for path in ("data/organisation/bell-foundry.ttl", "data/organisation/dial-makers.ttl"):
        both = replace(
            finding,
            path="data/organisation/dial-makers.ttl",
            related=(finding.related[0]._replace(path="data/organisation/bell-foundry.ttl"),),
        )
        assert only_in([both], repository, [PurePosixPath(path)]) == [both]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param("", ["b", "c"], id="undecided"),
        pytest.param("organisation:c owl:differentFrom organisation:a .", ["b", "c"], id="one-decided"),
        pytest.param("organisation:c owl:differentFrom organisation:a , organisation:b .", ["b"], id="both-decided"),
    ],
)
def test_two_that_a_curator_has_told_apart_are_two(more: str, expected: list[str]) -> None:
    files = [organisation(slug, "Esempio", more=more if slug == "c" else "") for slug in "abc"]

    findings = [one for one in found_in(*files) if one.code == "H012"]

    assert [one.path for one in findings] == [f"data/organisation/{slug}.ttl" for slug in expected]


def test_a_decision_counts_in_the_file_of_either() -> None:
    decided = "organisation:a owl:differentFrom organisation:b ; cg:decision 'Two.'@en ."

    assert found_in(organisation("a", "Esempio", more=decided), organisation("b", "Esempio")) == []


def test_a_cluster_can_bear_the_name_of_an_organisation_by_mistake_and_an_area_by_right() -> None:
    area = document("data/scheme/a.ttl", "curated", "scheme:a a skos:ConceptScheme ; skos:prefLabel 'Esempio' .")
    cluster = document("data/cluster/a.ttl", "curated", "cluster:a a org:Organization ; skos:altLabel 'Esempio' .")

    findings = found_in(cluster, organisation("b", "Esempio"), area)

    assert [(one.code, one.path) for one in findings] == [("H012", "data/organisation/b.ttl")]


@pytest.mark.parametrize(
    ("property_", "value", "severities"),
    [
        pytest.param("dcterms:issued", "2026-11-22", [], id="that-day"),
        pytest.param("dcterms:issued", "2026-11-23", [VIOLATION], id="next-day"),
        pytest.param("dcterms:issued", "2026-11", [], id="that-month"),
        pytest.param("dcterms:issued", "2026-12", [VIOLATION], id="next-month"),
        pytest.param("dcterms:issued", "2026", [], id="that-year"),
        pytest.param("dcterms:issued", "2027", [VIOLATION], id="next-year"),
        pytest.param("dcterms:issued", "12026", [VIOLATION], id="five-digits"),
        pytest.param("dcterms:issued", "1" * 5_000, [VIOLATION], id="five-thousand-digits"),
        pytest.param("dcterms:issued", "0000", [], id="year-zero"),
        pytest.param("dcterms:issued", "-2027", [], id="before-our-era"),
        pytest.param("cg:onDate", "2027", [WARNING], id="announced"),
        pytest.param("cg:startDate", "2027", [WARNING], id="start"),
        pytest.param("cg:endDate", "2027", [], id="end"),
    ],
)
def test_a_date_lies_in_the_future_after_the_day_of_the_check(
    property_: str, value: str, severities: list[str]
) -> None:
    written = document(
        "data/initiative/a.ttl", "curated", f"initiative:a a cg:Initiative ; {property_} '{value}'^^xsd:gYear ."
    )
    known = Known(Repository(SAMPLE, (written,), ()), date(2026, 11, 22))

    findings = list(RULES["H014"](written, known))

    assert [one.severity for one in findings] == severities


@pytest.mark.parametrize(
    ("value", "shown"),
    [("12345678901-01-01", "12345678901-01-01"), ("1" * 5_000, "1" * 40 + "…"), ("1" * 36 + "-01", "1" * 36 + "-01")],
)
def test_a_date_in_the_future_is_shown_whole_or_said_to_be_cut(value: str, shown: str) -> None:
    written = document("data/initiative/a.ttl", "curated", f"initiative:a dcterms:issued '{value}'^^xsd:date .")

    (finding,) = RULES["H014"](written, Known(Repository(SAMPLE, (written,), ()), date(2026, 11, 22)))

    assert finding.message == {
        "en": f"{shown} is later than 2026-11-22, the day of this check: correct the date",
        "it": f"{shown} è successivo al 2026-11-22, il giorno di questo controllo: correggere la data",
    }


@pytest.mark.parametrize(
    ("epoch", "day"),
    [
        pytest.param("0", date(1970, 1, 1), id="start-of-the-day"),
        pytest.param("35999", date(1970, 1, 1), id="the-last-second-anywhere"),
        pytest.param("36000", date(1970, 1, 2), id="the-next-day-has-begun-somewhere"),
    ],
)
def test_the_day_of_a_build_is_that_of_its_epoch(monkeypatch: pytest.MonkeyPatch, epoch: str, day: date) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    assert day_of_the_build() == day


@pytest.mark.parametrize("epoch", ["yesterday", "9" * 20, "9" * 5000])
def test_an_epoch_that_is_no_moment_is_a_wrong_use(monkeypatch: pytest.MonkeyPatch, epoch: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    with pytest.raises(UsageError) as caught:
        day_of_the_build()

    assert caught.value.detail == (f"SOURCE_DATE_EPOCH is '{epoch[:40]}': give the seconds since 1970, or unset it")


@pytest.mark.parametrize(
    ("path", "graph", "iri", "plain"),
    [
        pytest.param("data/organisation/A.ttl", "curated", "organisation/A", "organisation:a", id="capital"),
        pytest.param("data/cluster/a--b.ttl", "curated", "cluster/a--b", "cluster:a-b", id="two-hyphens"),
        pytest.param("data/cluster/a-.ttl", "curated", "cluster/a-", "cluster:a", id="hyphen-at-the-end"),
        pytest.param("data/cluster/caffè.ttl", "curated", "cluster/caffè", "cluster:caffe", id="accent"),
        pytest.param("data/cluster/caff%C3%A8.ttl", "curated", "cluster/caff%C3%A8", "cluster:caffe", id="encoded"),
        pytest.param(
            "data/cluster/SmartFactory.ttl", "curated", "cluster/SmartFactory", "cluster:smart-factory", id="hump"
        ),
        pytest.param("ontology/b.ttl", "ontology", "role/vice_chair", "role:vice-chair", id="vocabulary"),
        pytest.param("data/scheme/A.ttl", "curated", "area/a--B_c", "area:a--b-c", id="parts"),
    ],
)
def test_a_slug_that_is_not_plain_is_given_a_plain_one(path: str, graph: str, iri: str, plain: str) -> None:
    written = document(path, graph, f"<{ID}{iri}> a skos:Concept .")

    findings = [one for one in found_in(written) if one.code == "H015"]

    assert [shown(written, one.at) for one in findings] == [f"<{ID}{iri}>"]
    assert f"write {plain}" in findings[0].message["en"]
    assert f"scrivere {plain}" in findings[0].message["it"]


def test_a_claim_with_a_slug_that_is_not_plain_is_found_once() -> None:
    source = document("data/source/a.ttl", "source/a", f"source:a a cg:Source . <{ID}claim/a--B> a skos:Concept .")

    assert [one.code for one in found_in(source)] == ["H015"]


@pytest.mark.parametrize("iri", ["area/aerospace", "area/a--b-c", "claim/a--b--c", "cluster/a-1", "nothing/A"])
def test_a_plain_slug_and_what_is_no_thing_of_ours_is_left_alone(iri: str) -> None:
    written = document("ontology/b.ttl", "ontology", f"<{ID}{iri}> a skos:Concept .")

    assert "H015" not in {one.code for one in found_in(written)}


def test_the_place_of_what_was_meant_helps_to_see() -> None:
    source = document("data/source/a.ttl", "source/a", "source:a a cg:Sorce . organisation:bel cg:attestedName 'a' .")
    bell = organisation("bell", "Bell")

    term, thing = (one.related[0] for one in found_in(source, bell))

    assert (term.path, term.message["en"]) == ("ontology/a.ttl", "cg:Source stands here")
    assert (thing.path, thing.message["it"]) == ("data/organisation/bell.ttl", "organisation:bell è qui")
    assert shown(bell, thing.at) == "organisation:bell"


def test_only_names_of_the_same_namespace_are_guessed() -> None:
    nearest = Nearest(["x:a/bell", "x:b/bells", "x:a/zither"])

    assert (nearest.to("x:a/bells"), nearest.to("x:c/bell"), nearest.to("x:a/organ")) == ("x:a/bell", "", "")


def test_a_guess_among_thousands_is_the_most_like() -> None:
    known = [f"x:a/university-of-town-{number}" for number in range(5000)]

    assert Nearest([*known, "x:a/universty-of-brescia"]).to("x:a/university-of-brescia") == "x:a/universty-of-brescia"


def test_a_home_page_with_and_without_https_points_at_the_one_to_keep() -> None:
    pages = "organisation:a foaf:homepage <http://example.org/a> , <https://example.org/a> , <http://example.org/b> ."
    written = organisation("a", "A", more=pages)

    findings = found_in(written)

    assert [(one.severity, shown(written, one.at)) for one in findings] == [
        (VIOLATION, "<http://example.org/a>"),
        (INFO, "<http://example.org/b>"),
    ]
    assert [shown(written, one.at) for one in findings[0].related] == ["<https://example.org/a>"]
