"""Held frames of licences that ended: whether they are held, who lets them go, and what was asked and decided."""

from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.principals import Principal
from audit.selectors import events_of
from licensing.models import Authority, FrameRelease, LicenceToken
from licensing.models.requests import Side
from licensing.selectors.holds import stop_in_force
from licensing.selectors.people import authority_wanted, is_agent_of, mandate_in_force, speaks_for
from licensing.selectors.tokens import tokens_visible_to
from trustcore.policy.vocabulary import ApprovalMode, FrameDisposition, RevocationKind, TokenState

_OWN: Final = (Side.TALENT, Side.GUARDIAN)


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


def is_let_go(token: LicenceToken) -> bool:
    """Whether what was rendered may go out after all: it was let go, and no stop of the talent came after that.

    A stop suspends what was let go before it until it is lifted. Reads ``frame_releases`` as they were fetched.
    """
    let_go = [
        (row.side, row.decided_at)
        for row in token.frame_releases.all()
        if row.is_granted and row.decided_at is not None
    ]
    stop = stop_in_force(token.talent_id) if let_go else None
    if stop is None:
        return bool(let_go)
    return any(side in _OWN and at > stop.placed_at for side, at in let_go)


def side_that_lets_go(principal: Principal, token: LicenceToken) -> Side | None:
    """In whose name the caller decides about the held frames of a licence; None: the caller does not.

    The talent does, or who speaks for a minor or an estate. An agent does where the mandate leaves decisions to the agent
    alone and an agent ended the licence. What the talent stopped, the talent alone lets go.
    """
    talent = token.talent
    is_in_person = authority_wanted(talent) is None
    is_stopped = (
        token.revocation_kind == RevocationKind.EMERGENCY_STOP or stop_in_force(talent.pk) is not None
    )
    if speaks_for(principal, talent):
        if is_stopped and not is_in_person:
            return None
        return Side.TALENT if is_in_person else Side.GUARDIAN
    mandate = mandate_in_force(talent.pk)
    if mandate is None or not is_in_person or not is_agent_of(principal, mandate):
        return None
    reserved = mandate.mode != ApprovalMode.AGENT_WITHIN_MANDATE
    return None if is_stopped or reserved or _was_ended_by_the_talent(token) else Side.AGENT


def _was_ended_by_the_talent(token: LicenceToken) -> bool:
    """Whether the talent, or who spoke for them by a document, took the licence back: the trail says who did."""
    told = events_of("licence", token.pk).filter(kind="licence.revoked").order_by("-number").first()
    if told is None:  # by a change of control, which nobody of the talent's side declares
        return bool(token.state == TokenState.REVOKED)
    if told.person_id == token.talent.user_id:
        return True
    return Authority.objects.filter(talent=token.talent_id, user=told.person_id).exists()


def waiting_release(principal: Principal, jti: UUID) -> FrameRelease | None:
    """What was asked about the held frames of a licence that the caller may read whole, while nobody has decided."""
    rows = releases_seen_by(principal).filter(token_id=jti, decided_at=None)
    return rows.select_related("token__talent__organisation", "token__production").first()


def releases_seen_by(principal: Principal) -> QuerySet[FrameRelease]:
    """What was asked of licences that the caller may read whole, newest first."""
    seen = tokens_visible_to(principal).exclude(vendor_ids__contains=[principal.organisation_id])
    rows = FrameRelease.objects.filter(Exists(seen.filter(pk=OuterRef("token_id")).order_by()))
    return rows.select_related("asked_by", "asked_for", "decided_by", "token__talent").order_by("-created_at")
