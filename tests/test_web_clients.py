"""Whose budget a request uses, whatever a stranger writes into its headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.errors import UsageError
from clustergraph.settings import Settings
from clustergraph.web.clients import client_of, proxy_network

PROXY = "10.0.0.2"
BEHIND = Settings(trusted_proxy="10.0.0.0/24")


def forwarded(*lines: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"example.org"), *((b"x-forwarded-for", line) for line in lines)]


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("testclient", None),
        (None, None),
    ],
)
def test_a_peer_is_its_address_or_its_network_and_this_machine_is_nobody(peer: str | None, client: str | None) -> None:
    assert client_of(peer, [], Settings()) == client


@pytest.mark.parametrize(
    ("peer", "client"), [("127.0.0.1", "127.0.0.1"), ("::1", "::/64"), ("testclient", "local"), (None, "local")]
)
def test_this_machine_is_a_client_where_the_setting_says_so(peer: str | None, client: str) -> None:
    assert client_of(peer, [], Settings(budget_loopback=True)) == client


@pytest.mark.parametrize("setting", ["", "192.0.2.0/24", "10.0.0.3", "::/0"])
def test_a_header_is_not_believed_from_whoever_is_not_the_proxy(setting: str) -> None:
    headers = forwarded(b"198.51.100.1", b"127.0.0.1")

    assert client_of(PROXY, headers, Settings(trusted_proxy=setting)) == PROXY


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        ([b"198.51.100.1"], "198.51.100.1"),
        ([b"6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ([b"6.6.6.6,198.51.100.1"], "198.51.100.1"),
        ([b"127.0.0.1", b"6.6.6.6", b"198.51.100.1"], "198.51.100.1"),
        ([b"  198.51.100.1\t"], "198.51.100.1"),
        ([b"6.6.6.6," * 5_000 + b"198.51.100.1"], "198.51.100.1"),
        ([b"198.51.100.1:4711"], "198.51.100.1"),
        ([b"[2001:db8::1]:4711"], "2001:db8::/64"),
        ([b"[2001:db8::1]"], "2001:db8::/64"),
        ([b"2001:db8::1"], "2001:db8::/64"),
        ([b"::ffff:198.51.100.1"], "198.51.100.1"),
        ([b"[::ffff:198.51.100.1]:80"], "198.51.100.1"),
        ([b"127.0.0.1"], "127.0.0.1"),
        ([b"::1"], "::/64"),
    ],
)
def test_of_the_proxy_the_last_element_is_believed(lines: list[bytes], client: str) -> None:
    assert client_of(PROXY, forwarded(*lines), BEHIND) == client


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b",",
        b"198.51.100.1,",
        b"unknown",
        b"_hidden",
        b"local",
        b"\xff\xfe",
        b"198.51.100.1:port",
        b"198.51.100.1:\xb2",
        b"[2001:db8::1",
        b"[2001:db8::1]x",
        b"198.51.100.256",
        b"0198.51.100.1",
        b"198.51.100.1/24",
        b"1" * 65,
        b"for=198.51.100.1",
    ],
)
def test_the_proxy_itself_pays_for_what_it_forwards_unreadably(line: bytes) -> None:
    assert client_of(PROXY, forwarded(b"198.51.100.9", line), BEHIND) == PROXY


def test_the_proxy_itself_pays_where_it_names_nobody() -> None:
    assert client_of("127.0.0.1", [], Settings(trusted_proxy="127.0.0.1")) == "127.0.0.1"


def test_the_forwarded_header_of_the_standard_is_not_read() -> None:
    assert client_of(PROXY, [(b"forwarded", b"for=198.51.100.1"), (b"x-real-ip", b"6.6.6.6")], BEHIND) == PROXY


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1:80", " "])
def test_a_setting_that_names_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        proxy_network(text)

    assert refused.value.detail == (
        f"'{text}' is no address and no network: write --trusted-proxy as 127.0.0.1 or 10.0.0.0/8"
    )


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_no_header_makes_a_client_without_a_budget(lines: list[bytes]) -> None:
    client = client_of(PROXY, forwarded(*lines), BEHIND)

    assert client is not None
    assert len(client) <= len("ffff:ffff:ffff:ffff::/64")
