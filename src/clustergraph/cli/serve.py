"""`clustergraph serve`."""

import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from clustergraph.cli.logs import logging_beside
from clustergraph.errors import DatasetUnusable, UsageError
from clustergraph.findings import printable
from clustergraph.processes import Loader
from clustergraph.published import DATASET, dataset_digest, find_dist, open_published
from clustergraph.runner import STACK_BYTES
from clustergraph.settings import ENVIRONMENT_PREFIX, Settings, described, origin

_COLLECTED_AFTER: Final = 50_000  # objects made and not gone
_FILES: Final = 65_536  # each connection is one, and a new worker takes two


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each knob of Settings: the table there is the only list."""
    for name, kind, default, text in reversed(described()):
        if name != "dist":
            command = click.option(
                f"--{name.replace('_', '-')}",
                type=kind,
                is_flag=kind is bool,
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

    Reads the folder that `clustergraph build` made (default: dist/) and verifies its digests first. Writes the file
    of --query-log and, for a dataset above --memory-quads, its store below --store-dir; nothing else.

    \b
    Example: clustergraph serve dist --port 8000
    """
    settings = Settings(dist=find_dist(dist), **knobs)
    _allow(resource.RLIMIT_NOFILE, _FILES)
    _allow(resource.RLIMIT_STACK, STACK_BYTES)
    logging.getLogger("clustergraph").setLevel(logging.INFO)
    with _loading(settings) as loader, logging_beside():
        _run(settings, loader)


@contextmanager
def _loading(settings: Settings) -> Iterator[Loader | None]:
    """A process that loads the dataset while this one imports what it needs, verifies the build and starts to listen.

    It loads nothing but what the manifest names. None where another engine has the dataset.
    Raises: DatasetUnusable if there is no such file.
    """
    if settings.engine:
        yield None
        return
    loader = Loader(settings.dist / DATASET, settings.limits, dataset_digest(settings.dist), settings.storage)
    try:
        yield loader
    finally:
        loader.close()  # for whatever ends before the pool has it; a second time it does nothing


def _run(settings: Settings, loader: Loader | None) -> None:
    import uvicorn  # noqa: PLC0415  # optional extra

    from clustergraph.remote import checked_address  # noqa: PLC0415
    from clustergraph.web.app import create_app  # noqa: PLC0415
    from clustergraph.web.direct import DirectProtocol  # noqa: PLC0415
    from clustergraph.web.limits import CONNECTION_LIMIT, ENDING_LIMIT_S, IDLE_LIMIT_S  # noqa: PLC0415

    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))  # while the dataset is loaded
    if settings.engine:
        checked_address(settings.engine)
    published = open_published(settings.dist)
    if loader and published.digest != loader.digest:  # another build was put there in between
        message = f"'{settings.dist}' was replaced while it was read: start the server again"
        raise DatasetUnusable(message)
    if not os.isatty(0):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it means to look for a new build
    with _listening(settings.host, settings.port) as listener:
        app = create_app(published, settings, loader=loader)  # whatever is wrong with the settings is said first
        if loader:
            loader.wait_until_loaded()
        # uvicorn sends itself the signal again once it has ended in good order; unheeded, so that the status is 0.
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        named = (
            f"the engine at {_host_of(settings.engine)}"
            if settings.engine
            else f"{published.folder} (sha256:{published.digest[:12]}…)"
        )
        click.echo(f"Serving {named} on {origin(settings.host, settings.port)}/")
        config = uvicorn.Config(
            app,
            http=DirectProtocol,
            log_level="warning",
            log_config=None,  # its lines go the way of ours
            server_header=False,
            timeout_keep_alive=IDLE_LIMIT_S,
            timeout_graceful_shutdown=ENDING_LIMIT_S,
            limit_concurrency=CONNECTION_LIMIT,
        )
        # What is there now stays, and what requests leave behind is no rubbish in cycles: it is looked through rarely.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECTED_AFTER, 50, 1_000)
        uvicorn.Server(config).run(sockets=[listener])


def _allow(what: int, wanted: int) -> None:
    """Lets this process, and those it starts, have as much of something as is wanted and the system grants."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _host_of(address: str) -> str:
    return printable(urlsplit(address).netloc.rpartition("@")[2])  # what stands before it is nobody's business


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens, taken before anything is promised.

    Raises: UsageError naming the address that cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        number = getattr(exc, "errno", None)  # the error's own words say the address once more
        why = (
            os.strerror(number) if number and number > 0 else getattr(exc, "strerror", None) or "there is no such port"
        )
        message = f"cannot listen on {host}, port {port}: {why}; choose another with --host or --port"
        raise UsageError(message) from exc
