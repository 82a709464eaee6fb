"""The pages of docs/ say what the tables of the code say."""

import json
import re
import shutil
import textwrap
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from pyoxigraph import QuerySolutions, Store

from clustergraph import settings
from clustergraph.checking import check
from clustergraph.fixes import FIXERS
from clustergraph.formats import ALIASES, GRAPH_FORMATS, RESULT_FORMATS
from clustergraph.formatting import SENTENCES as OF_FORM
from clustergraph.jobs import CAUSES
from clustergraph.reading.faults import SENTENCES as OF_TEXT
from clustergraph.repository import read_repository
from clustergraph.rules import RULES, TITLES
from clustergraph.shacl.sentences import CODES, CUSTOM, SHAPE_FAULTS
from clustergraph.shacl.sentences import SENTENCES as OF_SHAPES
from clustergraph.sheets.sentences import SENTENCES as OF_SHEETS
from clustergraph.suppressions import TITLES as OF_COMMENTS
from clustergraph.terms import ONTOLOGY, compact, sparql_prologue
from clustergraph.web import catalogue, entities, operations, pages, sparql, validation, vocabulary
from clustergraph.web.limits import FIXED
from clustergraph.web.metrics import METRICS, PHASES
from clustergraph.web.problems import BY_STATUS, PROBLEMS
from clustergraph.web.querylog import QueryLog, Record

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r'"([TH]\d{3})"')


