"""The SHACL engine: what it says in words, where, and what it will not pass over. The W3C's tests stand elsewhere."""

from pathlib import Path

import pytest

from clustergraph.reading import read
from clustergraph.reading.parsed import XSD, Literal
from clustergraph.shacl import Index, Report, validate
from clustergraph.shacl.messages import fault_said, own_words, said
from clustergraph.shacl.places import spots
from clustergraph.shacl.sentences import CODES, CUSTOM, LANGUAGES, SENTENCES, SHAPE_FAULTS
from clustergraph.shacl.vocabulary import component
from clustergraph.shacl.watch import EVERY, Watch
from clustergraph.shacl.wellformed import imports
from clustergraph.terms import compact
from pyshacl_peer import by_ours, by_pyshacl, by_turbo

PROLOGUE = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix x: <http://example.org/> .
"""
SHAPE = "x:S a sh:NodeShape ; sh:targetNode x:s ; sh:property x:P . x:P sh:path x:p ; "


def name(iri: str) -> str:
    return iri.replace("http://example.org/", "x:") if iri.startswith("http://example.org/") else compact(iri)


def validated(shapes: str, data: str) -> tuple[Report, Index, Index]:
    found = []
    for text in (shapes, data):
        parsed = read(PROLOGUE + text)
        assert parsed.faults == []
        found.append(Index([parsed]))
    return validate(found[0], found[1]), found[0], found[1]


def told(shapes: str, data: str) -> list[tuple[str, str, str]]:
    """The words of the data that each result is about, and what is said of it in both languages."""
    report, graph, index = validated(shapes, data)
    assert report.faults == []
    rows = []
    for result in report.results:
        places = [index.texts[0].text[slice(*index.texts[0].span(*spot))] for spot in spots(index, result)]
        sentences = said(result, graph, name)
        rows.append((" | ".join(places), sentences["en"], sentences["it"]))
    return rows


def both(english: str, italian: str, where: str = "x:s, x:p") -> tuple[str, str]:
    return f"{where}: {english}", f"{where}: {italian}"


CASES = {
    "class": (
        "sh:class x:C .",
        "x:s x:p x:o . x:o a x:D .",
        ("x:o", *both("x:o is not of class x:C", "x:o non è della classe x:C")),
    ),
    "another datatype": (
        "sh:datatype xsd:integer .",
        'x:s x:p "one" .',
        (
            '"one"',
            *both(
                "'one' has datatype xsd:string, and xsd:integer is asked for",
                "'one' ha tipo di dato xsd:string, ed è richiesto xsd:integer",
            ),
        ),
    ),
    "a form that is none": (
        "sh:datatype xsd:date .",
        'x:s x:p "2020-02-30"^^xsd:date .',
        (
            '"2020-02-30"^^xsd:date',
            *both(
                "'2020-02-30'^^xsd:date is not a well-formed xsd:date",
                "'2020-02-30'^^xsd:date non è un xsd:date ben formato",
            ),
        ),
    ),
    "no literal": (
        "sh:datatype xsd:date .",
        "x:s x:p x:o .",
        (
            "x:o",
            *both(
                "x:o is not a literal, and one of datatype xsd:date is asked for",
                "x:o non è un letterale, e ne è richiesto uno di tipo xsd:date",
            ),
        ),
    ),
    "node kind": (
        "sh:nodeKind sh:IRI .",
        "x:s x:p [] .",
        (
            "[]",
            *both(
                "a blank node is a blank node, and an IRI is asked for",
                "un nodo anonimo è un nodo anonimo, ed è richiesto un IRI",
            ),
        ),
    ),
    "too few": (
        "sh:minCount 2 .",
        "x:s x:q 1 ; x:p 1 .",
        ("x:p", *both("found 1, at least 2 asked for", "trovati 1, richiesti almeno 2")),
    ),
    "none": (
        "sh:minCount 1 .",
        "x:s x:q 1 ; a x:C .",
        ("x:s", *both("found 0, at least 1 asked for", "trovati 0, richiesti almeno 1")),
    ),
    "too many": (
        "sh:maxCount 1 .",
        "x:s x:p 1 , 2 , 3 .",
        ("2 | 3 | 1", *both("found 3, at most 1 allowed", "trovati 3, ammessi al più 1")),
    ),
    "too small": (
        "sh:minInclusive 2 .",
        "x:s x:p 1.5 .",
        (
            "1.5",
            *both(
                "'1.5'^^xsd:decimal is not at least '2'^^xsd:integer",
                "'1.5'^^xsd:decimal non è almeno '2'^^xsd:integer",
            ),
        ),
    ),
    "too short": (
        "sh:minLength 3 .",
        'x:s x:p "è" .',
        ('"è"', *both("'è' has 1 characters, at least 3 asked for", "'è' ha 1 caratteri, richiesti almeno 3")),
    ),
    "pattern": (
        'sh:pattern "^[0-9]{5}$" .',
        'x:s x:p "2014" .',
        ('"2014"', *both("'2014' does not match '^[0-9]{5}$'", "'2014' non corrisponde a '^[0-9]{5}$'")),
    ),
    "languages": (
        'sh:languageIn ( "en" "it" ) .',
        'x:s x:p "a"@it-IT , "b"@de .',
        (
            '"b"@de',
            *both(
                "'b'@de is in none of these languages: 'en', 'it'",
                "'b'@de non è in nessuna di queste lingue: 'en', 'it'",
            ),
        ),
    ),
    "one language twice": (
        "sh:uniqueLang true .",
        'x:s x:p "a"@en , "b"@EN , "c"@it .',
        (
            '"b"@EN | "a"@en',
            *both(
                "two values or more in one language: 'a'@en, 'b'@EN",
                "due valori o più in una sola lingua: 'a'@en, 'b'@EN",
            ),
        ),
    ),
    "order": (
        "sh:lessThan x:q .",
        'x:s x:p "2020-01-01"^^xsd:date ; x:q "2019-01-01"^^xsd:date .',
        (
            '"2020-01-01"^^xsd:date | "2019-01-01"^^xsd:date',
            *both(
                "'2020-01-01'^^xsd:date is not less than '2019-01-01'^^xsd:date, the value of x:q",
                "'2020-01-01'^^xsd:date non è minore di '2019-01-01'^^xsd:date, il valore di x:q",
            ),
        ),
    ),
    "list": (
        "sh:in ( x:red x:green ) .",
        "x:s x:p x:rad .",
        (
            "x:rad",
            *both(
                "x:rad is not one of x:red, x:green; did you mean x:red?",
                "x:rad non è uno fra x:red, x:green; forse x:red?",
            ),
        ),
    ),
    "has value": (
        "sh:hasValue x:o .",
        "x:s x:p x:a .",
        ("x:a", *both("x:o is not among the values", "x:o non è fra i valori")),
    ),
    "leaves": (
        "sh:node [ sh:property [ sh:path x:q ; sh:minCount 1 ] ] .",
        "x:s x:p x:o .",
        (
            "x:o",
            *both(
                "x:o does not fit a blank node (x:q: found 0, at least 1 asked for)",
                "x:o non segue un nodo anonimo (x:q: trovati 0, richiesti almeno 1)",
            ),
        ),
    ),
    "query": (
        'sh:sparql [ sh:select "SELECT $this ?value { $this $PATH ?value }" ] .',
        "x:s x:p 1 .",
        ("1", *both("'1'^^xsd:integer breaks a rule of x:P", "'1'^^xsd:integer viola una regola di x:P")),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_result_is_told_at_the_words_to_be_mended_and_in_both_languages(
    case: tuple[str, str, tuple[str, str, str]],
) -> None:
    shape, data, expected = case

    assert told(SHAPE + shape, data) == [expected]


def test_a_property_that_does_not_belong_is_told_at_the_property() -> None:
    shapes = "x:S a sh:NodeShape ; sh:targetNode x:s ; sh:closed true ; sh:property [ sh:path x:p ] ."

    assert told(shapes, "x:s x:p 1 ; x:q 2 .") == [
        ("x:q", "x:s, x:q: x:q does not belong here", "x:s, x:q: x:q qui non è ammessa")
    ]


def test_a_longer_path_is_shown_as_sparql_writes_it() -> None:
    shapes = (
        "x:S a sh:NodeShape ; sh:targetNode x:s ; sh:property [ sh:minCount 1 ; sh:path "
        "( x:p [ sh:inversePath x:q ] [ sh:zeroOrMorePath [ sh:alternativePath ( x:a x:b ) ] ] ) ] ."
    )

    assert [row[1] for row in told(shapes, "x:s x:p x:o .")] == [
        "x:s, x:p/^x:q/x:a|x:b*: found 0, at least 1 asked for"
    ]


def test_the_words_of_the_shape_have_the_values_of_its_query() -> None:
    shape = (
        'sh:sparql [ sh:select "SELECT $this ?value ?other { $this $PATH ?value ; x:q ?other }" ; '
        'sh:prefixes x:o ; sh:message "take {?value} from {$other}, {?none}"@en , "togli {?value}"@it ] . '
        'x:o sh:declare [ sh:prefix "x" ; sh:namespace "http://example.org/" ] .'
    )
    report, graph, _ = validated(SHAPE + shape, 'x:s x:p "one" ; x:q x:a .')

    assert [own_words(one, graph, name) for one in report.results] == [
        {"en": "take one from x:a, {?none}", "it": "togli one"}
    ]


def test_a_message_without_a_language_stands_for_those_that_are_missing() -> None:
    report, graph, _ = validated(f'{SHAPE} sh:minCount 1 ; sh:message "more" , "di più"@it .', "")

    assert [own_words(one, graph, name) for one in report.results] == [{"en": "more", "it": "di più"}]


ILL_FORMED = "this value of {} cannot be evaluated: what can stand here is {}"
FAULTS = {
    "misspelt": (
        "sh:minCuont 1 .",
        "S001",
        "sh:minCuont is no term of SHACL, so it asks nothing; did you mean sh:minCount?",
    ),
    "no number": (
        'sh:minCount "1" .',
        "S002",
        ILL_FORMED.format("sh:minCount", "0, 1, 2, …"),
    ),
    "twice": (
        "sh:maxCount 1 , 2 .",
        "S002",
        "here is another value of sh:maxCount, of which there can be one",
    ),
    "broken list": ("sh:in [] .", "S002", ILL_FORMED.format("sh:in", "( … )")),
    "broken pattern": (
        'sh:pattern "(" .',
        "S002",
        "this value of sh:pattern cannot be evaluated: what can stand here is RE2 (¬ \\b, \\B): "
        "https://github.com/google/re2/wiki/Syntax",
    ),
    "another language": ("sh:js [] .", "S003", "sh:js is not evaluated here: say it in SHACL Core or with sh:sparql"),
    "itself": (
        "sh:node x:S .",
        "S004",
        "this shape is asked to hold for itself, by way of others: SHACL says nothing of such shapes",
    ),
    "a query that calls": (
        'sh:sparql [ sh:select "SELECT $this { SERVICE <x:y> { $this ?p ?o } }" ] .',
        "S006",
        "this query cannot be asked: ",
    ),
    "a query that hides": (
        'sh:sparql [ sh:select "SELECT $this { { SELECT ?o { $this ?p ?o } } }" ] .',
        "S006",
        "this query cannot be asked: a subquery must select $this",
    ),
    "no query": ('sh:sparql [ sh:select "SELECT" ] .', "S006", "this query cannot be asked: "),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_what_a_shape_asks_and_cannot_be_evaluated_is_told(case: tuple[str, str, str]) -> None:
    shape, code, sentence = case

    report, _, _ = validated(SHAPE + shape, "x:s x:p 1 .")

    assert [one.code for one in report.faults] == [code]
    assert fault_said(report.faults[0], name)["en"].startswith(sentence)


UNREACHED = "x:Unreached "
ANOTHER = "here is another value of {}, of which there can be one"
NOTHING_WITHOUT = "{} asks nothing without {}"
LEADS_NOWHERE = "{} leads to a shape of which nothing is said"
NO_TERM = "{} is no term of SHACL, so it asks nothing"
PASSED_OVER = {
    "two paths": ("x:S sh:path x:p , x:q .", [("S002", ANOTHER.format("sh:path"))]),
    "two queries": (
        'x:S sh:sparql [ sh:select "SELECT $this { $this <x:p> 1 }" , "SELECT $this { $this <x:q> 1 }" ] .',
        [("S002", ANOTHER.format("sh:select"))],
    ),
    "on and off": ("x:S sh:deactivated true , false .", [("S002", ANOTHER.format("sh:deactivated"))]),
    "two severities": ("x:S sh:severity sh:Info , sh:Warning .", [("S002", ANOTHER.format("sh:severity"))]),
    "two flags": ('x:S sh:pattern "a" ; sh:flags "i" , "s" .', [("S002", ANOTHER.format("sh:flags"))]),
    "two shapes that are counted": (
        "x:S sh:path x:p ; sh:qualifiedMaxCount 1 ; sh:qualifiedValueShape [ sh:class x:A ] , [ sh:class x:B ] .",
        [("S002", ANOTHER.format("sh:qualifiedValueShape"))],
    ),
    "a count without a shape": (
        "x:S sh:path x:p ; sh:qualifiedMinCount 3 .",
        [("S002", NOTHING_WITHOUT.format("sh:qualifiedMinCount", "sh:qualifiedValueShape"))],
    ),
    "a shape without a count": (
        "x:S sh:path x:p ; sh:qualifiedValueShape [ sh:class x:C ] .",
        [
            (
                "S002",
                NOTHING_WITHOUT.format("sh:qualifiedValueShape", "sh:qualifiedMinCount, sh:qualifiedMaxCount"),
            )
        ],
    ),
    "flags without a pattern": ('x:S sh:flags "i" .', [("S002", NOTHING_WITHOUT.format("sh:flags", "sh:pattern"))]),
    "ignored, and not closed": (
        "x:S sh:ignoredProperties ( x:p ) .",
        [("S002", NOTHING_WITHOUT.format("sh:ignoredProperties", "sh:closed"))],
    ),
    "a shape that is not there": ("x:S sh:node x:Missing .", [("S002", LEADS_NOWHERE.format("sh:node"))]),
    "not a shape that is not there": ("x:S sh:not x:Missing .", [("S002", LEADS_NOWHERE.format("sh:not"))]),
    "a property that is not there": ("x:S sh:property x:Missing .", [("S002", LEADS_NOWHERE.format("sh:property"))]),
    "one of several that is not there": (
        "x:S sh:or ( [ sh:class x:C ] x:Missing ) .",
        [("S002", LEADS_NOWHERE.format("sh:or"))],
    ),
    "lists that share an end with one that is not there": (
        "x:S sh:and ( [ sh:class x:C ] x:Missing ) ; sh:or x:M . x:M rdf:first x:S ; rdf:rest x:L . "
        "x:L rdf:first x:Missing ; rdf:rest () .",
        [("S002", LEADS_NOWHERE.format("sh:and")), ("S002", LEADS_NOWHERE.format("sh:or"))],
    ),
    "a list that bites its tail": (
        "x:S sh:xone x:L . x:L rdf:first x:S ; rdf:rest x:L .",
        [("S002", ILL_FORMED.format("sh:xone", "( … )"))],
    ),
    "a target that is misspelt": (
        f"{UNREACHED} sh:targetClas x:C ; sh:nodeKind sh:IRI .",
        [("S001", f"{NO_TERM.format('sh:targetClas')}; did you mean sh:targetClass?")],
    ),
    "a class that is misspelt": (
        f"{UNREACHED} a sh:NodeShap .",
        [("S001", f"{NO_TERM.format('sh:NodeShap')}; did you mean sh:NodeShape?")],
    ),
    "a severity that is misspelt": (
        "x:S sh:severity sh:Violaton .",
        [("S001", f"{NO_TERM.format('sh:Violaton')}; did you mean sh:Violation?")],
    ),
    "a query that is meant to be off": (
        'x:S sh:sparql [ sh:deactivted true ; sh:mesage "m" ; sh:select "SELECT $this { $this <x:none> 1 }" ] .',
        [
            ("S001", f"{NO_TERM.format('sh:deactivted')}; did you mean sh:deactivated?"),
            ("S001", f"{NO_TERM.format('sh:mesage')}; did you mean sh:message?"),
        ],
    ),
    "a parameter without a path": (
        f"{UNREACHED} a sh:ConstraintComponent ; sh:parameter [ sh:pth x:max ] .",
        [
            ("S002", NOTHING_WITHOUT.format("sh:parameter", "sh:path")),
            ("S001", f"{NO_TERM.format('sh:pth')}; did you mean sh:path?"),
        ],
    ),
    "a component without parameters": (
        f"{UNREACHED} a sh:ConstraintComponent .",
        [("S002", NOTHING_WITHOUT.format("sh:ConstraintComponent", "sh:parameter"))],
    ),
    "a component that is none": (
        f'{UNREACHED} sh:parameter [ sh:path x:max ] ; sh:validator [ sh:ask "ASK {{}}" ] .',
        [("S002", NOTHING_WITHOUT.format("sh:parameter", "sh:ConstraintComponent"))],
    ),
    "a target of another specification": (
        f"{UNREACHED} sh:target [ sh:select '' ] .",
        [("S003", "sh:target is not evaluated here: say it in SHACL Core or with sh:sparql")],
    ),
    "a function": (
        f"{UNREACHED} a sh:SPARQLFunction .",
        [("S003", "sh:SPARQLFunction is not evaluated here: say it in SHACL Core or with sh:sparql")],
    ),
    "entailment": (
        f"{UNREACHED} sh:entailment <http://www.w3.org/ns/entailment/RDFS> .",
        [("S003", "sh:entailment is not evaluated here: say it in SHACL Core or with sh:sparql")],
    ),
    "a target in quotes": ('x:S sh:targetClass "x:C" .', [("S002", ILL_FORMED.format("sh:targetClass", "<…>"))]),
    "subjects of quotes": (
        'x:S sh:targetSubjectsOf "x:p" .',
        [("S002", ILL_FORMED.format("sh:targetSubjectsOf", "<…>"))],
    ),
    "off in quotes": ('x:S sh:deactivated "true" .', [("S002", ILL_FORMED.format("sh:deactivated", "true, false"))]),
}


@pytest.mark.parametrize("case", PASSED_OVER.values(), ids=PASSED_OVER)
def test_what_nobody_would_evaluate_is_told(case: tuple[str, list[tuple[str, str]]]) -> None:
    shapes, faults = case

    report, _, _ = validated(f"x:S a sh:NodeShape ; sh:targetNode x:s . {shapes}", "x:s x:p 1 .")

    assert [(one.code, fault_said(one, name)["en"]) for one in report.faults] == faults
    assert report.results == []


def test_what_asks_nothing_and_says_so_is_no_fault() -> None:
    off = "x:S sh:deactivated true ; sh:rule [] ."
    old = "x:thing sh:nodeShape x:S ."
    nameless = "x:N a sh:NodeShape ; sh:targetNode x:s ; sh:node [] ; sh:or ( [] [ sh:nodeKind sh:Literal ] ) ."
    own = (
        "x:C a sh:ConstraintComponent ; sh:parameter [ sh:path sh:flags ] ; "
        'sh:validator [ a sh:SPARQLAskValidator ; sh:ask "ASK {}" ] . '
        'x:F a sh:NodeShape ; sh:targetNode x:s ; sh:flags "i" .'
    )

    report, _, _ = validated(f"x:S a sh:NodeShape ; sh:targetNode x:s . {off} {old} {nameless} {own}", "x:s x:p 1 .")

    assert (report.faults, report.results) == ([], [])


def test_the_clock_is_looked_at_between_two_constraints_on_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def looks(values: int) -> int:
        found: list[int] = []
        monkeypatch.setattr(Watch, "look", lambda _, results: found.append(results))
        asked = SHAPE + "sh:minCount 1 ; sh:maxCount 100 ; sh:nodeKind sh:Literal ."
        validated(asked, f"x:s x:p {', '.join(map(str, range(values)))} .")
        return len(found)

    assert looks(EVERY) - looks(EVERY - 1) == 3


def test_what_shapes_import_and_is_not_among_them_is_told() -> None:
    _, shapes, _ = validated("x:o owl:imports x:here , x:there . x:here a owl:Ontology .", "")

    assert [(one.code, one.value, fault_said(one, name)["en"]) for one in imports(shapes)] == [
        (
            "S003",
            "http://example.org/there",
            "owl:imports is not followed: put the shapes that it names beside these",
        )
    ]


def test_the_other_constraints_of_a_shape_hold_beside_a_fault() -> None:
    report, _, _ = validated(f"{SHAPE} sh:minCuont 1 ; sh:maxCount 1 .", "x:s x:p 1 , 2 .")

    assert (len(report.faults), len(report.results)) == (1, 1)


def test_a_target_that_is_misspelt_is_told_though_nothing_leads_to_the_shape() -> None:
    report, _, _ = validated("x:S a sh:NodeShape ; sh:targetClas x:C ; sh:nodeKind sh:IRI .", "")

    assert [(one.code, one.predicate) for one in report.faults] == [("S001", "http://www.w3.org/ns/shacl#targetClas")]


def test_a_query_is_not_asked_where_the_store_would_show_it_another_literal() -> None:
    query = 'sh:sparql [ sh:select "SELECT $this ?value { $this $PATH ?value }" ] .'

    report, _, _ = validated(SHAPE + query, "x:s x:p 01 .")

    assert [(one.code, one.values) for one in report.faults] == [("S007", ("01",))]
    assert report.results == []


def test_each_row_of_a_query_is_a_result_though_the_values_are_the_same() -> None:
    select = "SELECT $this ?value ?other { $this $PATH ?value . ?value <http://example.org/q> ?other }"

    report, _, _ = validated(f'{SHAPE} sh:sparql [ sh:select "{select}" ] .', "x:s x:p x:o . x:o x:q 1 , 2 .")

    assert sorted((str(one.value), dict(one.bindings)["other"]) for one in report.results) == [
        ("http://example.org/o", Literal("1", f"{XSD}integer")),
        ("http://example.org/o", Literal("2", f"{XSD}integer")),
    ]


ODD_IN_SHAPES = {
    "a target": """x:T sh:targetNode 01 ; sh:sparql [ sh:select "SELECT $this { FILTER (STR($this) = '01') }" ] .""",
    "a parameter": """x:K a sh:ConstraintComponent ; sh:parameter [ sh:path x:max ] ;
        sh:validator [ sh:ask "ASK { FILTER (STR($max) != '01') }" ] . x:T sh:targetNode x:s ; x:max 01 .""",
    "the graph of shapes": """x:T sh:targetNode x:s ; x:max 01 ; sh:sparql [
        sh:select "SELECT $this { GRAPH $shapesGraph { $currentShape <http://example.org/max> ?max } }" ] .""",
}


@pytest.mark.parametrize("name", ODD_IN_SHAPES)
def test_a_query_is_not_asked_where_it_would_see_another_literal_of_the_shapes(name: str) -> None:
    report, _, _ = validated(f"x:T a sh:NodeShape . {ODD_IN_SHAPES[name]}", "x:s x:p 1 .")

    assert [(one.code, one.values) for one in report.faults] == [("S007", ("01",))]
    assert report.results == []


def test_a_literal_of_the_shapes_that_a_query_does_not_see_is_of_no_matter() -> None:
    shapes = """x:T a sh:NodeShape ; sh:targetNode x:s , 1 ; sh:minInclusive 01 ; sh:sparql [
        sh:select "SELECT $this { FILTER (STR($this) = '1') }" ] ."""

    report, _, _ = validated(shapes, "x:s x:p 1 .")

    assert report.faults == []
    assert [(one.focus, one.component) for one in report.results] == [
        ("http://example.org/s", component("MinInclusive")),
        (Literal("1", f"{XSD}integer"), component("SPARQL")),
    ]


def test_a_pattern_that_takes_others_for_ever_takes_us_no_time() -> None:
    report, _, _ = validated(f'{SHAPE} sh:pattern "^(a+)+$" .', f'x:s x:p "{"a" * 5_000}b" .')

    assert len(report.results) == 1


def test_a_pattern_that_would_need_much_memory_is_refused() -> None:
    report, _, _ = validated(f'{SHAPE} sh:pattern "\\\\p{{L}}{{1000}}" .', 'x:s x:p "a" .')

    assert [one.code for one in report.faults] == ["S002"]


def test_shapes_among_the_data_are_data() -> None:
    among = "x:D a sh:NodeShape ; sh:targetNode x:s ; sh:property x:Q . x:Q sh:path x:q ; sh:minCount 1 ."

    assert told(f"{SHAPE} sh:minCount 1 .", f"{among} x:s x:p 1 .") == []


def test_nothing_is_imported(tmp_path: Path) -> None:
    other = tmp_path / "other.ttl"
    other.write_text(f"{PROLOGUE}{SHAPE} sh:minCount 1 .", encoding="utf-8")
    importing = f"x:o a owl:Ontology ; owl:imports <{other.as_uri()}> ; sh:shapesGraph <{other.as_uri()}> ."

    assert told(importing, "x:s x:q 1 .") == []
    assert told(f"{SHAPE} sh:minCount 0 .", f"x:s x:q 1 . {importing}") == []


def test_nodes_of_two_files_are_two() -> None:
    texts = [read(PROLOGUE + text) for text in ("x:s x:p _:a .", "_:a x:q 1 .")]
    shapes = Index([read(f"{PROLOGUE}{SHAPE} sh:node [ sh:property [ sh:path x:q ; sh:minCount 1 ] ] .")])

    assert len(validate(shapes, Index(texts)).results) == 1


def test_every_code_has_a_sentence_in_each_language() -> None:
    assert {sentence for sentence in SENTENCES if " " not in sentence} == {*CODES.values(), CUSTOM}
    assert [code for code, one in {**SENTENCES, **SHAPE_FAULTS}.items() if set(one) != set(LANGUAGES)] == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_others_find_the_same(case: tuple[str, str, object]) -> None:
    shapes, data = read(PROLOGUE + SHAPE + case[0]), read(PROLOGUE + case[1])

    ours = by_ours(shapes, data)

    assert ours == by_pyshacl(shapes, data)
    assert ours == by_turbo(shapes, data)
