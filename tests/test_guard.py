"""What the guard admits and what it refuses, held against the engine wherever the two must agree."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import pytest
from _pytest.mark import ParameterSet
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import QueryBoolean, QuerySolutions, QueryTriples, Store

from clustergraph import guard, scanner
from clustergraph.errors import ClusterGraphError, QueryError, QueryMalformed, QueryRefused, QueryTooLarge
from clustergraph.guard import admit, query_form
from clustergraph.runner import Limits

LIMITS = Limits()
LONG = Limits(query_limit_bytes=10**9)
NONE = Limits(query_limit_bytes=10**9, nesting_limit=10**9, token_limit=10**9, pattern_limit=10**9, unary_limit=10**9)
SUITES = Path(os.environ.get("CLUSTERGRAPH_SUITES", Path(__file__).parents[2] / "shared/suites")) / "sparql"

# Every IRI that a SERVICE names here has the scheme `x`, for which the engine has no transport: nothing is sent.
PREFIXES = (
    "BASE <x://b/> PREFIX : <x://host:80> PREFIX ok: <x:ok/> PREFIX part: <x:part#> PREFIX service: <x:service/> "
    "PREFIX true: <x:true/> "
)


def refusal(query: str, limits: Limits = LIMITS) -> QueryError:
    with pytest.raises(QueryError) as caught:
        admit(query, limits)
    return caught.value


def is_read(query: str) -> bool:
    """Whether the engine finds no fault with the grammar; what it answers from an empty store does not matter."""
    try:
        Store().query(query, base_iri="x://base/")
    except SyntaxError:
        return False
    except (OSError, RuntimeError):  # a SERVICE without a transport, a function without a definition
        return True
    return True


def calls_out(query: str) -> bool:
    """Whether SERVICE is a keyword in it to the engine: then no other word can stand in its place."""
    return is_read(query) and not is_read(re.sub("service", "servant", query, flags=re.IGNORECASE))


# What is said

IRI_REMEDY = "write IRIs in full and without spaces, and a space after a '<' that compares"
SEVERAL = "put long lists into VALUES, or ask several queries"


@pytest.mark.parametrize(
    ("query", "kind", "place", "what", "hint"),
    [
        pytest.param(
            "ASK {\n\tSERVICE <x:y> {} }",
            QueryRefused,
            (2, 2),
            "SERVICE is not answered, as this endpoint answers from its own data only",
            "remove the SERVICE block",
            id="service",
        ),
        pytest.param(
            "ASK { ?s ?p ok:SERVICE {} }",
            QueryRefused,
            (1, 24),
            "'ok:SERVICE' before this '{' can be read as the keyword SERVICE",
            "write a '.' before the '{'",
            id="name that may be service",
        ),
        pytest.param(
            "PREFIX x: <x:y>\r\nInsert DATA {}",
            QueryRefused,
            (2, 1),
            "INSERT begins an update, and this endpoint is read only",
            "ask with SELECT, ASK, CONSTRUCT or DESCRIBE",
            id="update",
        ),
        pytest.param(
            "ASK {\n ?s ?p 'a\n }",
            QueryMalformed,
            (2, 8),
            "the string that begins here has no end",
            "close it with '",
            id="short string without an end",
        ),
        pytest.param(
            'ASK { ?s ?p "é𝄞" . ?s ?p """a" }\n',
            QueryMalformed,
            (1, 26),
            "the string that begins here has no end",
            'close it with """',
            id="long string without an end, after wide characters",
        ),
        pytest.param(
            "ASK { ?s ?p '''\n\\x''' }",
            QueryMalformed,
            (2, 1),
            "this '\\' begins no escape that strings have",
            "write '\\\\' for a backslash",
            id="unknown escape",
        ),
        pytest.param(
            "ASK { <x:y z> ?p ?o }", QueryMalformed, (1, 7), "the IRI that begins here has no end", IRI_REMEDY, id="iri"
        ),
        pytest.param(
            "ASK { FILTER(?x<'>') }",
            QueryMalformed,
            (1, 16),
            "this '<' may compare or begin an IRI",
            IRI_REMEDY,
            id="comparison or iri",
        ),
        pytest.param("ASK { ( }", QueryMalformed, (1, 9), "'}' closes nothing", "open its partner first", id="bracket"),
        pytest.param("ASK {} #\0", QueryMalformed, (1, 9), "U+0000 is no character", "send UTF-8", id="nul"),
        pytest.param("ASK {}\n\ud800", QueryMalformed, (2, 1), "U+D800 is no character", "send UTF-8", id="surrogate"),
        pytest.param(
            "ASK " + "{" * 61,
            QueryTooLarge,
            (1, 65),
            "more than 60 brackets inside one another",
            "nest less, or ask several queries",
            id="nesting",
        ),
        pytest.param(
            "ASK {" + "1 " * 9_999,
            QueryTooLarge,
            (1, 20_002),
            "more than 10,000 words and signs outside VALUES",
            SEVERAL,
            id="tokens",
        ),
        pytest.param(
            "ASK {" + "\n?s ?p ?o ." * 201,
            QueryTooLarge,
            (202, 4),
            "more than 200 triple patterns",
            "ask several smaller queries",
            id="patterns",
        ),
        pytest.param(
            "ASK { FILTER(" + "!" * 61,
            QueryTooLarge,
            (1, 74),
            "more than 60 signs '!', '+' or '-' in a row",
            "write one of them",
            id="signs",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_where_and_what_to_do(
    query: str, kind: type[QueryError], place: tuple[int, int], what: str, hint: str
) -> None:
    error = refusal(query)

    assert type(error) is kind
    assert error.detail == f"line {place[0]}, column {place[1]}: {what}: {hint}"
    assert ((error.line, error.column), error.hint) == (place, hint)


# Size


@pytest.mark.parametrize(
    "comment", [pytest.param("#" * 99_994, id="one byte each"), pytest.param("#" + "𝄞" * 24_998 + "#", id="four bytes")]
)
def test_the_limit_of_size_is_in_bytes_of_utf_8(comment: str) -> None:
    query = "ASK {}" + comment

    admit(query, LIMITS)
    error = refusal(query + "#")

    hint = "ask several smaller queries"
    assert type(error) is QueryTooLarge
    assert error.detail == f"the query has 100,001 bytes, the limit is 100,000: {hint}"
    assert (error.line, error.column, error.hint) == (None, None, hint)


def test_a_text_with_surrogates_can_be_measured_too() -> None:
    assert refusal("\ud800" * 33_334).detail.startswith("the query has 100,002 bytes")


# T1: shapes that overflow the stack of a parser

BRACKETS, TOKENS, PATTERNS, SIGNS = (
    "60 brackets inside one another",
    "10,000 words and signs outside VALUES",
    "200 triple patterns",
    "60 signs '!', '+' or '-' in a row",
)
SHAPES = [
    ("", "{", BRACKETS),
    ("", "{ ", BRACKETS),
    ("", "{#\n", BRACKETS),
    ("", "{SELECT*{", BRACKETS),
    ("", "{SELECT*WHERE\n{", BRACKETS),
    ("", "OPTIONAL{", BRACKETS),
    ("", "MINUS{", BRACKETS),
    ("", "LATERAL{", BRACKETS),
    ("", "GRAPH ?g{", BRACKETS),
    ("", "{}UNION{", BRACKETS),
    ("", "FILTER EXISTS{", BRACKETS),
    ("", "FILTER(NOT EXISTS{", BRACKETS),
    ("FILTER", "(", BRACKETS),
    ("FILTER", "( #(\n", BRACKETS),
    ("FILTER", "(!", BRACKETS),
    ("FILTER(", "-(", BRACKETS),
    ("FILTER(", "IF(1,", BRACKETS),
    ("FILTER(", "coalesce(1,", BRACKETS),
    ("FILTER(", "ok:f(", BRACKETS),
    ("FILTER(", "<x:f>(", BRACKETS),
    ("FILTER(", "1 IN(", BRACKETS),
    ("BIND(", "EXISTS{BIND(", BRACKETS),
    ("?s ?p ", "(", BRACKETS),
    ("?s ?p ", "(1 ", PATTERNS),
    ("?s ?p ", "[ok:p ", BRACKETS),
    ("", "[ok:p(", BRACKETS),
    ("", "<<", BRACKETS),
    ("?s ?p ", "<<(?s ?p", BRACKETS),
    ("VALUES ?x {", "<<(<x:s> <x:p>", BRACKETS),
    ("?s ?p ?o", "{|?p ?o", BRACKETS),
    ("?s ", "(", BRACKETS),
    ("?s ", "^(", BRACKETS),
    ("?s ", "!(", BRACKETS),
    ("FILTER(", "!", SIGNS),
    ("FILTER(", "- ", SIGNS),
    ("FILTER(", "+#\n", SIGNS),
    ("FILTER(1", "-", SIGNS),
    ("FILTER(true", "-", SIGNS),
    ('FILTER("a"@en', "-", SIGNS),
    ("FILTER(ok:", "-", SIGNS),
    ("FILTER(", "1&&", TOKENS),
    ("FILTER(", "1||", TOKENS),
    ("FILTER(", "1*", TOKENS),
    ("", "{}UNION", TOKENS),
    ("", "OPTIONAL{}", TOKENS),
    ("", "MINUS{}", TOKENS),
    ("", "BIND(1 AS ?x)", TOKENS),
    ("", "FILTER(1)", TOKENS),
    ("", "VALUES ?x{1}", TOKENS),
    ("?s ", "ok:p|", TOKENS),
    ("?s ", "ok:p/", PATTERNS),
    ("", "?s ?p ?o.", PATTERNS),
    ("?s ?p ?o", ";?p ?o", PATTERNS),
    ("?s ?p ?o", ",?o", PATTERNS),
    ("", "?s a[].", PATTERNS),
]


def titled(rows: Sequence[tuple[str, ...]]) -> list[ParameterSet]:
    """Rows of a table, each named after what is in it."""
    return [pytest.param(*row, id=" ".join(row).strip()) for row in rows]


@pytest.mark.parametrize(("before", "unit"), titled([row[:2] for row in SHAPES]))
def test_ten_of_a_shape_are_admitted(before: str, unit: str) -> None:
    admit("ASK{" + before + unit * 10, LIMITS)


@pytest.mark.parametrize("depth", [10**4, 10**5, 10**6])
@pytest.mark.parametrize(("before", "unit", "limit"), titled(SHAPES))
def test_a_shape_that_would_overflow_a_parser_is_refused(before: str, unit: str, limit: str, depth: int) -> None:
    error = refusal("ASK{" + before + unit * depth, LONG)

    assert type(error) is QueryTooLarge
    assert f": more than {limit}: " in error.detail


@pytest.mark.parametrize("bracket", ["(", "[", "{", "{|", "<<", "<<("])
def test_sixty_brackets_of_a_kind_are_admitted_and_one_more_is_refused(bracket: str) -> None:
    admit("ASK {} " + (bracket + " ") * 60, LIMITS)
    error = refusal("ASK {} " + (bracket + " ") * 61)

    column = 8 + 60 * (len(bracket) + 1)
    assert error.detail.startswith(f"line 1, column {column}: more than 60 brackets inside one another: ")


def test_brackets_side_by_side_are_no_nesting() -> None:
    admit("ASK {" + "{ FILTER(?x IN (1)) } [] << ?a ?b ?c >> <<( ?a ?b ?c )>> {| ?a ?b |}" * 50 + "}", LIMITS)


@pytest.mark.parametrize(
    "prefix", [pytest.param("x" + "-" * 61, id="in a row"), pytest.param("x-" * 61 + "x", id="one by one")]
)
def test_hyphens_of_a_prefix_count_as_signs_since_the_engine_can_read_them_so(prefix: str) -> None:
    error = refusal(f"ASK {{ ?s {prefix}:p ?o }}")

    assert error.detail == "line 1, column 10: more than 60 signs '!', '+' or '-' in a row: write one of them"


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("1 != " * 100 + "1", id="unequal"),
        pytest.param("- 1 " * 100, id="values between"),
        pytest.param("'" + "-" * 100 + "'", id="in a string"),
        pytest.param("<x://" + "-" * 100 + ">", id="in an iri"),
        pytest.param("?x #" + "!" * 100 + "\n", id="in a comment"),
        pytest.param("!" * 60 + "?x", id="sixty"),
    ],
)
def test_signs_that_do_not_follow_one_another_are_no_run(expression: str) -> None:
    admit(f"ASK {{ FILTER({expression}) }}", LIMITS)


