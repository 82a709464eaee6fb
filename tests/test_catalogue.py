"""The catalogue of saved queries against golden answers, and against what the seed documents say.

A golden answer is the CSV of a query with the example values of its parameters, each row of it read by a person next to
the documents. A change of data or wording that changes an answer asks for that reading again. Build, look at the new
answer, then renew the golden one, with a `--param` for each parameter in the header of the query:

    clustergraph query NAME --param PARAMETER=EXAMPLE --format csv > tests/golden/NAME.csv

What the five seed documents say (`SAID`) stays true when further sources are added, so it needs no such renewal.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph.assembly import assemble
from clustergraph.engine import term
from clustergraph.metadata import describe_dataset
from clustergraph.queries import SCALAR_TYPES, Parameter, SavedQuery, load_queries
from clustergraph.repository import read_repository
from clustergraph.terms import compact, expand, graph_iri, sparql_prologue

REPOSITORY: Final = Path(__file__).resolve().parents[1]
GOLDEN: Final = Path(__file__).parent / "golden"
CATALOGUE: Final = load_queries(REPOSITORY / "queries/catalogue")
COUNTED_AS: Final = "urn:x-test:count/another-page--"

QUESTIONS: Final[dict[int, tuple[str, ...]]] = {
    1: ("promoters-of-initiative",),
    2: ("areas-of-scheme",),
    3: ("areas-without-national-cluster",),
    4: ("number-of-clusters",),
    5: ("clusters-of-member",),
    6: ("clusters-without-member",),
    7: ("national-clusters-of-member",),
    8: ("clusters-of-area",),
    9: ("tasks-of-national-clusters",),
    10: ("objectives-of-initiative",),
    11: ("tasks-of-two-kinds",),
    12: ("categories-of-members",),
    13: ("aims-of-cluster",),
    14: ("mentions-of-words",),
    15: ("specialisations-of-cluster",),
    16: ("definition-and-requirements-of-topic",),
    17: ("alignments-with-plans",),
    18: ("recognition-of-clusters",),
    19: ("agreements-of-initiative",),
    20: ("disagreements",),
    21: ("sources", "statements-about-organisation"),
    22: ("definitions-of-cluster",),
    23: ("areas-with-words",),
    24: ("flagship-strategies-of-area",),
}
"""The competency questions that the seed documents answer, by number, and the queries that answer them."""

Rows = list[list[str]]

EIGHT: Final = (
    "agrifood",
    "energy",
    "green-chemistry",
    "life-sciences",
    "living-environments",
    "mobility",
    "smart-communities",
    "smart-factory",
)
MIUR: Final = "source:miur-what-are-clusters"
SIIT: Final = "source:siit-clusters"
GUIDE: Final = "source:open-innovation-lombardy-guide"
BRESCIA: Final = "source:unibs-technology-clusters"
MISSION: Final = "source:cfi-mission"
SEEDS: Final = (SIIT, MIUR, GUIDE, BRESCIA, MISSION)
LOMBARD_MEMBERS: Final = (
    "enterprise",
    "university",
    "research-centre",
    "public-institution",
    "private-institution",
    "other-innovation-actor",
)

SAID: Final[list[tuple[int, str, tuple[str, ...], Iterable[tuple[str, ...]]]]] = [
    (
        1,
        "promoters-of-initiative",
        ("promoter", "date", "programme", "source"),
        [("organisation:miur", "2012", "programme:horizon-2020", one) for one in (MIUR, BRESCIA)],
    ),
    (
        2,
        "areas-of-scheme",
        ("attestedName", "cluster", "hubArea"),
        [
            ("Aerospace", "cluster:national-aerospace", "area:aerospace"),
            ("Agrifood", "cluster:national-agrifood", "area:agrifood"),
            ("Green Chemistry", "cluster:national-green-chemistry", "area:green-chemistry"),
            ("Smart Factory", "cluster:national-smart-factory", "area:smart-factory"),
            ("Means and systems for surface and marine mobility", "cluster:national-mobility", "area:mobility"),
            ("Life Sciences", "cluster:national-life-sciences", "area:life-sciences"),
            (
                "Technologies for Living Environments",
                "cluster:national-living-environments",
                "area:living-environments",
            ),
            ("Technologies for Smart Communities", "cluster:national-smart-communities", "area:smart-communities"),
        ],
    ),
    (3, "areas-without-national-cluster", ("areaName", "cluster"), [("Energy", "cluster:lombardy-energy")]),
    (
        4,
        "number-of-clusters",
        ("date", "number", "source"),
        [("2019-08-12", "9", GUIDE), ("2024-04-26", "9", BRESCIA)],
    ),
    (
        5,
        "clusters-of-member",
        ("cluster", "role", "certainty", "source", "sourceDate"),
        [(f"cluster:lombardy-{one}", "role:member", "certainty:interpreted", BRESCIA, "2024-04-26") for one in EIGHT],
    ),
    (
        6,
        "clusters-without-member",
        ("cluster", "area", "source"),
        [("cluster:lombardy-aerospace", "area:aerospace", BRESCIA)],
    ),
    (
        7,
        "national-clusters-of-member",
        ("cluster", "attestedName", "represented", "certainty"),
        [
            (
                "cluster:national-smart-communities",
                "Smart Communities Technologies Cluster",
                "organisation:liguria-region",
                "certainty:stated",
            ),
            (
                "cluster:national-smart-factory",
                "Smart Factory Cluster",
                "organisation:liguria-region",
                "certainty:stated",
            ),
            ("cluster:national-mobility", "", "organisation:liguria-region", "certainty:interpreted"),
        ],
    ),
    (
        8,
        "clusters-of-area",
        ("cluster", "level", "match", "source"),
        [
            ("cluster:national-mobility", "level:national", "skos:broadMatch", MIUR),
            ("cluster:lombardy-mobility", "level:regional", "skos:exactMatch", GUIDE),
            ("cluster:lombardy-mobility", "level:regional", "skos:exactMatch", BRESCIA),
        ],
    ),
    (
        9,
        "tasks-of-national-clusters",
        ("position", "evidence"),
        [
            ("1", "Lead the process of strategic positioning of our production system"),
            ("2", "Welcome, in a coordinated and organic way, the best experiences and skills"),
            ("3", "create synergies between different industrial sectors"),
            ("4", "promote stable connection and interaction"),
            ("5", "enhance strategic programmes of research, technological development and innovation"),
            ("6", "create the conditions for improving the capacity"),
        ],
    ),
    (
        10,
        "objectives-of-initiative",
        ("position", "evidence"),
        [
            ("1", "simultaneously mobilize the excellences of the industrial system"),
            ("2", "promote the sharing and transfer of knowledge and skills"),
            ("3", "optimize the use of public and available economic resources"),
            ("4", "improve the ability to attract investment and talent"),
            ("5", "promote sustainable economic growth of the regions"),
            ("6", "play an important role at European and international level"),
            ("7", "enhance Made in Italy"),
        ],
    ),
    (
        11,
        "tasks-of-two-kinds",
        ("owner", "position", "source"),
        [
            *(("cluster-kind:lombard", str(number), GUIDE) for number in range(1, 7)),
            *(("cluster-kind:national", str(number), MIUR) for number in range(1, 7)),
        ],
    ),
    (
        12,
        "categories-of-members",
        ("source", "owner", "category"),
        [
            *(
                (SIIT, "cluster-kind:technology-cluster", f"member-category:{one}")
                for one in (
                    "enterprise",
                    "university",
                    "public-research-institution",
                    "private-research-institution",
                    "other-innovation-actor",
                    "financial-actor",
                    "technology-district",
                )
            ),
            *(
                (MIUR, "cluster-kind:national", f"member-category:{one}")
                for one in (
                    "enterprise",
                    "university",
                    "public-research-institution",
                    "private-research-institution",
                    "start-up-incubator",
                    "other-innovation-actor",
                )
            ),
            *((GUIDE, "cluster-kind:lombard", f"member-category:{one}") for one in LOMBARD_MEMBERS),
            *((BRESCIA, "cluster-kind:lombard", f"member-category:{one}") for one in LOMBARD_MEMBERS),
            *(
                (MISSION, "cluster:national-smart-factory", f"member-category:{one}")
                for one in ("enterprise", "university", "research-body", "association", "territorial-authority")
            ),
        ],
    ),
    (
        13,
        "aims-of-cluster",
        ("aimKind", "position"),
        [
            *(("cg:MissionAim", str(number)) for number in range(1, 4)),
            *(("cg:StrategicTarget", str(number)) for number in range(1, 6)),
            *(("cg:Activity", str(number)) for number in range(1, 7)),
        ],
    ),
    (
        14,
        "mentions-of-words",
        ("subject", "source"),
        [
            ("cluster-kind:national", MIUR),
            ("initiative:national-clusters-2012", MIUR),
            ("cluster-kind:lombard", GUIDE),
            ("cluster:national-smart-factory", SIIT),
            ("cluster:national-smart-factory", MISSION),
            ("cluster-kind:technology-cluster", SIIT),
        ],
    ),
    (
        15,
        "specialisations-of-cluster",
        ("start", "textEn", "textIt"),
        [
            ("2018", "Mobility and logistics", "Mobilità e logistica"),
            ("2018", "Security", "Sicurezza"),
            ("2018", "Smart city", "Smart city"),
        ],
    ),
    (
        16,
        "definition-and-requirements-of-topic",
        ("aspect", "evidence"),
        [
            ("aspect:definition", "place or territorial context in which"),
            ("aspect:requirement", "environmental, social and economic sustainability"),
        ],
    ),
    (
        17,
        "alignments-with-plans",
        ("subject", "owner", "plan", "source"),
        [
            ("initiative:national-clusters-2012", "", "programme:horizon-2020", MIUR),
            ("initiative:national-clusters-2012", "", "programme:horizon-2020", BRESCIA),
            ("aim:miur-what-are-clusters--task-5", "cluster-kind:national", "programme:horizon-2020", MIUR),
            ("aim:miur-what-are-clusters--task-5", "cluster-kind:national", "strategy:snsi", MIUR),
            ("strategy:s3-lombardy", "", "strategy:europe-2020", GUIDE),
            ("strategy:s3-lombardy", "", "strategy:europe-2020", BRESCIA),
        ],
    ),
    (
        18,
        "recognition-of-clusters",
        ("authority", "strategy", "clusters", "source"),
        [("organisation:lombardy-region", "strategy:s3-lombardy", "9", one) for one in (GUIDE, BRESCIA)],
    ),
    (
        19,
        "agreements-of-initiative",
        ("agreement", "party", "source"),
        [("agreement:regions-miur", one, MIUR) for one in ("organisation:miur", "topic:regional-administrations")],
    ),
    (
        21,
        "sources",
        ("source", "publisher", "sourceDate"),
        [
            (SIIT, "organisation:siit", ""),
            (MIUR, "organisation:miur-research-directorate", ""),
            (GUIDE, "organisation:lombardy-region", "2019-08-12"),
            (BRESCIA, "organisation:university-of-brescia", "2024-04-26"),
            (MISSION, "cluster:national-smart-factory", ""),
        ],
    ),
    (
        21,
        "statements-about-organisation",
        ("says", "value", "certainty", "publisher"),
        [
            ("cg:attestedName", "SIIT District", "certainty:stated", "organisation:siit"),
            ("cg:MembershipClaim", "cluster:national-smart-communities", "certainty:stated", "organisation:siit"),
            ("cg:MembershipClaim", "cluster:national-smart-factory", "certainty:stated", "organisation:siit"),
            ("cg:MembershipClaim", "cluster:national-mobility", "certainty:interpreted", "organisation:siit"),
            ("cg:Count", "3 memberships", "certainty:stated", "organisation:siit"),
            (
                "cg:Characterisation",
                "SIIT is one of the technology districts that may take part in clusters.",
                "certainty:interpreted",
                "organisation:siit",
            ),
        ],
    ),
    (
        22,
        "definitions-of-cluster",
        ("kind", "evidence", "source"),
        [
            ("cluster-kind:technology-cluster", "organized aggregations of companies, universities", SIIT),
            ("cluster-kind:national", "broad and inclusive networks", MIUR),
            (
                "cluster-kind:technology-cluster",
                "networks of various associations of public and private entities",
                BRESCIA,
            ),
        ],
    ),
    (23, "areas-with-words", ("area",), [("area:life-sciences",), ("area:living-environments",)]),
    (
        24,
        "flagship-strategies-of-area",
        ("strategy", "source"),
        [("strategy:s3-lombardy", GUIDE), ("strategy:s3-lombardy", BRESCIA)],
    ),
]
"""What the seed documents answer, from their text: question, query, columns, and rows that the answer must have."""


@pytest.fixture(scope="module")
def store() -> ox.Store:
    """The dataset as the build publishes it."""
    repository = read_repository(REPOSITORY)
    assembly = assemble(repository)
    assembly.add("metadata", list(describe_dataset(repository, assembly)))
    return assembly.store


def _solutions(store: ox.Store, query: str, bindings: dict[str, str] | None = None) -> ox.QuerySolutions:
    substitutions = {ox.Variable(name): term(text) for name, text in (bindings or {}).items()}
    result = store.query(query, substitutions=substitutions or None)  # type: ignore[arg-type]
    assert isinstance(result, ox.QuerySolutions)
    return result


def _csv(store: ox.Store, query: SavedQuery, bindings: dict[str, str]) -> str:
    written = _solutions(store, query.text, bindings).serialize(format=ox.QueryResultsFormat.CSV)
    assert written is not None
    return written.decode()


def _rows(text: str) -> Rows:
    return list(csv.reader(io.StringIO(text, newline="")))


def _answer(store: ox.Store, query: SavedQuery) -> Rows:
    """The header and rows of a query with the example values of its parameters."""
    return _rows(_csv(store, query, query.bindings(query.examples)))


def _golden(query: SavedQuery) -> Rows:
    return _rows((GOLDEN / f"{query.name}.csv").read_bytes().decode())


def _columns(answer: Rows, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Some columns of an answer, IRIs as prefixed names."""
    places = [answer[0].index(name) for name in names]
    return [tuple(_shown(row[place]) for place in places) for row in answer[1:]]


