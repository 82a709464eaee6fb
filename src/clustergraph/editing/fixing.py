"""Ways to mend findings as actions of an editor."""

from collections.abc import Iterable

from lsprotocol import types as lsp

from clustergraph.editing.positions import Lines, Span
from clustergraph.editing.speech import range_of
from clustergraph.edits import Fix
from clustergraph.findings import Finding, printable


def code_actions(
    findings: Iterable[Finding], params: lsp.CodeActionParams, language: str, uri: str, lines: Lines
) -> list[lsp.CodeAction]:
    """The ways to mend those findings that touch the range which is asked about."""
    asked = (params.range.start.line, params.range.end.line)
    return [
        _action(fix, language, uri, lines, one.code)
        for one in findings
        if (span := lines.span(one.at)).start.line <= asked[1] and asked[0] <= span.end.line
        for fix in one.fixes
    ]


def _action(fix: Fix, language: str, uri: str, lines: Lines, code: str) -> lsp.CodeAction:
    edits = [
        lsp.TextEdit(range_of(Span(lines.position(edit.start), lines.position(edit.end))), edit.text)
        for edit in fix.edits
    ]
    return lsp.CodeAction(
        title=printable(f"{code}: {fix.title[language]}"),
        kind=lsp.CodeActionKind.QuickFix,
        is_preferred=fix.is_safe,
        edit=lsp.WorkspaceEdit(changes={uri: edits}),
    )