# T2: what makes planning explode


@pytest.mark.parametrize(
    ("query", "patterns"),
    [
        pytest.param("ASK { ?s ?p ?o }", 1, id="one"),
        pytest.param("ASK { ?s a ?o . }", 1, id="last dot"),
        pytest.param("ASK { ?s ?p ?o . ?s ?p 'a'@en . <x:s> ok:p true }", 3, id="three"),
        pytest.param("ASK { ?s ?p 1.?s ?p 1.5.?s ?p 1.e5.?s ?p ?o.5 ?p .5 }", 5, id="dots and numbers"),
        pytest.param("ASK { ?s ok:p ok:o.?s ok:p _:o.?s ok:p ok:o\\. }", 3, id="dots after names"),
        pytest.param("ASK { ?s ?p ok:.ok:s ?p ?o . ?s ?p true.:s ?p ?o }", 4, id="dots before names"),
        pytest.param("ASK { ?s ?p ?o ; ?q ?r ; ; a ?t ; . }", 3, id="semicolons"),
        pytest.param("ASK { ?s ?p ?o , 1 , 'a'^^ok:t }", 3, id="commas"),
        pytest.param("ASK { ?s ^ok:p ?o ; !(ok:p|^a) ?q ; ok:p* ?r ; ok:p? ?t }", 4, id="paths"),
        pytest.param("ASK { ?s ok:p/ok:q/^ok:r ?o . ?s (ok:p|ok:q)+ ?o }", 4, id="steps of a path"),
        pytest.param("ASK { ?s ok:p/(ok:q|ok:r)* ?o }", 2, id="step in parentheses"),
        pytest.param("ASK { ?s ?p [] . [] ?p ?o }", 2, id="blank nodes"),
        pytest.param("ASK { ?s ?p [ ok:p 1 ; ok:q 2 , 3 ] }", 4, id="property list"),
        pytest.param("ASK { [ ok:p [ ok:q 1 ] ] . [ ok:p 1 ] ok:q 2 }", 4, id="property lists as subjects"),
        pytest.param("ASK { ?s ?p () . ?s ?p (1 'a'@en '1'^^ok:t) }", 8, id="collections"),
        pytest.param("ASK { (1 (2) [ ok:p 3 ]) ?p ?o }", 10, id="nested collections"),
        pytest.param("ASK { [ ok:p (1 2) ] . ?s ?p ?o {| ok:p (3) |} }", 9, id="collections in property lists"),
        pytest.param("ASK { ?s ?p ?o {| ok:p 1 ; ok:q 2 |} . ?s ?p ?o ~ ok:r }", 4, id="annotations"),
        pytest.param("ASK { << ?a ?b ?c >> ?p <<( ?a ?b ?c )>> }", 2, id="reified triple and triple term"),
        pytest.param("ASK { ?s ?p ?o FILTER(?o / 2 IN (1, 2, ok:f(?s, ?p) / 3)) ?s ?p ?o }", 2, id="arguments"),
        pytest.param("ASK { FILTER ok:f(?s, ?p, ?o) ?s ?p ?o FILTER regex(?o, 'a', 'i') }", 1, id="bare calls"),
        pytest.param("ASK { BIND(IF(?x, 1, 2) AS ?y) ?s ?p ?y . BIND(1 AS ?z) }", 1, id="bind"),
        pytest.param("ASK { VALUES (?x ?y) { (1 2) (<x:a> 'b') } VALUES ?z { 1 2 3 } ?s ?p ?o }", 1, id="values"),
        pytest.param("ASK { GRAPH ?g { ?s ?p ?o } GRAPH ok:g { ?s ?p ?o } ?s ?p ?o }", 3, id="graph"),
        pytest.param("ASK { ?s ?p ?o OPTIONAL { ?s ?p ?o } MINUS { ?s ?p ?o } ?s ?p ?o }", 4, id="optional, minus"),
        pytest.param("ASK { { ?s ?p ?o } UNION { ?s ?p ?o } UNION { ?s ?p ?o . ?s ?p ?o } }", 4, id="union"),
        pytest.param("ASK { FILTER(?x = 1 && NOT EXISTS { ?s ?p ?o ; ?q ?r }) }", 2, id="exists"),
        pytest.param(
            "ASK { { SELECT ?a (COUNT(?b) AS ?n) { ?a ?b ?c } GROUP BY ?a HAVING(COUNT(?b) > 1) ORDER BY ?a } }",
            1,
            id="subselect",
        ),
        pytest.param(
            "CONSTRUCT { ?s a ok:T , ok:U } FROM ok:g WHERE { ?s ?p ?o } ORDER BY ?s DESC(?p) ?o LIMIT 3",
            3,
            id="template",
        ),
    ],
)
def test_triple_patterns_are_counted_as_the_engine_makes_them(query: str, patterns: int) -> None:
    admit(query, Limits(pattern_limit=patterns))
    error = refusal(query, Limits(pattern_limit=patterns - 1))

    assert f": more than {patterns - 1} triple patterns: " in error.detail
    assert is_read("PREFIX : <x:> PREFIX ok: <x:ok/> " + query)


