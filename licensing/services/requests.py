"""Ask for a licence, or for its renewal. Nothing is granted here."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.ids import new_id
from licensing.models import LicenceRequest, LicenceToken, Production, Talent, TermsVersion
from licensing.models.requests import ActionKind, Side
from licensing.selectors.people import visible_constructs
from licensing.selectors.tokens import effective_state, tokens_visible_to
from licensing.services.asks import (
    LicenceAsk,
    check_ask,
    read_terms,
    refuse_training,
    require_payee,
    require_vendors,
    terms_of_ask,
)
from licensing.services.blocked import is_refused
from licensing.services.changes import apply_changes
from licensing.services.conclude import conclude
from licensing.services.endings import require_running
from licensing.services.exclusives import require_free
from licensing.services.profiles import binding_profiles, judge_terms
from licensing.services.routing import Route, represented_by, route_request
from licensing.services.shadows import note_shadows
from licensing.services.trail import move
from trustcore.policy.terms import Terms, parse_terms, terms_hash
from trustcore.policy.vocabulary import ApprovalMode, RequestState, TokenState

_RENEWABLE = frozenset({TokenState.ACTIVE, TokenState.EXPIRED})


def submit_request(*, principal: Principal, ask: LicenceAsk) -> LicenceRequest:
    """Ask for uses of one talent in one production of the caller's studio; routed by the talent's mandate.

    A talent who is hidden from the studio, or whose construct is, answers as one who does not exist:
    the same statements are run, the same event is left, the same error is raised.

    Raises:
        NotFound: no such production, or no such talent for this caller.
        Forbidden: ``PRODUCER_ONLY``, or of a renewal ``REQUESTS_REFUSED``: the studio is blocked.
        InvalidInput: see :func:`~licensing.services.asks.check_ask` and ``terms_of_ask``.
        Conflict: ``RENEWAL_OPEN`` or ``NOT_RENEWABLE``.
    """
    check_ask(ask)
    _require_producer(principal)
    production = Production.objects.filter(pk=ask.production_id, organisation=principal.organisation).first()
    if production is None:
        raise NotFound
    renewed = _renewed(principal, ask, production) if ask.renews else None
    talent = renewed.talent if renewed else _visible_talent(principal, ask)
    at = clock.now()
    mandate = represented_by(talent, at)
    with transaction.atomic():
        version = _next_version(renewed)
        supersedes = renewed.terms.terms_hash if renewed else None
        terms = terms_of_ask(
            ask,
            production=production,
            talent=talent,
            mandate=mandate,
            version=version,
            supersedes=supersedes,
        )
        require_payee(terms, talent)
        return _open(principal, production, talent, terms, renewed, at)


def request_renewal(
    *, principal: Principal, jti: UUID, days: int, changes: Mapping[str, Any] | None = None
) -> LicenceRequest:
    """Ask to go on under the last terms for ``days`` more, with ``changes`` by path of terms.

    Args:
        changes: ``{"scope.frames_max": 4200, "render_territory": ["US", "CA"]}``.

    Raises:
        NotFound, Forbidden, InvalidInput, Conflict: as :func:`submit_request`.
    """
    _require_producer(principal)
    renewed = _renewable(principal, jti)
    ends = renewed.terms.terms["window"].get("production_end_event")
    wanted = {**(changes or {}), "window": {"days": days, "production_end_event": ends}}
    refuse_training(wanted.get("use_types", ()))
    at = clock.now()
    mandate = represented_by(renewed.talent, at)
    with transaction.atomic():
        document = apply_changes(renewed.terms.terms, wanted)
        document |= {
            "terms_version": _next_version(renewed),
            "supersedes": renewed.terms.terms_hash,
            "represented_by": str(mandate.agency_id) if mandate else None,
            "profiles": [],
        }
        terms = read_terms(document)
        require_vendors(terms, parse_terms(renewed.terms.terms))
        require_payee(terms, renewed.talent)
        return _open(principal, renewed.production, renewed.talent, terms, renewed, at)


def add_version(
    *,
    request: LicenceRequest,
    terms: Terms,
    side: Side,
    principal: Principal,
    note: str = "",
    field_notes: Mapping[str, str] | None = None,
) -> TermsVersion:
    """Write the next version of a locked request's terms and make it the current one."""
    row = TermsVersion.objects.create(
        request=request,
        licence_id=request.licence_id,
        version=terms.terms_version,
        terms=terms.to_dict(),
        terms_hash=terms_hash(terms),
        side=side,
        created_by=principal.person,
        note=note,
        field_notes=dict(field_notes or {}),
    )
    request.current = row
    note_shadows(request, row, terms)
    return row


def next_version(licence_id: UUID) -> int:
    """The number of the next version of terms in a licence's lineage."""
    highest = TermsVersion.objects.filter(licence_id=licence_id).aggregate(Max("version"))["version__max"]
    return (highest or 0) + 1


