"""Register sources and their classes; stop and open a class; block a domain."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.ids import new_id
from training.lineage.writing import make_node
from training.models import DomainRule, LineageNode, Source, SourceClass, Takedown
from training.seats import require_counsel, require_engineer, require_stopper
from training.selectors.lineage import sources_above
from training.services.owners import colleague
from training.services.texts import canonical_url, clean
from training.vocabulary import NodeKind, SourceType
from trustcore.policy.territory import is_territory

_DRILLS_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAsk:
    """What is registered of a source; ``owner`` is a colleague's address, the caller's own by default."""

    source_class: str
    canonical_url: str
    platform: str
    platform_id: str
    rights_holder: str
    geography: str = ""
    owner: str = ""


def make_class(
    *,
    principal: Principal,
    code: str,
    source_type: str,
    purpose: str,
    is_allowed: bool,
    expected_value: int = 3,
) -> SourceClass:
    """A class of sources; ``is_allowed`` puts it on the allow list.

    Raises:
        Forbidden: as :func:`~training.seats.require_counsel`. Conflict: ``SOURCE_CLASS_EXISTS``.
            ``DRILL_TOO_BROAD``: a takedown drill reached too much; find the narrower lineage first (TP-187).
        InvalidInput: ``SOURCE_TYPE_UNKNOWN`` or ``TEXT_INVALID``.
    """
    require_counsel(principal)
    _require_narrow_drill(principal)
    if source_type not in SourceType.values:
        raise InvalidInput("SOURCE_TYPE_UNKNOWN", "There is no such type of source.")
    try:
        with transaction.atomic():
            made = SourceClass.objects.create(
                organisation=principal.organisation, code=clean(code, most=60), source_type=source_type,
                purpose=clean(purpose, most=200), is_allowed=is_allowed, expected_value=expected_value,
            )  # fmt: skip
            _record("training.class_made", principal, made)
    except IntegrityError as error:
        raise Conflict("SOURCE_CLASS_EXISTS", "There is a class with this name.") from error
    return made


def stop_class(*, principal: Principal, class_id: UUID, reason: str) -> SourceClass:
    """Stop a class at once: from this commit on nothing of it is admitted and no manifest with it is released.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_stopper`. InvalidInput: ``REASON_INVALID``.
    """
    require_stopper(principal)
    reason = clean(reason, most=500, code="REASON_INVALID")
    with transaction.atomic():
        row = _lock_class(principal, class_id)
        if row.stopped_at is None:
            row.stopped_at, row.stop_reason = clock.now(), reason
            row.save(update_fields=["stopped_at", "stop_reason"])
            _record("training.class_stopped", principal, row, reason=reason)
        return row


def open_class(*, principal: Principal, class_id: UUID, reason: str) -> SourceClass:
    """Open a stopped class again.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. InvalidInput: ``REASON_INVALID``.
    """
    require_counsel(principal)
    reason = clean(reason, most=500, code="REASON_INVALID")
    with transaction.atomic():
        row = _lock_class(principal, class_id)
        if row.stopped_at is not None:
            row.stopped_at, row.stop_reason = None, ""
            row.save(update_fields=["stopped_at", "stop_reason"])
            _record("training.class_opened", principal, row, reason=reason)
        return row


def rule_domain(*, principal: Principal, domain: str, is_blocked: bool, reason: str) -> DomainRule:
    """Block a domain with all below it, or open it again. Raises as :func:`open_class`, ``URL_INVALID``."""
    require_counsel(principal)
    _url, host = canonical_url(f"https://{domain.strip()}/")
    with transaction.atomic():
        row = DomainRule.objects.create(
            organisation=principal.organisation, domain=host, is_blocked=is_blocked,
            reason=clean(reason, most=500, code="REASON_INVALID"), set_by=principal.person,
        )  # fmt: skip
        record(
            kind="training.domain_ruled", principal=principal, object_type="domain", object_id=row.pk,
            details={"domain": host, "is_blocked": is_blocked, "reason": row.reason},
        )  # fmt: skip
    return row


def register_source(*, principal: Principal, ask: SourceAsk) -> Source:
    """Register where material comes from. It permits nothing: that is the rights record's (TP-210).

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``SOURCE_CLASS_UNKNOWN``, ``URL_INVALID``, ``OWNER_UNKNOWN``, ``TERRITORY_UNKNOWN``,
            ``TEXT_INVALID``. Conflict: ``SOURCE_EXISTS``.
    """
    require_engineer(principal)
    kind = SourceClass.objects.filter(organisation=principal.organisation, code=ask.source_class).first()
    if kind is None:
        raise InvalidInput("SOURCE_CLASS_UNKNOWN", "There is no such class of sources.")
    if ask.geography and not is_territory(ask.geography):
        raise InvalidInput("TERRITORY_UNKNOWN", _("%(code)s is no territory.") % {"code": ask.geography})
    url, domain = canonical_url(ask.canonical_url)
    fields = {
        name: clean(getattr(ask, name), most=most)
        for name, most in (("platform", 120), ("platform_id", 200), ("rights_holder", 200))
    }
    if Source.objects.filter(organisation=principal.organisation, canonical_url=url).exists():
        raise Conflict("SOURCE_EXISTS", "This source is registered.")
    source_id = new_id()
    with transaction.atomic():
        node = make_node(organisation_id=principal.organisation_id, kind=NodeKind.SOURCE, ref=source_id)
        made = Source.objects.create(
            pk=source_id, organisation=principal.organisation, source_class=kind, canonical_url=url,
            domain=domain, geography=ask.geography, owner=colleague(principal, ask.owner) if ask.owner else principal.person,
            registered_by=principal.person, node=node, **fields,
        )  # fmt: skip
        record(
            kind="training.source_registered", principal=principal, object_type="training_source",
            object_id=made.pk,
            details={"canonical_url": url, "source_class": kind.code, "platform": made.platform},
        )  # fmt: skip
    return made


def blocked_domains(organisation_id: UUID) -> frozenset[str]:
    """Domains that nothing is taken from now; 1 query."""
    rows = (
        DomainRule.objects.filter(organisation=organisation_id)
        .order_by("domain", "-created_at", "-id")
        .distinct("domain")
    )
    return frozenset(row.domain for row in rows if row.is_blocked)


def is_blocked(domain: str, blocked: frozenset[str]) -> bool:
    """Whether ``domain``, or a domain that it lies in, is blocked."""
    parts = domain.split(".")
    return any(".".join(parts[at:]) in blocked for at in range(len(parts)))


def _require_narrow_drill(principal: Principal) -> None:
    """A drill that was too broad blocks until a later one of the same sources reaches less (TP-187)."""
    house = principal.organisation_id
    drills = Takedown.objects.filter(organisation=house, is_drill=True).order_by("-created_at")
    for broad in drills.filter(reached__gt=settings.DRILL_REACH_MAX)[:_DRILLS_LOOKED_AT]:
        about = _sources_of_case(house, broad)
        narrow = drills.filter(created_at__gt=broad.created_at, reached__lte=settings.DRILL_REACH_MAX)
        if any(about <= _sources_of_case(house, one) for one in narrow[:_DRILLS_LOOKED_AT]):
            continue
        raise Conflict(
            "DRILL_TOO_BROAD", "A takedown drill reached too much: no new class of sources until one of the same sources reaches less.",
            _("It reached %(reached)s; at most %(most)s.")
            % {"reached": broad.reached, "most": settings.DRILL_REACH_MAX},
        )  # fmt: skip


def _sources_of_case(house: UUID, case: Takedown) -> set[UUID]:
    roots = LineageNode.objects.filter(organisation_id=house, kind=NodeKind.SOURCE, pk__in=case.roots)
    reached = LineageNode.objects.filter(
        organisation_id=house, kind=NodeKind.SOURCE, pk__in=case.reach.values("node_id")
    )
    return {
        *sources_above(house, case.roots),
        *roots.values_list("ref", flat=True),
        *reached.values_list("ref", flat=True),
    }


def _lock_class(principal: Principal, class_id: UUID) -> SourceClass:
    row = (
        SourceClass.objects.select_for_update(no_key=True)
        .filter(pk=class_id, organisation=principal.organisation)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def _record(kind: str, principal: Principal, row: SourceClass, **details: str) -> None:
    record(
        kind=kind, principal=principal, object_type="source_class", object_id=row.pk,
        details={"code": row.code, **details},
    )  # fmt: skip
