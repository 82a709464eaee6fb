"""Listeners that nobody has a reason to call: a connection to one is a request that a stranger made our server send."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_HOSTS: Final = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_ATTEMPTS: Final = 50


@dataclass
class Canary:
    """One port, on loopback of both families, for TCP and UDP.

    Shape: `heard` names each call.
    """

    port: int
    heard: list[str] = field(default_factory=list)


def _hosts() -> Iterator[tuple[socket.AddressFamily, str]]:
    """Loopback of each family that this machine has."""
    for family, host in _HOSTS:
        with suppress(OSError), socket.socket(family) as one:
            one.bind((host, 0))
            yield family, host


def _listeners() -> list[socket.socket]:
    """Sockets of every kind on one port of five digits."""
    hosts = list(_hosts())
    for _ in range(_ATTEMPTS):
        taken: list[socket.socket] = []
        port = 0
        try:
            for family, host in hosts:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    one = socket.socket(family, kind)
                    taken.append(one)
                    one.bind((host, port))
                    port = one.getsockname()[1]
                    if kind == socket.SOCK_STREAM:
                        one.listen()
            if port >= 10_000:
                return taken
        except OSError:  # somebody has that port in the other family
            pass
        for one in taken:
            one.close()
    message = "no port is free in both families"
    raise AssertionError(message)


@contextmanager
def listening() -> Iterator[Canary]:
    """A canary that listens until the end."""
    sockets = _listeners()
    canary = Canary(sockets[0].getsockname()[1])
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=_listen, args=(sockets, theirs, canary), daemon=True)
    thread.start()
    try:
        yield canary
    finally:
        ours.close()
        thread.join()
        for one in (*sockets, theirs):
            one.close()


def _listen(sockets: list[socket.socket], stop: socket.socket, canary: Canary) -> None:
    with selectors.DefaultSelector() as waiting:
        for one in (*sockets, stop):
            waiting.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is stop:
                    return
                canary.heard.append(_call(key.fileobj))  # type: ignore[arg-type]  # sockets are all that we wait for


def _call(sock: socket.socket) -> str:
    if sock.type == socket.SOCK_DGRAM:
        return repr(sock.recv(2_000))
    connection, _ = sock.accept()
    with closing(connection):
        connection.settimeout(2)
        with suppress(OSError):
            return repr(connection.recv(2_000))
    return "a connection"
