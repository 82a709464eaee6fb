"""What is said of results and of faults of shapes: one table of sentences, in each language.

Source of the codes: docs/rules.md.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from clustergraph.shacl.faults import (
    ILL_FORMED,
    NO_PATH,
    NOT_CANONICAL,
    NOT_SUPPORTED,
    OF_COMPANION,
    OF_IMPORT,
    OF_REFERENCE,
    OF_SECOND,
    QUERY_REFUSED,
    RECURSIVE,
    TIMED_OUT,
    TOO_LARGE,
    UNKNOWN_TERM,
)
from clustergraph.shacl.vocabulary import component

ENGLISH, ITALIAN = LANGUAGES = ("en", "it")
Sentences: TypeAlias = Mapping[str, str]

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
    "C002 others": {
        ENGLISH: "{value} has datatype {datatype}, and one of {list} is asked for",
        ITALIAN: "{value} ha tipo di dato {datatype}, ed è richiesto uno fra {list}",
    },
    "C002 node": {
        ENGLISH: "{value} is not a literal, and one of datatype {list} is asked for",
        ITALIAN: "{value} non è un letterale, e ne è richiesto uno di tipo {list}",
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
    "C012 empty": {
        ENGLISH: "{value} is empty, and does not match {first}",
        ITALIAN: "{value} è vuoto, e non corrisponde a {first}",
    },
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
        ENGLISH: "too few values fit {second}: the least is {first}",
        ITALIAN: "troppo pochi valori seguono {second}: il minimo è {first}",
    },
    "C025": {
        ENGLISH: "too many values fit {second}: the most is {first}",
        ITALIAN: "troppi valori seguono {second}: il massimo è {first}",
    },
    "C026": {ENGLISH: "{path} does not belong here", ITALIAN: "{path} qui non è ammessa"},
    "C027": {ENGLISH: "{first} is not among the values", ITALIAN: "{first} non è fra i valori"},
    "C028": {ENGLISH: "{value} is not one of {list}", ITALIAN: "{value} non è uno fra {list}"},
    "C029": {ENGLISH: "a rule of {shape} is broken", ITALIAN: "una regola di {shape} è violata"},
    "C029 value": {ENGLISH: "{value} breaks a rule of {shape}", ITALIAN: "{value} viola una regola di {shape}"},
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
    f"{ILL_FORMED}{OF_SECOND}": {
        ENGLISH: "here is another value of {0}, of which there can be one",
        ITALIAN: "qui c'è un altro valore di {0}, che può averne uno solo",
    },
    f"{ILL_FORMED}{OF_COMPANION}": {
        ENGLISH: "{0} asks nothing without {1}",
        ITALIAN: "{0} non chiede nulla senza {1}",
    },
    f"{ILL_FORMED}{OF_REFERENCE}": {
        ENGLISH: "{0} leads to a shape of which nothing is said",
        ITALIAN: "{0} conduce a una forma di cui non si dice nulla",
    },
    NOT_SUPPORTED: {
        ENGLISH: "{0} is not evaluated here: say it in SHACL Core or with sh:sparql",
        ITALIAN: "{0} qui non viene valutato: dirlo in SHACL Core o con sh:sparql",
    },
    f"{NOT_SUPPORTED}{OF_IMPORT}": {
        ENGLISH: "{0} is not followed: put the shapes that it names beside these",
        ITALIAN: "{0} non viene seguito: mettere accanto a queste le forme che indica",
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
    TOO_LARGE: {
        ENGLISH: "not evaluated to its end: it needs more memory than it may have",
        ITALIAN: "non valutata fino in fondo: richiede più memoria di quanta può averne",
    },
}
"""What is said of shapes, by code and language; the further sentences of a code have a word behind it."""

KINDS: Final = {
    "IRI": {ENGLISH: "an IRI", ITALIAN: "un IRI"},
    "BlankNode": {ENGLISH: "a blank node", ITALIAN: "un nodo anonimo"},
    "Literal": {ENGLISH: "a literal", ITALIAN: "un letterale"},
    "BlankNodeOrIRI": {ENGLISH: "a blank node or an IRI", ITALIAN: "un nodo anonimo o un IRI"},
    "BlankNodeOrLiteral": {ENGLISH: "a blank node or a literal", ITALIAN: "un nodo anonimo o un letterale"},
    "IRIOrLiteral": {ENGLISH: "an IRI or a literal", ITALIAN: "un IRI o un letterale"},
}
MEANT: Final = {ENGLISH: "; did you mean {0}?", ITALIAN: "; forse {0}?"}
NAMELESS: Final = {ENGLISH: "a blank node", ITALIAN: "un nodo anonimo"}
A_SHAPE: Final = {ENGLISH: "a shape without a name", ITALIAN: "una forma senza nome"}
LOGICAL: Final = ("C019", "C020", "C021", "C022", "C023")
