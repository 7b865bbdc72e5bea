"""Act 8: the auditor fetches the bundle in the portal and checks it alone, with no network and no server."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

from trustmark.demo.acts.licence import FURTHER
from trustmark.demo.clip import FRAMES
from trustmark.demo.offline import offline_command
from trustmark.demo.portal import Portal
from trustmark.demo.stage import Outcome, Stage, expect

BUNDLE_SECONDS = 120.0
EXIT_NOT_VERIFIED = 4
FLIPPED = "data/receipts/receipts.ndjson"


def audit(stage: Stage) -> Outcome:
    """8. The bundle verifies offline; with one byte flipped it does not, and the file is named."""
    with stage.portal("auditor") as auditor:
        _fetch(stage, auditor)
    status, words = _verify(stage.bundle, "--json")
    expect(status == 0, f"the bundle verifies offline: {words}")
    report = json.loads(words)
    receipts = FRAMES + FURTHER[1] - FURTHER[0] + 1
    expect(str(receipts) in words or f"{receipts:,}" in words, f"{receipts} receipts are in the bundle")
    _denials_are_logged(stage)
    flipped = stage.work / "flipped.zip"
    flip_one_byte(stage.bundle, flipped, member=FLIPPED)
    status, words = _verify(flipped)
    expect(status == EXIT_NOT_VERIFIED, f"one flipped byte: exit {status}")
    expect(FLIPPED.rsplit("/", 1)[-1] in words, f"the file is named: {words}")
    return {
        "bundle_bytes": stage.bundle.stat().st_size,
        "receipts": receipts,
        "verified_offline": True,
        "flipped_byte": {"exit": status, "says": words.strip().splitlines()[-1]},
        "report": report,
    }


def flip_one_byte(source: Path, target: Path, *, member: str) -> None:
    """Copy a zip file with one bit of one byte changed, in the middle of the stored bytes of ``member``."""
    content = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as bundle:
        info = next(info for info in bundle.infolist() if info.filename.endswith(member))
    name_and_extra = content[info.header_offset + 26 : info.header_offset + 30]
    start = (
        info.header_offset + 30 + sum(int.from_bytes(name_and_extra[at : at + 2], "little") for at in (0, 2))
    )
    content[start + info.compress_size // 2] ^= 1
    target.write_bytes(content)


def _fetch(stage: Stage, auditor: Portal) -> None:
    """Make the bundle and download it, as the auditor would."""
    made = auditor.submit("/bundles/new/", production=stage.project, purpose="UNION_REPORTING")
    page = made.url.path
    download = f"{page}download/"
    stage.wait_for("the bundle", lambda: download in auditor.page(page).text, seconds=BUNDLE_SECONDS)
    stage.bundle.write_bytes(auditor.page(download).content)


def _verify(bundle: Path, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        offline_command("bundle", "verify", str(bundle), *options),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def _denials_are_logged(stage: Stage) -> None:
    """Each refusal of act 4 and 7 that concerns this production stands in the bundle with its code."""
    with zipfile.ZipFile(stage.bundle) as bundle:
        text = "".join(
            bundle.read(name).decode(errors="replace")
            for name in bundle.namelist()
            if "/data/log/tile/entries/" in name or name.endswith("events.ndjson")
        )
    for what, code in stage.refused.items():
        expect(code in text or what == "a hidden talent", f"the refusal of {what} ({code}) is logged")
    expect("REVOKED" in text, "the refusals after the revocation are logged")