@pytest.mark.parametrize("query", ["ASK {}", "DESCRIBE ok:a ok:b ok:c", "SELECT ?a ?b ?c (1 AS ?d) {} ORDER BY ?a"])
def test_outside_groups_there_are_no_triple_patterns(query: str) -> None:
    admit(query, Limits(pattern_limit=0))


def test_two_hundred_patterns_are_admitted() -> None:
    admit("ASK {" + "?s ?p ?o ; ?q ?r . ?s ?p 1 , 2 ." * 50 + "}", LIMITS)


# Words and signs


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        pytest.param("ASK { FILTER(?x <= -1.5e3 && 'a b'@en != $y) }", 16, id="expression"),
        pytest.param("ASK # one two\n { ?s ok:p.q/<x:p> '''a b c'''@en-GB }", 9, id="names, strings, comments"),
        pytest.param("ASK { _:a.b ok:%20\\,/^a <<( ?a a true )>> . [] a 1.0 }", 18, id="blank nodes, triple terms"),
        pytest.param("ASK { ?s ok:p\\. 1.e5 , .5 , '1'^^ok:t FILTER(?a || ?b) }", 18, id="dots and double signs"),
    ],
)
def test_words_and_signs_are_counted_one_by_one(query: str, tokens: int) -> None:
    admit(query, Limits(token_limit=tokens))
    error = refusal(query, Limits(token_limit=tokens - 1))

    assert (error.line, error.column) == (query.count("\n") + 1, len(query.splitlines()[-1]))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param("VALUES ?x {" + "1 " * 30_000 + "}", id="one variable"),
        pytest.param("values(?x$y){" + "(1 UNDEF)" * 9_000 + "}", id="two variables"),
        pytest.param("VALUES ( ) #\n {" + "()" * 30_000 + "}", id="no variable"),
        pytest.param("VALUES ?x {" + """'{}' "}" '''}''' <x://y> """ * 3_000 + "}", id="strings"),
        pytest.param("VALUES ?x {" + "#}\n1 " * 15_000 + "}", id="comments"),
        pytest.param("VALUES ?x {" + r"ok:a\'b ok:\# " * 6_000 + "}", id="escaped names"),
    ],
)
def test_the_data_of_values_is_not_counted_but_what_follows_is(values: str) -> None:
    admit("ASK {" + values + "?s ?p ?o", Limits(token_limit=12))
    error = refusal("ASK {" + values + "?s ?p ?o" * 5, Limits(token_limit=12))

    assert error.detail.endswith(": more than 12 words and signs outside VALUES: " + SEVERAL)


def test_triple_terms_in_values_are_counted_since_they_nest() -> None:
    term = "<<( <x:s> <x:p> 1 )>> "

    admit("ASK { VALUES ?x {" + term * 1_000 + "} }", LIMITS)
    error = refusal("ASK { VALUES ?x {" + term * 3_000 + "} }")

    assert ": more than 10,000 words and signs outside VALUES: " in error.detail


# T6: calls to other endpoints


