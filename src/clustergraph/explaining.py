"""What each code of a finding means: its sentences, what to do, an example, and where shapes ask for it.

Knows no terminal and reads no files but its own; a repository is handed to it.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from clustergraph.formatting import SENTENCES as OF_FORM
from clustergraph.outputs.titles import TITLES as OF_RULES
from clustergraph.reading.faults import SENTENCES as OF_TEXT
from clustergraph.reading.parsed import PREDICATE, Parsed
from clustergraph.rules import RULES
from clustergraph.shacl.sentences import CODES, CUSTOM, SHAPE_FAULTS
from clustergraph.shacl.sentences import SENTENCES as OF_SHAPES
from clustergraph.sheets.sentences import SENTENCES as OF_SHEETS
from clustergraph.suppressions import TITLES as OF_COMMENTS
from clustergraph.suppressions import may_be_suppressed
from clustergraph.terms import SH

_OF_FILES: Final = {
    "T002": {
        "en": "this is not plain UTF-8 text, or too long",
        "it": "questo non è semplice testo UTF-8, o è troppo lungo",
    },
    "T003": {"en": "no kind of file belongs here", "it": "qui non va alcun file"},
}


class Explanation(NamedTuple):
    """What is known of one code.

    Shape: `meaning` and `to_do` by language; the examples are empty where none is short; `may_be_suppressed` says
           whether a comment in a file can let such a finding pass.
    """

    code: str
    meaning: Mapping[str, str]
    to_do: Mapping[str, str]
    shape: str
    wrong: str
    right: str
    path: str
    may_be_suppressed: bool


@cache
def _written() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("clustergraph") / "explanations.toml").read_text(encoding="utf-8"))


def meanings() -> dict[str, Mapping[str, str]]:
    """What each code says, by code and language, with a dash where a value comes."""
    sentences = {
        **OF_TEXT,
        **_OF_FILES,
        **{code: OF_RULES[code] for code in (*RULES, *OF_COMMENTS)},
        **{code: one for code, one in OF_SHAPES.items() if len(code) == len(CUSTOM)},
        **{code: one for code, one in SHAPE_FAULTS.items() if " " not in code},
        **OF_FORM,
        **OF_SHEETS,
    }
    return {
        code: {language: re.sub(r"\{\w+\}", "…", text) for language, text in one.items()}
        for code, one in sentences.items()
    }


def explanation(code: str) -> Explanation | None:
    """What is known of a code, None for what is no code of ours."""
    meaning = meanings().get(code)
    if meaning is None:
        return None
    written = _written().get(code, {"en": "", "it": ""})
    examples = {name: written.get(name, "").rstrip("\n") for name in ("shape", "wrong", "right", "path")}
    return Explanation(
        code, meaning, {"en": written["en"], "it": written["it"]}, **examples, may_be_suppressed=may_be_suppressed(code)
    )


def nearest(code: str) -> list[str]:
    """The codes that look most like what was asked for."""
    return difflib.get_close_matches(code.upper(), meanings(), n=3, cutoff=0.5)


def shapes_using(code: str, texts: Iterable[tuple[str, Parsed]]) -> Iterator[str]:
    """Where the shapes ask for what a code is about, as file:line:column.

    Shape: `texts` are paths with what was read there.
    """
    parameters = {f"{SH}{name[:1].lower()}{name[1:]}" for name in _names(code)}
    for path, parsed in texts:
        for number, (_, predicate, _) in enumerate(parsed.triples):
            if predicate in parameters:
                line, column, *_ = parsed.place_of(number, PREDICATE)
                yield f"{path}:{line}:{column}"


def _names(code: str) -> list[str]:
    """The local names of the components of a code: that of the property that asks for one is the same, in small."""
    names = [iri.removeprefix(SH).removesuffix("ConstraintComponent") for iri, one in CODES.items() if one == code]
    return ["sparql" if name == "SPARQL" else name for name in names]
