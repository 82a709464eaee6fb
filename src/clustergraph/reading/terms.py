"""Words of Turtle into terms, each word once: the same words stand in a file again and again."""

import re
from collections.abc import Callable
from typing import Final

from clustergraph.reading.iris import is_absolute, resolved
from clustergraph.reading.parsed import (
    BAD_IRI,
    LANG_STRING,
    NO_CHARACTER,
    RELATIVE,
    TYPE,
    UNDECLARED,
    XSD,
    Literal,
    Term,
)

_ESCAPED: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CHARACTERS: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_STRING: Final = re.compile(
    r'''"""(.*)"""|\'\'\'(.*)\'\'\'|"((?:[^"\\]++|\\.)*+)"|\'((?:[^\'\\]++|\\.)*+)\'''', re.DOTALL
)
_LOCAL_ESCAPE: Final = re.compile(r"\\(.)")
_NOT_IN_IRI: Final = re.compile(r'[\x00-\x20<>"{}|^`\\]')


class NotATerm(Exception):
    """A word that stands for nothing. Shape: `code` is a key of faults.SENTENCES; `value` is what it is about."""

    def __init__(self, code: str, value: str) -> None:
        super().__init__(code, value)
        self.code = code
        self.value = value


class Words(dict[str, Term | None]):
    """What each word of a text stands for, under the prefixes and the base in force.

    A dictionary, so that a word that was read before costs one look. A word that stands for nothing gives None.
    """

    def __init__(self, base: str, prefixes: dict[str, str]) -> None:
        super().__init__()
        self.base = base
        self.prefixes = prefixes

    def declare(self, prefix: str, namespace: str) -> None:
        """Has a prefix stand for a namespace from here on."""
        if self.prefixes.get(prefix, namespace) != namespace:
            self.clear()
        self.prefixes[prefix] = namespace

    def set_base(self, base: str) -> None:
        """Has references be relative to another base from here on."""
        self.base = base
        self.clear()

    def __missing__(self, word: str) -> Term | None:
        try:
            term = self[word] = _MAKERS.get(word[0], Words.named)(self, word)
        except NotATerm:
            return None
        return term

    def term(self, word: str) -> Term:
        """What a word stands for.

        Raises: NotATerm where it stands for nothing.
        """
        return self[word] or _MAKERS.get(word[0], Words.named)(self, word)

    def pretend(self, word: str) -> Term:
        """Something to go on with in the place of what a word does not stand for, from now on."""
        term = self[word] = f"x-unreadable:{word}"
        return term

    def iri(self, word: str) -> str:
        """The IRI between angle brackets."""
        iri = unescaped(word[1:-1])
        if "\\" in word and (wrong := _NOT_IN_IRI.search(iri)):
            raise NotATerm(BAD_IRI, wrong[0])
        iri = resolved(iri, self.base)
        if not is_absolute(iri):
            raise NotATerm(RELATIVE, iri)
        return iri

    def named(self, word: str) -> Term:
        """What a prefixed name, `a`, or a word without a prefix stands for."""
        prefix, colon, local = word.partition(":")
        if prefix == "_":
            return word
        if not colon:
            return TYPE if word == "a" else Literal(word, f"{XSD}boolean")
        namespace = self.prefixes.get(prefix)
        if namespace is None:
            raise NotATerm(UNDECLARED, prefix)
        return namespace + (_LOCAL_ESCAPE.sub(r"\1", local) if "\\" in local else local)

    def number(self, word: str) -> Literal:
        """An integer, a decimal or a double, by its form."""
        name = "double" if "e" in word or "E" in word else "decimal" if "." in word else "integer"
        return Literal(word, XSD + name)

    def string(self, word: str) -> Literal:
        """A string with what follows it: a language, a datatype, or nothing."""
        match = _STRING.match(word)
        assert match is not None  # noqa: S101  # nothing else is handed to this
        lexical, suffix = match[match.lastindex or 0], word[match.end() :]
        if "\\" in lexical:
            lexical = unescaped(lexical)
        if not suffix:
            return Literal(lexical)
        if suffix[0] == "@":
            return Literal(lexical, LANG_STRING, suffix[1:])
        datatype = self.term(suffix[2:])
        assert isinstance(datatype, str)  # noqa: S101  # the pattern of strings lets nothing but IRIs stand there
        return Literal(lexical, datatype)


_MAKERS: Final[dict[str, Callable[[Words, str], Term]]] = {
    "<": Words.iri,
    **dict.fromkeys("\"'", Words.string),
    **dict.fromkeys("0123456789+-.", Words.number),
}


def unescaped(text: str) -> str:
    """The text with its escapes replaced by what they stand for.

    Raises: NotATerm for a code point that is no character.
    """
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    if escape[3]:
        return _CHARACTERS.get(escape[3], escape[3])
    number = int(escape[1] or escape[2], 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004  # the halves of surrogate pairs
        raise NotATerm(NO_CHARACTER, escape[0])
    return chr(number)