CALLS = [
    pytest.param(call, id=title)
    for title, call in {
        "plain": "SERVICE <x:y> {}",
        "lower case": "service <x:y> {}",
        "mixed case": "SeRvIcE <x:y> { ?s ?p ?o }",
        "no spaces": "SERVICE<x:y>{}",
        "tab": "SERVICE\t<x:y>\t{}",
        "line breaks": "SERVICE\r\n<x:y>\n{}",
        "comments between": "SERVICE# <x:z>\n<x:y>#\r{}",
        "after a comment": "# nothing\nSERVICE <x:y> {}",
        "after a comment ended by a carriage return": "# nothing\rSERVICE <x:y> {}",
        "silent": "SERVICE SILENT <x:y> {}",
        "silent, lower case": "service silent <x:y> {}",
        "silent, no spaces": "SERVICESILENT<x:y>{}",
        "variable": "SERVICE ?o {}",
        "variable with dollar": "SERVICE$o{}",
        "variable from values": "VALUES ?e { <x:y> } SERVICE ?e {}",
        "variable from bind": "BIND(<x:y> AS ?e) SERVICE ?e {}",
        "prefixed name": "SERVICE ok:y {}",
        "empty prefix": "SERVICE : {}",
        "relative iri": "SERVICE <y> {}",
        "escaped iri": "SERVICE <x:\\u0079> {}",
        "ipv6": "SERVICE <x://[::1]:80/> {}",
        "user": "SERVICE <x://user:word@host/> {}",
        "query": "SERVICE <x://host/?a=b#c> {}",
        "in optional": "OPTIONAL { SERVICE <x:y> {} }",
        "in minus": "MINUS { SERVICE <x:y> {} }",
        "in graph": "GRAPH ?g { SERVICE <x:y> {} }",
        "in union": "{} UNION { SERVICE <x:y> {} }",
        "in a subselect": "{ SELECT * { SERVICE <x:y> {} } }",
        "in exists": "FILTER(1 = 1 || EXISTS { SERVICE <x:y> {} })",
        "in another": "SERVICE <x:y> { SERVICE <x:z> {} }",
        "after a dot": ".SERVICE <x:y> {}",
        "after a group": "{}SERVICE <x:y> {}",
        "after filter": "FILTER(?s = 1)SERVICE <x:y> {}",
        "after values": "VALUES ?x { '}' }SERVICE <x:y> {}",
        "after an integer": ". ?s ?p 1SERVICE <x:y> {}",
        "after a decimal": ". ?s ?p 1.5SERVICE <x:y> {}",
        "after a double": ". ?s ?p 1e5SERVICE <x:y> {}",
        "after a number and a dot": ". ?s ?p 1.SERVICE <x:y> {}",
        "after a boolean": ". ?s ?p trueSERVICE <x:y> {}",
        "after a string": ". ?s ?p 'a'SERVICE <x:y> {}",
        "after an empty string": ". ?s ?p ''SERVICE <x:y> {}",
        "after quotes in a long string": ". ?s ?p ''''a''b'''SERVICE <x:y> {}",
        "after an escaped quote": ". ?s ?p 'a\\'b\\\\'SERVICE <x:y> {}",
        "after an escaped code point": ". ?s ?p 'a\\u0027\\U0010FFFF'SERVICE <x:y> {}",
        "after a language": ". ?s ?p 'a'@en SERVICE <x:y> {}",
        "after an iri": ". ?s ?p <x:o>SERVICE <x:y> {}",
        "after an iri with quotes": ". ?s ?p <x://o'#'>SERVICE <x:y> {}",
        "after a name with an escaped quote": ". ?s ?p ok:o\\'SERVICE SERVICE <x:y> {}",
        "after a name that ends in a dot": ". ?s ?p ok:o. SERVICE <x:y> {}",
        "after a prefix only": ". ?s ?p ok: SERVICE <x:y> {}",
        "after a collection": ". ?s ?p (1 <x://y#>)SERVICE <x:y> {}",
        "after a collection of relative iris": ". ?s ?p ('a'<#>)SERVICE<x:y>{} #'\n",
        "after a comparison": "FILTER(?s<?o||?o>1)SERVICE <x:y> {}",
        "after a triple term": ". ?s ?p <<( ?s ?p 1 )>>SERVICE <x:y> {}",
        "after an annotation": "{| ?p ?o |}SERVICE <x:y> {}",
    }.items()
]


