"""Act 8: the auditor fetches the bundle in the portal and checks it alone, with no network and no server."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

from trustcore.log.tiles import unpack_entries
from trustcore.receipt import CheckedEntry, parse_entry
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
    counted = report["summary"]["counts"]
    expect(
        counted["receipts"] == receipts, f"{receipts} receipts are in the bundle, not {counted['receipts']}"
    )
    refusals = _refusals_are_logged(stage)
    flipped = stage.work / "flipped.zip"
    flip_one_byte(stage.bundle, flipped, member=FLIPPED)
    status, words = _verify(flipped)
    expect(status == EXIT_NOT_VERIFIED, f"one flipped byte: exit {status}")
    expect(FLIPPED.rsplit("/", 1)[-1] in words, f"the file is named: {words}")
    return {
        "bundle_bytes": stage.bundle.stat().st_size,
        "receipts": receipts,
        "refusals_in_the_log": refusals,
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


def _refusals_are_logged(stage: Stage) -> int:
    """Each refusal of a check stands in the production's log, by its id and with its code; how many."""
    with zipfile.ZipFile(stage.bundle) as bundle:
        packed = [bundle.read(name) for name in bundle.namelist() if "/data/log/tile/entries/" in name]
    entries = [parse_entry(entry) for tile in packed for entry in unpack_entries(tile)]
    logged = {entry.decision: entry for entry in entries if isinstance(entry, CheckedEntry)}
    refusals = [refusal for refusal in stage.refused if refusal.decision is not None]
    for refusal in refusals:
        entry = logged.get(refusal.decision or "")
        expect(entry is not None, f"the refusal of {refusal.what} is in the log")
        reasons = entry.reasons if entry is not None else ()
        expect(refusal.code in reasons, f"{refusal.what} is logged as {reasons}, not {refusal.code}")
    return len(refusals)
