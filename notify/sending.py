"""One attempt: a POST over HTTP, to an address that was judged, within a bounded time, following nothing.

The body of the answer is not read: its status is all that counts.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import httpx
from django.conf import settings

from notify.addresses import AddressRefused, NameUnresolved, allowed_addresses

# The whole attempt, from the name to the status: a receiver that sends a byte now and then gains nothing.
TOTAL_SECONDS = 20.0
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_ADDRESSES_TRIED = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        status: of the answer; None when there was none.
        error: ``""`` or a code: ``HTTP_STATUS``, ``TIMEOUT``, ``CONNECT_FAILED``, ``TLS_FAILED``,
            ``NAME_UNRESOLVED``, ``ADDRESS_REFUSED``, ``ANSWER_INVALID``, ``SECRET_UNREADABLE``.
        retry_after: what the receiver asked for.
    """

    status: int | None = None
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        """2xx, and nothing else."""
        return self.status is not None and 200 <= self.status < 300


async def post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Send ``body`` to ``url``; never raises for what the other side does."""
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _post(httpx.URL(url), body, headers)
    except (TimeoutError, httpx.TimeoutException):
        return Outcome(error="TIMEOUT")
    except NameUnresolved:
        return Outcome(error="NAME_UNRESOLVED")
    except AddressRefused:
        return Outcome(error="ADDRESS_REFUSED")
    except httpx.TransportError as error:
        return Outcome(error=_code_of(error))


async def _post(url: httpx.URL, body: bytes, headers: dict[str, str]) -> Outcome:
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = await allowed_addresses(url.host, port)
    transport = httpx.AsyncHTTPTransport(verify=_trust(settings.WEBHOOK_CA_FILE), trust_env=False)
    async with httpx.AsyncClient(
        transport=transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
    ) as client:
        for address in addresses[:_ADDRESSES_TRIED]:
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={
                    **headers,
                    "Host": url.netloc.decode("ascii"),
                    "Content-Type": "application/json",
                    "User-Agent": "trustmark-webhooks/1",
                },
                # the certificate must be the name's, though we connect to the address
                extensions={"sni_hostname": url.host},
            )
            try:
                answer = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[:_ADDRESSES_TRIED][-1]:
                    raise
                continue
            await answer.aclose()
            return _outcome(answer)
    raise NameUnresolved(url.host)


def _outcome(answer: httpx.Response) -> Outcome:
    error = "" if 200 <= answer.status_code < 300 else "HTTP_STATUS"
    asked = answer.headers.get("Retry-After", "")
    seconds = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
    return Outcome(answer.status_code, error, timedelta(seconds=seconds) if seconds is not None else None)


def _code_of(error: httpx.TransportError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "TLS_FAILED"
        cause = cause.__cause__ or cause.__context__
    return "CONNECT_FAILED" if isinstance(error, httpx.NetworkError) else "ANSWER_INVALID"


@cache
def _trust(ca_file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context
