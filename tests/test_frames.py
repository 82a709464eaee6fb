"""What a worker and its parent say to each other survives the way there."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS
from clustergraph.frames import (
    ANSWER,
    ASK,
    DATA,
    END,
    ERROR,
    HEADER,
    format_named,
    read_frame,
    request_from_json,
    request_to_json,
    write_frame,
)
from clustergraph.runner import QueryRequest

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
requests = st.builds(
    QueryRequest,
    query=texts,
    result_format=st.none() | st.sampled_from(RESULT_FORMATS),
    graph_format=st.none() | st.sampled_from(GRAPH_FORMATS),
    default_graphs=st.lists(texts, max_size=3).map(tuple),
    named_graphs=st.lists(texts, max_size=3).map(tuple),
    bindings=st.dictionaries(texts, texts, max_size=3),
    time_limit_s=st.none() | st.floats(0, 100),
)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: QueryRequest) -> None:
    assert request_from_json(request_to_json(request)) == request


@pytest.mark.parametrize("kind", [ASK, ANSWER, DATA, END, ERROR])
def test_a_frame_arrives_as_it_was_sent(kind: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        write_frame(ours, kind, b"\x00payload")

        assert read_frame(theirs) == (kind, b"\x00payload")


def test_a_frame_longer_than_the_buffers_arrives_whole() -> None:
    payload = bytes(range(256)) * 20_000
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=write_frame, args=(ours, DATA, payload))
        sender.start()
        received = read_frame(theirs)
    sender.join()  # after the sockets are closed, so that a reader that stops too early does not hang the test

    assert received == (DATA, payload)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEADER.pack(DATA, 3)[:2], id="half-a-header"),
        pytest.param(HEADER.pack(DATA, 3) + b"ab", id="half-a-payload"),
    ],
)
def test_a_side_that_closes_midway_has_sent_no_frame(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)

        assert read_frame(theirs) is None


def test_every_format_of_both_families_is_known_by_its_name() -> None:
    assert [format_named(one.name) for one in (*RESULT_FORMATS, *GRAPH_FORMATS)] == [*RESULT_FORMATS, *GRAPH_FORMATS]
