"""What a worker and its parent say to each other survives the way there."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.codings import NAMES
from clustergraph.formats import GRAPH_FORMATS, RESULT_FORMATS
from clustergraph.frames import (
    ANSWER,
    ASK,
    DATA,
    END,
    ERROR,
    FORMATS,
    HEADER,
    WHOLE,
    header,
    read_frame,
    request_from_bytes,
    request_to_bytes,
    write_frame,
)
from clustergraph.runner import QueryRequest

iris = st.from_regex(r"x:[a-z/#]+", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
requests = st.builds(
    QueryRequest,
    query=texts,
    result_format=st.none() | st.sampled_from(RESULT_FORMATS),
    graph_format=st.none() | st.sampled_from(GRAPH_FORMATS),
    default_graphs=st.lists(iris, max_size=3).map(tuple),
    named_graphs=st.lists(iris, max_size=3).map(tuple),
    bindings=st.dictionaries(texts, texts, max_size=3),
    coding=st.sampled_from(NAMES),
)


@given(requests)
def test_a_request_arrives_as_it_was_sent(request: QueryRequest) -> None:
    assert request_from_bytes(request_to_bytes(request)) == request


@pytest.mark.parametrize("kind", [ASK, WHOLE, ANSWER, DATA, END, ERROR])
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
        pytest.param(header(DATA, 3)[:2], id="half-a-header"),
        pytest.param(header(DATA, 3) + b"ab", id="half-a-payload"),
    ],
)
def test_a_side_that_closes_midway_has_sent_no_frame(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)

        assert read_frame(theirs) is None


def test_the_header_of_an_answer_tells_its_format_and_its_coding() -> None:
    said = [HEADER.unpack(header(WHOLE, 7, chosen, coding)) for chosen in FORMATS for coding in NAMES]

    assert [(kind, FORMATS[one], NAMES[other], length) for kind, one, other, length in said] == [
        (WHOLE, chosen, coding, 7) for chosen in (*RESULT_FORMATS, *GRAPH_FORMATS) for coding in NAMES
    ]
