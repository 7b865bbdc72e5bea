"""Another agency, or none: every live licence that the former one granted is judged anew, shown first, then held.

A held licence waits until the talent, or an agent of the new agency, lifts the hold: nobody renders on the word of
somebody who no longer speaks for the talent. Licences to which the talent agreed alone go on.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef

from accounts.models import Organisation
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden
from licensing.models import DeclaredEvent, LicenceRequest, LicenceToken, Talent
from licensing.models.events import EventKind
from licensing.models.requests import OPEN_STATES
from licensing.selectors.holds import ENDABLE
from licensing.selectors.people import mandate_in_force, mandates_in_force, speaks_for
from licensing.selectors.tokens import holds_over
from licensing.services.effects import Effect, Preview, concerned_by, held_unless_of, preview_of
from licensing.services.holds import write_hold
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

_REASON: Final = DenyReason.REPRESENTATION_CHANGED


def preview_representation(*, principal: Principal, talent: Talent, agency: Organisation | None) -> Preview:
    """What becomes of each live licence if ``agency`` speaks for the talent from now on; None: nobody does.

    Raises:
        Forbidden: ``TALENT_ONLY``.
    """
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent grants or raises a mandate.")
    return _preview(talent, agency.pk if agency else None)


def judge_representation(
    *, principal: Principal, talent: Talent, agency_id: UUID | None, effect_hash: str | None, why: str
) -> None:
    """Judge live licences before the mandate changes hands; MUST be called in its transaction, before it is written.

    Raises:
        Conflict: ``EFFECT_CHANGED`` with the present hash: licences would be held, and this was not what was read.
    """
    if not _changes(talent, agency_id):
        return
    # as an approval locks them: a licence under issue is among those below, or knows of the new mandate
    waiting = LicenceRequest.objects.select_for_update().filter(talent=talent, state__in=OPEN_STATES)
    list(waiting.order_by("pk").values_list("pk"))
    Talent.objects.select_for_update().get(pk=talent.pk)
    shown = _preview(talent, agency_id)
    held = [one.jti for one in shown.effects if one.becomes == "HELD"]
    if not held:
        return
    if effect_hash != shown.effect_hash:
        raise Conflict(
            "EFFECT_CHANGED",
            "Licences that run would stand still, and this is not what was read.",
            "Nothing has happened. Read what it does, and confirm that.",
            {"effect_hash": shown.effect_hash, "effects": [one.to_dict() for one in shown.effects]},
        )
    event = DeclaredEvent.objects.create(
        kind=EventKind.REPRESENTATION,
        covers="talent",
        covered_id=talent.pk,
        declared_by=principal.person,
        declared_for=principal.organisation,
        why=why,
        effects=[one.to_dict() for one in shown.effects],
        effect_hash=shown.effect_hash,
    )
    for jti in held:
        write_hold(principal, "token", jti, _REASON, HoldSide.TALENT, why)
    record(
        kind="event.representation",
        principal=principal,
        visible_to=concerned_by(shown),
        object_type="talent",
        object_id=talent.pk,
        details={
            "event": str(event.pk),
            "effect_hash": shown.effect_hash,
            "licences": [one.to_dict() for one in shown.effects],
        },
    )


def _changes(talent: Talent, agency_id: UUID | None) -> bool:
    now = mandate_in_force(talent.pk)
    return (now.agency_id if now else None) != agency_id


def _preview(talent: Talent, agency_id: UUID | None) -> Preview:
    return preview_of(
        EventKind.REPRESENTATION, talent.pk, _effects(talent, agency_id), {"agency": str(agency_id or "")}
    )


def _effects(talent: Talent, agency_id: UUID | None) -> Iterable[Effect]:
    rows = LicenceToken.objects.filter(talent=talent, state__in=ENDABLE, not_after__gt=clock.now())
    now = mandates_in_force().filter(talent=talent)
    rows = rows.filter(Exists(now) if agency_id is None else ~Exists(now.filter(agency=agency_id)))
    rows = rows.annotate(hold_reasons=ArraySubquery(holds_over(OuterRef).order_by("pk").values("reason")))
    return [held_unless_of(_REASON, agency_id, token) for token in rows.order_by("pk")]