def rows(page: str, pattern: str) -> list[tuple[str, ...]]:
    """The rows of the tables of a page whose first cell fits a pattern, cells stripped."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if line[:1] == "|"
    ]
    return [row for row in cells if re.fullmatch(pattern, row[0])]


def test_every_house_rule_has_a_row_that_says_what_it_asks() -> None:
    assert [(row[0], row[1]) for row in rows("rules.md", r"H\d{3}")] == [
        *((code, TITLES[code]) for code in RULES),
        *OF_COMMENTS.items(),
    ]


def shown(sentence: str) -> str:
    """A sentence with a dash where a value comes."""
    return re.sub(r"\{\w+\}", "…", sentence)


def test_every_constraint_component_has_a_row() -> None:
    components = {code: f"`sh:{iri.rpartition('#')[2]}`" for iri, code in CODES.items()} | {CUSTOM: "any other"}

    assert rows("rules.md", r"C\d{3}") == [
        (code, components[code], shown(OF_SHAPES[code]["en"])) for code in sorted(components)
    ]


def test_every_code_that_can_be_mended_has_a_row() -> None:
    assert sorted(row[0].strip("`") for row in rows("rules.md", r"`[THC]\d{3}`")) == sorted({*FIXERS, "C028"})


def test_every_fault_of_a_shape_has_a_row() -> None:
    assert [row[:2] for row in rows("rules.md", r"S\d{3}")] == [
        (code, shown(one["en"])) for code, one in SHAPE_FAULTS.items() if " " not in code
    ]


def test_every_code_about_text_that_is_given_has_a_row() -> None:
    of_files = {
        code for path in (ROOT / "src/clustergraph").glob("*.py") for code in CODE.findall(path.read_text("utf-8"))
    }
    given = {code for code in of_files if code.startswith("T")} | OF_TEXT.keys()

    assert [row[0] for row in rows("rules.md", r"T\d{3}")] == sorted(given)
    assert {row[0]: row[1] for row in rows("rules.md", r"T\d{3}") if row[0] in OF_TEXT} == {
        code: shown(one["en"]) for code, one in OF_TEXT.items()
    }


def test_every_code_about_form_and_about_sheets_has_a_row() -> None:
    assert [row[:2] for row in rows("rules.md", r"[FI]\d{3}")] == [
        (code, shown(one["en"])) for code, one in (OF_FORM | OF_SHEETS).items()
    ]


def test_every_knob_of_the_server_has_a_row_with_its_default() -> None:
    expected = [
        (f"`--{name.replace('_', '-')}`", "empty" if default == "" else f"`{default}`", text)
        for name, _kind, default, text in settings.described()
        if name != "dist"
    ]

    assert rows("operations.md", r"`--[a-z-]+`") == expected


def test_every_metric_has_a_row_with_its_kind_and_labels() -> None:
    expected = [
        (f"`{one.told}`", one.kind, ", ".join(f"`{label}`" for label in one.labels) or "–", one.text) for one in METRICS
    ]

    assert rows("operations.md", r"`clustergraph_\w+`") == expected


def test_the_page_of_operations_names_every_member_of_a_line_of_the_query_log(tmp_path: Path) -> None:
    log = QueryLog(str(tmp_path / "log"), with_text=True)
    log.write(Record("ASK {}", "ASK", "json", 200, "answered", dict.fromkeys(PHASES, 0.0), 1, cached=False, dataset=""))
    log.flush()

    cells = [row[0] for row in rows("operations.md", r"`\w+`(?:, `\w+`)*") if not row[0].startswith("`clustergraph_")]

    assert re.findall(r"\w+", " ".join(cells)) == list(json.loads((tmp_path / "log").read_text(encoding="ascii")))


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_a_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]

    assert [target for target in targets if not (ROOT / "docs" / target).exists()] == []


def test_contributing_names_only_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|docs|ontology|shapes|queries|data)/[\w./*-]+)`(?!:)", text)

    assert [one for one in named if not any(ROOT.glob(one.rstrip("/")))] == []


def terms(store: Store, *types: str) -> list[tuple[str, str, str]]:
    """(compact IRI, label, definition) of each term of ours of these OWL types, in English, in IRI order."""
    values = " ".join(f"owl:{one}" for one in types)
    query = f"""SELECT DISTINCT ?term ?label ?definition {{
        VALUES ?type {{ {values} }}
        ?term a ?type ; rdfs:isDefinedBy <{ONTOLOGY}> ; rdfs:label ?label ; skos:definition ?definition .
        FILTER(LANG(?label) = "en" && LANG(?definition) = "en") }} ORDER BY ?term"""
    solutions = store.query(sparql_prologue() + query)
    assert isinstance(solutions, QuerySolutions)
    return [(f"`{compact(s[0].value)}`", s[1].value, s[2].value) for s in solutions]


def test_the_page_of_the_data_model_lists_every_class_and_property(curated_store: Store) -> None:
    classes = terms(curated_store, "Class")
    properties = terms(curated_store, "ObjectProperty", "DatatypeProperty", "AnnotationProperty")

    assert rows("data-model.md", r"`cg:\w+`") == classes + properties
    assert len(classes) > 20, "the test has lost its subject"


def test_the_page_of_the_interface_lists_every_route_there_is() -> None:
    routes = {
        route.path.replace(":path}", "}")
        for module in (sparql, entities, vocabulary, catalogue, pages, validation, operations)
        for route in module.router.routes
        if isinstance(route, APIRoute)
    }

    routes.add("/openapi.json")  # made by the application from all of them
    assert {row[0].strip("`") for row in rows("http-api.md", r"`/\S*`")} == routes


def test_the_page_of_the_interface_lists_the_formats_in_our_order() -> None:
    expected = [
        (kind, ", ".join(f"`{one.media_type}`" for one in formats), ", ".join(f"`{one.name}`" for one in formats))
        for kind, formats in (("SELECT, ASK", RESULT_FORMATS), ("CONSTRUCT, DESCRIBE", GRAPH_FORMATS))
    ]

    assert rows("http-api.md", r"SELECT, ASK|CONSTRUCT, DESCRIBE") == expected


def test_the_page_of_the_interface_lists_every_short_name_of_a_format() -> None:
    text = (ROOT / "docs/http-api.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"^`format=` takes the usual short names too: (.*)\.$", text, re.MULTILINE)

    assert named == ", ".join(f"`{one}`" for one in ALIASES)


def test_the_page_of_operations_says_what_each_cause_of_a_kill_is() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (causes,) = re.findall(
        r"^The causes of `clustergraph_worker_kills_total`: (.*?)\n\n", text, re.MULTILINE | re.DOTALL
    )

    assert tuple(re.findall(r"`(\w+)`,", causes)) == CAUSES


def test_the_page_of_operations_names_each_limit_that_is_fixed_in_the_code() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (paragraph,) = re.findall(r"^Beside these, fixed in the code: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    named = [one.replace(",", "") for one in re.findall(r"\b\d[\d,]*\b", paragraph)]

    statuses = ["0", "503"]  # of the process, and of HTTP
    assert sorted(named) == sorted([*(f"{one.value:.0f}" for one in FIXED), *statuses])


def test_the_page_of_the_interface_lists_every_kind_of_error() -> None:
    known = {(str(one.status), f"`{one.name}`", one.title) for one in (*PROBLEMS.values(), *BY_STATUS.values())}

    assert rows("http-api.md", r"\d{3}") == sorted(known)


def test_the_files_to_copy_of_contributing_are_clean(tmp_path: Path) -> None:
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    examples = re.findall(r"`(data/\S+\.ttl)`:\n\n((?:    .*\n|\n)+)", text)
    before = check(read_repository(tmp_path)).findings
    for path, block in examples:
        (tmp_path / path).write_text(textwrap.dedent(block), encoding="utf-8")

    added = [one for one in check(read_repository(tmp_path)).findings if one not in before]

    assert [(path, block.strip()[:7]) for path, block in examples] == [
        ("data/organisation/example-university.ttl", "@prefix"),
        ("data/source/example-page.ttl", "@prefix"),
    ]
    assert [(one.place, one.code, one.severity) for one in added] == [
        ("data/source/example-page.ttl:13:1", "C004", "warning")  # a text at hand would be better
    ]
