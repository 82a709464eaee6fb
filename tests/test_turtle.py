"""The door for Turtle text: terms as they were written, or the place where it is not Turtle."""

import time

import pytest

from clustergraph.turtle import parse, tags_in_capitals

BEYOND = "statements about statements and directions of text are of RDF 1.2, which we do not publish"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param("01", '"01"^^<http://www.w3.org/2001/XMLSchema#integer>', id="leading-zero"),
        pytest.param("1.50", '"1.50"^^<http://www.w3.org/2001/XMLSchema#decimal>', id="trailing-zero"),
        pytest.param("1E5", '"1E5"^^<http://www.w3.org/2001/XMLSchema#double>', id="double"),
        pytest.param('"città"@it-IT', '"città"@it-it', id="language"),
        pytest.param('"a"', '"a"', id="plain"),
    ],
)
def test_a_literal_is_handed_on_as_it_was_written(written: str, kept: str) -> None:
    (triple,) = parse(f"<x:s> <x:p> {written} .")

    assert str(triple.object) == kept


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param('<x:s> <x:p> "a"', ("Triples should be followed by a dot", 1, 16), id="no-dot"),
        pytest.param("@prefix a: <x:> .\na:b é:c a:d .", ("The prefix é: has not been declared", 2, 5), id="prefix"),
        pytest.param('<x:s> <x:p> "é é" é .', ("é is not a valid subject or graph name", 1, 19), id="after-accents"),
        pytest.param("<s> <x:p> <x:o> .", ("No scheme found in an absolute IRI", 1, 1), id="relative-iri"),
        pytest.param("<x:s> <x:p> ( 1 2", ("Unexpected end", 1, 18), id="open-bracket"),
        pytest.param("<x:s> <x:p> <<( <x:a> <x:b> <x:c> )>> .", (BEYOND, 1, 13), id="triple-term"),
        pytest.param('<x:s> <x:p> "{|" .\n<x:s> <x:p> 1 {| <x:q> 2 |} .', (BEYOND, 2, 15), id="annotation"),
        pytest.param('<x:s> <x:p> "a"@en--ltr .', (BEYOND, 1, 13), id="direction"),
    ],
)
def test_what_is_not_turtle_is_refused_with_its_place(text: str, error: tuple[str, int, int]) -> None:
    with pytest.raises(SyntaxError) as caught:
        parse(text)

    assert (caught.value.msg, caught.value.lineno, caught.value.offset) == error


@pytest.mark.parametrize("opening", ["(", "[ <x:p> ", "<<( "])
def test_a_text_nested_without_end_is_refused_and_does_no_harm(opening: str) -> None:
    with pytest.raises(SyntaxError):
        parse(f"<x:s> <x:p> {opening * 100_000}")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        pytest.param('"a"@EN', [(1, "EN")], id="double-quotes"),
        pytest.param("'a'@En", [(1, "En")], id="single-quotes"),
        pytest.param('"a"@en ,\n"b"@it-IT', [(2, "it-IT")], id="second-line"),
        pytest.param('"""a "b"@DE\n"""@De', [(2, "De")], id="long-string"),
        pytest.param("'''a 'b'@DE'''@it", [], id="inside-a-string"),
        pytest.param(r'"a\"@EN"@en', [], id="after-an-escaped-quote"),
        pytest.param('"a"@en # "b"@EN', [], id="in-a-comment"),
        pytest.param('<x:#> , "a"@EN', [(1, "EN")], id="after-an-iri-with-a-hash"),
        pytest.param('"a"@en-gb-oed', [], id="lower-case"),
    ],
)
def test_tags_in_capitals_are_found_where_they_are_tags(text: str, tags: list[tuple[int, str]]) -> None:
    assert list(tags_in_capitals(f"<x:s> <x:p> {text} .")) == tags


@pytest.mark.parametrize("opening", ["( ", "[ <x:p> ", "<< ", "{| "])
def test_nesting_is_refused_with_the_place_where_it_is_too_deep(opening: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        parse(f"<x:s> <x:p>\n{opening * 200}")

    assert (caught.value.msg, caught.value.lineno, caught.value.offset) == (
        "more than 100 brackets stand inside one another",
        2,
        100 * len(opening) + 1,
    )


@pytest.mark.parametrize("written", ['"%s"', "'%s'", '"""%s"""', "'''%s'''", "<x:%s>", r"a:\'%s", "1 # %s\n"])
def test_brackets_in_strings_comments_iris_and_names_nest_nothing(written: str) -> None:
    many = (r"\(" if written.startswith("a:") else "(") * 200

    assert len(parse(f"@prefix a: <x:> .\n<x:s> <x:p> {written % many} .")) == 1


def test_lists_side_by_side_are_not_nested() -> None:
    assert len(parse("<x:s> <x:p> " + ", ".join(["( 1 )"] * 200) + " .")) == 600


@pytest.mark.parametrize("word", [r"\'", r"\"", r'"\"', "<", '"""', r'\"""', r"''' \'", "@a-", '"a"@EN\n'])
def test_the_words_of_a_text_are_found_in_one_pass(word: str) -> None:
    began = time.process_time()
    list(tags_in_capitals(word * 100_000))

    assert time.process_time() - began < 5
