"""Text that wants to be markup, addresses that want to be code, headers that want to be two: on every page."""

import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from clustergraph.errors import QueryMalformed
from clustergraph.terms import CG, expand
from clustergraph.web.protocol import ABSOLUTE_IRI
from clustergraph.web.rendering import external_link, local_path
from web_runner import FailingRunner, LocalRunner, client_for, exchange

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

MARKUP = [
    "<script>window.pwned=1</script>",
    "</textarea><script>window.pwned=1</script>",
    "</title><script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg onload=window.pwned=1>",
    '" onmouseover="window.pwned=1" x="',
    "' autofocus onfocus='window.pwned=1",
    "<!--<script>window.pwned=1//-->",
    "]]><script>window.pwned=1</script>",
    "<style>*{background:url(//evil.example)}</style>",
    '<base href="//evil.example/">',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    '<form action="//evil.example"><button>x',
    "<iframe srcdoc='<script>top.pwned=1</script>'>",
    "{{ site.settings }}{% for x in site %}{{ x }}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "&lt;script&gt;window.pwned=1&lt;/script&gt;",
    "\u003cscript\u003ewindow.pwned=1\u003c/script\u003e",
    "<a href=javascript:window.pwned=1>x</a>",
    "<math><mtext></p><script>window.pwned=1</script>",
    "<x\x0bonclick=window.pwned=1>",
    "\u202e<b>\u2066",
]

CODE_ADDRESSES = [
    "javascript:window.pwned=1",
    "JavaScript:window.pwned=1",
    "data:text/html,%3Cscript%3Ewindow.pwned=1%3C/script%3E",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:https://evil.example/x",
    "about:blank",
    "mailto:a@example.org?body=x",
    "urn:isbn:0451450523",
    "view-source:https://evil.example",
    "https:evil.example",
    "http:/evil.example",
    "ftp://evil.example/",
]


class Markup(HTMLParser):
    """The tags and attributes that a browser would see, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.within: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


ALLOWED_TAGS = """
    html head meta title link script body a header
    div nav img main footer p code h1 h2 h3 section ul ol li span dl dt dd
    q article table thead tbody tr th td form label textarea input button pre mark strong
