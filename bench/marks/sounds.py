"""The sounds' room: quality of the marked sound, every attack, and what must not be found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.marks.attacks_sound import SOUND_ATTACKS
from bench.marks.ffmpeg import convert
from bench.marks.films import BEFORE, OTHER, UNMARKED
from bench.marks.material import Material
from bench.marks.quality_sound import sound_quality
from bench.marks.reading import OTHER_KEY, read_cell
from bench.marks.run import Run, marked_copy

ROOM = "sounds"
_CI = (
    "none", "MP3 64", "AAC 64", "Opus 24", "8 kHz", "tempo 1.05", "speed 0.95", "pitch + 1 semitone", "reverb 0.4 s",
    "5 s of it", "noise 20 dB", "music at 0 dB", "any 5 s (23%)", "any 5 s (23%), noise 20 dB",
)  # fmt: skip


def sound_room(run: Run) -> None:
    """Measure every sound."""
    attacks = run.chosen(SOUND_ATTACKS, _CI)
    names = [BEFORE, UNMARKED, OTHER, *(attack.name for attack in attacks)]
    for item in run.of("sound"):
        if not any(run.wants(ROOM, item.name, name) for name in names):
            continue
        with run.folder("sound") as folder:
            plain = plain_sound(item, folder)
            marked = marked_copy(plain, folder / "marked.wav")
            run.measure(ROOM, item.name, BEFORE, lambda p=plain, m=marked: asdict(sound_quality(p, m)))
            run.attack(ROOM, item, marked, attacks, "audio", folder)
            absent = ((UNMARKED, plain, {}), (OTHER, marked, {"key": OTHER_KEY}))
            for name, path, key in absent:
                run.measure(ROOM, item.name, name, lambda p=path, k=key: _absent(run, p, k))


def plain_sound(item: Material, folder: Path) -> Path:
    """The cut as 16 bit WAV at its own rate and layout."""
    cut = ("-ss", f"{item.first:g}", "-t", f"{item.seconds:g}")
    return convert(
        item.path, folder / "plain.wav", ("-vn", "-map_metadata", "-1", "-c:a", "pcm_s16le"), before=cut
    )


def _absent(run: Run, path: Path, key: dict[str, bytes]) -> dict[str, Any]:
    cell = read_cell(path, "audio", registered=run.registered, marked=False, **key)
    return {**cell.figures(), "grade": "absent"}
