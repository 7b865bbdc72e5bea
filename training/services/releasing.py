"""The release gate: whether every row of a manifest may be trained on at this moment, with every reason against.

The same questions are asked before a release, at each check of a training job, and when a run is registered; a
licence that ended a second ago is a reason now. Of several sources above a row the strictest decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from audit.selectors import has_recorded
from common import clock
from training.models import (
    LineageNode,
    ManifestRow,
    RightsException,
    Source,
    TrainingAsset,
    TrainingManifest,
)
from training.scripts import SCRIPT_UNGRANTED
from training.selectors.lineage import below
from training.selectors.rights import Standing, current_rights
from training.selectors.rules import is_judged_under, policy_under, rules_of
from training.selectors.script_uses import lapsed_uses
from training.services.sources import blocked_domains, is_blocked
from training.vocabulary import AssetState, NodeKind
from trustcore.policy.territory import covers

_EXAMPLES = 5
# one statement: what speaks against rows; how many rows stand under each source, as made of it or not (no code); the
# exceptions that rows came in under (an empty one).
# PARENT_REMOVED is removed above a row, whether or not anybody came to remove the row itself
_ROWS_AGAINST = """
with recursive closed(node) as (
    select node_id from training_trainingasset where organisation_id = %(house)s and state <> %(shut)s
    union all
    select node_id from training_derivative where organisation_id = %(house)s and removed_at is not null
), made_of(node) as (
    select e.child_id from training_lineageedge e join closed c on c.node = e.parent_id
    union
    select e.child_id from training_lineageedge e join made_of m on e.parent_id = m.node
), told as (
    select r.ordinal, r.ref, r.sources, r.is_derivative, case
        when not r.is_derivative and a.state <> %(shut)s then 'ASSET_NOT_ADMITTED'
        when r.is_derivative and d.removed_at is not null then 'DERIVATIVE_REMOVED' end own,
        r.node_id in (select node from made_of) above,
        n.number is null missing
    from training_manifestrow r
    left join training_trainingasset a on a.id = r.ref and a.organisation_id = %(house)s
    left join training_derivative d on d.id = r.ref and d.organisation_id = %(house)s
    left join training_lineagenode n on n.number = r.node_id and n.kind = any(%(kinds)s)
    where r.manifest_id = %(manifest)s
), each as (
    select own code, ordinal, ref from told where own is not null
    union all select 'PARENT_REMOVED', ordinal, ref from told where above
    union all select 'ROW_MISSING', ordinal, ref from told where missing
) select code, count(*), (array_agg(ref::text order by ordinal))[:%(most)s], null::uuid, null::boolean
from each group by code
union all
select null, count(*), null, source, is_derivative
from (select unnest(sources) source, is_derivative from told) s group by source, is_derivative
union all
select '', count(*), array_agg(distinct one::text), null, null
from told join training_trainingasset a on a.id = told.ref and not told.is_derivative
join training_policydecision p on p.id = a.decision_id, unnest(p.exceptions) one
order by 1, 4, 5
"""


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
    by_row, under, used = _told_of_rows(manifest)
    against = [
        *_by_source(manifest, under, at),
        *by_row,
        *_exceptions_over(manifest, used, at),
    ]
    rules = rules_of(manifest.organisation_id)
    if manifest.policy_id != policy_under(rules).hash:
        against.append(Against("POLICY_CHANGED", 0, (manifest.policy_id,)))
    if rules is not None and not is_judged_under(rules, manifest.organisation_id):
        # counsel's rules of now: what came in before is being judged by them
        against.append(Against("POLICY_NOT_APPLIED", 0))
    if scripts := _scripts_lapsed(manifest, at):
        against.append(Against(SCRIPT_UNGRANTED, len(scripts), tuple(scripts)[:_EXAMPLES]))
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


@dataclass(frozen=True, slots=True)
class _Sources:
    """Sources as they stand at a moment; one that is not there is None."""

    rows: dict[UUID, Source | None]
    standings: dict[UUID, Standing]
    blocked: frozenset[str]

    def reasons(self, one: UUID, territory: str, *, with_derivatives: bool) -> list[str]:
        """Why material of this source may not be trained on."""
        source = self.rows[one]
        if source is None:
            return ["SOURCE_MISSING"]
        told = _rights_reasons(self.standings.get(one), territory, with_derivatives=with_derivatives)
        if source.source_class.stopped_at is not None:
            told.append("SOURCE_CLASS_STOPPED")
        if is_blocked(source.domain, self.blocked):
            told.append("DOMAIN_BLOCKED")
        return told


def _sources(wanted: set[UUID], organisation_id: UUID, at: datetime) -> _Sources:
    """2 queries where every source has its rights, else 3."""
    held = current_rights(wanted, at=at)
    rows: dict[UUID, Source | None] = dict.fromkeys(wanted)
    rows |= {
        one: standing.rights.source
        for one, standing in held.items()
        if standing.rights.source.organisation_id == organisation_id
    }
    if without := [one for one, row in rows.items() if row is None]:
        found = Source.objects.filter(pk__in=without, organisation=organisation_id)
        rows |= {row.pk: row for row in found.select_related("source_class")}
    return _Sources(rows, held, blocked_domains(organisation_id))


def source_reasons(
    sources: Iterable[UUID], *, organisation_id: UUID, territory: str, with_derivatives: bool, at: datetime
) -> dict[UUID, list[str]]:
    """Why material of each source may not be trained on; a source that is not there is a reason itself."""
    wanted = set(sources)
    found = _sources(wanted, organisation_id, at)
    told = {one: found.reasons(one, territory, with_derivatives=with_derivatives) for one in wanted}
    return {one: reasons for one, reasons in told.items() if reasons}


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


def _told_of_rows(
    manifest: TrainingManifest,
) -> tuple[list[Against], list[tuple[UUID, bool, int]], set[UUID]]:
    """What speaks against rows themselves; how many stand under each source, as derived or not; exceptions used."""
    told: dict[str, Any] = {
        "shut": AssetState.ADMITTED, "house": manifest.organisation_id, "manifest": manifest.pk, "most": _EXAMPLES,
        "kinds": [NodeKind.ASSET, NodeKind.DERIVATIVE],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS_AGAINST, told)
        rows = cursor.fetchall()
    against = [Against(code, number, tuple(named)) for code, number, named, _source, _derived in rows if code]
    under = [(source, derived, number) for code, number, _named, source, derived in rows if code is None]
    used = {UUID(one) for code, _number, named, *_rest in rows if code == "" for one in named or ()}
    return against, under, used


def _by_source(
    manifest: TrainingManifest, under: Iterable[tuple[UUID, bool, int]], at: datetime
) -> list[Against]:
    under = list(under)
    found = _sources({source for source, _derived, _number in under}, manifest.organisation_id, at)
    stopped: Counter[str] = Counter()
    named: dict[str, dict[str, None]] = defaultdict(dict)
    for source, derived, number in under:
        for code in found.reasons(source, manifest.territory, with_derivatives=derived):
            stopped[code] += number
            named[code][str(source)] = None
    return [Against(code, stopped[code], tuple(named[code])[:_EXAMPLES]) for code in stopped]


def _exceptions_over(manifest: TrainingManifest, used: set[UUID], at: datetime) -> list[Against]:
    """Rows that came in under an exception which has ended since: what it lifted stands again."""
    in_force = RightsException.objects.filter(pk__in=used, ended_at=None, ends_at__gt=at)
    over = sorted(used - set(in_force.values_list("pk", flat=True)))
    if not over:
        return []
    assets = TrainingAsset.objects.filter(
        pk__in=ManifestRow.objects.filter(manifest=manifest, is_derivative=False).values("ref")
    )
    return [
        Against(
            "EXCEPTION_ENDED",
            assets.filter(decision__exceptions__overlap=over).count(),
            tuple(str(one) for one in over[:_EXAMPLES]),
        )
    ]


def _scripts_lapsed(manifest: TrainingManifest, at: datetime) -> list[str]:
    """Originals under this manifest with a registered script in them that may not be trained with now."""
    lapsed = {
        one.node: str(one.asset_id) for one in lapsed_uses(at=at, organisation_id=manifest.organisation_id)
    }
    return sorted(asset for node, asset in lapsed.items() if manifest.node_id in below([node]))


def _not_in_the_trail(manifest: TrainingManifest) -> tuple[str, ...]:
    """Sources and rights that the manifest names and the audit trail has no word of."""
    sources = {one["id"] for one in manifest.head["sources"]}
    rights = {one["id"] for one in manifest.head["rights"]}
    told = has_recorded({"training_source": sources, "training_rights": rights})
    lost = [
        *sorted(sources - told["training_source"]),
        *sorted(rights - told["training_rights"]),
    ]
    return tuple(lost[:_EXAMPLES])
