"""Turtle into triples with the place of each word. Goes on after what it cannot read.

Most of a file is subjects with lists of properties and plain values: one pattern takes such a triple at a time.
Whatever it does not take is read word by word, which is where all the messages come from.
"""

import re
from typing import Final

from clustergraph.reading.parsed import MISSING, UNEXPECTED, Declaration, Parsed
from clustergraph.reading.tokens import GAP, IRI, LANGUAGE, NAME, NUMBER, STRING
from clustergraph.reading.values import ValueReader
from clustergraph.reading.words import FAULT_LIMIT, Unreadable, Word

_VERB: Final = rf"{NAME}|{IRI}|a(?=[\s#<\"'\[(])"
_VALUE: Final = rf"{NAME}|(?:{STRING})(?:{LANGUAGE}|\^\^(?:{IRI}|{NAME}))?+|{IRI}|{NUMBER}"
_TRIPLE: Final = re.compile(rf"{GAP}({_VERB}){GAP}({_VALUE}){GAP}([;,.\]])")
_SUBJECT: Final = re.compile(rf"{GAP}({NAME}|{IRI})")
_NEXT_VALUE: Final = re.compile(rf"{GAP}({_VALUE}){GAP}([;,.\]])")
_SIGNS: Final = (";", ",", ".", "]")


