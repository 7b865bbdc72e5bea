"""The sounds' room: quality of the marked sound, every attack, and what must not be found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from bench.marks.attacks_sound import SOUND_ATTACKS
from bench.marks.ffmpeg import convert
from bench.marks.films import BEFORE, OTHER, UNMARKED
from bench.marks.material import Material
from bench.marks.quality_sound import sound_quality
from bench.marks.reading import OTHER_KEY
from bench.marks.run import Cell, Room, Run, marked_copy

ROOM = "sounds"
_PLAIN, _MARKED = "plain.wav", "marked.wav"
_CI = (
    "none", "MP3 64", "AAC 64", "Opus 24", "8 kHz", "tempo 1.05", "speed 0.95", "pitch + 1 semitone", "reverb 0.4 s",
    "5 s of it", "noise 20 dB", "music at 0 dB", "any 5 s (23%)", "any 5 s (23%), noise 20 dB",
)  # fmt: skip


def prepare_sound(item: Material, home: Path) -> None:
    """Cut the sound and mark it."""
    marked_copy(plain_sound(item, home), home / _MARKED)


def sound_cells(run: Run, item: Material, home: Path) -> list[Cell]:
    """Every attack, what must not be found, and quality."""
    marked, plain = home / _MARKED, home / _PLAIN
    cells = [
        Cell(
            attack.name,
            lambda scratch, attack=attack: run.attacked(item, marked, attack, "audio", scratch),
            2 if attack.grade == "beyond" else 6,
        )
        for attack in run.chosen(SOUND_ATTACKS, _CI)
    ]
    cells.append(Cell(BEFORE, lambda scratch: asdict(sound_quality(plain, marked)), 7))
    cells.append(Cell(UNMARKED, lambda scratch: run.absent(plain, "audio"), 4))
    cells.append(Cell(OTHER, lambda scratch: run.absent(marked, "audio", key=OTHER_KEY), 4))
    return cells


SOUNDS = Room(ROOM, prepare_sound, sound_cells)


def sound_room(run: Run) -> None:
    """Measure every sound."""
    run.everything("sound", SOUNDS)


def plain_sound(item: Material, folder: Path) -> Path:
    """The cut as 16 bit WAV at its own rate and layout."""
    cut = ("-ss", f"{item.first:g}", "-t", f"{item.seconds:g}")
    return convert(
        item.path, folder / _PLAIN, ("-vn", "-map_metadata", "-1", "-c:a", "pcm_s16le"), before=cut
    )
