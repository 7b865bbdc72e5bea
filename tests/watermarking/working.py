"""A short film with many key frames, jobs about it, and workers of media queues as real processes."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import numpy as np
import psutil
from av.audio.frame import AudioFrame
from django.conf import settings

from accounts.models import Organisation
from tests.processes import environment_of_this_test
from tests.watermarking import media
from watermarking import engine, services
from watermarking.models import MarkRegistration, MediaJob
from watermarking.work.jobs import ask_job

STRETCHES, SECONDS = 4, 1.5
FRAMES = round(media.RATE * SECONDS * STRETCHES)
_FIRST = 264


def write_work_film(clip: Path, target: Path, *, size: tuple[int, int] = (480, 270)) -> Path:
    """Six seconds of the clip, a key frame each half second: four stretches."""
    frames = FRAMES
    pictures = itertools.islice(media.pictures_of(clip), _FIRST, _FIRST + frames)
    sound, rate = media.sound_of(clip)
    start, stop = (round(n / media.RATE * rate) for n in (_FIRST, _FIRST + frames))
    with av.open(str(target), "w") as container:
        video = container.add_stream(
            "libx264", rate=media.RATE, options={"crf": "16", "g": str(media.RATE // 2), "preset": "veryfast"}
        )
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=rate, layout="stereo")
        for index, frame in enumerate(pictures):
            plain = frame.reformat(width=size[0], height=size[1], format="yuv420p", interpolation="BICUBIC")
            plain.pts, plain.time_base, plain.pict_type = index, Fraction(1, media.RATE), 0
            container.mux(video.encode(plain))
        container.mux(video.encode(None))
        piece = np.ascontiguousarray(sound[:, start:stop])
        heard = AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        heard.rate, heard.pts, heard.time_base = rate, 0, Fraction(1, rate)
        container.mux(audio.encode(heard))
        container.mux(audio.encode(None))
    return target


def write_tone(target: Path) -> Path:
    """Twelve seconds of a melody at 16 kHz."""
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes((media.melody(12.0, 16_000, seed=3)[0] * 32767).astype(np.int16).tobytes())
    return target


def registered(*readers: Organisation, vendors: Iterable[Organisation] = ()) -> MarkRegistration:
    """A mark of the first organisation, which all of them may be told of."""
    return services.register_mark(
        production_id=uuid4(),
        token_jtis=[uuid4()],
        asset_id=None,
        registered_by=readers[0].pk,
        vendor_ids=[one.pk for one in vendors],
        visible_to=[one.pk for one in readers],
    )


def asked(organisation: Organisation, film: Path, **further: Any) -> MediaJob:
    """A job of the organisation that waits for its turn."""
    plan = engine.plan_file(film, stretch_seconds=SECONDS)
    return ask_job(
        organisation_id=organisation.pk,
        registration=registered(organisation),
        path=film,
        plan=plan,
        file_name=film.name,
        **further,
    )


@dataclass
class MediaWorker:
    """A Celery worker of ``media.cpu`` and ``default`` beside the test, on its database and its files."""

    popen: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """All its processes at once, as when the machine loses its power."""
        for one in [*psutil.Process(self.popen.pid).children(recursive=True), psutil.Process(self.popen.pid)]:
            one.kill()
        self.popen.wait(20)

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def start_media_worker(folder: Path, broker_url: str, name: str, *, secret: str) -> MediaWorker:
    log = folder / f"{name}.log"
    env = environment_of_this_test() | {
        "BROKER_URL": broker_url,
        "STORAGE_URL": f"file://{folder / 'storage'}",
        "TRUSTMARK_VAR": str(folder / "var"),
        "TRUSTMARK_MARK_KEY": secret,
        "TRUSTMARK_MEDIA_LANES": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    command = [
        sys.executable, "-m", "celery", "-A", "trustmark", "--quiet", "worker", "--queues", "media.cpu,default",
        "--concurrency", "1", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "-n", f"{name}@%h",
    ]  # fmt: skip
    with log.open("wb") as out:
        popen = subprocess.Popen(
            command,
            env=env,
            cwd=settings.BASE_DIR,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return MediaWorker(popen, log)


def until(holds: Callable[[], Any], said: Callable[[], str], seconds: float = 90.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, said()
        time.sleep(0.02)
