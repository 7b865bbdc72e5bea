"""Strike, dispute, majority, death, change of representation, of control, a production's end: shown, then confirmed.

Each event judges every live licence that it touches. Whoever declares it reads the effect and confirms it by its
hash; an effect that changed meanwhile is read again, and nothing has happened.
"""

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import (
    Authority,
    DeclaredEvent,
    LicenceRequest,
    LicenceToken,
    Production,
    Talent,
    TalentInstruction,
    TrainingToken,
)
from licensing.models.consent import AuthorityKind
from licensing.models.events import EventKind
from licensing.models.requests import OPEN_STATES
from licensing.selectors.holds import ENDABLE, Holdable, sides_over, thing_visible_to
from licensing.selectors.people import is_deceased, is_minor, mandate_in_force
from licensing.selectors.tokens import holds_over
from licensing.services.authorities import admit_voices, end_guardians
from licensing.services.effects import Effect, Preview, concerned_by, held_by, held_unless_of, preview_of
from licensing.services.endings import end_licence, ended_by_production, one_event
from licensing.services.holds import write_hold
from licensing.services.mandates import end_mandates
from licensing.services.productions import clean_text
from licensing.services.training_tokens import end_training_token
from trustcore.policy.clauses import ChangeOfControl
from trustcore.policy.holds import may_place
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import ApprovalMode, HoldSide, TokenState

_WHY_MAX: Final = 2000
HELD_BY: Final = {
    EventKind.STRIKE: DenyReason.STRIKE_SUSPENSION,
    EventKind.DISPUTE: DenyReason.DISPUTE_HOLD,
    EventKind.MAJORITY: DenyReason.MINOR_REACHED_MAJORITY,
    EventKind.DEATH: DenyReason.ESTATE_AUTHORITY_REQUIRED,
    EventKind.REPRESENTATION: DenyReason.REPRESENTATION_CHANGED,
}
COVERS: Final = {
    EventKind.STRIKE: {"production"},
    EventKind.DISPUTE: {"token", "talent", "production"},
    EventKind.MAJORITY: {"talent"},
    EventKind.DEATH: {"talent"},
    EventKind.REPRESENTATION: {"talent"},
    EventKind.CHANGE_OF_CONTROL: {"organisation"},
    EventKind.PRODUCTION_END: {"token", "production"},
}


_SAY_IT_ENDED: Final[dict[type, tuple[HoldSide, ...]]] = {
    LicenceToken: (HoldSide.TALENT, HoldSide.AGENT, HoldSide.LICENSEE),
    Production: (HoldSide.LICENSEE,),
}
"""Of one licence either party says that its production came to the end it waits for; of all, the studio."""


def preview_event(*, principal: Principal, kind: str, covers: str, covered_id: UUID) -> Preview:
    """Show what an event would do; nothing happens.

    Raises:
        NotFound, Forbidden, InvalidInput: as :func:`declare_event`.
    """
    thing, _ = _allowed(principal, kind, covers, covered_id)
    return _preview(EventKind(kind), thing)


def declare_event(
    *, principal: Principal, kind: str, covers: str, covered_id: UUID, effect_hash: str, why: str
) -> DeclaredEvent:
    """Declare an event whose effect was read, and carry it out: all of it, or nothing.

    Who may: the guild a strike; each party a dispute; the talent's side majority; an administrator of the
    talent's own organisation death; the talent a change of representation; an administrator of the licensee
    a change of control; the studio the end of a production, of one licence the talent's side too.

    Raises:
        NotFound: no such thing, or none that the caller may know of.
        Forbidden: ``NOT_YOURS_TO_DECLARE``.
        InvalidInput: ``EVENT_UNKNOWN``, ``EVENT_COVERS_OTHER_THINGS`` or ``WHY_INVALID``.
        Conflict: ``EFFECT_CHANGED`` with the present hash; ``EVENT_STANDS``: declared before, or not yet so:
            nobody comes of age before their day; ``NO_END_AGREED`` or ``ENDS_DIFFER``: of a production's end.
    """
    thing, side = _allowed(principal, kind, covers, covered_id)
    require_presence(principal)
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID")
    event = EventKind(kind)
    with transaction.atomic():
        _lock_as_approvals_do(thing)
        type(thing).objects.select_for_update().get(
            pk=thing.pk
        )  # a licence under issue holds what it refers to
        thing.refresh_from_db()
        shown = _preview(event, thing)
        if shown.effect_hash != effect_hash:
            raise Conflict(
                "EFFECT_CHANGED",
                "The effect changed while you were reading.",
                "Nothing has happened. Read it again.",
                {"effect_hash": shown.effect_hash},
            )
        row = DeclaredEvent.objects.create(
            kind=event,
            covers=covers,
            covered_id=thing.pk,
            declared_by=principal.person,
            declared_for=principal.organisation,
            why=why,
            effects=[one.to_dict() for one in shown.effects],
            effect_hash=effect_hash,
        )
        _CARRY_OUT[event](principal, thing, side, shown, why)
        record(
            kind=f"event.{event.lower()}",
            principal=principal,
            visible_to=concerned_by(shown),
            object_type=covers,
            object_id=thing.pk,
            production_id=thing.pk if isinstance(thing, Production) else None,
            details={
                "event": str(row.pk),
                "effect_hash": effect_hash,
                "licences": [one.to_dict() for one in shown.effects],
            },
        )
        return row