def _shown(cell: str) -> str:
    return compact(cell) if cell.startswith(("https://w3id.org/", "http://www.w3.org/")) else cell


def _unknown(parameter: Parameter) -> str:
    return "zzzz" if parameter.type in SCALAR_TYPES else "nobody-has-this-slug"


def _with_default_graph(quads: Iterable[ox.Quad]) -> ox.Store:
    """A store of named graphs and, as the default graph, their merge."""
    store = ox.Store()
    for quad in quads:
        store.add(quad)
        store.add(ox.Quad(quad.subject, quad.predicate, quad.object))
    return store


def _named(store: ox.Store) -> list[ox.Quad]:
    return [quad for quad in store if not isinstance(quad.graph_name, ox.DefaultGraph)]


def _graph_of(quad: ox.Quad) -> str:
    assert isinstance(quad.graph_name, ox.NamedNode)
    return quad.graph_name.value


def _copy(quad: ox.Quad) -> ox.Quad:
    return ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(f"{_graph_of(quad)}-copy"))


def _is_of_source(quad: ox.Quad) -> bool:
    return _graph_of(quad).startswith(graph_iri("source/"))


@pytest.fixture(scope="module")
def doubled(store: ox.Store) -> ox.Store:
    """The dataset with a second graph for each source, of the same triples."""
    named = _named(store)
    return _with_default_graph([*named, *(_copy(quad) for quad in named if _is_of_source(quad))])


