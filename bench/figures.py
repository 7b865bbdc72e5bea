"""Samples, ratios of samples taken turn by turn, and the tables they make."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.house import House, Web
from bench.load import Load


@dataclass(frozen=True)
class Sample:
    """One measurement: a second's worth, CPU microseconds of server and client each, latencies.

    ``web_us`` and ``db_us`` are the server's side; where nothing is served, ``web_us`` is the whole.
    """

    rate: float
    web_us: float
    db_us: float = 0.0
    client_us: float = 0.0
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def server_us(self) -> float:
        return self.web_us + self.db_us


Turns = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class Ratio:
    """Ours against theirs, turn by turn. Above 1 we are faster, or cheaper; costs and ``p99`` the other way round.

    ``by``: wall, cpu (server's), cpu with client, p99, CPU cost, wall cost.
    """

    name: str
    ours: str
    theirs: str
    by: str
    bar: float | None

    def values(self, turns: Turns) -> list[float]:
        pairs = zip(turns[self.ours], turns[self.theirs], strict=True)
        return [_RATIOS[self.by](ours, theirs) for ours, theirs in pairs]

    def met(self, value: float) -> bool | None:
        if self.bar is None:
            return None
        return value <= self.bar if self.by in _LESS_IS_BETTER else value >= self.bar


_LESS_IS_BETTER = {"p99", "CPU cost", "wall cost"}
_RATIOS: dict[str, Callable[[Sample, Sample], float]] = {
    "wall": lambda a, b: a.rate / b.rate,
    "cpu": lambda a, b: b.server_us / a.server_us,
    "cpu with client": lambda a, b: (b.server_us + b.client_us) / (a.server_us + a.client_us),
    "p99": lambda a, b: (a.p99_ms or 0) / (b.p99_ms or 1),
    "CPU cost": lambda a, b: a.server_us / b.server_us,
    "wall cost": lambda a, b: b.rate / a.rate,
}


@dataclass
class Room:
    """One part of the page: what was measured, against what, and notes (counts that must be exact)."""

    title: str
    what: str
    unit: str
    turns: dict[str, list[Sample]] = field(default_factory=dict)
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def play(self, turns: int, calls: dict[str, Callable[[], Sample]]) -> None:
        """Take each measurement ``turns`` times, in turn, so that a noisy minute falls on all of them."""
        for turn in range(turns):
            for name, call in calls.items():
                sample = call()
                self.turns.setdefault(name, []).append(sample)
                say(
                    f"{self.title}, {turn + 1}/{turns}: {name}: {sample.rate:,.0f}/s, {sample.server_us:,.1f} us"
                )


def served(house: House, web: Web, drive: Callable[[], Load], *, each: int = 1) -> Sample:
    """Drive a server and read what it, PostgreSQL and the client used; ``each``: things a request carries."""
    before = house.used(web)
    load = drive()
    after = house.used(web)
    number = load.count * each
    return Sample(
        rate=load.rate * each,
        web_us=(after[0] - before[0]) / number * 1e6,
        db_us=(after[1] - before[1]) / number * 1e6,
        client_us=load.client_us / each,
        p50_ms=load.percentile_ms(0.5),
        p99_ms=load.percentile_ms(0.99),
    )


def timed(number: int, work: Callable[[], Any]) -> Sample:
    """Run ``work``, which does ``number`` things in this process and its children."""
    wall, cpu = time.perf_counter(), _own_cpu()
    work()
    wall, cpu = time.perf_counter() - wall, _own_cpu() - cpu
    return Sample(rate=number / wall, web_us=cpu / number * 1e6)


def _own_cpu() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def table(room: Room) -> list[str]:
    """The room as Markdown."""
    lines = [f"## {room.title}", "", room.what, ""]
    lines += [
        f"| measured | {room.unit} a second | web µs | PostgreSQL µs | client µs | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, samples in room.turns.items():
        cells = [_middle(samples, key) for key in _COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if room.ratios:
        lines += [
            "",
            "| ratio | by | median | lowest to highest | bar | |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
    for ratio in room.ratios:
        values = ratio.values(room.turns)
        middle = statistics.median(values)
        bar = "" if ratio.bar is None else f"{'≤' if ratio.by in _LESS_IS_BETTER else '≥'} {ratio.bar:g}"
        verdict = {None: "", True: "met", False: "**missed**"}[ratio.met(middle)]
        lines.append(
            f"| {ratio.name} | {ratio.by} | {middle:.2f} | {min(values):.2f} to {max(values):.2f} | {bar} | {verdict} |"
        )
    if room.notes:
        lines += ["", *(f"- {note}" for note in room.notes)]
    return [*lines, ""]


_COLUMNS: tuple[Callable[[Sample], float | None], ...] = (
    lambda s: s.rate,
    lambda s: s.web_us,
    lambda s: s.db_us or None,
    lambda s: s.client_us or None,
    lambda s: s.p50_ms,
    lambda s: s.p99_ms,
)


def _middle(samples: Sequence[Sample], key: Callable[[Sample], float | None]) -> str:
    values = [value for value in map(key, samples) if value is not None]
    if not values:
        return ""
    middle = statistics.median(values)
    return f"{middle:,.0f}" if middle >= 100 else f"{middle:,.1f}" if middle >= 10 else f"{middle:,.2f}"