@pytest.mark.parametrize("call", CALLS)
def test_service_is_refused_however_it_is_written(call: str) -> None:
    query = PREFIXES + "SELECT * { ?s ?p ?o " + call + " }"

    error = refusal(query)

    assert type(error) is QueryRefused
    assert error.detail.endswith(
        ": SERVICE is not answered, as this endpoint answers from its own data only: remove the SERVICE block"
    )
    assert calls_out(query)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("SERVICE:{}", id="one word with the empty prefix"),
        pytest.param("serviceok:y{}", id="one word with a prefix"),
        pytest.param("SERVICESILENTok:y {}", id="one word, silent"),
        pytest.param("SERVICEok:y#\n{}", id="comment before the bracket"),
        pytest.param(". ?s ?p trueSERVICEok:y{}", id="one word with a boolean"),
        pytest.param(". ?s ?p true.SERVICEok:y{}", id="one word with a boolean and a dot"),
        pytest.param(". ?s ?p 1SERVICEok:y{}", id="one word with a number"),
        pytest.param(". ?s ?p :SERVICE<x:y>{}", id="a host with port takes no more"),
        pytest.param(". ?s ?p :SERVICE <x:y> {}", id="spaces"),
        pytest.param(". ?s ?p :SERVICE ?o {}", id="a variable"),
        pytest.param(". ?s ?p :SERVICE ok:y {}", id="another name"),
        pytest.param(". ?s ?p :SERVICE SILENT ok:y {}", id="silent"),
        pytest.param(". ?s ?p :SERVICESILENT ok:y {}", id="silent in one word"),
        pytest.param(". ?s :trueSERVICE<x:y>{}", id="as predicate"),
        pytest.param(". :a:SERVICE<x:y>{}", id="as a whole triple"),
        pytest.param(". ?s ?p part:SERVICEok:e\\#y{}", id="two hashes are no iri"),
        pytest.param(". ?s ?p ok:a.b.SERVICE<x:y>{}", id="a name has one dot in the engine"),
        pytest.param(". ?s ?p ok:a.b.SERVICEok:y{}", id="dots and a name"),
        pytest.param(". ?s ?p 'a'^^:SERVICE<x:y>{}", id="as datatype"),
        pytest.param(". ?s :falseSERVICE:{}", id="between a boolean and the empty prefix"),
        pytest.param(". ?s :1SERVICE<x:y>{}", id="number before it, inside a name"),
        pytest.param(". ?s :1e5SERVICE<x:y>{}", id="double before it, inside a name"),
        pytest.param(". ?s ?p :SERVICESILENT<x:y>{}", id="silent, inside a name"),
        pytest.param(". ?s ?p :SERVICE ok:webservice {}", id="another name with the word"),
    ],
)
def test_a_name_that_the_engine_can_read_as_service_is_refused(call: str) -> None:
    query = PREFIXES + "SELECT * { ?s ?p ?o " + call + " }"

    error = refusal(query)

    assert type(error) is QueryRefused
    assert error.detail.endswith(" before this '{' can be read as the keyword SERVICE: write a '.' before the '{'")
    assert calls_out(query)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("FILTER(?s<1)SERVICEok:a#>\n{}", id="call inside an iri"),
        pytest.param("FILTER(?s<'>'&&EXISTS{SERVICE<x:y>{}}&&?s='a')#')\n", id="quote inside an iri"),
        pytest.param("FILTER(?s<1#>'''\n)SERVICE<x:y>{} #''')\n", id="comment inside an iri"),
        pytest.param("FILTER(?s<<'>)SERVICE<x:y>{} #'\n", id="comparison with an iri"),
        pytest.param("FILTER(true<'>'||EXISTS{SERVICE<x:y>{}}||?s='a')#')\n", id="after a boolean"),
        pytest.param("FILTER(STR(?s)<'>'||EXISTS{SERVICE<x:y>{}}||?s='a')#')\n", id="after a call"),
        pytest.param("FILTER('a'@en<'>'||EXISTS{SERVICE<x:y>{}}||?s='a')#')\n", id="after a language"),
        pytest.param("FILTER(EXISTS{}<'>'||EXISTS{SERVICE<x:y>{}}||?s='a')#')\n", id="after exists"),
        pytest.param("FILTER(1=1) ?s ?p ('a'<#>)SERVICE<x:y>{} #'\n", id="iri in a collection"),
        pytest.param(". ?s ?p ('a'<\\u+041#>)SERVICE<x:y>{} #'\n", id="sign in an escape, in a collection"),
        pytest.param(". ?s ?p <\\u+041#>SERVICE<x:y>{} #'\n", id="sign in an escape"),
        pytest.param('VALUES ?x {"""a"} SERVICE<x:y>{} # \\q """\n', id="unknown escape"),
        pytest.param('VALUES ?x {"""a"} SERVICE<x:y>{} # \\uD800 """\n', id="surrogate"),
        pytest.param('VALUES ?x {"""a"} SERVICE<x:y>{} # \\UFFFFFFFF """\n', id="no code point"),
        pytest.param("VALUES ?x {'''a'} SERVICE<x:y>{} # \\u12 '''\n", id="short escape"),
        pytest.param('VALUES ?x {"""a"} SERVICE<x:y>{}', id="long string without an end"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_where_one_of_them_hides_service(pattern: str) -> None:
    query = PREFIXES + "SELECT * { ?s ?p ?o " + pattern + "}"

    error = refusal(query)

    assert type(error) is QueryMalformed
    assert calls_out(query)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT ?service $SERVICE2 { ?service ?p $SERVICE2 }", id="variables"),
        pytest.param("ASK { service:a service:b service:c }", id="prefix"),
        pytest.param("ASK { ok:service ok:a.service ok:SERVICE . {} }", id="names"),
        pytest.param("ASK { ?s ?p service:a, ok:service; ok:p ok:service . ?s ok:service/service:x ?o }", id="lists"),
        pytest.param("ASK { ?s a ok:servicelevel { } }", id="name that begins with it, before a group"),
        pytest.param("ASK { ?s ok:webservice ?o { ?s ?p ?o } }", id="name that ends with it, before a group"),
        pytest.param("ASK { ?s a ok:my-service, ok:My_Service { } }", id="hyphen and underscore, before a group"),
        pytest.param("PREFIX webservice: <x:w/> ASK { ?s a webservice:x { } }", id="prefix that ends with it"),
        pytest.param("ASK { ?s a ok:Service OPTIONAL {} FILTER(ok:service(?s)) }", id="before a keyword"),
        pytest.param("ASK { ?s a ok:Service {| ok:p 1 |} }", id="before an annotation"),
        pytest.param("ASK { GRAPH service:g {} GRAPH <x:SERVICE> {} GRAPH ?service {} }", id="graphs"),
        pytest.param("ASK FROM service:a FROM NAMED service:b { }", id="dataset"),
        pytest.param("DESCRIBE service:a ok:service { }", id="described"),
        pytest.param("ASK { ?s ?p 'SERVICE <x:y> {}', \"SERVICE <x:y> {}\" }", id="strings"),
        pytest.param("ASK { ?s ?p '''\n'SERVICE <x:y> {}''', \"\"\"\"\nSERVICE <x:y> {}\"\"\" }", id="long strings"),
        pytest.param("ASK { ?s ?p 'a\\' SERVICE <x:y> {}' }", id="after an escaped quote"),
        pytest.param("ASK { ?s ?p <SERVICE>, <x:/SERVICE/%7B%7D> }", id="iris"),
        pytest.param("ASK { ?s ?p (<SERVICE> 'a' <x://SERVICE#SERVICE>) }", id="iris in a collection"),
        pytest.param("ASK { # SERVICE <x:y> {}\n } # SERVICE <x:y> {}", id="comments"),
        pytest.param("ASK { ?s ?p 'a'@service, 'b'@en-service }", id="languages"),
        pytest.param("ASK { _:service ?p _:a.SERVICE . [] ?p _:SERVICE-a {} }", id="blank nodes"),
        pytest.param("ASK { VALUES (?a ?b) { (<x:SERVICE> 'SERVICE') (ok:service service:a) } }", id="values"),
        pytest.param("ASK { ?s ?p ok:a\\'SERVICE, ok:%20SERVICE\\# }", id="escaped names"),
    ],
)
def test_service_in_any_other_role_is_admitted(query: str) -> None:
    admit(PREFIXES + query, LIMITS)

    assert is_read(PREFIXES + query)
    assert not calls_out(PREFIXES + query)


def test_only_variables_and_a_bracket_after_values_begin_data() -> None:
    error = refusal("ASK { VALUES 1 { SERVICE <x:y> {} } }")

    assert (type(error), error.column) == (QueryRefused, 18)


# T30: SERVICE behind escapes


@pytest.mark.parametrize(
    "call",
    [
        r"\u0053ERVICE <x:y> {}",
        r"\u0073ervice <x:y> {}",
        r"S\u0045RVICE <x:y> {}",
        r"SERVIC\u0045 <x:y> {}",
        r"SERVIC\U00000045 <x:y> {}",
        r"\u0053\u0045\u0052\u0056\u0049\u0043\u0045 <x:y> {}",
        r"\U00000053ERVICE SILENT <x:y> {}",
        r"{\u0053ERVICE <x:y> {}}",
        r"1\u0053ERVICE <x:y> {}",
        "\N{LATIN SMALL LETTER LONG S}ERVICE <x:y> {}",
        "SERV\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}CE <x:y> {}",
        "S\N{ZERO WIDTH JOINER}ERVICE <x:y> {}",
        "\N{FULLWIDTH LATIN CAPITAL LETTER S}ERVICE <x:y> {}",
    ],
)
def test_an_engine_that_decodes_no_escapes_refuses_what_the_guard_leaves_to_it(call: str) -> None:
    """Should the engine learn to decode them, this fails, and the guard has to learn it too."""
    query = "SELECT * { ?s ?p ?o . " + call + " }"

    admit(query, LIMITS)

    assert not is_read(query)


@pytest.mark.parametrize("space", ["\N{NO-BREAK SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}", "\f", "\v", "\u2028", "\\"])
def test_service_after_a_character_of_no_query_is_refused_here_already(space: str) -> None:
    error = refusal("ASK {" + space + "SERVICE <x:y> {} }")

    assert (type(error), error.column) == (QueryRefused, 7)


