"""Whose requests are counted together: the caller's address as our own proxy saw it, never as the caller says.

>>> network_of({"REMOTE_ADDR": "2001:db8:1:2::99"})
'2001:db8:1:2::/64'
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

# the part of an IPv6 address that a provider gives one customer; within it, addresses cost nothing
_IPV6_PREFIX: Final = 64


def network_of(meta: Mapping[str, Any]) -> str:
    """An IPv4 address or an IPv6 network; what is neither is one and the same.

    Args:
        meta: the request's WSGI environment (``request.META``).
    """
    passed_on = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.TLS_PROXY else ""
    # the last entry is our proxy's own; those before it are whatever the caller wrote
    text = passed_on.rpartition(",")[2].strip() or str(meta.get("REMOTE_ADDR", ""))
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
