"""Turtle and TriG into triples with the place of each word. Goes on after what it cannot read.

Most of a file is subjects with lists of properties and plain values: one pattern takes such a triple at a time. Whatever
it does not take is read word by word, which is where all the messages come from.
"""

import re
from typing import Final, NamedTuple

from clustergraph.reading.parsed import FIRST, NIL, REST, Fault, Parsed, Term
from clustergraph.reading.terms import NotATerm, Words
from clustergraph.reading.tokens import BLANK, GAP, IRI, LANGUAGE, NAME, NUMBER, STRING

DEPTH_LIMIT: Final = 100  # brackets within one another
FAULT_LIMIT: Final = 50  # of one text

_VERB: Final = rf"{NAME}|{IRI}|a(?=[\s#<\"'\[(])"
_VALUE: Final = rf"{NAME}|(?:{STRING})(?:{LANGUAGE}|\^\^(?:{IRI}|{NAME}))?+|{IRI}|{NUMBER}"
_TRIPLE: Final = re.compile(rf"{GAP}({_VERB}){GAP}({_VALUE}){GAP}([;,.\]])")
_SUBJECT: Final = re.compile(rf"{GAP}({NAME}|{IRI})")
_NEXT_VALUE: Final = re.compile(rf"{GAP}({_VALUE}){GAP}([;,.\]])")
WORD: Final = re.compile(
    rf"{GAP}(?:(?P<name>{NAME})|(?P<sign>\^\^|[.;,\[\](){{}}])|(?P<string>{STRING})|(?P<iri>{IRI})|(?P<blank>{BLANK})"
    rf"|(?P<number>{NUMBER})|(?P<directive>@(?:prefix|base)\b)|(?P<language>{LANGUAGE})"
    r"|(?P<word>[A-Za-z]++)|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_SIGNS: Final = (";", ",", ".", "]")
_BEGINNINGS: Final = (("<<", "T010"), ("{|", "T010"), ("--", "T010"), ('"', "T006"), ("'", "T006"), ("<", "T008"))
_RESUME: Final = re.compile(r"\.[ \t]*+(?:#[^\r\n]*+)?(?:[\r\n]|\Z)|[\r\n](?=[^\s#])")


class Word(NamedTuple):
    """One word and where it stands."""

    kind: str
    text: str
    start: int
    end: int


