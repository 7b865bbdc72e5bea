"""Near duplicates among 100,000 fingerprints a kind: which copies are known again, and what is taken for one and is none.

python bench/near_duplicates.py                   # a tenth of the bar's fingerprints
python bench/near_duplicates.py --fingerprints 100000 --clips ../shared/media

Originals: the film and the stills that are shipped or handed over with ``--clips``, and sounds, pictures and texts made from
seeds. Each is kept as the product keeps it, among synthetic fingerprints (256 random bits; for texts, sketches of other
made-up texts). Copies: coded again (JPEG 40, WebP; MP3 64, AAC 32, Opus 12 kbit/s; capitals, line breaks, dashes), half the size
(pixels, sampling rate), and half the length at either end (sounds, texts). Pictures are not trimmed: PDQ does not
know a picture again of which half is gone; of a film that is trimmed, the frames are whole.

Asked as the product asks: ``nearest`` and ``nearest_text``, over PostgreSQL. A copy counts as found where its own original is
named. Strangers, made from other seeds, are asked beside them: any answer to one is wrong, and so is another original.

Bars: recall >= 0.99, precision >= 0.99. Rows go into a house of their own in a test database and are rolled back.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

RATE = 16_000
Found = tuple[str, str, bool, float]
"""Kind, which copy, whether its own original was named, seconds of the search."""


def main() -> int:
    """Keep, ask, print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fingerprints", type=int, default=10_000, help="synthetic ones, of each kind")
    parser.add_argument(
        "--made", type=int, default=12, help="originals of each kind that are made from seeds"
    )
    parser.add_argument("--strangers", type=int, default=12, help="of each kind")
    parser.add_argument("--clips", type=Path, help="a folder of further clips")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from django.db import transaction

    with transaction.atomic():
        passed = _run(asked)
        transaction.set_rollback(True)
    return 0 if passed else 1


def _run(asked: argparse.Namespace) -> bool:
    from tests.training.making import House

    house = House()
    passed = True
    for kind, originals, copies, keep, search, fill in _kinds(asked, house):
        fill(asked.fingerprints)
        kept = {name: keep(one) for name, one in originals}
        rows: list[tuple[str, bool, float]] = []
        wrong = 0
        for name, one in originals:
            for how, copy in copies(one):
                begun = time.perf_counter()
                like = search(copy)
                took = time.perf_counter() - begun
                rows.append((how, like == kept[name], took))
                wrong += like not in (None, kept[name])
        strangers = [search(one) for one in _strangers(kind, asked.strangers)]
        wrong += sum(like is not None for like in strangers)
        right = sum(is_right for _how, is_right, _took in rows)
        recall, precision = right / len(rows), right / max(right + wrong, 1)
        passed = passed and recall >= 0.99 and precision >= 0.99
        took = statistics.median(one for _how, _right, one in rows) * 1e3
        print(
            f"{kind:8} {asked.fingerprints:,} others: recall {recall:.3f} of {len(rows)} copies, precision {precision:.3f}"
            f" ({wrong} wrong, {len(strangers)} strangers), search {took:.0f} ms (median)"
        )  # fmt: skip
        for how in dict.fromkeys(how for how, _right, _took in rows):
            some = [is_right for word, is_right, _took in rows if word == how]
            print(f"    {how:24} {sum(some)} of {len(some)}")
    return passed


Kind = tuple[str, list[tuple[str, Any]], Callable[[Any], Iterator[tuple[str, Any]]], Callable[[Any], Any],
             Callable[[Any], Any], Callable[[int], None]]  # fmt: skip


