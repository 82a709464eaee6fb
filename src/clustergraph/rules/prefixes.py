"""The rule about prefixes, and what follows from one that is declared otherwise."""

from collections.abc import Iterator
from dataclasses import replace

from clustergraph.edits import Edit, Fix
from clustergraph.findings import Finding
from clustergraph.reading.faults import NAMESPACES
from clustergraph.repository import Document
from clustergraph.rules.known import Known, finding
from clustergraph.rules.namespaces import otherwise_declared


def prefix_means_what_it_does_elsewhere(document: Document, _known: Known) -> Iterator[Finding]:
    """A prefix that we or all others use stands for the same namespace in every file."""
    for one in otherwise_declared(document):
        usual = NAMESPACES[one.prefix]
        made = finding(
            document,
            "H017",
            document.parsed.between(one.start, one.end),
            f"'{one.prefix}:' stands for <{one.namespace}> here, and for <{usual}> elsewhere: write that",
            f"'{one.prefix}:' sta qui per <{one.namespace}>, e altrove per <{usual}>: scrivere quello",
        )
        title = {"en": f"write <{usual}>", "it": f"scrivere <{usual}>"}
        fix = Fix(title, (Edit(one.start, one.end, f"<{usual}>"),), is_safe=False)  # what is said becomes another thing
        yield replace(made, fixes=(fix,))


def but_of_prefixes(found: Iterator[Finding], document: Document) -> Iterator[Finding]:
    """The findings, without those about words whose prefix is declared otherwise: they are right once it is."""
    beginnings = tuple(f"{one.prefix}:" for one in otherwise_declared(document))
    if not beginnings:
        return found
    text, offset = document.parsed.text, document.parsed.offset
    return (one for one in found if one.at and not text.startswith(beginnings, offset(one.at.line, one.at.column)))
