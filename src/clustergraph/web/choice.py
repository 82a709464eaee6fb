"""From what is asked at /sparql to one question for the engine: the format, the validator, the key of the answer."""

from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from clustergraph.errors import NotAcceptable, ParameterUnsuitable
from clustergraph.formats import ALL_FORMATS, GRAPH_FORMATS, HTML, RESULT_FORMATS, Format, named, negotiate
from clustergraph.runner import QueryRequest
from clustergraph.web.judgement import Judgement
from clustergraph.web.problems import shown
from clustergraph.web.protocol import Asked
from clustergraph.web.responses import entity_tag
from clustergraph.web.site import Site

_FORMS_OF_RESULTS: Final = ("SELECT", "ASK")

AnswerKey = tuple[str, ...]


class Choice(NamedTuple):
    """What a request can be answered in; None for a family of which it accepts nothing."""

    result: Format | None
    graph: Format | None
    page: bool


@lru_cache(maxsize=1_024)
def family(accept: str | None, name: str | None, offered: tuple[Format, ...]) -> Format | None:
    """The format of a family, or HTML, that `format=` or Accept asks for; None if it asks for neither.

    Raises: ParameterUnsuitable for a name that no family has.
    """
    if name is not None:
        named(shown(name), ALL_FORMATS)  # a name of the other family is no error here, one of neither is
        with suppress(ParameterUnsuitable):
            return named(shown(name), (*offered, HTML))
        return None
    with suppress(NotAcceptable):
        return negotiate(accept, (*offered, HTML))
    return None


def choose(asked: Asked, accept: str | None, form: str | None) -> Choice:
    """What to answer in, for the family that the form of the query belongs to; for both where the form is unknown.

    Raises: NotAcceptable with the offer; ParameterUnsuitable for an unknown `format=`.
    """
    result = family(accept, asked.format_name, RESULT_FORMATS)
    graph = family(accept, asked.format_name, GRAPH_FORMATS)
    fitting = {"SELECT": (result,), "ASK": (result,), "CONSTRUCT": (graph,), "DESCRIBE": (graph,)}
    wanted = fitting.get(form or "", (result, graph))
    if not any(wanted):
        offered = (RESULT_FORMATS if form in _FORMS_OF_RESULTS else GRAPH_FORMATS) if form else ALL_FORMATS[:-1]
        raise NotAcceptable(shown(asked.format_name or accept or ""), [one.media_type for one in offered])
    return Choice(None if result is HTML else result, None if graph is HTML else graph, HTML in wanted)


def question(asked: Asked, choice: Choice, coding: str = "identity") -> QueryRequest:
    """What the engine is asked."""
    return QueryRequest(
        asked.query or "",
        result_format=choice.result,
        graph_format=choice.graph,
        default_graphs=asked.default_graphs,
        named_graphs=asked.named_graphs,
        time_limit_s=asked.time_limit_s,
        coding=coding,
    )


def answer_key(asked: Asked, choice: Choice, judgement: Judgement) -> AnswerKey | None:
    """What the answer depends on, beside the dataset; None where it is another one each time.

    Shape: two texts that differ in their spaces alone have one key.
    """
    if judgement.changes or judgement.makes_nodes:
        return None
    names = (one.name if one else "" for one in (choice.result, choice.graph))
    return (judgement.meaning, *names, *asked.default_graphs, "named", *asked.named_graphs)


def tag_of(site: Site, key: AnswerKey | None) -> str | None:
    """The validator of the answer to a question with this key."""
    return entity_tag(site, *key) if key else None