def _kinds(asked: argparse.Namespace, house: Any) -> Iterator[Kind]:
    from training import prints, textprints
    from training.models import Fingerprint, TextSketch

    own, other = house.organisation.pk, house.admit().pk
    rng = np.random.default_rng(0)

    def nearest(many: list[prints.Print]) -> Any:
        like = prints.nearest(own, many)
        return like and like.asset_id

    def keep(many: list[prints.Print]) -> Any:
        asset = house.admit().pk
        prints.keep_prints(own, asset, many)
        return asset

    def filler(of: str) -> Callable[[int], None]:
        def fill(number: int) -> None:
            Fingerprint.objects.bulk_create(
                [Fingerprint(organisation_id=own, asset_id=other, quality=100, of=of, bits=rng.bytes(32)) for _ in range(number)],
                batch_size=5_000,
            )  # fmt: skip

        return fill

    def fill_texts(number: int) -> None:
        source = house.licensed_source()
        like = house.admit(source)
        from training.models import TrainingAsset

        ids = []
        for begun in range(0, number, 5_000):
            many = [_asset_like(like, begun + at) for at in range(min(5_000, number - begun))]
            TrainingAsset.objects.bulk_create(many)
            ids += [one.pk for one in many]
        hashes = rng.integers(-(2**63), -(2**63) + 2**62, (number, 40))
        TextSketch.objects.bulk_create(
            [TextSketch(organisation_id=own, asset_id=ids[at], scale=4, hashes=np.unique(hashes[at]).tolist()) for at in range(number)],
            batch_size=5_000,
        )  # fmt: skip

    def keep_text(text: str) -> Any:
        asset = house.admit().pk
        textprints.keep_sketch(own, asset, textprints.sketch_of_text(text))
        return asset

    def nearest_text(text: str) -> Any:
        like = textprints.nearest_text(own, textprints.sketch_of_text(text))
        return like and like.asset_id

    yield (
        "PICTURE", _pictures(asked), _picture_copies, lambda one: keep([prints.print_of(one)]),
        lambda one: nearest([prints.print_of(one)]), filler("PICTURE"),
    )  # fmt: skip
    yield (
        "SOUND", _sounds(asked), _sound_copies, lambda one: keep(prints.prints_of_sound(_numbers(one))),
        lambda one: nearest(prints.bursts_of_sound(_numbers(one))), filler("SOUND"),
    )  # fmt: skip
    yield "TEXT", _texts(asked), _text_copies, keep_text, nearest_text, fill_texts


def _asset_like(asset: Any, number: int) -> Any:
    from common.ids import new_id
    from training.models import LineageNode, TrainingAsset

    values = {f.attname: getattr(asset, f.attname) for f in TrainingAsset._meta.concrete_fields}
    identity = new_id()
    node = LineageNode.objects.create(organisation_id=asset.organisation_id, kind="ASSET", ref=identity)
    return TrainingAsset(**{**values, "id": identity, "external_id": f"filler-{number}", "node_id": node.pk,
                            "sha256": f"{number:064x}"})  # fmt: skip


def _pictures(asked: argparse.Namespace) -> list[tuple[str, Any]]:
    from PIL import Image

    from tests.training.making import picture

    found = [
        (f"made {n}", Image.open(io.BytesIO(picture(n, (640, 480)))).convert("RGB"))
        for n in range(asked.made)
    ]
    if asked.clips:
        stills = [*asked.clips.glob("*.png"), *asked.clips.glob("*.jpg")]
        found += [(one.name, Image.open(one).convert("RGB")) for one in sorted(stills)]
    return found