"""
ALIVE = {"style", "srcdoc", "formaction", "http-equiv", "background"}
OUR_SCRIPT = {"src": "/static/script.js", "defer": ""}


def is_dangerous(name: str, value: str, rel: str) -> bool:
    """Whether an attribute could run something, or load or send something elsewhere without saying so."""
    if name == "href":
        own = value.startswith(("/", "#")) and not value.startswith("//")
        return not own and not (value.startswith(("http://", "https://")) and "noopener noreferrer" in rel)
    return name.startswith("on") or name in ALIVE or (name in {"src", "action"} and not value.startswith("/"))


def dangers(text: str) -> Iterator[str]:
    """What in a page could run, load or send something elsewhere."""
    for tag, attributes in Markup(text).tags:
        if tag not in ALLOWED_TAGS.split() or (tag == "script" and attributes != OUR_SCRIPT):
            yield f"<{tag} {attributes}>"
        rel = attributes.get("rel", "")
        yield from (f"{name}={value}" for name, value in attributes.items() if is_dangerous(name, value, rel))


def hostile_dataset(text: str, address: str) -> str:
    """A dataset in which a text and an address stand wherever the model lets them."""
    literal, iri = Literal(text), NamedNode(address)
    en, it = Literal(text, language="en"), Literal(text, language="it")
    typed = Literal(text, datatype=NamedNode(address))
    return f"""
    graph:curated {{
        cluster:alpha a {iri}, cg:NationalCluster ; skos:prefLabel {en}, {it} ; skos:altLabel {literal}, {typed} ;
            cg:hasFocusArea {iri} ; {iri} {iri}, {literal} ; foaf:homepage {iri} ; rdfs:label {en} .
        {iri} cg:hasFocusArea cluster:alpha ; skos:prefLabel {en} .
        organisation:beta a org:Organization ; skos:prefLabel {en} ; org:memberOf cluster:alpha .
        area:hub a cg:TechnologyArea ; skos:prefLabel {en} ; skos:inScheme scheme:s . scheme:s skos:prefLabel {en} .
    }}
    source-graph:paper {{
        source:paper a cg:Source ; dcterms:title {en}, {it} .
        claim:paper--x a cg:MembershipClaim, {iri} ; cg:isStatedIn source:paper ; cg:hasCertainty {iri}, {literal} ;
            cg:evidence {literal} ; cg:text {en}, {it} ; org:organization cluster:alpha ; cg:decision {literal} ;
            org:member {iri} ; {iri} {typed} .
    }}
    {iri} {{ cluster:alpha skos:altLabel {en} }}
    graph:ontology {{
        <https://w3id.org/clustergraph/ns> a owl:Ontology ; rdfs:label {en} ; owl:versionInfo {literal} .
        cg:NationalCluster a owl:Class ; rdfs:isDefinedBy <https://w3id.org/clustergraph/ns> ; rdfs:label {en}, {it} ;
            skos:definition {en}, {literal} ; skos:scopeNote {it} ; skos:example {literal} ;
            rdfs:subClassOf {iri} ; rdfs:domain {literal} .
        cg:hasFocusArea rdfs:label {en}, {it} .
    }}
    """


PAGES = [
    "/",
    "/browse/cluster",
    "/browse/area",
    "/browse/source",
    "/doc/cluster/alpha.html",
    "/doc/source/paper.html",
    "/doc/organisation/beta.html",
    "/doc/claim/paper--x.html",
    "/ns?format=html",
    "/graph",
    "/graph/curated?format=html",
    "/graph/source/paper?format=html",
    "/graph/ontology?format=html",
    "/queries",
    "/queries/clusters",
    "/sparql?format=html&query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D",
    "/sparql?format=html&query=CONSTRUCT+WHERE+%7B+%3Fs+%3Fp+%3Fo+%7D",
]


@pytest.mark.parametrize("text", MARKUP)
def test_no_text_of_the_dataset_becomes_markup_on_any_page(tmp_path: Path, text: str) -> None:
    client = client_for(tmp_path, LocalRunner(hostile_dataset(text, "https://e.example/x"), frame_bytes=10_000))

    found = {path: list(dangers(client.get(path).text)) for path in PAGES}

    assert found == {path: [] for path in PAGES}
    assert "49" not in Markup(client.get("/browse/cluster").text).text.replace("2026", "")


@pytest.mark.parametrize("address", CODE_ADDRESSES)
def test_no_iri_of_the_dataset_becomes_a_link_that_runs(tmp_path: Path, address: str) -> None:
    client = client_for(tmp_path, LocalRunner(hostile_dataset("x", address), frame_bytes=10_000))

    pages = {path: client.get(path) for path in PAGES}

    assert {path: list(dangers(page.text)) for path, page in pages.items()} == {path: [] for path in PAGES}
    assert {page.status_code for page in pages.values()} == {200}
    assert address in Markup(pages["/doc/cluster/alpha.html"].text).text


SENT = {
    "query": "/sparql?query={}",
    "query of a page": "/sparql?format=html&query={}",
    "format": "/sparql?query=ASK+%7B%7D&format={}",
    "timeout": "/sparql?query=ASK+%7B%7D&timeout={}",
    "graph": "/sparql?query=ASK+%7B%7D&default-graph-uri={}",
    "named graph": "/sparql?query=ASK+%7B%7D&named-graph-uri={}",
    "path": "/{}",
    "kind": "/id/{}/alpha",
    "slug": "/id/cluster/{}",
    "document": "/doc/cluster/{}.html",
    "extension": "/doc/cluster/alpha.{}",
    "version": "/ns/{}",
    "format of the ontology": "/ns?format={}",
    "graph page": "/graph/{}",
    "list": "/browse/{}",
    "saved query": "/queries/{}",
    "extension of a query": "/queries/clusters.{}",
    "value": "/queries/members-of?cluster={}",
    "text": "/queries/with-text?name={}",
    "name of a value": "/queries/members-of?{}=x",
}


@pytest.mark.parametrize("target", SENT.values(), ids=SENT)
def test_nothing_that_a_client_sends_becomes_markup_or_a_header(tmp_path: Path, target: str) -> None:
    client = client_for(tmp_path)
    texts = [*MARKUP, *CODE_ADDRESSES, "x\r\nSet-Cookie: a=b\r\n\r\n<script>", "%0d%0aLocation: //evil.example", "\x00"]

    for text in texts:
        response = client.get(target.format(quote(text, safe="")), headers={"accept": BROWSER})
        assert response.status_code < 500
        assert list(dangers(response.text)) == []
        assert "set-cookie" not in response.headers
        assert not response.headers.get("location", "/doc/").partition("/doc/")[0]


@pytest.mark.parametrize("accept", ["*/*", "application/problem+json"])
@pytest.mark.parametrize("target", [one for one in SENT.values() if "format=html" not in one])
def test_a_program_gets_json_in_which_nothing_is_lost_or_alive(tmp_path: Path, target: str, accept: str) -> None:
    client = client_for(tmp_path)

    for text in MARKUP:
        response = client.get(target.format(quote(text, safe="")), headers={"accept": accept})
        assert response.headers["x-content-type-options"] == "nosniff"
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
            assert json.loads(response.text)["status"] == response.status_code


@pytest.mark.parametrize("text", MARKUP)
def test_what_an_engine_says_of_a_query_is_text_too(tmp_path: Path, text: str) -> None:
    def make() -> QueryMalformed:
        return QueryMalformed(text, line=1, column=3, hint=text)

    client = client_for(tmp_path, FailingRunner(make))

    for path in ("/sparql?query=ASK+%7B%7D", "/queries/clusters", "/doc/cluster/alpha.html"):
        assert list(dangers(client.get(path, headers={"accept": BROWSER}).text)) == []


@pytest.mark.parametrize("line", [0, 1, 2, 10**9, -1])
@pytest.mark.parametrize("column", [0, 1, 10**9, -5])
def test_a_place_outside_the_query_does_no_harm(tmp_path: Path, line: int, column: int) -> None:
    client = client_for(tmp_path, FailingRunner(lambda: QueryMalformed("x", line=line, column=column)))

    response = client.get("/sparql?query=ASK+%7B%7D", headers={"accept": BROWSER})

    assert response.status_code == 400
    assert len(response.text) < 10_000


def test_a_page_of_huge_values_stays_small(tmp_path: Path) -> None:
    runner = LocalRunner(hostile_dataset("x" * 500_000, "https://e.example/" + "y" * 100_000), frame_bytes=100_000)
    client = client_for(tmp_path, runner)

    sizes = {path: len(client.get(path).content) for path in ("/doc/cluster/alpha.html", "/graph/curated?format=html")}

    assert max(sizes.values()) < 3_000_000


@pytest.mark.parametrize(
    "accept",
    [
        "",
        ",",
        ";",
        "/",
        "*",
        "text",
        "text/html;q=2",
        "text/html;q=-1",
        "text/html;q=nan",
        "text/html;" * 400,
        ",".join(["a/b"] * 1_000),
        '"' * 2_000,
        'text/html;x="' + "\\" * 3_000,
        "\xff\xfe",
        "text/turtle\t;q=1",
        "*/html",
    ],
)
@pytest.mark.parametrize("path", ["/sparql?query=ASK+{}", "/id/cluster/alpha", "/ns", "/nowhere"])
def test_any_accept_header_gets_an_answer(tmp_path: Path, path: str, accept: str) -> None:
    response = client_for(tmp_path).get(path, headers=[(b"accept", accept.encode("latin-1"))])

    assert response.status_code in {200, 303, 404, 406}


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"application/sparql-query"), (b"content-length", b"-1")],
        [(b"content-type", b"application/sparql-query"), (b"content-length", b"9" * 5_000)],
        [(b"content-type", b"application/sparql-query"), (b"content-length", b"\xb2")],
        [(b"content-type", b";;;")],
        [(b"content-type", b"application/sparql-query;charset")],
        [(b"content-type", b'application/sparql-query; charset="')],
        [(b"content-type", b"\xff\xfe")],
        [(b"content-type", b"application/sparql-query"), (b"content-encoding", b"gzip, br")],
        [(b"content-type", b"application/sparql-query"), (b"if-none-match", b'"' * 5_000)],
        [(b"content-type", b"application/sparql-query"), (b"range", b"bytes=0-,1-,2-,3-")],
    ],
)
def test_odd_headers_of_a_post_are_answered(tmp_path: Path, headers: list[tuple[bytes, bytes]]) -> None:
    messages: list[dict[str, object]] = [{"type": "http.request", "body": b"ASK {}", "more_body": False}]

    async def receive() -> dict[str, object]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    sent = exchange(client_for(tmp_path).app, "POST", headers=headers, receive=receive)

    assert not sent or sent[0]["status"] in {200, 400, 413, 415}


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=60))
def test_any_bytes_for_a_query_string_are_answered(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    quoted = quote(raw)

    response = client_for(tmp_path_factory.mktemp("any")).get(f"/sparql?query={quoted}")

    assert response.status_code in {200, 400, 403, 413}


@settings(max_examples=200)
@given(text=st.text())
def test_only_http_and_https_become_links(text: str) -> None:
    for iri in (
        text,
        f"https://{text}",
        f"http{text}",
        f"{CG}{text}",
        f"{expand('graph:')}{text}",
        expand("cluster:") + text,
    ):
        link, path = external_link(iri), local_path(iri)
        assert link is None or (link == iri and link.lower().startswith(("http://", "https://")))
        assert path is None or (path.startswith("/") and not path.startswith("//"))
        assert not set("\"'<> \n\r\t\\") & set((link or "") + (path or ""))


IRI_CHARACTERS = "ab:/?#[]@!$&'()*+,;=%01Ff._~-è漢\u00a0\u200b٣ \\<\"{|^`\U0001f600\ue000\ufffe"


@settings(max_examples=2_000, deadline=None)
@given(
    start=st.sampled_from(["", "http://", "http://h", "urn:", "a:", "a:/"]),
    rest=st.text(alphabet=IRI_CHARACTERS, max_size=10),
)
def test_every_graph_that_is_let_through_is_an_iri_to_the_engine(start: str, rest: str) -> None:
    if ABSOLUTE_IRI.fullmatch(start + rest):
        assert NamedNode(start + rest).value == start + rest


def test_the_web_process_loads_no_engine_and_no_rdf_library() -> None:
    code = "import sys, clustergraph.web.app; print(sorted({'pyoxigraph','rdflib','pyshacl'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


TEMPLATES = sorted((Path(__file__).parents[1] / "src/clustergraph/web/templates").glob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_turns_escaping_off_or_holds_script_or_style(template: Path) -> None:
    text = template.read_text(encoding="utf-8")

    for forbidden in ("|safe", "| safe", "autoescape", "Markup", "style=", "<style", " onclick", "javascript:"):
        assert forbidden not in text
    assert text.count("<script") == text.count('<script src="/static/')