@pytest.fixture(scope="module")
def with_further_sources(store: ox.Store) -> ox.Store:
    """The dataset with one more source for each seed document, which says the same under another name."""
    named = _named(store)
    slugs = [one.removeprefix("source:") for one in SEEDS]
    return _with_default_graph(
        [*named, *(_retold(quad, slug) for slug in slugs for quad in named if slug in str(quad))]
    )


def _retold(quad: ox.Quad, slug: str) -> ox.Quad:
    """The quad with another slug for a source, in its graph, its claims and all that is said of them."""
    other: ox.Quad
    (other,) = ox.parse(str(quad).replace(slug, f"another-{slug}") + " .", ox.RdfFormat.N_QUADS)
    return other


@pytest.fixture(scope="module")
def loaded_backwards(store: ox.Store) -> ox.Store:
    """The dataset with its quads added in the opposite order."""
    return _with_default_graph(sorted(_named(store), key=str, reverse=True))


EVERY_QUERY = pytest.mark.parametrize("query", CATALOGUE.values(), ids=list(CATALOGUE))
EVERY_PARAMETER = pytest.mark.parametrize(
    ("query", "parameter"),
    [
        pytest.param(query, parameter, id=f"{query.name}-{parameter.name}")
        for query in CATALOGUE.values()
        for parameter in query.parameters
    ],
)


