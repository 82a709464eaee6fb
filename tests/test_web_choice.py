"""One key for each question, none for those that are answered otherwise each time."""

import pytest

from clustergraph.formats import CSV, JSON, TURTLE
from clustergraph.runner import Limits
from clustergraph.web.choice import Choice, answer_key
from clustergraph.web.judgement import judged
from clustergraph.web.protocol import Asked

PLAIN = Choice(JSON, TURTLE, page=False)


def key(query: str) -> object:
    return answer_key(Asked(query), PLAIN, judged(query, Limits()))


CHANGING = {
    "NOW": "SELECT (NOW() AS ?x) {}",
    "lower case": "SELECT (now () AS ?x) {}",
    "glued to a keyword": "ASK { FILTERRAND() }",
    "glued to a number": "SELECT (1+1RAND() AS ?x) {}",
    "in a comparison": "SELECT * { ?s ?p ?x FILTER(?x<NOW()) }",
    "a function with a prefix": "SELECT (fn:now() AS ?x) {}",
    "after a string with a hash": "SELECT * { BIND('#' AS ?y) BIND(UUID() AS ?x) }",
    "after an IRI with a hash": "SELECT * { ?s <http://a/#> ?o BIND(STRUUID() AS ?x) }",
    "over lines": "SELECT (BNODE # a\n () AS ?x) {}",
}
STEADY = {
    "a variable": "SELECT ?now ?rand { ?now ?uuid ?rand }",
    "an IRI": "SELECT * { ?s <http://a/NOW()> ?o }",
    "a string": "SELECT * { ?s ?p 'NOW()' }",
    "a comment": "SELECT * { ?s ?p ?o } # NOW()",
    "a name": "SELECT * { ?s ex:now ?o }",
}


@pytest.mark.parametrize("query", CHANGING.values(), ids=CHANGING)
def test_what_another_call_answers_otherwise_has_no_key(query: str) -> None:
    assert (judged(query, Limits()).changes, key(query)) == (True, None)


@pytest.mark.parametrize("query", STEADY.values(), ids=STEADY)
def test_what_only_looks_like_such_a_call_has_one(query: str) -> None:
    assert judged(query, Limits()).changes is False
    assert key(query) is not None


MAKING = {
    "brackets": "CONSTRUCT { ?s ?p [] } WHERE { ?s ?p ?o }",
    "a label": "CONSTRUCT { _:a ?p ?o } { ?s ?p ?o }",
    "a list": "CONSTRUCT { ?s ?p (1) } { ?s ?p ?o }",
    "behind a string": "CONSTRUCT { ?s ?p '}' , [] } { ?s ?p ?o }",
    "behind a comment": "CONSTRUCT { # }\n ?s ?p [] } { ?s ?p ?o }",
}
FREE = {
    "in the pattern alone": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . _:a ?p (1 2) }",
    "a call in the pattern": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(ISIRI(?o)) }",
    "a string": "CONSTRUCT { ?s ?p '[]' } { ?s ?p ?o }",
}


@pytest.mark.parametrize("query", MAKING.values(), ids=MAKING)
def test_a_template_with_new_nodes_has_no_key(query: str) -> None:
    assert (judged(query, Limits()).makes_nodes, key(query)) == (True, None)


@pytest.mark.parametrize("query", FREE.values(), ids=FREE)
def test_nodes_of_the_pattern_do_no_harm(query: str) -> None:
    assert judged(query, Limits()).makes_nodes is False
    assert key(query) is not None


QUESTION = Asked("ASK {}", ("http://a",), ("http://b",))
OTHERS = {
    "text": (Asked("ASK { }", ("http://a",), ("http://b",)), PLAIN),
    "default graph": (Asked("ASK {}", ("http://c",), ("http://b",)), PLAIN),
    "named graph": (Asked("ASK {}", ("http://a",), ("http://c",)), PLAIN),
    "no default graph": (Asked("ASK {}", (), ("http://b",)), PLAIN),
    "no named graph": (Asked("ASK {}", ("http://a",), ()), PLAIN),
    "all default": (Asked("ASK {}", ("http://a", "http://b"), ()), PLAIN),
    "all named": (Asked("ASK {}", (), ("http://a", "http://b")), PLAIN),
    "result format": (QUESTION, Choice(CSV, TURTLE, page=False)),
    "graph format": (QUESTION, Choice(JSON, None, page=False)),
    "page": (QUESTION, Choice(None, TURTLE, page=True)),
}


def test_questions_that_differ_in_anything_have_different_keys() -> None:
    keys = {
        name: answer_key(asked, choice, judged(asked.query or "", Limits())) for name, (asked, choice) in OTHERS.items()
    }
    keys["itself"] = answer_key(QUESTION, PLAIN, judged("ASK {}", Limits()))

    assert len(set(keys.values())) == len(keys)