def _allowed(principal: Principal, kind: str, covers: str, covered_id: UUID) -> tuple[Holdable, HoldSide]:
    if kind not in EventKind.values:
        raise InvalidInput("EVENT_UNKNOWN", _("%(kind)s is no event.") % {"kind": kind[:40]})
    event = EventKind(kind)
    if covers not in COVERS[event]:
        raise InvalidInput(
            "EVENT_COVERS_OTHER_THINGS",
            _("%(kind)s is not declared of a %(covers)s.") % {"kind": kind, "covers": covers[:20]},
        )
    thing = thing_visible_to(principal, covers, covered_id)
    if thing is None:
        raise NotFound
    side = _side(principal, event, thing)
    if side is None:
        raise Forbidden("NOT_YOURS_TO_DECLARE", "This event is for another side to declare.")
    return thing, side


def _side(principal: Principal, event: EventKind, thing: Holdable) -> HoldSide | None:
    sides = sides_over(principal, thing)
    if isinstance(thing, Talent):
        own = thing.organisation_id == principal.organisation_id and principal.is_role("ADMIN")
        if event is EventKind.REPRESENTATION:
            return HoldSide.TALENT if HoldSide.TALENT in sides else None
        if event is EventKind.DEATH:  # neither an agent nor a guardian takes a living person's word away
            return HoldSide.TALENT if own else None
        if own and event is EventKind.MAJORITY:
            return HoldSide.TALENT
    if event is EventKind.CHANGE_OF_CONTROL:
        return HoldSide.ORGANISATION if HoldSide.ORGANISATION in sides else None
    if event is EventKind.PRODUCTION_END:
        return next((side for side in _SAY_IT_ENDED[type(thing)] if side in sides), None)
    return may_place(HELD_BY[event], sides)


def _preview(event: EventKind, thing: Holdable) -> Preview:
    # the same confirmation sent twice is one change of hands
    further = {"generation": thing.control_generation} if isinstance(thing, Organisation) else None
    return preview_of(event, thing.pk, _effects(event, thing), further)


def _lock_as_approvals_do(thing: Holdable) -> None:
    """Lock what an approval locks before it comes to ``thing``, so that neither can wait on the other.

    An approval goes from its request to the talent, and from the licence that it renews to the licensee and production.
    """
    if isinstance(thing, Talent):
        list(
            LicenceRequest.objects.select_for_update()
            .filter(talent=thing, state__in=OPEN_STATES)
            .order_by("pk")
        )
    elif isinstance(thing, Organisation | Production):
        list(_live(thing).select_for_update(of=("self",)))


def _live(thing: Holdable) -> QuerySet[LicenceToken]:
    match thing:
        case LicenceToken():
            covered = Q(pk=thing.pk)
        case Talent():
            covered = Q(talent=thing)
        case Production():
            covered = Q(production=thing)
        case Organisation():
            covered = Q(licensee=thing)
    rows = LicenceToken.objects.filter(covered, state__in=ENDABLE, not_after__gt=clock.now())
    return rows.select_related("terms", "request__talent", "production", "talent", "licensee").order_by("pk")


