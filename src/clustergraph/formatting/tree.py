"""A Turtle text as the tree of its words, each comment on what it belongs to. Reads only what the reader has read.

A comment belongs to what follows it, or, where something stands before it on its line, to that.
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from clustergraph.reading.parsed import TYPE
from clustergraph.reading.words import WORD, Word

_NAMED: Final = re.compile(r"(?<![^\s#(\[,;^])([A-Za-z][\w.-]*)?:(?=\w)")
BLANK_LINE: Final = ""
"""Stands between comments where they stand apart."""


@dataclass
class Atom:
    """A value that is one word, with its language or datatype. Shape: `after` ends its line."""

    text: str
    before: list[str] = field(default_factory=list)
    after: str = ""


@dataclass
class Bracket:
    """A node without a name. Shape: `ending` are comments after its last property."""

    properties: "list[Property]" = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: str = ""
    ending: list[str] = field(default_factory=list)


@dataclass
class Items:
    """A list. Shape: `ending` are comments after its last item."""

    values: "list[Value]" = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: str = ""
    ending: list[str] = field(default_factory=list)


Value: TypeAlias = Atom | Bracket | Items


@dataclass
class Property:
    """A property and its values."""

    verb: str
    values: list[Value] = field(default_factory=list)
    before: list[str] = field(default_factory=list)


@dataclass
class Statement:
    """What stands of one subject up to a full stop."""

    subject: Value
    properties: list[Property] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)


@dataclass
class Directive:
    """A prefix, or, with no name, the base."""

    name: str | None
    iri: str
    start: int
    before: list[str] = field(default_factory=list)
    after: str = ""


@dataclass
class Tree:
    """A whole text.

    Shape: `used` are the prefixes of its names, and of those in comments: these may be Turtle that waits for its day.
           `ending` are the comments at its end.
    """

    directives: list[Directive] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    ending: list[str] = field(default_factory=list)


class Walker:
    """One text that reads without a fault, walked once from its beginning to its end."""

    def __init__(self, text: str, prefixes: dict[str, str]) -> None:
        self._text = text
        self._types = {"a", f"<{TYPE}>", *(f"{name}:{TYPE.removeprefix(iri)}" for name, iri in prefixes.items())}
        self._at = 1 if text.startswith("\ufeff") else 0
        self._pending: list[str] = []
        self._owner: Value | Property | Statement | Directive | None = None
        self._tree = Tree()

    def tree(self) -> Tree:
        """The tree of the text."""
        while (word := self._take()).kind != "end":
            before = self._comments(keep_apart=True)
            if word.kind == "directive" or word.text.lower() in ("prefix", "base"):
                self._directive(word, before)
            else:
                self._statement(word, before)
        self._tree.ending = self._comments(keep_apart=True)
        return self._tree

    def _take(self) -> Word:
        match = WORD.match(self._text, self._at)
        assert match is not None  # noqa: S101  # every character is part of some word
        kind = match.lastgroup or ""
        word = Word(kind, match[kind], *match.span(kind))
        self._gap(self._text[self._at : word.start], has_next=kind != "end")
        self._at = word.end
        return word

    def _peek(self) -> tuple[str, str]:
        match = WORD.match(self._text, self._at)
        assert match is not None  # noqa: S101  # every character is part of some word
        kind = match.lastgroup or ""
        return kind, match[kind]

    def _gap(self, gap: str, *, has_next: bool) -> None:
        """Takes the comments of what stands between two words."""
        lines = gap.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for number, line in enumerate(lines):
            comment = line.strip(" \t")
            if comment:
                self._comment(comment.rstrip(), is_first=number == 0)
            elif self._pending and 0 < number < len(lines) - has_next and self._pending[-1] != BLANK_LINE:
                self._pending.append(BLANK_LINE)

    def _comment(self, comment: str, *, is_first: bool) -> None:
        owner = self._owner
        self._tree.used.update(match[1] or "" for match in _NAMED.finditer(comment))
        if not is_first or owner is None:
            self._pending.append(comment)
        elif isinstance(owner, Property | Statement):
            owner.before.append(comment)
        else:
            if owner.after:
                owner.before.append(owner.after)
            owner.after = comment

    def _comments(self, *, keep_apart: bool = False) -> list[str]:
        """The comments that no word has taken yet."""
        pending, self._pending = self._pending, []
        return pending if keep_apart else [one for one in pending if one != BLANK_LINE]

    def _directive(self, word: Word, before: list[str]) -> None:
        self._owner = None
        is_prefix = word.text.lower().endswith("prefix")
        name = self._take().text[:-1] if is_prefix else None
        one = Directive(name, self._take().text, word.start)
        if word.kind == "directive":
            self._take()
        one.before = [*before, *self._comments()]
        self._owner = one
        self._tree.directives.append(one)

    def _statement(self, word: Word, before: list[str]) -> None:
        one = Statement(self._value(word), before=before)
        one.before += one.subject.before
        one.subject.before = []
        self._owner = one
        one.properties = self._properties(".", one.ending)
        self._tree.statements.append(one)

    def _properties(self, closing: str, ending: list[str]) -> list[Property]:
        """The properties up to a sign, and the comments that stand right before that."""
        found = []
        while (word := self._take()).text != closing:
            if word.text != ";":
                found.append(self._property(word))
        ending += self._comments()
        return found

    def _property(self, word: Word) -> Property:
        verb = "a" if word.text in self._types else self._noted(word)
        one = Property(verb, before=self._comments())
        self._owner = one
        one.values.append(self._next_value())
        while self._peek()[1] == ",":
            self._take()
            one.values.append(self._next_value())
        return one

    def _noted(self, word: Word) -> str:
        if word.kind == "name":
            self._tree.used.add(word.text.partition(":")[0])
        return word.text

    def _next_value(self) -> Value:
        word = self._take()
        return self._value(word)

    def _value(self, word: Word) -> Value:
        one: Value
        before = self._comments()
        if word.text == "[":
            self._owner = None
            one = Bracket(before=before)
            one.properties = self._properties("]", one.ending)
        elif word.text == "(":
            self._owner = None
            one = self._items(before)
        else:
            one = self._atom(word, before)
        self._owner = one
        return one

    def _items(self, before: list[str]) -> Items:
        one = Items(before=before)
        while (word := self._take()).text != ")":
            one.values.append(self._value(word))
        one.ending = self._comments()
        return one

    def _atom(self, word: Word, before: list[str]) -> Atom:
        text = self._noted(word)
        if word.kind == "string":
            self._owner = None
            kind, following = self._peek()
            if kind == "language":
                text += self._take().text
            elif following == "^^":
                text += self._take().text
                text += self._noted(self._take())
        return Atom(text, [*before, *self._comments()])
