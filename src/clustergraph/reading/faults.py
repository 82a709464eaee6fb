"""What is said of a text that cannot be read: for each fault a sentence in each language, and what to do.

One table of sentences; they take the values of a fault by their numbers.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Final

from clustergraph.reading.dates import as_date
from clustergraph.reading.parsed import (
    BAD_IRI,
    CELLS,
    MAPPED_TWICE,
    MISSING,
    NO_CHARACTER,
    NO_CONFIDENCE,
    NO_DATE,
    NO_HEADER,
    NO_IRI,
    NO_LANGUAGE,
    NO_MATCH,
    NO_NAME,
    NOT_OURS,
    OPEN_STRING,
    OTHER_SYNTAX,
    RDF_1_2,
    RELATIVE,
    TOO_DEEP,
    UNDECLARED,
    UNEXPECTED,
    UNMERGED,
    Fault,
)
from clustergraph.terms import PREFIXES

ENGLISH, ITALIAN = "en", "it"

_CLOSED_OTHERWISE: Final = {
    ENGLISH: "the string that begins here has no end: '{2}' does not close it, write it as '{1}'",
    ITALIAN: "la stringa che inizia qui non finisce: «{2}» non la chiude, scriverlo come '{1}'",
}
"""What is said of a string with a sign of word processors for its last quotes."""
SENTENCES: Final[dict[str, Mapping[str, str]]] = {
    UNEXPECTED: {ENGLISH: "expected {0}, found {1}", ITALIAN: "si attendeva {0}, si trova {1}"},
    UNDECLARED: {
        ENGLISH: "the prefix '{0}:' is not declared: {1}",
        ITALIAN: "il prefisso «{0}:» non è dichiarato: {1}",
    },
    MISSING: {
        ENGLISH: "{0} is missing before {1}: write it at the end of what stands before",
        ITALIAN: "manca {0} prima {1}: scriverlo alla fine di ciò che precede",
    },
    OPEN_STRING: {
        ENGLISH: "the string that begins here has no end: close it with the same quotes, or with three for many lines",
        ITALIAN: "la stringa che inizia qui non finisce: chiuderla con le stesse virgolette, o con tre per più righe",
    },
    NO_CHARACTER: {
        ENGLISH: "{0} stands for no character: write the character itself",
        ITALIAN: "{0} non sta per alcun carattere: scrivere il carattere stesso",
    },
    BAD_IRI: {
        ENGLISH: "the IRI that begins here has no end, or a character that IRIs do not have: percent-encode that",
        ITALIAN: "l'IRI che inizia qui non finisce, o ha un carattere che gli IRI non hanno: codificarlo con %",
    },
    TOO_DEEP: {
        ENGLISH: "more than {0} brackets stand inside one another: give the things IRIs of their own",
        ITALIAN: "più di {0} parentesi stanno l'una nell'altra: dare alle cose propri IRI",
    },
    RDF_1_2: {
        ENGLISH: "statements about statements and directions of text are of RDF 1.2, which we do not publish",
        ITALIAN: "affermazioni su affermazioni e direzioni del testo sono di RDF 1.2, che non pubblichiamo",
    },
    NO_IRI: {
        ENGLISH: "<{0}> is no IRI: percent-encode what cannot stand in one",
        ITALIAN: "<{0}> non è un IRI: codificare con % ciò che non vi può stare",
    },
    RELATIVE: {
        ENGLISH: "<{0}> is relative, and there is nothing that it is relative to: write the IRI in full, or a prefix",
        ITALIAN: "<{0}> è relativo, e non si sa a che cosa: scrivere l'IRI per intero, o un prefisso",
    },
    NO_LANGUAGE: {
        ENGLISH: "'{0}' is no language tag: write one such as 'en' or 'it'",
        ITALIAN: "«{0}» non è un'etichetta di lingua: scriverne una come 'en' o 'it'",
    },
    OTHER_SYNTAX: {
        ENGLISH: "this looks like {0}, and Turtle is wanted: convert it",
        ITALIAN: "sembra {0}, e serve Turtle: va convertito",
    },
    UNMERGED: {
        ENGLISH: "the marks of a conflict that git could not merge begin here: keep one side, and remove the marks",
        ITALIAN: "qui iniziano i segni di un conflitto che git non ha risolto: tenere una parte, e togliere i segni",
    },
    NO_HEADER: {
        ENGLISH: "the first row must name the columns {0}, separated by tabs",
        ITALIAN: "la prima riga deve nominare le colonne {0}, separate da tabulazioni",
    },
    CELLS: {
        ENGLISH: "a row needs {0} filled cells, separated by tabs",
        ITALIAN: "una riga vuole {0} celle piene, separate da tabulazioni",
    },
    MAPPED_TWICE: {
        ENGLISH: "line {0} maps the same pair: keep one of the two rows",
        ITALIAN: "la riga {0} mette in corrispondenza la stessa coppia: tenere una delle due",
    },
    NO_MATCH: {
        ENGLISH: "'{0}' is not a match: use one of {1}",
        ITALIAN: "«{0}» non è una corrispondenza: usare una fra {1}",
    },
    NOT_OURS: {
        ENGLISH: "neither '{0}' nor '{1}' is a thing of ours: map one that is",
        ITALIAN: "né «{0}» né «{1}» è cosa nostra: almeno una deve esserlo",
    },
    NO_DATE: {
        ENGLISH: "'{0}' is not a date: write one such as 2026-11-22",
        ITALIAN: "«{0}» non è una data: scriverne una come 2026-11-22",
    },
    NO_CONFIDENCE: {
        ENGLISH: "'{0}' is not a number from 0 to 1 without needless zeros: write one such as 0.9",
        ITALIAN: "«{0}» non è un numero da 0 a 1 senza zeri superflui: scriverne uno come 0.9",
    },
    NO_NAME: {
        ENGLISH: "'{0}' is not a prefixed name of ours: write one such as area:aerospace",
        ITALIAN: "«{0}» non è un nome con un nostro prefisso: scriverne uno come area:aerospace",
    },
}
"""By code and language."""

WANTED: Final = {
    "a datatype": "un tipo di dato",
    "a prefix such as 'ex:'": "un prefisso come 'ex:'",
    "a property": "una proprietà",
    "a property: an IRI in <...>": "una proprietà: un IRI in <...>",
    "a subject: an IRI in <...>, or a blank node": "un soggetto: un IRI in <...>, o un nodo anonimo",
    "a subject: an IRI, a prefixed name, or a blank node": (
        "un soggetto: un IRI, un nome con prefisso o un nodo anonimo"
    ),
    "a value": "un valore",
    'a value: an IRI in <...>, a blank node, or a string in "..."': (
        'un valore: un IRI in <...>, un nodo anonimo o una stringa in "..."'
    ),
    "an IRI in <...>": "un IRI in <...>",
    "the end of the line": "la fine della riga",
    "the name of a graph": "il nome di un grafo",
    **{f"';', ',' or '{sign}'": f"';', ',' o '{sign}'" for sign in ".]"},
    **{sign: sign for sign in ("'.'", "';'", "','", "'{'", "'}'", "']'")},
}
"""What can be expected, in Italian."""

NAMESPACES: Final[Mapping[str, str]] = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "schema": "http://schema.org/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    **PREFIXES,
}
"""What a prefix stands for that a text uses and does not declare: ours, and a few that everybody uses."""
_TYPED: Final = dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’‚", "'") | dict.fromkeys("‐‑‒–—−", "-") | {"\u00a0": " "}
"""What word processors and web pages have in the place of a sign, by that."""
_SHOWN: Final = 40  # characters of a word


def said(fault: Fault, prefixes: Iterable[str] = ()) -> dict[str, str]:
    """The sentence about a fault, by language.

    Shape: `prefixes` are those that the text declares, and that one of them may have been meant.
    """
    values = _VALUES.get(fault.code, _as_they_are)(fault, sorted(prefixes))
    is_closed = fault.code == OPEN_STRING and fault.also is not None
    sentences = _CLOSED_OTHERWISE if is_closed else SENTENCES[fault.code]
    return {language: text.format(*values[language]) for language, text in sentences.items()}


def _as_they_are(fault: Fault, _prefixes: list[str]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys((ENGLISH, ITALIAN), fault.values)


def _expected(fault: Fault, _prefixes: list[str]) -> dict[str, tuple[str, ...]]:
    wanted, found = fault.values
    shown = found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"
    quoted = "'{}'".format(json.dumps(shown, ensure_ascii=False)[1:-1].replace(r"\"", '"'))
    return {
        ENGLISH: (wanted, quoted if found else "the end of the text"),
        ITALIAN: (WANTED[wanted], quoted if found else "la fine del testo"),
    }


def _unexpected(fault: Fault, prefixes: list[str]) -> dict[str, tuple[str, ...]]:
    values = _expected(fault, prefixes)
    sign = _TYPED.get(fault.values[1][:1])
    date = as_date(fault.values[1])
    if sign is None and not date:
        return values
    written = {ENGLISH: f": write it as '{sign or date}'", ITALIAN: f": scriverlo come '{sign or date}'"}
    return {language: (wanted, found + written[language]) for language, (wanted, found) in values.items()}


def _missing(fault: Fault, prefixes: list[str]) -> dict[str, tuple[str, ...]]:
    values = _expected(fault, prefixes)
    sign, follows = values[ITALIAN]
    return values | {ITALIAN: (sign, f"di {follows}" if fault.values[1] else f"del{follows}")}


def _prefix(fault: Fault, prefixes: list[str]) -> dict[str, tuple[str, ...]]:
    (prefix,) = fault.values
    if prefix in NAMESPACES:
        line = f"@prefix {prefix}: <{NAMESPACES[prefix]}> ."
        return {ENGLISH: (prefix, f"write '{line}' at the top"), ITALIAN: (prefix, f"scrivere '{line}' in cima")}
    near = difflib.get_close_matches(prefix, prefixes, n=1)
    if near:
        return {ENGLISH: (prefix, f"did you mean '{near[0]}:'?"), ITALIAN: (prefix, f"forse '{near[0]}:'?")}
    return {
        ENGLISH: (prefix, f"write '@prefix {prefix}: <...> .' at the top"),
        ITALIAN: (prefix, f"scrivere '@prefix {prefix}: <...> .' in cima"),
    }


_VALUES: Final = {UNEXPECTED: _unexpected, UNDECLARED: _prefix, MISSING: _missing}
