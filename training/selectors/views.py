"""Three looks at the same rows: where the house stands in law, what engineering made, what runs consumed.

Each look is figures with their definitions and tables with their columns, so that pages and data say the same
(TP-107 to TP-110).
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Max, Min, Q, Sum
from django.db.models.functions import Coalesce

from accounts.principals import Principal
from training.models import (
    Derivative,
    PolicyDecision,
    RightsException,
    RightsReview,
    Source,
    Takedown,
    TakedownItem,
    TrainingAsset,
    TrainingManifest,
    TrainingRun,
    TransformJob,
)
from training.reporting.cut import exact
from training.reporting.whereabouts import licences_of
from training.selectors.buckets import sources_with_licence
from training.selectors.readiness import WINDOW, Share, takedown_response
from training.vocabulary import AssetState, Outcome, QuestionKind, TakedownState

ROWS_MOST: Final = 200
"""Newest rows of a table; a rights report holds all of them."""


_DATASETS = """
select r.manifest_id, coalesce(d.dataset || ':' || d.dataset_version, 'originals') as name
from training_manifestrow r left join training_derivative d on d.node_id = r.node_id
where r.manifest_id = any(%s::uuid[]) group by 1, 2 order by 1, 2
"""


def legal_view(principal: Principal, at: datetime) -> dict[str, Any]:
    """Source counts, rights distributions, exceptions, takedown readiness (TP-107)."""
    house = principal.organisation
    sources = Source.objects.filter(organisation=house)
    exceptions = RightsException.objects.filter(organisation=house)
    in_force = Q(signed_at__isnull=False, ended_at=None, ends_at__gt=at)
    due = RightsReview.objects.filter(organisation=house, answer="")
    return {
        "source_counts": _rows(
            sources.values(type=F("source_class__source_type"))
            .annotate(
                sources=Count("pk", distinct=True),
                originals=Count("assets"),
                admitted=Count("assets", filter=Q(assets__state=AssetState.ADMITTED)),
                isolated=Count("assets", filter=Q(assets__state=AssetState.ISOLATED)),
                removed=Count("assets", filter=Q(assets__state=AssetState.REMOVED)),
            )
            .order_by("type")
        ),
        "rights_distribution": [
            {"licence_class": row["licence"] or "", "sources": row["sources"], "over": row["over"]}
            for row in _distribution(principal, at)
        ],
        "exceptions": [
            {
                "id": str(row.pk), "codes": list(row.codes), "source_class": row.source_class.code,
                "signed": row.signed_at is not None, "review_on": row.review_on.isoformat(),
                "ends_at": exact(row.ends_at),
            }
            for row in exceptions.filter(in_force).select_related("source_class").order_by("ends_at")[:ROWS_MOST]
        ],
        "rights_reviews": _rows(
            due.values("id", "rights", source=F("rights__source")).annotate(due=F("due_on")).order_by("due")[:ROWS_MOST]
        ),
        "takedown_readiness": _takedown_readiness(principal, at),
    }  # fmt: skip


def engineering_view(principal: Principal, at: datetime) -> dict[str, Any]:
    """Dataset versions, transformation jobs, failed validation rates, replay checkpoints (TP-108)."""
    house = principal.organisation
    made = Derivative.objects.filter(organisation=house)
    jobs = TransformJob.objects.filter(organisation=house)
    verdicts = PolicyDecision.objects.filter(organisation=house, created_at__gt=at - WINDOW, created_at__lte=at)
    refused = Sum("covers", filter=Q(outcome=Outcome.REFUSE))
    return {
        "dataset_versions": _rows(
            made.values("dataset", version=F("dataset_version"))
            .annotate(
                derivatives=Count("pk"), removed=Count("pk", filter=Q(removed_at__isnull=False)),
                bytes=Sum("size_bytes"), jobs=Count("job", distinct=True), last_at=Max("created_at"),
            )
            .order_by("-last_at")[:ROWS_MOST]
        ),
        "transformation_jobs": _rows(
            jobs.values("id", "name", "code_commit", "container_image", "created_at")
            .annotate(derivatives=Count("derivatives"))
            .order_by("-created_at")[:ROWS_MOST]
        ),
        "failed_validation": [
            {"source_class": row["kind"], **_share(Share(row["refused"], row["judged"]))}
            for row in verdicts.values(kind=F("facts__class_code"))
            .annotate(judged=Coalesce(Sum("covers"), 0), refused=Coalesce(refused, 0))
            .order_by("kind")
        ],
        "replay_checkpoints": [
            _checkpoint(row)
            for row in TrainingManifest.objects.filter(organisation=house)
            .defer("envelope", "head")
            .annotate(runs_made=Count("runs"))
            .order_by("-created_at")[:ROWS_MOST]
        ],
    }  # fmt: skip


def governance_view(principal: Principal, at: datetime) -> dict[str, Any]:
    """Which runs and models consumed which dataset versions, and which licences held when they did (TP-109)."""
    runs = list(
        TrainingRun.objects.filter(organisation=principal.organisation, created_at__lte=at)
        .select_related("manifest")
        .defer("manifest__envelope")
        .prefetch_related("models")
        .order_by("-created_at")[:ROWS_MOST]
    )
    held, datasets = licences_of(runs), _datasets(runs)
    return {
        "runs": [
            {
                "id": str(run.pk), "run": run.external_id, "name": run.name, "at": exact(run.created_at),
                "manifest": run.manifest.content_id if run.manifest else None,
                "datasets": datasets.get(run.manifest_id, []),
                "models": [f"{model.name} {model.version}" for model in run.models.all()],
                "refusals": list(run.refusals),
                "licences": held[run.pk],
                "licences_not_in_force": sum(one["standing"] != "IN_FORCE" for one in held[run.pk]),
            }
            for run in runs
        ]
    }  # fmt: skip


VIEWS: Final[dict[str, tuple[QuestionKind, Callable[[Principal, datetime], dict[str, Any]]]]] = {
    "legal": (QuestionKind.LEGAL_VIEW, legal_view),
    "engineering": (QuestionKind.ENGINEERING_VIEW, engineering_view),
    "governance": (QuestionKind.GOVERNANCE_VIEW, governance_view),
}
"""The views by name, each with the question that it answers."""
LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "procurement": ("legal.source_counts", "legal.rights_distribution", "governance.runs"),
    "diligence": (
        "legal.source_counts", "legal.rights_distribution", "legal.exceptions", "legal.rights_reviews",
        "engineering.dataset_versions", "engineering.failed_validation", "governance.runs",
    ),
    "incident": (
        "legal.takedown_readiness", "engineering.replay_checkpoints", "engineering.transformation_jobs",
        "governance.runs",
    ),
}  # fmt: skip
"""What each reader needs of the views: a buyer, who looks into the house, who answers to an incident (TP-110)."""


def layer_of(principal: Principal, layer: str, at: datetime) -> dict[str, Any]:
    """The parts of the views that one kind of reader needs, by ``view.part``.

    Raises:
        KeyError: there is no such layer.
    """
    parts = LAYERS[layer]
    views = {name: VIEWS[name][1](principal, at) for name in {part.split(".")[0] for part in parts}}
    return {part: views[part.split(".")[0]][part.split(".")[1]] for part in parts}


def _distribution(principal: Principal, at: datetime) -> Any:
    rows: Any = sources_with_licence(principal, at=at)  # annotated: the plugin knows no such columns
    return (
        rows.order_by()
        .values("licence")
        .annotate(sources=Count("pk"), over=Count("pk", filter=Q(is_over=True)))
        .order_by("licence")
    )


def _takedown_readiness(principal: Principal, at: datetime) -> dict[str, Any]:
    """Whether a takedown could be answered today: the last drill, open cases, items past their clock."""
    cases = Takedown.objects.filter(organisation=principal.organisation, created_at__lte=at)
    drill = cases.filter(is_drill=True).order_by("-created_at").first()
    open_cases = cases.filter(is_drill=False).exclude(
        state__in=[TakedownState.CLOSED, TakedownState.CALLED_OFF]
    )
    items = TakedownItem.objects.filter(takedown__in=open_cases, done_at=None)
    told = items.aggregate(open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lte=at)), first=Min("due_at"))
    return {
        "last_drill_at": exact(drill.created_at) if drill else None,
        "last_drill_reached": drill.reached if drill else None,
        "last_drill_ms": drill.measured.get("whole_ms") if drill else None,
        "open_cases": open_cases.count(), "open_items": told["open"], "overdue_items": told["overdue"],
        "next_due_at": exact(told["first"]), "response": takedown_response(principal, at=at),
    }  # fmt: skip


def _checkpoint(row: TrainingManifest) -> dict[str, Any]:
    """A manifest is where a run can be replayed from: the same rows, code, container and policy."""
    return {
        "manifest": row.content_id, "name": row.name, "frozen_at": exact(row.created_at), "rows": row.rows,
        "rows_root": row.rows_root, "policy": row.policy_id, "code_commit": row.code_commit,
        "container_image": row.container_image, "runs": vars(row)["runs_made"],
        "may_be_replayed": row.released_at is not None and row.withdrawn_at is None,
    }  # fmt: skip


def _datasets(runs: list[TrainingRun]) -> dict[UUID | None, list[str]]:
    """The dataset versions of each manifest that these runs consumed: ``name:version``, or ``originals``."""
    told: dict[UUID | None, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DATASETS, [[run.manifest_id for run in runs if run.manifest_id]])
        for manifest, name in cursor.fetchall():
            told[manifest].append(name)
    return told


def _share(one: Share) -> dict[str, Any]:
    return {"part": one.part, "whole": one.whole, "percent": one.percent}


def _rows(found: Any) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return exact(value)
    return value if value is None or isinstance(value, int | str | float | bool) else str(value)
