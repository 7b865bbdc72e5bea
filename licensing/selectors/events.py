"""Events and holds as an organisation reads them: what it declared, what stands in its name, what it may declare."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import Organisation
from accounts.principals import Principal
from licensing.models import DeclaredEvent, Hold, LicenceToken, Production, Talent
from licensing.selectors.holds import Holdable, holds_placed_by, sides_over, thing_visible_to
from licensing.selectors.people import talents_on_roster
from licensing.selectors.productions import productions_visible_to
from licensing.selectors.tokens import tokens_visible_to
from trustcore.policy.holds import may_lift
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

_THINGS_MOST = 200
_NAMED = ("talent", "production", "token__talent", "token__production", "organisation", "placed_by")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that an event may be declared of: its kind, its id, its name."""

    covers: str
    id: UUID
    name: str


def events_declared_by(principal: Principal) -> QuerySet[DeclaredEvent]:
    """Events that the caller's organisation declared, newest first."""
    rows = DeclaredEvent.objects.filter(declared_for=principal.organisation)
    return rows.select_related("declared_by").order_by("-created_at")


def holds_in_our_name(principal: Principal) -> QuerySet[Hold]:
    """Holds that the caller's organisation placed, those in force first, then newest first."""
    rows = holds_placed_by(principal).select_related(*_NAMED)
    return rows.order_by(F("lifted_at").desc(nulls_first=True), "-created_at")


def hold_to_lift(principal: Principal, hold_id: UUID) -> Hold | None:
    """A hold in the caller's name, or another that it may lift: a talent lifts what their agent placed."""
    own = holds_in_our_name(principal).filter(pk=hold_id).first()
    hold = own or Hold.objects.select_related(*_NAMED).filter(pk=hold_id, lifted_at=None).first()
    if own is not None or hold is None:
        return own
    thing = thing_visible_to(principal, hold.covered_kind, hold.covers)
    if thing is None:
        return None
    sides = sides_over(principal, thing)
    return hold if may_lift(DenyReason[hold.reason], placed_by=HoldSide(hold.side), sides=sides) else None


def things_for(principal: Principal, covers: frozenset[str]) -> list[Thing]:
    """What the caller may know of and choose from; the pages of a thing name one beyond the first 200."""
    found: list[Thing] = []
    if "organisation" in covers:
        found.append(Thing("organisation", principal.organisation_id, principal.organisation.name))
    if "production" in covers:
        found += [
            Thing("production", one.pk, one.title) for one in productions_visible_to(principal)[:_THINGS_MOST]
        ]
    if "talent" in covers:
        found += [
            Thing("talent", one.pk, one.stage_name) for one in talents_on_roster(principal)[:_THINGS_MOST]
        ]
    return found


def name_of(thing: Holdable) -> str:
    """What a thing is called."""
    match thing:
        case Production():
            return thing.title
        case Talent():
            return thing.stage_name
        case Organisation():
            return thing.name
        case LicenceToken():
            return f"{thing.talent.stage_name}, {thing.production.title}"


def names_of_tokens(principal: Principal, jtis: list[UUID]) -> dict[UUID, str]:
    """The licences of ``jtis`` that the caller may see, by whom and for what."""
    rows = tokens_visible_to(principal).filter(pk__in=jtis)
    return {one.pk: name_of(one) for one in rows}
