"""The application: routes, errors and static files put together, and the workers started and stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from clustergraph.published import Published
from clustergraph.remote import RemoteEngine
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

    Shape: without a runner it starts a pool of workers with the server and stops it with the server, or asks the engine
           that the settings name.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if runner is not None:
            yield
            return
        async with _runner(published, settings) as pool:
            app.state.site.open_runner = pool
            yield
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
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    problems.install(app)
    app.add_middleware(Envelope)
    app.openapi = lambda: describe_api(app, published.catalogue)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _runner(published: Published, settings: Settings) -> WorkerPool | RemoteEngine:
    """Our own workers, or the engine that the settings name."""
    if settings.engine:
        return RemoteEngine(
            settings.engine,
            published.digest,
            limits=settings.limits,
            running=settings.workers,
            queue_per_worker=settings.queue_per_worker,
            queue_wait_s=settings.queue_wait_s,
        )
    return WorkerPool(
        published.dataset,
        published.digest,
        limits=settings.limits,
        workers=settings.workers,
        queue_per_worker=settings.queue_per_worker,
        queue_wait_s=settings.queue_wait_s,
    )
