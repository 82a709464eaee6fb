"""What editors say out of bounds: positions are brought within them, and what makes no sense is answered as such.

Source: Language Server Protocol 3.17, "Position", "uinteger" and "ResponseError".
"""

import json
import logging
from typing import Any, Final

from cattrs import Converter
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, default_converter

_GREATEST: Final = 2**31 - 1
_LOGGERS: Final = ("pygls.protocol.json_rpc", "pygls.io_", "pygls.server")
_UNREAD: Final = "Unable to deserialize message"  # after which pygls logs a traceback as text
_NO_MESSAGE: Final = (JsonRpcException, json.JSONDecodeError, UnicodeDecodeError)


class Protocol(LanguageServerProtocol):
    """Answers a request whose parameters are none with an error; pygls would leave the editor waiting."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A message, or None for one that was answered already."""
        try:
            return super().structure_message(data)
        except JsonRpcException as exc:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=exc.to_response_error())
            return None

    def handle_message(self, message: Any) -> None:
        """Does what a message asks for, if it is one."""
        if hasattr(message, "jsonrpc"):
            super().handle_message(message)


def converter() -> Converter:
    """A converter that takes a position out of range for the nearest within it."""
    found: Converter = default_converter()  # type: ignore[no-untyped-call]  # pygls leaves it without types
    found.register_structure_hook(lsp.Position, lambda said, _: _position(said))
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_in_one_line)
    return found


def _position(said: dict[str, Any]) -> lsp.Position:
    line, character = (said[name] for name in ("line", "character"))
    return lsp.Position(_within(line), _within(character))


def _within(number: object) -> int:
    if not isinstance(number, int):
        message = "a position has numbers"
        raise TypeError(message)
    return min(max(number, 0), _GREATEST)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Leaves out where in pygls a message was found to be none: an editor's mistake is no fault of the server."""
    if str(record.msg).startswith(_UNREAD):
        record.msg, record.args = _UNREAD, ()
    if record.exc_info and isinstance(record.exc_info[1], _NO_MESSAGE):
        record.exc_info = None
    return True
