"""Decide a stored verification again, from what was stored, and say every difference.

The evidence and the policy are those of the record; the code is today's. What must hold: the report's hash, its
signature, and that the same evidence under the same policy leads to the same decision. Versions of stages that have
changed since are named: their evidence would be taken otherwise today.
"""

from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from accounts.principals import Principal
from audit import services as audit
from common.errors import Conflict, NotFound
from trustcore.errors import TrustError
from trustcore.verification.policy import parse_policy
from trustcore.verification.report import Decided, parse_report
from verification import selectors
from verification.models import Replay, VerificationRecord, VerificationState
from verification.pipeline.contracts import versions
from verification.pipeline.run import decided
from verification.services.signing import is_signed


@transaction.atomic
def replay(*, principal: Principal, verification_id: UUID) -> Replay:
    """Decide again and keep what came of it.

    Raises:
        NotFound: no such verification, or another organisation's.
        Conflict: ``VERIFICATION_UNFINISHED``: there is nothing to replay.
    """
    row = selectors.verification_for(principal, verification_id)
    if row is None:
        raise NotFound
    if row.state != VerificationState.DONE:
        raise Conflict("VERIFICATION_UNFINISHED", "This verification has no report.")
    differences, decision = _compared(row.record)
    made = Replay.objects.create(
        record=row.record, asked_by=principal.person, differences=differences, decision=decision
    )
    audit.record(
        kind="verification.replayed",
        principal=principal,
        object_type="verification",
        object_id=row.pk,
        details={"differences": len(differences)},
    )
    return made


def _compared(record: VerificationRecord) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    try:
        report = parse_report(record.report)
        policy = parse_policy(msgspec.json.encode(record.policy))
    except TrustError as error:
        return [_difference("record", "readable", error.code)], {}
    found = []
    if report.sha256 != record.report_sha256:
        found.append(_difference("report_sha256", record.report_sha256, report.sha256))
    if not is_signed(record.report_sha256, record.kid, bytes(record.signature)):
        found.append(_difference("signature", "valid", "not valid under a key that is trusted now"))
    if policy.sha256 != report.decision.policy_sha256:
        found.append(_difference("policy_sha256", report.decision.policy_sha256, policy.sha256))
    again = decided(
        report.provenance,
        report.watermark,
        report.deepfake,
        report.audit.errors,
        policy,
        report.decision.impact,
    )
    found += _decisions(report.decision, again)
    now = versions()
    found += [
        _difference(f"version.{name}", was, now[name])
        for name, was in report.audit.pipeline_versions.items()
        if name in now and now[name] != was
    ]
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(again))
    return found, plain


def _decisions(was: Decided, now: Decided) -> list[dict[str, Any]]:
    names = ("action", "rationale_codes", "conclusion", "headline")
    pairs = ((name, getattr(was, name), getattr(now, name)) for name in names)
    return [
        _difference(f"decision.{name}", _text(before), _text(after))
        for name, before, after in pairs
        if before != after
    ]


def _difference(what: str, was: str, now: str) -> dict[str, Any]:
    return {"what": what, "was": was, "now": now}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
