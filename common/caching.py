"""A small cache of this process, bounded, for what cannot change or is checked again before it counts.

>>> cache: Bounded[str, int] = Bounded(2)
>>> for name in "abc":
...     cache.put(name, ord(name))
>>> cache.get("a"), cache.get("c")
(None, 99)
"""

from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most ``most`` values by key; the one that came first goes first. Safe between threads.

    Reading takes no lock: a hit costs a look-up in a dict.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, or None."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep ``value``, in place of what was there or of the oldest."""
        with self._lock:
            self._values.pop(key, None)
            while len(self._values) >= self._most:
                del self._values[next(iter(self._values))]
            self._values[key] = value

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._values.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
