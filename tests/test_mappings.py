"""Mapping tables: the triples of a row, and which row and column is wrong."""

import pyoxigraph as ox
import pytest

from clustergraph.mappings import COLUMNS, read_mappings
from clustergraph.oxterms import engine_triples
from clustergraph.reading.faults import said

HEADER = "\t".join(COLUMNS)
ROW = {
    "subject_id": "area:a",
    "predicate_id": "skos:closeMatch",
    "object_id": "area:b",
    "mapping_justification": "semapv:ManualMappingCuration",
    "author_label": "clustergraph curators",
    "mapping_date": "2026-11-22",
    "confidence": "0.9",
    "comment": 'They say "a" is near b.',
}
ID = "https://w3id.org/clustergraph/id"
SSSOM = "https://w3id.org/sssom"
XSD = "http://www.w3.org/2001/XMLSchema"


HEADLESS = (
    "the first row must name the columns subject_id, predicate_id, object_id, mapping_justification, author_label, "
    "mapping_date, confidence, comment, separated by tabs"
)
SHORT = "a row needs 8 filled cells, separated by tabs"
UNNAMED = "is not a prefixed name of ours: write one such as area:aerospace"
UNSURE = "is not a number from 0 to 1 without needless zeros: write one such as 0.9"


def row(**changed: str) -> str:
    return "\t".join({**ROW, **changed}.values())


def table(*rows: str) -> str:
    return "\n".join(["#mapping_set_title: A", HEADER, *rows, ""])


def triples(text: str) -> list[ox.Triple]:
    parsed = read_mappings(text)
    found, faults = engine_triples(parsed)
    assert parsed.faults + faults == []
    return found


def test_a_row_gives_the_match_and_a_node_that_argues_it() -> None:
    node, match = f"<{ID}/mapping/a--b>", "<http://www.w3.org/2004/02/skos/core#closeMatch>"

    assert {str(triple) for triple in triples(table(row()))} == {
        f"<{ID}/area/a> {match} <{ID}/area/b>",
        f"{node} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{SSSOM}/Mapping>",
        f"{node} <{SSSOM}/subject_id> <{ID}/area/a>",
        f"{node} <{SSSOM}/predicate_id> {match}",
        f"{node} <{SSSOM}/object_id> <{ID}/area/b>",
        f"{node} <{SSSOM}/mapping_justification> <https://w3id.org/semapv/vocab/ManualMappingCuration>",
        f'{node} <{SSSOM}/author_label> "clustergraph curators"',
        f'{node} <{SSSOM}/mapping_date> "2026-11-22"^^<{XSD}#date>',
        f'{node} <{SSSOM}/confidence> "0.9"^^<{XSD}#decimal>',
        f'{node} <{SSSOM}/comment> "They say \\"a\\" is near b."',
    }


def test_a_thing_of_others_does_not_name_the_node() -> None:
    subjects = {triple.subject for triple in triples(table(row(object_id="skos:Concept")))}

    assert subjects == {ox.NamedNode(f"{ID}/area/a"), ox.NamedNode(f"{ID}/mapping/a")}


def test_line_ends_of_another_system_are_no_part_of_a_cell() -> None:
    assert triples(table(row()).replace("\n", "\r\n")) == triples(table(row()))


def test_a_table_with_a_header_alone_has_no_triples() -> None:
    assert triples(table()) == []


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("", (1, 1), HEADLESS, id="empty"),
        pytest.param("#only: metadata\n", (1, 1), HEADLESS, id="metadata-only"),
        pytest.param("#x\nsubject_id\tobject_id\n", (2, 1), HEADLESS, id="header"),
        pytest.param(table("area:a\tarea:b"), (3, 1), SHORT, id="short-row"),
        pytest.param(table(row(), row(comment=" ")), (4, 1), SHORT, id="empty-cell"),
        pytest.param(table(row(comment="a\tb")), (3, 1), SHORT, id="cell-too-many"),
        pytest.param(
            table(row(predicate_id="owl:sameAs")),
            (3, 8),
            "'owl:sameAs' is not a match: use one of skos:exactMatch, skos:closeMatch, skos:broadMatch, "
            "skos:narrowMatch, skos:relatedMatch",
            id="predicate",
        ),
        pytest.param(table(row(object_id="wd:Q42")), (3, 24), f"'wd:Q42' {UNNAMED}", id="prefix"),
        pytest.param(table(row(subject_id="area:a b")), (3, 1), f"'area:a b' {UNNAMED}", id="space-in-a-name"),
        pytest.param(
            table(row(subject_id="cg:Aim", object_id="skos:Concept")),
            (3, 1),
            "neither 'cg:Aim' nor 'skos:Concept' is a thing of ours: map one that is",
            id="two-things-of-others",
        ),
        pytest.param(
            table(row(mapping_date="2026-02-30")),
            (3, 82),
            "'2026-02-30' is not a date: write one such as 2026-11-22",
            id="no-such-day",
        ),
        pytest.param(table(row(confidence="0.90")), (3, 93), f"'0.90' {UNSURE}", id="needless-zero"),
        pytest.param(table(row(confidence="1.1")), (3, 93), f"'1.1' {UNSURE}", id="more-than-sure"),
        pytest.param(
            table(row(), row(predicate_id="skos:exactMatch")),
            (4, 1),
            "line 3 maps the same pair: keep one of the two rows",
            id="pair-twice",
        ),
    ],
)
def test_a_wrong_row_is_told_at_its_cell_and_the_others_are_read(
    text: str, place: tuple[int, int], message: str
) -> None:
    parsed = read_mappings(text)

    (fault,) = parsed.faults
    assert (parsed.place(fault.start), said(fault)["en"]) == (place, message)
    assert len(parsed.triples) == 10 * text.count(row())


def test_every_wrong_row_is_told() -> None:
    parsed = read_mappings(table(row(object_id="wd:Q42"), row(), row(object_id="area:c", confidence="2")))

    assert [(one.code, parsed.place(one.start)[0]) for one in parsed.faults] == [("T028", 3), ("T027", 5)]


def test_a_triple_has_the_place_of_its_cells() -> None:
    parsed = read_mappings(table(row()).replace("\n", "\r\n"))

    assert [parsed.place_of(0, part) for part in range(3)] == [(3, 1, 3, 7), (3, 8, 3, 23), (3, 24, 3, 30)]
    assert parsed.place_of(9, 2) == (3, 97, 3, 120)
