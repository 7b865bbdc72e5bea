"""Other people's marks on the same material, by the same attacks and figures.

They run in an environment of their own (``var/bench/peers``), made from requirements/peers.txt at the first use, behind
a process that speaks JSON lines (``peers_worker.py``): their packages want other versions of ours. What cannot be
installed is written down as that.

- ``invisible-watermark``: dwtDctSvd (64 bits), rivaGan (32 bits); blind-watermark (64 bits): on stills; dwtDctSvd on
  one film too, frame by frame, read from sixteen frames by majority.
- ``resemble-perth``: on sound; it says "marked" or not and carries no payload.
- ``audiowmark`` has no package on the registries that are reached here; where the program is on the PATH it is measured.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.marks.attacks_pixels import FILM_ATTACKS, Attack
from bench.marks.attacks_sound import SOUND_ATTACKS, SoundAttack
from bench.marks.attacks_stills import STILL_ATTACKS
from bench.marks.ffmpeg import AttackFailed
from bench.marks.material import Material
from bench.marks.quality_pixels import film_quality, still_quality
from bench.marks.quality_sound import sound_quality
from bench.marks.results import FOLDER, ROOT
from bench.marks.run import Run, plain_film, say
from bench.marks.sounds import plain_sound
from bench.marks.stills import plain_still

ROOM = "peers"
_HOME = FOLDER.parent / "peers"
_LOCK = ROOT / "requirements" / "peers.txt"
_TORCH = ROOT / "requirements" / "torch.txt"
_STILL_PEERS = {"invisible-watermark dwtDctSvd": 64, "invisible-watermark rivaGan": 32, "blind-watermark": 64}
_FILM_ROWS = (
    "none",
    "H.264 CRF 23",
    "H.264 CRF 28",
    "half size",
    "crop to 80 %",
    "rotation 2 deg",
    "noise of 8 levels",
)
_LIMIT = 4


class PeerMissing(RuntimeError):
    """It could not be installed, or does not start."""


@dataclass
class Peer:
    """A mark of somebody else, asked by lines of JSON."""

    name: str
    nbits: int
    process: subprocess.Popen[str] = field(repr=False)

    def embed(self, source: Path, target: Path) -> None:
        self._ask({"do": "embed", "peer": self.name, "source": str(source), "target": str(target)})

    def reads(self, path: Path) -> dict[str, Any]:
        """``right``: the payload came back whole; ``claims``: it says that there is a mark."""
        return self._ask({"do": "detect", "peer": self.name, "source": str(path)})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise PeerMissing(f"{self.name} ended")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise AttackFailed(f"{self.name}: {answer['failed']}")
        return answer


def peer_room(run: Run) -> None:
    """Mark, attack and read with every peer that can be had."""
    if run.part[0] or run.ci:
        return
    try:
        python = environment()
    except PeerMissing as missing:
        why = str(missing)
        run.measure(ROOM, "", "environment of the peers", lambda: {"failed": why})
        return
    run.measure(ROOM, "", "audiowmark", _audiowmark)
    stills = list(run.of("still"))[:_LIMIT]
    films = [item for item in run.of("film") if item.group == "main"][:1]
    sounds = list(run.of("sound"))[:_LIMIT]
    with worker(python) as process, run.folder("peers") as folder:
        for name, nbits in _STILL_PEERS.items():
            _measure(run, Peer(name, nbits, process), stills, STILL_ATTACKS, folder)
        chosen = [attack for attack in FILM_ATTACKS if attack.name in _FILM_ROWS]
        _measure(run, Peer("invisible-watermark dwtDctSvd, film", 64, process), films, chosen, folder)
        twelve = [attack for attack in SOUND_ATTACKS if attack.grade in {"12 s", "12 s hard"}]
        _measure(run, Peer("resemble-perth", 0, process), sounds, twelve, folder)


def _audiowmark() -> dict[str, Any]:
    if shutil.which("audiowmark") is None:
        return {"failed": "not on the PATH; no package of it on the registries that are reached here"}
    return {"failed": "found, but this bench does not drive it yet"}


def _measure(
    run: Run,
    peer: Peer,
    items: Sequence[Material],
    attacks: Sequence[Attack] | Sequence[SoundAttack],
    folder: Path,
) -> None:
    for item in items:
        names = ["quality", "unmarked", *(attack.name for attack in attacks)]
        if any(run.wants(ROOM, item.name, f"{peer.name}: {name}") for name in names):
            _rows(run, peer, item, attacks, folder)


def _rows(
    run: Run, peer: Peer, item: Material, attacks: Sequence[Attack] | Sequence[SoundAttack], folder: Path
) -> None:
    plain = _plain(item, folder)
    marked = folder / f"peer-marked{plain.suffix}"

    def row(name: str, work: Callable[[], dict[str, Any]]) -> None:
        run.measure(ROOM, item.name, f"{peer.name}: {name}", work)

    def cell(path: Path, attack: str, grade: str) -> dict[str, Any]:
        told = {"peer": peer.name, "nbits": peer.nbits, "attack": attack, "grade": grade}
        return {**told, **peer.reads(path)}

    try:
        peer.embed(plain, marked)
    except AttackFailed as error:
        why = str(error)[-300:]
        row("quality", lambda: {"failed": why})
        return
    row("quality", lambda: {"peer": peer.name, "quality": _quality(item, plain, marked)})
    row("unmarked", lambda: cell(plain, "unmarked", "absent"))
    for attack in attacks:
        row(attack.name, lambda a=attack: cell(a.make(marked, folder), a.name, a.grade))


def _plain(item: Material, folder: Path) -> Path:
    makers = {"film": plain_film, "still": plain_still, "sound": plain_sound}
    return makers[item.kind](item, folder)


def _quality(item: Material, plain: Path, marked: Path) -> str:
    if item.kind == "sound":
        heard = sound_quality(plain, marked)
        return f"SNR {heard.snr_db:.1f} dB, PESQ-WB {heard.pesq_wb or 0:.2f}, MOS {heard.zimtohrli_mos:.3f}"
    seen = film_quality(plain, marked, vmaf=False) if item.kind == "film" else still_quality(plain, marked)
    return f"luma {seen.luma_psnr_db:.1f} dB, SSIM {seen.ssim:.3f}, RGB {seen.rgb_psnr_db:.1f} dB"


def environment() -> Path:
    """Return the interpreter of the peers' environment, made if need be.

    Raises:
        PeerMissing: it cannot be made.
    """
    python = _HOME / "bin" / "python"
    stamp = _HOME / _LOCK.name
    if stamp.exists() and stamp.read_bytes() == _LOCK.read_bytes():
        return python
    say("making the environment of the peers")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(_HOME)],
        [*pip, "--requirement", str(_TORCH)],
        [*pip, "--no-deps", "--require-hashes", "--requirement", str(_LOCK)],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerMissing(f"{' '.join(step[1:4])}: {done.stderr.strip()[-300:]}")
    # torchaudio's own library wants CUDA; Perth uses its transforms alone, which are plain torch
    for library in (_HOME / "lib").glob("python3*/site-packages/torchaudio/lib/*.so"):
        library.unlink()
    stamp.write_bytes(_LOCK.read_bytes())
    return python


@contextmanager
def worker(python: Path) -> Iterator[subprocess.Popen[str]]:
    """The process that holds the peers."""
    script = Path(__file__).with_name("peers_worker.py")
    command = [str(python), "-W", "ignore", str(script)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait(timeout=30)
