"""What is said of the rows of a sheet that make no file, by code and language."""

from collections.abc import Mapping
from typing import Final

COLUMN: Final = "I001"
EMPTY: Final = "I002"
VALUE: Final = "I003"
TWICE: Final = "I004"
STANDS: Final = "I005"
UNREADABLE: Final = "I006"
EXAMPLE: Final = "I007"

SENTENCES: Final[dict[str, Mapping[str, str]]] = {
    COLUMN: {
        "en": "column {0}: {1}; the columns are {2}",
        "it": "colonna {0}: {1}; le colonne sono {2}",
    },
    EMPTY: {
        "en": "row {0}, column '{1}' is empty: fill it, e.g. '{2}'",
        "it": "riga {0}, la colonna «{1}» è vuota: riempirla, ad es. '{2}'",
    },
    VALUE: {
        "en": "row {0}, column '{1}': {2}",
        "it": "riga {0}, colonna «{1}»: {2}",
    },
    TWICE: {
        "en": "row {0} has the same slug as row {1}: '{2}'",
        "it": "la riga {0} ha lo stesso slug della riga {1}: '{2}'",
    },
    STANDS: {
        "en": "row {0}: {1} is there already: edit that, or choose another slug",
        "it": "riga {0}: {1} esiste già: modificarlo, o scegliere un altro slug",
    },
    UNREADABLE: {
        "en": "this sheet cannot be read: {0}",
        "it": "questo foglio non si può leggere: {0}",
    },
    EXAMPLE: {
        "en": "row {0} is the example of the template, '{1}': write over it, or remove it",
        "it": "la riga {0} è l'esempio del modello, '{1}': sostituirla, o toglierla",
    },
}


def said(code: str, english: tuple[object, ...], italian: tuple[object, ...] | None = None) -> dict[str, str]:
    """The sentence of a code with its values, by language. Shape: Italian values where they differ."""
    values = {"en": english, "it": english if italian is None else italian}
    return {language: text.format(*values[language]) for language, text in SENTENCES[code].items()}