def test_the_queries_and_the_golden_answers_have_the_same_names() -> None:
    names = sorted(path.stem for path in GOLDEN.glob("*.csv"))

    assert names == sorted(CATALOGUE)


def test_each_competency_question_of_the_seeds_has_a_query_of_the_catalogue() -> None:
    missing = [name for names in QUESTIONS.values() for name in names if name not in CATALOGUE]

    assert sorted(QUESTIONS) == list(range(1, 25))
    assert missing == []


def test_no_two_titles_or_questions_are_the_same() -> None:
    texts = [text for query in CATALOGUE.values() for text in (query.title, query.asks["en"], query.asks["it"])]

    assert sorted(texts) == sorted(set(texts))


@EVERY_QUERY
def test_a_query_asks_one_question_in_each_language(query: SavedQuery) -> None:
    assert query.asks["en"].endswith("?")
    assert query.asks["it"].endswith("?")
    assert query.asks["en"] != query.asks["it"]
    assert not query.title.endswith((".", "?"))


@EVERY_QUERY
def test_the_columns_of_the_header_are_those_of_the_answer(store: ox.Store, query: SavedQuery) -> None:
    variables = [one.value for one in _solutions(store, query.text).variables]

    assert variables == list(query.columns)


@EVERY_PARAMETER
def test_a_parameter_is_a_column_too(query: SavedQuery, parameter: Parameter) -> None:
    assert parameter.name in query.columns