def _live_training(thing: Holdable) -> QuerySet[TrainingToken]:
    rows = TrainingToken.objects.filter(state=TokenState.ACTIVE, not_after__gt=clock.now()).order_by("pk")
    rows = rows.select_related("request__talent")
    match thing:
        case Talent():
            return rows.filter(talent=thing)
        case Production():
            return rows.filter(production=thing)
        case Organisation():
            return rows.filter(licensee=thing)
        case _:
            return rows.none()


def _effects(event: EventKind, thing: Holdable) -> list[Effect]:
    judge = _judge_of(event, thing)
    found = [judge(token) for token in _with_holds(_live(thing))]
    if event is EventKind.PRODUCTION_END:
        return _that_end(found)
    if event is EventKind.CHANGE_OF_CONTROL:
        training = ("TERMINATED", str(DenyReason.CHANGE_OF_CONTROL))
    elif event in {EventKind.STRIKE, EventKind.DISPUTE, EventKind.MAJORITY}:
        training = ("HELD", str(HELD_BY[event]))
    else:
        training = ("UNCHANGED", "") if event is EventKind.REPRESENTATION else ("TERMINATED", "DEATH")
    return [*found, *(Effect(token.pk, *training) for token in _live_training(thing))]


def _that_end(found: list[Effect]) -> list[Effect]:
    if not any(one.becomes == "TERMINATED" for one in found):
        raise Conflict("NO_END_AGREED", "No live licence here ends at an event of the production.")
    if not one_event(found):
        raise Conflict(
            "ENDS_DIFFER",
            "These licences end at different events.",
            "Declare the end of each licence by itself.",
        )
    return found


def _with_holds(rows: QuerySet[LicenceToken]) -> QuerySet[LicenceToken]:
    """The same rows, each with the reasons of the holds over it: one query for all."""
    return rows.annotate(hold_reasons=ArraySubquery(holds_over(OuterRef).order_by("pk").values("reason")))


def _judge_of(event: EventKind, thing: Holdable) -> Callable[[LicenceToken], Effect]:
    """What the event does to a licence; what is the same for all of them is asked once, here."""
    if event is EventKind.CHANGE_OF_CONTROL:
        return _by_rule_of_control
    if event is EventKind.PRODUCTION_END:
        return ended_by_production
    reason = HELD_BY[event]
    if event is EventKind.DEATH and isinstance(thing, Talent):
        return partial(_held_unless_allowed, reason, _allowed_after_death(thing))
    if event is EventKind.REPRESENTATION and isinstance(thing, Talent):
        mandate = mandate_in_force(thing.pk)
        return partial(held_unless_of, reason, mandate.agency_id if mandate else None)
    return partial(held_by, reason)


def _by_rule_of_control(token: LicenceToken) -> Effect:
    rule = token.terms.terms["change_of_control"]
    becomes = {"TERMINATE": "TERMINATED", "RECONSENT": "NEEDS_CONSENT"}.get(rule, "UNCHANGED")
    return Effect(token.pk, becomes, rule)


def _held_unless_allowed(reason: DenyReason, allowed: frozenset[str], token: LicenceToken) -> Effect:
    if set(token.use_types) <= allowed:
        return Effect(token.pk, "UNCHANGED", "POST_MORTEM_INSTRUCTION")
    return held_by(reason, token)


def _allowed_after_death(talent: Talent) -> frozenset[str]:
    """The uses that the talent's last word allows after death."""
    said = TalentInstruction.objects.filter(talent=talent, kind="POST_MORTEM")
    last = said.order_by("-created_at", "-pk").first()
    return frozenset(last.body["use_types"]) if last is not None and last.body.get("allowed") else frozenset()


def _strike(principal: Principal, thing: Holdable, side: HoldSide, _shown: Preview, why: str) -> None:
    """One hold on all of it: licences that are issued later come under it, too."""
    _hold(principal, thing, DenyReason.STRIKE_SUSPENSION, side, why)


def _dispute(principal: Principal, thing: Holdable, side: HoldSide, _shown: Preview, why: str) -> None:
    _hold(principal, thing, DenyReason.DISPUTE_HOLD, side, why)


def _hold(principal: Principal, thing: Holdable, reason: DenyReason, side: HoldSide, why: str) -> None:
    covers = {LicenceToken: "token", Talent: "talent", Production: "production"}[type(thing)]
    try:
        write_hold(principal, covers, thing.pk, reason, side, why)
    except Conflict as error:
        raise Conflict("EVENT_STANDS", "This event was declared before and still stands.") from error


