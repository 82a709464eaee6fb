"""Terms as they were read into terms of the engine, which is the judge of what an IRI and a language tag is."""

import pyoxigraph as ox

from clustergraph.reading.parsed import NO_IRI, NO_LANGUAGE, OBJECT, Fault, Parsed, Term

OxTerm = ox.NamedNode | ox.BlankNode | ox.Literal


def engine_triples(parsed: Parsed) -> tuple[list[ox.Triple], list[Fault]]:
    """The triples of a text for the engine, and a fault for each term that it does not take.

    Shape: blank nodes get names of their own, so that those of two texts are never the same.
    """
    terms = _Terms()
    triples, faults, told = [], [], set[Term]()
    for number, triple in enumerate(parsed.triples):
        try:
            triples.append(ox.Triple(*(terms[one] for one in triple)))  # type: ignore[arg-type]  # the reader knows what may stand where
        except ValueError:
            for part, term in enumerate(triple):
                if term not in told and (fault := _fault(parsed, terms, number, part)):
                    told.add(term)
                    faults.append(fault)
    return triples, faults


def engine_term(term: Term) -> OxTerm:
    """One term, which is no blank node.

    Raises: ValueError if it is none to the engine.
    """
    if isinstance(term, str):
        return ox.NamedNode(term)
    if term.language:
        return ox.Literal(term.lexical, language=term.language)
    return ox.Literal(term.lexical, datatype=ox.NamedNode(term.datatype))


class _Terms(dict[Term, OxTerm]):
    def __missing__(self, term: Term) -> OxTerm:
        is_blank = isinstance(term, str) and term.startswith("_:")
        made = self[term] = ox.BlankNode() if is_blank else engine_term(term)
        return made


def _fault(parsed: Parsed, terms: _Terms, number: int, part: int) -> Fault | None:
    term = parsed.triples[number][part]
    try:
        terms[term]
    except ValueError:
        if isinstance(term, str):
            return Fault(NO_IRI, *parsed.span(number, part), (term,))
        start, end = parsed.span(number, OBJECT)
        if term.language:
            return Fault(NO_LANGUAGE, end - len(term.language), end, (term.language,))
        return Fault(NO_IRI, start, end, (term.datatype,))
    return None
