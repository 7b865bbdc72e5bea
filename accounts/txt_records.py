"""Asking the domain name system for the texts that a name carries."""

from typing import Final

import dns.exception
import dns.nameserver
import dns.resolver
from django.conf import settings

from common.errors import Unavailable

_SECONDS: Final = 5.0  # for all name servers together
_PORT: Final = 53


def texts_of(name: str) -> set[str]:
    """The texts of a name's TXT records; none where there is no such name.

    Raises:
        Unavailable: ``DNS_UNREACHABLE``.
    """
    try:
        answer = _resolver().resolve(name, "TXT", lifetime=_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return set()
    except dns.exception.DNSException as error:
        raise Unavailable(
            "DNS_UNREACHABLE", "No name server answered.", "Try again later. Nothing was changed."
        ) from error
    return {b"".join(row.strings).decode("ascii", "replace") for row in answer}


def _resolver() -> dns.resolver.Resolver:
    if not settings.DNS_SERVERS:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [_server(text) for text in settings.DNS_SERVERS]
    return resolver


def _server(text: str) -> dns.nameserver.Nameserver:
    """``192.0.2.1``, ``192.0.2.1:5353`` or an IPv6 address."""
    host, sign, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return dns.nameserver.Do53Nameserver(host, int(port) if sign else _PORT)