def _hold_each(principal: Principal, shown: Preview, reason: DenyReason, side: HoldSide, why: str) -> None:
    for one in shown.effects:
        if one.becomes == "HELD":
            write_hold(principal, "token", one.jti, reason, side, why)


def _come_of_age(principal: Principal, thing: Holdable, side: HoldSide, shown: Preview, why: str) -> None:
    if not isinstance(thing, Talent) or thing.majority_on is None or is_minor(thing):
        raise Conflict("EVENT_STANDS", "Nobody here has come of age.")
    end_guardians(thing, principal)
    end_mandates(principal, thing)  # what a guardian granted, the person grants anew
    _ask_instead(thing, ApprovalMode.GUARDIAN_AND_COURT, ApprovalMode.TALENT_ONLY)
    _hold(principal, thing, DenyReason.MINOR_REACHED_MAJORITY, side, why)


def _die(principal: Principal, thing: Holdable, side: HoldSide, shown: Preview, why: str) -> None:
    if not isinstance(thing, Talent) or is_deceased(thing):
        raise Conflict("EVENT_STANDS", "This death is on record.")
    executors = Authority.objects.filter(talent=thing, kind=AuthorityKind.ESTATE_EXECUTOR)
    if executors.filter(registered_by=principal.person).exists():
        raise Forbidden("FOUR_EYES", "Who registered the executor does not declare the death.")
    thing.died_on = clock.now().date()
    thing.save(update_fields=["died_on"])
    end_guardians(thing, principal)
    admit_voices(thing)
    end_mandates(principal, thing)
    _ask_instead(thing, ApprovalMode.TALENT_ONLY, ApprovalMode.GUARDIAN_AND_COURT)
    _hold_each(principal, shown, DenyReason.ESTATE_AUTHORITY_REQUIRED, side, why)
    _end_training(thing, principal)


def _change_representation(
    principal: Principal, thing: Holdable, side: HoldSide, shown: Preview, why: str
) -> None:
    _hold_each(principal, shown, DenyReason.REPRESENTATION_CHANGED, side, why)


def _change_hands(principal: Principal, thing: Holdable, side: HoldSide, shown: Preview, why: str) -> None:
    if not isinstance(thing, Organisation):
        raise TypeError("only an organisation changes hands")
    thing.control_generation += 1
    thing.save(update_fields=["control_generation"])
    ending = [one.jti for one in shown.effects if one.becomes == "TERMINATED"]
    for token in _live(thing).filter(pk__in=ending).select_for_update(of=("self",)):
        if token.terms.terms["change_of_control"] == ChangeOfControl.TERMINATE:
            end_licence(token, principal, TokenState.TERMINATED_CHANGE_OF_CONTROL)
    _end_training(thing, principal)


def _end_production(principal: Principal, thing: Holdable, side: HoldSide, shown: Preview, why: str) -> None:
    """End what was to end at this event; who reads the effect reads the event of each licence."""
    ending = {one.jti: one.reason for one in shown.effects if one.becomes == "TERMINATED"}
    for token in _live(thing).filter(pk__in=ending).select_for_update(of=("self",)):
        end_licence(token, principal, TokenState.EXPIRED, event=ending[token.pk])


def _ask_instead(talent: Talent, before: ApprovalMode, after: ApprovalMode) -> None:
    """Have open requests that waited for one of the talent's voices wait for the one that counts now."""
    rows = LicenceRequest.objects.filter(talent=talent, state__in=OPEN_STATES, mode=before)
    rows.update(mode=after)


def _end_training(thing: Holdable, principal: Principal) -> None:
    for token in _live_training(thing).select_for_update(of=("self",)):
        end_training_token(token, principal, "Ended by an event.")


_CARRY_OUT: Final[dict[EventKind, Callable[[Principal, Holdable, HoldSide, Preview, str], None]]] = {
    EventKind.STRIKE: _strike,
    EventKind.DISPUTE: _dispute,
    EventKind.MAJORITY: _come_of_age,
    EventKind.DEATH: _die,
    EventKind.REPRESENTATION: _change_representation,
    EventKind.CHANGE_OF_CONTROL: _change_hands,
    EventKind.PRODUCTION_END: _end_production,
}
