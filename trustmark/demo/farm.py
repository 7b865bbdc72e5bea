r"""One farm worker: fetches its token, then puts each of its frame blocks through ``trustmark gate exec``.

    python -m trustmark.demo.farm --jti J --project P --worker farm-a --frames 1-240,481-720 \
        --server URL --key-file api.key --proof-key proof.pem --output frames --work work

Two of these run at once in the demonstration. A worker stops at the first block whose gate does not open, with
the gate's own status.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from trustmark_client import ProofKey, TrustmarkClient

from trustmark.demo.clip import FRAMES

BLOCK = 240
TERRITORY = "US"
LINES = 14


def blocks(first: int = 1, last: int = FRAMES, size: int = BLOCK) -> list[tuple[int, int]]:
    """The frames cut into blocks, one check and one lease each."""
    return [(start, min(start + size - 1, last)) for start in range(first, last + 1, size)]


def shot_of(frame: int) -> str:
    """The shot a frame belongs to: one for each block."""
    return f"sh{(frame - 1) // BLOCK * 10 + 10:03d}"


def trustmark_command() -> list[str]:
    """The installed ``trustmark`` program, or the same by module where scripts are not on hand."""
    script = Path(sys.executable).with_name("trustmark")
    return [str(script)] if script.exists() else [sys.executable, "-m", "trustcore.cli"]


def gate(options: argparse.Namespace, token: Path, ask: list[str], command: list[str]) -> int:
    """Run one command behind the gate; its status."""
    return subprocess.run(
        [
            *trustmark_command(), "gate", "exec",
            "--server", options.server, "--key-file", str(options.key_file), "--proof-key", str(options.proof_key),
            "--token", str(token), "--project", options.project, "--worker", options.worker,
            "--operator", "pale-orbit", "--engine", "trustmark-demo", "--engine-version", "1",
            "--render-territory", TERRITORY, "--outbox", str(options.work / "outbox" / options.worker),
            *ask, "--", *command,
        ],
        check=False,
    ).returncode  # fmt: skip


def fresh_token(options: argparse.Namespace) -> Path:
    """Fetch a token bound to this worker's key and put it where the gate reads it."""
    with TrustmarkClient(
        options.server, options.key_file.read_text().strip(), ProofKey.read(options.proof_key)
    ) as client:
        beat = client.token_heartbeat(options.jti)
    if beat.token is None:
        sys.exit(f"{options.worker}: the licence is {beat.state}")
    path: Path = options.work / f"{options.worker}.jwt"
    path.touch(mode=0o600)
    path.write_text(beat.token)
    return path


def render_block(options: argparse.Namespace, first: int, last: int) -> int:
    """One block of frames: check, lease, pixels, receipts."""
    folder = options.output / f"{first:06d}-{last:06d}"
    ask = [
        "--use-type", "FACE_RENDER", "--construct", "FACE_3D", "--shot", shot_of(first), "--frames", f"{first}-{last}",
        "--output", str(folder), "--own-folder",
    ]  # fmt: skip
    renderer = [sys.executable, "-m", "trustmark.demo.render", "--first", str(first), "--last", str(last)]
    return gate(options, fresh_token(options), ask, [*renderer, "--output", str(folder)])


def render_voice(options: argparse.Namespace) -> int:
    """The sound: its lines are checked and reserved as utterances."""
    ask = [
        "--use-type",
        "VOICE_RENDER",
        "--construct",
        "VOICE_SPEAKING",
        "--shot",
        "sound",
        "--lines",
        str(LINES),
    ]
    target = options.work / "voice.wav"
    command = [sys.executable, "-m", "trustmark.demo.voice", "--output", str(target)]
    return gate(options, fresh_token(options), ask, command)


def main() -> int:
    parser = argparse.ArgumentParser(prog="farm")
    for name in ("jti", "project", "worker", "server"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("key-file", "proof-key", "output", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--frames", default="", help="blocks: 1-240,481-720")
    parser.add_argument("--voice", action="store_true", help="render the sound first")
    options = parser.parse_args()
    if options.voice and (status := render_voice(options)) != 0:
        return status
    for block in options.frames.split(",") if options.frames else []:
        first, last = (int(number) for number in block.split("-"))
        if (status := render_block(options, first, last)) != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
