"""The catalogue: saved queries with a header that says what they answer. Knows nothing of engines or HTTP.

A header is the comment block on top of a `.rq` file, one `# key: value` a line:

    # title: Clusters of an organisation
    # asks@en: Which clusters does an organisation take part in, and who says so?
    # asks@it: A quali cluster partecipa un'organizzazione, e chi lo dice?
    # parameter member (organisation): whose clusters, e.g. university-of-brescia
    # column cluster: IRI of the cluster
    # column attested: latest date of a source that says so (date; empty if undated)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from clustergraph.errors import NotFound, ParameterUnsuitable, QueryError, UsageError
from clustergraph.guard import admit, query_form
from clustergraph.runner import Limits
from clustergraph.terms import KINDS, SLUG, XSD, entity_iri, kind_and_slug, sparql_prologue

_HEADER = re.compile(
    r"# (?:(?P<key>title|asks@en|asks@it)|(?P<list>column|parameter) (?P<name>\w+)(?: \((?P<type>[\w-]+)\))?)"
    r": (?P<value>.+)"
)
_EXAMPLE = re.compile(r"(?P<text>.+), e\.g\. (?P<example>\S+)")
_YEAR = re.compile(r"[0-9]{4}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")

SCALAR_TYPES: Final = ("date", "year", "integer", "text")
"""Parameter types beside the kinds of entities."""

TEXT_LIMIT: Final = 200  # characters of a text: its reader matches it against every text of the dataset


@dataclass(frozen=True)
class Parameter:
    """A value that a saved query takes.

    Shape: `type` is a kind of entity or one of SCALAR_TYPES; `example` is a value that gives an answer.
    """

    name: str
    type: str
    text: str
    example: str

    def term(self, value: str) -> str:
        """The value as an N-Triples term, ready to be bound.

        Shape:  entities are given by slug or by full IRI, dates as 2024-04-26, years as 2012.
        Raises: ParameterUnsuitable saying what was expected.

        >>> Parameter("member", "organisation", "whose clusters", "siit").term("siit")
        '<https://w3id.org/clustergraph/id/organisation/siit>'
        """
        if not isinstance(value, str) or _SURROGATE.search(value):
            message = f"the value of parameter '{self.name}' is no text: give it like '{self.example}'"
            raise ParameterUnsuitable(message)
        if self.type in KINDS:
            slug = value.removeprefix(entity_iri(self.type, ""))
            if SLUG.fullmatch(slug):
                return f"<{entity_iri(self.type, slug)}>"
        elif self.type == "text":
            return self._text(value)
        elif self.type == "date" and _is_date(value):
            return f"{_quoted(value)}^^<{XSD}date>"
        elif self.type == "year" and _YEAR.fullmatch(value):
            return f"{_quoted(value)}^^<{XSD}gYear>"
        elif self.type == "integer" and _INTEGER.fullmatch(value):
            return f"{_quoted(value)}^^<{XSD}integer>"
        message = f"'{value[:80]}' does not fit parameter '{self.name}' ({self.type}): give it like '{self.example}'"
        raise ParameterUnsuitable(message)

    def _text(self, value: str) -> str:
        if len(value) > TEXT_LIMIT:
            message = (
                f"the value of parameter '{self.name}' has {len(value):,} characters, the limit is {TEXT_LIMIT}: "
                "give a shorter one"
            )
            raise ParameterUnsuitable(message)
        return _quoted(value)


@dataclass(frozen=True)
class SavedQuery:
    """One entry of the catalogue.

    Shape: `asks` has the question in `en` and `it`; `columns` maps each column to what it holds, with its unit.
    """

    name: str
    title: str
    asks: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    text: str

    def bindings(self, values: Mapping[str, str]) -> dict[str, str]:
        """The parameters as N-Triples terms, by variable name.

        Raises: ParameterUnsuitable for one that is missing, unknown or of the wrong type.
        """
        known = {one.name: one for one in self.parameters}
        for name in values:
            if name not in known:
                choices = ", ".join(known) or "none"
                message = f"query '{self.name}' has no parameter '{name[:80]}': its parameters are {choices}"
                raise ParameterUnsuitable(message)
        for one in self.parameters:
            if one.name not in values:
                message = f"query '{self.name}' needs parameter '{one.name}', e.g. {one.name}={one.example}"
                raise ParameterUnsuitable(message)
        return {name: known[name].term(value) for name, value in values.items()}

    def things(self, values: Mapping[str, str]) -> dict[str, str]:
        """The IRI of each thing among the values, by parameter name, so that a misspelt one is not an empty answer."""
        kinds = {one.name: one.type for one in self.parameters if one.type in KINDS}
        return {name: self.bindings(values)[name][1:-1] for name in kinds}

    @property
    def takes_text(self) -> bool:
        """Whether a parameter is free text, so that what the query costs is its sender's doing."""
        return any(one.type == "text" for one in self.parameters)

    @property
    def examples(self) -> dict[str, str]:
        """A value for each parameter that gives an answer."""
        return {one.name: one.example for one in self.parameters}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _header_lines(path: Path, text: str) -> Iterator[re.Match[str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("#"):
            return
        match = _HEADER.fullmatch(line)
        if match is None:
            message = f"{path}:{number}: this header line is not understood: write '# key: value', see docs/http-api.md"
            raise UsageError(message)
        yield match


def _parameter(path: Path, match: re.Match[str]) -> Parameter:
    example = _EXAMPLE.fullmatch(match["value"])
    if example is None or match["type"] not in (*KINDS, *SCALAR_TYPES):
        message = (
            f"{path}: parameter '{match['name']}' needs a known type and an example: '# parameter x (date): …, e.g. …'"
        )
        raise UsageError(message)
    parameter = Parameter(match["name"], match["type"], example["text"], example["example"])
    try:
        parameter.term(parameter.example)
    except ParameterUnsuitable as exc:
        message = f"{path}: the example '{parameter.example}' of parameter '{parameter.name}' is no {parameter.type}"
        raise UsageError(message) from exc
    return parameter


def query_text(path: Path) -> str:
    """The text of a query file.

    Raises: UsageError if it is no regular file, which is never opened, or not UTF-8.
    """
    if not path.is_file():
        message = f"{path}: this is not a regular file: put a query file here"
        raise UsageError(message)
    return decoded(path, path.read_bytes())


def decoded(path: Path, data: bytes) -> str:
    """The text of a query file whose bytes are at hand; line ends become line feeds.

    Raises: UsageError, naming the path, if it is not UTF-8.
    """
    try:
        return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        message = f"{path}: this is not UTF-8 text: save it as UTF-8"
        raise UsageError(message) from exc


def _admitted(path: Path, text: str) -> str:
    """The text of a query that others will run: contributed as it is, it is held to what anybody may ask."""
    try:
        admit(text, limits=Limits())
    except QueryError as exc:
        message = f"{path}: {exc.detail}"
        raise UsageError(message) from exc
    return text


def load_query(path: Path) -> SavedQuery:
    """One saved query.

    Raises: UsageError if the file cannot be read, and what read_query raises.
    """
    return read_query(path, query_text(path))


def read_query(path: Path, source: str) -> SavedQuery:
    """One saved query from the text of its file, its prefixes added from our table.

    Raises: UsageError if it asks for what the guard refuses, if its header lacks a title, a question in a language or
            its columns, or if a parameter could not be bound.
    """
    text = _admitted(path, source)
    single: dict[str, str] = {}
    parameters, columns = [], {}
    for match in _header_lines(path, text):
        if match["list"] == "parameter":
            parameters.append(_parameter(path, match))
        elif match["list"] == "column":
            columns[match["name"]] = match["value"]
        else:
            single[match["key"]] = match["value"]
    missing = [key for key in ("title", "asks@en", "asks@it") if key not in single] or ([] if columns else ["column"])
    if missing:
        message = f"{path}: the header has no '{missing[0]}' line"
        raise UsageError(message)
    if (unbound := [one.name for one in parameters if one.name not in columns]) and query_form(text) == "SELECT":
        message = f"{path}: parameter '{unbound[0]}' is no column: the engine binds only variables that SELECT names"
        raise UsageError(message)
    asks = {"en": single["asks@en"], "it": single["asks@it"]}
    return SavedQuery(path.stem, single["title"], asks, tuple(parameters), columns, f"{sparql_prologue()}{text}")


def load_queries(folder: Path) -> dict[str, SavedQuery]:
    """All saved queries of a folder, by name, in name order."""
    return {path.stem: load_query(path) for path in sorted(folder.glob("*.rq"))}


INTERNAL_QUERIES: Final = (
    *("browse", "claims", "description", "exists", "graph", "graph-exists", "graph-statements", "graphs", "incoming"),
    *("labels", "mention-counts", "ontology", "ontology-terms", "service-description", "statements"),
)
"""The names of the queries that the code itself runs, for pages and documents; a build has each of them."""


def internal(folder: Path, name: str) -> str:
    """One of the queries that the code itself runs.

    Raises: UsageError if the file cannot be read, or asks for what the guard refuses.
    """
    path = folder / f"{name}.rq"
    return read_internal(path, query_text(path))


def read_internal(path: Path, text: str) -> str:
    """One of the queries that the code itself runs, from the text of its file, its prefixes added.

    Raises: UsageError if it asks for what the guard refuses.
    """
    return sparql_prologue() + _admitted(path, text)


def unknown_thing(name: str, iri: str) -> ParameterUnsuitable:
    """What is wrong with a value that names a thing of which the dataset says nothing."""
    kind, slug = kind_and_slug(iri) or ("thing", iri)
    message = f"the dataset says nothing of the {kind} '{slug[:80]}': give parameter '{name}' the slug of one it knows"
    return ParameterUnsuitable(message)


def find_query(queries: Mapping[str, SavedQuery], name: str) -> SavedQuery:
    """The saved query of that name.

    Raises: NotFound, naming where the list is.
    """
    try:
        return queries[name]
    except KeyError:
        message = f"there is no saved query '{name[:80]}': 'clustergraph query' lists them"
        raise NotFound(message) from None
