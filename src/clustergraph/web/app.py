"""The application: routes, errors and static files put together, and the workers started and stopped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from clustergraph.published import Published
from clustergraph.runner import Runner
from clustergraph.settings import Settings
from clustergraph.web import catalogue, entities, operations, pages, problems, sparql, vocabulary
from clustergraph.web.desk import open_desk
from clustergraph.web.envelope import Envelope
from clustergraph.web.openapi import describe_api
from clustergraph.web.site import FOLDER, open_site
from clustergraph.workers import WorkerPool

_ROUTES: Final = (sparql, entities, vocabulary, catalogue, pages, operations)


def create_app(published: Published, settings: Settings, *, runner: Runner | None = None) -> FastAPI:
    """The application over one built dataset.

    Shape: without a runner it starts a pool of workers with the server and stops it with the server.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, FastAPI]]:
        with app.state.desk.query_log:
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
    app.state.desk = open_desk(settings, lambda: app.state.site.published, _paths())
    app.state.desk.meter.register("cache_entries", lambda: len(app.state.site.answers))
    app.state.desk.meter.register("cache_bytes", lambda: app.state.site.answers.size_bytes)
    app.state.desk.meter.register("cache_evictions", lambda: app.state.site.answers.evictions)
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    problems.install(app)
    app.add_middleware(Envelope)
    app.openapi = lambda: describe_api(app, published.catalogue)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _paths() -> list[str]:
    """The path of every route, and of what is mounted."""
    routed = [route.path for module in _ROUTES for route in module.router.routes if isinstance(route, APIRoute)]
    return [*routed, "/static", "/openapi.json"]


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
