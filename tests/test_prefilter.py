"""The quick looks are one-sided: what they admit the guard admits, and what they take for equal means the same."""

import itertools
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, QueryBoolean, QuerySolutions, Store

from clustergraph.guard import admit, query_form
from clustergraph.prefilter import normalised, plain_form
from clustergraph.runner import Limits
from hostile_queries import PIECES, mutations, own_queries, seeded, suite_queries

EASY = ["SELECT * { ?s ?p ?o }", "ASK { ?s <http://a/b> 'c  d' }", "CONSTRUCT WHERE { ?s ?p ?o ; ?q ?r }"]


def assert_one_sided(query: str, limits: Limits) -> bool:
    form = plain_form(query, limits)
    if form is None:
        return False
    admit(query, limits)
    assert query_form(query) == form or not is_read(query), query
    return True


def is_read(query: str) -> bool:
    try:
        Store().query(query, base_iri="x://base/")
    except (SyntaxError, ValueError):
        return False
    except RuntimeError:
        pass
    return True


def small(chosen: random.Random) -> Limits:
    return Limits(
        query_limit_bytes=chosen.choice((60, 400, 100_000)),
        nesting_limit=chosen.randint(0, 6),
        token_limit=chosen.choice((5, 30, 100, 300)),
        pattern_limit=chosen.choice((0, 1, 2, 3, 5, 8, 20)),
        unary_limit=chosen.randint(0, 3),
    )


def test_most_of_our_own_queries_are_plain() -> None:
    queries = own_queries()

    plain = [query for query in queries if assert_one_sided(query, Limits())]

    assert len(plain) > len(queries) / 2


def test_what_is_plain_among_the_suites_the_guard_admits_with_the_same_form() -> None:
    queries = suite_queries()
    chosen = seeded(1)

    plain = [assert_one_sided(query, limits) for query in queries for limits in (Limits(), *[small(chosen)] * 4)]

    assert sum(plain) > 500


def test_what_is_plain_among_twenty_thousand_mutations_the_guard_admits() -> None:
    chosen = seeded(2)
    queries = own_queries() + suite_queries()

    plain = [
        assert_one_sided(query, small(chosen) if number % 2 else Limits())
        for number, query in enumerate(mutations(queries, 20_000, seed=3))
    ]

    assert sum(plain) > 1_000


TOKENS = [
    *("?a", "$x", "a", "1", ".5", "5.", "1e3", "-1", "e:b", ":c", "_:b", "<http://x/>", "'q'", "@en", "true", ";", ","),
    *("OPTIONAL", "FILTER", "BIND", "GRAPH", "MINUS", "UNION", "SELECT", "AS", "^^", "&&", "||", *"./|^!*+-="),
]


def soup(chosen: random.Random, words: list[str], length: int, depth: int = 0) -> list[str]:
    """So many tokens or a few less, with all brackets closed."""
    out: list[str] = []
    while length > 0:
        if depth < 8 and chosen.random() < 0.25:
            opening, closing = chosen.choice(("()", "[]", "{}"))
            inside = chosen.randint(0, length)
            out += [opening, *soup(chosen, words, inside, depth + 1), closing]
            length -= inside
        else:
            out.append(chosen.choice(words))
        length -= 1
    return out


LIMITED = {
    "tokens": [Limits(token_limit=limit) for limit in range(4, 120, 4)],
    "patterns": [Limits(pattern_limit=limit) for limit in range(60)],
    "signs": [Limits(unary_limit=limit) for limit in range(20)],
    "brackets": [Limits(nesting_limit=limit) for limit in range(10)],
}


@pytest.mark.parametrize("ladder", LIMITED.values(), ids=LIMITED)
def test_the_smallest_limit_that_the_bound_allows_is_enough_for_the_guard(ladder: list[Limits]) -> None:
    chosen = seeded(4)
    seen = 0

    for _ in range(400):
        words = chosen.sample(TOKENS, chosen.randint(1, 4)) if chosen.random() < 0.6 else TOKENS
        begins = chosen.choice(("ASK {", "SELECT * {", "CONSTRUCT {", "SELECT (1 AS ?x) {"))
        query = begins + chosen.choice((" ", "")).join(soup(chosen, words, chosen.randint(1, 40))) + "}"
        tightest = next((limits for limits in ladder if plain_form(query, limits)), None)
        if tightest is not None:
            admit(query, tightest)
            seen += 1

    assert seen > 100


