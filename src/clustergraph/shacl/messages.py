"""What is said of a result, and of a fault of shapes: a sentence in each language, from the constraint and the values.

The words of the shape itself, sh:message, are said beside them, never in their place.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from clustergraph.reading.parsed import FIRST, XSD_STRING, Literal, Term
from clustergraph.shacl.faults import UNKNOWN_TERM, ShapeFault
from clustergraph.shacl.index import Index
from clustergraph.shacl.results import Result
from clustergraph.shacl.sentences import (
    A_SHAPE,
    CODES,
    CUSTOM,
    KINDS,
    LANGUAGES,
    LOGICAL,
    MEANT,
    NAMELESS,
    SENTENCES,
    SHAPE_FAULTS,
)
from clustergraph.shacl.vocabulary import KNOWN_CLASSES, PATHS, SEVERITIES, SH, TERMS, component, sh

Name: TypeAlias = Callable[[str], str]
"""How an IRI is shown."""

_SHOWN: Final = 60  # characters of a literal
_SHOWN_OF_PATTERN: Final = 160  # its end says as much as its beginning
_LISTED: Final = 8  # of the values that are allowed
_LONGEST_SLIP: Final = 200  # characters of what may be a slip of the pen
_KNOWN: Final = sorted(TERMS | KNOWN_CLASSES | SEVERITIES)
_VARIABLE: Final = re.compile(r"\{[?$](\w+)\}")


def code_of(result: Result) -> str:
    """The code of the finding that a result becomes."""
    return CODES.get(result.component, CUSTOM)


def said(result: Result, shapes: Index, name: Name) -> dict[str, str]:
    """The sentence about a result by language: about what, and what is wrong with it, down to the leaves."""
    return {language: _said(result, shapes, name, language) for language in LANGUAGES}


def _said(result: Result, shapes: Index, name: Name, language: str, about: Term | None = None) -> str:
    """Shape: `about` is the thing that is spoken of already."""
    where = [] if result.focus == about else [_shown(result.focus, name, language)]
    if result.path is not None:
        where.append(path_shown(shapes, result.path, name))
    elif result.value == result.focus:
        where.clear()  # the sentence begins with it
    sentence = _sentence(result, shapes, name, language)
    return f"{', '.join(where)}: {sentence}" if where else sentence


def _sentence(result: Result, shapes: Index, name: Name, language: str) -> str:
    code = code_of(result)
    value, against = result.value, result.against
    limit = _SHOWN_OF_PATTERN if code == CODES[component("Pattern")] else _SHOWN
    shown = [_shown(one, name, language, limit) for one in against]
    first, second = (shown[number] if len(shown) > number else "" for number in (0, 1))
    values = {
        "value": "" if value is None else _shown(value, name, language),
        "first": against[0].lexical if against and isinstance(against[0], Literal) and code in _COUNTED else first,
        "second": second,
        "found": str(len(against) - 1),
        "path": "" if result.path is None else path_shown(shapes, result.path, name),
        "datatype": name(value.datatype) if isinstance(value, Literal) else "",
        "kind": KINDS[_kind(value)][language] if value is not None else "",
        "kinds": KINDS.get(str(against[0]).removeprefix(SH), {language: ""})[language] if against else "",
        "length": str(len(value.lexical if isinstance(value, Literal) else value or "")),
        "list": _listed(shown),
        "shape": A_SHAPE[language] if result.shape.startswith("_:") else name(result.shape),
        "component": name(result.component),
    }
    sentence = SENTENCES[f"{code}{_variant(result)}"][language].format(**values)
    if code == "C028" and value is not None:
        sentence += _guess(values["value"], shown, language)
    if code in LOGICAL and result.details:
        apart = _apart(leaves_of(result))
        leaves = dict.fromkeys(_said(leaf, shapes, name, language, value) for leaf in apart)
        sentence += f" ({'; '.join(list(leaves)[:_LISTED])})"
    return sentence


_COUNTED: Final = ("C004", "C005", "C010", "C011", "C024", "C025")


def _variant(result: Result) -> str:
    if result.component == component("Pattern") and isinstance(result.value, Literal) and not result.value.lexical:
        return " empty"
    if result.component == component("SPARQL"):
        return "" if result.value in {None, result.focus} else " value"
    if result.component != component("Datatype"):
        return ""
    if not isinstance(result.value, Literal):
        return " node"
    if (result.value.datatype,) == result.against:
        return ""
    return " other" if len(result.against) == 1 else " others"


def leaves_of(result: Result) -> Iterable[Result]:
    """The results at the bottom of a result: what would have to be mended for it to go away."""
    left, seen = [*reversed(result.details)], set()
    while left:
        one = left.pop()
        if id(one) in seen:  # several results can share one of their details
            continue
        seen.add(id(one))
        left.extend(reversed(one.details))
        if not one.details:
            yield one


def _apart(leaves: Iterable[Result]) -> list[Result]:
    """Leaves without those that a nearer one makes idle: one datatype of several is asked for, all named in one leaf.

    A value that is ill-formed in one of the datatypes was meant for that one.
    """
    kept: list[Result] = []
    for leaf in leaves:
        one = next((at for at, other in enumerate(kept) if _is_choice(leaf, other)), None)
        if one is None:
            kept.append(leaf)
        elif not _variant(leaf) or not _variant(kept[one]):
            kept[one] = leaf if not _variant(leaf) else kept[one]
        else:
            kept[one] = kept[one]._replace(against=(*kept[one].against, *leaf.against))
    return kept


def _is_choice(one: Result, other: Result) -> bool:
    of_datatype = {one.component, other.component} == {component("Datatype")}
    return of_datatype and (one.focus, one.path, one.value) == (other.focus, other.path, other.value)


def _guess(value: str, others: Sequence[str], language: str) -> str:
    is_likely = len(others) > 1 and len(value) <= _LONGEST_SLIP  # one alone is named anyway
    near = _nearest(value, tuple(others)) if is_likely else ""
    return MEANT[language].format(near) if near else ""


@lru_cache(maxsize=1_024)  # one slip is often made many times
def _nearest(value: str, others: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(value, others, n=1)), "")


def _listed(shown: Sequence[str]) -> str:
    return ", ".join([*shown[:_LISTED], *(["…"] if len(shown) > _LISTED else [])])


def _kind(term: Term) -> str:
    return "Literal" if isinstance(term, Literal) else "BlankNode" if term.startswith("_:") else "IRI"


def _shown(term: Term, name: Name, language: str, limit: int = _SHOWN) -> str:
    if isinstance(term, str):
        return NAMELESS[language] if term.startswith("_:") else name(term)
    text = term.lexical if len(term.lexical) <= limit else f"{term.lexical[: limit - 1]}…"
    if term.language:
        return f"'{text}'@{term.language}"
    return f"'{text}'" if term.datatype == XSD_STRING else f"'{text}'^^{name(term.datatype)}"


def path_shown(shapes: Index, path: Term, name: Name) -> str:
    """A path as SPARQL writes it, with the names that are shown."""
    if not isinstance(path, str) or not path.startswith("_:"):
        return name(str(path))
    if shapes.values(path, FIRST):
        return "/".join(path_shown(shapes, one, name) for one in shapes.items(path) or ())
    signs = {"inversePath": "^{0}", "zeroOrMorePath": "{0}*", "oneOrMorePath": "{0}+", "zeroOrOnePath": "{0}?"}
    for kind in PATHS:
        for one in shapes.values(path, sh(kind)):
            if kind == "alternativePath":
                return "|".join(path_shown(shapes, item, name) for item in shapes.items(one) or ())
            return signs[kind].format(path_shown(shapes, one, name))
    return "?"


def own_words(result: Result, shapes: Index, name: Name) -> dict[str, str]:
    """The words of the shape, sh:message, by language, with the values of its query in their places.

    Shape: where a language is missing, that of a message without a language, or nothing.
    """
    texts = [*shapes.values(result.constraint, sh("message"))] if result.constraint is not None else []
    texts = texts or [*shapes.values(result.shape, sh("message"))]
    found = {one.language.lower(): one.lexical for one in reversed(texts) if isinstance(one, Literal)}
    bound = dict(result.bindings)

    def filled(text: str, language: str) -> str:
        return _VARIABLE.sub(
            lambda match: _plain(bound[match[1]], name, language) if match[1] in bound else match[0], text
        )

    words = {language: found.get(language, found.get("", "")) for language in LANGUAGES}
    return {language: filled(text, language) for language, text in words.items() if text}


def _plain(term: Term, name: Name, language: str) -> str:
    return term.lexical if isinstance(term, Literal) else _shown(term, name, language)


@lru_cache(maxsize=1_000)
def _meant(term: str) -> list[str]:
    return difflib.get_close_matches(term, _KNOWN, n=1)


def fault_said(fault: ShapeFault, name: Name) -> dict[str, str]:
    """The sentence about a fault of shapes, by language."""
    shown = [name(one) if one.startswith(SH) else one for one in fault.values]
    told = {language: SHAPE_FAULTS[f"{fault.code}{fault.sentence}"][language].format(*shown) for language in LANGUAGES}
    if fault.code == UNKNOWN_TERM:
        near = [name(one) for one in _meant(fault.values[0])]
        return {language: text + (MEANT[language].format(near[0]) if near else "") for language, text in told.items()}
    return told
