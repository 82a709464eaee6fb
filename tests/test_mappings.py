"""Mapping tables: the triples of a row, and which row and column is wrong."""

import pyoxigraph as ox
import pytest

from clustergraph.mappings import COLUMNS, read_mappings

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


def row(**changed: str) -> str:
    return "\t".join({**ROW, **changed}.values())


def table(*rows: str) -> str:
    return "\n".join(["#mapping_set_title: A", HEADER, *rows, ""])


def test_a_row_gives_the_match_and_a_node_that_argues_it() -> None:
    node, match = f"<{ID}/mapping/a--b>", "<http://www.w3.org/2004/02/skos/core#closeMatch>"

    assert {str(triple) for triple in read_mappings(table(row()))} == {
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
    subjects = {triple.subject for triple in read_mappings(table(row(object_id="skos:Concept")))}

    assert subjects == {ox.NamedNode(f"{ID}/area/a"), ox.NamedNode(f"{ID}/mapping/a")}


def test_line_ends_of_another_system_are_no_part_of_a_cell() -> None:
    assert read_mappings(table(row()).replace("\n", "\r\n")) == read_mappings(table(row()))


def test_a_table_with_a_header_alone_has_no_triples() -> None:
    assert read_mappings(table()) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("", 1, "the table has no header row", id="empty"),
        pytest.param("#only: metadata\n", 1, "the table has no header row", id="metadata-only"),
        pytest.param(
            "#x\nsubject_id\tobject_id\n",
            2,
            "the header row must name the columns subject_id, predicate_id, object_id, mapping_justification, "
            "author_label, mapping_date, confidence, comment, separated by tabs",
            id="header",
        ),
        pytest.param(table("area:a\tarea:b"), 3, "a row needs 8 filled cells, separated by tabs", id="short-row"),
        pytest.param(
            table(row(), row(comment=" ")), 4, "a row needs 8 filled cells, separated by tabs", id="empty-cell"
        ),
        pytest.param(
            table(row(comment="a\tb")), 3, "a row needs 8 filled cells, separated by tabs", id="cell-too-many"
        ),
        pytest.param(
            table(row(predicate_id="owl:sameAs")),
            3,
            "'owl:sameAs' is not a match: use one of skos:exactMatch, skos:closeMatch, skos:broadMatch, "
            "skos:narrowMatch, skos:relatedMatch",
            id="predicate",
        ),
        pytest.param(
            table(row(object_id="wd:Q42")),
            3,
            "'wd:Q42' in column object_id is not a prefixed name of ours, such as area:aerospace",
            id="prefix",
        ),
        pytest.param(
            table(row(subject_id="area:a b")),
            3,
            "'area:a b' in column subject_id is not a prefixed name: a character in it cannot stand in an IRI",
            id="space-in-a-name",
        ),
        pytest.param(
            table(row(subject_id="cg:Aim", object_id="skos:Concept")),
            3,
            "neither 'cg:Aim' nor 'skos:Concept' is a thing of ours: map one that is",
            id="two-things-of-others",
        ),
        pytest.param(
            table(row(mapping_date="2026-02-30")),
            3,
            "'2026-02-30' in column mapping_date is not a date such as 2026-11-22",
            id="no-such-day",
        ),
        pytest.param(
            table(row(confidence="0.90")),
            3,
            "'0.90' in column confidence is not a number from 0 to 1 without needless zeros, such as 0.9",
            id="needless-zero",
        ),
        pytest.param(
            table(row(confidence="1.1")),
            3,
            "'1.1' in column confidence is not a number from 0 to 1 without needless zeros, such as 0.9",
            id="more-than-sure",
        ),
        pytest.param(
            table(row(), row(predicate_id="skos:exactMatch")),
            4,
            "line 3 maps the same pair: keep one of the two rows",
            id="pair-twice",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        read_mappings(text)

    assert (caught.value.lineno, caught.value.msg) == (line, message)
