"""Findings, entries and offers in the words of the Language Server Protocol."""

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Final

from lsprotocol import types as lsp

from clustergraph.editing.completion import OFFER_LIMIT, Offer
from clustergraph.editing.glossary import CLASS, PROPERTY, THING, Entry, described
from clustergraph.editing.positions import Lines, Span
from clustergraph.findings import INFO, VIOLATION, WARNING, Finding, printable

SOURCE: Final = "clustergraph"
_SEVERITIES: Final = {
    VIOLATION: lsp.DiagnosticSeverity.Error,
    WARNING: lsp.DiagnosticSeverity.Warning,
    INFO: lsp.DiagnosticSeverity.Information,
}
_KINDS: Final = {
    CLASS: lsp.CompletionItemKind.Class,
    PROPERTY: lsp.CompletionItemKind.Property,
    THING: lsp.CompletionItemKind.Reference,
}
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+.!|~&-])")


def range_of(span: Span) -> lsp.Range:
    """A span as the protocol has it."""
    return lsp.Range(lsp.Position(*span.start), lsp.Position(*span.end))


def diagnostic(finding: Finding, language: str, where: Callable[[PurePosixPath], tuple[str, Lines]]) -> lsp.Diagnostic:
    """A finding as the protocol has it. Shape: `where` gives the URI and the lines of a file."""
    _, lines = where(PurePosixPath(finding.path))
    said = [finding.message[language], *([finding.advice[language]] if language in finding.advice else [])]
    related = []
    for one in finding.related:
        uri, others = where(PurePosixPath(one.path))
        location = lsp.Location(uri, range_of(others.span(one.at)))
        related.append(lsp.DiagnosticRelatedInformation(location, printable(one.message[language])))
    return lsp.Diagnostic(
        range=range_of(lines.span(finding.at)),
        message="\n".join(printable(one) for one in said),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source=SOURCE,
        related_information=related,
    )


def hover(entry: Entry, span: Span, *, is_markdown: bool) -> lsp.Hover:
    """What an entry says of itself, with what a file says shown as text, never as markup."""
    lines = [printable(one) for one in described(entry)]
    if not is_markdown:
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.PlainText, "\n".join(lines)), range_of(span))
    title, *others = (_MARKUP.sub(r"\\\1", one) for one in lines)
    text = "\n\n".join([f"**{title}**", *others])
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text), range_of(span))


def completion(found: Sequence[Offer], lines: Lines, offset: int) -> lsp.CompletionList:
    """Offers as the protocol has them."""
    items = [_item(one, lines, offset) for one in found[:OFFER_LIMIT]]
    return lsp.CompletionList(is_incomplete=len(found) > OFFER_LIMIT, items=items)


def _item(offer: Offer, lines: Lines, offset: int) -> lsp.CompletionItem:
    span = Span(lines.position(offer.start), lines.position(offset))
    item = lsp.CompletionItem(
        label=offer.text,
        kind=lsp.CompletionItemKind.Module,
        filter_text=offer.text,
        sort_text=offer.order,
        text_edit=lsp.TextEdit(range_of(span), offer.text),
    )
    if offer.before:
        at = lines.position(offer.before[0])
        item.additional_text_edits = [lsp.TextEdit(range_of(Span(at, at)), offer.before[1])]
    if offer.entry:
        _, _, *definitions = described(offer.entry)
        item.kind = _KINDS[offer.entry.sort]
        item.detail = printable(offer.entry.label)
        item.documentation = "\n".join(printable(one) for one in definitions) or None
    return item
