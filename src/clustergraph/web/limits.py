"""Every limit that a client can run into: those of Settings, and those that are fixed in the code."""

from typing import Final

from clustergraph import judges
from clustergraph.jobs import LONG_S, SPARE_S, STALL_LIMIT_S, STREAM_LIMIT_S
from clustergraph.lanes import CALM_S, OWN_QUEUE, OWN_QUEUE_OF_CLIENT
from clustergraph.queries import TEXT_LIMIT
from clustergraph.settings import Limit, Settings
from clustergraph.submissions import FILES_LIMIT, FINDINGS_LIMIT, PAGE_CHARACTERS, PATH_LIMIT, TRIPLES_LIMIT
from clustergraph.web.backlog import HELD_LIMIT_BYTES
from clustergraph.web.budget import CLIENT_CONNECTIONS, CLIENT_LIMIT
from clustergraph.web.connection import (
    AHEAD_LIMIT_BYTES,
    BODY_LIMIT_BYTES,
    HEAD_LIMIT_BYTES,
    HEAD_LINES,
    HEAD_TIME_LIMIT_S,
    PIPELINE_LIMIT,
)
from clustergraph.web.forms import FORM_QUEUE
from clustergraph.web.problems import BY_STATUS
from clustergraph.web.protocol import BODY_TIME_LIMIT_S, FORM_OVERHEAD_BYTES
from clustergraph.web.refusals import HEADER_LIMITS
from clustergraph.web.responses import TARGET_LIMIT_BYTES
from clustergraph.web.stalls import SLOWEST_BYTES_S

CONNECTION_LIMIT: Final = 500  # above it new ones get 503 at once; a worker's descriptors must stay free
ENDING_LIMIT_S: Final = 10  # for requests under way when the server is told to stop
IDLE_LIMIT_S: Final = 5  # of a connection between two requests

_TOO_LARGE: Final = "413 `too-large`"
_TOO_MUCH: Final = "503 `validation-aborted`"

