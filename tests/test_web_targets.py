"""Under which address an answer is kept: what a route does not read costs nothing, and what it reads is never mixed."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clustergraph.web.targets import kept_target, varies_by_accept
from web_runner import LocalRunner, TestClient, client_for

CURATED = "/graph/curated?format=turtle"


@pytest.mark.parametrize(
    ("first", "others"),
    [
        pytest.param(
            "/browse/area",
            ["/browse/area?1", "/browse/area?x=%20&y", "/browse/%61rea", "/browse/area?%ff"],
            id="a list",
        ),
        pytest.param(
            "/doc/cluster/alpha.html", ["/doc/cluster/alpha.html?7", "/doc/cluster/alph%61.html"], id="a page"
        ),
        pytest.param("/doc/cluster/alpha.ttl", ["/doc/cluster/alpha.ttl?format=nt"], id="a document"),
        pytest.param("/ns?format=turtle", ["/ns?a=b&format=turtle", "/ns?format=nt&format=turtle"], id="the ontology"),
        pytest.param("/graph", ["/graph?format=html", "/graph?"], id="the graphs"),
        pytest.param(CURATED, [f"{CURATED}&n=1", "/graph/curated?format=turtl%65"], id="a graph"),
    ],
)
def test_what_no_route_reads_is_the_same_answer_and_nobody_is_asked_again(
    tmp_path: Path, first: str, others: list[str]
) -> None:
    runner = LocalRunner()
    client = client_for(tmp_path, runner)
    expected = client.get(first)
    asked = len(runner.asked)

    answers = [client.get(path) for path in others]

    assert [(one.status_code, one.content) for one in answers] == [(200, expected.content)] * len(others)
    assert len(runner.asked) == asked > 0


def test_a_page_that_does_not_negotiate_is_kept_once_for_all_that_is_accepted(tmp_path: Path) -> None:
    runner = LocalRunner()
    client = client_for(tmp_path, runner)
    expected = client.get("/browse/area")
    asked = len(runner.asked)

    answers = [client.get("/browse/area", headers={"accept": f"text/html;level={n}"}) for n in range(5)]

    assert [one.content for one in answers] == [expected.content] * 5
    assert len(runner.asked) == asked


@pytest.mark.parametrize(
    ("path", "accepts"),
    [
        ("/ns", ["text/turtle", "application/n-triples", "text/html"]),
        ("/graph/curated", ["text/turtle", "application/n-triples", "text/html"]),
        ("/limits", ["application/json", "text/html"]),
    ],
)
def test_what_negotiates_is_kept_for_each_that_is_accepted(tmp_path: Path, path: str, accepts: list[str]) -> None:
    client = client_for(tmp_path)

    twice = [[client.get(path, headers={"accept": one}).headers["content-type"] for one in accepts] for _ in range(2)]

    assert [one.partition(";")[0] for one in twice[0]] == accepts
    assert twice[0] == twice[1]


def test_the_parameters_of_a_saved_query_make_other_answers(tmp_path: Path) -> None:
    client: TestClient = client_for(tmp_path)

    texts = [client.get(f"/queries/with-text.csv?name={name}").text for name in ("Hub+area", "Areas", "Hub+area")]

    assert (texts[0] == texts[1], texts[0] == texts[2]) == (False, True)


@given(st.text(max_size=30), st.text(max_size=30))
@example("%41", "A")
@example("a?", "a%3F")
def test_two_paths_have_one_address_only_if_they_are_one(first: str, second: str) -> None:
    kept = kept_target(f"/browse/{first}", b"")

    assert unquote(kept.decode()) == f"/browse/{first}?"
    assert (kept == kept_target(f"/browse/{second}", b"")) == (first == second)


@given(st.binary(max_size=60))
def test_any_bytes_have_an_address(query_string: bytes) -> None:
    assert kept_target("/sparql", query_string) == b"/sparql?" + query_string
    assert kept_target("/", query_string) == b"/?"
    assert kept_target("/ns", query_string).startswith(b"/ns?")


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        ([], False),
        ([b"Accept-Encoding"], False),
        ([b"Accept, Accept-Encoding"], True),
        ([b"Accept-Encoding", b"ACCEPT"], True),
        ([b"*"], True),
    ],
)
def test_an_answer_negotiates_if_it_says_so(vary: list[bytes], expected: bool) -> None:
    assert varies_by_accept([(b"vary", one) for one in vary]) == expected
