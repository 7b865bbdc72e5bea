"""What an inspection finds: faults with stable codes, and how many of a kind are shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit. ``code`` is stable; ``where`` is a leaf, a file or the log itself."""

    code: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """What an inspection found; a log in order has no fault.

    Attributes:
        covered: leaves under the checkpoint; the rest waits for the next publication.
        checkpoints: how many published checkpoints of the chain were checked.
        cosignatures: how many cosignatures were verified.
    """

    production_id: UUID
    origin: str
    size: int
    covered: int
    faults: tuple[Fault, ...]
    checkpoints: int = 0
    cosignatures: int = 0


def shortened(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Keep the first faults of each code, and say how many more there are."""
    kept: list[Fault] = []
    seen: Counter[str] = Counter()
    for fault in faults:
        seen[fault.code] += 1
        if seen[fault.code] <= SHOWN:
            kept.append(fault)
    for code, count in seen.items():
        if count > SHOWN:
            kept.append(Fault(code, "and more", f"{count - SHOWN} further of this kind are not shown"))
    return tuple(kept)
