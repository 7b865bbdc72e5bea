"""A guild's usage report: what its members' likenesses were used for in a period, and what is owed for it.

A guild reads its members' rows alone; what others in the production did is counted out of the report, and how many
they are is said. Its columns: :mod:`compliance.usage_columns`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from accounts.principals import Principal
from common import clock
from compliance.models import Bundle
from compliance.money import Due, Use, amount_due
from compliance.selectors import scope_of
from licensing.models import GuildMember, Hold, LicenceToken, Production
from licensing.selectors import (
    effective_state,
    pairwise_pseudonym,
    terms_in_force,
    tokens_of_production,
    tokens_visible_to,
)
from provenance.models import Asset
from receipts.selectors import LogState, PeriodUse, log_state, use_in_period
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import Terms

PERIOD_DAYS_MOST = 3_660
_SHOWN = ("talent__user", "agency", "licensee", "terms", "production")


@dataclass(slots=True)
class Outputs:
    """Outputs that cite a licence: how many, how many released, with a mark that was read back, with credentials."""

    every: int = 0
    released: int = 0
    marked: int = 0
    signed: int = 0

    def percent(self, part: int) -> str:
        """``part`` of every output; nothing, where there is none."""
        return f"{100 * part / self.every:.1f}" if self.every else ""


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
    outputs: "Outputs"
    legal_name: str = ""


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
    """Make the report of a production that the caller oversees, for whole days in ``zone``, both included; 8 queries."""
    since = datetime.combine(begins, time.min, zone)
    before = datetime.combine(until + timedelta(days=1), time.min, zone)
    every = tokens_visible_to(principal).filter(
        production=production, not_before__lt=before, created_at__lt=before
    )
    return report_of(
        production,
        principal.organisation_id,
        _in_order(every, principal.organisation_id),
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
    mine = [one for one in tokens if one.is_member]  # type: ignore[attr-defined]
    used = use_in_period(production.pk, [one.pk for one in mine], begins=since, ends=before, size=size)
    strikes = Hold.objects.filter(
        reason=str(DenyReason.STRIKE_SUSPENSION), production=production, placed_at__lt=before
    ).exclude(lifted_at__lt=since)
    struck = [(one.placed_at, one.lifted_at) for one in strikes]
    outputs = _outputs(production.pk, [one.pk for one in mine], until=before)
    rows = tuple(
        _row(one, used[one.pk], (since, before), struck, made_at, outputs=outputs[one.pk], named=named)
        for one in mine
    )
    return UsageReport(production, *days, rows, len(tokens) - len(mine), log, made_at)


def usage_at(bundle: Bundle, cut_at: datetime) -> UsageReport:
    """The report of a bundle's production for its guild, from the first licence to the cut, over the log at the cut."""
    production = bundle.production
    if production.guild_id is None:
        raise ValueError("the production has no guild")
    every = tokens_of_production(production.pk).filter(created_at__lte=cut_at)
    jtis = scope_of(bundle).jtis
    if jtis is not None:
        every = every.filter(jti__in=jtis)
    found = _in_order(every, production.guild_id)
    since = bundle.begins or min((min(one.created_at, one.not_before) for one in found), default=cut_at)
    before = min(bundle.until or cut_at, cut_at)
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
        days=(since.date(), max(since, before).date()),
        moments=(since, bundle.until or cut_at + timedelta(days=1)),
        log=log,
        made_at=cut_at,
        size=bundle.tree_size,
        named=False,
    )


def _in_order(rows: QuerySet[LicenceToken], guild_id: UUID) -> list[LicenceToken]:
    """The licences as the report lists them, each with whether its performer is on the guild's roll; 1 query."""
    roll = GuildMember.objects.filter(guild_id=guild_id, talent=OuterRef("talent"))
    shown = rows.select_related(*_SHOWN).annotate(is_member=Exists(roll))
    return list(shown.order_by("talent__stage_name", "licence_id", "terms__version"))


def _outputs(production_id: UUID, jtis: Sequence[UUID], *, until: datetime) -> dict[UUID, Outputs]:
    """Outputs by the licences that they cite; one that cites two counts for both; 1 query."""
    found = {jti: Outputs() for jti in jtis}
    rows = Asset.objects.filter(
        production_id=production_id, created_at__lt=until, token_jtis__overlap=list(jtis)
    )
    told = rows.values_list("token_jtis", "released_at", "marked_layers", "signed_blob")
    for cited, released_at, layers, signed in told.iterator():
        for one in (found[jti] for jti in cited if jti in found):
            one.every += 1
            one.released += released_at is not None
            # an output is never released, nor signed, before its mark was read back
            one.marked += bool(layers) and bool(signed)
            one.signed += bool(signed)
    return found


def _row(
    token: LicenceToken,
    use: PeriodUse,
    period: tuple[datetime, datetime],
    struck: list[tuple[datetime, datetime | None]],
    made_at: datetime,
    *,
    outputs: Outputs,
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
        outputs=outputs,
        legal_name=talent.user.full_name if named and talent.user else "",
    )