class TurtleReader(ValueReader):
    """One text, from its beginning to its end."""

    _in_graph = False  # between braces, which only TriG has

    def read(self) -> Parsed:
        """The triples of the text, and all that cannot be read."""
        faults = self._parsed.faults
        while len(faults) < FAULT_LIMIT:
            try:
                if not self._statement():
                    break
            except Unreadable as exc:
                faults.append(exc.fault)
                self._resume(exc.fault.start)
        return self._parsed

    def _statement(self) -> bool:
        """Reads one statement; whether there was any."""
        match = _SUBJECT.match(self._text, self._at)
        subject = self._words[match[1]] if match else None
        if match and subject is not None and self._is_subject(match.end()):
            self._at = match.end()
            self._properties(str(subject), match.start(1), ".")
            return True
        word = self._take()
        if word.kind == "end":
            if self._in_graph:
                self._refuse("'}'", word)
            return False
        if word.kind == "directive" or word.text.lower() in ("prefix", "base"):
            self._directive(word)
        else:
            self._triples(word)
        return True

    def _is_subject(self, _end: int) -> bool:
        """Whether a term that ends there can be nothing but a subject."""
        return True

    def _triples(self, word: Word) -> None:
        before = len(self._parsed.triples)
        subject = self._subject(word)
        is_alone = len(self._parsed.triples) == before and word.text != "("
        if is_alone and self._opens(subject):
            return
        if word.text == "[" and not is_alone and self._look().text in (".", "}" if self._in_graph else "."):
            self._end()
        else:
            self._properties(subject, word.start, ".")

    def _opens(self, _name: str) -> bool:
        """Goes into the graph of a name, if one begins here."""
        return False

    def _end(self) -> None:
        """Goes over the end of a statement, which in a graph may be the end of that."""
        if self._look().text != "}":
            self._take()

    def _directive(self, word: Word) -> None:
        is_prefix, prefix = word.text.lower().endswith("prefix"), ""
        if self._in_graph:
            self._refuse("'}'", word)
        if is_prefix:
            name = self._take()
            if name.kind != "name" or name.text.find(":") != len(name.text) - 1:
                self._refuse("a prefix such as 'ex:'", name)
            prefix = name.text[:-1]
        address = self._take()
        if address.kind != "iri":
            self._refuse("an IRI in <...>", address)
        iri = str(self._term(address))
        if is_prefix:
            self._words.declare(prefix, iri)
            self._parsed.declarations.append(Declaration(prefix, iri, address.start, address.end))
        else:
            self._words.set_base(iri)
        if word.kind == "directive":
            self._end_of_directive()

    def _end_of_directive(self) -> None:
        """Goes over the dot after a directive, which is missing where the next line begins with something else."""
        word = self._look()
        if word.kind == "end":
            self._note(MISSING, word._replace(start=self._at, end=self._at), "'.'", "")
        elif word.text != "." and word.kind in ("directive", "name", "iri", "word") and self._is_first_of_line(word):
            self._note(MISSING, word, "'.'", word.text, also=self._at)
        else:
            self._sign(".")

    def _properties(self, subject: str, start: int, closing: str) -> None:
        """Reads the properties of a subject and their values, and the closing sign."""
        text, words, triples, places = self._text, self._words, self._parsed.triples, self._parsed.places
        is_first = True
        while True:
            match = _TRIPLE.match(text, self._at)
            predicate, value = (words[match[1]], words[match[2]]) if match else (None, None)
            if match is None or predicate is None or value is None:
                verb = self._verb("" if is_first else closing, start)
                if verb is None:
                    return
                sign = self._values(subject, str(self._term(verb)), start, verb.start)
            else:
                verb_start, value_start = match.start(1), match.start(2)
                triples.append((subject, predicate, value))  # type: ignore[arg-type]  # no verb is a literal
                places.extend((start, verb_start, value_start, match.end(2)))
                self._at = match.end()
                sign = match[3]
                if sign == ",":
                    sign = self._values(subject, str(predicate), start, verb_start)
            is_first = False
            if sign == closing or (sign != ";" and self._is_over(sign, closing)):
                return

    def _values(self, subject: str, predicate: str, start: int, verb: int) -> str:
        """Reads the values of a property; what stands after them, taken if it is a sign."""
        while True:
            match = _NEXT_VALUE.match(self._text, self._at)
            value = self._words[match[1]] if match else None
            if match is None or value is None:
                before, word = self._at, self._take()
                if self._is_property(before, word):
                    self._note(UNEXPECTED, Word("sign", ",", before - 1, before), "';'", ",")
                    self._at = word.start
                    return ";"
                value, end = self._object(word)
                self._add(subject, predicate, value, (start, verb, word.start, end))
                sign = self._look().text
                if sign in _SIGNS:
                    self._take()
            else:
                self._add(subject, predicate, value, (start, verb, match.start(1), match.end(1)))
                self._at = match.end()
                sign = match[2]
            if sign != ",":
                return sign

    def _is_property(self, before: int, word: Word) -> bool:
        """Whether a word that begins a line is a property, as the comma before it should have been a semicolon."""
        text = self._text
        if text[before - 1] != "," or word.kind not in ("name", "iri"):
            return False
        following = self._look()
        return (
            following.kind in ("name", "iri", "string", "number")
            and "\n" in text[before : word.start]
            and "\n" not in text[word.end : following.start]
        )

    def _is_after_wrong_sign(self, closing: str, start: int) -> bool:
        """Whether there is no property as the sign before it is wrong: notes that, and goes on behind."""
        before = self._at if closing else start
        while not closing and self._text[before - 1 : before].isspace():
            before -= 1
        sign, line = self._text[before - 1 : before], self._text.rfind("\n", 0, before)
        wanted = {";": "','", ".": "';'"}.get(sign) if (sign == ";") == bool(closing) else None
        is_loose = not closing and (self._text[start - 1] in "\r\n" or " #" in self._text[line + 1 : before])
        word = self._look()
        if wanted is None or self._depth or is_loose or word.kind != "string":
            return False
        self._note(UNEXPECTED, Word("sign", sign, before - 1, before), wanted, sign)
        self._resume(word.end)
        return True

    def _verb(self, closing: str, start: int) -> Word | None:
        """The next property; None at the end of the properties, which the first of them is not."""
        word = self._look()
        while word.text == ";" and closing:
            self._take()
            word = self._look()
        if (closing and word.text == closing) or (word.text == "}" and self._in_graph and closing == "."):
            self._end()
            return None
        is_verb = word.kind in ("name", "iri") or (word.kind, word.text) == ("word", "a")
        if not is_verb and self._is_after_wrong_sign(closing, start):
            return None
        if not is_verb:
            self._refuse("a property", word)
        before = self._at
        self._take()
        if closing == "." and word.text != "a" and self._is_first_of_line(word) and self._look().text == "a":
            self._note(MISSING, word, "'.'", word.text, also=before - 1)
            self._at = word.start
            return None
        return word

    def _is_over(self, sign: str, closing: str) -> bool:
        """Whether a list of properties ends here, as it should or as the next line shows."""
        if sign == closing or (sign == "}" and self._in_graph and closing == "."):
            return True
        if sign in _SIGNS:
            self._refuse(f"'{closing}'", Word("sign", sign, self._at - 1, self._at))
        word = self._look()
        if word.kind == "end" and closing == ".":
            self._note(MISSING, word._replace(start=self._at, end=self._at), "'.'", "")
            return True
        if word.kind not in ("name", "iri", "directive") and word.text.lower() not in ("a", "prefix", "base"):
            self._refuse(f"';', ',' or '{closing}'", word)
        is_next = closing == "." and self._is_first_of_line(word) and word.text != "a"
        wanted = "'.'" if is_next else "';'"
        self._note(MISSING, word, wanted, word.text, also=self._at)
        return is_next
