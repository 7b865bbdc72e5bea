"""The first three answers, row by row: what was collected, why it was allowed, how it was transformed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from audit.models import Event
from licensing.models import TrainingToken
from training.models import (
    Derivative,
    LineageEdge,
    PolicyDecision,
    PolicyText,
    Review,
    RightsException,
    RightsRecord,
    Source,
    TrainingAsset,
    TransformJob,
)
from training.reporting.cut import Cut, exact
from training.reporting.lean import among, among_numbers, lean
from training.reporting.members import Members
from training.reporting.standing import Case, Licences, reviews_at, right_at, states_at, verdicts_on
from training.vocabulary import NodeKind
from trustcore.encoding import sha256_hex

Rows = Iterator[tuple[str, dict[str, Any]]]
# columns of which a report says nothing: how a row stands now is not how it stood at the cut
_UNTOLD = ("organisation_id", "collector", "findings", "state", "held", "location", "stored_at", "owner_id")
_UNTOLD_MADE = ("organisation_id", "held", "location")


def source_rows(cut: Cut, members: Members) -> Rows:
    """Sources, each version of their rights with how it stood, and the exceptions that reach them."""
    classes: set[UUID] = set()
    stops = _stops(cut)
    for batch in members.batches(NodeKind.SOURCE):
        for row in Source.objects.filter(pk__in=batch).select_related("source_class").order_by("pk"):
            classes.add(row.source_class_id)
            yield "sources", {
                "id": str(row.pk), "source_class": row.source_class.code,
                "source_type": row.source_class.source_type, "canonical_url": row.canonical_url,
                "platform": row.platform, "platform_id": row.platform_id, "rights_holder": row.rights_holder,
                "geography": row.geography, "registered_at": exact(row.created_at),
                "class_stopped_at": exact(stops.get(row.source_class_id)),
            }  # fmt: skip
        yield from _rights(cut, batch)
    yield from _exceptions(cut, classes, None if cut.is_whole else set(members.refs(NodeKind.SOURCE)))


def original_rows(cut: Cut, members: Members, cases: dict[UUID, Case]) -> Rows:
    """Originals with the verdicts and reviews on each; one verdict on many stands once. The policies' texts at the end."""
    shared: set[UUID] = set()
    policies: set[str] = set()
    for batch in members.batches(NodeKind.ASSET):
        assets = list(lean(TrainingAsset.objects.filter(pk__in=among(batch)).order_by("pk"), but=_UNTOLD))
        verdicts = verdicts_on(assets, cut.until)
        reviews = reviews_at(batch, cut.until)
        states = states_at(assets, verdicts, reviews, cases, cut.until)
        for asset in assets:
            yield "originals", _original(asset, states[asset.id], verdicts[asset.id])
            for verdict in verdicts[asset.id]:
                policies.add(verdict.policy_id)
                if verdict.covers > 1 and verdict.id in shared:
                    continue
                shared.add(verdict.id) if verdict.covers > 1 else None
                yield "verdicts", _verdict(verdict)
            for review in reviews[asset.id]:
                yield "reviews", _review(review, cut.until)
    for text in PolicyText.objects.filter(pk__in=policies).order_by("pk"):
        yield "policies", {"hash": text.pk, "text": text.text}


def derivative_rows(cut: Cut, members: Members) -> Rows:
    """Derivatives with what each was made of, and the jobs that made them."""
    jobs: set[UUID] = set()
    for batch in members.batches(NodeKind.DERIVATIVE):
        made = list(lean(Derivative.objects.filter(pk__in=among(batch)).order_by("pk"), but=_UNTOLD_MADE))
        nodes = among_numbers([row.node_id for row in made])
        edges = LineageEdge.objects.filter(child__in=nodes, at__lte=cut.until)
        parents: dict[int, list[str]] = {row.node_id: [] for row in made}
        for child, ref in edges.values_list("child_id", "parent__ref"):
            parents[child].append(str(ref))
        for row in made:
            jobs.add(row.job_id)
            yield "derivatives", {
                "id": str(row.pk), "job": str(row.job_id), "parents": sorted(parents[row.node_id]),
                "dataset": row.dataset, "dataset_version": row.dataset_version, "kind": row.kind,
                "role": row.role, "media_type": row.media_type, "sha256": row.sha256,
                "size_bytes": row.size_bytes, "technical": row.technical, "made_at": exact(row.created_at),
                "removed_at": exact(_by(row.removed_at, cut.until)),
            }  # fmt: skip
    for job in TransformJob.objects.filter(pk__in=jobs).order_by("pk"):
        yield "jobs", {
            "id": str(job.pk), "name": job.name, "code_commit": job.code_commit,
            "container_image": job.container_image, "steps": job.steps, "run_by": str(job.run_by_id),
            "approved_by": str(job.approved_by_id), "at": exact(job.created_at),
        }  # fmt: skip


