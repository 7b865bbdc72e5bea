"""Refuse a studio's requests, and hand a request up: what an agent does beside answering (TAXONOMY 16)."""

from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, NotFound
from licensing.machine import REQUIRED_SIDES
from licensing.models import LicenceRequest, StudioBlock
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.selectors.blocks import blocks_seen_by, may_open
from licensing.selectors.people import (
    authority_wanted,
    has_authority,
    is_agent_of,
    is_talent,
    mandate_in_force,
)
from licensing.selectors.requests import requests_visible_to
from licensing.services.blocked import is_refused
from licensing.services.productions import clean_text
from licensing.services.trail import lock_request, move, require_side, require_voice
from licensing.services.training import refuse_training_of
from trustcore.policy.vocabulary import ApprovalMode

_WHY_MAX: Final = 2000
_OWN: Final = (Side.TALENT, Side.GUARDIAN)


def block_studio(*, principal: Principal, request_id: UUID, why: str) -> StudioBlock:
    """Take no more requests for this talent from whoever made this one; its open ones are declined.

    To the studio the talent is as if hidden from then on. Licences that run go on: they were agreed. An agent declines
    what an agent may answer; the rest waits for the talent, who declines requests to train as well.

    Raises:
        NotFound: no such request, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_DECIDE``, or as :func:`~accounts.presence.require_presence`.
        Conflict: ``STUDIO_BLOCKED`` already.
        InvalidInput: ``WHY_INVALID``.
    """
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID")
    found = requests_visible_to(principal).filter(pk=request_id).first()
    if found is None:
        raise NotFound
    with transaction.atomic():
        is_blocked = is_refused(found.talent_id, found.licensee_id)
        waiting = _lock_open(found)
        side = _side(principal, found)
        require_presence(principal)
        if is_blocked:
            raise Conflict("STUDIO_BLOCKED", "This studio is blocked already.")
        row = StudioBlock.objects.create(
            talent=found.talent, studio=found.licensee, side=side, placed_by=principal.person, why=why
        )
        _decline(waiting, row, principal, side)
        _tell(row, principal, "studio.blocked")
        return row


def unblock_studio(*, principal: Principal, block_id: UUID) -> StudioBlock:
    """Take a studio's requests again. What the talent blocked, the agent does not open.

    Raises:
        NotFound: no such block, or none of a talent for whom the caller acts.
        Forbidden: ``TALENT_ONLY``, ``NOT_YOURS_TO_OPEN``, ``NOT_YOURS_TO_DECIDE`` to a minor alone, or as :func:`~accounts.presence.require_presence`.
        Conflict: ``BLOCK_ENDED``.
    """
    with transaction.atomic():
        rows = StudioBlock.objects.select_for_update(of=("self",)).select_related("talent", "studio")
        row = rows.filter(pk=block_id).first()
        if row is None:
            raise NotFound
        if not blocks_seen_by(principal).filter(pk=row.pk).exists():
            raise NotFound
        if not may_open(principal, row):
            require_voice(principal, row.talent)
            if row.side in _OWN:
                raise Forbidden("TALENT_ONLY", "The talent blocked this studio; nobody else opens it.")
            raise Forbidden(
                "NOT_YOURS_TO_OPEN", "The talent, or an agent under mandate, takes its requests again."
            )
        require_presence(principal)
        if row.ended_at is not None:
            raise Conflict("BLOCK_ENDED", "This block was ended before.")
        row.ended_at, row.ended_by = clock.now(), principal.person
        row.save(update_fields=["ended_at", "ended_by"])
        _tell(row, principal, "studio.unblocked")
        return row


def escalate_request(*, principal: Principal, request_id: UUID, note: str) -> LicenceRequest:
    """Hand a request that the agent may decide alone up to the talent: from now on the talent alone decides it.

    Raises:
        NotFound: no such request, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_DECIDE``.
        Conflict: ``TALENT_DECIDES``: the talent decides it already, alone or with the agent; ``REQUEST_STATE`` or
            ``REQUEST_LAPSED``.
        InvalidInput: ``NOTE_INVALID``.
    """
    note = clean_text(note, most=_WHY_MAX, code="NOTE_INVALID")
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        if request.mode != ApprovalMode.AGENT_WITHIN_MANDATE:
            require_side(sides, Side.AGENT, *REQUIRED_SIDES[ApprovalMode(request.mode)])
            raise Conflict("TALENT_DECIDES", "The talent decides this request already.")
        side = require_side(sides, Side.AGENT)
        alone = authority_wanted(request.talent) is None
        request.mode = ApprovalMode.TALENT_ONLY if alone else ApprovalMode.GUARDIAN_AND_COURT
        move(request, ActionKind.ESCALATE, principal=principal, side=side, note=note)
        return request


def _side(principal: Principal, request: LicenceRequest) -> Side:
    if is_talent(principal, request.talent):
        return Side.TALENT
    if has_authority(principal, request.talent):
        return Side.GUARDIAN
    mandate = mandate_in_force(request.talent_id)
    if mandate is not None and is_agent_of(principal, mandate):
        return Side.AGENT
    raise Forbidden("NOT_YOURS_TO_DECIDE", "You may read this request, and others decide on it.")


def _lock_open(found: LicenceRequest) -> list[LicenceRequest]:
    # all in one order, and locked first, read after: rows joined to a locked one are those from before the wait
    rows = LicenceRequest.objects.filter(talent=found.talent_id, licensee=found.licensee_id)
    locked = [
        one.pk for one in rows.filter(state__in=OPEN_STATES).select_for_update(of=("self",)).order_by("pk")
    ]
    waiting = LicenceRequest.objects.filter(pk__in=locked, state__in=OPEN_STATES, answer_by__gt=clock.now())
    return list(waiting.select_related("current", "talent").order_by("pk"))


def _decline(waiting: list[LicenceRequest], row: StudioBlock, principal: Principal, side: Side) -> None:
    """Decline what the blocking side may answer; an agent leaves what is the talent's alone to the talent."""
    at = clock.now()
    for request in waiting:
        if side in _OWN or side in REQUIRED_SIDES[ApprovalMode(request.mode)]:
            request.decline_reason = row.why
            move(request, ActionKind.DECLINE, principal=principal, side=side, note=row.why, at=at)
    if side in _OWN:
        refuse_training_of(row.talent, row.studio_id, principal, row.why)


def _tell(row: StudioBlock, principal: Principal, kind: str) -> None:
    """The talent's side alone is told: a studio learns of a declined request, and of nothing else."""
    mandate = mandate_in_force(row.talent_id)
    record(
        kind=kind,
        principal=principal,
        organisation_id=row.talent.organisation_id,
        visible_to=[mandate.agency_id] if mandate else [],
        object_type="studio",
        object_id=row.studio_id,
        details={"block": str(row.pk), "side": row.side},
    )
