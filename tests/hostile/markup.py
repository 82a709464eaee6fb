"""T17 and T18: text that wants to be markup and addresses that want to be code, wherever a stranger can put them."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

from hostile.case import BROWSER, FORM, Case, by_get, case, get, message

_TAGS: Final = """
    script img svg iframe object embed video audio source base meta link style form input button select textarea
    marquee details dialog template math isindex frameset applet bgsound body html noscript xmp plaintext portal
    animate
"""
_HANDLERS: Final = """
    onclick onerror onload onfocus onmouseover onanimationstart ontoggle onpointerenter onbeforetoggle onwheel
"""

PAYLOADS: Final = (
    *(f"<{tag} src=x onerror=pwned()>pwned</{tag}>" for tag in _TAGS.split()),
    *(f'" {handler}="pwned()" x="' for handler in _HANDLERS.split()),
    *(f"' {handler}='pwned()' autofocus x='" for handler in _HANDLERS.split()),
    *(
        f"</{tag}><script>pwned()</script>"
        for tag in ("textarea", "title", "pre", "style", "script", "q", "span", "a", "td", "main")
    ),
    "<!--><script>pwned()</script>-->",
    "--><script>pwned()</script>",
    "]]><script>pwned()</script>",
    "<![CDATA[<script>pwned()</script>]]>",
    "<?xml-stylesheet href='javascript:pwned()'?>",
    "<ScRiPt>pwned()</sCrIpT>",
    "<script\x0cx>pwned()</script>",
    "<script/x>pwned()</script>",
    "<scr<script>ipt>pwned()</scr</script>ipt>",
    "<<script>pwned()//<</script>",
    "<script>pwned()",
    "<img src=x onerror=pwned()//",
    "<img/src='x'/onerror='pwned()'>",
    "<img src=`x` onerror=`pwned()`>",
    "<svg><script>pwned()</script></svg>",
    "<svg><animate onbegin=pwned() attributeName=x>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=pwned()>#x'>",
    "<math><mtext><style><img src=x onerror=pwned()></style>",
    "<iframe srcdoc='<script>pwned()</script>'>",
    "<a href='javascript:pwned()'>x</a>",
    "<a href='data:text/html,<script>pwned()</script>'>x</a>",
    "<form action='//e.example'><input name=x><button>x",
    "<base href='//e.example/'>",
    "<meta http-equiv=refresh content='0;url=//e.example'>",
    "<link rel=stylesheet href=//e.example>",
    "<style>*{background:url(//e.example)}</style>",
    "<style>@import '//e.example';</style>",
    "<x style=behavior:url(x)>",
    "<input autofocus onfocus=pwned()>",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "&#60;script&#62;pwned()&#60;/script&#62;",
    "&#x3c;script&#x3e;pwned()&#x3c;/script&#x3e;",
    "\\u003cscript\\u003epwned()\\u003c/script\\u003e",
    "\\x3cscript\\x3epwned()\\x3c/script\\x3e",
    "%3Cscript%3Epwned()%3C/script%3E",
    "%253Cscript%253Epwned()%253C/script%253E",
    "+ADw-script+AD4-pwned()+ADw-/script+AD4-",
    "\uff1cscript\uff1epwned()\uff1c/script\uff1e",
    "\u00bcscript\u00bepwned()\u00bc/script\u00be",
    "\u2028<script>pwned()</script>\u2029",
    "\u202e<script>pwned()</script>\u2066",
    "\ufeff<script>pwned()</script>",
    "{{7*191}}",
    "{% for x in site %}{{ x }}{% endfor %}",
    "{{ site.settings }}",
    "{{''.__class__.__mro__}}",
    "${7*191}",
    "#{7*191}",
    "<%= 7*191 %>",
    "${{<%[%'\"}}%\\.",
    "';pwned();//",
    '";pwned();//',
    "`;pwned();//",
    "javascript:pwned()",
    "</script><svg onload=pwned()>",
    "'\"><b id=pwned>",
)
"""More than a hundred. None may become an element, an attribute, a script or the value of a template."""

LITERAL_SAFE: Final = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r"})

POSITIONS: Final = {
    "query that is none": ("/sparql", "query", 400),
    "query for a page": ("/sparql?format=html", "query", 400),
    "format": ("/sparql?query=ASK%7B%7D", "format", 422),
    "timeout": ("/sparql?query=ASK%7B%7D", "timeout", 422),
    "default graph": ("/sparql?query=ASK%7B%7D", "default-graph-uri", 400),
    "named graph": ("/sparql?query=ASK%7B%7D", "named-graph-uri", 400),
    "value of a thing": ("/queries/members-of-cluster", "cluster", 422),
    "value of a text": ("/queries/areas-with-words", "words", 200),
    "value beside another": ("/queries/tasks-of-two-kinds?kind=lombard", "other", 422),
    "format of the ontology": ("/ns", "format", 422),
}
PATHS: Final = {
    "path": "/{}",
    "kind": "/id/{}/alpha",
    "slug": "/id/cluster/{}",
    "document": "/doc/cluster/{}.html",
    "extension": "/doc/cluster/lombardy-energy.{}",
    "list": "/browse/{}",
    "saved query": "/queries/{}",
    "extension of a query": "/queries/clusters.{}",
    "version": "/ns/{}",
    "graph": "/graph/{}",
    "static file": "/static/{}",
}

ADDRESSES: Final = (
    "javascript:pwned()",
    "JavaScript:pwned()",
    "javascript://e.example/%0apwned()",
    "java%0ascript:pwned()",
    "jav\\u0061script:pwned()",
    "data:text/html,%3Cscript%3Epwned()%3C/script%3E",
    "data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ-",
    "DATA:text/html,pwned",
    "data:image/svg+xml,%3Csvg%20onload=pwned()%3E",
    "vbscript:pwned()",
    "VBScript:pwned()",
    "file:///etc/passwd",
    "blob:https://e.example/x",
    "filesystem:https://e.example/x",
    "about:blank",
    "view-source:https://e.example",
    "intent://e.example#Intent;end",
    "ms-msdt:/id",
    "chrome://settings",
    "jar:https://e.example!/x",
    "urn:x:javascript:pwned()",
    "mailto:a@e.example?body=javascript:pwned()",
    "tel:+390000",
    "ws://e.example/",
    "ftp://e.example/",
    "https:e.example",
    "http:/e.example",
    "https://e.example/'onclick='pwned()",
    "https://e.example/?a=b&quot;onclick=pwned()",
    "https://w3id.org/clustergraph/id/javascript:pwned()/x",
    "https://w3id.org/clustergraph/id/cluster/../../x",
    "https://w3id.org/clustergraph/ns#javascript:pwned()",
    "https://w3id.org/clustergraph/graph/..//e.example",
    "https://w3id.org/clustergraph/graph///e.example",
)

SHOWN: Final = {
    "literal": 'SELECT ?x {{ BIND("{0}" AS ?x) }}',
    "literal with a language": 'SELECT ?x {{ BIND("{0}"@en AS ?x) }}',
    "literal with a datatype": 'SELECT ?x {{ BIND("{0}"^^<a:b> AS ?x) }}',
    "made by STRDT": 'SELECT ?x {{ BIND(STRDT("x", IRI(CONCAT("a:", "{0}"))) AS ?x) }}',
    "made by STRLANG": 'SELECT ?x {{ BIND(STRLANG("x", "{0}") AS ?x) }}',
    "made by IRI": 'SELECT ?x {{ BIND(IRI("{0}") AS ?x) }}',
    "made by IRI of the web": 'SELECT ?x {{ BIND(IRI(CONCAT("https://e.example/", "{0}")) AS ?x) }}',
    "made by BNODE": 'SELECT ?x {{ BIND(BNODE("{0}") AS ?x) }}',
    "graph": 'CONSTRUCT {{ <a:b> <a:b> "{0}" , "{0}"@it }} WHERE {{}}',
    "HTML": 'SELECT ?x {{ BIND("{0}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML> AS ?x) }}',
    "XML": 'SELECT ?x {{ BIND("{0}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral> AS ?x) }}',
}


def cases() -> Iterator[Case]:
    """Each payload in some places, each place with some payloads; each address as a link."""
    yield from _in_parameters()
    yield from _in_paths()
    yield from _in_results()
    yield from _as_links()


def _in_parameters() -> Iterator[Case]:
    places = list(POSITIONS.items())
    for number, payload in enumerate(PAYLOADS):
        for step in range(3):
            name, (target, parameter, status) = places[(number * 3 + step) % len(places)]
            full = f"{target}{'&' if '?' in target else '?'}{urlencode({parameter: payload})}"
            yield case("T17", f"payload {number} as {name}", get(full, BROWSER), status, lacks=("1337",))
    for number, payload in enumerate(PAYLOADS[::6]):
        raw = message("POST", "/sparql", [("Content-Type", FORM), BROWSER], urlencode({"query": payload}).encode())
        yield case("T17", f"payload {number} in a form", raw, 400)
        raw = message("POST", "/sparql", [("Content-Type", f"text/{quote(payload)}"), BROWSER], b"ASK {}")
        yield case("T17", f"payload {number} as a media type", raw, 415)
        raw = get(f"/queries/members-of-cluster?{urlencode({payload: 'x'})}", BROWSER)
        yield case("T17", f"payload {number} as the name of a parameter", raw, 422)
        full = f"/sparql?{urlencode({'query': 'ASK {}', 'format': payload})}"
        yield case(
            "T17",
            f"payload {number} for a program",
            get(full),
            422,
            headers={"content-type": "application/problem+json"},
        )


def _in_paths() -> Iterator[Case]:
    places = list(PATHS.items())
    for number, payload in enumerate(PAYLOADS):
        for step in range(2):
            name, target = places[(number * 2 + step) % len(places)]
            yield case("T17", f"payload {number} as {name}", get(target.format(quote(payload, safe="")), BROWSER), 404)


def _in_results() -> Iterator[Case]:
    places = list(SHOWN.items())
    for number, payload in enumerate(PAYLOADS):
        for step in range(2):
            name, query = places[(number * 2 + step) % len(places)]
            text = query.format(payload.translate(LITERAL_SAFE))
            raw = by_get(text, ("format", "html"))
            yield case("T17", f"payload {number} shown as {name}", raw, 200, lacks=("1337",))
    for number, payload in enumerate(PAYLOADS[::8]):
        text = f'CONSTRUCT {{ <a:b> <a:b> "{payload.translate(LITERAL_SAFE)}" }} WHERE {{}}'
        for name in ("rdf-xml", "json-ld", "trig"):
            yield case("T17", f"payload {number} in {name}", by_get(text, ("format", name)), 200)
        text = text.replace("CONSTRUCT { <a:b> <a:b>", "SELECT (").replace(" } WHERE {}", " AS ?x) {}")
        for name in ("xml", "csv"):
            yield case("T17", f"payload {number} in {name}", by_get(text, ("format", name)), 200)
    for name, column in {
        "script": "script",
        "onclick": "onclick",
        "accents": "\u00e8\u6f22",
        "long": "x" * 1_500,
    }.items():
        yield case("T17", f"a column called {name}", by_get(f"SELECT (1 AS ?{column}) {{}}", ("format", "html")), 200)


def _as_links() -> Iterator[Case]:
    for address in ADDRESSES:
        literal = address.replace("'", "\\'") if "\\" not in address else address
        text = f"SELECT * {{ BIND(IRI('{literal}') AS ?x) }}"
        yield case("T18", f"{address} made by IRI", by_get(text, ("format", "html")), 200)
        status = 400 if "%" in address.partition(":")[0] else 200  # no scheme at all, says the engine
        text = f"CONSTRUCT {{ <{address}> <{address}> <{address}> }} WHERE {{}}"
        yield case("T18", f"{address} in a graph", by_get(text, ("format", "html")), status)
        text = f"SELECT ('x'^^<{address}> AS ?x) {{}}"
        yield case("T18", f"{address} as a datatype", by_get(text, ("format", "html")), status)
