"""Let frames go that a revocation holds: the licensee asks with a reason, the talent's side decides with one.

Whoever asks and whoever decides differ in person and in organisation (TAXONOMY 10). After an emergency stop, and while
one is in force, the talent alone decides; an agent decides only what the talent neither reserved nor ended. Frames that
are to be destroyed are not let go.
"""

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, NotFound
from licensing.models import FrameRelease, LicenceToken, Talent
from licensing.models.requests import Side
from licensing.selectors.people import has_authority, is_agent_of, mandate_in_force
from licensing.selectors.releases import frames_are_held, side_that_lets_go
from licensing.selectors.tokens import tokens_visible_to
from licensing.services.productions import clean_text
from licensing.services.trail import parties_of, require_voice
from trustcore.policy.vocabulary import FrameDisposition

_WHY_MAX: Final = 2000


def ask_release(*, principal: Principal, jti: UUID, why: str) -> FrameRelease:
    """Ask the talent's side to let go what was rendered under a licence that ended; nothing is released by asking.

    Raises:
        NotFound: no such licence, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_ASK``: no producer or administrator of the licensee, in person.
        Conflict: ``NOTHING_HELD``; ``FRAMES_TO_BE_DESTROYED``; ``RELEASE_OPEN``: it was asked already.
        InvalidInput: ``WHY_INVALID``.
    """
    token = _token(principal, jti)
    if token.licensee_id != principal.organisation_id or not principal.is_role("PRODUCER", "ADMIN"):
        raise Forbidden("NOT_YOURS_TO_ASK", "A producer of the licensee asks, in person.")
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID")
    _require_held(token)
    try:
        with transaction.atomic():
            row = FrameRelease.objects.create(
                token=token, asked_by=principal.person, asked_for=principal.organisation, why=why
            )
            _tell(row, principal, "licence.release_asked")
            return row
    except IntegrityError as error:
        if "one_open_release_per_licence" not in str(error):
            raise
        raise Conflict("RELEASE_OPEN", "This was asked already, and waits for the talent’s side.") from error


def decide_release(*, principal: Principal, release_id: UUID, grants: bool, why: str) -> FrameRelease:
    """Let the held frames of a licence go, or keep them held; decided once, with a reason.

    Raises:
        NotFound: no such release, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_RELEASE``; ``TALENT_ONLY``: the talent stopped or
            ended it, or reserved decisions; ``NOT_YOURS_TO_DECIDE``: a minor alone; ``FOUR_EYES``: who asked, or
            their organisation, does not decide; or as :func:`~accounts.presence.require_presence`.
        Conflict: ``RELEASE_DECIDED``; ``NOTHING_HELD`` or ``FRAMES_TO_BE_DESTROYED`` meanwhile.
        InvalidInput: ``WHY_INVALID``.
    """
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID")
    with transaction.atomic():
        rows = FrameRelease.objects.select_for_update(of=("self",)).select_related("token__talent")
        row = rows.filter(pk=release_id).first()
        if row is None:
            raise NotFound
        # a stop waits for this, or is in force below
        Talent.objects.select_for_update(of=("self",)).get(tokens=row.token_id)
        token = _token(principal, row.token_id)
        side = _deciding_side(principal, token)
        if row.asked_by_id == principal.person.pk or row.asked_for_id == principal.organisation_id:
            raise Forbidden("FOUR_EYES", "Who asked, or their house, does not decide.")
        require_presence(principal)
        if row.decided_at is not None:
            raise Conflict("RELEASE_DECIDED", "This was decided before.")
        if grants:
            _require_held(token)
        row.is_granted, row.answer, row.side = grants, why, side
        row.decided_at, row.decided_by, row.decided_for = (
            clock.now(),
            principal.person,
            principal.organisation,
        )
        row.save()
        _tell(row, principal, "licence.release_granted" if grants else "licence.release_refused")
        return row


def _token(principal: Principal, jti: UUID) -> LicenceToken:
    found = tokens_visible_to(principal).select_related("talent", "production", "request__talent")
    token = found.filter(pk=jti).first()
    if token is None or principal.organisation_id in token.vendor_ids:
        raise NotFound
    return token


def _require_held(token: LicenceToken) -> None:
    if not frames_are_held(token):
        raise Conflict("NOTHING_HELD", "Nothing is held under this licence.")
    if token.frame_disposition == FrameDisposition.DESTROY_WITH_CERTIFICATE:
        raise Conflict("FRAMES_TO_BE_DESTROYED", "These frames are to be destroyed; they are not let go.")


def _deciding_side(principal: Principal, token: LicenceToken) -> Side:
    side = side_that_lets_go(principal, token)
    if side is not None:
        return side
    require_voice(principal, token.talent)
    mandate = mandate_in_force(token.talent_id)
    is_agent = mandate is not None and is_agent_of(principal, mandate)
    if is_agent or has_authority(principal, token.talent):
        raise Forbidden("TALENT_ONLY", "The talent keeps this decision; nobody else lets it go.")
    raise Forbidden("NOT_YOURS_TO_RELEASE", "Only the talent’s side lets frames go, in person.")


def _tell(row: FrameRelease, principal: Principal, kind: str) -> None:
    token = row.token
    guild = [token.production.guild_id] if token.production.guild_id else []
    record(
        kind=kind,
        principal=principal,
        visible_to=[*parties_of(token.request), *guild],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        details={"release": str(row.pk), "disposition": token.frame_disposition},
    )
