"""Licences as rows: who may see them, and how they stand now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.choosing import found_by_any, in_any
from licensing.models import GrantReissue, GrantStatement, Hold, LicenceRequest, LicenceToken, MandateSigner
from licensing.selectors.people import mandates_in_force, spoken_for_by
from trustcore.policy.terms import Terms, open_window, parse_terms
from trustcore.policy.vocabulary import ApprovalMode, TokenState

_MAY_BE_HELD: Final = frozenset({TokenState.ACTIVE, TokenState.PENDING_ACTIVATION})


def tokens() -> QuerySet[LicenceToken]:
    """Licences with the rows that their state and terms are read from."""
    return with_terms(LicenceToken.objects.all())


def with_terms(rows: QuerySet[LicenceToken]) -> QuerySet[LicenceToken]:
    """The licences with the rows that their state and terms are read from."""
    parts = rows.select_related("terms", "licensee", "production", "talent", "agency", "superseded_by")
    return parts.annotate(hold_reasons=ArraySubquery(holds_over(OuterRef).order_by("pk").values("reason")))


def holds_over(column: Callable[[str], Any]) -> QuerySet[Hold]:
    """Holds in force that cover a licence; ``column`` gives a column of its row, as ``OuterRef`` does."""
    parts = [column(name) for name in ("jti", "talent_id", "production_id", "licensee_id", "agency_id")]
    return Hold.objects.filter(covers__in=parts, lifted_at=None)


def holds_on(token: LicenceToken) -> QuerySet[Hold]:
    """Holds in force that cover ``token``: its own, and those of its talent, production and parties."""
    return holds_over(lambda name: getattr(token, name)).order_by("pk")


def token_by_jti(jti: UUID) -> LicenceToken | None:
    """The licence of that id, whoever asks: callers above judge visibility themselves."""
    return tokens().filter(pk=jti).first()


def tokens_of_production(production_id: UUID) -> QuerySet[LicenceToken]:
    """Every licence of a production, oldest first, for bundles."""
    return tokens().select_related("grant", "request").filter(production=production_id).order_by("created_at")


def tokens_visible_to(principal: Principal) -> QuerySet[LicenceToken]:
    """Licences of which the caller has the whole, and those that list its organisation as a vendor."""
    seen = in_any(LicenceToken.objects, [*_parties(principal), _as_vendor(principal)])
    return tokens().filter(seen).order_by("-created_at")


def tokens_seen_by(principal: Principal) -> QuerySet[LicenceToken]:
    """The same licences as bare rows: all of them, to count, to sort and to cut."""
    seen = found_by_any(LicenceToken.objects, [*_parties(principal), _as_vendor(principal)])
    return LicenceToken.objects.filter(seen)


def whole_parties(principal: Principal) -> Q:
    """Who reads all of a licence: the licensee, the granting and the present agency, the talent, a quorum's signers, the guild.

    For rows that are already chosen; :func:`tokens_visible_to` chooses by the same parties.
    """
    return reduce(or_, _parties(principal))


def _as_vendor(principal: Principal) -> Q:
    return Q(vendor_ids__contains=[principal.organisation_id])


def _signed_by(principal: Principal) -> QuerySet[Any]:
    """Requests on which the caller's word counts in a quorum."""
    mandates = MandateSigner.objects.filter(user=principal.person).values("mandate_id")
    return LicenceRequest.objects.filter(mode=ApprovalMode.QUORUM, mandate__in=mandates).values("pk")


def _parties(principal: Principal) -> list[Q]:
    organisation = principal.organisation
    represented = mandates_in_force().filter(agency=organisation).values("talent_id")
    parties = [
        Q(licensee=organisation),
        Q(agency=organisation),
        Q(talent__organisation=organisation),
        Q(talent_id__in=represented),
        Q(production__guild=organisation),
    ]
    if principal.credential is None:
        parties += [
            Q(talent__user=principal.person),
            Q(talent__in=spoken_for_by(principal).values("pk")),
            Q(request__in=_signed_by(principal)),
        ]
    return parties


def hold_reasons_on(token: LicenceToken) -> tuple[str, ...]:
    """The reason codes of :func:`holds_on`; of rows of :func:`tokens` as they were when these were read."""
    read: list[str] | None = getattr(token, "hold_reasons", None)
    return tuple(holds_on(token).values_list("reason", flat=True) if read is None else read)


def effective_state(token: LicenceToken, at: datetime | None = None) -> TokenState:
    """How a licence stands at ``at``: what time and holds have done to the stored state, without a beat.

    Stored ends (revoked, exhausted, superseded) stand. Otherwise: past its window it is expired; from the
    moment that its successor's window begins it is superseded; under a hold it is suspended; before its
    own window it is pending. Rows of :func:`tokens` know their holds; for others they are asked for.
    """
    state = state_without_holds(token, at)
    return TokenState.SUSPENDED if state in _MAY_BE_HELD and hold_reasons_on(token) else state


def state_without_holds(token: LicenceToken, at: datetime | None = None) -> TokenState:
    """What time has done to the stored state: the part of :func:`effective_state` that may be stored again."""
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    return state_by_time(
        token.state,
        token.not_before,
        token.not_after,
        Successor(successor.pk, successor.not_before, successor.revoked_at) if successor else None,
        at or clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Successor:
    """The licence that continues another one, as far as the older one's state depends on it."""

    jti: UUID
    not_before: datetime
    revoked_at: datetime | None

    def took_over(self, at: datetime) -> bool:
        """A successor that was revoked before its window began never took over."""
        begun = at >= self.not_before
        return begun and (self.revoked_at is None or self.revoked_at >= self.not_before)


def state_by_time(
    stored: str, not_before: datetime, not_after: datetime, successor: Successor | None, at: datetime
) -> TokenState:
    """What time has done to a stored state; holds stand beside it."""
    state = TokenState(stored)
    if state not in {TokenState.ACTIVE, TokenState.PENDING_ACTIVATION, TokenState.EXPIRING}:
        return state
    if at >= not_after:
        return TokenState.EXPIRED
    if successor is not None and successor.took_over(at):
        return TokenState.SUPERSEDED
    return TokenState.ACTIVE if at >= not_before else TokenState.PENDING_ACTIVATION


def terms_in_force(token: LicenceToken) -> Terms:
    """The signed terms with the window that the licence got when it was issued."""
    terms = parse_terms(token.terms.terms)
    if terms.window.not_before is None:
        return open_window(terms, not_before=token.not_before)
    return terms


def current_grant(token: LicenceToken) -> GrantStatement | GrantReissue:
    """The signed statement of the grant under a key that is trusted: the first one, or the last signed anew."""
    return max(token.reissues.all(), key=lambda row: row.created_at, default=token.grant)
