"""Acts 6 and 9: one delivery with mark and credentials; a stripped copy that still leads back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from trustmark.demo.acts.rendering import frame_files
from trustmark.demo.assemble import assemble, strip
from trustmark.demo.clip import FRAMES
from trustmark.demo.farm import trustmark_command
from trustmark.demo.stage import Outcome, Stage, StepFailed, expect
from watermarking.keys import ENVIRONMENT

RELEASE_SECONDS = 900.0
SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"
EXIT_NOT_VERIFIED = 4


def deliver(stage: Stage) -> Outcome:
    """6. Frames and sound become delivery.mp4: marked in both layers, signed, verified, then released."""
    mezzanine = stage.work / "mezzanine.mp4"
    stage.tell("assembling")
    assemble(
        frame_files(stage)[:FRAMES],
        stage.work / "voice.wav",
        mezzanine,
        progress=lambda done: stage.advance(done, FRAMES),
    )
    with mezzanine.open("rb") as film:
        asset = stage.api(
            "studio",
            "POST",
            "/api/v1/assets",
            files={"file": ("the-glass-meridian.mp4", film, "video/mp4")},
            data={"project": stage.project, "tokens": [stage.jti], "kind": "DELIVERABLE"},
        )
    stage.asset_id = asset["id"]
    asset = stage.wait_for("the release", lambda: _released(stage), seconds=RELEASE_SECONDS)
    mezzanine.unlink()
    _download(stage, f"/api/v1/assets/{stage.asset_id}/content", stage.delivery)
    stage.mark = asset["mark_id"]
    credentials = _credentials(stage)
    return {
        "asset": stage.asset_id,
        "mark": stage.mark,
        "sha256": asset["sha256"],
        "credentials": credentials["status"],
        "digital_source_type": credentials["source_type"],
        "states": [row["state"] for row in asset["history"]],
    }


def find_again(stage: Stage) -> Outcome:
    """9. Re-encoded at CRF 28, half size, metadata gone: pixels alone and sound alone still name the mark."""
    stage.tell("stripping")
    strip(stage.delivery, stage.stripped, progress=lambda done: stage.advance(done, FRAMES))
    status, credentials = _verify(stage.stripped)
    expect(status == EXIT_NOT_VERIFIED, f"the stripped copy is not verified by what it says: {status}")
    expect(credentials["status"] == "missing", "the stripped copy has no credentials left")
    found = {layer: _detect(stage, layer) for layer in ("pixel", "audio")}
    for layer, report in found.items():
        expect(report["status"] == "present", f"{layer}: {report['status']}")
        expect(report["payload"] == stage.mark, f"{layer} leads to {report['payload']}, not {stage.mark}")
    lead = stage.api("studio", "GET", f"/api/v1/watermarks?payload={stage.mark}")
    text = json.dumps(lead)
    expect(stage.project in text, "the mark leads to the production")
    expect(stage.jti in text, "the mark leads to the token")
    page = stage.api("studio", "GET", f"/api/v1/render/receipts?token={stage.jti}")
    expect(page["results"], "the token leads to its receipts")
    return {
        "mark": stage.mark,
        "pixels": {"status": found["pixel"]["status"], "p_value": found["pixel"]["p_value"]},
        "sound": {"status": found["audio"]["status"], "p_value": found["audio"]["p_value"]},
        "leads_to": {"token": stage.jti, "production": stage.project},
    }


def _released(stage: Stage) -> dict[str, Any] | None:
    asset: dict[str, Any] = stage.api("studio", "GET", f"/api/v1/assets/{stage.asset_id}")
    stage.tell(f"delivery: {asset['state'].lower()}")
    if asset["state"] in ("HELD", "FAILED"):
        raise StepFailed(f"the delivery is held: {asset['hold_reasons']}")
    return asset if asset["state"] == "RELEASED" else None


def _credentials(stage: Stage) -> dict[str, Any]:
    """Judge the delivery's credentials by the command line, against the deployment's own authority."""
    anchor = stage.work / "authority.pem"
    _download(stage, "/.well-known/c2pa-authority.pem", anchor)
    status, credentials = _verify(stage.delivery, "--trust-anchors", str(anchor))
    expect(status == 0, f"the credentials hold, not {credentials['status']}: {credentials['reason']}")
    source_type = str(credentials["source_type"])
    expect(source_type.endswith(SOURCE_TYPE), f"the source type is {SOURCE_TYPE}, not {source_type}")
    return credentials


def _verify(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Verify by credentials alone: without the key no mark is looked for. Returns what layer A says."""
    done = subprocess.run(
        [*trustmark_command(), "verify", str(path), "--json", "--no-detect", *options],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != ENVIRONMENT},
    )
    expect(done.stdout.startswith("{"), f"verify: status {done.returncode} {done.stderr[-300:]}")
    report = json.loads(done.stdout)
    expect("provenance" in report, f"verify: {report.get('detail')}")
    credentials: dict[str, Any] = report["provenance"]
    return done.returncode, credentials


def _detect(stage: Stage, layer: str) -> dict[str, Any]:
    """Look for the mark in one layer alone, by the command line."""
    stage.tell(f"looking for the mark in the {layer} layer alone")
    done = subprocess.run(
        [*trustmark_command(), "watermark", "detect", str(stage.stripped), "--layers", layer, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    expect(done.returncode == 0, f"detect in {layer}: status {done.returncode} {done.stderr[-300:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _download(stage: Stage, path: str, target: Path) -> None:
    with (
        httpx.stream(
            "GET",
            f"{stage.base_url}{path}",
            headers={"Authorization": f"Bearer {stage.keys['studio'].api_key}"},
            timeout=120,
        ) as answer,
        target.open("wb") as out,
    ):
        expect(answer.status_code == httpx.codes.OK, f"{path} answers {answer.status_code}")
        for chunk in answer.iter_bytes():
            out.write(chunk)
