"""Write a judged chunk: decisions, nodes, edges, originals, reviews and refusals, by COPY, in the caller's transaction."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from audit.services import record
from common import clock
from common.ids import new_id
from training.lineage.loading import hang_leaves
from training.models import MaterialImport, PolicyDecision, Review
from training.services.assets import kept_capture
from training.services.gate import Ground, decision_of, keep_policy
from training.services.import_rows import Entry, Judged, Refused, Sorted, reads_size
from training.services.risk import risk_of
from training.vocabulary import AssetState, Held, NodeKind, Outcome

_ASSET = (
    "id", "created_at", "organisation_id", "source_id", "rights_id", "external_id", "version", "kind", "media_type",
    "sha256", "size_bytes", "canonical_url", "method", "collector", "collected_at", "licence_claim", "capture",
    "findings", "state", "held", "location", "owner_id", "decision_id", "node_id",
)  # fmt: skip
_REFUSAL = ("material_import_id", "row", "code", "detail", "external_id", "decision_id")


def write_chunk(
    job: MaterialImport, chunk: Sorted, grounds: dict[UUID, Ground], *, lines_sha256: str, first_row: int
) -> None:
    """Write one chunk and the event that tells of it; MUST be called inside the transaction that judged it."""
    decisions = _decide(job, chunk, grounds)
    ids = [new_id() for _one in chunk.entries]
    nodes = hang_leaves(
        organisation_id=job.organisation_id, kind=NodeKind.ASSET, refs=ids,
        parents=[grounds[one.told.source_id].source.node_id for one in chunk.entries],
    )  # fmt: skip
    _copy("training_trainingasset", _ASSET, _assets(job, chunk.entries, ids, nodes, grounds, decisions))
    _review(job, chunk.entries, ids, grounds)
    _copy("training_importrefusal", _REFUSAL, (_refusal(job, one, decisions) for one in chunk.refused))
    if chunk.entries or chunk.refused:
        _tell(job, chunk, decisions, lines_sha256, first_row)


def _decide(
    job: MaterialImport, chunk: Sorted, grounds: dict[UUID, Ground]
) -> dict[tuple[UUID, Any], PolicyDecision]:
    judged = [one.judged for one in chunk.entries] + [one.judged for one in chunk.refused if one.judged]
    # of one source and one set of facts a chunk has one object: asking which it is costs no hashing of facts
    covered = Counter(id(one) for one in judged)
    for policy in {ground.policy.hash: ground.policy for ground in grounds.values()}.values():
        keep_policy(policy)
    made = {}
    for one in {id(one): one for one in judged}.values():
        ground = grounds[one.source_id]
        made[_key(one)] = decision_of(
            ground=ground, facts=one.facts, verdict=one.verdict, person=job.submitted_by,
            subject_type="import", subject_id=job.pk, covers_rows=covered[id(one)],
            leaving_out=() if reads_size(ground.policy) else ("size_bytes",),
        )  # fmt: skip
    PolicyDecision.objects.bulk_create(made.values(), batch_size=500)
    return made


def _key(one: Judged) -> tuple[UUID, Any]:
    return one.source_id, one.facts


def _assets(
    job: MaterialImport,
    entries: Sequence[Entry],
    ids: Sequence[UUID],
    nodes: Sequence[int],
    grounds: dict[UUID, Ground],
    decisions: dict[tuple[UUID, Any], PolicyDecision],
) -> Iterable[tuple[Any, ...]]:
    house, at = str(job.organisation_id), clock.now()
    distinct = {id(one.judged): one.judged for one in entries}
    by_judged = {key: str(decisions[_key(judged)].pk) for key, judged in distinct.items()}
    for one, asset_id, node in zip(entries, ids, nodes, strict=True):
        told = one.told.capture
        source, rights = grounds[one.told.source_id].source, grounds[one.told.source_id].rights
        assert rights is not None  # without rights the gate has refused
        yield (
            str(asset_id), at, house, str(source.pk), str(rights.pk), told.external_id, one.version, told.kind,
            told.media_type, told.sha256, told.size_bytes, told.canonical_url, told.method, told.collector,
            told.collected_at, told.licence_claim, msgspec.json.encode(kept_capture(told)).decode(), "{}",
            _state(one), Held.ELSEWHERE.value, told.location, source.owner_id, by_judged[id(one.judged)], node,
        )  # fmt: skip


def _state(one: Entry) -> str:
    is_in = one.judged.verdict.outcome == Outcome.ADMIT
    return AssetState.ADMITTED.value if is_in else AssetState.ISOLATED.value


def _review(
    job: MaterialImport, entries: Sequence[Entry], ids: Sequence[UUID], grounds: dict[UUID, Ground]
) -> None:
    due = clock.now() + timedelta(hours=settings.TRAINING_REVIEW_HOURS)
    Review.objects.bulk_create(
        (
            Review(
                organisation_id=job.organisation_id, asset_id=asset_id, codes=list(one.judged.verdict.codes),
                risk=risk_of(
                    grounds[one.told.source_id].source.source_class, grounds[one.told.source_id].rights,
                    one.told.capture.method,
                ),
                due_at=due, collected_by_id=job.submitted_by_id,
            )
            for one, asset_id in zip(entries, ids, strict=True)
            if one.judged.verdict.outcome == Outcome.ISOLATE
        ),
        batch_size=1000,
    )  # fmt: skip


def _refusal(
    job: MaterialImport, one: Refused, decisions: dict[tuple[UUID, Any], PolicyDecision]
) -> tuple[Any, ...]:
    decision = decisions[_key(one.judged)].pk if one.judged else None
    return (
        str(job.pk), one.row, one.code, _shown(one.detail)[:300], _shown(one.external_id)[:200],
        str(decision) if decision else None,
    )  # fmt: skip


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:300])


def _tell(
    job: MaterialImport,
    chunk: Sorted,
    decisions: dict[tuple[UUID, Any], PolicyDecision],
    lines_sha256: str,
    first_row: int,
) -> None:
    """One structured event a chunk (TP-014): what each row's event says stands in its row and its decision."""
    record(
        kind="training.assets_judged", principal=None, organisation_id=job.organisation_id,
        object_type="training_import", object_id=job.pk,
        details={
            "first_row": first_row, "rows_sha256": lines_sha256, "collector": job.collector,
            "admitted": sum(_state(one) == AssetState.ADMITTED for one in chunk.entries),
            "isolated": sum(_state(one) == AssetState.ISOLATED for one in chunk.entries),
            "refused": len(chunk.refused), "same": chunk.same,
            "decisions": sorted(str(row.pk) for row in decisions.values())[:1000],
        },
    )  # fmt: skip


def _copy(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        into: Callable[..., Any] = cursor.cursor.copy
        with into(f"copy {table} ({', '.join(columns)}) from stdin") as target:
            for row in rows:
                target.write_row(row)