FIXED: Final = (
    Limit(
        "connections",
        CONNECTION_LIMIT,
        "connections",
        "connections held at once",
        "503; a client with at least two more than the newcomer loses one that waits for a request or takes an answer",
    ),
    Limit("client_connections", CLIENT_CONNECTIONS, "connections", "connections of one client held at once", "503"),
    Limit("connection_idle", IDLE_LIMIT_S, "s", "time between two requests of a connection", "it is closed"),
    Limit("head_size", HEAD_LIMIT_BYTES, "bytes", "request line and headers together", "431 `head-too-large`"),
    Limit("head_lines", HEAD_LINES, "lines", "headers of a request", "431 `head-too-large`"),
    Limit("head_time", HEAD_TIME_LIMIT_S, "s", "time for a request head to arrive", "the connection ends"),
    Limit("address", TARGET_LIMIT_BYTES, "bytes", "path and query string", "414 `address-too-long`"),
    *(
        Limit(
            one.name.lower().replace("-", "_"),
            one.characters,
            "characters",
            f"the {one.name} header",
            f"{one.status} `{BY_STATUS[one.status].name}`",
        )
        for one in HEADER_LIMITS.values()
    ),
    Limit("body_time", BODY_TIME_LIMIT_S, "s", "time for a request body to arrive", "408 `too-slow`"),
    Limit("body_rest", HEAD_TIME_LIMIT_S, "s", "time for the rest of a body after its answer", "the connection ends"),
    Limit("body_size", BODY_LIMIT_BYTES, "bytes", "a body as it is sent, trailers included", "the connection ends"),
    Limit("sent_ahead", PIPELINE_LIMIT, "requests", "requests sent before the answer to one", "the connection ends"),
    Limit("ahead_size", AHEAD_LIMIT_BYTES, "bytes", "sent ahead while a query runs", "the connection ends"),
    Limit("form", FORM_OVERHEAD_BYTES, "bytes", "a form beside its query text", "413 `query-too-large`"),
    Limit(
        "form_queue",
        FORM_QUEUE,
        "forms",
        "forms above 16 KB that wait to be read",
        "429 `over-budget`, for who has most of them there; 503 `busy` where nobody has",
    ),
    Limit(
        "stream_time", STREAM_LIMIT_S, "s", "time from the first frame of an answer to its last", "the answer is cut"
    ),
    Limit("stall_time", STALL_LIMIT_S, "s", "time in which a client takes nothing of its answer", "the answer is cut"),
    Limit(
        "slowest_reading",
        SLOWEST_BYTES_S,
        "bytes/s",
        "what a client takes of an answer that is held for it, looked at every 30 s",
        "the answer is cut, where it is less",
    ),
    Limit(
        "held",
        HELD_LIMIT_BYTES,
        "bytes",
        "bodies not yet answered, requests sent ahead and answers not yet taken, of all clients, beside the cache",
        "who has most of them loses the connection that has had some for longest",
    ),
    Limit("spare_time", SPARE_S, "s", "the same, while other queries wait for a worker", "the answer is cut"),
    Limit(
        "long_time",
        LONG_S * 1000,
        "ms",
        "time with a worker, answer included, after which a query is long: three quarters of the workers are for those",
        "503 `busy`, or the answer is cut, where it is the longest of who has most, and others wait",
    ),
    Limit(
        "calm_time",
        CALM_S,
        "s",
        "time since the last long query of a client, after which it may have the workers kept for short ones",
        "its queries wait for one of the others",
    ),
    Limit(
        "page_queue",
        OWN_QUEUE,
        "questions",
        "questions of pages and saved queries that wait for a worker",
        "429 `over-budget`, for who has most of them there; 503 `busy` where nobody has",
    ),
    Limit("client_page_queue", OWN_QUEUE_OF_CLIENT, "questions", "the same, of one client", "429 `over-budget`"),
    Limit("text", TEXT_LIMIT, "characters", "a text that a saved query takes", "422 `parameter-unsuitable`"),
    Limit("submission", judges.BODY_LIMIT_BYTES, "bytes", "a body to be judged at /validate", _TOO_LARGE),
    Limit("submission_files", FILES_LIMIT, "files", "files of one submission", _TOO_LARGE),
    Limit("submission_triples", TRIPLES_LIMIT, "triples", "triples of one submission", _TOO_LARGE),
    Limit("submission_path", PATH_LIMIT, "characters", "the path of a file", "422 `parameter-unsuitable`"),
    Limit("submission_time", judges.TIME_LIMIT_S, "s", "time to judge a submission", "504 `validation-timed-out`"),
    Limit("submission_cpu", judges.CPU_LIMIT_S, "s", "processor time of the same", _TOO_MUCH),
    Limit("submission_memory", judges.MEMORY_LIMIT_BYTES, "bytes", "memory of the same", _TOO_MUCH),
    Limit("submission_findings", FINDINGS_LIMIT, "findings", "findings told of one submission", "the rest is left out"),
    Limit(
        "submission_long",
        LONG_S * 1000,
        "ms",
        "time of the same after which it is long: three quarters of the places are for those, as for queries",
        "503 `busy`, where it is the longest of who has most, and others wait",
    ),
    Limit(
        "submission_page",
        PAGE_CHARACTERS,
        "characters",
        "texts of one submission that its page shows again",
        "the rest is left out, which the page says",
    ),
    Limit("submissions", judges.AT_ONCE, "submissions", "submissions judged at once", "further ones wait"),
    Limit("submission_queue", judges.QUEUE, "submissions", "submissions that wait", "503 `busy`"),
    Limit("ending_time", ENDING_LIMIT_S, "s", "time that requests have when the server stops", "the connection ends"),
    Limit(
        "clients", CLIENT_LIMIT, "clients", "clients whose use is remembered", "the one seen longest ago starts anew"
    ),
)
"""What no setting changes."""


def limits_told(settings: Settings) -> list[Limit]:
    """Every limit of a server, those that can be set first."""
    return [*settings.limits_told, *FIXED]
