"""How ready the house is to answer for its material: figures with what they count and how they are defined.

Each figure is a share or a number of things that stand in the database now; one that nothing can be said of yet is
None, never a hundred per cent. Definitions travel with the figures wherever they are exported.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    Avg,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from accounts.models import Organisation
from accounts.principals import Principal
from training.models import (
    LineageEdge,
    PolicyDecision,
    Review,
    RightsException,
    RightsReview,
    Takedown,
    TrainingAsset,
    TrainingQuestion,
    TrainingRun,
)
from training.selectors.buckets import sources_with_licence
from training.vocabulary import AssetState, Outcome, QuestionKind, TakedownState

WINDOW: Final = timedelta(days=30)
"""How far back verdicts and reviews count."""
_HELD = (AssetState.ADMITTED, AssetState.ISOLATED)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """0 to 100 with one decimal, rounded down so that it says 100 only of all; None of nothing."""
        return self.part * 1000 // self.whole / 10 if self.whole else None


@dataclass(frozen=True, slots=True)
class ClassRate:
    """How much of a class came in by an exception."""

    code: str
    share: Share


@dataclass(frozen=True, slots=True)
class RightsCount:
    """Sources of one licence class (empty: without a record) and how many of their records are over."""

    licence_class: str
    sources: int
    over: int


@dataclass(frozen=True, slots=True)
class QuestionTime:
    """What one kind of legal question cost in the window, and in the window before: milliseconds, None of nothing."""

    kind: str
    asked: int
    mean_ms: int | None
    before_ms: int | None

    @property
    def change(self) -> float | None:
        """By how many per cent the mean moved; below nought it became cheaper."""
        if self.mean_ms is None or not self.before_ms:
            return None
        return round((self.mean_ms - self.before_ms) * 100 / self.before_ms, 1)


@dataclass(frozen=True, slots=True)
class Readiness:
    """The figures at one moment. ``turnaround`` is None while nothing was answered in the window."""

    at: datetime
    provenance: Share
    refused: Share
    false_rejects: Share
    turnaround: timedelta | None
    waiting: int
    overdue: int
    exceptions_in_force: int
    exceptions_unreviewed: int
    exception_rates: tuple[ClassRate, ...]
    rights: tuple[RightsCount, ...]
    bound_runs: Share
    report_time: timedelta | None
    reports: int
    takedown_time: timedelta | None
    takedowns: int
    rights_reviews_overdue: int
    questions: tuple[QuestionTime, ...]


def readiness_of(principal: Principal, *, at: datetime) -> Readiness:
    """Count everything; 7 queries however much there is."""
    house, since = principal.organisation, at - WINDOW
    verdicts = PolicyDecision.objects.filter(organisation=house, created_at__gt=since).aggregate(
        whole=Coalesce(Sum("covers"), 0),
        refused=Coalesce(Sum("covers", filter=Q(outcome=Outcome.REFUSE)), 0),
    )
    taken = ExpressionWrapper(F("answered_at") - F("created_at"), output_field=DurationField())
    recent = Q(answered_at__gt=since)
    reviews = Review.objects.filter(organisation=house).aggregate(
        answered=Count("pk", filter=recent),
        admitted=Count("pk", filter=recent & Q(answer=Review.Answer.ADMIT)),
        turnaround=Avg(taken, filter=recent),
        waiting=Count("pk", filter=Q(answer="")),
        overdue=Count("pk", filter=Q(answer="", due_at__lte=at)),
    )
    counts = _counts(house.pk, at)
    provenance, rates = _originals(principal)
    questions = question_times(principal, at=at)
    # every report that is signed is a question that was answered
    report = next((one for one in questions if one.kind == QuestionKind.RIGHTS_REPORT), None)
    response = takedown_response(principal, at=at)
    return Readiness(
        at=at,
        provenance=provenance,
        refused=Share(verdicts["refused"], verdicts["whole"]),
        false_rejects=Share(reviews["admitted"], reviews["answered"]),
        turnaround=reviews["turnaround"],
        waiting=reviews["waiting"],
        overdue=reviews["overdue"],
        exceptions_in_force=counts["live"],
        exceptions_unreviewed=counts["unreviewed"],
        exception_rates=rates,
        rights=_rights(principal, at),
        bound_runs=Share(counts["bound"], counts["runs"]),
        report_time=timedelta(milliseconds=report.mean_ms) if report and report.mean_ms is not None else None,
        reports=report.asked if report else 0,
        takedown_time=None
        if response["mean_seconds"] is None
        else timedelta(seconds=response["mean_seconds"]),
        takedowns=response["closed"],
        rights_reviews_overdue=counts["overdue"],
        questions=questions,
    )


def _counts(house: UUID, at: datetime) -> dict[str, int]:
    """What is merely counted, in one query."""
    live = RightsException.objects.filter(signed_at__isnull=False, ended_at=None, ends_at__gt=at)
    runs = TrainingRun.objects.all()
    told: Any = (
        Organisation.objects.filter(pk=house)
        .values(
            live=_number(live),
            unreviewed=_number(live.filter(review_on__lt=at.date())),
            runs=_number(runs),
            bound=_number(runs.filter(manifest__isnull=False)),
            overdue=_number(RightsReview.objects.filter(answer="", due_on__lt=at.date())),
        )
        .get()
    )
    return dict(told)


def _number(rows: Any) -> Any:
    mine = rows.filter(organisation=OuterRef("pk")).order_by().values("organisation")
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), 0)


def takedown_response(principal: Principal, *, at: datetime) -> dict[str, Any]:
    """How long takedowns took from being opened to being closed: the mean and the longest, over those closed by ``at``; 1 query."""
    taken = ExpressionWrapper(F("ended_at") - F("created_at"), output_field=DurationField())
    closed = Q(state=TakedownState.CLOSED, ended_at__lte=at)
    found = Takedown.objects.filter(
        organisation=principal.organisation, is_drill=False, created_at__lte=at
    ).aggregate(
        number=Count("pk", filter=closed),
        mean=Avg(taken, filter=closed),
        most=Max(taken, filter=closed),
        open=Count("pk", filter=~Q(state__in=[TakedownState.CLOSED, TakedownState.CALLED_OFF])),
    )
    return {
        "open": found["open"],
        "closed": found["number"],
        "mean_seconds": None if found["mean"] is None else round(found["mean"].total_seconds()),
        "longest_seconds": None if found["most"] is None else round(found["most"].total_seconds()),
    }


def question_times(principal: Principal, *, at: datetime) -> tuple[QuestionTime, ...]:
    """What each kind of legal question cost in the last window, beside the window before it (TP-186); 1 query."""
    now, then = Q(created_at__gt=at - WINDOW), Q(created_at__lte=at - WINDOW)
    rows = (
        TrainingQuestion.objects.filter(
            organisation=principal.organisation, created_at__gt=at - 2 * WINDOW, created_at__lte=at
        )
        .order_by()
        .values("kind")
        .annotate(
            asked=Count("pk", filter=now), mean=Avg("took_ms", filter=now), before=Avg("took_ms", filter=then)
        )
    )
    return tuple(
        QuestionTime(row["kind"], row["asked"], _whole(row["mean"]), _whole(row["before"]))
        for row in sorted(rows, key=lambda row: row["kind"])
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _originals(principal: Principal) -> tuple[Share, tuple[ClassRate, ...]]:
    """Provenance is complete where every field its kind demands was captured and its lineage leads on upwards."""
    leads_on = Exists(LineageEdge.objects.filter(child=OuterRef("node")))
    rows = (
        TrainingAsset.objects.filter(organisation=principal.organisation, state__in=_HELD)
        .annotate(leads_on=leads_on)
        .order_by("source__source_class__code")
        .values("source__source_class__code")
        .annotate(
            held=Count("pk"),
            complete=Count("pk", filter=Q(leads_on=True, decision__facts__has_provenance=True)),
            admitted=Count("pk", filter=Q(state=AssetState.ADMITTED)),
            excepted=Count("pk", filter=Q(state=AssetState.ADMITTED, decision__exceptions__len__gt=0)),
        )
    )
    told = list(rows)
    provenance = Share(sum(row["complete"] for row in told), sum(row["held"] for row in told))
    rates = [
        ClassRate(row["source__source_class__code"], Share(row["excepted"], row["admitted"])) for row in told
    ]
    return provenance, tuple(sorted(rates, key=lambda one: (-(one.share.percent or 0), one.code)))


def _rights(principal: Principal, at: datetime) -> tuple[RightsCount, ...]:
    sources: Any = sources_with_licence(principal, at=at)  # annotated: the plugin knows no such columns
    rows = (
        sources.order_by()
        .values("licence")
        .annotate(number=Count("pk"), over=Count("pk", filter=Q(is_over=True)))
    )
    found = [RightsCount(row["licence"] or "", row["number"], row["over"]) for row in rows]
    return tuple(sorted(found, key=lambda one: (-one.sources, one.licence_class)))