class Unreadable(Exception):
    """Nothing more can be made of a statement."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class Reader:
    """One text, from its beginning to its end."""

    def __init__(self, text: str, base: str = "", *, has_graphs: bool = False) -> None:
        self._text = text
        self._parsed = Parsed(text)
        self._words = Words(base, self._parsed.prefixes)
        self._has_graphs = has_graphs
        self._at = 1 if text.startswith("\ufeff") else 0
        self._blanks = 0
        self._depth = 0
        self._in_graph = False

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

    def _resume(self, start: int) -> None:
        match = _RESUME.search(self._text, start)
        self._at = match.end() if match else len(self._text)
        self._depth = 0

    def _look(self) -> Word:
        """The next word, which stays the next one."""
        match = WORD.match(self._text, self._at)
        assert match is not None, "every character is part of some word"
        kind = match.lastgroup or ""
        return Word(kind, match[kind], *match.span(kind))

    def _take(self) -> Word:
        """The next word."""
        word = self._look()
        self._at = word.end
        return word

    def _statement(self) -> bool:
        """Reads one statement; whether there was any."""
        match = None if self._has_graphs else _SUBJECT.match(self._text, self._at)
        subject = self._words[match[1]] if match else None
        if match and subject is not None:
            self._at = match.end()
            self._properties(str(subject), match.start(1), ".")
            return True
        word = self._take()
        if word.kind == "end":
            if self._in_graph:
                raise self._expected("'}'", word)
            return False
        if word.kind == "directive" or word.text.lower() in ("prefix", "base"):
            self._directive(word)
        elif not (self._has_graphs and self._is_bound_of_graph(word)):
            self._triples(word)
        return True

    def _triples(self, word: Word) -> None:
        before = len(self._parsed.triples)
        subject = self._subject(word)
        is_alone = len(self._parsed.triples) == before and word.text != "("
        if self._has_graphs and is_alone and self._look().text == "{":
            self._open(subject, self._take())
        elif word.text == "[" and not is_alone and self._look().text in (".", "}" if self._in_graph else "."):
            self._end()
        else:
            self._properties(subject, word.start, ".")

    def _end(self) -> None:
        """Goes over the end of a statement, which in a graph may be the end of that."""
        if self._look().text != "}":
            self._take()

    def _is_bound_of_graph(self, word: Word) -> bool:
        """Goes in or out of a graph, if the word says so."""
        if word.text == "}" and self._in_graph:
            self._in_graph = False
            self._parsed.graphs.append((len(self._parsed.triples), ""))
        elif word.text == "{":
            self._open("", word)
        elif word.text.lower() == "graph":
            before, name = len(self._parsed.triples), self._take()
            graph = self._subject(name)
            if name.text == "(" or len(self._parsed.triples) > before:
                raise self._expected("the name of a graph", name)
            self._open(graph, self._sign("{"))
        else:
            return False
        return True

    def _open(self, graph: str, word: Word) -> None:
        if self._in_graph:
            raise self._expected("'}'", word)
        self._in_graph = True
        self._parsed.graphs.append((len(self._parsed.triples), graph))

    def _directive(self, word: Word) -> None:
        is_prefix, prefix = word.text.lower().endswith("prefix"), ""
        if self._in_graph:
            raise self._expected("'}'", word)
        if is_prefix:
            name = self._take()
            if name.kind != "name" or name.text.find(":") != len(name.text) - 1:
                raise self._expected("a prefix such as 'ex:'", name)
            prefix = name.text[:-1]
        address = self._take()
        if address.kind != "iri":
            raise self._expected("an IRI in <...>", address)
        iri = str(self._term(address))
        if is_prefix:
            self._words.declare(prefix, iri)
        else:
            self._words.set_base(iri)
        if word.kind == "directive":
            self._sign(".")

    def _sign(self, sign: str) -> Word:
        word = self._take()
        if word.text != sign:
            raise self._expected(f"'{sign}'", word)
        return word

    def _subject(self, word: Word) -> str:
        """The subject that begins with a word."""
        if word.kind in ("iri", "name", "blank"):
            return str(self._term(word))
        if word.text == "[":
            return self._bracket(word)[0]
        if word.text == "(":
            return self._list(word)[0]
        raise self._expected("a subject: an IRI, a prefixed name, or a blank node", word)

    def _properties(self, subject: str, start: int, closing: str) -> None:
        """Reads the properties of a subject and their values, and the closing sign."""
        text, words, triples, places = self._text, self._words, self._parsed.triples, self._parsed.places
        is_first = True
        while True:
            match = _TRIPLE.match(text, self._at)
            predicate, value = (words[match[1]], words[match[2]]) if match else (None, None)
            if match is None or predicate is None or value is None:
                verb = self._verb("" if is_first else closing)
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
                word = self._take()
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

    def _add(self, subject: str, predicate: str, value: Term, places: tuple[int, int, int, int]) -> None:
        self._parsed.triples.append((subject, predicate, value))
        self._parsed.places.extend(places)

    def _verb(self, closing: str) -> Word | None:
        """The next property; None at the end of the properties, which the first of them is not."""
        word = self._look()
        while word.text == ";" and closing:
            self._take()
            word = self._look()
        if (closing and word.text == closing) or (word.text == "}" and self._in_graph and closing == "."):
            self._end()
            return None
        is_verb = word.kind in ("name", "iri") or (word.kind, word.text) == ("word", "a")
        if not is_verb:
            raise self._expected("a property", word)
        before = self._at
        self._take()
        if closing == "." and word.text != "a" and self._is_first_of_line(word) and self._look().text == "a":
            self._parsed.faults.append(Fault("T005", word.start, word.end, ("'.'", word.text), before - 1))
            self._at = word.start
            return None
        return word

    def _is_over(self, sign: str, closing: str) -> bool:
        """Whether a list of properties ends here, as it should or as the next line shows."""
        if sign == closing or (sign == "}" and self._in_graph and closing == "."):
            return True
        if sign in _SIGNS:
            raise self._expected(f"'{closing}'", Word("sign", sign, self._at - 1, self._at))
        word = self._look()
        if word.kind not in ("name", "iri", "directive") and word.text.lower() not in ("a", "prefix", "base"):
            raise self._expected(f"';', ',' or '{closing}'", word)
        is_next = closing == "." and self._is_first_of_line(word) and word.text != "a"
        wanted = "'.'" if is_next else "';'"
        self._parsed.faults.append(Fault("T005", word.start, word.end, (wanted, word.text), self._at))
        return is_next

    def _is_first_of_line(self, word: Word) -> bool:
        return word.start == 0 or self._text[word.start - 1] in "\r\n"

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
        if word.text in ("true", "false"):
            return self._term(word), word.end
        raise self._expected("a value", word)

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
            raise self._expected("a datatype", datatype)
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
            raise Unreadable(Fault("T009", word.start, word.end, (str(DEPTH_LIMIT),)))

    def _new_blank(self) -> str:
        self._blanks += 1
        return f"_:[{self._blanks}]"  # no label looks like that

    def _term(self, word: Word) -> Term:
        """What a word stands for; a stand-in, and a fault, where it stands for nothing."""
        try:
            return self._words.term(word.text)
        except NotATerm as exc:
            self._parsed.faults.append(Fault(exc.code, word.start, word.end, (exc.value,)))
            return self._words.pretend(word.text)

    def _expected(self, wanted: str, word: Word) -> Unreadable:
        """What is said where something else stands than what could."""
        code = next((code for sign, code in _BEGINNINGS if self._text.startswith(sign, word.start)), "T001")
        if word.kind not in ("other", "sign", "end") or word.kind == "end":
            code = "T001"
        return Unreadable(Fault(code, word.start, word.end, (wanted, word.text)))
