"""How often a key may ask, counted in the memory of this process: see :mod:`trustcore.pace` for the bound.

Two buckets for each key: its checks, and the refusals for asking too often that are kept (one a second, so that the
record shows them and a flood does not fill it). One for each organisation, which makes keys as it likes: the refusals
that it may leave in the log of a production it has no part in, which anyone could do who learned a licence's id.
"""

import time
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from trustcore.pace import Pace

_BURST_SECONDS = 2
_STRANGERS_BURST = 5


def may_ask(caller: UUID) -> bool:
    """Whether the caller's check is answered at all, or refused as ``RATE_LIMITED`` before its token is read."""
    rate = settings.CHECKS_PER_SECOND
    return _pace("checks", rate, max(1, rate * _BURST_SECONDS)).admits(caller, now=time.monotonic())


def may_keep_refusal(caller: UUID) -> bool:
    """Whether this refusal for asking too often is one of those that are kept."""
    return _pace("kept", 1, 1).admits(caller, now=time.monotonic())


def may_write_to_strangers(organisation: UUID) -> bool:
    """Whether the refusal of a caller without part in a production may enter its log; all keys of a house together."""
    rate = settings.STRANGER_CHECKS_PER_MINUTE / 60
    return _pace("strangers", rate, _STRANGERS_BURST).admits(organisation, now=time.monotonic())


@lru_cache(maxsize=16)
def _pace(name: str, per_second: float, burst: float) -> Pace:
    """The buckets of one kind; other settings begin others."""
    return Pace(per_second=per_second, burst=burst)
