"""Freeze what a job may train on, release it, end it. A frozen manifest never changes; its id is its content's hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock, keys
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.ids import new_id
from common.models import SigningKey
from training.lineage.writing import link, lock_head, make_node
from training.models import Derivative, ManifestRow, PolicyText, RightsRecord, TrainingAsset, TrainingManifest
from training.seats import require_counsel, require_engineer
from training.selectors.manifests import manifest_for, sources_above_each
from training.selectors.rights import current_rights
from training.selectors.rules import policy_for
from training.services.derivatives import closed_parents, is_commit
from training.services.lineage_events import tell_lineage
from training.services.releasing import (
    Against,
    GateAnswer,
    is_found_by_a_takedown,
    release_gate,
    source_reasons,
)
from training.services.texts import clean
from training.vocabulary import AssetState, NodeKind
from trustcore.manifest import manifest_id, seal_rows, sign_head
from trustcore.policy.territory import is_territory

ROWS_MAX = 1_000_000
_BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAsk:
    """What to freeze: originals by id, all admitted originals of sources, derivatives of dataset versions."""

    name: str
    code_commit: str
    container_image: str
    territory: str
    purpose: str
    assets: tuple[UUID, ...] = ()
    sources: tuple[UUID, ...] = ()
    datasets: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    ref: UUID
    node: int
    is_derivative: bool
    told: dict[str, Any]


def freeze_manifest(*, principal: Principal, ask: ManifestAsk) -> TrainingManifest:
    """Freeze a list of material: whole, or not at all. Every row leads to a source with a right that is valid now.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``MANIFEST_EMPTY``, ``MANIFEST_TOO_LARGE``, ``COMMIT_INVALID``, ``TERRITORY_UNKNOWN``,
            ``TEXT_INVALID``, ``ROW_UNKNOWN`` (an id that this house does not have).
        Conflict: ``MANIFEST_REFUSED`` with every reason, or ``MANIFEST_EXISTS``.
    """
    require_engineer(principal)
    _check(ask)
    house = principal.organisation_id
    with transaction.atomic():
        lock_head(house)  # before the rows are looked at: a takedown that takes its turn first is seen
        lines = _collected(principal, ask)
        above = sources_above_each(line.node for line in lines)
        _require_valid(house, ask, lines, above)
        head, sealed = _sealed(principal, ask, lines, above)
        content_id = manifest_id(head)
        if TrainingManifest.objects.filter(organisation=house, content_id=content_id).exists():
            raise Conflict("MANIFEST_EXISTS", "This very list is frozen already.", content_id)
        manifest = _write(principal, ask, head, content_id)
        by_id = {str(line.ref): line for line in lines}
        ordered = [by_id[row_id] for row_id in sorted(by_id)]
        ManifestRow.objects.bulk_create(
            (
                ManifestRow(
                    manifest=manifest, ordinal=ordinal, node_id=line.node, ref=line.ref,
                    is_derivative=line.is_derivative, sources=sorted(above[line.node]), line=sealed[ordinal],
                )
                for ordinal, line in enumerate(ordered)
            ),
            batch_size=_BATCH,
        )  # fmt: skip
        link(organisation_id=house, edges=[(line.node, manifest.node_id) for line in lines])
        record(
            kind="training.manifest_frozen", principal=principal, object_type="training_manifest",
            object_id=manifest.pk,
            details={"manifest": content_id, "rows": manifest.rows, "policy": manifest.policy_id,
                     "code_commit": manifest.code_commit, "image": manifest.container_image},
        )  # fmt: skip
        _tell(manifest, ask)
    return manifest


def release_manifest(*, principal: Principal, name: str) -> tuple[TrainingManifest, GateAnswer]:
    """Counsel releases a manifest, if the gate has nothing against it now (TP-182); jobs may use it from then on.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`; ``MANIFEST_IS_YOURS``: whoever froze it
            does not release it.
        Conflict: ``RELEASE_REFUSED`` with every reason; ``MANIFEST_RELEASED``, ``MANIFEST_WITHDRAWN``.
    """
    require_counsel(principal)
    with transaction.atomic():
        manifest = _locked(principal, name)
        if manifest.released_at is not None:
            raise Conflict("MANIFEST_RELEASED", "This manifest is released already.")
        if manifest.withdrawn_at is not None:
            raise Conflict("MANIFEST_WITHDRAWN", "This manifest was withdrawn; freeze another one.")
        if manifest.frozen_by_id == principal.person.pk:
            raise Forbidden("MANIFEST_IS_YOURS", "Whoever froze a manifest does not release it.")
        answer = release_gate(manifest)
        against = list(answer.against)
        if not is_found_by_a_takedown(manifest):
            against.append(Against("TAKEDOWN_WOULD_MISS_IT", 0))
        if against:
            raise refusal("RELEASE_REFUSED", "The gate refuses this manifest.", against)
        manifest.released_at, manifest.released_by = answer.at, principal.person
        manifest.save(update_fields=["released_at", "released_by"])
        record(
            kind="training.manifest_released", principal=principal, object_type="training_manifest",
            object_id=manifest.pk, details={"manifest": manifest.content_id, "rows": manifest.rows},
        )  # fmt: skip
    return manifest, answer


def withdraw_manifest(*, principal: Principal, name: str, reason: str) -> TrainingManifest:
    """End a manifest for good: no job may begin on it from this commit on.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. InvalidInput: ``REASON_INVALID``.
        Conflict: ``MANIFEST_WITHDRAWN``.
    """
    require_counsel(principal)
    reason = clean(reason, most=500, code="REASON_INVALID")
    with transaction.atomic():
        manifest = _locked(principal, name)
        if manifest.withdrawn_at is not None:
            raise Conflict("MANIFEST_WITHDRAWN", "This manifest was withdrawn already.")
        write_withdrawal(manifest, principal, reason)
    return manifest


def write_withdrawal(manifest: TrainingManifest, principal: Principal | None, reason: str) -> None:
    """Withdraw a manifest; MUST be called inside a transaction that holds it."""
    manifest.withdrawn_at, manifest.withdrawn_reason = clock.now(), reason
    manifest.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    record(
        kind="training.manifest_withdrawn", principal=principal, organisation_id=manifest.organisation_id,
        object_type="training_manifest", object_id=manifest.pk,
        details={"manifest": manifest.content_id, "reason": reason},
    )  # fmt: skip


def refusal(code: str, title: str, against: Sequence[Against]) -> Conflict:
    """The error that names every reason."""
    told = [{"code": one.code, "rows": one.rows, "examples": list(one.examples)} for one in against]
    return Conflict(code, title, ", ".join(sorted(one.code for one in against)), {"reasons": told})


def _check(ask: ManifestAsk) -> None:
    if not is_commit(ask.code_commit):
        raise InvalidInput("COMMIT_INVALID", "A commit is named by its whole hash.")
    if not is_territory(ask.territory):
        raise InvalidInput("TERRITORY_UNKNOWN", _("%(code)s is no territory.") % {"code": ask.territory})
    if not (ask.assets or ask.sources or ask.datasets):
        raise InvalidInput("MANIFEST_EMPTY", "A manifest lists something.")


def _collected(principal: Principal, ask: ManifestAsk) -> list[_Line]:
    house = principal.organisation_id
    own = TrainingAsset.objects.filter(organisation=house)
    named = set(ask.assets)
    found = {row.pk: row for row in own.filter(pk__in=named)} if named else {}
    if unknown := sorted(str(one) for one in named - set(found)):
        raise InvalidInput("ROW_UNKNOWN", "These are no originals of this house.", ", ".join(unknown[:5]))
    admitted = own.filter(source__in=ask.sources, state=AssetState.ADMITTED) if ask.sources else own.none()
    found |= {row.pk: row for row in admitted[: ROWS_MAX + 1]}
    made = [
        row
        for dataset, version in ask.datasets
        for row in Derivative.objects.filter(
            organisation=house, dataset=dataset, dataset_version=version, removed_at=None
        )[: ROWS_MAX + 1]
    ]
    lines = [_line(row, is_derivative=False) for row in found.values()]
    lines += [_line(row, is_derivative=True) for row in {row.pk: row for row in made}.values()]
    if not lines:
        raise InvalidInput("MANIFEST_EMPTY", "Nothing of what was named is there to train on.")
    if len(lines) > ROWS_MAX:
        raise InvalidInput("MANIFEST_TOO_LARGE", _("At most %(most)s rows.") % {"most": ROWS_MAX})
    return lines


def _line(row: TrainingAsset | Derivative, *, is_derivative: bool) -> _Line:
    told = {
        "id": str(row.pk), "kind": row.kind, "media_type": row.media_type, "sha256": row.sha256,
        "size_bytes": row.size_bytes, "location": row.location,
    }  # fmt: skip
    if isinstance(row, Derivative):
        told["dataset"] = {"name": row.dataset, "version": row.dataset_version}
    return _Line(row.pk, row.node_id, is_derivative, told)


def _require_valid(
    house: UUID, ask: ManifestAsk, lines: Sequence[_Line], above: dict[int, frozenset[UUID]]
) -> None:
    """Refuse as the gate would: nothing is frozen that could not be released at this moment."""
    against = []
    orphans = [str(line.ref) for line in lines if not above.get(line.node)]
    if orphans:
        against.append(Against("SOURCE_MISSING", len(orphans), tuple(orphans[:5])))
    shut = TrainingAsset.objects.filter(
        pk__in=[line.ref for line in lines if not line.is_derivative]
    ).exclude(state=AssetState.ADMITTED)
    if ids := [str(one) for one in shut.values_list("pk", flat=True)]:
        against.append(Against("ASSET_NOT_ADMITTED", len(ids), tuple(sorted(ids)[:5])))
    derived = [line for line in lines if line.is_derivative]
    closed = closed_parents(house, {line.ref for line in derived}, [line.node for line in derived])
    if closed:
        against.append(Against("PARENT_REMOVED", 0, tuple(closed[:5])))
    for with_derivatives in (False, True):
        mine = [line for line in lines if line.is_derivative is with_derivatives]
        sources = {one for line in mine for one in above.get(line.node, ())}
        reasons = source_reasons(
            sources, organisation_id=house, territory=ask.territory, with_derivatives=with_derivatives,
            at=clock.now(),
        )  # fmt: skip
        for code in sorted({code for told in reasons.values() for code in told}):
            stopped = {one for one, told in reasons.items() if code in told}
            rows = sum(bool(stopped & above.get(line.node, frozenset())) for line in mine)
            against.append(Against(code, rows, tuple(sorted(str(one) for one in stopped)[:5])))
    if against:
        raise refusal("MANIFEST_REFUSED", "Not every row leads to a source with a valid right.", against)


def _sealed(
    principal: Principal, ask: ManifestAsk, lines: Sequence[_Line], above: dict[int, frozenset[UUID]]
) -> tuple[dict[str, Any], list[bytes]]:
    sources = {one for line in lines for one in above[line.node]}
    standings = current_rights(sources, at=clock.now())
    counts, sealed = seal_rows(
        {**line.told, "sources": sorted(str(one) for one in above[line.node])} for line in lines
    )
    head = {
        "organisation": str(principal.organisation_id),
        "name": ask.name,
        "purpose": clean(ask.purpose, most=500),
        "frozen_at": clock.rfc3339(clock.now()),
        "frozen_by": str(principal.person.pk),
        "territory": ask.territory,
        "code_commit": ask.code_commit,
        "container_image": clean(ask.container_image, most=300),
        "policy": policy_for(principal.organisation_id).hash,
        "sources": [{"id": str(one), "rights": str(standings[one].rights.pk)} for one in sorted(sources)],
        "rights": [
            _rights(row.rights) for row in sorted(standings.values(), key=lambda row: str(row.rights.pk))
        ],
        **counts,
    }
    return head, sealed


def _rights(row: RightsRecord) -> dict[str, Any]:
    return {
        "id": str(row.pk), "source": str(row.source_id), "version": row.version,
        "licence_class": row.licence_class, "licence_type": row.licence_type,
        "may_derive": row.may_derive, "may_redistribute": row.may_redistribute,
        "restrictions": list(row.restrictions), "attribution": row.attribution,
        "expires_at": clock.rfc3339(row.expires_at) if row.expires_at else None,
        "evidence_sha256": row.evidence_sha256,
        "training_token": str(row.training_token_id) if row.training_token_id else None,
    }  # fmt: skip


def _write(principal: Principal, ask: ManifestAsk, head: dict[str, Any], content_id: str) -> TrainingManifest:
    policy = policy_for(principal.organisation_id)
    PolicyText.objects.get_or_create(hash=policy.hash, defaults={"text": policy.text})
    made_id = new_id()
    node = make_node(organisation_id=principal.organisation_id, kind=NodeKind.MANIFEST, ref=made_id)
    return TrainingManifest.objects.create(
        pk=made_id, organisation=principal.organisation, content_id=content_id, name=ask.name, head=head,
        envelope=sign_head(head, keys.signer_for(SigningKey.Purpose.DECISION)), rows=head["rows"],
        rows_root=head["rows_root"], policy_id=policy.hash, territory=ask.territory,
        code_commit=ask.code_commit, container_image=head["container_image"], frozen_by=principal.person,
        node=node,
    )  # fmt: skip


def _tell(manifest: TrainingManifest, ask: ManifestAsk) -> None:
    tell_lineage(
        organisation_id=manifest.organisation_id, type_="COMPLETE", run=manifest.pk, job=f"freeze/{manifest.name}",
        tags={"code_commit": manifest.code_commit, "container_image": manifest.container_image,
              "policy": manifest.policy_id},
        inputs=[*(f"source/{one['id']}" for one in manifest.head["sources"]),
                *(f"dataset/{name}/{version}" for name, version in ask.datasets)],
        outputs=[f"manifest/{manifest.content_id}"],
    )  # fmt: skip


def _locked(principal: Principal, name: str) -> TrainingManifest:
    found = manifest_for(principal, name)
    if found is None:
        raise NotFound
    return TrainingManifest.objects.select_for_update(of=("self",)).defer("envelope").get(pk=found.pk)