def _open(
    principal: Principal,
    production: Production,
    talent: Talent,
    terms: Terms,
    renewed: LicenceToken | None,
    at: datetime,
) -> LicenceRequest:
    """Route the terms, and write request, first version, action and event; inside a transaction.

    To a studio that is blocked the talent is not there; of a licence that it holds it knows, and is told so.
    """
    if is_refused(talent.pk, production.organisation_id):
        if renewed is None:
            raise NotFound
        raise Forbidden("REQUESTS_REFUSED", "The talent’s side takes no requests from you.")
    if renewed is not None:
        require_running(production.pk, terms, renewed.pk)
    mandate = represented_by(talent, at)
    request_id = new_id()
    agency = mandate.agency_id if mandate else None
    bound = binding_profiles(production, talent, agency, terms.profiles, request_id=request_id)
    terms = routed_terms(terms, bound, ApprovalMode.TALENT_ONLY, None, talent=talent, at=at)
    # what a profile stands against is for people to answer: a rule would leave it to nobody
    judged = judge_terms(terms, talent, at)
    route = route_request(
        terms,
        talent,
        mandate,
        licensee_id=production.organisation_id,
        at=at,
        by_rule=not judged.unmet,
        request_id=request_id,
        owed=timedelta(hours=judged.hours("NOTICE_HOURS")),
    )
    terms = routed_terms(terms, bound, route.mode, route.quorum, talent=talent, at=at)
    notice_until = notice_end(terms, talent, route, at)
    require_free(terms, talent, production, at, notice_until=notice_until)
    try:
        with transaction.atomic():
            request = LicenceRequest.objects.create(
                id=request_id,
                licence_id=renewed.licence_id if renewed else new_id(),
                production=production,
                talent=talent,
                licensee=production.organisation,
                requested_by=principal.person,
                mode=route.mode,
                quorum=route.quorum,
                auto_rule=route.rule,
                mandate=route.mandate,
                agency_id=route.agency_id,
                outside_mandate=list(route.outside),
                state=RequestState.NOTICE_PERIOD if notice_until else RequestState.SUBMITTED,
                notice_until=notice_until,
                renews=renewed,
                submitted_at=at,
                answer_by=at + timedelta(days=settings.REQUEST_ANSWER_DAYS),
            )
            add_version(request=request, terms=terms, side=Side.LICENSEE, principal=principal)
    except IntegrityError as error:
        raise Conflict("RENEWAL_OPEN", "A renewal of this licence is open already.") from error
    move(request, ActionKind.SUBMIT, principal=principal, side=Side.LICENSEE, at=at)
    if route.rule is not None:
        _approve_by_rule(request, at)
    return request


def notice_end(terms: Terms, talent: Talent, route: Route, at: datetime) -> datetime | None:
    """Until when notice runs: the longest that the mandate or a profile asks for; None: none is owed."""
    hours = judge_terms(terms, talent, at).hours("NOTICE_HOURS")
    notice = max(route.notice, timedelta(hours=hours))
    return at + notice if notice else None


def routed_terms(
    terms: Terms,
    profiles: tuple[str, ...],
    mode: ApprovalMode,
    quorum: int | None,
    *,
    talent: Talent,
    at: datetime,
) -> Terms:
    """The terms with what routing decides: how they are approved, by which profiles, and when the work comes back.

    Nobody asks for checkpoints: those that a profile owes the talent are written into the terms, beside any that
    were agreed, and the longest time for the final review counts.
    """
    bound = read_terms({**terms.to_dict(), "profiles": list(profiles)})
    judged = judge_terms(bound, talent, at)
    agreed = bound.approvals
    owed = (*judged.codes("CHECKPOINTS"), *judged.codes("DISTRIBUTION_HOLD"))
    approvals = {
        "mode": str(mode),
        "quorum": quorum,
        "checkpoints": sorted({*map(str, agreed.checkpoints), *owed}),
        "final_review_hours": max(agreed.final_review_hours, judged.hours("FINAL_REVIEW_HOURS")),
    }
    return read_terms({**bound.to_dict(), "approvals": approvals})


def _approve_by_rule(request: LicenceRequest, at: datetime) -> None:
    """The talent's rule says yes; what a profile stands against is left to wait for an answer by people."""
    if request.current is None:
        raise LookupError(f"request {request.pk} has no terms")
    if judge_terms(parse_terms(request.current.terms), request.talent, at).unmet:
        return
    move(request, ActionKind.APPROVE, principal=None, side=Side.SERVER, at=at)
    conclude(request, principal=None, at=at)


def _require_producer(principal: Principal) -> None:
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")


def _visible_talent(principal: Principal, ask: LicenceAsk) -> Talent:
    """The talent asked for, if layer 1 shows the caller the talent and every construct asked for."""
    seen = visible_constructs(ask.talent, principal.organisation_id)
    if seen is None or not set(ask.constructs) <= set(seen.constructs):
        record(
            kind="request.refused",
            principal=principal,
            object_type="talent_handle",
            object_id=ask.talent[:64],
            production_id=ask.production_id,
            details={"code": "NOT_FOUND"},
        )
        raise NotFound
    return Talent.objects.select_related("organisation").get(pk=seen.talent_id)


def _renewable(principal: Principal, jti: UUID) -> LicenceToken:
    token = tokens_visible_to(principal).filter(pk=jti, licensee=principal.organisation).first()
    if token is None:
        raise NotFound
    state = effective_state(token)
    if state not in _RENEWABLE or getattr(token, "superseded_by", None) is not None:
        raise Conflict(
            "NOT_RENEWABLE",
            "This licence cannot be renewed.",
            _("It is %(state)s.") % {"state": state},
            {"state": str(state)},
        )
    return token


def _renewed(principal: Principal, ask: LicenceAsk, production: Production) -> LicenceToken:
    if ask.renews is None:
        raise ValueError("not a renewal")
    token = _renewable(principal, ask.renews)
    if token.production_id != production.pk or token.talent.handle != ask.talent:
        raise InvalidInput("RENEWAL_MISMATCH", "A renewal is for the same talent in the same production.")
    return token


def _next_version(renewed: LicenceToken | None) -> int:
    return next_version(renewed.licence_id) if renewed else 1


__all__ = ["LicenceAsk", "add_version", "next_version", "request_renewal", "submit_request"]