DENSE = {
    "a list": "ASK { (%s) a 1 }",
    "a list of lists": "ASK { ((%s) (1 1)) a 1 }",
    "a list as an object": "ASK { ?s a (%s) }",
    "objects": "ASK { ?s a 1,%s }",
    "a path": "ASK { ?s a/%s 1 }",
    "nodes": "ASK { [%s] a 1 }",
    "predicates": "ASK { ?s a 1;%s }",
    "signs": "ASK { FILTER(%s1) }",
    "brackets": "ASK { %s }",
}
UNITS = (
    "1 ",
    "a ",
    "a 1;",
    "a/",
    "1,",
    "[]",
    "[a 1]",
    "()",
    "(1)",
    "(1 1)",
    "!",
    "+",
    "-",
    "{}",
    "'' ",
    "'q'",
    ".",
    "a 1.",
)


@pytest.mark.parametrize("pattern", DENSE.values(), ids=DENSE)
def test_the_bounds_hold_for_the_densest_of_queries(pattern: str) -> None:
    for unit, times, ladder in itertools.product(UNITS, (1, 2, 5, 12, 25), LIMITED.values()):
        query = pattern % (unit * times)
        tightest = next((limits for limits in ladder if plain_form(query, limits)), None)
        if tightest is not None:
            admit(query, tightest)


@given(st.lists(st.sampled_from([*PIECES, *TOKENS, *EASY, " ", "ASK {", "}"]), max_size=12).map("".join))
def test_no_text_is_plain_that_the_guard_refuses(text: str) -> None:
    assert_one_sided(text, Limits())
    assert_one_sided(f"ASK {{ {text} }}", Limits())
    assert_one_sided(f"PREFIX {text} ASK {{}}", Limits())


NOT_PLAIN = {
    "another service": "ASK { SERVICE <http://a/> {} }",
    "an update behind a semicolon": "ASK {} ; DROP ALL",
    "an update": "INSERT DATA {}",
    "an update that looks like a prefix": "PREFIX insert.: <http://a/> ASK {}",
    "no-break spaces, which are letters": "ASK {" + " \xa0" * 12_000 + "}",
    "form feeds, which are signs": "ASK {" + " \x0c" * 12_000 + "}",
    "a keyword with the sign for kelvin": "AS\u212a {}",
    "a keyword with a long s": "\u017fELECT * {}",
    "data": "ASK { VALUES ?x { 1 } }",
    "an escape": r"ASK { ?s ?p '\'' }",
    "a long string": "ASK { ?s ?p '''a''' }",
    "a comparison that may be an IRI": "ASK { FILTER(?x <?y) }",
    "an IRI without a host": "ASK { <urn:x> ?p ?o }",
    "a bracket without a partner": "ASK { ( }",
    "brackets that cross": "ASK { ( } )",
    "no query": "",
}