def _original(row: TrainingAsset, state: str, verdicts: list[PolicyDecision]) -> dict[str, Any]:
    return {
        "id": str(row.pk), "source": str(row.source_id), "external_id": row.external_id, "version": row.version,
        "kind": row.kind, "media_type": row.media_type, "sha256": row.sha256, "size_bytes": row.size_bytes,
        "canonical_url": row.canonical_url, "method": row.method, "collected_at": exact(row.collected_at),
        "registered_at": exact(row.created_at), "licence_claim": row.licence_claim, "capture": row.capture,
        "state": state, "rights": str(row.rights_id), "verdicts": [str(one.id) for one in verdicts],
    }  # fmt: skip


def _verdict(row: PolicyDecision) -> dict[str, Any]:
    return {
        "id": str(row.pk), "original": str(row.subject_id) if row.subject_id else None, "covers": row.covers,
        "at": exact(row.created_at), "outcome": row.outcome, "codes": list(row.codes), "facts": row.facts,
        "facts_hash": row.facts_hash, "policy": row.policy_id, "contract_hash": row.contract_hash,
        "exceptions": [str(one) for one in row.exceptions], "after": str(row.after_id) if row.after_id else None,
        "asked_by": str(row.asked_by_id) if row.asked_by_id else None,
    }  # fmt: skip


def _review(row: Review, until: datetime) -> dict[str, Any]:
    is_answered = _by(row.answered_at, until) is not None
    return {
        "id": str(row.pk), "original": str(row.asset_id), "codes": list(row.codes), "risk": row.risk,
        "asked_at": exact(row.created_at), "answer": row.answer if is_answered else "",
        "answered_at": exact(row.answered_at) if is_answered else None,
        "answered_by": str(row.answered_by_id) if is_answered else None,
        "reason": row.reason if is_answered else "",
    }  # fmt: skip


def _rights(cut: Cut, sources: list[UUID]) -> Rows:
    rows = list(
        RightsRecord.objects.filter(source__in=sources, created_at__lte=cut.until)
        .select_related("end", "training_token")
        .order_by("source_id", "version")
    )
    licences = Licences(row.training_token for row in rows if row.training_token is not None)
    for row in rows:
        end = getattr(row, "end", None)
        over = end if end is not None and end.ended_at <= cut.until else None
        yield "rights", {
            "id": str(row.pk), "source": str(row.source_id), "version": row.version,
            "licence_class": row.licence_class, "licence_type": row.licence_type,
            "licence_source": row.licence_source, "may_train": row.may_train, "may_derive": row.may_derive,
            "may_redistribute": row.may_redistribute, "restrictions": list(row.restrictions),
            "territories": list(row.territories), "attribution": row.attribution,
            "expires_at": exact(row.expires_at), "time_zone": row.time_zone, "checks": row.checks,
            "evidence_sha256": row.evidence_sha256, "evidence_uri": row.evidence_uri,
            "training_token": str(row.training_token_id) if row.training_token_id else None,
            "grant_sha256": _grant(row.training_token), "recorded_at": exact(row.created_at),
            "standing": right_at(row, licences, cut.until), "ended_at": exact(over.ended_at) if over else None,
            "end_reason": over.reason if over else "",
        }  # fmt: skip


def _grant(token: TrainingToken | None) -> str | None:
    """The hash of the signed grant, which its holder has."""
    return sha256_hex(token.grant_jws.encode()) if token is not None else None


def _exceptions(cut: Cut, classes: set[UUID], sources: set[UUID] | None) -> Rows:
    rows = RightsException.objects.filter(cut.written(), source_class__in=classes)
    if sources is not None:
        rows = rows.filter(Q(source=None) | Q(source__in=sources))
    for row in rows.select_related("source_class").order_by("pk"):
        is_signed = _by(row.signed_at, cut.until) is not None
        yield "exceptions", {
            "id": str(row.pk), "codes": list(row.codes), "source_class": row.source_class.code,
            "source": str(row.source_id) if row.source_id else None, "reason": row.reason,
            "compensating_controls": row.compensating_controls, "rollback_plan": row.rollback_plan,
            "asked_at": exact(row.created_at), "signed_at": exact(row.signed_at) if is_signed else None,
            "signed_by": str(row.signed_by_id) if is_signed else None,
            "ended_at": exact(_by(row.ended_at, cut.until)), "ends_at": exact(row.ends_at),
        }  # fmt: skip


def _stops(cut: Cut) -> dict[UUID, datetime]:
    """Since when each class of sources that was stopped at the cut stood stopped."""
    told = Event.objects.filter(
        organisation_id=cut.organisation, at__lte=cut.until,
        kind__in=("training.class_stopped", "training.class_opened"),
    ).order_by("number").values_list("object_id", "kind", "at")  # fmt: skip
    found: dict[UUID, datetime] = {}
    for ref, kind, at in told:
        if kind == "training.class_stopped":
            found[UUID(ref)] = at
        else:
            found.pop(UUID(ref), None)
    return found


def _by(moment: datetime | None, until: datetime) -> datetime | None:
    """``moment`` if it had come by the cut."""
    return moment if moment is not None and moment <= until else None
