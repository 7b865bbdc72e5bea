"""How often one address may ask: counted in the shared cache, over all processes, within a minute."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.throttling import SimpleRateThrottle

from common.networks import network_of


class ByAddress(SimpleRateThrottle):
    """Counts by the caller's network: the connection's, or what our own proxy says last.

    ``setting`` names how many a minute; ``scope`` tells the counts apart.
    """

    setting = ""

    def get_rate(self) -> str:
        return f"{getattr(settings, self.setting)}/min"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": network_of(request.META)}


def seconds_to_wait(limit: type[ByAddress], request: HttpRequest) -> int:
    """0 where the caller may ask now, which counts; else how long they wait, in whole seconds."""
    pace = limit()
    if pace.allow_request(request, None):  # type: ignore[arg-type]
        return 0
    return max(1, int(pace.wait() or 60))
