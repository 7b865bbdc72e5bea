"""Checkpoints: the talent's side has seen role, script or final output, and lets the work go on.

As many say yes as the mode of approval demands (:mod:`licensing.selectors.checkpoints`); a yes stands, as an approval does,
and whoever means no says none, pauses the licence or revokes it.

Role and script come before the work: until both that were agreed are passed, a hold stands on the licence from its
issue on, and no render is permitted. The final output comes after them, and is asked for when it is to be released.
Nobody says yes where it would open nothing, or while something pauses the licence (:mod:`licensing.selectors.barriers`).
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, NotFound
from licensing.models import CheckpointPass, CheckpointYes, Hold, LicenceToken, MandateSigner
from licensing.models.requests import Side
from licensing.selectors.barriers import BEFORE_THE_WORK, Barrier, barrier_at
from licensing.selectors.checkpoints import AGENT_HAS_A_WORD, checkpoint_rule, voices_at
from licensing.selectors.holds import whole_hold
from licensing.selectors.tokens import effective_state, tokens_visible_to
from licensing.services.holds import end_hold
from licensing.services.trail import require_voice
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import ApprovalMode, HoldSide


def pass_checkpoint(*, principal: Principal, jti: UUID, checkpoint: str) -> CheckpointPass | None:
    """Say yes to the work at a checkpoint of a licence, once and for good; the talent's side alone, in person.

    Returns:
        The pass, when everybody whom the mode of approval demands has said yes; None while another must still.

    Raises:
        NotFound: no such licence, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_PASS``: not of those whom the mode demands;
            ``NOT_YOURS_TO_DECIDE``: a minor alone; ``FOUR_EYES``: said yes for another side already.
        Conflict: ``CHECKPOINT_NOT_AGREED``: the terms have no such checkpoint; ``CHECKPOINT_PASSED``;
            ``ALREADY_APPROVED``: said yes already, or their side has; ``TOKEN_STATE``: the licence is paused, or has
            ended so that a yes opens nothing; ``CHECKPOINT_TOO_EARLY``: role and script come first.
    """
    token = tokens_visible_to(principal).filter(pk=jti).first()
    if token is None:
        raise NotFound
    _voices(principal, token)
    require_presence(principal)
    if checkpoint not in token.terms.terms["approvals"]["checkpoints"]:
        raise Conflict(
            "CHECKPOINT_NOT_AGREED",
            "The terms of this licence have no such checkpoint.",
            _("It is %(checkpoint)s.") % {"checkpoint": checkpoint[:20]},
        )
    with transaction.atomic():
        # two at once: the later one sees both
        token = LicenceToken.objects.select_for_update().get(pk=token.pk)
        if CheckpointPass.objects.filter(token=token, checkpoint=checkpoint).exists():
            raise Conflict("CHECKPOINT_PASSED", "This checkpoint was passed already.")
        _require_its_time(token, checkpoint)
        side = _say_yes(principal, token, checkpoint)
        row = _settle(token, checkpoint, side, principal.person)
        record(
            kind="licence.checkpoint_passed" if row else "licence.checkpoint_agreed",
            principal=principal,
            organisation_id=token.talent.organisation_id,
            visible_to=[token.licensee_id, *([token.agency_id] if token.agency_id else [])],
            object_type="licence",
            object_id=token.pk,
            production_id=token.production_id,
            details={"checkpoint": checkpoint},
        )
        if row is not None:
            _open_the_work(principal, token)
        return row


def _require_its_time(token: LicenceToken, checkpoint: str) -> None:
    """Refuse a yes before its time, or after; MUST be called with the licence locked."""
    passed = set(CheckpointPass.objects.filter(token=token).values_list("checkpoint", flat=True))
    agreed = token.terms.terms["approvals"]["checkpoints"]
    barrier = barrier_at(token, checkpoint, [one for one in agreed if one not in passed])
    if barrier is Barrier.ORDER:
        raise Conflict(
            "CHECKPOINT_TOO_EARLY",
            "Role and script come before the finished work.",
            "Let them pass first; nothing was said yes to.",
        )
    if barrier is not None:
        state = effective_state(token)
        is_paused = barrier is Barrier.PAUSED
        raise Conflict(
            "TOKEN_STATE",
            "This licence is paused." if is_paused else "This licence has ended.",
            "Its checkpoints wait until every hold is lifted."
            if is_paused
            else "A yes would open nothing any more.",
            {"state": str(state)},
        )


def _say_yes(principal: Principal, token: LicenceToken, checkpoint: str) -> Side:
    """Write the caller's yes for a side of theirs that is awaited; the side."""
    rule, voices = checkpoint_rule(token), _voices(principal, token)
    said = list(CheckpointYes.objects.filter(token=token, checkpoint=checkpoint))
    mine = [one for one in said if one.said_by_id == principal.person.pk]
    missing = rule.missing(said)
    if mine and not missing:  # said before, and those who were awaited then are no longer
        return Side(mine[0].side)
    awaited = voices & missing if missing else voices
    if not awaited or any(one.side in awaited for one in mine):
        raise Conflict("ALREADY_APPROVED", "Your side has let it pass already; another is still awaited.")
    if mine:
        raise Forbidden("FOUR_EYES", "Agent and talent must be two persons.")
    side = min(awaited)
    CheckpointYes.objects.create(token=token, checkpoint=checkpoint, side=side, said_by=principal.person)
    return side


