"""The knobs of the server: one table that the command line, the environment and the limits derive from."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from clustergraph.errors import UsageError
from clustergraph.runner import Limits
from clustergraph.settings import Settings, described, origin


def test_the_limits_are_those_of_a_query_where_nothing_is_said() -> None:
    assert Settings().limits == Limits()


def test_each_limit_follows_its_knob() -> None:
    changed = Limits(*range(7, 7 + len(Limits._fields)))

    assert replace(Settings(), **changed._asdict()).limits == changed


def test_every_knob_is_described_with_its_type_and_default() -> None:
    table = described()

    assert [(name, default) for name, _, default, _ in table] == [(one.name, one.default) for one in fields(Settings)]
    assert all(isinstance(default, kind) for _, kind, default, _ in table)


def test_every_description_is_a_phrase_that_an_option_can_show() -> None:
    odd = [name for name, _, _, text in described() if not text or text[0].isupper() or text.endswith(".")]

    assert odd == []


def test_it_listens_to_this_machine_alone_where_nothing_is_said() -> None:
    assert (Settings().host, Settings().port, Settings().dist) == ("127.0.0.1", 8000, Path("dist"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://example.org",
        "https://example.org/",
        "http://localhost:8080",
        "HTTPS://Data.Example.IT:65535",
        "http://192.0.2.7",
        "https://[2001:db8::1]:8443",
        "https://xn--caff-8oa.example",
    ],
)
def test_a_public_address_is_a_scheme_a_host_and_perhaps_a_port(address: str) -> None:
    assert Settings(public_url=address).public_url == address


@pytest.mark.parametrize(
    "address",
    [
        "example.org",
        "ftp://example.org",
        "https://",
        "https:///sparql",
        "//example.org",
        "https://example.org/data",
        "https://example.org//",
        "https://example.org/..",
        "https://example.org?",
        "https://example.org/?q",
        "https://example.org#top",
        "https://me@example.org",
        "https://me:secret@example.org",
        "https://example.org:",
        "https://example.org:0",
        "https://example.org:65536",
        "https://example.org\n",
        " https://example.org",
        'https://example.org">',
        "https://exa mple.org",
        "https://-example.org",
        "https://example..org",
        "https://caffè.example",
        "https://example.org\\@other.example",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_any_other_public_address_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(public_url=address)

    assert caught.value.detail == (
        f"'{address}' cannot be the public address: give scheme and host, with a port if need be, e.g. "
        "https://example.org, and no user name, path or query"
    )


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:9103"),
        ("2001:db8::7", "http://[2001:db8::7]:9103"),
        ("127.0.0.1", "http://127.0.0.1:9103"),
        ("a.example", "http://a.example:9103"),
    ],
)
def test_an_ipv6_address_has_brackets_in_a_url(host: str, url: str) -> None:
    assert origin(host, 9103) == url


@pytest.mark.parametrize(("time_s", "shown"), [(-1.0, "-1"), (float("nan"), "nan")])
def test_a_time_to_watch_that_is_none_is_refused(time_s: float, shown: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(watch_s=time_s)

    assert caught.value.detail == f"--watch-s cannot be {shown}: give 0 or more"
