"""How often somebody may ask: a bucket of permits for each caller, in the memory of one process.

A bucket holds at most ``burst`` permits and gains ``per_second`` of them a second; each question takes
one. Nothing is written and nothing is shared: with ``n`` processes a caller gets at most ``n`` times
the rate, which is the price of a limit that costs a check nothing. Time is the caller's argument.

>>> pace = Pace(per_second=1, burst=2)
>>> [pace.admits("key", now=at) for at in (0.0, 0.1, 0.2, 1.2)]
[True, True, False, True]
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class Pace:
    """The buckets of many callers; those who asked longest ago are forgotten first.

    Args:
        per_second: permits gained a second; 0: everybody is always admitted.
        burst: most permits a bucket holds; what a caller who was away may ask at once.
        callers_max: buckets kept. A forgotten caller begins with a full bucket.

    Raises:
        ValueError: a negative rate, or a bucket that never holds one permit.
    """

    def __init__(self, *, per_second: float, burst: float, callers_max: int = 10_000) -> None:
        if per_second < 0 or burst < 1 or callers_max < 1:
            raise ValueError("a bucket holds at least one permit and never loses any by waiting")
        self._per_second, self._burst, self._callers_max = per_second, burst, callers_max
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()  # read, refill and take must be one step among threads

    def admits(self, caller: Hashable, *, now: float) -> bool:
        """Take one permit of ``caller``'s at ``now`` (seconds of a clock that never goes back); False: none left."""
        if not self._per_second:
            return True
        with self._lock:
            permits, at = self._buckets.pop(caller, (self._burst, now))
            permits = min(self._burst, permits + max(0.0, now - at) * self._per_second)
            admitted = permits >= 1
            self._buckets[caller] = (permits - admitted, max(now, at))
            if len(self._buckets) > self._callers_max:
                self._buckets.popitem(last=False)
            return admitted
