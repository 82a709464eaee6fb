"""The terms of Turtle and TriG, alone, between brackets and in lists."""

from abc import ABC, abstractmethod
from typing import Final

from clustergraph.reading.parsed import FIRST, NIL, REST, TOO_DEEP, Fault, Term
from clustergraph.reading.terms import NotATerm, Words
from clustergraph.reading.words import Unreadable, Word, WordReader

DEPTH_LIMIT: Final = 100  # brackets within one another


class ValueReader(WordReader, ABC):
    """A text of which terms can be read, with the triples that stand in them."""

    def __init__(self, text: str, base: str) -> None:
        super().__init__(text)
        self._words = Words(base, self._parsed.prefixes)
        self._blanks = 0
        self._depth = 0

    def _resume(self, start: int) -> None:
        super()._resume(start)
        self._depth = 0

    @abstractmethod
    def _properties(self, subject: str, start: int, closing: str) -> None:
        """Reads the properties of a subject and their values, and the closing sign."""

    def _add(self, subject: str, predicate: str, value: Term, places: tuple[int, int, int, int]) -> None:
        self._parsed.triples.append((subject, predicate, value))
        self._parsed.places.extend(places)

    def _subject(self, word: Word) -> str:
        """The subject that begins with a word."""
        if word.kind in ("iri", "name", "blank"):
            return str(self._term(word))
        if word.text == "[":
            return self._bracket(word)[0]
        if word.text != "(":
            self._refuse("a subject: an IRI, a prefixed name, or a blank node", word)
        return self._list(word)[0]

    def _object(self, word: Word) -> tuple[Term, int]:
        """The value that begins with a word, and where it ends."""
        if word.kind in ("name", "iri", "blank", "number"):
            return self._term(word), word.end
        if word.kind == "string":
            return self._string(word)
        if word.text == "[":
            return self._bracket(word)
        if word.text == "(":
            return self._list(word)
        if word.text not in ("true", "false"):
            self._refuse("a value", word)
        return self._term(word), word.end

    def _string(self, word: Word) -> tuple[Term, int]:
        suffix, text = self._look(), word.text
        if suffix.kind == "language":
            self._take()
            return self._term(Word("string", text + suffix.text, word.start, suffix.end)), suffix.end
        if suffix.text != "^^":
            return self._term(word), word.end
        self._take()
        datatype = self._take()
        if datatype.kind not in ("iri", "name"):
            self._refuse("a datatype", datatype)
        return self._term(Word("string", f"{text}^^{datatype.text}", word.start, datatype.end)), datatype.end

    def _bracket(self, word: Word) -> tuple[str, int]:
        """A node without a name and what stands of it between brackets."""
        node = self._new_blank()
        if self._look().text == "]":
            self._take()
        else:
            self._deepen(word)
            self._properties(node, word.start, "]")
            self._depth -= 1
        return node, self._at

    def _list(self, word: Word) -> tuple[str, int]:
        """The first node of a list, and where the list ends."""
        head, previous = NIL, ""
        self._deepen(word)
        while (item := self._take()).text != ")":
            node = self._new_blank()
            value, end = self._object(item)
            places = (item.start, item.start, item.start, end)
            if previous:
                self._add(previous, REST, node, places)
            else:
                head = node
            self._add(node, FIRST, value, places)
            previous = node
        self._depth -= 1
        if previous:
            self._add(previous, REST, NIL, (item.start, item.start, item.start, item.end))
        return head, item.end

    def _deepen(self, word: Word) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise Unreadable(Fault(TOO_DEEP, word.start, word.end, (str(DEPTH_LIMIT),)))

    def _new_blank(self) -> str:
        self._blanks += 1
        return f"_:[{self._blanks}]"  # no label looks like that

    def _term(self, word: Word) -> Term:
        """What a word stands for; a stand-in, and a fault, where it stands for nothing."""
        try:
            return self._words.term(word.text)
        except NotATerm as exc:
            self._note(exc.code, word, exc.value)
            return self._words.pretend(word.text)
