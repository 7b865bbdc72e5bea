"""Licences that end before their window does: the studio changed hands, or the production came to what they wait for."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict
from licensing.models import LicenceToken
from licensing.selectors.endings import folded, has_come
from licensing.selectors.people import person_pseudonym
from licensing.services.duties import open_duties
from licensing.services.effects import Effect
from licensing.services.trail import parties_of
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import FrameDisposition, RevocationKind, TokenState
from trustcore.receipt import RevokedEntry

_REASON = {
    TokenState.TERMINATED_CHANGE_OF_CONTROL: DenyReason.CHANGE_OF_CONTROL,
    TokenState.EXPIRED: DenyReason.EXPIRED,
}


def end_licence(token: LicenceToken, principal: Principal, state: TokenState, *, event: str = "") -> None:
    """End a licence for good, frames stay; MUST be called with the token locked.

    Args:
        state: ``TERMINATED_CHANGE_OF_CONTROL``, or ``EXPIRED`` for what ends as its terms say.
        event: what the terms waited for, as "picture lock".
    """
    before = token.state
    token.state = state
    token.notice_at = None
    token.save(update_fields=["state", "notice_at"])
    open_duties(token, FrameDisposition.KEEP)
    record(
        kind="licence.terminated",
        principal=principal,
        visible_to=[*parties_of(token.request), *token.vendor_ids, *guild_of(token)],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        before={"state": before},
        after={"state": str(state)},
        details={
            "reason": str(_REASON[state]),
            "version": token.terms.version,
            **({"ended_by": event} if event else {}),
        },
        log_entry=RevokedEntry(
            at=clock.rfc3339(clock.now()),
            by=person_pseudonym(principal.person.pk, token.production_id),
            disposition=FrameDisposition.KEEP,
            jti=str(token.pk),
            kind=RevocationKind.PROSPECTIVE,
            organisation=str(principal.organisation_id),
            terms_version=token.terms.version,
        ),
    )


def guild_of(token: LicenceToken) -> list[UUID]:
    """The guild that oversees the licence's production, if one does."""
    return [token.production.guild_id] if token.production.guild_id else []


def ended_by_production(token: LicenceToken) -> Effect:
    """What becomes of a licence when its production comes to the end that terms may name."""
    event = token.terms.terms["window"].get("production_end_event")
    return Effect(token.pk, "TERMINATED" if event else "UNCHANGED", event or "")


def require_running(production_id: UUID, terms: Terms, renewed_id: UUID | None = None) -> None:
    """Refuse terms that wait for an end which has come already: they would never end by it.

    Args:
        renewed_id: the licence that they renew, of which alone the end may have been declared.

    Raises:
        Conflict: ``PRODUCTION_ENDED``.
    """
    event = terms.window.production_end_event
    if has_come(event, production_id, renewed_id):
        raise Conflict(
            "PRODUCTION_ENDED",
            "The work was to end at an event that has happened.",
            _("%(event)s was declared for this production. Name a later event, or none.") % {"event": event},
        )


def one_event(effects: list[Effect]) -> bool:
    """Whether all licences that would end wait for the same event, however it is written."""
    return len({folded(one.reason) for one in effects if one.becomes == "TERMINATED"}) <= 1
