"""What an organisation owes after a revocation, and what others owe it: acknowledgements with their clocks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.choosing import in_any
from licensing.models import RevocationDuty
from licensing.selectors.people import pairwise_pseudonym
from licensing.selectors.tokens import tokens_seen_by
from licensing.selectors.working import performer_name, seen_as_vendor


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One acknowledgement. ``is_mine``: of the caller's own organisation; a vendor reads a pseudonym."""

    id: UUID
    jti: UUID
    short_id: str
    organisation_name: str
    talent_name: str
    production_title: str
    disposition: str
    revoked_at: datetime | None
    due_at: datetime
    acknowledged_at: datetime | None
    certificate_sha256: str
    is_mine: bool
    is_late: bool


def duties_of(principal: Principal, *, is_open: bool, limit: int = 200) -> tuple[DutyLine, ...]:
    """The caller's own and, for whoever has the whole licence, those of its other parties; the most urgent first."""
    rows = _rows(principal).filter(acknowledged_at__isnull=is_open)
    order = ("due_at", "pk") if is_open else ("-acknowledged_at", "-pk")
    return _lines(principal, rows.order_by(*order)[:limit])


def own_duties_open(principal: Principal) -> int:
    """How many acknowledgements the caller's own organisation owes."""
    return RevocationDuty.objects.filter(organisation=principal.organisation, acknowledged_at=None).count()


def duty_for(principal: Principal, duty_id: UUID) -> DutyLine | None:
    """One of them; None: there is none, or none for this caller."""
    return next(iter(_lines(principal, _rows(principal).filter(pk=duty_id))), None)


def _rows(principal: Principal) -> QuerySet[RevocationDuty]:
    mine = Q(organisation=principal.organisation)
    # a vendor sees its own alone: that there is another one is not its affair
    whole = tokens_seen_by(principal).exclude(
        Q(vendor_ids__contains=[principal.organisation_id]) & ~Q(licensee=principal.organisation)
    )
    shared = Q(token__in=whole.values("pk"))
    return RevocationDuty.objects.filter(in_any(RevocationDuty.objects, [mine, shared])).select_related(
        "organisation", "token", "token__talent", "token__production"
    )


def _lines(principal: Principal, rows: QuerySet[RevocationDuty]) -> tuple[DutyLine, ...]:
    duties = list(rows)
    as_vendor = seen_as_vendor(principal, [one.token for one in duties])
    at = clock.now()
    return tuple(
        DutyLine(
            id=one.pk,
            jti=one.token_id,
            short_id=str(one.token_id)[-4:].upper(),
            organisation_name=one.organisation.name,
            talent_name=performer_name(pairwise_pseudonym(one.token.talent_id, one.token.production_id))
            if one.token_id in as_vendor
            else one.token.talent.stage_name,
            production_title=one.token.production.title,
            disposition=one.disposition,
            revoked_at=one.token.revoked_at,
            due_at=one.due_at,
            acknowledged_at=one.acknowledged_at,
            certificate_sha256=one.certificate_sha256,
            is_mine=one.organisation_id == principal.organisation_id,
            is_late=one.acknowledged_at is None and at > one.due_at,
        )
        for one in duties
    )
