"""A guild's usage report: what its members' likenesses were used for in a period, and what is owed for it.

A guild reads its members' rows alone; what others in the production did is counted out of the report, and how many
they are is said. Columns follow TAXONOMY section 17, in its order, as far as this server holds them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.principals import Principal
from common import clock
from compliance.models import Bundle
from compliance.money import FRAMES_PER_SECOND, Due, Use, amount_due
from licensing.models import GuildMember, Hold, LicenceToken, Production
from licensing.selectors import (
    effective_state,
    pairwise_pseudonym,
    terms_in_force,
    tokens_of_production,
    tokens_visible_to,
)
from receipts.selectors import LogState, PeriodUse, log_state, use_in_period
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import Terms

PERIOD_DAYS_MOST = 3_660
SCHEMA = "trustmark.usage/1"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One licence of one member in the period."""

    token: LicenceToken
    terms: Terms
    performer_ref: str
    performer: str
    is_minor: bool
    is_deceased: bool
    state: str
    use: PeriodUse
    due: Due
    strike_suspensions: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The whole report; ``others`` licences are of performers who are not on the guild's roll."""

    production: Production
    begins: date
    until: date
    rows: tuple[UsageRow, ...]
    others: int
    log: LogState | None
    made_at: datetime

    @property
    def frames(self) -> int:
        """Frames of all rows."""
        return sum(row.use.frames for row in self.rows)

    @property
    def amounts(self) -> dict[str, int]:
        """What is owed in each currency, where the figures are here; minor units."""
        found: dict[str, int] = {}
        for row in self.rows:
            if row.due.amount_minor is not None and (row.due.amount_minor or row.due.currency in found):
                found[row.due.currency] = found.get(row.due.currency, 0) + row.due.amount_minor
        return found

    @property
    def unknown(self) -> int:
        """Rows whose amount needs figures that are not here."""
        return sum(row.due.amount_minor is None for row in self.rows)


def usage_report(
    principal: Principal, production: Production, *, begins: date, until: date, zone: ZoneInfo
) -> UsageReport:
    """Make the report of a production that the caller oversees, for whole days in ``zone``, both included; 7 queries."""
    since = datetime.combine(begins, time.min, zone)
    before = datetime.combine(until + timedelta(days=1), time.min, zone)
    every = tokens_visible_to(principal).filter(
        production=production, not_before__lt=before, created_at__lt=before
    )
    return report_of(
        production,
        principal.organisation_id,
        list(every.order_by("talent__stage_name", "licence_id", "terms__version")),
        days=(begins, until),
        moments=(since, before),
        log=log_state(production.pk),
        made_at=clock.now(),
    )


def report_of(
    production: Production,
    guild_id: UUID,
    tokens: Sequence[LicenceToken],
    *,
    days: tuple[date, date],
    moments: tuple[datetime, datetime],
    log: LogState | None,
    made_at: datetime,
    size: int | None = None,
    named: bool = True,
) -> UsageReport:
    """Make a guild's report over ``tokens``, whoever reads it.

    Args:
        days: first and last day, as they are shown; ``moments`` the same as times, the second excluded.
        size: of the log at the cut of a bundle; None: as it stands.
        named: performers by name; what leaves the house in a file has their pseudonyms alone.
    """
    since, before = moments
    members = set(
        GuildMember.objects.filter(
            guild_id=guild_id, talent__in={one.talent_id for one in tokens}
        ).values_list("talent_id", flat=True)
    )
    mine = [one for one in tokens if one.talent_id in members]
    used = use_in_period(production.pk, [one.pk for one in mine], begins=since, ends=before, size=size)
    strikes = Hold.objects.filter(
        reason=str(DenyReason.STRIKE_SUSPENSION), production=production, placed_at__lt=before
    ).exclude(lifted_at__lt=since)
    struck = [(one.placed_at, one.lifted_at) for one in strikes]
    rows = tuple(_row(one, used[one.pk], (since, before), struck, made_at, named=named) for one in mine)
    return UsageReport(production, *days, rows, len(tokens) - len(mine), log, made_at)


def usage_at(bundle: Bundle, cut_at: datetime) -> UsageReport:
    """The report of a bundle's production for its guild, from the first licence to the cut, over the log at the cut."""
    production = bundle.production
    if production.guild_id is None:
        raise ValueError("the production has no guild")
    every = tokens_of_production(production.pk).filter(created_at__lte=cut_at)
    found = list(every.order_by("talent__stage_name", "licence_id", "terms__version"))
    since = min((min(one.created_at, one.not_before) for one in found), default=cut_at)
    log = LogState(
        production_id=production.pk,
        origin=bundle.origin,
        size=bundle.tree_size or 0,
        root_hex=bundle.root_hex,
        published_size=bundle.tree_size or 0,
        published_at=cut_at,
        pending=0,
    )
    return report_of(
        production,
        production.guild_id,
        found,
        days=(since.date(), cut_at.date()),
        moments=(since, cut_at + timedelta(days=1)),
        log=log,
        made_at=cut_at,
        size=bundle.tree_size,
        named=False,
    )


