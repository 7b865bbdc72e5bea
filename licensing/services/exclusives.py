"""Exclusive rights of others that stand against an ask; whose they are is told to nobody."""

from datetime import datetime
from typing import Final

from common.errors import Conflict
from licensing.models import LicenceRequest, LicenceToken, Production, Talent
from licensing.selectors.tokens import terms_in_force
from trustcore.policy.clauses import Exclusivity
from trustcore.policy.exclusivity import Claim, conflicts
from trustcore.policy.exclusivity import Conflict as Clash
from trustcore.policy.terms import Terms, parse_terms

_ENDED: Final = ("REVOKED", "TERMINATED_CHANGE_OF_CONTROL")


def clashes(
    terms: Terms,
    talent: Talent,
    production: Production,
    at: datetime,
    *,
    notice_until: datetime | None = None,
) -> tuple[Clash, ...]:
    """Every conflict of ``terms`` with licences of other licensees for the same talent."""
    rows = LicenceToken.objects.filter(talent=talent).exclude(licensee=production.organisation_id)
    rows = rows.exclude(state__in=_ENDED).select_related("terms").order_by("pk")
    if terms.exclusivity.kind is Exclusivity.NONE:  # then only exclusive ones can stand against it
        rows = rows.exclude(terms__terms__exclusivity__kind=str(Exclusivity.NONE))
    asked = Claim.of(terms, begins=max(at, notice_until or at), category=_category(terms))
    live = []
    for row in rows:
        granted = terms_in_force(row)
        claim = Claim.of(granted, begins=row.not_before, category=_category(granted))
        live.append(claim)
    return conflicts(asked, live)


def require_free(
    terms: Terms,
    talent: Talent,
    production: Production,
    at: datetime,
    *,
    notice_until: datetime | None = None,
) -> None:
    """Refuse an ask that an exclusive right of others stands against.

    Raises:
        Conflict: ``EXCLUSIVITY_CONFLICT``, in the ask's own words alone.
    """
    if found := clashes(terms, talent, production, at, notice_until=notice_until):
        raise Conflict(
            "EXCLUSIVITY_CONFLICT",
            "An exclusive right stands against this use.",
            " ".join(one.sentence for one in found),
            {"conflicts": [{"field": one.field, "values": list(one.values)} for one in found]},
        )


def require_free_at_issue(request: LicenceRequest, at: datetime) -> None:
    """The same at the moment of issue, one licence of a talent after another; MUST be called in a transaction.

    Raises:
        Conflict: ``EXCLUSIVITY_CONFLICT``.
    """
    Talent.objects.select_for_update().get(pk=request.talent_id)
    if request.current is not None:
        terms = parse_terms(request.current.terms)
        require_free(terms, request.talent, request.production, at, notice_until=request.notice_until)


def _category(terms: Terms) -> str | None:
    return terms.declared.product_category if terms.declared else None
