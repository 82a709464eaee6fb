"""Other words for a term where it stands: written in the way in which the old ones were, as far as that can be."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

from clustergraph.edits import Edit, Fix
from clustergraph.reading.parsed import LANG_STRING, XSD, XSD_STRING, Literal, Parsed, Term
from clustergraph.reading.tokens import NAME

_NAME: Final = re.compile(NAME)
_STRING: Final = re.compile(
    r'''(?P<open>"""|\'\'\'|"|')(?P<inside>(?:[^\\]|\\.)*?)(?P=open)(?:(?P<sign>\^\^)(?P<datatype>.+)|@(?P<tag>.+))?''',
    re.DOTALL,
)
_BARE: Final = {
    f"{XSD}integer": re.compile(r"[+-]?[0-9]+"),
    f"{XSD}decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    f"{XSD}double": re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)[eE][+-]?[0-9]+"),
    f"{XSD}boolean": re.compile(r"true|false"),
}
"""What may stand without quotes, by datatype."""
_NOT_IN_IRI: Final = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_LANGUAGE: Final = re.compile(r"[a-zA-Z]+(?:-[a-zA-Z0-9]+)*")
_NEAR: Final = 0.8  # of 1, which is the same word


def near(term: Term, candidates: Iterable[Term]) -> Term | None:
    """The one candidate that is spelt almost like a term; None if there is none, or more than one.

    Shape: of IRIs only those of the same namespace and kind compete, classes with classes; of literals those of the
           same datatype and language.
    """
    stem, word = _stem_and_word(term)
    words = {other[1]: one for one in candidates if (other := _stem_and_word(one))[0] == stem}
    found = difflib.get_close_matches(word, sorted(words), n=2, cutoff=_NEAR)
    return words[found[0]] if len(found) == 1 else None


def _stem_and_word(term: Term) -> tuple[tuple[str, ...], str]:
    if isinstance(term, Literal):
        return (term.datatype, term.language), term.lexical
    at = max(term.rfind("#"), term.rfind("/")) + 1
    return (term[:at], str(term[at : at + 1].isupper())), term[at:]  # classes begin with a capital


def other_word(parsed: Parsed, span: tuple[int, int], old: Term, new: Term) -> Fix | None:
    """The fix that takes a word for a misspelling of another, which is a guess."""
    edit = reworded(parsed, span, old, new)
    if edit is None:
        return None
    return Fix({"en": f"write {edit.text}", "it": f"scrivere {edit.text}"}, (edit,), is_safe=False)


def reworded(parsed: Parsed, span: tuple[int, int], old: Term, new: Term) -> Edit | None:
    """The edit after which another term stands in a place; None where the words there are not simply those of a term.

    Shape: `span` is where the old term stands.
    """
    word = parsed.text[slice(*span)]
    if isinstance(old, str) and isinstance(new, str):
        text = _iri(word, old, new)
    elif isinstance(old, Literal) and isinstance(new, Literal):
        text = _literal(word, old, new)
    else:
        text = None
    return Edit(*span, text) if text is not None and text != word else None


def _iri(word: str, old: str, new: str) -> str | None:
    """A name with the prefix that the old one has, if the new one lies in the same namespace; else in full."""
    if _NAME.fullmatch(word) and "\\" not in word:
        prefix, _, local = word.partition(":")
        namespace = old.removesuffix(local)
        name = f"{prefix}:{new.removeprefix(namespace)}"
        if new.startswith(namespace) and old == namespace + local and _NAME.fullmatch(name):
            return name
    elif word[:1] != "<":
        return None
    return None if _NOT_IN_IRI.search(new) else f"<{new}>"


def _literal(word: str, old: Literal, new: Literal) -> str | None:
    bare = _BARE.get(old.datatype)
    if bare and bare.fullmatch(word):
        still = _BARE[old.datatype].fullmatch(new.lexical) and old.datatype == new.datatype
        return new.lexical if still else f"{_quoted(new.lexical)}^^<{new.datatype}>"
    match = _STRING.fullmatch(word)
    if match is None:
        return None
    quotes, inside = match["open"], match["inside"]
    text = f"{quotes}{inside}{quotes}" if new.lexical == old.lexical else _quoted(new.lexical)
    if new.language:
        return f"{text}@{new.language}" if match["tag"] and _LANGUAGE.fullmatch(new.language) else None
    if new.datatype == XSD_STRING:
        return text
    if match["datatype"] is None or new.datatype == LANG_STRING:
        return None
    datatype = (
        match["datatype"] if new.datatype == old.datatype else _iri(match["datatype"], old.datatype, new.datatype)
    )
    return f"{text}^^{datatype}" if datatype else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'
