"""What newer Pythons bring, for the old ones that renderers ship: the one room that asks which Python it is.

From 3.11 on every name here is the standard library's own. Before, ``dataclass`` takes ``slots`` and ``kw_only``
and does without them: the objects are larger there, and fields may also be given by position; nothing else differs.

>>> moment_of("2026-11-22T08:05:00Z").tzinfo == UTC
True
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

if sys.version_info >= (3, 11):
    from dataclasses import dataclass
    from datetime import UTC
    from enum import StrEnum
    from itertools import pairwise
    from typing import Self, TypeAlias

    bits_set = int.bit_count
    moment_of = datetime.fromisoformat

    def entry_points_of(group: str) -> Iterable[EntryPoint]:
        """What installed distributions offer in ``group``."""
        return entry_points(group=group)

    def zipped(*columns: Any) -> Any:
        """``zip`` of columns that must be of one length."""
        return zip(*columns, strict=True)

else:
    import dataclasses
    import itertools
    import re
    from collections.abc import Callable, Iterator
    from datetime import timezone
    from enum import Enum

    from typing_extensions import Self, TypeAlias, dataclass_transform

    T = TypeVar("T")
    UTC = timezone.utc
    _ZULU = re.compile(r"[Zz]\Z")
    _FRACTION = re.compile(r"(:\d\d)[.,](\d{1,6})\d*")

    class StrEnum(str, Enum):
        """Members are the strings that they stand for, and print as such."""

        def __str__(self) -> str:
            return str(self.value)

        def __format__(self, form: str) -> str:
            return format(self.value, form)

    @dataclass_transform(field_specifiers=(dataclasses.field,))
    def dataclass(
        cls: type[T] | None = None, /, *, slots: bool = False, kw_only: bool = False, **options: Any
    ) -> Any:
        """``dataclasses.dataclass``, without what it does not know yet."""
        make: Callable[[type[T]], type[T]] = dataclasses.dataclass(**options)
        return make if cls is None else make(cls)

    def entry_points_of(group: str) -> Iterable[EntryPoint]:
        """What installed distributions offer in ``group``."""
        found = entry_points()
        groups: Any = found  # until 3.9 a plain mapping
        return found.select(group=group) if hasattr(found, "select") else groups.get(group, ())

    def pairwise(values: Iterable[T]) -> Iterator[tuple[T, T]]:
        """Each value with the next one."""
        these, those = itertools.tee(values)
        next(those, None)
        return zip(these, those)

    def bits_set(number: int) -> int:
        """How many bits of ``number`` are set."""
        return bin(number).count("1")

    def moment_of(text: str) -> datetime:
        """Read an RFC 3339 time, with ``Z`` and with any number of digits behind the second.

        Raises:
            ValueError: it is none.
        """
        text = _ZULU.sub("+00:00", text)
        return datetime.fromisoformat(_FRACTION.sub(lambda at: f"{at[1]}.{at[2]:0<6}", text))

    def zipped(*columns: Any) -> Any:
        """``zip`` of columns that must be of one length.

        Raises:
            ValueError: they are not.
        """
        columns = tuple(map(list, columns))
        if len({len(column) for column in columns}) > 1:
            raise ValueError("columns of several lengths")
        return zip(*columns)


__all__ = [
    "UTC",
    "Self",
    "StrEnum",
    "TypeAlias",
    "bits_set",
    "dataclass",
    "entry_points_of",
    "moment_of",
    "pairwise",
    "zipped",
]
