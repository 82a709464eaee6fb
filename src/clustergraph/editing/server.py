"""The language server: what an editor says is put on a desk, and what is found there is said to the editor.

The desk is worked at by one thread, so that a long text holds up no message; shapes run in a process of their own.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from clustergraph import __version__
from clustergraph.checking import FINDINGS_LIMIT
from clustergraph.editing.completion import offers
from clustergraph.editing.desk import ENDINGS, Desk
from clustergraph.editing.fixing import code_actions
from clustergraph.editing.glossary import Entry
from clustergraph.editing.positions import Lines, Position, Span, lines_of
from clustergraph.editing.protocol import Protocol, converter
from clustergraph.editing.speech import completion, diagnostic, hover, range_of
from clustergraph.editing.whole import whole
from clustergraph.files import repository_of
from clustergraph.findings import LANGUAGES, Finding, in_order, printable
from clustergraph.terms import FOLDERS

QUIET_S: Final = 0.15  # nobody reads findings while typing
WHOLE_QUIET_S: Final = 0.6
_log: Final = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass
class _Room:
    """One repository, its desk, and what was said of it last."""

    desk: Desk
    at_once: dict[PurePosixPath, list[Finding]] = field(default_factory=dict)
    in_time: dict[PurePosixPath, list[Finding]] = field(default_factory=dict)
    uris: dict[PurePosixPath, str] = field(default_factory=dict)
    versions: dict[PurePosixPath, int | None] = field(default_factory=dict)
    told: str = ""


class ClusterGraphServer(LanguageServer):
    """One editor's server. Shape: `language` is None where the editor's own is to be spoken."""

    def __init__(self, language: str | None) -> None:
        # Whole texts: pygls cuts lines where Turtle and the protocol do not, so its changes of parts would go astray.
        super().__init__(
            "clustergraph",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Full,
            protocol_cls=Protocol,
            converter_factory=converter,
        )
        self.language = language or LANGUAGES[0]
        self._is_language_given = language is not None
        self._rooms: dict[Path | None, _Room] = {}
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: dict[object, asyncio.Task[None]] = {}

    @property
    def encoding(self) -> str:
        """How the editor counts characters."""
        encoding = self.workspace.position_encoding
        return str(getattr(encoding, "value", encoding) or "utf-16")

    @property
    def reads_markdown(self) -> bool:
        """Whether the editor shows markup."""
        document = self.client_capabilities.text_document
        formats = document.hover.content_format if document and document.hover else None
        return lsp.MarkupKind.Markdown in (formats or ())

    def greet(self, params: lsp.InitializeParams) -> None:
        """Speaks as the editor does, if nobody said otherwise."""
        spoken = (params.locale or "").partition("-")[0].lower()
        if not self._is_language_given and spoken in LANGUAGES:
            self.language = spoken

    async def at_desk(self, work: Callable[[], _Result]) -> _Result:
        """The result of work at a desk, after all that was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def place(self, uri: str) -> tuple[_Room, PurePosixPath]:
        """The room a file belongs to, and its path there."""
        file = Path(unquote(urlsplit(uri).path) or "/").absolute() if uri.startswith("file:") else None
        root = _root_of(file) if file else None
        room = self._rooms.setdefault(root, _Room(Desk(root)))
        if root is None or file is None:
            return room, PurePosixPath(uri.partition("?")[0])
        return room, PurePosixPath((file.parent.resolve() / file.name).relative_to(root).as_posix())

    def write(self, uri: str, version: int | None, text: str) -> None:
        """Takes a text in, and sees to it that it is judged when the typing stops."""
        room, path = self.place(uri)
        if path.suffix not in ENDINGS and room.desk.root is not None:
            return
        room.desk.drafts[path] = text
        room.uris[path], room.versions[path] = uri, version
        for stale in (room.at_once, room.in_time):
            stale.pop(path, None)  # its places are those of another text
        self.later(("file", uri), QUIET_S, lambda: self._judge(room, path))

    def close(self, uri: str) -> None:
        """Puts a file back: from now on what lies on disk counts."""
        room, path = self.place(uri)
        for kept in (room.desk.drafts, room.versions, room.at_once):
            kept.pop(path, None)
        self.say(room, path)
        self.later(room.desk.root, WHOLE_QUIET_S, lambda: self._judge_all(room))

    def later(self, what: object, after_s: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Does something after a while, once, unless it is asked for again before."""
        if (before := self._waiting.get(what)) is not None:
            before.cancel()
        self._waiting[what] = asyncio.get_running_loop().create_task(self._do(after_s, work))

    async def _do(self, after_s: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await asyncio.sleep(after_s)
            await work()
        except Exception as exc:  # the last line of defence: the editor keeps its server
            _log.exception("work was given up")
            self.window_log_message(
                lsp.LogMessageParams(lsp.MessageType.Error, f"{type(exc).__name__} in clustergraph")
            )

    async def _judge(self, room: _Room, path: PurePosixPath) -> None:
        if path in room.desk.drafts:
            room.at_once[path] = await self.at_desk(lambda: room.desk.judge(path))
            self.say(room, path)
        if room.desk.is_ours(path):
            self.later(room.desk.root, WHOLE_QUIET_S, lambda: self._judge_all(room))

    async def _judge_all(self, room: _Room) -> None:
        desk, before = room.desk, {*room.in_time}
        if desk.root is None:
            return
        drafts = {path: text for path, text in desk.drafts.items() if desk.is_ours(path)}
        answer = await whole(desk.root, drafts)
        if isinstance(answer, str):
            if answer != room.told:
                self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, printable(answer)))
            room.told = answer
            return
        await self.at_desk(desk.refresh)
        room.told, room.in_time = "", {}
        for one in answer:
            room.in_time.setdefault(PurePosixPath(one.path), []).append(one)
        for path in sorted(before | room.in_time.keys() | drafts.keys()):
            if desk.drafts.get(path) == drafts.get(path):
                self.say(room, path)
            else:  # it has changed meanwhile, and is judged again
                room.in_time.pop(path, None)

    def say(self, room: _Room, path: PurePosixPath) -> None:
        """Tells the editor all that is known of one file."""
        uri, _ = self.where(room, path)
        said = [
            diagnostic(one, self.language, lambda other: self.where(room, other)) for one in self.findings(room, path)
        ]
        params = lsp.PublishDiagnosticsParams(uri, said, version=room.versions.get(path))
        self.text_document_publish_diagnostics(params)

    def findings(self, room: _Room, path: PurePosixPath) -> list[Finding]:
        """What is known of one file, the first of it where it is much: nobody reads more, and editors choke on it."""
        return in_order([*room.at_once.get(path, ()), *room.in_time.get(path, ())])[:FINDINGS_LIMIT]

    def where(self, room: _Room, path: PurePosixPath) -> tuple[str, Lines]:
        """The URI of a file and its lines."""
        uri = room.uris.get(path) or ((room.desk.root or Path("/")) / path).as_uri()
        return uri, lines_of(room.desk.text(path), self.encoding)

    def offset(self, room: _Room, path: PurePosixPath, at: lsp.Position) -> int:
        """The offset in a draft of a position of the editor's."""
        return lines_of(room.desk.drafts.get(path, ""), self.encoding).offset(Position(at.line, at.character))


def _root_of(file: Path) -> Path | None:
    try:
        root = repository_of(file.parent.resolve())
        return root if all((root / name).is_dir() for name in FOLDERS) else None
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        return None


def server(language: str | None) -> ClusterGraphServer:
    """A server that waits for an editor; `start_io` begins to speak over standard input and output."""
    ours = ClusterGraphServer(language)

    @ours.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        ours.greet(params)

    @ours.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        ours.write(params.text_document.uri, params.text_document.version, params.text_document.text)

    @ours.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        if params.content_changes:
            ours.write(params.text_document.uri, params.text_document.version, params.content_changes[-1].text)

    @ours.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        room, _ = ours.place(params.text_document.uri)
        ours.later(room.desk.root, WHOLE_QUIET_S, lambda: ours._judge_all(room))

    @ours.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        ours.close(params.text_document.uri)

    _answering(ours)
    return ours


class _Named(NamedTuple):
    """What stands at a position. Shape: `found` is an IRI, and from where to where its word goes."""

    room: _Room
    path: PurePosixPath
    found: tuple[str, tuple[int, int]] | None
    entry: Entry | None


async def _named_at(ours: ClusterGraphServer, params: lsp.HoverParams | lsp.DefinitionParams) -> _Named:
    room, path = ours.place(params.text_document.uri)
    at = ours.offset(room, path, params.position)
    found = await ours.at_desk(lambda: room.desk.iri_at(path, at))
    return _Named(room, path, found, room.desk.entry(found[0]) if found else None)


def _answering(ours: ClusterGraphServer) -> None:
    @ours.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        room, path, found, entry = await _named_at(ours, params)
        if found is None or entry is None:
            return None
        _, lines = ours.where(room, path)
        span = Span(*(lines.position(one) for one in found[1]))
        return hover(entry, span, is_markdown=ours.reads_markdown)

    @ours.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def defined(params: lsp.DefinitionParams) -> lsp.Location | None:
        room, _, _, entry = await _named_at(ours, params)
        if entry is None:
            return None
        uri, lines = ours.where(room, entry.path)
        return lsp.Location(uri, range_of(lines.span(entry.at)))

    @ours.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[":"]))
    async def completed(params: lsp.CompletionParams) -> lsp.CompletionList:
        room, path = ours.place(params.text_document.uri)
        at = ours.offset(room, path, params.position)
        found = await ours.at_desk(lambda: offers(room.desk, path, at))
        return completion(found, ours.where(room, path)[1], at)

    @ours.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def acted(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        room, path = ours.place(params.text_document.uri)
        uri, lines = ours.where(room, path)
        return code_actions(ours.findings(room, path), params, ours.language, uri, lines)
