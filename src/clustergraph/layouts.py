"""A SPARQL 1.1 store of somebody else, to be written to: its three addresses, who we are there, its answers.

Waits for each answer; runs at a terminal, never in the process that serves.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx2

from clustergraph.errors import ClusterGraphError, UsageError

_JSON: Final = "application/sparql-results+json"
_UPDATE: Final = "application/sparql-update"
_TRIPLES: Final = "application/n-triples"
_CONNECT_LIMIT_S: Final = 10.0
ANSWER_LIMIT_S: Final = 3600.0  # loading a large graph, or moving it, is one request
_DETECT_LIMIT_S: Final = 10.0
_PIECE_BYTES: Final = 1 << 16
_OK: Final = range(200, 300)
_UNAUTHORISED: Final = (401, 403)


class Addresses(NamedTuple):
    """Where one store takes queries (SPARQL 1.1 Protocol), updates, and graphs (Graph Store Protocol)."""

    query: str
    update: str
    graphs: str


LAYOUTS: Final[Mapping[str, Addresses]] = {
    "Oxigraph": Addresses("query", "update", "store"),
    "Fuseki": Addresses("query", "update", "data"),
    "Virtuoso": Addresses("sparql", "sparql-auth", "sparql-graph-crud-auth"),
    "RDF4J and GraphDB": Addresses("", "statements", "rdf-graphs/service"),
}
"""The usual servers, each with its paths below the address that `--to` gives."""


class _Credentials(httpx2.Auth):
    """Basic or Digest, whichever the store asks for."""

    requires_request_body = False

    def __init__(self, user: str, password: str) -> None:
        self._schemes: Mapping[str, httpx2.Auth] = {
            "digest": httpx2.DigestAuth(user, password),
            "basic": httpx2.BasicAuth(user, password),
        }
        self._chosen: httpx2.Auth | None = None

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if self._chosen is None:
            response = yield request
            asked = response.headers.get("www-authenticate", "").partition(" ")[0].lower()
            if response.status_code not in _UNAUTHORISED or asked not in self._schemes:
                return
            self._chosen = self._schemes[asked]
        yield from self._chosen.auth_flow(request)


class _File:
    """A file as a body that can be sent again, should the store first ask who we are."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece


class Store:
    """One store. Use as a context manager."""

    def __init__(self, addresses: Addresses, *, user: str = "", password: str = "") -> None:
        self.addresses = addresses
        # No proxy, no redirect: credentials go to the addresses that were given and nowhere else.
        self._client = httpx2.Client(
            auth=_Credentials(user, password) if user else None,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(ANSWER_LIMIT_S, connect=_CONNECT_LIMIT_S),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def rows(self, query: str, *, default_graph: str) -> list[dict[str, str]]:
        """The answer to a SELECT over one graph: for each row the value of each bound variable.

        Raises: UsageError where nobody answers or we are refused; ClusterGraphError for any other answer.
        """
        form = {"query": query, "default-graph-uri": default_graph}
        response = self._sent("POST", self.addresses.query, data=form, headers={"Accept": _JSON})
        try:
            found = response.json()["results"]["bindings"]
            return [{name: cell["value"] for name, cell in row.items()} for row in found]
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            message = f"{self.addresses.query} answers, but not with SPARQL results in JSON: is this its query address?"
            raise UsageError(message) from exc

    def update(self, text: str) -> None:
        """Runs a SPARQL Update request.

        Raises: UsageError where nobody answers or we are refused; ClusterGraphError where the store does not do it.
        """
        headers = {"Content-Type": _UPDATE}
        self._sent("POST", self.addresses.update, content=text.encode(), headers=headers)

    def put(self, graph: str, triples: Path) -> None:
        """Replaces a graph by the triples of an N-Triples file.

        Raises: UsageError where nobody answers or we are refused; ClusterGraphError where the store does not do it.
        """
        headers = {"Content-Type": _TRIPLES, "Content-Length": str(triples.stat().st_size)}
        self._sent("PUT", self.addresses.graphs, params={"graph": graph}, content=_File(triples), headers=headers)

    def _sent(self, method: str, address: str, **what: Any) -> httpx2.Response:
        try:
            response = self._client.request(method, address, **what)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as exc:
            message = f"{address} cannot be reached ({type(exc).__name__}): is the store running, the address right?"
            raise UsageError(message) from exc
        if response.status_code in _UNAUTHORISED:
            message = f"{address} refuses us with status {response.status_code}: give --user, or another one"
            raise UsageError(message)
        if response.status_code not in _OK:
            said = re.sub(r"\s+", " ", response.text[:400]).strip()
            message = f"{address} answers {method} with status {response.status_code}: {said[:200]}"
            raise ClusterGraphError(message)
        return response


def detected(address: str) -> Addresses:
    """The addresses of a store, from the one that it is known by.

    Shape:  tries each of LAYOUTS: it must answer a query, and know the default graph where graphs are taken.
    Raises: UsageError where nobody is there, or nobody who speaks HTTP, or where none fits.
    """
    _check(address)
    base = address if address.endswith("/") else f"{address}/"
    speechless = 0
    for layout in LAYOUTS.values():
        found = Addresses(*(f"{base}{path}".removesuffix("/") for path in layout))
        with httpx2.Client(trust_env=False, follow_redirects=False, timeout=_DETECT_LIMIT_S) as client:
            try:
                if _answers(client, found):
                    return found
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
                why = re.sub(r"^\[.*?\] ", "", str(exc)) or type(exc).__name__
                message = f"'{address}' cannot be reached ({why}): is the store running, the address right?"
                raise UsageError(message) from exc
            except httpx2.RemoteProtocolError:
                speechless += 1
    if speechless == len(LAYOUTS):
        message = f"'{address}' does not speak HTTP: is this the address of the store?"
        raise UsageError(message)
    known = ", ".join(LAYOUTS)
    message = f"'{address}' is not laid out as {known}: name --query-address, --update-address and --graphs-address"
    raise UsageError(message)


def _check(address: str) -> None:
    with suppress(httpx2.InvalidURL):
        read = httpx2.URL(address)
        if read.scheme in ("http", "https") and read.host:
            return
    message = f"'{address}' is no address of a store: give one like http://127.0.0.1:3030/ds"
    raise UsageError(message)


def _answers(client: httpx2.Client, addresses: Addresses) -> bool:
    """Whether a layout fits.

    Raises: httpx2.ConnectError, httpx2.ConnectTimeout and httpx2.RemoteProtocolError, which say why none can.
    """
    try:
        asked = client.post(addresses.query, data={"query": "ASK {}"}, headers={"Accept": _JSON})
        if asked.status_code not in _OK or "head" not in asked.json():
            return False
        with _streamed(client, addresses.graphs) as graphs:
            return graphs.status_code in (*_OK, *_UNAUTHORISED)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.RemoteProtocolError):
        raise
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError, OSError):
        return False


@contextmanager
def _streamed(client: httpx2.Client, address: str) -> Iterator[httpx2.Response]:
    """The head of the answer to a request for the default graph, whose triples are not read."""
    with client.stream("GET", address, params={"default": ""}, headers={"Accept": _TRIPLES}) as response:
        yield response
