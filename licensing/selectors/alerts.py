"""Alerts as an organisation may see them: ends, quotas, notices that run, acknowledgements that are owed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.choosing import in_any
from common.keyset import slice_of
from licensing.models import Alert, LicenceRequest, QuotaAlert, RevocationDuty
from licensing.models.requests import OPEN_STATES
from licensing.selectors.licences import LicenceLine, lines_of, with_renewals
from licensing.selectors.requests import requests_visible_to
from licensing.selectors.standing import live_now
from licensing.selectors.tokens import tokens_seen_by, tokens_visible_to

PAGE: Final = 40
KINDS: Final = ("ends", "quota", "owed", "notice")


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert.

    Attributes:
        line: the licence it is about, as the caller may read it; None for a notice that runs.
        number: days of notice (``ends``) or percent (``quota``).
        organisation: who owes the acknowledgement; ``mine``: the caller's own.
        talent_name, production_title: of a request whose notice runs.
    """

    kind: str
    id: UUID
    at: datetime
    line: LicenceLine | None = None
    number: int = 0
    counter: str = ""
    granted: int = 0
    most: int = 0
    due_at: datetime | None = None
    is_late: bool = False
    organisation: str = ""
    mine: bool = False
    needs_certificate: bool = False
    request_id: UUID | None = None
    talent_name: str = ""
    production_title: str = ""
    licensee_name: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """How many alerts there are of each kind, how many acknowledgements are late, and a page of ``kind``."""

    kind: str
    counts: dict[str, int]
    late: int
    rows: tuple[Notice, ...]
    after: str


def alerts_visible_to(principal: Principal) -> QuerySet[Alert]:
    """Alerts of the licences that the caller may see, newest first."""
    visible = tokens_seen_by(principal).values("pk")
    return (
        Alert.objects.filter(token__in=visible)
        .select_related("token", "token__production", "token__talent", "token__licensee")
        .order_by("-created_at")
    )


def notices_page(principal: Principal, *, kind: str = "", after: str = "", size: int = PAGE) -> Notices:
    """What the caller should know of now, the most urgent first; at most 8 queries.

    Of several notices of one licence the last counts, and of several shares of one quota the highest. What has
    ended warns no more; an acknowledgement is owed until it is given. Without ``kind`` the first that has any.
    """
    at = clock.now()
    lists = _lists(principal, at)
    counts = {name: rows.order_by().count() for name, rows in lists.items() if name != "owed"}
    owed = lists["owed"].order_by().aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_at__lte=at)))
    counts["owed"] = owed["n"]
    kind = kind or next((name for name in KINDS if counts[name]), KINDS[0])
    by = {
        "ends": ("token__not_after", "id"),
        "quota": ("-raised_at", "-id"),
        "owed": ("due_at", "id"),
        "notice": ("notice_until", "id"),
    }[kind]
    page = slice_of(lists[kind], by=by, after=after, size=size)
    return Notices(kind, counts, owed["late"], _notices(principal, kind, page.rows, at), page.after)


def _lists(principal: Principal, at: datetime) -> dict[str, QuerySet[Any]]:
    visible = tokens_seen_by(principal)
    live = visible.filter(live_now(at)).values("pk")
    nearer = Alert.objects.filter(token=OuterRef("token"), threshold_days__lt=OuterRef("threshold_days"))
    higher = QuotaAlert.objects.filter(
        token=OuterRef("token"), counter=OuterRef("counter"), percent__gt=OuterRef("percent")
    )
    own = Q(organisation=principal.organisation)
    whole = visible.exclude(vendor_ids__contains=[principal.organisation_id]).values("pk")
    owed = in_any(RevocationDuty.objects, [own, Q(token__in=whole)])
    return {
        "ends": Alert.objects.filter(~Exists(nearer), token__in=live).select_related("token"),
        "quota": QuotaAlert.objects.filter(~Exists(higher), token__in=live).select_related("token"),
        # a vendor hears of its own duties alone
        "owed": RevocationDuty.objects.filter(owed, acknowledged_at=None).select_related(
            "token", "organisation"
        ),
        "notice": requests_visible_to(principal).filter(state__in=OPEN_STATES, notice_until__gt=at),
    }


def _notices(principal: Principal, kind: str, rows: tuple[Any, ...], at: datetime) -> tuple[Notice, ...]:
    if kind == "notice":
        return tuple(_notice(row) for row in rows)
    wanted = [row.token_id for row in rows]
    tokens = with_renewals(tokens_visible_to(principal)).filter(pk__in=wanted)
    lines = {line.jti: line for line in lines_of(principal, list(tokens), at)}
    return tuple(_of_licence(principal, kind, row, lines.get(row.token_id), at) for row in rows)


def _notice(row: LicenceRequest) -> Notice:
    assert row.notice_until is not None
    return Notice(
        kind="notice",
        id=row.pk,
        at=row.submitted_at,
        due_at=row.notice_until,
        request_id=row.pk,
        talent_name=row.talent.stage_name,
        production_title=row.production.title,
        licensee_name=row.licensee.name,
    )


def _of_licence(principal: Principal, kind: str, row: Any, line: LicenceLine | None, at: datetime) -> Notice:
    if kind == "ends":
        return Notice("ends", row.pk, row.raised_at, line, row.threshold_days, due_at=row.token.not_after)
    if kind == "quota":
        return Notice(
            "quota", row.pk, row.raised_at, line, row.percent,
            counter=row.counter, granted=row.granted, most=row.most,
        )  # fmt: skip
    return Notice(
        "owed", row.pk, row.created_at, line,
        due_at=row.due_at,
        is_late=row.due_at <= at,
        organisation=row.organisation.name,
        mine=row.organisation_id == principal.organisation_id,
        needs_certificate=row.disposition == "DESTROY_WITH_CERTIFICATE",
    )  # fmt: skip
