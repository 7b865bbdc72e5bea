"""Open a takedown: find all that it reaches, plan, contain at once. A drill changes nothing and says how long it takes.

Containment is automatic and can be called off while nothing was removed: originals stand isolated with their bytes,
manifests are withdrawn for good (freeze another). Removal is a person's act, and final (``takedown_acts``).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import InvalidInput, NotFound
from training.models import (
    LineageNode,
    ModelVersion,
    RightsRecord,
    Takedown,
    TakedownItem,
    TakedownReach,
    TrainingAsset,
    TrainingManifest,
)
from training.seats import require_engineer
from training.services.manifests import write_withdrawal
from training.services.radius import radius_of
from training.services.takedown_work import assets_of, do_item, end_case
from training.services.texts import clean
from training.vocabulary import AssetState, ItemAction, NodeKind, TakedownState, TakedownTrigger

_BATCH = 5000
_ABOUT_MODELS = [ItemAction.WITHDRAW, ItemAction.RETRAIN, ItemAction.MITIGATE]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakedownAsk:
    """What must go, by the ids of originals, sources or rights records, and why."""

    trigger: str
    reason: str
    assets: tuple[UUID, ...] = ()
    sources: tuple[UUID, ...] = ()
    rights: tuple[UUID, ...] = ()
    is_drill: bool = False


def open_takedown(*, principal: Principal, ask: TakedownAsk) -> Takedown:
    """Open a case and contain all that it reaches, or measure what that would be (a drill).

    Raises:
        NotFound: something that this house does not have. Forbidden: as :func:`~training.seats.require_engineer`,
            counsel may too.
        InvalidInput: ``TRIGGER_UNKNOWN``, ``TAKEDOWN_EMPTY``, ``REASON_INVALID``.
    """
    if not principal.is_role(Membership.Role.LEGAL):
        require_engineer(principal)
    if ask.trigger not in TakedownTrigger.values:
        raise InvalidInput("TRIGGER_UNKNOWN", "There is no such reason for a takedown.")
    reason = clean(ask.reason, most=2000, code="REASON_INVALID")
    with transaction.atomic():
        roots = _roots(principal.organisation_id, ask)
        return write_takedown(
            organisation_id=principal.organisation_id, principal=principal, trigger=ask.trigger, reason=reason,
            roots=roots, is_drill=ask.is_drill,
        )  # fmt: skip


def counted_reach(*, principal: Principal, ask: TakedownAsk) -> dict[str, int]:
    """How many nodes of each kind a case would reach now; nothing is written. Raises as :func:`open_takedown`."""
    if not principal.is_role(Membership.Role.LEGAL):
        require_engineer(principal)
    with transaction.atomic():
        return radius_of(principal.organisation_id, _roots(principal.organisation_id, ask)).counts


def write_takedown(
    *,
    organisation_id: UUID,
    principal: Principal | None,
    trigger: str,
    reason: str,
    roots: Sequence[int],
    is_drill: bool = False,
    rights: RightsRecord | None = None,
) -> Takedown:
    """Open a case; MUST be called inside a transaction. ``principal`` is None where time or a rule opened it."""
    began = time.monotonic()
    radius = radius_of(organisation_id, roots)
    due_at = clock.now() + timedelta(hours=settings.TAKEDOWN_HOURS)
    case = Takedown.objects.create(
        organisation_id=organisation_id, trigger=trigger, is_drill=is_drill, reason=reason, roots=sorted(set(roots)),
        rights=rights, as_of_edge=radius.as_of_edge, reached=len(radius.nodes), reached_root=radius.root,
        counts=radius.counts, opened_by=principal.person if principal else None, due_at=due_at,
    )  # fmt: skip
    _keep_reach(case, radius.nodes)
    planned = time.monotonic()
    _plan(case, radius.nodes)
    if not is_drill:
        _contain(case, radius.nodes, principal)
    ended = time.monotonic()
    case.measured = {
        "radius_ms": round(radius.seconds * 1000),
        "plan_ms": round((ended - planned) * 1000),
        "whole_ms": round((ended - began) * 1000),
    }
    case.save(update_fields=["measured"])
    record(
        kind="training.drill_held" if is_drill else "training.takedown_opened", principal=principal,
        organisation_id=organisation_id, object_type="training_takedown", object_id=case.pk,
        details={"trigger": trigger, "reached": case.reached, "root": case.reached_root, "counts": case.counts,
                 "as_of_edge": case.as_of_edge},
    )  # fmt: skip
    if is_drill:
        end_case(case, principal, TakedownState.CLOSED, _("A drill: nothing was changed."))
    return case


def _roots(house: UUID, ask: TakedownAsk) -> list[int]:
    wanted = {NodeKind.ASSET: ask.assets, NodeKind.SOURCE: ask.sources, NodeKind.RIGHTS: ask.rights}
    roots: list[int] = []
    for kind, refs in wanted.items():
        nodes = LineageNode.objects.filter(organisation_id=house, kind=kind, ref__in=set(refs))
        found = list(nodes.values_list("pk", flat=True))
        if len(found) != len(set(refs)):
            raise NotFound
        roots += found
    if not roots:
        raise InvalidInput("TAKEDOWN_EMPTY", "Say what must go.")
    return roots


def look_again(case: Takedown, principal: Principal | None) -> int:
    """Take in what was made of it since the case was opened; how many nodes. MUST be called with the case held.

    A job that was at work when the case was opened may report afterwards; its run and its models are items then.
    """
    radius = radius_of(case.organisation_id, case.roots)
    known = set(TakedownReach.objects.filter(takedown=case).values_list("node_id", flat=True))
    late = tuple(node for node in radius.nodes if node.pk not in known)
    if late:
        _keep_reach(case, late)
        _plan(case, late)
        _contain(case, late, principal)
    case.measured = {
        **case.measured, "late_nodes": case.measured.get("late_nodes", 0) + len(late),
        "as_of_edge_at_end": radius.as_of_edge,
    }  # fmt: skip
    case.measured["reached_at_end"] = len(radius.nodes)
    case.save(update_fields=["measured"])
    return len(late)


def _keep_reach(case: Takedown, nodes: Sequence[LineageNode]) -> None:
    admitted = set()
    if not case.is_drill:
        mine = TrainingAsset.objects.filter(node__in=[node.pk for node in nodes], state=AssetState.ADMITTED)
        admitted = set(mine.values_list("node_id", flat=True))
    TakedownReach.objects.bulk_create(
        (TakedownReach(takedown=case, node=node, was_admitted=node.pk in admitted) for node in nodes),
        batch_size=_BATCH,
    )


def _plan(case: Takedown, nodes: Sequence[LineageNode]) -> None:
    """An item for each manifest and model, and one for all the material together."""
    refs: dict[str, list[UUID]] = {}
    for node in nodes:
        refs.setdefault(node.kind, []).append(node.ref)
    items = []
    material = len(refs.get(NodeKind.ASSET, [])) + len(refs.get(NodeKind.DERIVATIVE, []))
    if material and case.state == TakedownState.CONTAINED and not case.items.filter(ref=None).exists():
        label = ngettext("%(n)s original or derivative", "%(n)s originals and derivatives", material) % {
            "n": material
        }
        items.append(_item(case, NodeKind.ASSET, None, label, [ItemAction.REMOVE]))
    manifests = TrainingManifest.objects.filter(pk__in=refs.get(NodeKind.MANIFEST, [])).defer("envelope")
    items += [_item(case, NodeKind.MANIFEST, row.pk, str(row), [ItemAction.WITHDRAW]) for row in manifests]
    items += [
        _item(case, NodeKind.MODEL, model.pk, str(model), _ABOUT_MODELS, owner=model.run.registered_by_id)
        for model in ModelVersion.objects.filter(pk__in=refs.get(NodeKind.MODEL, [])).select_related("run")
    ]
    TakedownItem.objects.bulk_create(items, batch_size=_BATCH)


def _item(
    case: Takedown,
    kind: str,
    ref: UUID | None,
    label: str,
    choices: list[ItemAction],
    *,
    owner: UUID | None = None,
) -> TakedownItem:
    return TakedownItem(
        takedown=case, kind=kind, ref=ref, label=label[:200], choices=[str(one) for one in choices],
        owner_id=owner, due_at=case.due_at,
    )  # fmt: skip


def _contain(case: Takedown, nodes: Sequence[LineageNode], principal: Principal | None) -> None:
    """From this commit on no gate, manifest or run takes anything of it."""
    assets_of(case).filter(state=AssetState.ADMITTED).update(state=AssetState.ISOLATED)
    reason = _("Takedown: %(trigger)s") % {"trigger": TakedownTrigger(case.trigger).label}
    refs = [node.ref for node in nodes if node.kind == NodeKind.MANIFEST]
    open_manifests = TrainingManifest.objects.select_for_update().filter(pk__in=refs, withdrawn_at=None)
    for manifest in open_manifests.defer("envelope"):
        write_withdrawal(manifest, principal, reason)
    for item in case.items.filter(kind=NodeKind.MANIFEST, done_at=None):
        do_item(item, principal, ItemAction.WITHDRAW, reason, "")
