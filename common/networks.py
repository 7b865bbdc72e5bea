"""Where a request comes from: the caller's address as our own proxy saw it, never as the caller says.

>>> network_of({"REMOTE_ADDR": "2001:db8:1:2::99"})
'2001:db8:1:2::/64'
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from django.conf import settings

# the part of an IPv6 address that a provider gives one customer; within it, addresses cost nothing
_IPV6_PREFIX: Final = 64
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def network_of(meta: Mapping[str, Any]) -> str:
    """An IPv4 address or an IPv6 network; what is neither is one and the same.

    Args:
        meta: the request's WSGI environment (``request.META``).
    """
    found = address_of(meta)
    if found is None:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))


def address_of(meta: Mapping[str, Any]) -> Address | None:
    """The caller's address, of IPv4 where it is one in IPv6's clothes; None: it cannot be read.

    Args:
        meta: the request's WSGI environment (``request.META``).
    """
    passed_on = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.TLS_PROXY else ""
    # the last entry is our proxy's own; those before it are whatever the caller wrote
    text = passed_on.rpartition(",")[2].strip() or str(meta.get("REMOTE_ADDR", ""))
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_within(meta: Mapping[str, Any], networks: Sequence[str]) -> bool:
    """Whether a request comes from one of ``networks`` (CIDR); from anywhere where none is named.

    An address that cannot be read is within none.
    """
    if not networks:
        return True
    found = address_of(meta)
    return found is not None and any(found in ipaddress.ip_network(one) for one in networks)


def clean_networks(wanted: Iterable[str]) -> list[str]:
    """Networks as they are kept: canonical, each once, in order.

    >>> clean_networks(["10.20.0.0/16", "2001:DB8::/32", "192.0.2.7"])
    ['10.20.0.0/16', '192.0.2.7/32', '2001:db8::/32']

    Raises:
        ValueError: one is no network, or names a host within one (``10.20.0.9/16``).
    """
    found = {ipaddress.ip_network(one.strip()) for one in wanted if one.strip()}
    return sorted(str(one) for one in found)
