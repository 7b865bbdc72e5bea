"""What ``bench.hostile`` damages: real film and pictures, small, signed in every format that outputs come in.

    python -m bench.hostile_media CLIP FOLDER

writes ``sample.*``, the manifest stores of formats without a place for one as ``sample.*.c2pa``, a film without
credentials in another container, and ``anchors.pem``.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from provenance.credentials import CredentialFacts, sign_file
from provenance.formats import format_of
from provenance.source_type import vocabulary
from tests.provenance.media_files import SOUNDS, STILLS, media_file
from tests.provenance.test_credentials import new_identity


def write_samples(clip: Path, folder: Path) -> None:
    """Write them; ``clip`` is a film of at least three seconds."""
    import imageio_ffmpeg

    folder.mkdir(parents=True, exist_ok=True)
    identity = new_identity()
    (folder / "anchors.pem").write_text(identity.anchor_pem, encoding="ascii")
    facts = CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["compositeWithTrainedAlgorithmicMedia"],
        created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        mark_id="00e1d2c3b4a59687",
        mark_algorithms={"PIXEL": "org.trustmark-server.pixel-1"},
        licences=(),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
    )
    plain = folder / "plain"
    plain.mkdir(exist_ok=True)
    made = [media_file(plain, form) for form in (*STILLS, *SOUNDS)]
    for suffix in (".mp4", ".mov", ".webm"):
        target = plain / f"film{suffix}"
        codecs = ["-c:v", "libvpx", "-c:a", "libvorbis"] if suffix == ".webm" else ["-c:a", "aac"]
        cut = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-ss", "2", "-t", "1", "-i", str(clip)]
        subprocess.run([*cut, "-vf", "scale=192:-2", *codecs, str(target)], check=True)
        made.append(target)
    for source in made:
        form = format_of(source)
        target = folder / f"sample{source.suffix}"
        if form is None:
            target.write_bytes(source.read_bytes())
            continue
        store = sign_file(source, target, facts=facts, identity=identity, media_type=form.media_type)
        if not form.embeds:
            (folder / f"sample{source.suffix}.c2pa").write_bytes(store)


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]), Path(sys.argv[2]))
