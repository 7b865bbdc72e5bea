"""Verifications that are done, kept as the worker keeps them, without any file having been read."""

from __future__ import annotations

from typing import Any

import msgspec

from accounts.models import Organisation, User
from common import clock
from trustcore.verification.policy import policy_named
from trustcore.verification.report import (
    SCHEMA,
    Audit,
    Deepfake,
    Media,
    Provenance,
    Report,
    Sampling,
    StageRun,
    Watermark,
    WatermarkSegment,
)
from trustcore.verification.words import (
    Binding,
    DetectionState,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    Stage,
    StageState,
    WatermarkReason,
    WatermarkStatus,
)
from verification.models import Verification
from verification.pipeline.contracts import versions
from verification.pipeline.run import decided
from verification.services.verifying import _keep

MISSING = Provenance(
    status=ProvenanceStatus.MISSING, reason=ProvenanceReason.MISSING, binding=Binding.UNKNOWN
)
ABSENT = Watermark(
    status=WatermarkStatus.ABSENT, reason=WatermarkReason.READ, confidence=0.0, p_value=0.4, claim_p=1e-6
)
PRESENT = Watermark(
    status=WatermarkStatus.PRESENT,
    reason=WatermarkReason.READ,
    confidence=0.99,
    scheme="trustmark.dual",
    payload="00e1d2c3b4a59687",
    p_value=3e-19,
    claim_p=1e-6,
    cards=("pixel-1",),
    segments=(
        WatermarkSegment(layer="pixel", start=0, end=60, status=WatermarkStatus.PRESENT, p_value=3e-19),
        WatermarkSegment(layer="audio", start=0, end=60, status=WatermarkStatus.UNCERTAIN, p_value=4e-3),
    ),
)
NONE = Deepfake(state=DetectionState.NOT_INSTALLED, detail="no detector is installed here")


def asked(organisation: Organisation, person: User, **more: Any) -> Verification:
    """A verification that waits."""
    facts = {
        "file_name": "clip-from-feed.mp4",
        "sha256": "5b" * 32,
        "size_bytes": 41_600_000,
        "impact": "low",
    }
    return Verification.objects.create(
        organisation=organisation,
        asked_by=person,
        layers=["provenance", "watermark", "detection"],
        touched_at=clock.now(),
        **(facts | more),
    )


def finished(
    organisation: Organisation,
    person: User,
    *,
    provenance: Provenance = MISSING,
    watermark: Watermark = ABSENT,
    deepfake: Deepfake = NONE,
    errors: tuple[str, ...] = ("missing_provenance",),
    **more: Any,
) -> Verification:
    """One that is done, with this evidence."""
    row, policy = asked(organisation, person, **more), policy_named("default@1")
    stages = tuple(
        StageRun(
            name=one, contract="trustmark.test/1", version="1", state=StageState.DONE, milliseconds=900.0
        )
        for one in Stage
    )
    report = Report(
        schema=SCHEMA,
        asset_id=str(row.pk),
        media=Media(
            name=row.file_name, bytes=row.size_bytes, kind="film", width=1080, height=1920, frame_rate=24.0,
            seconds=60.0, video_codec="h264",
        ),
        provenance=provenance,
        watermark=watermark,
        deepfake=deepfake,
        decision=decided(provenance, watermark, deepfake, errors, policy, Impact(row.impact)),
        audit=Audit(
            verified_at=clock.now().isoformat(),
            pipeline_versions=versions(),
            input_canonical_hash="sha256:" + "ab" * 32,
            input_sha256="sha256:" + row.sha256,
            input_pointer=f"verification:{row.pk}",
            stages=stages,
            sampling=Sampling(frames=32, strategy="fixed intervals"),
            frame_hashes=("00" * 8,),
            errors=errors,
        ),
    )  # fmt: skip
    _keep(row, report, policy)
    row.refresh_from_db()
    return row


def with_lead(payload: str, production: str) -> Watermark:
    """A mark that leads somewhere."""
    return msgspec.structs.replace(
        PRESENT, leads_to={"payload": payload, "production": production, "tokens": []}
    )
