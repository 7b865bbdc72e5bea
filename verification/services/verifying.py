"""Verify a file that was taken in, keep the signed report, and tell the trail. Safe to repeat."""

import logging
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import transaction

from audit import services as audit
from common import clock
from common.locks import sole_worker
from common.storage import blobs, local_copy
from trustcore.verification.policy import Policy, parse_policy, policy_document, policy_named
from trustcore.verification.report import Report, StageRun
from trustcore.verification.words import Impact, Stage
from verification import metrics, selectors, tracing
from verification.models import UNFINISHED, Verification, VerificationRecord, VerificationState
from verification.pipeline.case import Case
from verification.pipeline.run import decided, verify
from verification.services.means import candidate_files, mark_keys, trusted_by, warmed
from verification.services.signing import sign_report

logger = logging.getLogger(__name__)
WORKER_LOST = "WORKER_LOST"
_ATTEMPTS = 3


def policy_from(text: str) -> Policy:
    """The policy of a name and version, or of a ``.json`` file.

    Raises:
        PolicyInvalid: there is none, or it cannot be relied on.
    """
    return parse_policy(Path(text).read_bytes()) if text.endswith(".json") else policy_named(text)


def run_verification(*, verification_id: UUID) -> Verification:
    """Verify and keep; a file that has ended its worker too often is given up, ``WORKER_LOST``."""
    with sole_worker(verification_id) as is_mine:
        row = Verification.objects.select_related("organisation").get(pk=verification_id)
        if not is_mine or row.state not in UNFINISHED:
            return row
        if row.attempts >= _ATTEMPTS:
            return _given_up(row)
        row.state, row.attempts, row.stages = VerificationState.RUNNING, row.attempts + 1, []
        row.touched_at = clock.now()
        row.save(update_fields=["state", "attempts", "stages", "touched_at"])
        policy = policy_from(settings.VERIFICATION_POLICY)
        with (
            metrics.cpu_counted(),
            tempfile.TemporaryDirectory(prefix="tm-verify-") as folder,
            local_copy(row.blob) as path,
        ):
            case, began = _case(row, path, Path(folder)), time.time_ns()
            report = verify(
                case, policy, at=clock.now(), lead=partial(selectors.lead_for, row.organisation_id),
                tell=partial(_follow, row), warmed=warmed(),
            )  # fmt: skip
        tracing.trace(report, began_ns=began)
        return _keep(row, report, policy)


def drop_copies(*, days: int) -> int:
    """Delete the ingestion copies that were kept long enough; reports stay. Returns how many."""
    dropped = 0
    for row in selectors.copies_outlived(before=clock.now() - timedelta(days=days))[:200]:
        blobs().delete(row.blob)
        Verification.objects.filter(pk=row.pk).update(blob="")
        dropped += 1
    return dropped


def _case(row: Verification, path: Path, folder: Path) -> Case:
    trusted, keys = trusted_by(row.organisation.kind.lower()), mark_keys()
    impact = Impact(row.impact)
    waiting = selectors.verifications_waiting().count()
    return Case(
        path=path,
        name=row.file_name,
        asset_id=str(row.pk),
        pointer=f"verification:{row.pk}",
        anchors=trusted.anchors,
        crls=trusted.crls,
        timestamp_roots=trusted.timestamp_roots,
        actor_anchors=trusted.actor_anchors,
        actor_crls=trusted.actor_crls,
        keys=keys,
        candidates=candidate_files(list(keys), folder),
        layers=frozenset(Stage(one) for one in row.layers),
        impact=impact,
        reduced=impact is Impact.LOW and waiting > settings.VERIFICATION_BACKLOG,
        promoted=selectors.promoted_ensemble(),
        transport={"content_type": row.content_type} if row.content_type else {},
        originals=selectors.originals_of(row.organisation_id),
    )


def _follow(row: Verification, run: StageRun) -> None:
    metrics.stage_ended(run)
    row.stages = [*row.stages, {"name": run.name, "state": run.state, "milliseconds": run.milliseconds}]
    row.touched_at = clock.now()
    row.save(update_fields=["stages", "touched_at"])


def _keep(row: Verification, report: Report, policy: Policy) -> Verification:
    trial = _trial(row, report)
    if trial is not None and trial["binds"]:
        report = msgspec.structs.replace(report, decision=trial.pop("decision"))
        policy = policy_from(settings.VERIFICATION_TRIAL_POLICY)
    elif trial is not None:
        del trial["decision"]
    kid, signature = sign_report(report.sha256)
    document = report.to_dict()
    with transaction.atomic():
        locked = Verification.objects.select_for_update().get(pk=row.pk)
        if locked.state not in UNFINISHED:
            return locked
        record = VerificationRecord.objects.create(
            verification=locked, report=document, report_sha256=report.sha256, kid=kid, signature=signature,
            policy=policy_document(policy), trial=trial, action=report.decision.action,
            headline=report.decision.headline,
        )  # fmt: skip
        locked.state, locked.finished_at, locked.touched_at = VerificationState.DONE, clock.now(), clock.now()
        locked.save(update_fields=["state", "finished_at", "touched_at"])
        audit.record(
            kind="verification.decided",
            principal=None,
            organisation_id=locked.organisation_id,
            object_type="verification",
            object_id=locked.pk,
            after={"report_sha256": record.report_sha256},
            details={
                "report_sha256": record.report_sha256,
                "input_canonical_hash": report.audit.input_canonical_hash,
                "action": str(record.action),
                "rationale_codes": [str(one) for one in report.decision.rationale_codes],
                "policy": report.decision.policy,
            },
        )
    metrics.decided(report)
    is_near = isinstance(blobs(), FileSystemStorage)
    metrics.kept(copy_bytes=row.size_bytes, fetched_bytes=0 if is_near else row.size_bytes, record=document)
    return locked


def _trial(row: Verification, report: Report) -> dict[str, Any] | None:
    """What the policy on trial says of the same evidence; in a canary it binds a share of the files."""
    if not settings.VERIFICATION_TRIAL_POLICY:
        return None
    policy = policy_from(settings.VERIFICATION_TRIAL_POLICY)
    share = settings.VERIFICATION_TRIAL_SHARE
    other = decided(
        report.provenance, report.watermark, report.deepfake, report.audit.errors, policy, Impact(row.impact)
    )
    # by the id, so that the same file always falls on the same side
    binds = row.pk.int % 100 < share
    return {
        "binds": binds,
        "mode": "canary" if share else "shadow",
        "baseline": {"policy": report.decision.policy, "action": str(report.decision.action)},
        "trial": {"policy": other.policy, "action": str(other.action)},
        "decision": msgspec.structs.replace(other, mode="canary"),
    }


def _given_up(row: Verification) -> Verification:
    with transaction.atomic():
        row.state, row.error_code, row.finished_at = VerificationState.FAILED, WORKER_LOST, clock.now()
        row.save(update_fields=["state", "error_code", "finished_at"])
        audit.record(
            kind="verification.failed",
            principal=None,
            organisation_id=row.organisation_id,
            object_type="verification",
            object_id=row.pk,
            details={"code": WORKER_LOST},
        )
    return row
