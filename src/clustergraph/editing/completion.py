"""What may be written where the cursor stands: prefixes, and after a prefix the terms and things that begin with it."""

import re
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from clustergraph.editing.desk import Desk
from clustergraph.editing.glossary import CLASS, PROPERTY, THING, Entry
from clustergraph.terms import PREFIXES

OFFER_LIMIT: Final = 1000
_LINE_LIMIT: Final = 2000  # characters before the cursor that are looked at
_WHOLE_WORDS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|<[^<>"\s]*+>')
_NAME: Final = re.compile(r"(?<![\w<\"':.@-])([A-Za-z][\w-]*+)?:([\w-]*)$")
_PREFIX: Final = re.compile(r"(?<![\w<\"':.@-])[A-Za-z][\w-]*$")
_AFTER_A: Final = re.compile(r"(?:^|[\s;])a\s+(?:\S+\s*,\s*)*$")
_DECLARED: Final = re.compile(r"^[ \t]*(?:@prefix|PREFIX)[ \t]+([^\s:<>]*):[ \t]*<([^<>\s]*)>.*$", re.MULTILINE)
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")

_CLASSES_FIRST: Final = {CLASS: "0", THING: "1", PROPERTY: "2"}
_CLASSES_LAST: Final = {PROPERTY: "0", THING: "1", CLASS: "2"}


class Offer(NamedTuple):
    """Something to write from `start` up to the cursor.

    Shape: `entry` is None for a prefix; `before` is another text, to be written at an offset of its own.
    """

    text: str
    start: int
    order: str
    entry: Entry | None = None
    before: tuple[int, str] | None = None


def offers(desk: Desk, path: PurePosixPath, offset: int) -> list[Offer]:
    """What may be written at an offset of a draft; one more than OFFER_LIMIT where there is still more."""
    text = desk.drafts.get(path, "")
    line = text[max(text.rfind("\n", 0, offset) + 1, offset - _LINE_LIMIT) : offset]
    open_words = _WHOLE_WORDS.sub(lambda word: "_" * len(word[0]), line)
    if any(sign in open_words for sign in '"#<'):
        return []  # within a string, a comment or an IRI
    declared = {match[1]: match[2] for match in _DECLARED.finditer(text)}
    if name := _NAME.search(open_words):
        start = offset - len(name[0])
        return _names(
            desk,
            name[1] or "",
            start,
            declared,
            _order(open_words[: name.start()]),
            _new_prefix(path, text, name[1] or ""),
        )
    if word := _PREFIX.search(open_words):
        start = offset - len(word[0])
        return [Offer(f"{one}:", start, one) for one in sorted({*declared, *PREFIXES}) if one.startswith(word[0])]
    return []


def _names(
    desk: Desk, prefix: str, start: int, declared: dict[str, str], order: dict[str, str], new: tuple[int, str] | None
) -> list[Offer]:
    namespace = declared.get(prefix, PREFIXES.get(prefix))
    if not namespace:
        return []
    before = None if prefix in declared else new
    found = [
        Offer(f"{prefix}:{local}", start, f"{order[entry.sort]}{local}", entry, before)
        for entry in desk.entries()
        if entry.iri.startswith(namespace) and _LOCAL.fullmatch(local := entry.iri[len(namespace) :])
    ]
    return sorted(found, key=lambda one: one.order)[: OFFER_LIMIT + 1]


def _order(before: str) -> dict[str, str]:
    return _CLASSES_FIRST if _AFTER_A.search(before) else _CLASSES_LAST


def _new_prefix(path: PurePosixPath, text: str, prefix: str) -> tuple[int, str] | None:
    """The declaration of a prefix of ours, and the offset where it stands in alphabetical order."""
    if path.suffix != ".ttl" or prefix not in PREFIXES:
        return None
    there = [*_DECLARED.finditer(text)]
    later = next((match.start() for match in there if match[1] > prefix), None)
    line = f"@prefix {prefix}: <{PREFIXES[prefix]}> ."
    if later is None and there and text[there[-1].end() : there[-1].end() + 1] == "":
        return there[-1].end(), f"\n{line}"
    return (later if later is not None else there[-1].end() + 1 if there else 0), f"{line}\n"
