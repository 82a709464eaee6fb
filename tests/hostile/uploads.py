"""T8 to T13: bodies that harm whoever reads them. Nobody does here: there is no upload."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Final

from hostile.case import FORM, PORT, SPARQL_QUERY, Case, case, message

AT: Final = f"http://127.0.0.1:{PORT}"
_ENTITIES: Final = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
_RDF: Final = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{}</rdf:RDF>'

JSON_LD: Final = {
    "remote context": f'{{"@context":"{AT}/c.jsonld","@id":"a:b"}}',
    "remote context on IPv6": f'{{"@context":"http://[::1]:{PORT}/c.jsonld"}}',
    "context in a file": '{"@context":"file:///etc/passwd"}',
    "list of contexts": f'{{"@context":["{AT}/1",{{"@import":"{AT}/2"}}]}}',
    "import": f'{{"@context":{{"@version":1.1,"@import":"{AT}/3"}}}}',
    "import of a file": '{"@context":{"@version":1.1,"@import":"file:///etc/passwd"}}',
    "propagated": f'{{"@context":{{"@propagate":true,"t":{{"@id":"a:t","@context":"{AT}/4"}}}},"t":1}}',
    "relative context": f'{{"@context":{{"@base":"{AT}/"}},"@graph":[{{"@context":"5"}}]}}',
    "context of a type": f'{{"@context":{{"T":{{"@id":"a:T","@context":"{AT}/6"}}}},"@type":"T"}}',
    "deep": "[" * 50_000,
    "deep objects": '{"@graph":' * 5_000,
    "long number": f'{{"a:b":{"9" * 50_000}}}',
    "protected": f'{{"@context":[{{"@protected":true}},"{AT}/7"]}}',
    "language map": f'{{"@context":{{"@language":"{AT}"}},"@included":"{AT}/8"}}',
}
IMPORTS: Final = {
    "owl:imports": f"<a:o> <http://www.w3.org/2002/07/owl#imports> <{AT}/o> .",
    "owl:imports of a file": "<a:o> <http://www.w3.org/2002/07/owl#imports> <file:///etc/passwd> .",
    "sh:shapesGraph": f"<a:o> <http://www.w3.org/ns/shacl#shapesGraph> <{AT}/s> .",
    "sh:suggestedShapesGraph": f"<a:o> <http://www.w3.org/ns/shacl#suggestedShapesGraph> <{AT}/s> .",
    "sh:sparql": "[] <http://www.w3.org/ns/shacl#sparql> [ <http://www.w3.org/ns/shacl#select> 'SELECT * {}' ] .",
    "sh:js": f"[] <http://www.w3.org/ns/shacl#js> [ <http://www.w3.org/ns/shacl#jsLibraryURL> '{AT}/j' ] .",
    "sh:pattern": "[] <http://www.w3.org/ns/shacl#pattern> '(a+)+$' .",
    "sh:rule": "[] <http://www.w3.org/ns/shacl#rule> [ <http://www.w3.org/ns/shacl#construct> 'CONSTRUCT {} {}' ] .",
    "rdfs:seeAlso": f"<a:o> <http://www.w3.org/2000/01/rdf-schema#seeAlso> <{AT}/x> .",
    "void:dataDump": f"<a:o> <http://rdfs.org/ns/void#dataDump> <{AT}/d> .",
    "deep collection": "<a:a> <a:b> " + "(" * 20_000,
    "deep blank nodes": "<a:a> <a:b> " + "[<a:b> " * 10_000,
    "N3 formulas": "{" * 20_000,
    "N3 rule": f"{{ ?a ?b ?c }} => {{ <{AT}> ?b ?c }} .",
    "many prefixes": "".join(f"@prefix p{n}: <a:{n}> .\n" for n in range(2_000)),
}
XML: Final = {
    "external entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{AT}/e">]>{_RDF.format("&e;")}',
    "entity of a file": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{_RDF.format("&e;")}',
    "parameter entity": f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{AT}/p">%e;]>{_RDF.format("")}',
    "external DTD": f'<!DOCTYPE x SYSTEM "{AT}/d">{_RDF.format("")}',
    "public DTD": f'<!DOCTYPE x PUBLIC "-//X//X" "{AT}/d">{_RDF.format("")}',
    "UTF-16": f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x SYSTEM "{AT}/d"><x/>',
    "XInclude": f'<x xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="{AT}/i"/></x>',
    "style sheet": f'<?xml-stylesheet href="{AT}/s"?>{_RDF.format("")}',
    "schema": f'<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="{AT} {AT}/x"/>',
    "base": _RDF.format(f'<x xml:base="{AT}/"/>'),
}
BOMBS: Final = {
    "laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{_ENTITIES}]>{_RDF.format("&e11;")}',
    "laughs in an attribute": f'<!DOCTYPE x [<!ENTITY e0 "ha">{_ENTITIES}]><x a="&e11;"/>',
    "quadratic": f'<!DOCTYPE x [<!ENTITY e "{"a" * 30_000}">]>{_RDF.format("&e;" * 5_000)}',
    "recursive": '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]><x>&a;</x>',
    "recursive parameters": "<!DOCTYPE x [<!ENTITY % a '%b;'><!ENTITY % b '%a;'>%a;]><x/>",
    "many attributes": "<x " + " ".join(f"a{n}='1'" for n in range(5_000)) + "/>",
    "deep": "<x>" * 25_000,
    "many name spaces": "<x " + " ".join(f"xmlns:n{n}='a:{n}'" for n in range(3_000)) + "/>",
    "long name": f"<{'x' * 80_000}/>",
    "unclosed CDATA": f"<x><![CDATA[{'a' * 80_000}",
}
_TYPES: Final = {
    "T8": "application/ld+json",
    "T9": "text/turtle",
    "T10": "application/rdf+xml",
    "T11": "application/rdf+xml",
}


def cases() -> Iterator[Case]:
    """Each body where queries go, and some where people might look for an upload."""
    for threat, bodies in (("T8", JSON_LD), ("T9", IMPORTS), ("T10", XML), ("T11", BOMBS)):
        for name, text in bodies.items():
            headers = [("Content-Type", _TYPES[threat])]
            raw = message("POST", "/sparql", headers, text.encode())
            yield case(threat, f"{name} to the endpoint", raw, 415, problem="unsupported-media-type")
            raw = message("PUT", "/graph/curated", headers, text.encode())
            yield case(threat, f"{name} to a graph", raw, 405, problem="method-not-allowed")
            raw = message("POST", "/sparql", [("Content-Type", SPARQL_QUERY)], text.encode())
            yield case(threat, f"{name} as a query", raw, 400, 413, why="no query, or too long before that is seen")
    yield from _compressed()
    yield from _multipart()


def _compressed() -> Iterator[Case]:
    """T12: what is small only while it is packed."""
    zeros = bytes(2_000_000)
    packed = gzip.compress(zeros, mtime=0)
    bodies = {
        "gzip": packed,
        "gzip, gzip": gzip.compress(packed, mtime=0),
        "deflate": zlib.compress(zeros),
        "br": b"\x8b\x03\x80" + packed[:40],
        "zstd": b"\x28\xb5\x2f\xfd" + bytes(20),
        "compress": b"\x1f\x9d\x90" + bytes(20),
        "x-gzip": packed,
        "GZIP": packed,
        "identity, gzip": packed,
        "exi": bytes(20),
        "*": b"ASK {}",
        "pack200-gzip": packed[:100],
    }
    for name, body in bodies.items():
        for kind in (SPARQL_QUERY, FORM):
            raw = message("POST", "/sparql", [("Content-Type", kind), ("Content-Encoding", name)], body)
            yield case("T12", f"{name} as {kind}", raw, 415, problem="unsupported-media-type")
    for kind in ("application/zip", "application/gzip", "application/x-tar", "application/x-7z-compressed"):
        raw = message("POST", "/sparql", [("Content-Type", kind)], packed)
        yield case("T12", f"an archive as {kind}", raw, 415, problem="unsupported-media-type")
    raw = message("POST", "/sparql", [("Content-Type", SPARQL_QUERY)], packed)
    yield case("T12", "gzip that says nothing of it", raw, 400, problem="query-malformed")


def _multipart() -> Iterator[Case]:
    """T13: forms in parts."""
    part = b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nASK {}\r\n'
    bodies = {
        "one field": part + b"--b--\r\n",
        "a file": part.replace(b'"query"', b'"query"; filename="../../x.rq"') + b"--b--\r\n",
        "many fields": part * 1_000 + b"--b--\r\n",
        "no end": part,
        "no boundary in the body": b"x" * 10_000,
        "dashes": b"--b" + b"-" * 50_000,
        "returns": b"\r" * 50_000 + b"--b",
        "line feeds": b"\n" * 50_000,
        "long header": b'--b\r\nContent-Disposition: form-data; name="' + b"x" * 50_000,
        "many headers": b"--b\r\n" + b"X: y\r\n" * 10_000,
        "nothing": b"",
    }
    for name, body in bodies.items():
        raw = message("POST", "/sparql", [("Content-Type", "multipart/form-data; boundary=b")], body)
        yield case("T13", name, raw, 415, problem="unsupported-media-type")
    for kind in ("multipart/form-data", f"multipart/form-data; boundary={'b' * 5_000}", "multipart/mixed; boundary=b"):
        raw = message("POST", "/sparql", [("Content-Type", kind)], part)
        yield case("T13", f"type {kind[:40]}", raw, 415, problem="unsupported-media-type")
    yield from _heads_of_fields()
    for number in (201, 20_000):
        body = b"&".join(b"f%d=x" % place for place in range(number))
        raw = message("POST", "/sparql", [("Content-Type", FORM)], body)
        yield case("T13", f"a form of {number} fields", raw, 400, problem="query-malformed")
    for name, body in {
        "equals": b"=" * 100_000,
        "plus": b"query=" + b"+" * 99_000,
        "semicolons": b";" * 100_000,
        "no UTF-8": b"query=%ff%fe",
    }.items():
        raw = message("POST", "/sparql", [("Content-Type", FORM)], body)
        yield case("T13", f"a form of {name}", raw, 400, problem="query-malformed")
    raw = message("POST", "/sparql", [("Content-Type", FORM)], b"query=" + b"%" * 99_000)
    yield case("T13", "a form of percents", raw, 413, problem="query-too-large")
    raw = message("POST", "/sparql", [("Content-Type", FORM)], b"&" * 100_000)
    yield case("T13", "a form of ampersands", raw, 400, problem="query-malformed")


def _heads_of_fields() -> Iterator[Case]:
    """Heads of fields that a reader of mail would take, or fall over, where files are judged."""
    charsets = ("zzz", "a\0b", "idna", "undefined", "base64", "hex", "punycode", "utf-8", "\xff")
    heads = {
        **{
            f"name in {one!r}": f"Content-Disposition: form-data; name=\"file\"; filename*={one}''%ff"
            for one in charsets
        },
        "field in parts": 'Content-Disposition: form-data; name*0="fi"; name*99999999999999999999="le"',
        "transfer coding": 'Content-Transfer-Encoding: \xff\r\nContent-Disposition: form-data; name="text"',
        "packed": 'Content-Transfer-Encoding: quoted-printable\r\nContent-Disposition: form-data; name="text"',
    }
    for name, head in heads.items():
        body = b"--b\r\n" + head.encode("latin-1") + b"\r\n\r\n<a:a> <a:b> <a:c> .\r\n--b--\r\n"
        raw = message("POST", "/validate", [("Content-Type", "multipart/form-data; boundary=b")], body)
        yield case("T13", f"{name} at /validate", raw, 400, problem="bad-request")
    for parameters in (";=;*=;boundary*", "; boundary*=zzz''b", '; boundary="b', "; boundary*0*=b"):
        body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n--b--\r\n'
        raw = message("POST", "/validate", [("Content-Type", f"multipart/form-data{parameters}")], body)
        yield case("T13", f"{parameters} at /validate", raw, 400, problem="bad-request")
