"""What every room is given: the material, where results go, and which cells are wanted."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.marks.attacks_pixels import Attack, prepared
from bench.marks.attacks_sound import SoundAttack
from bench.marks.ffmpeg import AttackFailed
from bench.marks.material import Kind, Material
from bench.marks.reading import KEY, MARK_ID, Layer, read_cell
from bench.marks.results import Results
from watermarking.engine import embed_file

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

    def attack(
        self, room: str, item: Material, marked: Path, attacks: Sequence[One], layer: Layer, folder: Path
    ) -> None:
        """Attack ``marked`` in every way, and read what comes out."""
        for attack in attacks:

            def work(attack: One = attack) -> dict[str, Any]:
                changed = attack.make(marked, folder)
                cell = read_cell(changed, layer, registered=self.registered)
                return {
                    **cell.figures(),
                    "grade": attack.grade,
                    "group": item.group,
                    "bytes": changed.stat().st_size,
                }

            self.measure(room, item.name, attack.name, work)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def plain_film(item: Material, folder: Path) -> Path:
    """The cut, without loss: what the owner of the film has."""
    return prepared(
        item.path, folder / "plain.mkv", first=item.first, seconds=item.seconds, filters=item.filters
    )


def marked_copy(plain: Path, target: Path, *, lossless: bool = False) -> Path:
    """``plain`` marked as a release marks it."""
    embed_file(plain, target, mark_id=MARK_ID, key=KEY, lossless=lossless)
    return target
