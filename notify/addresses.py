"""Which addresses a webhook may reach: a caller names the URL, so the server must not be its errand boy.

The name is resolved here, every address it stands for is judged, and the connection goes to one of the judged
addresses: a name that changes between the two steps gains nothing. Private networks are for deployments that
say so (``TRUSTMARK_WEBHOOK_ALLOW_PRIVATE``); link-local addresses, where clouds keep their metadata, for none.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import InvalidInput
from common.outward import inner_of

_METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200")})
_URL_MAX = 500


class AddressRefused(Exception):
    """The name stands for an address that webhooks may not reach."""


class NameUnresolved(Exception):
    """The name stands for no address now."""


def clean_url(url: str) -> str:
    """Check an endpoint's URL as far as it can be without asking for its name.

    Raises:
        InvalidInput: ``URL_INVALID``: not absolute, with user, fragment or another scheme;
            ``URL_INSECURE``: http, where https is required; ``URL_REFUSED``: a literal address not allowed.
    """
    import httpx  # the web process needs it for this alone

    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidInput("URL_INVALID", "This is not a URL.") from error
    is_whole = parts.scheme in {"https", "http"} and parts.host and not (parts.userinfo or parts.fragment)
    is_whole = is_whole and (parts.port is None or 0 < parts.port < 2**16)
    if not is_whole or len(url) > _URL_MAX or not url.isascii() or any(sign.isspace() for sign in url):
        raise InvalidInput(
            "URL_INVALID",
            "An endpoint is an absolute https URL.",
            _("Without user, password and fragment, at most %(url_max)s ASCII characters.")
            % {"url_max": _URL_MAX},
        )
    if parts.scheme == "http" and not (_may_be_private() and parts.host in {"127.0.0.1", "::1", "localhost"}):
        raise InvalidInput("URL_INSECURE", "An endpoint must be reached by https.")
    try:
        literal = ip_address(parts.host)
    except ValueError:
        return url
    if not is_allowed(literal):
        raise InvalidInput("URL_REFUSED", "Webhooks do not go to this address.")
    return url


def is_allowed(address: IPv4Address | IPv6Address) -> bool:
    """Whether webhooks may go to ``address``; one that hides in another is judged as what it leads to."""
    inner = inner_of(address)
    if inner is not None:
        return is_allowed(inner)
    if address.is_multicast or address.is_unspecified or address.is_link_local or address in _METADATA:
        return False
    if _may_be_private() and (address.is_private or address.is_loopback):
        return True
    # a reserved range of IPv6 is nobody's on the Internet and may be anybody's at home: IPv4-compatible addresses,
    # translation prefixes of a network's own (RFC 8215), what once was site-local
    is_reserved = address.is_reserved or (isinstance(address, IPv6Address) and address.is_site_local)
    return address.is_global and not is_reserved


async def allowed_addresses(host: str, port: int) -> list[str]:
    """The addresses of ``host``, each of them allowed.

    Raises:
        NameUnresolved: there is none.
        AddressRefused: one of them is not allowed; then none is used.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnresolved(host) from error
    # a scope (``%eth0``) names an interface: such an address is link-local
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    if not all(is_allowed(ip_address(address)) for address in addresses):
        raise AddressRefused(host)
    return addresses


def _may_be_private() -> bool:
    return bool(settings.WEBHOOK_ALLOW_PRIVATE or settings.DEBUG)
