"""The release gate: whether every row of a manifest may be trained on at this moment, with every reason against.

The same questions are asked before a release, at each check of a training job, and when a run is registered; a
licence that ended a second ago is a reason now. Of several sources above a row the strictest decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from audit.selectors import has_recorded
from common import clock
from training.gate.policy import compile_policy
from training.models import (
    Derivative,
    LineageEdge,
    LineageNode,
    ManifestRow,
    RightsException,
    Source,
    TrainingAsset,
    TrainingManifest,
)
from training.selectors.lineage import below
from training.selectors.rights import Standing, current_rights
from training.services.sources import blocked_domains, is_blocked
from training.vocabulary import AssetState, NodeKind
from trustcore.policy.territory import covers

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Against:
    """One reason, how many rows it stops (0: all of them), and a few of what it is about."""

    code: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What the gate says of a manifest at a moment."""

    at: datetime
    against: tuple[Against, ...]

    @property
    def is_clear(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons' codes, sorted."""
        return tuple(sorted(one.code for one in self.against))


def may_be_trained_on(manifest: TrainingManifest, *, at: datetime | None = None) -> GateAnswer:
    """What a training job is told: the release gate, and that the manifest is released and not withdrawn."""
    answer = release_gate(manifest, at=at)
    further = []
    if manifest.released_at is None or manifest.released_at > answer.at:
        further.append(Against("MANIFEST_NOT_RELEASED", 0))
    if manifest.withdrawn_at is not None and manifest.withdrawn_at <= answer.at:
        further.append(Against("MANIFEST_WITHDRAWN", 0, (manifest.withdrawn_reason,)))
    return GateAnswer(answer.at, (*further, *answer.against))


def release_gate(manifest: TrainingManifest, *, at: datetime | None = None) -> GateAnswer:
    """Every reason against ``manifest`` at ``at`` (now by default); a dozen queries however many rows (TP-182)."""
    at = at or clock.now()
    against = [
        *_by_source(manifest, at),
        *_by_row(manifest),
        *_exceptions_over(manifest, at),
    ]
    if manifest.policy_id != compile_policy().hash:
        against.append(Against("POLICY_CHANGED", 0, (manifest.policy_id,)))
    if lost := _not_in_the_trail(manifest):
        against.append(Against("LOG_NOT_SYNCHRONISED", 0, lost))
    return GateAnswer(at, tuple(against))


def is_found_by_a_takedown(manifest: TrainingManifest) -> bool:
    """Whether a takedown of its sources would find this manifest and every row of it (TP-148): a drill in small."""
    sources = [one["id"] for one in manifest.head["sources"]]
    nodes = LineageNode.objects.filter(
        organisation=manifest.organisation_id, kind=NodeKind.SOURCE, ref__in=sources
    )
    reached = below(nodes.values_list("pk", flat=True))
    rows = set(ManifestRow.objects.filter(manifest=manifest).values_list("node_id", flat=True))
    return manifest.node_id in reached and rows <= reached


def source_reasons(
    sources: Iterable[UUID], *, organisation_id: UUID, territory: str, with_derivatives: bool, at: datetime
) -> dict[UUID, list[str]]:
    """Why material of each source may not be trained on; a source that is not there is a reason itself."""
    wanted = set(sources)
    rows = {
        row.pk: row
        for row in Source.objects.filter(pk__in=wanted, organisation=organisation_id).select_related(
            "source_class"
        )
    }
    standings, blocked = current_rights(wanted, at=at), blocked_domains(organisation_id)
    reasons: dict[UUID, list[str]] = {}
    for one in wanted:
        source = rows.get(one)
        if source is None:
            reasons[one] = ["SOURCE_MISSING"]
            continue
        kind = source.source_class
        told = _rights_reasons(standings.get(one), territory, with_derivatives=with_derivatives)
        if kind.stopped_at is not None:
            told.append("SOURCE_CLASS_STOPPED")
        if is_blocked(source.domain, blocked):
            told.append("DOMAIN_BLOCKED")
        if told:
            reasons[one] = told
    return reasons


def _rights_reasons(held: Standing | None, territory: str, *, with_derivatives: bool) -> list[str]:
    if held is None:
        return ["LICENCE_MISSING"]
    told = []
    if held.is_expired:
        told.append("LICENCE_EXPIRED")
    if held.is_ended:
        told.append("RIGHTS_ENDED")
    if not held.rights.may_train:
        told.append("TRAINING_NOT_PERMITTED")
    if with_derivatives and not held.rights.may_derive:
        told.append("DERIVATIVES_NOT_PERMITTED")
    if not covers(held.rights.territories, territory):
        told.append("TERRITORY_NOT_PERMITTED")
    return told


def _by_source(manifest: TrainingManifest, at: datetime) -> list[Against]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select s.source, s.is_derivative, count(*) from (select unnest(sources) source, is_derivative"
            " from training_manifestrow where manifest_id = %s) s group by 1, 2",
            [manifest.pk],
        )
        counted = cursor.fetchall()
    against: list[Against] = []
    for with_derivatives in (False, True):
        rows = {source: number for source, derived, number in counted if derived is with_derivatives}
        reasons = source_reasons(
            rows, organisation_id=manifest.organisation_id, territory=manifest.territory,
            with_derivatives=with_derivatives, at=at,
        )  # fmt: skip
        stopped: Counter[str] = Counter()
        named: dict[str, list[str]] = defaultdict(list)
        for source, codes in sorted(reasons.items()):
            for code in codes:
                stopped[code] += rows[source]
                named[code].append(str(source))
        against += [Against(code, stopped[code], tuple(named[code][:_EXAMPLES])) for code in stopped]
    return _joined(against)


def _joined(against: list[Against]) -> list[Against]:
    """One reason for each code: of originals and derivatives together."""
    merged: dict[str, Against] = {}
    for one in against:
        old = merged.get(one.code, Against(one.code, 0))
        examples = tuple(dict.fromkeys((*old.examples, *one.examples)))[:_EXAMPLES]
        merged[one.code] = Against(one.code, old.rows + one.rows, examples)
    return list(merged.values())


def _by_row(manifest: TrainingManifest) -> list[Against]:
    lines = ManifestRow.objects.filter(manifest=manifest)
    shut = TrainingAsset.objects.filter(organisation=manifest.organisation_id).exclude(
        state=AssetState.ADMITTED
    )
    gone = Derivative.objects.filter(organisation=manifest.organisation_id, removed_at__isnull=False)
    made_of = LineageEdge.objects.filter(parent=OuterRef("node"))
    closed = [
        *shut.filter(Exists(made_of)).values_list("node_id", flat=True),
        *gone.filter(Exists(made_of)).values_list("node_id", flat=True),
    ]
    return [
        *_counted("ASSET_NOT_ADMITTED", lines.filter(is_derivative=False, ref__in=shut.values("pk"))),
        *_counted("DERIVATIVE_REMOVED", lines.filter(is_derivative=True, ref__in=gone.values("pk"))),
        # removed above it, whether or not anybody has come to remove the derivative itself
        *_counted("PARENT_REMOVED", lines.filter(node__in=below(closed)) if closed else lines.none()),
        *_counted("ROW_MISSING", _without_their_row(lines)),
    ]


def _without_their_row(lines: QuerySet[ManifestRow]) -> QuerySet[ManifestRow]:
    there = LineageNode.objects.filter(kind__in=[NodeKind.ASSET, NodeKind.DERIVATIVE]).values("pk")
    return lines.exclude(node__in=there)


def _counted(code: str, lines: QuerySet[ManifestRow]) -> list[Against]:
    number = lines.count()
    if not number:
        return []
    refs = lines.order_by("ordinal").values_list("ref", flat=True)[:_EXAMPLES]
    return [Against(code, number, tuple(str(ref) for ref in refs))]


def _exceptions_over(manifest: TrainingManifest, at: datetime) -> list[Against]:
    """Rows that came in under an exception which has ended since: what it lifted stands again."""
    assets = TrainingAsset.objects.filter(
        pk__in=ManifestRow.objects.filter(manifest=manifest, is_derivative=False).values("ref"),
        decision__exceptions__len__gt=0,
    )
    used = {one for row in assets.values_list("decision__exceptions", flat=True).distinct() for one in row}
    in_force = RightsException.objects.filter(pk__in=used, ended_at=None, ends_at__gt=at)
    over = sorted(used - set(in_force.values_list("pk", flat=True)))
    if not over:
        return []
    return [
        Against(
            "EXCEPTION_ENDED",
            assets.filter(decision__exceptions__overlap=over).count(),
            tuple(str(one) for one in over[:_EXAMPLES]),
        )
    ]


def _not_in_the_trail(manifest: TrainingManifest) -> tuple[str, ...]:
    """Sources and rights that the manifest names and the audit trail has no word of."""
    sources = {one["id"] for one in manifest.head["sources"]}
    rights = {one["id"] for one in manifest.head["rights"]}
    lost = [
        *sorted(sources - has_recorded("training_source", sources)),
        *sorted(rights - has_recorded("training_rights", rights)),
    ]
    return tuple(lost[:_EXAMPLES])
