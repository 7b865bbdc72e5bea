"""What every room is given: the material, where results go, and which cells are wanted."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.marks.attacks_pixels import Attack, prepared
from bench.marks.attacks_sound import SoundAttack
from bench.marks.ffmpeg import AttackFailed
from bench.marks.material import Kind, Material
from bench.marks.reading import KEY, MARK_ID, Layer, read_cell
from bench.marks.results import Results
from watermarking.engine import embed_file

PLAIN_FILM = "plain.mkv"
One = TypeVar("One", Attack, SoundAttack)


@dataclass(frozen=True)
class Run:
    """``only``: a pattern that names of materials or rows must match; ``part``: (which, of how many) processes."""

    results: Results
    material: Sequence[Material]
    work: Path
    registered: int
    trials: int
    only: str = ""
    ci: bool = False
    part: tuple[int, int] = (0, 1)

    def of(self, kind: Kind) -> Iterator[Material]:
        """The materials of one kind that fall to this process."""
        wanted = [item for item in self.material if item.kind == kind and (item.ci or not self.ci)]
        for number, item in enumerate(wanted):
            if number % self.part[1] == self.part[0]:
                yield item

    def wants(self, room: str, material: str, name: str) -> bool:
        """Whether a cell is asked for and was not measured yet."""
        asked = not self.only or re.search(self.only, f"{room}/{material}/{name}")
        return bool(asked) and not self.results.has(room, material, name)

    def chosen(self, attacks: Sequence[One], names: Sequence[str]) -> Sequence[One]:
        """All attacks, or those of the five-minute subset."""
        return [attack for attack in attacks if attack.name in names] if self.ci else attacks

    def measure(self, room: str, material: str, name: str, work: Callable[[], dict[str, Any]]) -> None:
        """Measure one row unless it is there; what fails is written down as failed, and the run goes on."""
        if not self.wants(room, material, name):
            return
        began = time.monotonic()
        try:
            figures = work()
        except (AttackFailed, ValueError, OSError, RuntimeError) as error:
            figures = {"failed": f"{type(error).__name__}: {error}"[-400:]}
        self.results.add(room, material, name, **figures)
        told = figures.get("letter") or figures.get("failed") or ""
        say(f"{room}: {material}: {name}: {told} {figures.get('z', '')} ({time.monotonic() - began:.1f} s)")

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """A scratch folder of this process, removed afterwards."""
        path = self.work / f"{name}-{self.part[0]}"
        path.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def attacked(
        self, item: Material, marked: Path, attack: Attack | SoundAttack, layer: Layer, folder: Path
    ) -> dict[str, Any]:
        """Attack ``marked`` in one way, and read what comes out."""
        changed = attack.make(marked, folder)
        cell = read_cell(changed, layer, registered=self.registered)
        return {
            **cell.figures(),
            "grade": attack.grade,
            "group": item.group,
            "bytes": changed.stat().st_size,
        }

    def absent(self, path: Path, layer: Layer, *, key: bytes = KEY) -> dict[str, Any]:
        """Read what must not be found in ``path``."""
        began = time.perf_counter()
        cell = read_cell(path, layer, registered=self.registered, key=key, marked=False)
        return {**cell.figures(), "grade": "absent", "whole_seconds": time.perf_counter() - began}

    def everything(self, kind: Kind, room: Room) -> None:
        """Measure every cell of every material of one kind, one after the other."""
        for item in self.of(kind):
            if not any(
                self.wants(room.name, item.name, cell.name) for cell in room.cells(self, item, Path())
            ):
                continue
            with self.folder(kind) as folder:
                room.prepare(item, folder)
                for cell in room.cells(self, item, folder):
                    self.measure(room.name, item.name, cell.name, partial(cell.work, folder))


@dataclass(frozen=True)
class Cell:
    """One row of one material: ``work`` is given a scratch folder; the less its ``worth``, the later it may come."""

    name: str
    work: Callable[[Path], dict[str, Any]]
    worth: int = 5


@dataclass(frozen=True)
class Room:
    """``prepare(item, home)`` cuts and marks into a folder; ``cells(run, item, home)`` are what is measured there."""

    name: str
    prepare: Callable[[Material, Path], None]
    cells: Callable[[Run, Material, Path], Sequence[Cell]]


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def plain_film(item: Material, folder: Path) -> Path:
    """The cut, without loss: what the owner of the film has."""
    return prepared(
        item.path, folder / PLAIN_FILM, first=item.first, seconds=item.seconds, filters=item.filters
    )


def marked_copy(plain: Path, target: Path, *, lossless: bool = False) -> Path:
    """``plain`` marked as a release marks it."""
    embed_file(plain, target, mark_id=MARK_ID, key=KEY, lossless=lossless)
    return target