@EVERY_QUERY
def test_the_answer_is_the_golden_one_row_by_row(store: ox.Store, query: SavedQuery) -> None:
    assert _answer(store, query) == _golden(query)


@EVERY_QUERY
def test_the_example_values_give_an_answer_without_repeated_rows(store: ox.Store, query: SavedQuery) -> None:
    rows = _answer(store, query)[1:]

    assert rows
    assert sorted(map(tuple, rows)) == sorted(set(map(tuple, rows)))


@EVERY_QUERY
def test_the_order_of_an_answer_does_not_depend_on_the_order_of_loading(
    store: ox.Store, loaded_backwards: ox.Store, query: SavedQuery
) -> None:
    assert _answer(loaded_backwards, query) == _answer(store, query)


@EVERY_PARAMETER
def test_a_value_that_nothing_has_gives_no_rows(store: ox.Store, query: SavedQuery, parameter: Parameter) -> None:
    values = {**query.examples, parameter.name: _unknown(parameter)}

    rows = _rows(_csv(store, query, query.bindings(values)))[1:]

    assert rows == []


@EVERY_QUERY
def test_binding_a_parameter_picks_rows_from_the_answer_for_all_values(store: ox.Store, query: SavedQuery) -> None:
    """What a user sees who runs the text of a query without values, and then looks for one."""
    bound = query.bindings({one.name: one.example for one in query.parameters})
    entities = {one.name: bound[one.name].strip("<>") for one in query.parameters if one.type not in SCALAR_TYPES}
    texts = {one.name: bound[one.name] for one in query.parameters if one.type in SCALAR_TYPES}

    header, *rows = _rows(_csv(store, query, texts))
    picked = [row for row in rows if all(row[header.index(name)] == iri for name, iri in entities.items())]

    assert picked == _answer(store, query)[1:]


@EVERY_QUERY
def test_reading_every_source_twice_changes_no_answer(store: ox.Store, doubled: ox.Store, query: SavedQuery) -> None:
    assert _answer(doubled, query) == _answer(store, query)