def _settle(token: LicenceToken, checkpoint: str, side: str, person: User) -> CheckpointPass | None:
    """Write the pass once nobody's yes is awaited; MUST be called with the licence locked or just made."""
    said = list(CheckpointYes.objects.filter(token=token, checkpoint=checkpoint))
    if not said or checkpoint_rule(token).missing(said):
        return None
    return CheckpointPass.objects.create(token=token, checkpoint=checkpoint, side=side, passed_by=person)


def hold_until_passed(token: LicenceToken, renewed: LicenceToken | None, placed_by: User) -> None:
    """Hold a licence that was just issued until role and script are passed; MUST be called inside its transaction.

    What the licence that it renews had passed stays passed where part, script and description are the same, as far as
    those who said yes to it are those whom the mode of the new one demands.
    """
    if not set(BEFORE_THE_WORK) & set(token.terms.terms["approvals"]["checkpoints"]):
        return
    if renewed is not None and _same_work(token, renewed):
        _carry_over(token, renewed)
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
    return [one for one in BEFORE_THE_WORK if one in agreed and one not in passed]


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


def _carry_over(token: LicenceToken, renewed: LicenceToken) -> None:
    agreed = token.terms.terms["approvals"]["checkpoints"]
    before = CheckpointYes.objects.filter(token=renewed, checkpoint__in=BEFORE_THE_WORK)
    request = token.request
    signers = (
        set(MandateSigner.objects.filter(mandate=request.mandate_id).values_list("user_id", flat=True))
        if request.mode == ApprovalMode.QUORUM
        else set()
    )
    last: dict[str, CheckpointYes] = {}
    for one in before.select_related("said_by").order_by("created_at", "pk"):
        counts = {
            Side.TALENT: one.said_by_id == token.talent.user_id,
            Side.SIGNER: one.said_by_id in signers,
            Side.AGENT: request.mode in AGENT_HAS_A_WORD,
        }.get(Side(one.side), True)
        if one.checkpoint in agreed and counts:
            CheckpointYes.objects.create(
                token=token, checkpoint=one.checkpoint, side=one.side, said_by=one.said_by
            )
            last[one.checkpoint] = one
    for checkpoint, one in last.items():
        _settle(token, checkpoint, one.side, one.said_by)


def _voices(principal: Principal, token: LicenceToken) -> frozenset[Side]:
    if principal.credential is None:
        require_voice(principal, token.talent)
    if not (voices := voices_at(principal, token, checkpoint_rule(token))):
        raise Forbidden("NOT_YOURS_TO_PASS", "Only the talent’s side lets the work pass, in person.")
    return voices