@pytest.mark.parametrize("query", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_only_the_guard_can_judge_is_left_to_it(query: str) -> None:
    assert plain_form(query, Limits()) is None


OVER = {
    "size": ("ASK { ?s ?p ?o }", Limits(query_limit_bytes=60)),
    "nesting": ("ASK { { ?s ?p ?o } }", Limits(nesting_limit=1)),
    "words and signs": ("ASK { ?s ?p ?o }", Limits(token_limit=5)),
    "triple patterns": ("ASK { ?s ?p 1, 2, 3, 4 }", Limits(pattern_limit=3)),
    "signs in a row": ("ASK { FILTER(!!!1) }", Limits(unary_limit=2)),
}


@pytest.mark.parametrize(("query", "limits"), OVER.values(), ids=OVER)
def test_what_may_be_over_a_limit_is_left_to_the_guard(query: str, limits: Limits) -> None:
    assert (plain_form(query, Limits()), plain_form(query, limits)) == ("ASK", None)


@pytest.mark.parametrize(
    "unit",
    [
        " ",
        "\t\r\n",
        "# a\n",
        "PREFIX a: <http://a/> ",
        "PREFIX ",
        "PREFIX a.",
        "BASE ",
        "<",
        "<a:",
        "<a://",
        '"',
        "'",
        "'\"",
        "#",
        "(",
        "ASK {",
        "'a' ",
        "?a ",
    ],
)
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    text = unit * (25_000 // len(unit))
    began = time.monotonic()

    for query in (text, f"ASK {{ {text}", f"{text}X", f"PREFIX a{text}X"):
        plain_form(query, Limits())
        normalised(query)

    assert time.monotonic() - began < 5  # it takes a few hundredths; one that goes back takes years


# Normal forms


def store() -> Store:
    names = [NamedNode(f"http://example.org/{name}") for name in "abc"] + [NamedNode("urn:a'b"), NamedNode("urn:z")]
    texts = ("x y", "x  y", "c'd e", "c'd  e", '"', "it's", "a # b")
    made = Store()
    for subject in names:
        for predicate in names[:2]:
            made.extend(Quad(subject, predicate, value) for value in names[:3])
            made.extend(Quad(subject, predicate, Literal(text)) for text in texts)
    return made


STORE = store()


def answer(query: str) -> object:
    """What the engine says, in no order; None where it cannot read the query."""
    try:
        said = STORE.query(query, base_iri="http://example.org/")
        if isinstance(said, QueryBoolean):
            return bool(said)
        if isinstance(said, QuerySolutions):
            return [str(one) for one in said.variables], sorted(str(list(row)) for row in said)
        return sorted(re.sub(r"_:\w+", "_:", str(triple)) for triple in said)
    except (SyntaxError, ValueError):
        return None
    except RuntimeError as exc:
        return str(exc)


def respaced(query: str, chosen: random.Random) -> str:
    """The query with every run of space replaced, be it between tokens or inside of one."""
    spaces = (" ", "  ", "\n", "\t ", "\r\n", " \n ")
    return re.sub(r"[ \t\r\n]+", lambda _: chosen.choice(spaces), query)


def assert_normal_form_keeps_the_meaning(query: str, chosen: random.Random) -> bool:
    assert normalised(normalised(query)) == normalised(query)
    other = respaced(query, chosen)
    if other == query or normalised(other) != normalised(query):
        return False
    assert answer(other) == answer(query), (query, other)
    return True


CHANGING = re.compile("NOW|RAND|UUID|BNODE|SAMPLE|LIMIT|OFFSET|CONCAT|SERVICE", re.IGNORECASE)


def test_queries_of_one_normal_form_have_one_answer() -> None:
    chosen = seeded(5)
    queries = [one for one in own_queries() + suite_queries() if not CHANGING.search(one) and len(one) < 1_000]

    compared = [
        assert_normal_form_keeps_the_meaning(query, chosen)
        for query in [*queries, *mutations(queries, 2_000, seed=6)]
        if query.count("?") < 40
    ]

    assert sum(compared) > 400


QUOTED = [
    *("<urn:a'b>", "<urn:z'>", "<urn:z>", "<http://example.org/a>", "<http://example.org/'>", "<http://example.org/#>"),
    *("'\"'", '"\'"', "'x  y'", '"x  y"', '"c\'d  e"', "'c\"d  e'", "''", '""', "'''x  y'''", '"""x  y"""', "'a # b'"),
    *("?v", "#  x\n", "# it's  x\n", '# "  x\n', "<a:b", "<'  ", "a", ";", ",", ".", "\\'", "  ", "\n", "'", '"'),
]


def test_no_mixture_of_quotes_iris_and_comments_is_taken_for_another() -> None:
    chosen = seeded(7)
    compared = 0

    for _ in range(30_000):
        objects = [chosen.choice(QUOTED) for _ in range(chosen.randint(1, 7))]
        query = f"SELECT * {{ {chosen.choice(QUOTED)}  ?p {chosen.choice((' ', ' , ')).join(objects)} }}"
        compared += assert_normal_form_keeps_the_meaning(query, chosen)

    assert compared > 1_000


UNLIKE = {
    "a string": ("ASK { ?s ?p 'x y' }", "ASK { ?s ?p 'x  y' }"),
    "a string after an IRI with a quote": (
        """ASK { <urn:a'b> ?p "c'd e" , '"' , <urn:z'> }""",
        """ASK { <urn:a'b> ?p "c'd  e" , '"' , <urn:z'> }""",
    ),
    "a string after a comparison": ("ASK { FILTER(?a<'x y') }", "ASK { FILTER(?a<'x  y') }"),
    "a long string": ("ASK { ?s ?p '''x\ny''' }", "ASK { ?s ?p '''x y''' }"),
    "a comment that ends": ("ASK { ?s ?p ?o # a\n }", "ASK { ?s ?p ?o # a }"),
    "a comment without a space before it": ("ASK {}# a\n{}", "ASK {}# a {}"),
    "no space": ("ASK { ?a ?b ?c }", "ASK { ?a ?bc }"),
    "a no-break space": ("ASK { ?s ?p 'x\xa0y' }", "ASK { ?s ?p 'x y' }"),
    "a form feed": ("ASK {\x0c}", "ASK { }"),
    "a space at the end of a string without an end": ("ASK { ?s ?p 'x ", "ASK { ?s ?p 'x"),
    "an escaped quote": (r"ASK { ?s ?p 'x\'  y' }", r"ASK { ?s ?p 'x\' y' }"),
}


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE)
def test_what_differs_in_more_than_space_between_tokens_stays_different(one: str, other: str) -> None:
    if one.strip() != other.strip():
        assert normalised(one) != normalised(other) or answer(one) == answer(other) is None


def test_space_between_tokens_makes_no_difference() -> None:
    forms = {
        normalised(query)
        for query in ("SELECT * {?s ?p 'a  b'}", "SELECT\n*\t{?s  ?p\r\n'a  b'} ", " SELECT * {?s ?p 'a  b'}\n")
    }

    assert forms == {"SELECT * {?s ?p 'a  b'}"}