def test_the_second_reading_doubles_the_graphs_and_leaves_the_merge_as_it_was(
    store: ox.Store, doubled: ox.Store
) -> None:
    of_sources = [quad for quad in _named(store) if _is_of_source(quad)]

    assert of_sources
    assert len(_named(doubled)) == len(_named(store)) + len(of_sources)
    assert _merge(doubled) == _merge(store)


def _merge(store: ox.Store) -> set[str]:
    return {str(quad.triple) for quad in store.quads_for_pattern(None, None, None, ox.DefaultGraph())}


def test_the_default_graph_is_the_merge_of_all_graphs_as_a_set(store: ox.Store) -> None:
    counted = next(_solutions(store, "SELECT (COUNT(*) AS ?triples) WHERE { ?s ?p ?o }"))["triples"]

    distinct = {str(quad.triple) for quad in _named(store)}

    assert isinstance(counted, ox.Literal)
    assert int(counted.value) == len(distinct)
    assert len(distinct) < len(_named(store))


def test_what_two_sources_state_counts_once_in_the_default_graph(store: ox.Store) -> None:
    pattern = "cluster:lombardy-energy cg:hasFocusArea area:lombardy-ctl--energy"
    once, twice = (
        next(_solutions(store, f"{sparql_prologue()}SELECT (COUNT(*) AS ?n) WHERE {{ {where} }}"))["n"]
        for where in (pattern, f"GRAPH ?graph {{ {pattern} }}")
    )

    assert isinstance(once, ox.Literal)
    assert isinstance(twice, ox.Literal)
    assert (once.value, twice.value) == ("1", "2")


EVERY_SAYING = pytest.mark.parametrize(
    ("question", "name", "columns", "rows"), [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in SAID]
)


