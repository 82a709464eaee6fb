"""T29: values that want to be a part of the query that they are given to."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

from hostile.case import Case, case, get

PAYLOADS: Final = (
    '" . ?s ?p ?o . #',
    "' . ?s ?p ?o . #",
    '") || true || ("',
    "') || true || ('",
    '" || "" = "',
    "\\",
    '\\" . ?s ?p ?o #',
    '\\\\" } UNION { ?s ?p ?o } #',
    '"""',
    "'''",
    '""" . ?s ?p ?o . """',
    '" } UNION { ?cluster ?p ?o } #',
    '" } } SELECT * { ?s ?p ?o } #',
    "> . ?s ?p ?o . <a:b",
    "a:b> . ?s ?p ?o . <a:b",
    "x> } INSERT DATA { <a:b> <a:b> <a:b> } #",
    '"} ; DROP ALL #',
    '"@en . ?s ?p ?o #',
    '"^^<a:b> . ?s ?p ?o #',
    '"^^xsd:string . ?s ?p ?o #',
    "?cluster",
    "$member",
    "{ ?s ?p ?o }",
    "} LIMIT 100000 #",
    "\n} # \n{",
    "\r\n} #\r\n",
    "# comment",
    "/* comment */",
    "UNDEF",
    "<a:b>",
    "<<( <a:a> <a:b> <a:c> )>>",
    "_:b",
    "cluster:lombardy-energy",
    "lombardy-energy> <a:b> <a:c",
    "lombardy-energy\u0000",
    "lombardy-energy/../x",
    "lombardy-energy#x",
    "lombardy-energy?x",
    "lombardy-energy ",
    "LOMBARDY-ENERGY",
    "\u217bombardy-energy",
    "%22%20.%20%3Fs",
    "\\u0022 . ?s ?p ?o #",
    "; SERVICE <a:b> {}",
    "[] a []",
)
"""More than forty."""

THINGS: Final = {
    "members-of-cluster": "cluster",
    "clusters-of-member": "member",
    "clusters-of-area": "area",
    "number-of-clusters": "kind",
    "areas-without-national-cluster": "list",
}
TEXTS: Final = {"areas-with-words": "words", "mentions-of-words": "words"}


def cases() -> Iterator[Case]:
    """Every payload at every route that takes a value."""
    for number, payload in enumerate(PAYLOADS):
        for name, parameter in THINGS.items():
            raw = get(f"/queries/{name}.json?{urlencode({parameter: payload})}")
            yield case("T29", f"payload {number} to {name}", raw, 422, problem="parameter-unsuitable")
        for name, parameter in TEXTS.items():
            raw = get(f"/queries/{name}.json?{urlencode({parameter: payload})}")
            yield case(
                "T29",
                f"payload {number} to {name}",
                raw,
                200,
                headers={"content-type": "application/sparql-results+json"},
            )
        slug = quote(payload, safe="")
        for target in ("/id/cluster/{}", "/doc/organisation/{}.ttl", "/browse/{}", "/graph/source/{}"):
            yield case("T29", f"payload {number} to {target}", get(target.format(slug)), 404, problem="not-found")