# Comparisons and IRIs


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("FILTER(?x<?y)", id="no spaces"),
        pytest.param("FILTER(?x <= 3)", id="at most"),
        pytest.param("FILTER(?x<=?y&&?z>=3)", id="up to the next sign"),
        pytest.param("FILTER(?x<-1)", id="negative"),
        pytest.param("FILTER(?x < 'a' && ?y > 'b')", id="strings"),
        pytest.param("FILTER(?x < <x:a#b>)", id="with an iri"),
        pytest.param("FILTER(?x = <x:a#(b)'> || ?x > <x://y'z>)", id="iris after signs"),
        pytest.param("FILTER(?x IN (<x:a#b>, <x:(c)>))", id="iris in a list"),
        pytest.param("FILTER(<x:f#g>(<x:a#b>) < 2 # '\n)", id="call of an iri"),
        pytest.param("?x ?p <x:a#b>, <x://y/(z)'#>, <#> .", id="objects"),
        pytest.param("?x ?p (<x:a#b> <x://y#(z)'>) .", id="collection"),
        pytest.param("?x ?p (<#b> <#a>), ((1) <#(a)'>) .", id="relative iris in a collection"),
        pytest.param("FILTER(?x < 1) . (1 <#a> 2) ?p [ ok:p (1 <#a>) ] .", id="collections after a filter and a dot"),
        pytest.param("?x ?p (1 <x:a/b> [] <a> <<( ?x ?p 1 )>> <<?x ?p ?y>>) .", id="collection of everything"),
        pytest.param("?x <x:p>|!(<x:q#>|^<x:r#>) ?y .", id="path"),
        pytest.param("VALUES (?a ?b) { ('a' <x:a#b>) (<x:a#'> <(>) }", id="data"),
        pytest.param("<<<x:a#b> <x:p> 'a'>> ?p <<( <x:s> <x:p> <x:o#> )>> .", id="triples"),
    ],
)
def test_comparisons_and_iris_are_told_apart(pattern: str) -> None:
    query = PREFIXES + "ASK { ?x ?y ?z . " + pattern + " }"

    admit(query, LIMITS)

    assert is_read(query)


@pytest.mark.parametrize(
    ("pattern", "column"),
    [
        pytest.param("FILTER(?x<abs(?y)&&?z>3)", 16, id="call between signs"),
        pytest.param("FILTER(1 = 1) ?x ?p (1 <a#b>) .", 30, id="relative iri in a collection after a filter"),
        pytest.param("FILTER ok:f (1 <a#b>) .", 22, id="call of a name"),
        pytest.param("FILTERok:f(1 <a#b>) .", 20, id="call of a name in one word"),
        pytest.param("{ SELECT ?x (1 <a#b> AS ?y) {} }", 22, id="sub-select"),
        pytest.param("FILTER(?x<<x:a>)", 16, id="two signs in a row"),
        pytest.param("FILTER(?x<ok:a\\-b)", 16, id="escape after a sign"),
    ],
)
def test_a_space_is_asked_for_where_a_comparison_could_be_an_iri(pattern: str, column: int) -> None:
    error = refusal("ASK { " + pattern + " }")

    assert error.detail == f"line 1, column {column}: this '<' may compare or begin an IRI: {IRI_REMEDY}"


@pytest.mark.parametrize("iri", ["<x:a b>", "<x:a", "<x:a\n>", '<x:"a">', "<x:{a}>", "<x:a\\>", "<x:\\uD800>", "< >"])
def test_what_is_no_iri_is_refused_where_only_an_iri_can_be(iri: str) -> None:
    query = "ASK { ?s ?p " + iri + " }"

    error = refusal(query)

    assert error.detail == f"line 1, column 13: the IRI that begins here has no end: {IRI_REMEDY}"
    assert not is_read(query)


# Strings


@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="nothing"),
        pytest.param("a#b{(<", id="signs"),
        pytest.param("\\t\\b\\n\\r\\f\\\"\\'\\\\", id="escapes"),
        pytest.param("\\u00e9\\uFFFF\\ud7ff\\U0000E000\\U0010fFfF", id="code points"),
        pytest.param("é\N{MUSICAL SYMBOL G CLEF}\x7f", id="other characters"),
    ],
)
def test_strings_end_where_the_engine_ends_them(quote: str, content: str) -> None:
    query = "ASK { ?s ?p " + quote + content + quote + " }"

    admit(query, LIMITS)
    error = refusal(query + "}")

    assert error.column == len(query) + 1
    assert is_read(query)


@pytest.mark.parametrize("string", ["'\"'", '"\'"', "''''a'''", "'''a''b'c'''", '""""a"""', "'''\n\r'''", "'''\\''''"])
def test_quotes_of_the_other_kind_and_fewer_quotes_belong_to_the_string(string: str) -> None:
    query = "ASK { ?s ?p " + string + " }"

    admit(query, LIMITS)

    assert is_read(query)


@pytest.mark.parametrize(
    "string", ["'", '"', "'a\n'", '"a\r"', "'''a", '"""a"', "'''a''", "'\\'", '"\\"', "'''\\'''", "''''", "'''''"]
)
def test_a_string_without_an_end_is_refused_with_its_beginning(string: str) -> None:
    query = "ASK { ?s ?p " + string

    error = refusal(query)

    quote = string[0] * (3 if string.startswith(string[0] * 3) else 1)
    assert error.detail == f"line 1, column 13: the string that begins here has no end: close it with {quote}"
    assert not is_read(query)


@pytest.mark.parametrize("escape", ["\\q", "\\u123", "\\uD800", "\\udfff", "\\U00110000", "\\U0000D800", "\\u+123"])
def test_an_escape_that_strings_do_not_have_is_refused_with_its_place(escape: str) -> None:
    query = "ASK { ?s ?p 'ab" + escape + "' }"

    error = refusal(query)

    remedy = "write '\\\\' for a backslash"
    assert error.detail == f"line 1, column 16: this '\\' begins no escape that strings have: {remedy}"
    assert not is_read(query)


# Brackets


@pytest.mark.parametrize(
    "query",
    [
        "}",
        "ASK {}}",
        "ASK {)",
        "ASK {]",
        "ASK { (}",
        "ASK { [)",
        "ASK { {|}",
        "ASK { <<}",
        "ASK { <<( )",
        "ASK { [ >> ]]",
    ],
)
def test_a_bracket_without_its_partner_is_refused(query: str) -> None:
    error = refusal(query)

    place = f"line 1, column {len(query)}"
    assert error.detail == f"{place}: '{query[-1]}' closes nothing: open its partner first"
    assert not is_read(query)


@pytest.mark.parametrize(
    "query", ["", "ASK", "ASK {", "ASK { ( [", "no query at all", "ASK { ?s ?p ?o ; LOAD <x:y> }", "ASK { . . }"]
)
def test_other_faults_of_grammar_are_left_to_the_engine(query: str) -> None:
    admit(query, LIMITS)

    assert not is_read(query)


# Updates and batches


@pytest.mark.parametrize(
    "operation",
    [
        "INSERT DATA { <x:s> <x:p> 1 }",
        "DELETE DATA { <x:s> <x:p> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
        "WITH <x:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "LOAD <x:g>",
        "LOAD SILENT <x:g> INTO GRAPH <x:h>",
        "CLEAR ALL",
        "CREATE GRAPH <x:g>",
        "DROP DEFAULT",
        "COPY <x:g> TO <x:h>",
        "MOVE <x:g> TO <x:h>",
        "ADD <x:g> TO <x:h>",
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="alone"),
        pytest.param("# an update\n", id="after a comment"),
        pytest.param("BASE <x:b> PREFIX insert: <x:i> VERSION '1.2' ", id="after a prologue"),
        pytest.param("ASK { ?s ?p ?o } ; ", id="after a query"),
        pytest.param("ASK {} ; prefix x: <x:x> ", id="after a second prologue"),
    ],
)
def test_updates_are_refused_as_the_endpoint_is_read_only(before: str, operation: str) -> None:
    for query in (before + operation, before + operation.lower()):
        error = refusal(query)

        keyword = operation.split(maxsplit=1)[0]
        assert type(error) is QueryRefused
        assert error.detail.endswith(
            f": {keyword} begins an update, and this endpoint is read only: ask with SELECT, ASK, CONSTRUCT or DESCRIBE"
        )
        assert error.column == len(query.splitlines()[-1]) - len(operation) + 1


