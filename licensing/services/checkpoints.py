"""Checkpoints: the talent's side has seen role, script or final output, and lets the work go on.

Role and script come before the work: until both that were agreed are passed, a hold stands on the licence from its
issue on, and no render is permitted. The final output is asked for when it is to be released.
"""

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, NotFound
from licensing.models import CheckpointPass, Hold, LicenceToken
from licensing.models.requests import Side
from licensing.selectors.holds import whole_hold
from licensing.selectors.people import OWN_WORD, has_authority, is_agent_of, is_talent, mandate_in_force
from licensing.selectors.tokens import tokens_visible_to
from licensing.services.holds import end_hold
from licensing.services.trail import require_voice
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

_BEFORE_THE_WORK: Final = (str(Checkpoint.ROLE), str(Checkpoint.SCRIPT))


def pass_checkpoint(*, principal: Principal, jti: UUID, checkpoint: str) -> CheckpointPass:
    """Say that the work passed a checkpoint of a licence, once and for good; the talent's side alone, in person.

    Raises:
        NotFound: no such licence, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_PASS``: neither the talent, who speaks for them, nor an agent under mandate, who
            passes nothing that the talent granted in person;
            ``NOT_YOURS_TO_DECIDE``: a minor alone.
        Conflict: ``CHECKPOINT_NOT_AGREED``: the terms have no such checkpoint; ``CHECKPOINT_PASSED``.
    """
    token = tokens_visible_to(principal).filter(pk=jti).first()
    if token is None:
        raise NotFound
    side = _side(principal, token)
    require_presence(principal)
    if checkpoint not in token.terms.terms["approvals"]["checkpoints"]:
        raise Conflict(
            "CHECKPOINT_NOT_AGREED",
            "The terms of this licence have no such checkpoint.",
            _("It is %(checkpoint)s.") % {"checkpoint": checkpoint[:20]},
        )
    try:
        with transaction.atomic():
            LicenceToken.objects.select_for_update().get(
                pk=token.pk
            )  # two passed at once: the later one sees both
            row = CheckpointPass.objects.create(
                token=token, checkpoint=checkpoint, side=side, passed_by=principal.person
            )
            record(
                kind="licence.checkpoint_passed",
                principal=principal,
                organisation_id=token.talent.organisation_id,
                visible_to=[token.licensee_id, *([token.agency_id] if token.agency_id else [])],
                object_type="licence",
                object_id=token.pk,
                production_id=token.production_id,
                details={"checkpoint": checkpoint},
            )
            _open_the_work(principal, token)
            return row
    except IntegrityError as error:
        raise Conflict("CHECKPOINT_PASSED", "This checkpoint was passed already.") from error


def hold_until_passed(token: LicenceToken, renewed: LicenceToken | None, placed_by: User) -> None:
    """Hold a licence that was just issued until role and script are passed; MUST be called inside its transaction.

    What the licence that it renews had passed stays passed where part, script and description are the same.
    """
    if not set(_BEFORE_THE_WORK) & set(token.terms.terms["approvals"]["checkpoints"]):
        return
    if renewed is not None and _same_work(token, renewed):
        passed = CheckpointPass.objects.filter(token=renewed, checkpoint__in=_BEFORE_THE_WORK)
        CheckpointPass.objects.bulk_create(
            CheckpointPass(
                token=token, checkpoint=one.checkpoint, side=one.side, passed_by_id=one.passed_by_id
            )
            for one in passed
            if one.checkpoint in token.terms.terms["approvals"]["checkpoints"]
        )
    if not (waits := _still_open(token)):
        return
    Hold.objects.create(
        reason=str(DenyReason.CONTENT_APPROVAL_REQUIRED),
        side=str(HoldSide.TALENT),
        token=token,
        placed_by=placed_by,
        placed_for=token.talent.organisation,
        placed_at=token.created_at,
        why=", ".join(waits),
    )


def _still_open(token: LicenceToken) -> list[str]:
    passed = set(CheckpointPass.objects.filter(token=token).values_list("checkpoint", flat=True))
    agreed = token.terms.terms["approvals"]["checkpoints"]
    return [one for one in _BEFORE_THE_WORK if one in agreed and one not in passed]


def _same_work(token: LicenceToken, renewed: LicenceToken) -> bool:
    ours, theirs = token.terms.terms, renewed.terms.terms
    return (
        all(ours[name] == theirs[name] for name in ("description", "script"))
        and ours["scope"]["characters"] == theirs["scope"]["characters"]
    )


def _open_the_work(principal: Principal, token: LicenceToken) -> None:
    """Lift the hold once nothing of role and script is open."""
    if _still_open(token):
        return
    waiting = Hold.objects.select_for_update().filter(
        token=token, reason=str(DenyReason.CONTENT_APPROVAL_REQUIRED), lifted_at=None
    )
    for pk in waiting.values_list("pk", flat=True):
        end_hold(whole_hold(pk), principal, "")


def _side(principal: Principal, token: LicenceToken) -> Side:
    if principal.credential is None:
        require_voice(principal, token.talent)
        if is_talent(principal, token.talent):
            return Side.TALENT
        if has_authority(principal, token.talent):
            return Side.GUARDIAN
        mandate = mandate_in_force(token.talent_id)
        is_agent = mandate is not None and is_agent_of(principal, mandate)
        # what the talent granted in person, alone or beside the agent, no agent alone lets pass
        if is_agent and token.request.mode not in OWN_WORD:
            return Side.AGENT
    raise Forbidden("NOT_YOURS_TO_PASS", "Only the talent’s side lets the work pass, in person.")
