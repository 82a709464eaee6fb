"""The application: routes, errors and static files put together, and the workers started and stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from clustergraph.published import Published
from clustergraph.runner import Runner
from clustergraph.settings import Settings
from clustergraph.web import catalogue, entities, pages, problems, sparql, vocabulary
from clustergraph.web.envelope import Envelope
from clustergraph.web.openapi import describe_api
from clustergraph.web.site import FOLDER, open_site
from clustergraph.workers import WorkerPool

_ROUTES: Final = (sparql, entities, vocabulary, catalogue, pages)


def create_app(published: Published, settings: Settings, *, runner: Runner | None = None) -> FastAPI:
    """The application over one built dataset.

    Shape: without a runner it starts a pool of workers with the server and stops it with the server.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, FastAPI]]:
        if runner is not None:
            yield {"app": app}
            return
        async with _pool(published, settings) as pool:
            app.state.site.open_runner = pool
            yield {"app": app}
            app.state.site.open_runner = None

    app = FastAPI(
        title="clustergraph",
        version=published.version,
        summary="Who is in which technology cluster of Italy, for what, and which source says so.",
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header, which the client chooses
        lifespan=lifespan,
    )
    app.state.site = open_site(published, settings, runner)
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.mount("/static", _WholeFiles(directory=FOLDER / "static"), name="static")
    problems.install(app)
    app.add_middleware(Envelope)
    app.openapi = lambda: describe_api(app, published.catalogue)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


class _WholeFiles(StaticFiles):
    """Static files, always whole: they are small, and ranges are one more thing to get wrong.

    Source: RFC 9110, section 14.2: a server may ignore Range.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"range"]}
        await super().__call__(scope, receive, send)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """One file, without the promise of ranges."""
        response = super().file_response(*args, **kwargs)
        response.headers["Accept-Ranges"] = "none"
        return response


def _pool(published: Published, settings: Settings) -> WorkerPool:
    return WorkerPool(
        published.dataset,
        published.digest,
        limits=settings.limits,
        workers=settings.workers,
        own_workers=settings.own_workers,
        queue_per_worker=settings.queue_per_worker,
        queue_wait_s=settings.queue_wait_s,
    )
