"""Findings as a validation report of SHACL, with the place of each result.

What no shape said is a result too, with a component of our own: its code below RULES; its focus node is the file.
Places are pointers of W3C's "Pointer Methods in RDF 1.0", at prov:atLocation. Knows nothing of RDF libraries.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from clustergraph.findings import INFO, LANGUAGES, VIOLATION, WARNING, Finding
from clustergraph.outputs.outcome import Outcome
from clustergraph.reading.parsed import XSD_STRING, Literal, Place, Term
from clustergraph.terms import FILES, PROV, RULES, SH

_POINTERS: Final = "http://www.w3.org/2009/pointers#"
_SEVERITIES: Final = {VIOLATION: f"{SH}Violation", WARNING: f"{SH}Warning", INFO: f"{SH}Info"}
_NOT_IN_IRI: Final = frozenset('<>"{}|^`\\').union(map(chr, range(0x21)))  # not even escaped
_COMMAND: Final = ("##[", r"##\u005B")  # of logs of GitHub
_IN_STRING: Final = str.maketrans({"\\": "\\\\", '"': '\\"'})


def rdf(outcome: Outcome) -> str:
    """The report in Turtle. Shape: messages in every language, whichever was asked for."""
    prefixes = {"sh": SH, "prov": PROV, "ptr": _POINTERS}
    head = [f"@prefix {name}: <{namespace}> ." for name, namespace in prefixes.items()]
    pairs = [f"sh:conforms {str(not outcome.findings).lower()}"]
    pairs += [_bracket("sh:result", "sh:ValidationResult", _about(one)) for one in outcome.findings]
    body = " ;\n".join(f"  {pair}" for pair in pairs)
    return "\n".join([*head, "", f"[] a sh:ValidationReport ;\n{body} ."])


def _bracket(predicate: str, kind: str, pairs: Iterable[str]) -> str:
    return f"{predicate} [ a {kind} ;\n    " + " ;\n    ".join(pairs) + "\n  ]"


def _about(one: Finding) -> Iterator[str]:
    origin = one.origin
    if origin is None:
        yield f"sh:focusNode {_file(one.path)}"
        yield f"sh:sourceConstraintComponent {_iri(RULES + one.code)}"
        yield f"sh:resultSeverity {_iri(_SEVERITIES[one.severity])}"
    else:
        yield f"sh:focusNode {_term(origin.focus)}"
        yield from [f"sh:resultPath {''.join(map(_safe, origin.path))}"] if origin.path is not None else []
        yield from [f"sh:value {_term(origin.value)}"] if origin.value is not None else []
        yield f"sh:sourceShape {_term(origin.shape)}"
        yield f"sh:sourceConstraintComponent {_iri(origin.component)}"
        yield f"sh:resultSeverity {_iri(origin.severity)}"
    texts = [
        (said[language], language) for said in (one.message, one.advice) for language in LANGUAGES if language in said
    ]
    yield "sh:resultMessage " + ", ".join(f"{_string(text)}@{language}" for text, language in texts)
    yield f"prov:atLocation {_location(one.path, one.at)}"


def _location(path: str, at: Place | None) -> str:
    """A pointer from the first character to the first that does not belong, or the file as a whole."""
    if at is None:
        return _file(path)
    start, end = _pointer(path, at.line, at.column), _pointer(path, at.end_line, at.end_column)
    return f"[ a ptr:StartEndPointer ; ptr:startPointer {start} ; ptr:endPointer {end} ]"


def _pointer(path: str, line: int, column: int) -> str:
    return f"[ a ptr:LineCharPointer ; ptr:reference {_file(path)} ; ptr:lineNumber {line} ; ptr:charNumber {column} ]"


def _file(path: str) -> str:
    return _iri(FILES + quote(path.encode(errors="backslashreplace")))


def _term(term: Term) -> str:
    if isinstance(term, Literal):
        tail = f"@{term.language}" if term.language else f"^^{_iri(term.datatype)}"
        return _string(term.lexical) + tail * (bool(term.language) or term.datatype != XSD_STRING)
    return f"_:b{term[2:].encode(errors='backslashreplace').hex()}" if term.startswith("_:") else _iri(term)


def _iri(iri: str) -> str:
    return f"<{''.join(quote(one) if one in _NOT_IN_IRI else _safe(one) for one in iri)}>".replace(*_COMMAND)


def _string(text: str) -> str:
    return f'"{"".join(map(_safe, text.translate(_IN_STRING)))}"'.replace(*_COMMAND)


def _safe(one: str) -> str:
    """A character, escaped where it would command a terminal; a half of a pair is no character, and replaced."""
    if one.isprintable():
        return one
    return _escaped(one) if unicodedata.category(one) != "Cs" else "\ufffd"


def _escaped(one: str) -> str:
    return f"\\U{ord(one):08X}"
