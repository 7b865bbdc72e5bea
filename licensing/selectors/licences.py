"""Licences in the words of a page: the list, and one with its history."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, ExpressionWrapper, F, Func, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import JSONObject

from accounts.models import Organisation
from accounts.principals import Principal
from accounts.sealed_fields import opened_text
from common import clock
from common.keyset import slice_of
from common.language import core
from licensing.models import (
    Alert,
    CheckpointPass,
    FrameRelease,
    Hold,
    LicenceRequest,
    LicenceToken,
    RequestAction,
)
from licensing.models.requests import OPEN_STATES
from licensing.selectors.blocks import refuses_the_licensee
from licensing.selectors.checkpoints import (
    CheckpointState,
    checkpoint_states,
    told_yeses,
    yeses_at_checkpoints,
)
from licensing.selectors.endings import has_come
from licensing.selectors.holds import Pause, pauses_within, sides_over, told_pauses
from licensing.selectors.people import is_talent, mandate_in_force, pairwise_pseudonym
from licensing.selectors.releases import ended_holding_frames, side_that_lets_go
from licensing.selectors.request_detail import ActionLine, action_line
from licensing.selectors.tokens import (
    current_grant,
    effective_state,
    hold_reasons_on,
    holds_on,
    terms_in_force,
    tokens_seen_by,
    tokens_visible_to,
    whole_parties,
    with_terms,
)
from licensing.selectors.working import performer_name, seen_as_vendor, working_terms
from trustcore.policy.holds import may_lift, may_place
from trustcore.policy.plain import PlainTerms, plain_terms
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import FrameDisposition, HoldSide, TokenState

_LIVE = (TokenState.ACTIVE, TokenState.PENDING_ACTIVATION, TokenState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """One licence in a list. ``state`` is the effective one; ``renewal_due`` once its first notice is past."""

    jti: UUID
    short_id: str
    licence_id: UUID
    state: str
    version: int
    talent_name: str
    talent_handle: str
    production_id: UUID
    production_title: str
    licensee_name: str
    agency_name: str | None
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    days_left: int
    renewal_due: bool
    open_renewal: UUID | None
    frames_max: int
    lines_max: int
    revoked_at: datetime | None
    created_at: datetime
    reminders: tuple[int, ...] = ()
    renewal_days: int | None = None
    # told by ``lineage_of`` alone
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertLine:
    """A notice that the licence ends."""

    threshold_days: int
    raised_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class HoldLine:
    """What pauses a licence: for what reason, in whose name, and whether the caller may lift it."""

    id: UUID
    reason: str
    organisation: str
    why: str
    placed_at: datetime
    may_lift: bool
    lifted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LicenceDetail:
    """Everything on the licence's screen but its use, which ``receipts`` knows.

    ``may``: ``SUSPEND`` (a party to it, while its side holds it not yet), ``REVOKE`` (agent under mandate, talent),
    ``EMERGENCY_STOP`` (the talent alone), ``RENEW`` or ``RENEW_REFUSED`` (the
    talent's side takes no requests from the studio) or ``RENEW_OVER`` (the end that its terms wait for was declared),
    ``PASS_CHECKPOINT`` (whose yes the mode of approval awaits).
    ``ASK_RELEASE``, ``DECIDE_RELEASE``: see ``releases``, what was asked about held frames, newest first.
    ``open_checkpoints``: agreed and not passed yet.
    ``lineage`` holds every version of this licence, oldest first. ``lifted`` are holds that were. ``is_own``: the caller is the talent. ``is_whole`` is false for a listed vendor: it
    reads its working terms, and neither names of people and of other vendors nor the grant nor the deal.
    """

    line: LicenceLine
    terms: Terms
    terms_hash: str
    plain: PlainTerms
    vendor_ids: tuple[UUID, ...]
    request_id: UUID
    signed_by: tuple[ActionLine, ...]
    grant_jws: str
    grant_kid: str
    lineage: tuple[LicenceLine, ...]
    supersedes: UUID | None
    superseded_by: UUID | None
    alerts: tuple[AlertLine, ...]
    revocation_kind: str
    frame_disposition: str
    revocation_reason: str
    may: frozenset[str]
    vendor_names: tuple[str, ...] = ()
    holds: tuple[HoldLine, ...] = ()
    lifted: tuple[HoldLine, ...] = ()
    is_whole: bool = True
    is_own: bool = False
    open_checkpoints: tuple[CheckpointState, ...] = ()
    releases: tuple[FrameRelease, ...] = ()


def licences(principal: Principal) -> tuple[LicenceLine, ...]:
    """The licences that the caller may see, newest first; 2 queries, for a vendor 3."""
    return lines_of(principal, list(with_renewals(tokens_visible_to(principal))), clock.now())


def lines_for(principal: Principal, jtis: Collection[UUID]) -> tuple[LicenceLine, ...]:
    """Those of ``jtis`` that the caller may see; of renewals that are asked for they say nothing.

    1 query, for a vendor 2.
    """
    rows = list(tokens_visible_to(principal).filter(pk__in=jtis))
    for row in rows:
        row.open_renewals = []  # type: ignore[attr-defined]
    return lines_of(principal, rows, clock.now())


def licences_ending(
    principal: Principal, *, before: datetime, production_id: UUID | None = None, limit: int = 200
) -> tuple[LicenceLine, ...]:
    """The licences that still run and begin before ``before``, the one that ends first first."""
    at = clock.now()
    rows = tokens_seen_by(principal).filter(state__in=_LIVE, not_after__gt=at, not_before__lt=before)
    if production_id is not None:
        rows = rows.filter(production=production_id)
    page = slice_of(
        rows,
        by=("not_after", "pk"),
        after="",
        size=limit,
        joined=lambda some: with_renewals(with_terms(some)),
    )
    lines = lines_of(principal, list(page.rows), at)
    return tuple(line for line in lines if line.state in _LIVE)


def licence_detail(principal: Principal, jti: UUID) -> LicenceDetail | None:
    """One licence as the caller may see it; None: there is none, or none for this caller."""
    at = clock.now()
    # of the other versions too those that the caller may see: a vendor of one alone learns nothing of them
    lineage = _lineage(principal, jti, "alerts", "reissues")
    as_vendor = seen_as_vendor(principal, lineage)
    token = next((one for one in lineage if one.pk == jti), None)
    if token is None:
        return None
    terms, grant = terms_in_force(token), current_grant(token)
    acts = RequestAction.objects.filter(
        request=token.request_id, terms_hash=token.terms.terms_hash
    ).select_related("actor", "organisation", "signature")
    seen = {one.pk for one in lineage}
    mandate = mandate_in_force(token.talent_id)
    sides = sides_over(principal, token, known=(mandate,))
    held = list(holds_on(token).select_related("placed_for")) if hold_reasons_on(token) else []
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    agreed = terms.approvals.checkpoints
    passed = set(token.passed_checkpoints)  # type: ignore[attr-defined]
    open_checkpoints = tuple(str(one) for one in agreed if str(one) not in passed)
    may = _acts_on(principal, token, at, sides, held)
    releases = _releases(token)
    may |= _acts_on_frames(principal, token, sides, releases)
    said = told_yeses(token.yeses)  # type: ignore[attr-defined]
    states = checkpoint_states(principal, token, open_checkpoints, said, known=(mandate,))
    if any(one.is_mine for one in states):
        may |= {"PASS_CHECKPOINT"}
    detail = LicenceDetail(
        line=_line(token, at),
        terms=terms,
        terms_hash=token.terms.terms_hash,
        plain=plain_terms(terms, core()),
        vendor_ids=tuple(token.vendor_ids),
        request_id=token.request_id,
        signed_by=tuple(action_line(act) for act in acts.order_by("at", "id")),
        grant_jws=grant.jws,
        grant_kid=grant.kid,
        lineage=_told(lineage, as_vendor, at),
        supersedes=token.supersedes_id if token.supersedes_id in seen else None,
        superseded_by=successor.pk if successor and successor.pk in seen else None,
        alerts=tuple(_alert_line(alert) for alert in token.alerts.all()),
        revocation_kind=token.revocation_kind,
        frame_disposition=token.frame_disposition,
        revocation_reason=token.revocation_reason,
        may=may,
        vendor_names=tuple(token.vendor_names),  # type: ignore[attr-defined]
        holds=tuple(_hold_line(hold, sides) for hold in held),
        lifted=tuple(_lifted_line(told) for told in token.lifted_holds),  # type: ignore[attr-defined]
        is_own=is_talent(principal, token.talent),
        open_checkpoints=states,
        releases=releases,
    )
    return _for_vendor(detail, principal.organisation_id) if token.pk in as_vendor else detail


def lineage_of(principal: Principal, jti: UUID) -> tuple[LicenceLine, ...]:
    """Every version of a licence that the caller may see, oldest first; empty: not this one. 2 queries."""
    rows = _lineage(principal, jti)
    return lines_of(principal, rows, clock.now()) if any(one.pk == jti for one in rows) else ()


def _lineage(principal: Principal, jti: UUID, *further: str) -> list[LicenceToken]:
    # one value, not a list: the planner then begins at the few rows of the licence
    same = Subquery(LicenceToken.objects.filter(pk=jti).values("licence_id"))
    rows = (
        tokens_visible_to(principal)
        .filter(licence_id=same)
        .select_related("grant", "talent__user", "request")
    )
    vendors = Organisation.objects.filter(_IsOneOf(F("pk"), OuterRef("vendor_ids"))).order_by("name")
    passed = CheckpointPass.objects.filter(token=OuterRef("pk"))
    is_whole = ExpressionWrapper(whole_parties(principal), output_field=BooleanField())
    rows = rows.annotate(
        vendor_names=ArraySubquery(vendors.values("name")),
        lifted_holds=_lifted_holds(),
        passed_checkpoints=ArraySubquery(passed.values("checkpoint")),
        is_seen_whole=is_whole,
        is_refused=refuses_the_licensee(),
        yeses=yeses_at_checkpoints(),
        pauses=pauses_within(),
    )
    return list(with_renewals(rows).prefetch_related(*further).order_by("terms__version"))


def _lifted_holds() -> ArraySubquery:
    """Holds that once covered a licence and were lifted, the first first, as objects."""
    covers = [OuterRef(name) for name in ("pk", "talent_id", "production_id", "licensee_id", "agency_id")]
    rows = Hold.objects.filter(
        covers__in=covers, lifted_at__gt=OuterRef("created_at"), placed_at__lt=OuterRef("not_after")
    )
    told = JSONObject(
        id="id",
        reason="reason",
        organisation="placed_for__name",
        why="why",
        placed_at="placed_at",
        lifted_at="lifted_at",
    )
    return ArraySubquery(rows.order_by("placed_at", "pk").values(told=told))


# nobody paused it: the terms hold the work until it has passed its checkpoints
_BY_ITSELF: Final = frozenset({str(DenyReason.CONTENT_APPROVAL_REQUIRED)})


def _lifted_line(told: dict[str, str]) -> HoldLine:
    hold = UUID(told["id"])
    placed_at, lifted_at = (datetime.fromisoformat(told[name]) for name in ("placed_at", "lifted_at"))
    if told["reason"] in _BY_ITSELF:
        told = {**told, "organisation": ""}
    return HoldLine(
        id=hold, reason=told["reason"], organisation=told["organisation"],
        why="" if told["reason"] in _BY_ITSELF else opened_text(Hold, "why", hold, told["why"]),
        placed_at=placed_at, may_lift=False, lifted_at=lifted_at,
    )  # fmt: skip


class _IsOneOf(Func):
    """``value = ANY(array)``: an equality of Django's would put the right side in parentheses, which is another thing."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def _for_vendor(detail: LicenceDetail, vendor_id: UUID) -> LicenceDetail:
    return replace(
        detail,
        line=_without_names(detail.line, detail.terms.talent),
        terms=working_terms(detail.terms, vendor_id),
        vendor_ids=(vendor_id,),
        vendor_names=(),
        signed_by=(),
        grant_jws="",
        grant_kid="",
        revocation_reason="",
        releases=(),
        open_checkpoints=tuple(replace(one, agreed=()) for one in detail.open_checkpoints),
        holds=tuple(replace(hold, why="", organisation="") for hold in detail.holds),
        lifted=tuple(replace(hold, why="", organisation="") for hold in detail.lifted),
        is_whole=False,
    )


_SAY_IT_ENDED: Final = frozenset({HoldSide.TALENT, HoldSide.AGENT, HoldSide.LICENSEE})


def _acts_on(
    principal: Principal, token: LicenceToken, at: datetime, sides: frozenset[HoldSide], held: list[Hold]
) -> frozenset[str]:
    """The acts open to the caller, who speaks for ``sides``, on a licence that ``held`` pauses."""
    acts = set()
    if effective_state(token, at) in _LIVE:
        if sides & {HoldSide.TALENT, HoldSide.AGENT}:
            acts.add("REVOKE")
        if is_talent(principal, token.talent):
            acts.add("EMERGENCY_STOP")
        if token.terms.terms["window"].get("production_end_event") and sides & _SAY_IT_ENDED:
            acts.add("DECLARE_END")
        side = may_place(DenyReason.SUSPENDED, sides)
        mine = any(
            hold.token_id == token.pk and hold.side == side and hold.reason == DenyReason.SUSPENDED
            for hold in held
        )
        if side is not None and not mine:
            acts.add("SUSPEND")
    is_licensee = token.licensee_id == principal.organisation_id
    if is_licensee and principal.acts_as("PRODUCER", "ADMIN"):
        renewable = effective_state(token, at) in {*_LIVE, TokenState.EXPIRED}
        if renewable and _open_renewal(token) is None:
            event = token.terms.terms["window"].get("production_end_event")
            if has_come(event, token.production_id, token.pk):
                acts.add("RENEW_OVER")
            else:
                acts.add("RENEW_REFUSED" if token.is_refused else "RENEW")  # type: ignore[attr-defined]
    return frozenset(acts)


def _releases(token: LicenceToken) -> tuple[FrameRelease, ...]:
    """What was asked about its held frames, the newest first; nothing where none are held."""
    if not ended_holding_frames(token):
        return ()
    rows = FrameRelease.objects.filter(token=token).select_related("asked_for", "decided_by", "token")
    return tuple(rows.order_by("-created_at"))


def _acts_on_frames(
    principal: Principal, token: LicenceToken, sides: frozenset[HoldSide], releases: tuple[FrameRelease, ...]
) -> frozenset[str]:
    """``ASK_RELEASE`` (the licensee, in person), ``DECIDE_RELEASE`` (the talent's side, once it was asked)."""
    if not ended_holding_frames(token) or any(one.is_granted for one in releases):
        return frozenset()
    if any(one.decided_at is None for one in releases):
        return frozenset({"DECIDE_RELEASE"} if side_that_lets_go(principal, token) else ())
    to_destroy = token.frame_disposition == FrameDisposition.DESTROY_WITH_CERTIFICATE
    asks = HoldSide.LICENSEE in sides and principal.credential is None and not to_destroy
    return frozenset({"ASK_RELEASE"} if asks else ())


def days_left(token: LicenceToken, at: datetime) -> int:
    """Days until the window ends, begun days counted whole; 0 once it has."""
    return max(0, ceil((token.not_after - at) / timedelta(days=1)))


def renewal_due(token: LicenceToken, at: datetime) -> bool:
    """Whether the first of the agreed notices before the end is past."""
    days: list[int] = token.terms.terms["renewal"]["notify_days_before"]
    return effective_state(token, at) == TokenState.ACTIVE and days_left(token, at) <= max(days, default=0)


def with_renewals(rows: QuerySet[LicenceToken]) -> QuerySet[LicenceToken]:
    """The rows with their open renewals, for :func:`lines_of`."""
    waiting = LicenceRequest.objects.filter(state__in=OPEN_STATES).select_related("current")
    return rows.prefetch_related(Prefetch("renewals", waiting, to_attr="open_renewals"))


def _open_renewal(token: LicenceToken) -> UUID | None:
    rows: list[LicenceRequest] = token.open_renewals  # type: ignore[attr-defined]
    return rows[0].pk if rows else None


def _renewal_days(token: LicenceToken) -> int | None:
    """For how many days the open renewal asks, as its present terms say."""
    rows: list[LicenceRequest] = token.open_renewals  # type: ignore[attr-defined]
    current = rows[0].current if rows else None
    return current.terms["window"].get("days") if current else None


def lines_of(principal: Principal, tokens: list[LicenceToken], at: datetime) -> tuple[LicenceLine, ...]:
    """The licences as lists show them to the caller: a vendor reads no names."""
    return _told(tokens, seen_as_vendor(principal, tokens), at)


def _told(tokens: list[LicenceToken], as_vendor: frozenset[UUID], at: datetime) -> tuple[LicenceLine, ...]:
    lines = ((token, _line(token, at)) for token in tokens)
    return tuple(
        _without_names(line, pairwise_pseudonym(token.talent_id, token.production_id))
        if token.pk in as_vendor
        else line
        for token, line in lines
    )


def _without_names(line: LicenceLine, pseudonym: str) -> LicenceLine:
    """The line as a vendor reads it: the performer by a pseudonym, nothing of a negotiation."""
    name = performer_name(pseudonym)
    return replace(
        line, talent_name=name, talent_handle="", agency_name=None, open_renewal=None, renewal_days=None
    )


def _line(token: LicenceToken, at: datetime) -> LicenceLine:
    return LicenceLine(
        jti=token.pk,
        short_id=str(token.pk)[-4:].upper(),
        licence_id=token.licence_id,
        state=str(effective_state(token, at)),
        version=token.terms.version,
        talent_name=token.talent.stage_name,
        talent_handle=token.talent.handle,
        production_id=token.production_id,
        production_title=token.production.title,
        licensee_name=token.licensee.name,
        agency_name=token.agency.name if token.agency else None,
        use_types=tuple(token.use_types),
        constructs=tuple(token.constructs),
        not_before=token.not_before,
        not_after=token.not_after,
        days_left=days_left(token, at),
        renewal_due=renewal_due(token, at),
        open_renewal=_open_renewal(token),
        frames_max=token.frames_max,
        lines_max=token.lines_max,
        revoked_at=token.revoked_at,
        created_at=token.created_at,
        reminders=tuple(token.terms.terms["renewal"]["notify_days_before"]),
        renewal_days=_renewal_days(token),
        pauses=told_pauses(getattr(token, "pauses", ())),
    )


def _hold_line(hold: Hold, sides: frozenset[HoldSide]) -> HoldLine:
    return HoldLine(
        id=hold.pk,
        reason=hold.reason,
        organisation="" if hold.reason in _BY_ITSELF else hold.placed_for.name,
        why="" if hold.reason in _BY_ITSELF else hold.why,
        placed_at=hold.placed_at,
        may_lift=may_lift(DenyReason[hold.reason], placed_by=HoldSide(hold.side), sides=sides),
    )


def _alert_line(alert: Alert) -> AlertLine:
    return AlertLine(alert.threshold_days, alert.raised_at, alert.due_at)
