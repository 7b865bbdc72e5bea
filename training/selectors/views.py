"""Three looks at the same rows: where the house stands in law, what engineering made, what runs consumed.

A view is made of parts, a layer of some parts of several views; pages and data say the same (TP-107 to TP-110).
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


def source_counts(principal: Principal, at: datetime) -> Any:
    """Sources and what was collected from them, by type of source."""
    return _rows(
        Source.objects.filter(organisation=principal.organisation)
        .values(type=F("source_class__source_type"))
        .annotate(
            sources=Count("pk", distinct=True),
            originals=Count("assets"),
            admitted=Count("assets", filter=Q(assets__state=AssetState.ADMITTED)),
            isolated=Count("assets", filter=Q(assets__state=AssetState.ISOLATED)),
            removed=Count("assets", filter=Q(assets__state=AssetState.REMOVED)),
        )
        .order_by("type")
    )


def rights_distribution(principal: Principal, at: datetime) -> Any:
    """Sources by the licence class of their newest record, and how many of those records are over."""
    rows: Any = sources_with_licence(principal, at=at)  # annotated: the plugin knows no such columns
    told = (
        rows.order_by()
        .values("licence")
        .annotate(sources=Count("pk"), over=Count("pk", filter=Q(is_over=True)))
        .order_by("licence")
    )
    return [
        {"licence_class": row["licence"] or "", "sources": row["sources"], "over": row["over"]}
        for row in told
    ]


def exceptions(principal: Principal, at: datetime) -> Any:
    """Exceptions that hold, the next to end first."""
    rows = RightsException.objects.filter(
        organisation=principal.organisation, signed_at__isnull=False, ended_at=None, ends_at__gt=at
    )
    return [
        {
            "id": str(row.pk), "codes": list(row.codes), "source_class": row.source_class.code,
            "review_on": row.review_on.isoformat(), "ends_at": exact(row.ends_at),
        }
        for row in rows.select_related("source_class").order_by("ends_at")[:ROWS_MOST]
    ]  # fmt: skip


def rights_reviews(principal: Principal, at: datetime) -> Any:
    """Rights records that wait for counsel to look at them again."""
    rows = RightsReview.objects.filter(organisation=principal.organisation, answer="")
    return _rows(
        rows.values("id", "rights", source=F("rights__source"))
        .annotate(due=F("due_on"))
        .order_by("due")[:ROWS_MOST]
    )


def takedown_readiness(principal: Principal, at: datetime) -> dict[str, Any]:
    """Whether a takedown could be answered today: the last drill, open cases, items past their clock."""
    cases = Takedown.objects.filter(organisation=principal.organisation, created_at__lte=at)
    drill = cases.filter(is_drill=True).order_by("-created_at").first()
    open_cases = cases.filter(is_drill=False).exclude(
        state__in=[TakedownState.CLOSED, TakedownState.CALLED_OFF]
    )
    items = TakedownItem.objects.filter(takedown__in=open_cases, done_at=None)
    told = items.aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lte=at)), first=Min("due_at")
    )
    response = takedown_response(principal, at=at)
    return {
        "last_drill_at": exact(drill.created_at) if drill else None,
        "last_drill_reached": drill.reached if drill else None,
        "last_drill_ms": drill.measured.get("whole_ms") if drill else None,
        "open_cases": response.pop("open"), "open_items": told["open"], "overdue_items": told["overdue"],
        "next_due_at": exact(told["first"]), "response": response,
    }  # fmt: skip


def dataset_versions(principal: Principal, at: datetime) -> Any:
    """Versions of datasets, the last added to first."""
    return _rows(
        Derivative.objects.filter(organisation=principal.organisation)
        .values("dataset", version=F("dataset_version"))
        .annotate(
            derivatives=Count("pk"),
            removed=Count("pk", filter=Q(removed_at__isnull=False)),
            bytes=Sum("size_bytes"),
            jobs=Count("job", distinct=True),
            last_at=Max("created_at"),
        )
        .order_by("-last_at")[:ROWS_MOST]
    )


def transformation_jobs(principal: Principal, at: datetime) -> Any:
    """Jobs with their code and what they made, newest first."""
    return _rows(
        TransformJob.objects.filter(organisation=principal.organisation)
        .values("id", "name", "code_commit", "container_image", "created_at")
        .annotate(made=Count("derivatives"))
        .order_by("-created_at")[:ROWS_MOST]
    )


def failed_validation(principal: Principal, at: datetime) -> Any:
    """Of what the gate judged in the window, by class of sources: what it refused."""
    verdicts = PolicyDecision.objects.filter(
        organisation=principal.organisation, created_at__gt=at - WINDOW, created_at__lte=at
    )
    refused = Sum("covers", filter=Q(outcome=Outcome.REFUSE))
    return [
        {"source_class": row["kind"], **_share(Share(row["refused"], row["judged"]))}
        for row in verdicts.values(kind=F("facts__class_code"))
        .annotate(judged=Coalesce(Sum("covers"), 0), refused=Coalesce(refused, 0))
        .order_by("kind")
    ]


def replay_checkpoints(principal: Principal, at: datetime) -> Any:
    """Manifests: where a run can be replayed from."""
    return [
        _checkpoint(row)
        for row in TrainingManifest.objects.filter(organisation=principal.organisation)
        .defer("envelope", "head")
        .annotate(runs_made=Count("runs"))
        .order_by("-created_at")[:ROWS_MOST]
    ]


def runs(principal: Principal, at: datetime) -> Any:
    """Which runs and models consumed which dataset versions, and which licences held when they did."""
    found = list(
        TrainingRun.objects.filter(organisation=principal.organisation, created_at__lte=at)
        .select_related("manifest")
        .defer("manifest__envelope")
        .prefetch_related("models")
        .order_by("-created_at")[:ROWS_MOST]
    )
    held, datasets = licences_of(found), _datasets(found)
    return [
        {
            "id": str(run.pk), "run": run.external_id, "name": run.name, "at": exact(run.created_at),
            "manifest": run.manifest.content_id if run.manifest else None,
            "datasets": datasets.get(run.manifest_id, []),
            "models": [f"{model.name} {model.version}" for model in run.models.all()],
            "refusals": list(run.refusals),
            "licences": held[run.pk],
            "licences_not_in_force": sum(one["standing"] != "IN_FORCE" for one in held[run.pk]),
        }
        for run in found
    ]  # fmt: skip


PARTS: Final[dict[str, dict[str, Callable[[Principal, datetime], Any]]]] = {
    "legal": {
        "source_counts": source_counts,
        "rights_distribution": rights_distribution,
        "exceptions": exceptions,
        "rights_reviews": rights_reviews,
        "takedown_readiness": takedown_readiness,
    },
    "engineering": {
        "dataset_versions": dataset_versions,
        "transformation_jobs": transformation_jobs,
        "failed_validation": failed_validation,
        "replay_checkpoints": replay_checkpoints,
    },
    "governance": {"runs": runs},
}
"""Each view's parts in order (TP-107, TP-108, TP-109)."""
VIEWS: Final[dict[str, QuestionKind]] = {
    "legal": QuestionKind.LEGAL_VIEW,
    "engineering": QuestionKind.ENGINEERING_VIEW,
    "governance": QuestionKind.GOVERNANCE_VIEW,
}
"""The views by name, each with the question that it answers."""
LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "procurement": ("legal.source_counts", "legal.rights_distribution", "governance.runs"),
    "diligence": (
        "legal.rights_distribution", "legal.exceptions", "engineering.dataset_versions",
        "engineering.failed_validation", "governance.runs",
    ),
    "incident": (
        "legal.takedown_readiness", "engineering.replay_checkpoints", "governance.runs",
    ),
}  # fmt: skip
"""What each reader needs of the views: a buyer, who looks into the house, who answers to an incident (TP-110)."""


def view_of(principal: Principal, view: str, at: datetime) -> dict[str, Any]:
    """Every part of one view. Raises ``KeyError``: there is no such view."""
    return {name: read(principal, at) for name, read in PARTS[view].items()}


def layer_of(principal: Principal, layer: str, at: datetime) -> dict[str, Any]:
    """The parts of the views that one kind of reader needs, by ``view.part``.

    Raises:
        KeyError: there is no such layer.
    """
    found = {}
    for part in LAYERS[layer]:
        view, _, name = part.partition(".")
        found[part] = PARTS[view][name](principal, at)
    return found


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