@EVERY_SAYING
def test_the_answer_has_what_the_documents_say(
    store: ox.Store, question: int, name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    answer = _columns(_answer(store, CATALOGUE[name]), columns)

    assert name in QUESTIONS[question]
    assert sorted(set(rows) - set(answer)) == []


@EVERY_SAYING
def test_the_answer_still_has_it_when_further_sources_say_the_same(
    with_further_sources: ox.Store, question: int, name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    answer = _columns(_answer(with_further_sources, CATALOGUE[name]), columns)

    assert name in QUESTIONS[question]
    assert sorted(set(rows) - set(answer)) == []


def test_every_question_but_that_on_disagreements_is_checked_against_the_documents() -> None:
    checked = {(question, name) for question, name, _, _ in SAID}

    assert checked == {(number, name) for number, names in QUESTIONS.items() for name in names if number != 20}


def test_mission_comes_before_targets_and_targets_before_activities(store: ox.Store) -> None:
    kinds = [kind for (kind,) in _columns(_answer(store, CATALOGUE["aims-of-cluster"]), ("aimKind",))]

    assert list(dict.fromkeys(kinds)) == ["cg:MissionAim", "cg:StrategicTarget", "cg:Activity"]
    assert kinds == sorted(kinds, key=["cg:MissionAim", "cg:StrategicTarget", "cg:Activity"].index)


def _disagreements(store: ox.Store, kind: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Some columns of the rows of one kind."""
    answer = _columns(_answer(store, CATALOGUE["disagreements"]), ("kind", *columns))
    return [row[1:] for row in answer if row[0] == kind]


def _new_disagreements(
    store: ox.Store, quads: Iterable[ox.Quad], kind: str, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    """Those that there are only when the quads are added."""
    before = _disagreements(store, kind, columns)
    after = _disagreements(_with_default_graph([*_named(store), *quads]), kind, columns)
    return [row for row in after if row not in before]


def _lists(store: ox.Store, what: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """By two seed documents: what the first alone lists, of what it speaks, and the same for the second."""
    columns = ("what", "firstSource", "secondSource", "first", "firstOf", "second", "secondOf")
    rows = [row[1:] for row in _disagreements(store, "lists", columns) if row[0] == what]
    return {(first, second): tuple(said) for first, second, *said in rows if {first, second} <= set(SEEDS)}


def test_a_disagreement_is_one_of_four_kinds_and_between_two_sources(store: ox.Store) -> None:
    answer = _columns(_answer(store, CATALOGUE["disagreements"]), ("kind", "firstSource", "secondSource"))

    assert {kind for kind, _, _ in answer} <= {"figures", "dates", "lists", "names"}
    assert [row for row in answer if row[1] == row[2]] == []


def test_only_the_list_of_the_ministry_lacks_energy_and_it_is_of_national_clusters(store: ox.Store) -> None:
    """Eight areas against nine: trap 1 of the seed documents."""
    said = ("", "cluster-kind:national", "Energy", "cluster-kind:lombard")

    assert _lists(store, "cg:hasFocusArea") == {(MIUR, GUIDE): said, (MIUR, BRESCIA): said}


def test_each_kind_of_member_that_one_source_alone_lists_is_a_disagreement(store: ox.Store) -> None:
    """Trap 9 of the seed documents."""
    pairs = _lists(store, "cg:hasMemberCategory")

    assert pairs[MIUR, SIIT] == (
        "start-up incubator",
        "cluster-kind:national",
        "financial actor; technology district",
        "cluster-kind:technology-cluster",
    )
    assert pairs[MISSION, SIIT] == (
        "association; research body; territorial authority",
        "cluster:national-smart-factory",
        "financial actor; other innovation actor; private research institution; public research institution; "
        "technology district",
        "cluster-kind:technology-cluster",
    )
    assert (GUIDE, BRESCIA) not in pairs
    assert len(pairs) == 9


@pytest.mark.parametrize(
    ("owners", "scope"),
    [
        pytest.param(("cluster:lombardy-energy",), "cluster:lombardy-energy", id="one-cluster"),
        pytest.param(("cluster-kind:lombard",), "cluster-kind:lombard", id="one-kind"),
        pytest.param(
            ("cluster:lombardy-energy", "cluster:lombardy-mobility"), "cluster-kind:lombard", id="clusters-of-one-kind"
        ),
        pytest.param(
            ("cluster:lombardy-energy", "cluster-kind:lombard"), "cluster-kind:lombard", id="a-kind-and-one-of-it"
        ),
        pytest.param(
            ("cluster:lombardy-energy", "cluster:national-mobility"),
            "cluster-kind:technology-cluster",
            id="clusters-of-two-kinds",
        ),
    ],
)
def test_a_list_speaks_of_its_one_owner_else_of_the_one_kind_of_its_owners_else_of_clusters_in_general(
    store: ox.Store, owners: tuple[str, ...], scope: str
) -> None:
    listed = [_said(MISSION, owner, "cg:hasFocusArea", _iri("area:lombardy-ctl--energy")) for owner in owners]

    new = _new_disagreements(store, listed, "lists", ("first", "firstOf", "firstSource", "secondOf", "secondSource"))

    assert new == [
        ("Energy", scope, MISSION, "cluster-kind:national", MIUR),
        ("", scope, MISSION, "cluster-kind:lombard", GUIDE),
        ("", scope, MISSION, "cluster-kind:lombard", BRESCIA),
    ]


@pytest.mark.parametrize(
    ("source", "thing", "name", "disagrees"),
    [
        pytest.param(MISSION, "cluster:lombardy-energy", '"Power"@en', True, id="another-source"),
        pytest.param(BRESCIA, "cluster:lombardy-energy", '"Power"@en', False, id="same-source"),
        pytest.param(MISSION, "cluster:lombardy-energy", '"Elettricità"@it', False, id="another-language"),
        pytest.param(MISSION, "cluster:lombardy-aerospace", '"Power"@en', False, id="another-thing"),
        pytest.param(MISSION, "cluster:lombardy-energy", '"Energy Cluster"@en', False, id="longer-form"),
    ],
)
def test_two_names_disagree_in_two_sources_in_one_language_and_for_one_thing(
    store: ox.Store, source: str, thing: str, name: str, disagrees: bool
) -> None:
    called = _said(source, thing, "cg:attestedName", term(name))

    new = _new_disagreements(
        store, [called], "names", ("subject", "first", "firstOf", "firstSource", "second", "secondOf", "secondSource")
    )

    assert new == ([(thing, "Power", thing, MISSION, "Energy", thing, BRESCIA)] if disagrees else [])


def _iri(name: str) -> ox.NamedNode:
    return ox.NamedNode(expand(name))


def _said(source: str, subject: str, predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Quad:
    """A plain statement in the graph of a source."""
    return ox.Quad(_iri(subject), _iri(predicate), value, _iri(source.replace("source:", "source-graph:")))


def _figure(source: str, number: int, date: str) -> list[ox.Quad]:
    """A count of Lombard clusters by a source, in its graph; the date as a literal in N-Triples syntax, or empty."""
    count = ox.NamedNode(f"{COUNTED_AS}{number}")
    said: dict[str, ox.NamedNode | ox.Literal] = {
        "rdf:type": ox.NamedNode(expand("cg:Count")),
        "cg:isCountOf": ox.NamedNode(expand("cluster-kind:lombard")),
        "cg:ofWhat": ox.NamedNode(expand("countable:clusters")),
        "cg:value": ox.Literal(number),
        "cg:isStatedIn": ox.NamedNode(expand(source)),
        "cg:hasCertainty": ox.NamedNode(expand("certainty:stated")),
    }
    if date:
        said["cg:onDate"] = term(date)
    graph = ox.NamedNode(expand(source.replace("source:", "source-graph:")))
    return [ox.Quad(count, ox.NamedNode(expand(name)), value, graph) for name, value in said.items()]


@pytest.mark.parametrize(
    ("number", "date", "disagrees_with"),
    [
        pytest.param(10, '"2024-04-26"^^<http://www.w3.org/2001/XMLSchema#date>', [BRESCIA], id="same-day"),
        pytest.param(10, '"2024"^^<http://www.w3.org/2001/XMLSchema#gYear>', [BRESCIA], id="year-of-that-day"),
        pytest.param(10, '"2023"^^<http://www.w3.org/2001/XMLSchema#gYear>', [], id="another-year"),
        pytest.param(10, "", [GUIDE, BRESCIA], id="undated"),
        pytest.param(9, "", [], id="same-figure"),
    ],
)
def test_two_figures_disagree_unless_they_are_equal_or_for_different_dates(
    store: ox.Store, number: int, date: str, disagrees_with: list[str]
) -> None:
    columns = ("subject", "what", "first", "second", "secondSource")

    new = _new_disagreements(store, _figure(MISSION, number, date), "figures", columns)

    expected = [("cluster-kind:lombard", "countable:clusters", str(number), "9", one) for one in disagrees_with]
    assert new == expected


@pytest.mark.parametrize(
    ("date", "disagrees"),
    [
        pytest.param('"2013"^^<http://www.w3.org/2001/XMLSchema#gYear>', True, id="another-year"),
        pytest.param('"2012-05-30"^^<http://www.w3.org/2001/XMLSchema#date>', False, id="a-day-of-that-year"),
    ],
)
def test_two_dates_disagree_unless_one_is_within_the_other(store: ox.Store, date: str, disagrees: bool) -> None:
    said = _said(MISSION, "initiative:national-clusters-2012", "cg:onDate", term(date))

    new = _new_disagreements(store, [said], "dates", ("what", "second", "secondSource"))

    assert new == ([("cg:onDate", "2012", MIUR), ("cg:onDate", "2012", BRESCIA)] if disagrees else [])


@pytest.mark.parametrize("name", ["areas-with-words", "mentions-of-words"])
@pytest.mark.parametrize("words", ["h(e)[el][al]+", "(healt)h", "[", "(", "c++", "a{9999}", "\\", "^*"])
def test_words_are_no_regular_expression(store: ox.Store, name: str, words: str) -> None:
    query = CATALOGUE[name]

    answer = _rows(_csv(store, query, query.bindings({"words": f"{words} of nobody"})))

    assert answer == [[*query.columns]]


@pytest.mark.parametrize(("words", "has_rows"), [("health", True), ("nobody|health", True), ("(h)ealth", False)])
def test_bars_divide_words(store: ox.Store, words: str, has_rows: bool) -> None:
    query = CATALOGUE["areas-with-words"]

    answer = _rows(_csv(store, query, query.bindings({"words": words})))

    assert (len(answer) > 1) == has_rows
