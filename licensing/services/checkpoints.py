"""Checkpoints: the talent's side has seen role, script or final output, and lets the work go on."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, NotFound
from licensing.models import CheckpointPass, LicenceToken
from licensing.models.requests import Side
from licensing.selectors.people import has_authority, is_agent_of, is_talent, mandate_in_force
from licensing.selectors.tokens import tokens_visible_to


def pass_checkpoint(*, principal: Principal, jti: UUID, checkpoint: str) -> CheckpointPass:
    """Say that the work passed a checkpoint of a licence, once and for good; the talent's side alone, in person.

    Raises:
        NotFound: no such licence, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_PASS``: neither the talent, who speaks for them, nor an agent under mandate.
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
            return row
    except IntegrityError as error:
        raise Conflict("CHECKPOINT_PASSED", "This checkpoint was passed already.") from error


def _side(principal: Principal, token: LicenceToken) -> Side:
    if principal.credential is None:
        if is_talent(principal, token.talent):
            return Side.TALENT
        if has_authority(principal, token.talent):
            return Side.GUARDIAN
        mandate = mandate_in_force(token.talent_id)
        if mandate is not None and is_agent_of(principal, mandate):
            return Side.AGENT
    raise Forbidden("NOT_YOURS_TO_PASS", "Only the talent’s side lets the work pass, in person.")
