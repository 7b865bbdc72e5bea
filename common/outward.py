"""HTTP to addresses that others name, without becoming their errand boy: no connection ends inside our own network.

The address is judged once the connection stands and before a byte is sent, so that a name which changes meanwhile gains nothing.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError


def is_outside(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is somebody's on the Internet, and not ours, the machine's own, or a cloud's metadata."""
    inner = inner_of(address)
    if inner is not None:
        return is_outside(inner)
    is_reserved = address.is_reserved or (isinstance(address, IPv6Address) and address.is_site_local)
    return address.is_global and not (is_reserved or address.is_multicast)


def outward_session(*, inside: Collection[str] = ()) -> requests.Session:
    """A session that reaches the Internet alone; ``inside`` names hosts that may be on our own network.

    Proxies of the environment are not asked: what they would reach cannot be judged here.
    """
    session = requests.Session()
    session.trust_env = False
    adapter = _Outward(frozenset(inside))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Outward(HTTPAdapter):
    """Gives the connections of its pools the judge."""

    def __init__(self, inside: frozenset[str]) -> None:
        self._inside = inside
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._inside)


def _pools(inside: frozenset[str]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> Any:
            return _judged(self, super()._new_conn(), inside)

    class Sealed(HTTPSConnection):
        def _new_conn(self) -> Any:
            return _judged(self, super()._new_conn(), inside)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SealedPool(HTTPSConnectionPool):
        ConnectionCls = Sealed

    return {"http": PlainPool, "https": SealedPool}


def _judged(connection: HTTPConnection, socket: Any, inside: frozenset[str]) -> Any:
    peer = str(socket.getpeername()[0]).partition("%")[0]
    if connection.host not in inside and not is_outside(ip_address(peer)):
        socket.close()
        raise NewConnectionError(connection, "an address that may not be reached")
    return socket


def inner_of(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to, if it does."""
    if isinstance(address, IPv4Address):
        return None
    if address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):
        return IPv4Address(address.packed[12:])
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