def _picture_copies(picture: Any) -> Iterator[tuple[str, Any]]:
    from PIL import Image

    def coded(one: Any, form: str, quality: int) -> Any:
        out = io.BytesIO()
        one.save(out, form, quality=quality)
        return Image.open(out).convert("RGB")

    half = picture.resize((picture.width // 2, picture.height // 2))
    yield "JPEG 40", coded(picture, "JPEG", 40)
    yield "WebP 60", coded(picture, "WEBP", 60)
    yield "half the size", half
    yield "half the size, JPEG 40", coded(half, "JPEG", 40)


def _sounds(asked: argparse.Namespace) -> list[tuple[str, bytes]]:
    found = [(f"made {n}", _melody(n)) for n in range(asked.made)]
    film = ROOT / "trustmark/demo/media/big_buck_bunny_trailer_720p.mp4"
    clips = sorted(asked.clips.glob("*.ogg")) if asked.clips else []
    clips += [asked.clips / "face_480_33s.mp4"] if asked.clips else []
    return found + [(one.name, _ffmpeg(one.read_bytes(), form="wav")) for one in [film, *clips]]


def _melody(seed: int) -> bytes:
    """20 s of notes of two voices over some noise, as WAV."""
    import soundfile

    rng = np.random.default_rng(seed)
    length = 20 * RATE
    sound = rng.normal(0, 0.01, length)
    for level in (0.3, 0.2):
        cuts = np.sort(rng.integers(0, length, 60))
        notes = 110 * 2 ** (rng.integers(0, 48, 61) / 12)
        sound += level * np.sin(np.cumsum(2 * np.pi * np.repeat(notes, np.diff([0, *cuts, length])) / RATE))
    out = io.BytesIO()
    soundfile.write(out, sound, RATE, format="WAV")
    return out.getvalue()


def _sound_copies(sound: bytes) -> Iterator[tuple[str, bytes]]:
    from training.soundprints import SECONDS_EACH

    half = f"{(len(_numbers(sound)) + 19) * SECONDS_EACH / 2 + 0.037:.3f}"
    is_short = float(half) < 5.5
    for name, how, form in (
        ("MP3 64", ("-ac", "1", "-b:a", "64k"), "mp3"),
        ("AAC 32", ("-ac", "1", "-c:a", "aac", "-b:a", "32k"), "adts"),
        ("Opus 12", ("-c:a", "libopus", "-b:a", "12k"), "ogg"),
        ("half the rate", ("-ar", "8000", "-ac", "1"), "wav"),
    ):
        yield name, _ffmpeg(sound, *how, form=form)
        if not is_short:  # below 5.5 s nothing is claimed
            yield f"first half, {name}", _ffmpeg(sound, "-t", half, *how, form=form)
            yield f"second half, {name}", _ffmpeg(sound, "-ss", half, *how, form=form)


def _ffmpeg(data: bytes, *how: str, form: str) -> bytes:
    import imageio_ffmpeg  # type: ignore[import-untyped]

    with tempfile.NamedTemporaryFile(prefix="bench-") as file:  # an MP4 is not read from a pipe
        file.write(data)
        file.flush()
        asked = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-i",
            file.name,
            "-vn",
            *how,
            "-f",
            form,
            "-",
        ]
        return subprocess.run(asked, check=True, capture_output=True).stdout


def _numbers(data: bytes) -> Any:
    import av

    from training.soundprints import chromaprint, sound_of

    with av.open(io.BytesIO(data)) as sound:
        return chromaprint(sound_of(sound))


def _texts(asked: argparse.Namespace) -> list[tuple[str, str]]:
    return [(f"made {n}", _essay(n, 200 * (1 + n % 20))) for n in range(4 * asked.made)]


def _essay(seed: int, words: int) -> str:
    chance = random.Random(seed)
    names = [
        "".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(2, 9))) for _ in range(words // 2)
    ]
    spoken = [chance.choice(names) for _ in range(words)]
    return "\n\n".join(" ".join(spoken[at : at + 12]).capitalize() + "." for at in range(0, words, 12))


def _text_copies(text: str) -> Iterator[tuple[str, str]]:
    words = text.split()
    half = len(words) // 2
    yield "capitals", text.upper()
    yield "another layout", " ".join(words).replace(".", " –")
    yield "first half", " ".join(words[:half])
    yield "second half", " ".join(words[half:])


def _strangers(kind: str, number: int) -> list[Any]:
    from PIL import Image

    from tests.training.making import picture

    seeds = range(50_000, 50_000 + number)
    if kind == "PICTURE":
        return [Image.open(io.BytesIO(picture(one, (640, 480)))).convert("RGB") for one in seeds]
    return [_melody(one) if kind == "SOUND" else _essay(one, 400) for one in seeds]


if __name__ == "__main__":
    sys.exit(main())
