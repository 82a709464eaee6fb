"""Literals of XSD datatypes, however many digits they have: well-formed or not, and compared exactly."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clustergraph.checking import check
from clustergraph.reading import read
from clustergraph.reading.parsed import XSD, Literal
from clustergraph.repository import read_repository
from clustergraph.shacl import Index, Report, validate
from clustergraph.shacl.places import spots
from clustergraph.shacl.values import compared, is_well_formed

MANY = 5_000  # digits, more than Python makes a number of
ONES = "1" * MANY
ZEROS = "0" * MANY
WHOLE = ("{}", "-{}", "+{}")
FRACTIONS = (*WHOLE, "{}.5", "0.{}", "-{}.{}")
FLOATING = (*FRACTIONS, "{}e5", "1e{}", "-1E-{}")
DAYS = ("{}-01-01", "-{}-12-31Z", "{}-02-29+14:00", "{}2000-02-29", "2020-01-{}")
MOMENTS = ("{}-01-01T00:00:00", "-{}-12-31T24:00:00-14:00", "2020-01-01T10:00:00.{}", "2020-01-01T10:00:00.{}Z")
YEARS = ("{}", "-{}", "{}Z", "-{}+14:00")
WORDS = ("{}", "a{}", "a-{}", "a {}", "+{}", "-{}")
FORMS = {
    **dict.fromkeys(("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger"), WHOLE),
    **dict.fromkeys(("nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort"), WHOLE),
    **dict.fromkeys(("unsignedByte", "boolean", "gMonth", "gDay", "gMonthDay"), (*WHOLE, "--{}", "---{}", "--01-{}")),
    "decimal": FRACTIONS,
    **dict.fromkeys(("double", "float"), FLOATING),
    "date": DAYS,
    **dict.fromkeys(("dateTime", "dateTimeStamp"), MOMENTS),
    "time": ("10:00:00.{}", "10:00:00.{}Z", "24:00:00.{}"),
    "gYear": YEARS,
    "gYearMonth": ("{}-06", "-{}-12Z", "2020-{}"),
    **dict.fromkeys(("duration", "dayTimeDuration", "yearMonthDuration"), ("P{}Y", "P{}M", "-P{}D", "PT{}.{}S")),
    **dict.fromkeys(("hexBinary", "base64Binary", "language", "string", "normalizedString", "token", "anyURI"), WORDS),
    **dict.fromkeys(("NMTOKEN", "Name", "NCName"), WORDS),
}
PREFIXES = f"@prefix sh: <http://www.w3.org/ns/shacl#> .\n@prefix x: <http://example.org/> .\n@prefix xsd: <{XSD}> .\n"
by_chance = settings(
    max_examples=int(os.environ.get("CLUSTERGRAPH_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def typed(lexical: str, name: str) -> Literal:
    return Literal(lexical, f"{XSD}{name}")


@pytest.mark.parametrize(
    ("lexical", "name", "is_one"),
    [
        (ONES, "integer", True),
        (f"-{ONES}", "nonPositiveInteger", True),
        (f"-{ONES}", "nonNegativeInteger", False),
        (ONES, "unsignedLong", False),
        ("9223372036854775808", "long", False),
        ("-9223372036854775808", "long", True),
        (f"+{ZEROS}1", "byte", True),
        (f"-{ZEROS}129", "byte", False),
        (f"-{ZEROS}", "nonNegativeInteger", True),
        (ZEROS, "positiveInteger", False),
        (f"{ONES}-01-01", "date", True),
        (f"{ONES}-02-29", "date", False),
        (f"{ONES}2-02-29", "date", True),
        (f"-{ONES}00-02-29", "date", False),
        (f"{ONES}00-02-29T00:00:00", "dateTime", False),
        (f"{ONES}2000-02-29T00:00:00", "dateTime", True),
        ("0000-02-29", "date", True),
        (ONES, "gYear", True),
    ],
)
def test_a_form_is_judged_by_its_digits_however_many_there_are(lexical: str, name: str, is_one: bool) -> None:
    assert is_well_formed(lexical, f"{XSD}{name}") is is_one


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (typed("1" * 401, "integer"), typed("1.0e0", "double"), 1),
        (typed("-" + "1" * 401, "integer"), typed("1.0e0", "double"), -1),
        (typed("1" * 401, "integer"), typed("INF", "double"), 0),
        (typed(f"{ONES}.5", "decimal"), typed("1.0e0", "double"), 1),
        (typed(f"{ONES}.5", "decimal"), typed(ONES, "integer"), 1),
        (typed(f"{ONES}.0", "decimal"), typed(ONES, "integer"), 0),
        (typed(f"{ONES}2", "integer"), typed(f"{ONES}1", "integer"), 1),
        (typed(f"{ZEROS}5", "int"), typed("5", "integer"), 0),
        (typed(f"{ONES}-01-01", "date"), typed("2020-01-01", "date"), 1),
        (typed(f"{ONES}-01-01", "date"), typed(f"{ONES}-01-02", "date"), -1),
        (typed(f"-{ONES}1-01-01", "date"), typed(f"-{ONES}0-01-01", "date"), -1),
        (typed(f"{ONES}-01-01", "date"), typed(f"{ONES}-01-01Z", "date"), None),
        (typed(f"{ONES}-01-01", "date"), typed(f"{ONES}-01-03Z", "date"), -1),
        (typed(f"{ONES}-01-01+01:00", "date"), typed(f"{ONES}-01-01Z", "date"), -1),
        (typed("-0001-12-31", "date"), typed("0000-01-01", "date"), -1),
        (typed("-10000-12-31", "date"), typed("-9999-01-01", "date"), -1),
        (typed("9999-12-31T24:00:00", "dateTime"), typed("10000-01-01T00:00:00", "dateTime"), 0),
        (typed(f"2020-01-01T00:00:00.{ZEROS}1", "dateTime"), typed("2020-01-01T00:00:00", "dateTime"), 1),
        (typed("2020-01-03T24:00:00", "dateTime"), typed("2020-01-04T00:00:00", "dateTime"), 0),
    ],
)
def test_values_are_compared_exactly_however_many_digits_they_have(
    one: Literal, other: Literal, expected: int | None
) -> None:
    assert (compared(one, other), compared(other, one)) == (expected, None if expected is None else -expected)


def reported(constraint: str, value: str) -> Report:
    shape = f"x:S a sh:NodeShape ; sh:targetNode x:a ; sh:property [ sh:path x:p ; {constraint} ] ."
    shapes, data = read(PREFIXES + shape), read(f"{PREFIXES}x:a x:p {value} .")
    assert (shapes.faults, data.faults) == ([], [])
    return validate(Index([shapes]), Index([data]))


@pytest.mark.parametrize(
    ("constraint", "value", "broken"),
    [
        (f"sh:minCount {ONES}", "1", 1),
        (f"sh:maxCount {ONES}", "1", 0),
        (f"sh:maxCount {ZEROS}1", "1, 2", 1),
        (f"sh:minLength {ONES}", "1", 1),
        (f"sh:maxLength {ONES}", "1", 0),
        (f"sh:qualifiedValueShape [ sh:nodeKind sh:Literal ] ; sh:qualifiedMinCount {ONES}", "1", 1),
        (f"sh:minInclusive {'1' * 401}", "1.0e0", 1),
        ("sh:minInclusive 1.0e0", "1" * 401, 0),
        ("sh:datatype xsd:date", f'"{ONES}-01-01"^^xsd:date', 0),
        ('sh:maxInclusive "2020-01-01"^^xsd:date', f'"{ONES}-01-01"^^xsd:date', 1),
    ],
)
def test_parameters_and_values_of_many_digits_are_counted_with(constraint: str, value: str, broken: int) -> None:
    report = reported(constraint, value)

    assert all(spots(Index([read(f"{PREFIXES}x:a x:p {value} .")]), one) for one in report.results)
    assert (len(report.results), report.faults) == (broken, [])


def test_what_has_no_order_breaks_a_bound() -> None:
    """So SHACL, 4.3: durations and texts in a language have no operator '<' in SPARQL."""
    assert len(reported('sh:minInclusive "b"', '"c"@en').results) == 1
    assert len(reported('sh:minInclusive "P1D"^^xsd:dayTimeDuration', '"P2D"^^xsd:dayTimeDuration').results) == 1


digits = st.tuples(st.sampled_from(["0", "1", "9", "10", "26"]), st.sampled_from([1, 2, 19, 200, 401, MANY, 30_000]))
literals = st.tuples(st.sampled_from([(name, form) for name, forms in FORMS.items() for form in forms]), digits).map(
    lambda made: typed(made[0][1].replace("{}", made[1][0] * made[1][1]), made[0][0])
)


@by_chance
@given(literals, literals)
@example(typed("1" * 401, "integer"), typed("1.0e0", "double"))
@example(typed(f"{ONES}-01-01", "date"), typed("2020-01-01", "date"))
def test_no_form_of_any_datatype_is_too_much_for_the_shapes(one: Literal, bound: Literal) -> None:
    turned = compared(bound, one)

    assert compared(one, bound) == (None if turned is None else -turned)
    assert compared(one, one) in (0, None)
    report = reported(
        f"sh:datatype {written(one)[1]} ; sh:minInclusive {written(bound)[0]}", f"{written(one)[0]}, 1, 1e0"
    )
    wrong = {result.value for result in report.results if result.component.endswith("#DatatypeConstraintComponent")}
    assert (one in wrong) is not is_well_formed(one.lexical, one.datatype)


@by_chance
@given(st.lists(literals, min_size=3, max_size=8))
def test_no_form_of_any_datatype_is_too_much_for_a_check(sample: Path, found: list[Literal]) -> None:
    path = sample / "data/organisation/a.ttl"
    values = ", ".join(written(one)[0] for one in found)
    ordered = " ; ".join(f"sh:minInclusive {written(one)[0]}" for one in found[:1])
    types = " ".join(f"[ sh:datatype {written(one)[1]} ]" for one in found)
    (sample / "shapes/a.ttl").write_text(
        f"{PREFIXES}x:S a sh:NodeShape ; sh:targetSubjectsOf <http://purl.org/dc/terms/issued> ; sh:property x:T .\n"
        f"x:T sh:path <http://purl.org/dc/terms/issued> ; {ordered} ; sh:xone ( {types} ) .\n",
        encoding="utf-8",
    )
    path.write_text(
        f"@prefix dcterms: <http://purl.org/dc/terms/> .\n@prefix org: <http://www.w3.org/ns/org#> .\n"
        f"@prefix xsd: <{XSD}> .\n"
        f"<https://w3id.org/clustergraph/id/organisation/a> a org:Organization ; dcterms:issued {values} .\n",
        encoding="utf-8",
    )

    codes = {one.code for one in check(read_repository(sample)).findings if one.path.endswith("a.ttl")}

    assert {one[0] for one in codes} <= {"C", "H"}


def written(literal: Literal) -> tuple[str, str]:
    """A literal and its datatype, in Turtle."""
    name = literal.datatype.replace(XSD, "xsd:")
    return f'"{literal.lexical}"^^{name}', name