HEADING = (
    "production", "eidr", "period_from", "period_to", "cut_off_log_index", "log_root", "generated_at",
    "performer_ref", "performer", "minor_flag", "deceased_flag", "replica_class", "description",
    "token_id", "terms_version", "terms_hash", "use_types", "window_from", "window_to", "territory", "channels",
    "state", "revoked_at", "revoke_kind", "strike_suspensions", "shots", "use_date_from", "use_date_to", "frames",
    "unique_frames", "screen_seconds", "lines", "reruns", "failed_frames", "discarded_frames", "pay_basis",
    "days_equivalent", "days_method", "scale_rate", "currency", "amount_due_minor", "amount_missing",
    "overage_minor", "pension_health_minor", "residuals_flag", "training_flag", "receipt_count",
    "missing_receipts", "denied_checks", "unauthorised_frames",
)  # fmt: skip


def report_rows(report: UsageReport) -> Iterator[tuple[object, ...]]:
    """The report's rows under :data:`HEADING`; an unknown amount is an empty cell beside what is missing."""
    log = report.log
    for row in report.rows:
        terms, use, due, pay = row.terms, row.use, row.due, row.terms.compensation
        yield (
            report.production.title, report.production.eidr, report.begins, report.until,
            log.published_size if log else "", log.root_hex if log else "", clock.rfc3339(report.made_at),
            row.performer_ref, row.performer, _flag(row.is_minor), _flag(row.is_deceased), terms.replica_class,
            terms.description,
            row.token.pk, row.token.terms.version, row.token.terms.terms_hash, _list(terms.use_types),
            clock.rfc3339(row.token.not_before), clock.rfc3339(row.token.not_after),
            _list(terms.exploitation.distribution_territory), _list(terms.exploitation.channels),
            row.state, _time(row.token.revoked_at), row.token.revocation_kind, row.strike_suspensions,
            _list(sorted(use.shots)), _time(use.first_receipt_at), _time(use.last_receipt_at), use.frames,
            use.unique_frames, f"{use.frames / FRAMES_PER_SECOND:.2f}", use.lines, use.reruns, use.failed,
            use.discarded, pay.basis,
            _cell(pay.equivalent_days_estimated), _cell(pay.equivalent_days_method), _cell(pay.scale_reference),
            due.currency, _cell(due.amount_minor), due.missing,
            due.overage_minor, _cell(due.pension_health_minor), _flag(pay.residuals), _flag(False),
            use.receipts, use.missing_receipts, use.denied_checks, use.unauthorised,
        )  # fmt: skip


def report_lines(report: UsageReport, header: Mapping[str, object]) -> Iterator[bytes]:
    """The report as JSON Lines: its head, then one object for each row, members in the order of :data:`HEADING`."""
    log = report.log
    head = {
        "kind": "header",
        "schema_version": SCHEMA,
        "production": report.production.title,
        "eidr": report.production.eidr,
        "period_from": str(report.begins),
        "period_to": str(report.until),
        "cut_off_log_index": log.published_size if log else None,
        "log_root": log.root_hex if log else None,
        "generated_at": clock.rfc3339(report.made_at),
        "record_count": len(report.rows),
        "not_on_the_roll": report.others,
        "frames": report.frames,
        "amounts_due_minor": report.amounts,
        "rows_without_amount": report.unknown,
        **header,
    }
    yield json.dumps(head, ensure_ascii=False).encode() + b"\n"
    for row in report_rows(report):
        cells = {
            name: cell if isinstance(cell, int) else str(cell)
            for name, cell in zip(HEADING, row, strict=True)
        }
        yield json.dumps({"kind": "row", **cells}, ensure_ascii=False).encode() + b"\n"


def _row(
    token: LicenceToken,
    use: PeriodUse,
    period: tuple[datetime, datetime],
    struck: list[tuple[datetime, datetime | None]],
    made_at: datetime,
    *,
    named: bool,
) -> UsageRow:
    terms = terms_in_force(token)
    talent, today = token.talent, made_at.date()
    over = max(0, use.frames - token.frames_max) if token.frames_max else 0
    begins_here = period[0] <= token.not_before < period[1]  # a renewal is an agreement of its own
    due = amount_due(
        terms.compensation,
        Use(frames=use.frames, lines=use.lines, frames_over=over, begins_here=begins_here),
    )
    return UsageRow(
        token=token,
        terms=terms,
        performer_ref=pairwise_pseudonym(token.talent_id, token.production_id),
        performer=talent.stage_name if named else "",
        is_minor=talent.majority_on is not None and today < talent.majority_on,
        is_deceased=talent.died_on is not None and talent.died_on <= today,
        state=str(effective_state(token, made_at)),
        use=use,
        due=due,
        strike_suspensions=sum(
            begun < token.not_after and (ended is None or ended > token.not_before) for begun, ended in struck
        ),
    )


def _list(values: object) -> str:
    return " ".join(str(one) for one in values)  # type: ignore[attr-defined]


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def _cell(value: object | None) -> object:
    return "" if value is None else value


def _time(moment: datetime | None) -> str:
    return "" if moment is None else clock.rfc3339(moment)
