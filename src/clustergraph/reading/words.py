"""The words of a Turtle or TriG text, one after another, and where each stands."""

import re
from typing import Final, NamedTuple, NoReturn

from clustergraph.reading.dates import as_date
from clustergraph.reading.parsed import BAD_IRI, OPEN_STRING, RDF_1_2, UNEXPECTED, Fault, Parsed
from clustergraph.reading.tokens import BLANK, GAP, IRI, LANGUAGE, NAME, NUMBER, STRING

FAULT_LIMIT: Final = 50  # of one text

WORD: Final = re.compile(
    rf"{GAP}(?:(?P<name>{NAME})|(?P<number>{NUMBER})|(?P<sign>\^\^|[.;,\[\](){{}}])|(?P<string>{STRING})|(?P<iri>{IRI})|(?P<blank>{BLANK})"
    rf"|(?P<directive>@(?:prefix|base)\b)|(?P<language>{LANGUAGE})"
    r"|(?P<word>[A-Za-z]++)|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_BEGINNINGS: Final = (
    *((sign, RDF_1_2) for sign in ("<<", "{|", "--")),
    *(('"', OPEN_STRING), ("'", OPEN_STRING), ("<", BAD_IRI)),
)
_DATE: Final = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}(?:\1[0-9]{1,4})?")
_TYPED_QUOTE: Final = re.compile(r"""(?:"(?!"")[^\r\n"]*?|'(?!'')[^\r\n']*?)([“”„»’])(?=[ \t]*+(?:[@^;,.\]\r\n]|\Z))""")
_BEFORE_IN_DATE: Final = re.compile(r"[-/.0-9]{0,7}\Z")
_RESUME: Final = re.compile(r"\.[ \t]*+(?:#[^\r\n]*+)?(?:[\r\n]|\Z)|[\r\n](?=[^\s#])")


class Word(NamedTuple):
    """One word and where it stands. Shape: `kind` is the name of a group of WORD."""

    kind: str
    text: str
    start: int
    end: int


class Unreadable(Exception):
    """Nothing more can be made of a statement."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class WordReader:
    """One text, and how far it is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed = Parsed(text)
        self._at = 1 if text.startswith("\ufeff") else 0

    def _resume(self, start: int) -> None:
        """Goes to where the next statement most likely begins."""
        match = _RESUME.search(self._text, start)
        self._at = match.end() if match else len(self._text)

    def _look(self) -> Word:
        """The next word, which stays the next one."""
        match = WORD.match(self._text, self._at)
        assert match is not None  # noqa: S101  # every character is part of some word
        kind = match.lastgroup or ""
        return Word(kind, match[kind], *match.span(kind))

    def _take(self) -> Word:
        """The next word."""
        word = self._look()
        self._at = word.end
        return word

    def _sign(self, sign: str) -> Word:
        """The next word, which must be this sign."""
        word = self._take()
        if word.text != sign:
            self._refuse(f"'{sign}'", word)
        return word

    def _is_first_of_line(self, word: Word) -> bool:
        return word.start == 0 or self._text[word.start - 1] in "\r\n"

    def _note(self, code: str, word: Word, *values: str, also: int | None = None) -> None:
        """Notes a fault after which one can go on."""
        self._parsed.faults.append(Fault(code, word.start, word.end, values, also))

    def _refuse(self, wanted: str, word: Word) -> NoReturn:
        """Says what could stand where something else does.

        Raises: Unreadable.
        """
        if date := self._date_about(word):
            raise Unreadable(Fault(UNEXPECTED, *date.span(), ("a value", date[0])))
        begun = next((code for sign, code in _BEGINNINGS if self._text.startswith(sign, word.start)), UNEXPECTED)
        code = begun if word.kind in ("other", "sign") else UNEXPECTED
        typed = _TYPED_QUOTE.match(self._text, word.start) if code == OPEN_STRING else None
        values, also = ((typed[1],), typed.start(1)) if typed else ((), None)
        raise Unreadable(Fault(code, word.start, word.end, (wanted, word.text, *values), also))

    def _date_about(self, word: Word) -> re.Match[str] | None:
        """The date without quotes of which a word is the second part or the third."""
        before = _BEFORE_IN_DATE.search(self._text, max(word.start - 7, 0), word.start)
        date = _DATE.match(self._text, before.start()) if before and before[0][:1].isdigit() else None
        return date if date and date.end() >= word.end and as_date(date[0]) else None