@pytest.mark.parametrize(
    "query",
    [
        "PREFIX insert: <x:i> ASK { insert:a insert:delete ?drop ; insert:load $clear }",
        "ASK { ?s ?p 'INSERT DATA {}', <x:LOAD>, 'a'@add, _:move } # DROP ALL",
        "SELECT ?with ?copy { ?with ?p ?copy ; ?create ?add }",
        "BASE <x://INSERT/> DESCRIBE <LOAD>",
    ],
)
def test_the_words_of_updates_in_any_other_role_are_admitted(query: str) -> None:
    admit(query, LIMITS)

    assert is_read(query)


@pytest.mark.parametrize(
    "query", ["ASK {} ASK {}", "ASK {} ; ASK {}", "ASK {} ;", "ASK {} INSERT DATA {}", "SELECT * {} CLEAR ALL"]
)
def test_two_queries_in_one_text_are_left_to_the_engine_that_reads_one(query: str) -> None:
    admit(query, LIMITS)

    assert not is_read(query)


# T31: work that grows with the text, and no faster


class Work:
    """Counts calls and the characters that patterns run over: steps, so that no clock decides."""

    def __init__(self, run: Callable[[re.Pattern[str], str, int], int]) -> None:
        self.steps = 0
        self.run = run

    def counted_run(self, pattern: re.Pattern[str], text: str, position: int) -> int:
        end = self.run(pattern, text, position)
        self.steps += end - position
        return end

    def count_call(self, frame: FrameType, event: str, argument: object) -> None:
        self.steps += event in ("call", "c_call")


def steps_to_judge(monkeypatch: pytest.MonkeyPatch, query: str) -> int:
    work = Work(scanner.run)
    for module in (guard, scanner):
        monkeypatch.setattr(module, "run", work.counted_run)
    sys.setprofile(work.count_call)
    try:
        admit(query, NONE)
    except QueryError:
        pass
    finally:
        sys.setprofile(None)
        monkeypatch.undo()
    return work.steps


@pytest.mark.parametrize(
    ("before", "unit"),
    titled(
        [
            ("", " "),
            ("", "#\n"),
            ("", "#"),
            ("", "'\\"),
            ("'", "\\'"),
            ("'", "\\\\"),
            ("'", "\\u0041"),
            ("", "''"),
            ("", "'"),
            ("", '"'),
            ("'''", "'' "),
            ("'''", "\\''"),
            ("", "'''"),
            ("'''", "\n"),
            ("", "<"),
            ("", "<a"),
            ("", "< "),
            ("", "<>"),
            ("(", "1<a"),
            ("(", "1<<a"),
            ("(", "1<a>"),
            ("(", "1<x://a>"),
            ("(1<", "a"),
            ("<", "\\u0041"),
            ("", ":"),
            ("", ":."),
            (":a", "."),
            ("", ":a."),
            (":", "%20"),
            (":", "%"),
            (":", "\\,"),
            ("", "a."),
            ("", "a-"),
            ("", "a.:"),
            ("", "é."),
            ("", "_:"),
            ("", "_:a."),
            ("", "_"),
            ("", "@"),
            ("@a", "-a"),
            ("@a", "-"),
            ("", "1"),
            ("", "1."),
            ("", ".1"),
            ("", "1e"),
            ("", "1e+"),
            ("", "?"),
            ("", "?a"),
            ("", "\\"),
            ("", "{"),
            ("", "("),
            ("", "()"),
            ("", "[]"),
            ("", "<<( )>>"),
            ("", "{|"),
            ("", "|"),
            ("", "!"),
            ("", "-"),
            ("", ";"),
            ("", "é"),
            ("", "a "),
            ("", "ok:service "),
            ("", "PREFIX a:<b>"),
            ("VALUES ?x{", "1 "),
            ("VALUES ?x{", "''"),
            ("VALUES ?x{", "<>"),
            ("VALUES ?x{", "\\"),
            ("VALUES ?x{", "#\n"),
            ("VALUES ?x{", ">"),
            ("VALUES ?x{", "<<("),
            ("", "VALUES ?x{1}"),
            ("", "\n\0"),
        ]
    ),
)
def test_twice_the_text_is_twice_the_work(monkeypatch: pytest.MonkeyPatch, before: str, unit: str) -> None:
    length = 2_000 // len(unit)

    once = steps_to_judge(monkeypatch, before + unit * length)
    twice = steps_to_judge(monkeypatch, before + unit * length * 2)

    assert twice <= 2.1 * once + 100


def test_work_stops_at_the_limit_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(length: int) -> int:
        work = Work(scanner.run)
        for module in (guard, scanner):
            monkeypatch.setattr(module, "run", work.counted_run)
        with pytest.raises(QueryTooLarge):
            admit("a " * length, Limits(token_limit=100))
        monkeypatch.undo()
        return work.steps

    assert steps(10_000) - steps(1_000) == 18_000  # the search for characters of no text, and nothing else


# Any text at all

WORDS = (
    "VALUES VALUES?x{ UNDEF FILTER FILTER( EXISTS{ NOT BIND( AS OPTIONAL UNION GRAPH GRAPH?g MINUS SELECT* SELECT ASK{"
)
CALLS_AND_NAMES = "SERVICE service SILENT SERVICEok: ok: : ok:SERVICE part:SERVICE true true.SERVICE FROM PREFIX INSERT"
TERMS = "1 1.5 .5 1e5 a _:b ?x $y @en <x:y> <#> <'> <a> <1)SERVICEok:a#> <\\u+041#> é \ufffd"
SIGNS_AND_QUOTES = (
    """<< >> <<( )>> < > <= { } {} {| |} ( ) [ ] ' " \''' \""" \\ \\' \\n \\q \\uD800 \\u0041 # . ; , | / ^ ^^ ! !="""
)
PIECES = st.sampled_from([*WORDS.split(), *CALLS_AND_NAMES.split(), *TERMS.split(), *SIGNS_AND_QUOTES.split()])
TEXTS = st.lists(
    st.one_of(PIECES, st.sampled_from([" ", "\n", "\r", "#\n", "?s ?p ?o", "\0", "\ud800"]), st.text(max_size=3))
).map("".join)


@settings(deadline=None)
@given(st.one_of(st.text(), TEXTS))
def test_any_text_is_admitted_or_refused_and_nothing_else(query: str) -> None:
    try:
        admit(query, LIMITS)
    except ClusterGraphError as error:
        assert isinstance(error, QueryMalformed | QueryRefused | QueryTooLarge)  # noqa: PT017

    assert query_form(query) in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE", None)


