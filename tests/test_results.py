import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions, Store, Variable

from clustergraph.engine import term
from clustergraph.formats import N_TRIPLES, TSV, Format
from clustergraph.results import CELL_LIMIT, COLUMN_LIMIT, Table, Term, n_triples, read_table, read_triples, read_truth
from clustergraph.runner import Answer
from clustergraph.terms import XSD

TSV_OF_EVERY_KIND = (
    "?a\t?b\n"
    "<https://e.example/a>\t_:b0\n"
    '"x\\ty\\n\\"q\\" \\\\"@en\t"2012"^^<http://www.w3.org/2001/XMLSchema#gYear>\n'
    "-3\t0.5\n"
    "1e3\ttrue\n"
    "\t<<( <https://e.example/a> <https://e.example/b> 1 )>>\n"
)


class Frames:
    """A body in frames of one size, that knows whether it was given up."""

    def __init__(self, body: bytes, size: int) -> None:
        self.given = 0
        self.closed = False
        self._pieces = [body[start : start + size] for start in range(0, len(body), size)]

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for piece in self._pieces:
                self.given += 1
                yield piece
        finally:
            self.closed = True


def table(body: str, *, size: int = 7, row_limit: int = 100) -> Table:
    return asyncio.run(read_table(Answer(TSV, Frames(body.encode(), size)()), row_limit=row_limit))


@pytest.mark.parametrize("size", [1, 2, 3, 1_000], ids=lambda size: f"frames of {size}")
def test_every_kind_of_term_is_read_however_the_frames_fall(size: int) -> None:
    read = table(TSV_OF_EVERY_KIND, size=size)

    assert read == Table(
        ("a", "b"),
        (
            (Term("iri", "https://e.example/a"), Term("blank", "_:b0")),
            (Term("literal", 'x\ty\n"q" \\', "en"), Term("literal", "2012", datatype=f"{XSD}gYear")),
            (Term("literal", "-3", datatype=f"{XSD}integer"), Term("literal", "0.5", datatype=f"{XSD}decimal")),
            (Term("literal", "1e3", datatype=f"{XSD}double"), Term("literal", "true", datatype=f"{XSD}boolean")),
            (None, Term("triple", "<<( <https://e.example/a> <https://e.example/b> 1 )>>")),
        ),
        complete=True,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("", Table((), (), complete=True), id="nothing at all"),
        pytest.param("?a\n", Table(("a",), (), complete=True), id="no rows"),
        pytest.param("\n\n", Table((), ((),), complete=True), id="one row without columns"),
        pytest.param("?a\n\n", Table(("a",), ((None,),), complete=True), id="one unbound cell"),
        pytest.param("?a\n???\n", Table(("a",), ((Term("literal", "???"),),), complete=True), id="no known syntax"),
    ],
)
def test_odd_tables_are_read(body: str, expected: Table) -> None:
    assert table(body) == expected


def test_rows_over_the_limit_are_left_unread_and_the_answer_is_given_up() -> None:
    frames = Frames(b"?a\n" + b"1\n" * 1_000, 2)

    async def read_and_look() -> tuple[Table, bool]:
        answer = Answer(TSV, frames())
        return await read_table(answer, row_limit=3), frames.closed  # closed now, not when somebody collects it

    read, closed = asyncio.run(read_and_look())

    assert read == Table(("a",), ((Term("literal", "1", datatype=f"{XSD}integer"),),) * 3, complete=False)
    assert closed
    assert frames.given < 10


def test_exactly_as_many_rows_as_the_limit_are_complete() -> None:
    assert table("?a\n1\n2\n", row_limit=2).complete


def test_an_endless_line_is_given_up_and_shown_as_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clustergraph.results.SIZE_LIMIT_BYTES", 100)
    frames = Frames(b'?a\n1\n"' + b"x" * 10_000, 10)

    read = asyncio.run(read_table(Answer(TSV, frames()), row_limit=3))

    assert read == Table(("a",), ((Term("literal", "1", datatype=f"{XSD}integer"),),), complete=False)
    assert frames.given == 11


def test_a_wide_table_is_read_to_the_limits_of_cells_and_columns_and_then_given_up() -> None:
    width = 1_000
    row = "\t".join("1" * width)
    frames = Frames("\n".join(["\t".join(f"?{number}" for number in range(width)), *[row] * 1_000, ""]).encode(), 500)

    read = asyncio.run(read_table(Answer(TSV, frames()), row_limit=1_000))

    assert (len(read.columns), read.columns_left_out) == (COLUMN_LIMIT, width - COLUMN_LIMIT)
    assert {len(row) for row in read.rows} == {COLUMN_LIMIT}
    assert len(read.rows) * COLUMN_LIMIT == CELL_LIMIT
    assert not read.complete
    assert frames.given * 500 < 500_000


def test_a_table_without_some_of_its_columns_is_not_complete() -> None:
    read = table("\t".join(f"?{number}" for number in range(101)) + "\n" + "\t".join("1" * 101) + "\n", size=50)

    assert (len(read.rows), read.complete, read.columns_left_out) == (1, False, 1)


def test_n_triples_are_read_as_three_columns() -> None:
    body = b'<https://e.example/a> <https://e.example/p> "a <b> \\u00e8 _:c"@it .\n_:x <https://e.example/p> _:y .\n'

    read = asyncio.run(read_triples(Answer(N_TRIPLES, Frames(body, 5)()), row_limit=10))

    assert read == Table(
        ("subject", "predicate", "object"),
        (
            (
                Term("iri", "https://e.example/a"),
                Term("iri", "https://e.example/p"),
                Term("literal", "a <b> è _:c", "it"),
            ),
            (Term("blank", "_:x"), Term("iri", "https://e.example/p"), Term("blank", "_:y")),
        ),
        complete=True,
    )


@pytest.mark.parametrize(("body", "truth"), [(b"true", True), (b"false", False), (b"true\n", True)])
def test_an_ask_is_read_as_a_truth(body: bytes, truth: bool) -> None:
    assert asyncio.run(read_truth(Answer(Format("tsv", "", ""), Frames(body, 2)()))) is truth


@given(
    text=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    language=st.sampled_from(["", "en", "de-ch"]),
)
def test_any_text_goes_through_the_engine_and_comes_back_the_same(text: str, language: str) -> None:
    literal = Literal(text, language=language) if language else Literal(text)
    answered = Store().query("SELECT ?a {}", substitutions={Variable("a"): literal})
    assert isinstance(answered, QuerySolutions)
    body = answered.serialize(format=QueryResultsFormat.TSV)
    assert body is not None

    read = asyncio.run(read_table(Answer(TSV, Frames(body, 3)()), row_limit=2))

    assert read.rows == ((Term("literal", text, language),),)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_bound_text_is_one_n_triples_literal_with_that_text(text: str) -> None:
    assert term(n_triples(Term("literal", text))) == Literal(text)


def test_a_bound_iri_keeps_its_characters() -> None:
    assert term(n_triples(Term("iri", "https://e.example/è"))) == NamedNode("https://e.example/è")
