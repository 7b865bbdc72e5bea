"""Open a takedown: find all that it reaches, plan, contain at once. A drill changes nothing and says how long it takes.

Containment is automatic and can be called off while nothing was removed: originals stand isolated with their bytes,
manifests are withdrawn for good (freeze another). Removal is a person's act, and final (``takedown_acts``).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import InvalidInput, NotFound
from common.onestate import one_state
from training.models import (
    LineageNode,
    ModelVersion,
    RightsRecord,
    Takedown,
    TakedownItem,
    TakedownReach,
    TrainingManifest,
)
from training.seats import require_engineer
from training.selectors.rules import procedure_for, rules_of
from training.services.manifests import write_withdrawal
from training.services.questions import stopwatch
from training.services.radius import Radius, radius_below, radius_of
from training.services.takedown_work import assets_of, do_item, end_case
from training.services.texts import clean
from training.vocabulary import (
    AssetState,
    ItemAction,
    NodeKind,
    QuestionKind,
    TakedownState,
    TakedownTrigger,
)

_BATCH = 5000
# in the order of the keys, so that no page of an index is filled twice; what is there is met by its index
_KEEP = """
insert into training_takedownreach (takedown_id, node_id, was_admitted, at)
select %s, r.number,
       %s and exists (select from training_trainingasset a where a.node_id = r.number and a.state = 'ADMITTED'), %s
from {table} r order by r.number
on conflict (takedown_id, node_id) do nothing"""


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
    with transaction.atomic(), stopwatch(principal.organisation_id, QuestionKind.TAKEDOWN_REACH):
        roots = _roots(principal.organisation_id, ask)
        return write_takedown(
            organisation_id=principal.organisation_id, principal=principal, trigger=ask.trigger, reason=reason,
            roots=roots, is_drill=ask.is_drill,
        )  # fmt: skip


def counted_reach(*, principal: Principal, ask: TakedownAsk) -> dict[str, int]:
    """How many nodes of each kind a case would reach now; nothing is held, or written of it. Raises as :func:`open_takedown`."""
    if not principal.is_role(Membership.Role.LEGAL):
        require_engineer(principal)
    house = principal.organisation_id
    with one_state(), stopwatch(house, QuestionKind.TAKEDOWN_REACH):
        return radius_below(house, lambda: _roots(house, ask))[0].kinds()


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
    within, _actions = procedure_for(rules_of(organisation_id), trigger)
    due_at = clock.now() + within
    case = Takedown.objects.create(
        organisation_id=organisation_id, trigger=trigger, is_drill=is_drill, reason=reason, roots=sorted(set(roots)),
        rights=rights, as_of_edge=radius.as_of_edge, reached=radius.size, reached_root=radius.root,
        counts=radius.counts, opened_by=principal.person if principal else None, due_at=due_at,
    )  # fmt: skip
    _keep_reach(case, radius)
    planned = time.monotonic()
    _plan(case, radius.counts)
    if not is_drill:
        _contain(case, principal)
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
    late = _keep_reach(case, radius, at=clock.now())
    if late:
        _plan(case, radius.counts)
        _contain(case, principal)
    case.measured = {
        **case.measured, "late_nodes": case.measured.get("late_nodes", 0) + late,
        "as_of_edge_at_end": radius.as_of_edge,
    }  # fmt: skip
    case.measured["reached_at_end"] = radius.size
    case.save(update_fields=["measured"])
    return late


def _keep_reach(case: Takedown, radius: Radius, *, at: datetime | None = None) -> int:
    """Write down what of it the case does not have yet, inside the database; how many nodes.

    Args:
        at: when that was found; None: the case is being opened.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP.format(table=radius.reached.table), [case.pk, not case.is_drill, at])
        return int(cursor.rowcount)


def _plan(case: Takedown, counts: Mapping[str, int]) -> None:
    """An item for each manifest and model that has none yet, and one for all the material together."""
    items = []
    material = counts.get(NodeKind.ASSET, 0) + counts.get(NodeKind.DERIVATIVE, 0)
    if material and case.state == TakedownState.CONTAINED and not case.items.filter(ref=None).exists():
        label = ngettext("%(n)s original or derivative", "%(n)s originals and derivatives", material) % {
            "n": material
        }
        items.append(_item(case, NodeKind.ASSET, None, label, [ItemAction.REMOVE]))
    reached = TakedownReach.objects.filter(takedown=case).values("node_id")
    planned = case.items.filter(ref__isnull=False)
    manifests = TrainingManifest.objects.filter(node__in=reached).defer("envelope", "head")
    for some in _some(manifests.exclude(pk__in=planned.filter(kind=NodeKind.MANIFEST).values("ref"))):
        items += [_item(case, NodeKind.MANIFEST, row.pk, str(row), [ItemAction.WITHDRAW]) for row in some]
        TakedownItem.objects.bulk_create(items)
        items = []
    _within, about_models = procedure_for(rules_of(case.organisation_id), case.trigger)
    models = ModelVersion.objects.filter(node__in=reached).select_related("run")
    for these in _some(models.exclude(pk__in=planned.filter(kind=NodeKind.MODEL).values("ref"))):
        items += [
            _item(case, NodeKind.MODEL, model.pk, str(model), about_models, owner=model.run.registered_by_id)
            for model in these
        ]
        TakedownItem.objects.bulk_create(items)
        items = []
    TakedownItem.objects.bulk_create(items)


def _some(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Rows in batches, oldest first: what a large case reaches is never in memory at once."""
    waiting = rows.order_by("created_at", "pk").iterator(chunk_size=_BATCH)
    return iter(lambda: list(islice(waiting, _BATCH)), [])


def _item(
    case: Takedown,
    kind: str,
    ref: UUID | None,
    label: str,
    choices: Sequence[str],
    *,
    owner: UUID | None = None,
) -> TakedownItem:
    return TakedownItem(
        takedown=case, kind=kind, ref=ref, label=label[:200], choices=[str(one) for one in choices],
        owner_id=owner, due_at=case.due_at,
    )  # fmt: skip


def _contain(case: Takedown, principal: Principal | None) -> None:
    """From this commit on no gate, manifest or run takes anything of it."""
    assets_of(case).filter(state=AssetState.ADMITTED).update(state=AssetState.ISOLATED)
    reason = _("Takedown: %(trigger)s") % {"trigger": TakedownTrigger(case.trigger).label}
    reached = TakedownReach.objects.filter(takedown=case).values("node_id")
    open_manifests = TrainingManifest.objects.select_for_update().filter(node__in=reached, withdrawn_at=None)
    for manifest in open_manifests.defer("envelope").iterator(chunk_size=_BATCH):
        write_withdrawal(manifest, principal, reason)
    for item in case.items.filter(kind=NodeKind.MANIFEST, done_at=None).iterator(chunk_size=_BATCH):
        do_item(item, principal, ItemAction.WITHDRAW, reason, "")