@settings(deadline=None, max_examples=1_000)
@given(
    st.sampled_from(["?s ?p ?o ", "FILTER(?s", "FILTER(?s<", "?s ?p ", "?s ?p ('a'", "VALUES ?x {", "VALUES ?x {'''a"]),
    TEXTS,
    st.sampled_from(["SERVICE<x:y>{}", ")SERVICE<x:y>{}", "}SERVICE ok:y{}", "SERVICE:{}", ")SERVICEok:a#>\n{}", ""]),
    st.sampled_from(["", "#'\n", "#'''\n", '#"""\n', "')", "# \\q '''\n"]),
)
@example("FILTER(?s<", "1", ")SERVICEok:a#>\n{}", "")
def test_nothing_that_is_admitted_calls_out(before: str, text: str, call: str, after: str) -> None:
    query = PREFIXES + "SELECT*{" + before + text + call + after + "}"
    try:
        admit(query, LIMITS)
    except QueryError:
        return

    assert not calls_out(query)


NAMED = st.lists(
    st.sampled_from(
        ["a", "true", "false", "1", "1e5", ".", ":", "ok:", "part:", "web", "-", "_", "é", "SILENT", "%41"]
    ),
    max_size=3,
).map("".join)


@settings(deadline=None, max_examples=1_000)
@given(
    st.sampled_from(["?s ", "?s ?p ", ". ?s ?p ?o ~ ", "?s ?p 'a'^^", "?s ?p 1"]),
    st.sampled_from(["", ":", "ok:", "part:", "true:"]),
    NAMED,
    NAMED,
    st.sampled_from(["{}", "<x:y>{}", " ?o {}", " ok:y {}", "ok:y{}", " SILENT ok:y {}", ":{}"]),
)
@example("?s ", ":", "true", "", "<x:y>{}")
def test_no_name_that_is_admitted_calls_out(before: str, prefix: str, head: str, tail: str, after: str) -> None:
    query = f"{PREFIXES}SELECT * {{ ?s ?p ?o . {before}{prefix}{head}SERVICE{tail}{after} }}"
    try:
        admit(query, LIMITS)
    except QueryError:
        return

    assert not calls_out(query)


BEFORE_EXPRESSIONS = (
    "FILTER FILTERok:f EXISTS{} NOT BIND SELECT {SELECT?s {SELECT*{} GROUP BY ORDERBY HAVING ASC ! && <<"
)
BETWEEN_TERMS = (
    "{ } ( () ) [ [] ] . ; , ^^ ~ {| UNION OPTIONAL VALUES(?x){(1)} ?s ?p ok:f ok:a.b. <x:f> a true 1 'a' @en _:b"
)
BEFORE_BRACKETS = st.lists(st.sampled_from([*BEFORE_EXPRESSIONS.split(), *BETWEEN_TERMS.split()]), max_size=4)


@settings(deadline=None, max_examples=1_000)
@given(
    st.one_of(BEFORE_BRACKETS.map(" ".join), BEFORE_BRACKETS.map("".join)),
    st.sampled_from(["1", "?x", "<#b>", "()", "(1)"]),
    st.sampled_from(["", " AS ?k"]),
    st.sampled_from(["", "{", "{}}", "}", "}}"]),
)
@example("FILTER", "1", "", "")
@example("FILTER ok:f", "1", "", "")
@example("BIND", "1", " AS ?k", "")
@example("{SELECT?s", "1", " AS ?k", "{}}")
def test_no_iri_after_a_value_hides_a_call(before: str, value: str, name: str, between: str) -> None:
    hiding = f"({value}<#>'''\n2{name}){between}SERVICE<x:y>{{}}#''')\n"
    query = f"{PREFIXES}SELECT * {{{before}{hiding}}}"
    try:
        admit(query, LIMITS)
    except QueryError:
        return

    assert not calls_out(query)


# The form


@pytest.mark.parametrize(
    ("query", "form"),
    [
        pytest.param("SELECT * {}", "SELECT", id="select"),
        pytest.param("ask{}", "ASK", id="lower case"),
        pytest.param(
            "# SELECT\nBASE <ask> PREFIX ask: <select> PREFIX : <x:> CONSTRUCT {} {}", "CONSTRUCT", id="prologue"
        ),
        pytest.param("VERSION '1.2' Describe <x:y>", "DESCRIBE", id="version"),
        pytest.param("SELECTDISTINCT*{}", "SELECT", id="two words in one"),
        pytest.param("PREFIX : <x:> DESCRIBE:x", "DESCRIBE", id="a word and a name in one"),
        pytest.param("PREFIX describe: <x:> ASK { describe:a ?p ?o }", "ASK", id="a prefix that looks like a form"),
        pytest.param("ASKWHERE{}", "ASK", id="where"),
        pytest.param("SELECT * { { ASK {} } }", "SELECT", id="the first"),
        pytest.param("ASK { '", "ASK", id="a fault further on"),
        pytest.param("", None, id="nothing"),
        pytest.param("PREFIX x: <x:y>", None, id="prologue only"),
        pytest.param("INSERT DATA {}", None, id="update"),
        pytest.param("{ SELECT * {} }", None, id="bracket first"),
        pytest.param("?select", None, id="variable"),
        pytest.param("'SELECT", None, id="string without an end"),
        pytest.param("BASE <x: SELECT", None, id="iri without an end"),
    ],
)
def test_the_form_is_the_first_keyword_after_the_prologue(query: str, form: str | None) -> None:
    assert query_form(query) == form


# The W3C's own queries


FORMS_OF_ANSWERS: dict[type, tuple[str, ...]] = {
    QuerySolutions: ("SELECT",),
    QueryBoolean: ("ASK",),
    QueryTriples: ("CONSTRUCT", "DESCRIBE"),
}


def suite_files(ending: str) -> list[tuple[str, str]]:
    if not SUITES.is_dir():
        pytest.skip(f"no W3C suites at {SUITES}: set CLUSTERGRAPH_SUITES to the folder that holds sparql/")
    return [(path.as_posix(), path.read_bytes().decode()) for path in sorted(SUITES.rglob(ending))]


def test_no_query_of_the_suites_is_refused_that_the_engine_reads_except_with_service() -> None:
    keyword = re.compile(r"^[^#\n]*(?<![?$:/\w])SERVICE\s", re.MULTILINE)
    queries = suite_files("*.rq")

    refused = {}
    for path, query in queries:
        try:
            admit(query, LIMITS)
        except QueryRefused:
            refused[path] = "refused"
        except QueryMalformed:
            refused[path] = "malformed" if is_read(query) else "malformed to both"

    expected = {path: "refused" for path, query in queries if keyword.search(query)}
    assert len(queries) > 1_000
    assert {path: kind for path, kind in refused.items() if kind != "malformed to both"} == expected


def test_the_form_of_the_queries_of_the_suites_is_that_of_their_answers() -> None:
    seen = set()
    for path, query in suite_files("*.rq"):
        if "SERVICE" in query:
            continue
        try:
            answer = Store().query(query, base_iri="x://base/")
        except (SyntaxError, RuntimeError):
            continue

        form = query_form(query)

        assert form in FORMS_OF_ANSWERS[type(answer)], path
        seen.add(form)
    assert seen == {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}


def test_every_update_of_the_suites_is_refused_unless_it_does_nothing() -> None:
    for path, update in suite_files("*.ru"):
        if re.fullmatch(r"(\s|#.*|BASE <\S*>|PREFIX : <\S*>)*", update):
            admit(update, LIMITS)
        else:
            assert type(refusal(update)) is QueryRefused, path
