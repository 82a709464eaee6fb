"""`clustergraph serve`."""

import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from clustergraph.errors import UsageError
from clustergraph.published import find_dist, open_published
from clustergraph.settings import ENVIRONMENT_PREFIX, Settings, described

_CONNECTIONS: Final = 500  # above it new ones get 503 at once; a worker's descriptors must stay free


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each knob of Settings: the table there is the only list."""
    for name, kind, default, text in reversed(described()):
        if name != "dist":
            command = click.option(
                f"--{name.replace('_', '-')}",
                type=kind,
                default=default,
                show_default=True,
                envvar=f"{ENVIRONMENT_PREFIX}{name.upper()}",
                show_envvar=True,
                help=f"{text[0].upper()}{text[1:]}.",
            )(command)
    return command


@click.command
@click.argument("dist", required=False, type=click.Path(path_type=Path))
@_options
def serve(dist: Path | None, **knobs: Any) -> None:
    """Serve a build: SPARQL endpoint, linked data, pages.

    Reads the folder that `clustergraph build` made (default: dist/) and verifies its digests first. Writes nothing.

    \b
    Example: clustergraph serve dist --port 8000
    """
    import uvicorn  # noqa: PLC0415  # optional extra

    from clustergraph.web.app import create_app  # noqa: PLC0415
    from clustergraph.web.connection import BoundedProtocol  # noqa: PLC0415

    _allow_files()

    settings = Settings(dist=find_dist(dist), **knobs)
    published = open_published(settings.dist)
    with _listening(settings.host, settings.port) as listener:
        address = f"http://{settings.host}:{settings.port}/"
        named = "another engine" if settings.engine else f"{published.folder} (sha256:{published.digest[:12]}…)"
        click.echo(f"Serving {named} on {address}")
        config = uvicorn.Config(
            create_app(published, settings),
            http=BoundedProtocol,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=10,
            limit_concurrency=_CONNECTIONS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _allow_files() -> None:
    """As many open files as the system lets us have: each connection is one, and a new worker takes two."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens, taken before anything is promised.

    Raises: UsageError naming the address that cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as exc:
        message = f"cannot listen on {host}, port {port}: {exc.strerror}; choose another with --host or --port"
        raise UsageError(message) from exc
