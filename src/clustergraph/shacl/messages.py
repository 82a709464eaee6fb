"""What is said of a result, and of a fault of shapes: a sentence in each language, from the constraint and the values.

One table of sentences. The words of the shape itself, sh:message, are said beside them, never in their place.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from clustergraph.reading.parsed import FIRST, XSD_STRING, Literal, Term
from clustergraph.shacl.faults import (
    ILL_FORMED,
    NO_PATH,
    NOT_CANONICAL,
    NOT_SUPPORTED,
    QUERY_REFUSED,
    RECURSIVE,
    TIMED_OUT,
    UNKNOWN_TERM,
    ShapeFault,
)
from clustergraph.shacl.index import Index
from clustergraph.shacl.results import Result
from clustergraph.shacl.vocabulary import PATHS, SH, TERMS, component, sh

ENGLISH, ITALIAN = LANGUAGES = ("en", "it")
Sentences: TypeAlias = Mapping[str, str]
Name: TypeAlias = Callable[[str], str]
"""How an IRI is shown."""

_SHOWN: Final = 60  # characters of a literal
_LISTED: Final = 8  # of the values that are allowed
_VARIABLE: Final = re.compile(r"\{[?$](\w+)\}")

CODES: Final = {
    component(name): f"C{number:03}"
    for number, name in enumerate(
        (
            *("Class", "Datatype", "NodeKind", "MinCount", "MaxCount", "MinExclusive", "MinInclusive", "MaxExclusive"),
            *("MaxInclusive", "MinLength", "MaxLength", "Pattern", "LanguageIn", "UniqueLang", "Equals", "Disjoint"),
            *("LessThan", "LessThanOrEquals", "Not", "And", "Or", "Xone", "Node", "QualifiedMinCount"),
            *("QualifiedMaxCount", "Closed", "HasValue", "In", "SPARQL"),
        ),
        start=1,
    )
}
"""The code of each constraint component of SHACL."""

CUSTOM: Final = "C030"
"""The code of all components that shapes define themselves."""

SENTENCES: Final[dict[str, Sentences]] = {
    "C001": {ENGLISH: "{value} is not of class {first}", ITALIAN: "{value} non è della classe {first}"},
    "C002": {ENGLISH: "{value} is not a well-formed {first}", ITALIAN: "{value} non è un {first} ben formato"},
    "C002 other": {
        ENGLISH: "{value} has datatype {datatype}, and {first} is asked for",
        ITALIAN: "{value} ha tipo di dato {datatype}, ed è richiesto {first}",
    },
    "C002 node": {
        ENGLISH: "{value} is not a literal, and one of datatype {first} is asked for",
        ITALIAN: "{value} non è un letterale, e ne è richiesto uno di tipo {first}",
    },
    "C003": {
        ENGLISH: "{value} is {kind}, and {kinds} is asked for",
        ITALIAN: "{value} è {kind}, ed è richiesto {kinds}",
    },
    "C004": {
        ENGLISH: "found {found}, at least {first} asked for",
        ITALIAN: "trovati {found}, richiesti almeno {first}",
    },
    "C005": {ENGLISH: "found {found}, at most {first} allowed", ITALIAN: "trovati {found}, ammessi al più {first}"},
    "C006": {ENGLISH: "{value} is not greater than {first}", ITALIAN: "{value} non è maggiore di {first}"},
    "C007": {ENGLISH: "{value} is not at least {first}", ITALIAN: "{value} non è almeno {first}"},
    "C008": {ENGLISH: "{value} is not less than {first}", ITALIAN: "{value} non è minore di {first}"},
    "C009": {ENGLISH: "{value} is not at most {first}", ITALIAN: "{value} non è al più {first}"},
    "C010": {
        ENGLISH: "{value} has {length} characters, at least {first} asked for",
        ITALIAN: "{value} ha {length} caratteri, richiesti almeno {first}",
    },
    "C011": {
        ENGLISH: "{value} has {length} characters, at most {first} allowed",
        ITALIAN: "{value} ha {length} caratteri, ammessi al più {first}",
    },
    "C012": {ENGLISH: "{value} does not match {first}", ITALIAN: "{value} non corrisponde a {first}"},
    "C013": {
        ENGLISH: "{value} is in none of these languages: {list}",
        ITALIAN: "{value} non è in nessuna di queste lingue: {list}",
    },
    "C014": {
        ENGLISH: "two values or more in one language: {list}",
        ITALIAN: "due valori o più in una sola lingua: {list}",
    },
    "C015": {
        ENGLISH: "{value} is not a value of both {path} and {first}",
        ITALIAN: "{value} non è un valore sia di {path} sia di {first}",
    },
    "C016": {ENGLISH: "{value} is a value of {first} too", ITALIAN: "{value} è anche un valore di {first}"},
    "C017": {
        ENGLISH: "{value} is not less than {second}, the value of {first}",
        ITALIAN: "{value} non è minore di {second}, il valore di {first}",
    },
    "C018": {
        ENGLISH: "{value} is greater than {second}, the value of {first}, or cannot be compared with it",
        ITALIAN: "{value} è maggiore di {second}, il valore di {first}, o non è confrontabile",
    },
    "C019": {ENGLISH: "{value} fits {first}, and must not", ITALIAN: "{value} segue {first}, e non deve"},
    "C020": {
        ENGLISH: "{value} does not keep all of several conditions",
        ITALIAN: "{value} non rispetta tutte le condizioni",
    },
    "C021": {
        ENGLISH: "{value} keeps none of several conditions",
        ITALIAN: "{value} non rispetta alcuna delle condizioni",
    },
    "C022": {
        ENGLISH: "{value} does not keep exactly one of several conditions",
        ITALIAN: "{value} non rispetta esattamente una delle condizioni",
    },
    "C023": {ENGLISH: "{value} does not fit {first}", ITALIAN: "{value} non segue {first}"},
    "C024": {
        ENGLISH: "fewer than {first} values fit {second}",
        ITALIAN: "meno di {first} valori seguono {second}",
    },
    "C025": {ENGLISH: "more than {first} values fit {second}", ITALIAN: "più di {first} valori seguono {second}"},
    "C026": {ENGLISH: "{path} does not belong here", ITALIAN: "{path} qui non è ammessa"},
    "C027": {ENGLISH: "{first} is not among the values", ITALIAN: "{first} non è fra i valori"},
    "C028": {ENGLISH: "{value} is not one of {list}", ITALIAN: "{value} non è uno fra {list}"},
    "C029": {ENGLISH: "a rule of {shape} is broken", ITALIAN: "una regola di {shape} è violata"},
    CUSTOM: {ENGLISH: "{component} of {shape} does not hold", ITALIAN: "{component} di {shape} non vale"},
}
"""By code and language; where a code has several sentences, the others have a word behind it."""

SHAPE_FAULTS: Final[dict[str, Sentences]] = {
    UNKNOWN_TERM: {
        ENGLISH: "{0} is no term of SHACL, so it asks nothing",
        ITALIAN: "{0} non è un termine di SHACL, quindi non chiede nulla",
    },
    ILL_FORMED: {
        ENGLISH: "this value of {0} cannot be evaluated: what can stand here is {1}",
        ITALIAN: "questo valore di {0} non è valutabile: qui può stare {1}",
    },
    NOT_SUPPORTED: {
        ENGLISH: "{0} is not evaluated here: say it in SHACL Core or with sh:sparql",
        ITALIAN: "{0} qui non viene valutato: dirlo in SHACL Core o con sh:sparql",
    },
    RECURSIVE: {
        ENGLISH: "this shape is asked to hold for itself, by way of others: SHACL says nothing of such shapes",
        ITALIAN: "questa forma, attraverso altre, richiama sé stessa: SHACL non dice nulla di tali forme",
    },
    NO_PATH: {ENGLISH: "this is no property path", ITALIAN: "questo non è un percorso di proprietà"},
    QUERY_REFUSED: {
        ENGLISH: "this query cannot be asked: {0}",
        ITALIAN: "questa interrogazione non si può porre: {0}",
    },
    NOT_CANONICAL: {
        ENGLISH: "not evaluated: the engine of queries would see another form of '{0}' than the one that is written",
        ITALIAN: "non valutata: il motore delle interrogazioni vedrebbe '{0}' in un'altra forma da quella scritta",
    },
    TIMED_OUT: {
        ENGLISH: "not evaluated to its end within {0} s",
        ITALIAN: "non valutata fino in fondo entro {0} s",
    },
}
"""What is said of shapes, by code and language."""

_KINDS: Final = {
    "IRI": {ENGLISH: "an IRI", ITALIAN: "un IRI"},
    "BlankNode": {ENGLISH: "a blank node", ITALIAN: "un nodo anonimo"},
    "Literal": {ENGLISH: "a literal", ITALIAN: "un letterale"},
    "BlankNodeOrIRI": {ENGLISH: "a blank node or an IRI", ITALIAN: "un nodo anonimo o un IRI"},
    "BlankNodeOrLiteral": {ENGLISH: "a blank node or a literal", ITALIAN: "un nodo anonimo o un letterale"},
    "IRIOrLiteral": {ENGLISH: "an IRI or a literal", ITALIAN: "un IRI o un letterale"},
}
_MEANT: Final = {ENGLISH: "; did you mean {0}?", ITALIAN: "; forse {0}?"}
_NAMELESS: Final = {ENGLISH: "a blank node", ITALIAN: "un nodo anonimo"}
_A_SHAPE: Final = {ENGLISH: "a shape without a name", ITALIAN: "una forma senza nome"}
_LOGICAL: Final = ("C019", "C020", "C021", "C022", "C023")


def code_of(result: Result) -> str:
    """The code of the finding that a result becomes."""
    return CODES.get(result.component, CUSTOM)


def said(result: Result, shapes: Index, name: Name) -> dict[str, str]:
    """The sentence about a result by language: about what, and what is wrong with it, down to the leaves."""
    return {language: _said(result, shapes, name, language) for language in LANGUAGES}


def _said(result: Result, shapes: Index, name: Name, language: str, about: Term | None = None) -> str:
    """Shape: `about` is the thing that is spoken of already."""
    where = [] if result.focus == about else [_shown(result.focus, name, language)]
    if result.path is not None:
        where.append(path_shown(shapes, result.path, name))
    elif result.value == result.focus:
        where.clear()  # the sentence begins with it
    sentence = _sentence(result, shapes, name, language)
    return f"{', '.join(where)}: {sentence}" if where else sentence


def _sentence(result: Result, shapes: Index, name: Name, language: str) -> str:
    code = code_of(result)
    value, against = result.value, result.against
    shown = [_shown(one, name, language) for one in against]
    first, second = (shown[number] if len(shown) > number else "" for number in (0, 1))
    values = {
        "value": "" if value is None else _shown(value, name, language),
        "first": against[0].lexical if against and isinstance(against[0], Literal) and code in _COUNTED else first,
        "second": second,
        "found": str(len(against) - 1),
        "path": "" if result.path is None else path_shown(shapes, result.path, name),
        "datatype": name(value.datatype) if isinstance(value, Literal) else "",
        "kind": _KINDS[_kind(value)][language] if value is not None else "",
        "kinds": _KINDS.get(str(against[0]).removeprefix(SH), {language: ""})[language] if against else "",
        "length": str(len(value.lexical if isinstance(value, Literal) else value or "")),
        "list": _listed(shown),
        "shape": _A_SHAPE[language] if result.shape.startswith("_:") else name(result.shape),
        "component": name(result.component),
    }
    sentence = SENTENCES[f"{code}{_variant(result)}"][language].format(**values)
    if code == "C028" and value is not None:
        sentence += _guess(values["value"], shown, language)
    if code in _LOGICAL and result.details:
        leaves = dict.fromkeys(_said(leaf, shapes, name, language, value) for leaf in leaves_of(result))
        sentence += f" ({'; '.join(list(leaves)[:_LISTED])})"
    return sentence


_COUNTED: Final = ("C004", "C005", "C010", "C011", "C024", "C025")


def _variant(result: Result) -> str:
    if result.component != component("Datatype"):
        return ""
    if not isinstance(result.value, Literal):
        return " node"
    return "" if (result.value.datatype,) == result.against else " other"


def leaves_of(result: Result) -> Iterable[Result]:
    """The results at the bottom of a result: what would have to be mended for it to go away."""
    for one in result.details:
        yield from leaves_of(one) if one.details else (one,)


def _guess(value: str, others: Sequence[str], language: str) -> str:
    near = difflib.get_close_matches(value, others, n=1)
    return _MEANT[language].format(near[0]) if near else ""


def _listed(shown: Sequence[str]) -> str:
    return ", ".join([*shown[:_LISTED], *(["…"] if len(shown) > _LISTED else [])])


def _kind(term: Term) -> str:
    return "Literal" if isinstance(term, Literal) else "BlankNode" if term.startswith("_:") else "IRI"


def _shown(term: Term, name: Name, language: str) -> str:
    if isinstance(term, str):
        return _NAMELESS[language] if term.startswith("_:") else name(term)
    text = term.lexical if len(term.lexical) <= _SHOWN else f"{term.lexical[: _SHOWN - 1]}…"
    if term.language:
        return f"'{text}'@{term.language}"
    return f"'{text}'" if term.datatype == XSD_STRING else f"'{text}'^^{name(term.datatype)}"


def path_shown(shapes: Index, path: Term, name: Name) -> str:
    """A path as SPARQL writes it, with the names that are shown."""
    if not isinstance(path, str) or not path.startswith("_:"):
        return name(str(path))
    if shapes.values(path, FIRST):
        return "/".join(path_shown(shapes, one, name) for one in shapes.items(path) or ())
    signs = {"inversePath": "^{0}", "zeroOrMorePath": "{0}*", "oneOrMorePath": "{0}+", "zeroOrOnePath": "{0}?"}
    for kind in PATHS:
        for one in shapes.values(path, sh(kind)):
            if kind == "alternativePath":
                return "|".join(path_shown(shapes, item, name) for item in shapes.items(one) or ())
            return signs[kind].format(path_shown(shapes, one, name))
    return "?"


def own_words(result: Result, shapes: Index, name: Name) -> dict[str, str]:
    """The words of the shape, sh:message, by language, with the values of its query in their places.

    Shape: where a language is missing, that of a message without a language, or nothing.
    """
    texts = [*shapes.values(result.constraint, sh("message"))] if result.constraint is not None else []
    texts = texts or [*shapes.values(result.shape, sh("message"))]
    found = {one.language.lower(): one.lexical for one in reversed(texts) if isinstance(one, Literal)}
    bound = dict(result.bindings)

    def filled(text: str, language: str) -> str:
        return _VARIABLE.sub(
            lambda match: _plain(bound[match[1]], name, language) if match[1] in bound else match[0], text
        )

    words = {language: found.get(language, found.get("", "")) for language in LANGUAGES}
    return {language: filled(text, language) for language, text in words.items() if text}


def _plain(term: Term, name: Name, language: str) -> str:
    return term.lexical if isinstance(term, Literal) else _shown(term, name, language)


def fault_said(fault: ShapeFault, name: Name) -> dict[str, str]:
    """The sentence about a fault of shapes, by language."""
    shown = [name(one) if one.startswith(SH) else one for one in fault.values]
    told = {language: SHAPE_FAULTS[fault.code][language].format(*shown) for language in LANGUAGES}
    if fault.code == UNKNOWN_TERM:
        near = [name(one) for one in difflib.get_close_matches(fault.values[0], sorted(TERMS), n=1)]
        return {language: text + (_MEANT[language].format(near[0]) if near else "") for language, text in told.items()}
    return told
