"""Held frames of licences that ended: whether they are held, and what was asked and decided about them."""

from django.db.models import Exists, OuterRef, QuerySet

from accounts.principals import Principal
from licensing.models import FrameRelease, LicenceToken
from licensing.selectors.tokens import tokens_visible_to
from trustcore.policy.vocabulary import FrameDisposition, RevocationKind, TokenState


def ended_holding_frames(token: LicenceToken) -> bool:
    """Whether the licence ended so that what was rendered under it does not go out by itself."""
    if token.state == TokenState.TERMINATED_CHANGE_OF_CONTROL:
        return True
    kept = (
        token.revocation_kind == RevocationKind.PROSPECTIVE
        and token.frame_disposition == FrameDisposition.KEEP
    )
    return token.state == TokenState.REVOKED and not kept


def frames_are_held(token: LicenceToken) -> bool:
    """Whether they are held still: nobody of the talent's side has let them go."""
    return ended_holding_frames(token) and not token.frame_releases.filter(is_granted=True).exists()


def releases_seen_by(principal: Principal) -> QuerySet[FrameRelease]:
    """What was asked of licences that the caller may read whole, newest first."""
    seen = tokens_visible_to(principal).exclude(vendor_ids__contains=[principal.organisation_id])
    rows = FrameRelease.objects.filter(Exists(seen.filter(pk=OuterRef("token_id")).order_by()))
    return rows.select_related("asked_by", "asked_for", "decided_by", "token__talent").order_by("-created_at")
