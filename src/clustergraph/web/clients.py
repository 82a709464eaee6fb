"""Who a request comes from, as far as budgets need to know it. Believes nobody but the one proxy it is told of."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from clustergraph.errors import UsageError
from clustergraph.settings import Settings

LOCAL: Final = "local"  # a peer without an address: it came through a Unix socket, or from this very process
_PREFIX_BITS: Final = 64  # of an IPv6 address: what one customer of a network has at the least (RFC 6177)
_ADDRESS_CHARACTERS: Final = 64  # the longest address with brackets, zone and port has fewer

_WRITTEN: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}|([^\[\]]+)")

_Address = IPv4Address | IPv6Address


def proxy_network(text: str) -> IPv4Network | IPv6Network | None:
    """The network that a setting names; None for the empty text.

    Raises: UsageError if it is neither an address nor a network.

    >>> proxy_network("10.0.0.0/8")
    IPv4Network('10.0.0.0/8')
    """
    if not text:
        return None
    try:
        return ip_network(text)
    except ValueError as exc:
        message = f"'{text}' is no address and no network: write --trusted-proxy as 127.0.0.1 or 10.0.0.0/8"
        raise UsageError(message) from exc


def client_of(peer: str | None, headers: Iterable[tuple[bytes, bytes]], settings: Settings) -> str | None:
    """The client whose budget a request uses: an IPv4 address or an IPv6 network of 64 bits; None if it has no budget.

    Shape: `peer` is the address of the connection; `headers` are those of ASGI, names in lower case. Only a peer within
           `settings.trusted_proxy` is asked for whom it speaks, and only the last element of its last X-Forwarded-For
           is believed: the one that this proxy wrote itself. What it forwards always has a budget, whatever it says.

    >>> client_of("203.0.113.7", [(b"x-forwarded-for", b"198.51.100.1")], Settings())
    '203.0.113.7'
    >>> client_of("10.0.0.2", [(b"x-forwarded-for", b"6.6.6.6, 198.51.100.1")], Settings(trusted_proxy="10.0.0.0/8"))
    '198.51.100.1'
    """
    if settings.trusted_proxy and _speaks_for_others(peer or "", settings.trusted_proxy):
        return _forwarded(headers) or _key(peer or "")
    if not settings.budget_loopback and _is_here(peer or ""):
        return None
    return _key(peer or "")


def connected_client(peer: str | None, settings: Settings) -> str | None:
    """The client whose connections are counted together; None for the trusted proxy and for those without a budget."""
    if settings.trusted_proxy and _speaks_for_others(peer or "", settings.trusted_proxy):
        return None
    return client_of(peer, (), settings)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Whom the proxy speaks for, or None if that cannot be read."""
    last = None
    for name, value in headers:
        if name == b"x-forwarded-for":
            last = value
    if last is None:
        return None
    text = last.rpartition(b",")[2].strip()
    if len(text) > _ADDRESS_CHARACTERS:
        return None
    key = _key(text.decode("latin-1"))
    return None if key == LOCAL else key


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    address = _address(text)
    if address is None:
        return LOCAL
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> _PREFIX_BITS << _PREFIX_BITS, _PREFIX_BITS)))


@lru_cache(maxsize=1024)
def _is_here(text: str) -> bool:
    address = _address(text)
    return address is None or address.is_loopback


@lru_cache(maxsize=1024)
def _speaks_for_others(text: str, proxy: str) -> bool:
    address, network = _address(text), proxy_network(proxy)
    return address is not None and network is not None and address in network


def _address(text: str) -> _Address | None:
    """The address in a text that may have brackets and a port; an IPv4 address in IPv6 clothes is an IPv4 address."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    try:
        address = ip_address(written[written.lastindex or 0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
