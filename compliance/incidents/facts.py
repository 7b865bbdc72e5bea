"""What this server itself knows at a moment: licences that cover the likeness, and what a mark leads to. Reads only.

Nothing here says that a use was or was not made under a licence: that a licence is in force is one fact, where a
file comes from is another.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from common.clock import rfc3339
from compliance.contents import plain
from compliance.incidents.models import Evidence, Incident
from licensing.models import LicenceToken, TrainingToken
from licensing.selectors import effective_state
from licensing.selectors.tokens import tokens
from provenance.models import Asset
from receipts.selectors import counts_for_tokens
from watermarking import selectors as marks
from watermarking.models import DetectionState, MarkDetection
from watermarking.schemes import watermark_facts

_MOST: Final = 200
Facts = tuple[dict[str, Any], dict[str, Any] | None]
"""What every party may read, and what names other parties' licences and outputs."""


def licence_facts(incident: Incident, at: datetime) -> Facts:
    """Licences of the talent that share a construct: then, and now; and which of them grant a use that was named."""
    rows = tokens().filter(talent=incident.talent_id, constructs__overlap=incident.constructs)
    then = Q(not_before__lte=incident.seen_at, not_after__gt=incident.seen_at) & (
        Q(revoked_at=None) | Q(revoked_at__gt=incident.seen_at)
    )
    training = TrainingToken.objects.filter(
        then, talent=incident.talent_id, constructs__overlap=incident.constructs
    )
    found = list(rows.order_by("created_at", "pk")[: _MOST + 1])
    licences = [_licence(one, incident.seen_at, at) for one in found[:_MOST]]
    told = {
        "as_of": rfc3339(at),
        "seen_at": rfc3339(incident.seen_at),
        "constructs": sorted(incident.constructs),
        "use_types": sorted(incident.use_types),
        "known": rows.count(),
        "in_force_then": rows.filter(then).count(),
        "grant_such_a_use_then": rows.filter(then, use_types__overlap=incident.use_types).count()
        if incident.use_types
        else None,
        "in_force_now": sum(one["state_now"] == "ACTIVE" for one in licences),
        "training_in_force_then": training.count(),
    }
    return told, {"licences": licences, "is_complete": len(found) <= _MOST} if licences else None


def reading_facts(evidence: Evidence, detection: MarkDetection) -> Facts:
    """What a finished reading says of a file, whether its very bytes are an output's, and what its mark leads to."""
    watermark = watermark_facts(detection.result, failed=detection.state == DetectionState.FAILED)
    result = detection.result or {}
    payload = result.get("payload")
    lead = marks.lead_of(payload) if payload else None
    told = {
        "evidence": str(evidence.pk),
        "sha256": evidence.sha256,
        "same_file": detection.sha256 == evidence.sha256,
        "finished_at": rfc3339(detection.finished_at) if detection.finished_at else None,
        "layers": sorted(detection.layers),
        "error": detection.error_code or None,
        "mark": payload,
        "is_registered": lead is not None,
        "bytes_known": Asset.objects.filter(sha256=evidence.sha256).exists(),
        "watermark": plain(watermark),
        "report": plain(result) or None,
    }
    return told, _lead(lead.mark_id, lead.production_id, lead.token_jtis, lead.asset_id) if lead else None


def _lead(mark: str, production_id: UUID, jtis: list[UUID], asset_id: UUID | None) -> dict[str, Any]:
    counts = counts_for_tokens(jtis)
    rows = {one.pk: one for one in LicenceToken.objects.filter(pk__in=jtis).select_related("licensee")}
    return {
        "mark": mark,
        "production": str(production_id),
        "asset": str(asset_id) if asset_id else None,
        "licences": [
            {
                "jti": str(jti),
                "licensee": rows[jti].licensee.name if jti in rows else None,
                "receipts": counts[jti].receipts if jti in counts else 0,
            }
            for jti in sorted(jtis)
        ],
    }


def _licence(token: LicenceToken, then: datetime, now: datetime) -> dict[str, Any]:
    begun = token.not_before <= then < token.not_after
    return {
        "jti": str(token.pk),
        "licensee": token.licensee.name,
        "production": token.production.title,
        "not_before": rfc3339(token.not_before),
        "not_after": rfc3339(token.not_after),
        "revoked_at": rfc3339(token.revoked_at) if token.revoked_at else None,
        "in_force_then": begun and (token.revoked_at is None or token.revoked_at > then),
        "state_now": str(effective_state(token, now)),
        "constructs": sorted(token.constructs),
        "use_types": sorted(token.use_types),
        "terms_hash": token.terms.terms_hash,
    }
