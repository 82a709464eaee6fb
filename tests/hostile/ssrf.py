# ruff: noqa: S608  # not SQL, and meant to be an attack
"""T6, T7 and T30: every spelling that might make the server call an address or read a file, in every encoding.

The canary listens at the address in each of them.
"""

from collections.abc import Iterator
from typing import Final

from hostile.case import ENCODINGS, PORT, Case, by_get, by_post, case, get, message, sparql

AT: Final = f"http://127.0.0.1:{PORT}/"
HERE: Final = f"<{AT}>"

SERVICES: Final = {
    "plain": f"SELECT * {{ SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "silent": f"SELECT * {{ SERVICE SILENT {HERE} {{ ?s ?p ?o }} }}",
    "lower case": f"select * {{ service {HERE} {{ ?s ?p ?o }} }}",
    "mixed case": f"SELECT * {{ SeRvIcE sIlEnT {HERE} {{ ?s ?p ?o }} }}",
    "without spaces": f"SELECT*{{SERVICE{HERE}{{?s?p?o}}}}",
    "silent without spaces": f"SELECT*{{SERVICESILENT{HERE}{{?s?p?o}}}}",
    "comment between": f"SELECT * {{ SERVICE#x\n{HERE}#y\n{{ ?s ?p ?o }} }}",
    "comment before": f"SELECT * {{ #}}\nSERVICE {HERE} {{ ?s ?p ?o }} }}",
    "comment that hides nothing": f"SELECT * {{ # <\nSERVICE {HERE} {{ ?s ?p ?o }} # >\n}}",
    "tabs and returns": f"SELECT * {{\tSERVICE\r{HERE}\t\r\n{{ ?s ?p ?o }} }}",
    "IPv6": f"SELECT * {{ SERVICE <http://[::1]:{PORT}/> {{ ?s ?p ?o }} }}",
    "IPv4 in IPv6": f"SELECT * {{ SERVICE <http://[::ffff:127.0.0.1]:{PORT}/> {{ ?s ?p ?o }} }}",
    "localhost": f"SELECT * {{ SERVICE <http://localhost:{PORT}/> {{ ?s ?p ?o }} }}",
    "a name": f"SELECT * {{ SERVICE <http://canary.invalid:{PORT}/> {{ ?s ?p ?o }} }}",
    "user and password": f"SELECT * {{ SERVICE <http://u:p@127.0.0.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "one number": f"SELECT * {{ SERVICE <http://2130706433:{PORT}/> {{ ?s ?p ?o }} }}",
    "octal": f"SELECT * {{ SERVICE <http://0177.0.0.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "hexadecimal": f"SELECT * {{ SERVICE <http://0x7f.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "any address": f"SELECT * {{ SERVICE <http://0.0.0.0:{PORT}/> {{ ?s ?p ?o }} }}",
    "metadata of a cloud": "SELECT * { SERVICE <http://169.254.169.254/latest/meta-data/> { ?s ?p ?o } }",
    "https": f"SELECT * {{ SERVICE <https://127.0.0.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "a file": "SELECT * { SERVICE <file:///etc/passwd> { ?s ?p ?o } }",
    "gopher": f"SELECT * {{ SERVICE <gopher://127.0.0.1:{PORT}/_x> {{ ?s ?p ?o }} }}",
    "escaped IRI": f"SELECT * {{ SERVICE <http://\\u0031\\u0032\\u0037.0.0.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "escaped scheme": f"SELECT * {{ SERVICE <\\u0068ttp://127.0.0.1:{PORT}/> {{ ?s ?p ?o }} }}",
    "prefixed name": f"PREFIX c: {HERE} SELECT * {{ SERVICE c: {{ ?s ?p ?o }} }}",
    "prefixed name with a local part": f"PREFIX c: {HERE} SELECT * {{ SERVICE c:sparql {{ ?s ?p ?o }} }}",
    "relative to BASE": f"BASE {HERE} SELECT * {{ SERVICE <sparql> {{ ?s ?p ?o }} }}",
    "variable": f"SELECT * {{ VALUES ?e {{ {HERE} }} SERVICE ?e {{ ?s ?p ?o }} }}",
    "variable by BIND": f"SELECT * {{ BIND(IRI('{AT}') AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}",
    "variable without a value": "SELECT * { SERVICE ?e { ?s ?p ?o } }",
    "in OPTIONAL": f"SELECT * {{ ?s ?p ?o OPTIONAL {{ SERVICE {HERE} {{ ?o ?q ?r }} }} }}",
    "in UNION": f"SELECT * {{ {{ ?s ?p ?o }} UNION {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in MINUS": f"SELECT * {{ ?s ?p ?o MINUS {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in GRAPH": f"SELECT * {{ GRAPH ?g {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in SERVICE": f"SELECT * {{ SERVICE {HERE} {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in EXISTS": f"ASK {{ ?s ?p ?o FILTER EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in NOT EXISTS": f"ASK {{ ?s ?p ?o FILTER NOT EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }}",
    "in EXISTS in BIND": f"SELECT * {{ BIND(EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }} AS ?x) }}",
    "in EXISTS in HAVING": f"SELECT (1 AS ?x) {{}} HAVING(EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }})",
    "in EXISTS in ORDER BY": f"SELECT * {{ ?s ?p ?o }} ORDER BY (EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }})",
    "in a sub-select": f"SELECT * {{ {{ SELECT * {{ SERVICE {HERE} {{ ?s ?p ?o }} }} }} }}",
    "in the projection": f"SELECT (EXISTS {{ SERVICE {HERE} {{ ?s ?p ?o }} }} AS ?x) {{}}",
    "in CONSTRUCT": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "in DESCRIBE": f"DESCRIBE ?s WHERE {{ SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "in ASK": f"ASK {{ SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "in LATERAL": f"SELECT * {{ ?s ?p ?o LATERAL {{ SERVICE {HERE} {{ ?s ?q ?r }} }} }}",
    "in a nested group": f"SELECT * {{{{{{{{ SERVICE {HERE} {{ ?s ?p ?o }} }}}}}}}}",
    "after a triple": f"SELECT * {{ ?s ?p ?o SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a full stop": f"SELECT * {{ ?s ?p ?o .SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a number": f"SELECT * {{ ?s ?p 1.SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a string": f"SELECT * {{ ?s ?p ' \\' 'SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a long string": f"SELECT * {{ ?s ?p '''it's'''SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a language": f"SELECT * {{ ?s ?p 'x'@en.SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after a filter": f"SELECT * {{ ?s ?p ?o FILTER(?o<1)SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "after VALUES": f"SELECT * {{ VALUES ?x {{ 1 }}SERVICE {HERE} {{ ?s ?p ?o }} }}",
    "with semicolons": f"SELECT * {{ SERVICE {HERE} {{ ?s ?p ?o ; ?q ?r , ?t }} }}",
}

ESCAPED: Final = {
    # A code point escape outside strings and IRIs may not be read as the letter it stands for (T30).
    "S": "\\u0053ERVICE",
    "all letters": "".join(f"\\u{ord(letter):04x}" for letter in "SERVICE"),
    "last letter": "SERVIC\\u0045",
    "long form": "\\U00000053ERVICE",
    "lower case": "\\u0073ervice",
    "percent": "%53ERVICE",
    "HTML": "&#83;ERVICE",
    "small capitals": "\uff33\uff25\uff32\uff36\uff29\uff23\uff25",
    "long s": "\u017fervice",
    "dotless i": "serv\u0131ce",
    "soft hyphen": "SER\u00adVICE",
    "zero width": "SER\u200bVICE",
    "Cyrillic": "SERVI\u0421E",
}

FROMS: Final = {
    "FROM": f"SELECT * FROM {HERE} {{ ?s ?p ?o }}",
    "FROM NAMED": f"SELECT * FROM NAMED {HERE} {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "both": f"SELECT * FROM {HERE} FROM NAMED {HERE} {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "FROM a file": "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
    "FROM NAMED a file": "SELECT * FROM NAMED <file:///etc/passwd> { GRAPH ?g { ?s ?p ?o } }",
    "FROM by prefix": f"PREFIX c: {HERE} SELECT * FROM c:x.ttl {{ ?s ?p ?o }}",
    "FROM by BASE": f"BASE {HERE} SELECT * FROM <x.ttl> {{ ?s ?p ?o }}",
    "FROM IPv6": f"SELECT * FROM <http://[::1]:{PORT}/> {{ ?s ?p ?o }}",
    "FROM in lower case": f"select * from {HERE} {{ ?s ?p ?o }}",
    "GRAPH": f"SELECT * {{ GRAPH {HERE} {{ ?s ?p ?o }} }}",
    "GRAPH of a file": "SELECT * { GRAPH <file:///etc/passwd> { ?s ?p ?o } }",
    "FROM FTP": f"SELECT * FROM <ftp://127.0.0.1:{PORT}/x> {{ ?s ?p ?o }}",
    "FROM data": "SELECT * FROM <data:text/turtle,%3Ca%3E%20%3Cb%3E%20%3Cc%3E.> { ?s ?p ?o }",
}

LOADS: Final = {
    "LOAD": f"LOAD {HERE}",
    "LOAD SILENT": f"LOAD SILENT {HERE}",
    "LOAD INTO": f"LOAD {HERE} INTO GRAPH <urn:x>",
    "lower case": f"load {HERE}",
    "after a prefix": f"PREFIX c: {HERE} LOAD c:x",
    "LOAD of a file": "LOAD <file:///etc/passwd>",
    "after another": f"INSERT DATA {{ <a:b> <a:b> <a:b> }} ; LOAD {HERE}",
    "after a comment": f"# SELECT\nLOAD {HERE}",
}


def cases() -> Iterator[Case]:
    """Every spelling in an encoding, the plainest in every encoding, and addresses in parameters."""
    encodings = list(ENCODINGS.items())
    for place, (name, query) in enumerate(SERVICES.items()):
        way, send = encodings[place % len(encodings)]
        yield case("T6", f"SERVICE {name} by {way}", send(query), 403, problem="query-refused")
    for name in ("silent", "variable", "in EXISTS", "in CONSTRUCT", "escaped IRI", "lower case"):
        for way, send in encodings:
            raw = send(SERVICES[name], ("format", "html"))
            yield case("T6", f"SERVICE {name} by {way} for a page", raw, 403, problem="query-refused")
    for name, spelling in ESCAPED.items():
        for place, query in enumerate(
            (
                f"SELECT * {{ {spelling} {HERE} {{ ?s ?p ?o }} }}",
                f"SELECT * {{ ?s ?p ?o . {spelling} SILENT {HERE} {{}} }}",
            )
        ):
            yield case("T30", f"SERVICE with {name}, {place}", by_post(query), 400, problem="query-malformed")
    yield from _graphs()
    yield from _parameters()


def _graphs() -> Iterator[Case]:
    for name, query in FROMS.items():
        for way, send in ENCODINGS.items() if name in ("FROM", "FROM a file") else [("POST", by_post)]:
            yield case(
                "T7",
                f"{name} by {way}",
                send(query),
                200,
                headers={"content-type": "application/sparql-results+json"},
                has=('"bindings":[]',),
            )
    for name, query in LOADS.items():
        for way, send in ENCODINGS.items() if name == "LOAD" else [("POST", by_post)]:
            yield case("T7", f"{name} by {way}", send(query), 403, problem="query-refused")
    for name in ("default-graph-uri", "named-graph-uri"):
        for address in (AT, "file:///etc/passwd", f"http://localhost:{PORT}/x.ttl", "data:text/turtle,"):
            query = "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
            yield case("T7", f"{name}={address}", by_get(query, (name, address)), 200, has=('"bindings":[]',))
        for address in (f"http://[::1]:{PORT}/", f"http://u:p@127.0.0.1:{PORT}/", "/etc/passwd", "../../etc/passwd"):
            yield case("T7", f"{name}={address}", by_get("ASK {}", (name, address)), 400, problem="query-malformed")


def _parameters() -> Iterator[Case]:
    """Addresses where the catalogue, the lists and the documents take values."""
    values = (
        AT,
        f"http://[::1]:{PORT}/",
        f"//127.0.0.1:{PORT}/",
        "file:///etc/passwd",
        f"> SERVICE {HERE} {{ ?s ?p ?o }} <",
        "../../../etc/passwd",
    )
    for place, value in enumerate(values):
        for name, parameter in (
            ("members-of-cluster", "cluster"),
            ("clusters-of-member", "member"),
            ("number-of-clusters", "kind"),
        ):
            target = f"/queries/{name}.csv?{sparql((parameter, value)).partition('?')[2]}"
            yield case("T6", f"{name} of {value} ({place})", get(target), 422, problem="parameter-unsuitable")
        target = f"/queries/areas-with-words.csv?{sparql(('words', value)).partition('?')[2]}"
        yield case(
            "T6", f"text {value} ({place})", get(target), 200, headers={"content-type": "text/csv; charset=utf-8"}
        )
    for name in ("query-uri", "service", "endpoint", "url", "using-graph-uri", "callback"):
        yield case("T6", f"an unknown parameter {name}", by_get("ASK {}", (name, AT)), 200)
    for header in ("Referer", "Origin", "X-Forwarded-Host", "X-Original-URL", "Forwarded", "Location", "Link"):
        yield case("T6", f"an address in {header}", by_get("ASK {}", headers=[(header, AT)]), 200, lacks=(PORT,))
    yield case(
        "T6",
        "an absolute target",
        message("GET", f"{AT}sparql?query=ASK%7B%7D"),
        200,
        400,
        404,
        why="RFC 9112, 3.2.2: a server must accept it, and answers for itself or says that it is no proxy",
        lacks=(PORT,),
    )
