"""An editor of few words: it speaks the Language Server Protocol with a server over pipes."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 60  # only for what never comes
SAID = "textDocument/publishDiagnostics"


class Editor:
    """A client, and the server it started."""

    def __init__(self, root: Path, *options: str, locale: str = "en-GB", capabilities: dict[str, Any] | None = None):
        command = [sys.executable, "-P", "-m", "clustergraph", "lsp", *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
        )
        self._inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._number = 0
        self.root = root
        self.told: list[dict[str, Any]] = []
        self.capabilities = self.ask(
            "initialize",
            {"processId": None, "rootUri": root.as_uri(), "locale": locale, "capabilities": capabilities or {}},
        )["capabilities"]
        self.tell("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _end(self) -> None:
        if self._process.poll() is None:
            self.ask("shutdown", None)
            self.tell("exit", None)
        assert self._process.wait(PATIENCE_S) == 0

    def errors_at_the_end(self) -> str:
        """What the server wrote to its standard error, once it has ended."""
        self._end()
        assert self._process.stderr is not None
        return self._process.stderr.read().decode()

    def _listen(self) -> None:
        out = self._process.stdout
        assert out is not None
        while line := out.readline():
            length = 0
            while line.strip():
                name, _, value = line.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
                line = out.readline()
            self._inbox.put(json.loads(out.read(length)))
        self._inbox.put(None)

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def wait(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that fits; the others are kept in `told`."""
        while True:
            message = self._inbox.get(timeout=PATIENCE_S)
            assert message is not None, "the server is gone"
            if fits(message):
                return message
            self.told.append(message)

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        number = self._number
        self.send({"id": number, "method": method, "params": params})
        answer = self.wait(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> str:
        """Opens a file, with what lies on disk if nothing else is said."""
        text = (self.root / path).read_text(encoding="utf-8") if text is None else text
        document = {"uri": self.uri(path), "languageId": "turtle", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return text

    def write(self, path: str, version: int, text: str) -> None:
        document = {"uri": self.uri(path), "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def diagnostics(self, path: str, fits: Callable[[list[dict[str, Any]]], bool] = lambda _: True) -> Any:
        """The next diagnostics of a file that fit."""
        uri = self.uri(path)

        def is_it(one: dict[str, Any]) -> bool:
            return one.get("method") == SAID and one["params"]["uri"] == uri and fits(one["params"]["diagnostics"])

        return self.wait(is_it)["params"]["diagnostics"]

    def at(self, path: str, line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self.uri(path)}, "position": {"line": line, "character": character}}
