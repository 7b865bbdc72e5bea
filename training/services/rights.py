"""Record what a source may be used for, and end it. Each record is a version of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.ids import new_id
from licensing.models import TrainingToken
from licensing.selectors import training_tokens_visible_to
from training.lineage.writing import link, make_node
from training.models import RightsEnd, RightsRecord, Source
from training.seats import require_counsel, require_engineer
from training.services.texts import clean
from training.vocabulary import CHECKS, CheckWord, LicenceClass, NodeKind
from trustcore.encoding import is_sha256_hex
from trustcore.policy.territory import expand_territories

_REVIEW_EVERY = timedelta(days=180)
_INFORMAL = (".ipynb", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers", ".gsheet", ".csv", ".tsv")
_SHEETS = ("docs.google.com/spreadsheets", "sheets.google.com", "colab.research.google.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsAsk:
    """What is recorded; the three permissions are said one by one, and none has a default."""

    licence_class: str
    licence_type: str
    licence_source: str
    may_train: bool
    may_derive: bool
    may_redistribute: bool
    territories: tuple[str, ...]
    checks: Mapping[str, str]
    evidence_sha256: str
    evidence_uri: str
    restrictions: tuple[str, ...] = ()
    attribution: str = ""
    expires_on: date | None = None
    time_zone: str = "UTC"
    retention_days: int | None = None
    training_token: UUID | None = None
    next_review_on: date | None = None


def record_rights(*, principal: Principal, source_id: UUID, ask: RightsAsk) -> RightsRecord:
    """Write the next version of a source's rights record.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``LICENCE_CLASS_UNKNOWN``, ``CHECKS_INCOMPLETE``, ``TERRITORY_UNKNOWN``,
            ``TIME_ZONE_UNKNOWN``, ``EVIDENCE_INVALID``, ``EVIDENCE_INFORMAL``, ``TRAINING_LICENCE_UNKNOWN``, ``TEXT_INVALID``.
    """
    require_engineer(principal)
    _check(ask)
    token = _token(principal, ask)
    with transaction.atomic():
        source = (
            Source.objects.select_for_update(no_key=True)
            .filter(pk=source_id, organisation=principal.organisation)
            .first()
        )
        if source is None:
            raise NotFound
        version = RightsRecord.objects.filter(source=source).count() + 1
        made_id = new_id()
        node = make_node(organisation_id=principal.organisation_id, kind=NodeKind.RIGHTS, ref=made_id)
        made = RightsRecord.objects.create(
            pk=made_id, organisation=principal.organisation, source=source, version=version,
            licence_class=ask.licence_class, licence_type=clean(ask.licence_type, most=120),
            licence_source=clean(ask.licence_source, most=500), may_train=ask.may_train,
            may_derive=ask.may_derive, may_redistribute=ask.may_redistribute,
            restrictions=[clean(text, most=200) for text in ask.restrictions],
            territories=_territories(ask.territories),
            attribution=clean(ask.attribution, most=500, may_be_empty=True), expires_on=ask.expires_on,
            time_zone=ask.time_zone, expires_at=end_of_day(ask.expires_on, ask.time_zone),
            retention_days=ask.retention_days, checks=dict(ask.checks), evidence_sha256=ask.evidence_sha256,
            evidence_uri=clean(ask.evidence_uri, most=1000), training_token=token,
            recorded_by=principal.person,
            next_review_on=ask.next_review_on or (clock.now() + _REVIEW_EVERY).date(), node=node,
        )  # fmt: skip
        link(organisation_id=principal.organisation_id, edges=_above(made, token, source))
        record(
            kind="training.rights_recorded", principal=principal, object_type="training_rights",
            object_id=made.pk,
            details={"source": str(source.pk), "version": version, "licence_class": made.licence_class,
                     "may_train": made.may_train, "may_derive": made.may_derive,
                     "may_redistribute": made.may_redistribute, "evidence_sha256": made.evidence_sha256},
        )  # fmt: skip
    return made


def end_rights(*, principal: Principal, rights_id: UUID, reason: str) -> RightsRecord:
    """End a rights record now: the rights holder revoked it. What rests on it is refused from this commit on.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. Conflict: ``RIGHTS_ENDED``.
    """
    require_counsel(principal)
    with transaction.atomic():
        row = (
            RightsRecord.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk=rights_id, organisation=principal.organisation)
            .first()
        )
        if row is None:
            raise NotFound
        if RightsEnd.objects.filter(rights=row).exists():
            raise Conflict("RIGHTS_ENDED", "These rights have ended already.")
        write_end(row, principal, clean(reason, most=500, code="REASON_INVALID"))
        return row


def write_end(row: RightsRecord, principal: Principal | None, reason: str) -> RightsEnd:
    """End a record; MUST be called inside a transaction that holds it."""
    made = RightsEnd.objects.create(
        rights=row, reason=reason, ended_by=principal.person if principal else None, ended_at=clock.now()
    )
    record(
        kind="training.rights_ended", principal=principal, organisation_id=row.organisation_id,
        object_type="training_rights", object_id=row.pk, details={"reason": reason},
    )  # fmt: skip
    return made


def end_of_day(day: date | None, time_zone: str) -> datetime | None:
    """The instant at which ``day`` is over in ``time_zone``: midnight there, whatever the clock says here.

    >>> end_of_day(date(2026, 6, 30), "America/Los_Angeles")
    datetime.datetime(2026, 7, 1, 7, 0, tzinfo=datetime.timezone.utc)
    """
    if day is None:
        return None
    local = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(time_zone))
    return local.astimezone(UTC)


def _check(ask: RightsAsk) -> None:
    if ask.licence_class not in LicenceClass.values:
        raise InvalidInput("LICENCE_CLASS_UNKNOWN", "There is no such class of licence.")
    if set(ask.checks) != set(CHECKS) or not set(ask.checks.values()) <= set(CheckWord.values):
        raise InvalidInput(
            "CHECKS_INCOMPLETE",
            "Every restriction is answered for.",
            _("Each of %(checks)s: CLEAR, UNKNOWN or REFUSED.") % {"checks": ", ".join(CHECKS)},
        )
    try:
        ZoneInfo(ask.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("TIME_ZONE_UNKNOWN", "There is no such time zone.") from error
    if not is_sha256_hex(ask.evidence_sha256):
        raise InvalidInput("EVIDENCE_INVALID", "The evidence is named by its SHA-256.")
    told = ask.evidence_uri.strip().lower()
    if any(place in told for place in _SHEETS) or told.split("#")[0].split("?")[0].endswith(_INFORMAL):
        raise InvalidInput(
            "EVIDENCE_INFORMAL", "A notebook or a spreadsheet is no evidence of a right.",
            _("Name the agreement itself; what it permits is said in the record."),
        )  # fmt: skip


def _territories(names: tuple[str, ...]) -> list[str]:
    try:
        found = expand_territories(names)
    except ValueError as error:
        raise InvalidInput("TERRITORY_UNKNOWN", "A territory is not known.", str(error)) from error
    if not found:
        raise InvalidInput("TERRITORY_UNKNOWN", "The licence holds in at least one territory.")
    return list(found)


def _token(principal: Principal, ask: RightsAsk) -> TrainingToken | None:
    """The talent's licence that these rights rest on. It carries training and no other permission (ST-080)."""
    is_talents = ask.licence_class == LicenceClass.TALENT_TRAINING_LICENCE
    token = None
    if is_talents and ask.training_token is not None:
        token = training_tokens_visible_to(principal).filter(
            pk=ask.training_token, licensee=principal.organisation
        ).first()  # fmt: skip
    if is_talents == (token is None) or (not is_talents and ask.training_token is not None):
        raise InvalidInput(
            "TRAINING_LICENCE_UNKNOWN", "This house holds no such training licence.",
            "A training licence goes with the class TALENT_TRAINING_LICENCE, and with no other.",
        )  # fmt: skip
    if token is not None and ask.may_redistribute:
        raise InvalidInput(
            "TRAINING_LICENCE_NARROWER", "A training licence does not permit to hand the material on."
        )
    return token


def _above(made: RightsRecord, token: TrainingToken | None, source: Source) -> list[tuple[int, int]]:
    edges = [(made.node_id, source.node_id)]
    if token is not None:
        house = made.organisation_id
        consent = make_node(organisation_id=house, kind=NodeKind.CONSENT, ref=token.request.consent.pk)
        licence = make_node(organisation_id=house, kind=NodeKind.LICENCE, ref=token.pk)
        edges += [(consent.pk, licence.pk), (licence.pk, made.node_id)]
    return edges
