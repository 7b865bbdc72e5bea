"""What the gate costs a farm in wall time: two workers, 1,000 frames of 10 ms, a check for each block of 25.

python bench/farm_overhead.py            # five rounds of each, interleaved; some two minutes
python bench/farm_overhead.py --quick    # one round of 200 frames
python bench/farm_overhead.py --realtime # farm and servers before everything else that the machine does (needs root)

A worker is a process with a frame loop of its own: each frame is 10 ms of work and one PNG written. Without us it
loops over its numbers; with us over a ``FrameLoop`` at a deployment of its own on this machine (PostgreSQL with fsync
on, the web server as the launcher starts it): leave for each block, a heartbeat, both hashes of each frame, and a
receipt that the server has acknowledged before the loop is left. The clock runs from the moment both workers have
loaded what they need until the last of them is done, by its own word (the clock is the machine's; a process that ends
is in the way of the one that waits for it). What loading our client takes is said apart: a renderer starts
once and renders many frames.

Work is done twice: ``wait`` sleeps, as a loop does whose renderer works elsewhere (a GPU, another process), so the
processors are free for the server; ``burn`` computes in native code, as a CPU renderer does, and on a machine with no
more cores than workers the server's own work is then taken from theirs. So what each part used of the processors is
counted apart: the client's per frame (mostly the decoding of its picture, which the pixel hash needs), the web server's
and the database's. A round is a pair, with us and without; the ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

BAR = 1.03
KINDS = ("wait", "burn")


def worker(given: dict[str, Any]) -> None:
    """In a child: load, say so, wait for the word, render, and say how it went."""
    begun = time.perf_counter()
    frames = _gated(given) if given["gated"] else _plain(given)
    with frames as render_all:
        print(json.dumps({"loaded": time.perf_counter() - begun}), flush=True)
        sys.stdin.readline()
        before = time.process_time()
        accepted = render_all()
        spent, done_at = time.process_time() - before, time.monotonic()
    print(json.dumps({"accepted": accepted, "cpu": spent, "done_at": done_at}), flush=True)


@contextmanager
def _plain(given: dict[str, Any]) -> Iterator[Callable[[], int]]:
    render = _renderer(given)

    def render_all() -> int:
        for number in range(given["first"], given["last"] + 1):
            render(number)
        return 0

    yield render_all


@contextmanager
def _gated(given: dict[str, Any]) -> Iterator[Callable[[], int]]:
    from trustmark_client import Ask, FrameLoop, ProofKey, TrustmarkClient
    from trustmark_client.pixels import load_decoders

    load_decoders()
    render = _renderer(given)
    with TrustmarkClient(given["server"], given["key"], ProofKey.read(Path(given["proof"]))) as client:

        def render_all() -> int:
            ask = Ask(**given["ask"])
            outbox = Path(given["outbox"])
            with FrameLoop(client, ask, given["first"], given["last"], outbox=outbox) as frames:
                for number in frames:
                    frames.wrote(number, render(number))
            return frames.counts.accepted

        yield render_all


def _renderer(given: dict[str, Any]) -> Callable[[int], Path]:
    """A frame: so much work, and one picture on disk."""
    folder, seconds = Path(given["frames"]), given["seconds"]
    picture = Path(given["picture"]).read_bytes()
    block, rounds = bytes(1 << 16), given["rounds"]

    def render(number: int) -> Path:
        if given["kind"] == "wait":
            time.sleep(seconds)
        else:
            for _ in range(rounds):
                hashlib.sha256(block).digest()
        path = folder / f"frame.{number:05d}.png"
        path.write_bytes(picture)
        return path

    return render


def rounds_for(seconds: float) -> int:
    """How many rounds of hashing take so long here, on a quiet core."""
    block = bytes(1 << 16)
    best = min(_timed(lambda: [hashlib.sha256(block).digest() for _ in range(50)]) for _ in range(20))
    return max(1, round(seconds / best * 50))


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Turn:
    """One farm's run: seconds from the word until the last is done, the most that one took to load, receipts accepted.

    ``cpu`` is what the workers used of the processors from the word on, ``web`` and ``db`` what the server used
    meanwhile; a machine that others use too has little to say of the first and is right about these.
    """

    passed: float
    loaded: float
    accepted: int
    cpu: float
    web: float = 0.0
    db: float = 0.0


def put_first(house: Any) -> None:
    """Schedule this process, all it starts and the house's servers in real time (Linux ``SCHED_RR``).

    On a machine that others use too, what they do is then no part of the wall time; caches and memory stay shared.

    Raises:
        PermissionError: whoever runs this may not.
    """
    parameters = os.sched_param(1)
    roots = (os.getpid(), house.web.child.pid, house.postgres.pid, house.publisher.pid)
    for root in map(psutil.Process, roots):
        for process in (root, *root.children(recursive=True)):
            for thread in process.threads():
                os.sched_setscheduler(thread.id, os.SCHED_RR, parameters)


def farm(folder: Path, told: dict[str, Any], house: Any, *, workers: int, frames: int) -> Turn:
    """Let ``workers`` render ``frames`` together."""
    each = frames // workers
    children = []
    for number in range(workers):
        own = folder / f"worker{number}"
        own.mkdir(exist_ok=True)
        given = told | {
            "first": 1 + number * each, "last": (number + 1) * each, "frames": str(own), "outbox": str(own / "outbox")
        }  # fmt: skip
        command = [sys.executable, __file__, "--worker", json.dumps(given)]
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    loaded = max(json.loads(child.stdout.readline())["loaded"] for child in children)
    web, db = house.used(house.web)
    begun = time.monotonic()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    ends = [json.loads(child.stdout.readline()) for child in children]
    passed = max(end["done_at"] for end in ends) - begun
    web_after, db_after = house.used(house.web)
    for child in children:
        child.communicate(timeout=60)
    accepted, cpu = sum(end["accepted"] for end in ends), sum(end["cpu"] for end in ends)
    return Turn(passed, loaded, accepted, cpu, web_after - web, db_after - db)


def measure(
    folder: Path,
    house: Any,
    *,
    kinds: list[str],
    frames: int,
    workers: int,
    seconds: float,
    times: int,
) -> list[str]:
    """Rows of the table, and whether each kind of work meets the bar, as text."""
    from PIL import Image

    from bench import farms

    made = io.BytesIO()
    Image.effect_noise((320, 180), 60).convert("RGB").save(made, "PNG")
    (folder / "picture.png").write_bytes(made.getvalue())
    rounds = rounds_for(seconds)
    lines = []
    for kind in kinds:
        pairs: list[tuple[Turn, Turn]] = []
        for turn in range(times + 1):  # the first warms and is not counted
            pair = []
            # whoever comes first in a pair comes second in the next
            for gated in (False, True) if turn % 2 else (True, False):
                told = {
                    "gated": gated, "kind": kind, "seconds": seconds, "rounds": rounds,
                    "picture": str(folder / "picture.png"),
                } | (_desk(folder, house, farms.new_farm()) if gated else {})  # fmt: skip
                ran = farm(folder, told, house, workers=workers, frames=frames)
                if ran.accepted != (frames if gated else 0):
                    raise AssertionError(f"{ran.accepted} of {frames} receipts were accepted")
                say = f"{kind}, {'with us' if gated else 'without'}: {ran.passed:.3f} s, CPU {ran.cpu:.3f} s"
                print(say, file=sys.stderr, flush=True)
                pair.append((gated, ran))
            if turn:
                pairs.append((dict(pair)[False], dict(pair)[True]))
        lines.append(_line(kind, pairs, frames))
    return lines


def _line(kind: str, pairs: list[tuple[Turn, Turn]], frames: int) -> str:
    def middle(figure: Callable[[Turn, Turn], float]) -> float:
        return statistics.median(figure(*pair) for pair in pairs)

    ratios = [with_us.passed / without.passed for without, with_us in pairs]
    ratio = statistics.median(ratios)
    each = 1000 / frames
    ours = middle(lambda without, with_us: with_us.cpu - without.cpu) * each
    web = middle(lambda _, with_us: with_us.web) * each
    db = middle(lambda _, with_us: with_us.db) * each
    return (
        f"| {kind} | {middle(lambda without, _: without.passed):.3f} | {middle(lambda _, with_us: with_us.passed):.3f} "
        f"| {100 * (ratio - 1):+.2f} % | {100 * (min(ratios) - 1):+.2f} to {100 * (max(ratios) - 1):+.2f} % "
        f"| {'met' if ratio <= BAR else '**missed**'} | {ours:.2f} | {web:.2f} + {db:.2f} "
        f"| {middle(lambda without, with_us: with_us.loaded - without.loaded):.2f} |"
    )


def _desk(folder: Path, house: Any, farm: Any) -> dict[str, Any]:
    """A licence of its own for each round, and what a node has of it."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    proof = folder / "proof.pem"
    proof.write_bytes(farm.proof_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {
        "server": house.env["TRUSTMARK_BASE_URL"],
        "key": farm.credential.secret,
        "proof": str(proof),
        "ask": {
            "token": farm.jws(), "project": str(farm.token.production_id), "shot": "sh010",
            "use_type": "FACE_RENDER", "render_territory": "GB",
        },
    }  # fmt: skip


def main() -> int:
    """Print the table; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--milliseconds", type=float, default=10)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--realtime", action="store_true", help="before all other work of the machine")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(json.loads(given.worker))
        return 0
    from bench.house import open_house

    frames = given.frames or (200 if given.quick else 1_000)
    times = given.rounds or (1 if given.quick else 5)
    with open_house() as house, tempfile.TemporaryDirectory() as folder:
        if given.realtime:
            put_first(house)
        lines = measure(
            Path(folder),
            house,
            kinds=given.kinds,
            frames=frames,
            workers=given.workers,
            seconds=given.milliseconds / 1000,
            times=times,
        )
    print(
        f"{given.workers} workers, {frames:,} frames of {given.milliseconds:g} ms, a check per 25, {times} rounds "
        f"each, {os.cpu_count()} cores that the server shares, load {os.getloadavg()[0]:.1f}"
        f"{', scheduled in real time' if given.realtime else ''}"
    )
    print(
        "| work | s without us, median | s with us, median | more, median of pairs | pairs | bar 3 % "
        "| CPU ms a frame, client | CPU ms a frame, web + database | s to load us |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))
    return 1 if any("missed" in line for line in lines) else 0


if __name__ == "__main__":
    raise SystemExit(main())
