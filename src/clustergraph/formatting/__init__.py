"""Canonical Turtle, comments and all. Works on the words of our reader; knows no files, no engine, no terminal."""

from collections.abc import Mapping
from typing import Final

from clustergraph.formatting.order import arrange
from clustergraph.formatting.sameness import says_the_same
from clustergraph.formatting.tree import BLANK_LINE, Directive, Tree, Walker
from clustergraph.formatting.writing import written
from clustergraph.reading import read
from clustergraph.reading.parsed import Parsed, Place

NOT_CANONICAL: Final = "F001"
REDECLARED: Final = "F002"
CHANGED: Final = "F003"

SENTENCES: Final[dict[str, Mapping[str, str]]] = {
    NOT_CANONICAL: {
        "en": "this file is not laid out as all others are: run 'clustergraph format' on it",
        "it": "questo file non è impaginato come gli altri: eseguirvi «clustergraph format»",
    },
    REDECLARED: {
        "en": "{0} is declared here again, as something else: give it another name, or write the IRIs in full",
        "it": "{0} è dichiarato qui di nuovo, come altro: dargli un altro nome, o scrivere gli IRI per intero",
    },
    CHANGED: {
        "en": "this file was left as it is, as formatting it would change what it says: tell the maintainers",
        "it": "questo file è rimasto com'è, perché impaginarlo ne cambierebbe il senso: dirlo ai curatori",
    },
}
"""What is said of a file that is not, or cannot be, in canonical form, by code and language."""


class Unformattable(Exception):
    """A text that reads, and is left alone. Shape: `code` is a key of SENTENCES, whose sentences `value` fills."""

    def __init__(self, code: str, value: str, at: Place | None) -> None:
        super().__init__(code, value)
        self.code = code
        self.at = at
        self.message = {language: text.format(value) for language, text in SENTENCES[code].items()}


def formatted(parsed: Parsed) -> str:
    r"""The canonical form of a Turtle text that was read without a fault.

    Shape:  prefixes that are used, by name; a subject, property and value once; types first, then properties by
            name; values by language and name; subjects in the order they are written in. Words stay as written.
    Raises: Unformattable where a prefix or the base means two things, or where the outcome would say something else.

    >>> formatted(read('@prefix x: <y:z> .  x:s x:q 2,1 ;x:p "a" . # so'))
    '@prefix x: <y:z> .\n\nx:s x:p "a" ; # so\n    x:q 1 ,\n        2 .\n'
    """
    tree = Walker(parsed.text, parsed.prefixes).tree()
    tree.directives = _arranged(tree, parsed)
    tree.statements = arrange(tree.statements)
    text = written(tree)
    if not says_the_same(parsed, again := read(text)) or again.faults:
        raise Unformattable(CHANGED, "", None)
    return text


def _arranged(tree: Tree, parsed: Parsed) -> list[Directive]:
    """The base, then the prefixes by name, without those that nothing needs; comments of these go to the top."""
    kept: dict[str | None, Directive] = {}
    header = list(tree.directives[0].before) if tree.directives else []
    for number, one in enumerate(tree.directives):
        if not number:
            one.before = []
        first = kept.setdefault(one.name, one)
        if first.iri != one.iri:
            what = "@base" if one.name is None else f"{one.name}:"
            raise Unformattable(REDECLARED, what, parsed.between(one.start, one.start + 1))
        is_needed = one.name is None or one.name in tree.used or not tree.statements
        if first is not one or not is_needed:
            header += [*one.before, *([one.after] if one.after else [])]
    needed = [one for name, one in kept.items() if name is None or name in tree.used or not tree.statements]
    needed.sort(key=lambda one: (one.name is not None, one.name or ""))
    if needed:
        needed[0].before = _without_repeated_blanks([*header, *needed[0].before])
    elif header:
        first_of_all = tree.statements[0]
        first_of_all.before = _without_repeated_blanks([*header, *first_of_all.before])
    return needed


def _without_repeated_blanks(comments: list[str]) -> list[str]:
    return [one for number, one in enumerate(comments) if one != BLANK_LINE or (number and comments[number - 1] != one)]
