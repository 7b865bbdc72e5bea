"""Inspect the house's lineage, explain what is not as it should be, and repair it (TP-185).

Each check compares one system with the record in the database, which is authoritative (TP-105): stored bytes, the graph
in the process, events on their way out, work that runs by itself, other systems' copies. Looking changes nothing. A
repair is what the product does by itself sooner or later, done now; it never deletes what the record still needs, it is
looked at again afterwards, and it stands in the trail.

>>> [one.code for one in inspect(principal) if not one.is_well]        # doctest: +SKIP
['LINEAGE_SNAPSHOT_CORRUPT']
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, NotFound
from common.ids import new_id
from common.language import later
from common.storage import blobs
from screenplays.selectors import TrainingStanding
from training import tasks
from training.lineage.index import AT_ONCE, LATER_PACKED, forget, keep_snapshot
from training.lineage.reading import position_of
from training.lineage.snapshot import SnapshotCorrupt, discard_snapshot, read_snapshot
from training.models import (
    Derivative,
    InspectionLook,
    LineageEvent,
    Takedown,
    TakedownReach,
    TrainingAsset,
)
from training.seats import require_engineer, require_house
from training.selectors.narrowing import rights_to_compare
from training.selectors.script_uses import lapsed_uses
from training.selectors.unfinished import Waiting, held_without_moving, orphaned
from training.services.assets import as_captured, queue_for_review
from training.services.automatic import (
    open_due_takedowns,
    open_for_policy,
    organisations_to_judge,
    rights_over,
)
from training.services.gate import facts_of, ground_of, judge
from training.services.narrowing import open_for_narrower_rights
from training.services.script_ends import open_for_scripts
from training.services.systems import systems_behind
from training.services.takedown_acts import finish_removals
from training.vocabulary import AssetState, Held, TakedownState

LOOKED_AT: Final = 200
"""Files of each kind that one look asks the storage for; the next look begins elsewhere."""
STALLED_AFTER: Final = timedelta(minutes=10)
HANGS_AFTER: Final = timedelta(hours=2)
COMPARED_WITHIN: Final = timedelta(minutes=2)
_EXAMPLES: Final = 5
Found = Sequence[str]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at: what it means where it is not well, and what the repair does, if there is one."""

    code: str
    system: str
    means: Promise | str
    repair: Promise | str
    look: Callable[[UUID, datetime], Found]
    mend: Callable[[UUID, datetime], object] | None


@dataclass(frozen=True, slots=True)
class Finding:
    """How one check came out."""

    code: str
    system: str
    number: int
    examples: tuple[str, ...]
    means: str
    repair: str

    @property
    def is_well(self) -> bool:
        """Whether it is as it should be."""
        return self.number == 0


def inspect(principal: Principal, *, at: datetime | None = None) -> list[Finding]:
    """Look at everything; nothing is changed.

    Raises:
        NotFound: not an organisation that trains.
    """
    require_house(principal)
    return [_looked(check, principal.organisation_id, at or clock.now()) for check in CHECKS]


def look(*, principal: Principal, at: datetime | None = None) -> InspectionLook:
    """Look at everything and keep how it came out, for everybody of the house to read. Raises as :func:`inspect`."""
    found = inspect(principal, at=at)
    told = [{"code": one.code, "number": one.number, "examples": list(one.examples)} for one in found]
    return InspectionLook.objects.create(
        organisation=principal.organisation, asked_by=principal.person, findings=told
    )


def repair(*, principal: Principal, code: str, at: datetime | None = None) -> tuple[Finding, Finding]:
    """Mend what one check found, and look again: how it was, and how it is.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`; there is no such check.
        Conflict: ``NOTHING_TO_REPAIR``; ``REPAIRED_ELSEWHERE``: this is not mended from here.
    """
    require_engineer(principal)
    at, house = at or clock.now(), principal.organisation_id
    check = next((one for one in CHECKS if one.code == code), None)
    if check is None:
        raise NotFound
    before = _looked(check, house, at)
    if before.is_well:
        raise Conflict("NOTHING_TO_REPAIR", "This is as it should be.")
    if check.mend is None:
        raise Conflict("REPAIRED_ELSEWHERE", "This is not mended from here.", str(check.repair))
    check.mend(house, at)
    after = _looked(check, house, at)
    record(
        kind="training.repaired", principal=principal, object_type="training_inspection", object_id=new_id(),
        details={"code": code, "before": before.number, "after": after.number, "examples": list(before.examples)},
    )  # fmt: skip
    return before, after


def _looked(check: Check, house: UUID, at: datetime) -> Finding:
    found = check.look(house, at)
    return Finding(
        check.code, check.system, len(found), tuple(found[:_EXAMPLES]), str(check.means), str(check.repair)
    )


def _some(rows: QuerySet[Any]) -> list[Any]:
    """So many rows from a place that nobody knows beforehand, and on from the beginning."""
    held = rows.filter(held=Held.HERE).exclude(location="").order_by("pk")
    # the id of now is the last one: a day and a number of it at random would miss small houses
    first, last = held.values_list("pk", flat=True).first(), held.values_list("pk", flat=True).last()
    if first is None or last is None:
        return []
    span = last.int - first.int
    start = UUID(int=first.int + (new_id().int * 2654435761) % (span + 1))
    found = list(held.filter(pk__gte=start)[:LOOKED_AT])
    return found + list(held.filter(pk__lt=start)[: LOOKED_AT - len(found)])


def _missing(rows: QuerySet[Any]) -> list[Any]:
    store = blobs()
    return [
        row
        for row in _some(rows)
        if not store.exists(row.location) or store.size(row.location) != row.size_bytes
    ]


def _originals(house: UUID) -> QuerySet[TrainingAsset]:
    return TrainingAsset.objects.filter(organisation=house).exclude(
        state__in=[AssetState.REMOVED, AssetState.REFUSED]
    )


def _derivatives(house: UUID) -> QuerySet[Derivative]:
    return Derivative.objects.filter(organisation=house, removed_at=None)


def _send_back(house: UUID, _at: datetime) -> None:
    """An original without its bytes waits: whoever collected it sends them again, and they are judged again.

    What an open takedown reaches is left to it: it may have been removed since it was looked at.
    """
    open_cases = Takedown.objects.filter(
        organisation=house, is_drill=False, state__in=[TakedownState.CONTAINED, TakedownState.REMOVED]
    )
    reached = TakedownReach.objects.filter(takedown__in=open_cases).values("node_id")
    for row in _missing(_originals(house).exclude(node__in=reached)):
        with transaction.atomic():
            still = _originals(house).filter(pk=row.pk, held=Held.HERE, location=row.location)
            asset = still.exclude(node__in=reached).select_for_update(of=("self",)).first()
            if asset is None:
                continue
            asset.held, asset.location, asset.stored_at = Held.ELSEWHERE, "", None
            was_admitted, asset.state = asset.state == AssetState.ADMITTED, AssetState.ISOLATED
            asset.save(update_fields=["held", "location", "stored_at", "state"])
            if was_admitted:
                ground = ground_of(asset.source)
                verdict = judge(ground, facts_of(ground, as_captured(asset), registered_at=asset.created_at))
                queue_for_review(asset, ground, verdict, asset.source.registered_by)


def _give_up(house: UUID, at: datetime) -> None:
    """A derivative without its bytes is gone: no manifest of it is released; its job makes it again."""
    lost = [row.pk for row in _missing(_derivatives(house))]
    _derivatives(house).filter(pk__in=lost).update(removed_at=at, held=Held.GONE, location="")


def _left(house: UUID, _at: datetime) -> Found:
    assets = TrainingAsset.objects.filter(organisation=house, state=AssetState.REMOVED, held=Held.HERE)
    derived = Derivative.objects.filter(organisation=house, removed_at__isnull=False, held=Held.HERE)
    return [
        str(one)
        for rows in (assets, derived)
        for one in rows.exclude(location="").values_list("pk", flat=True)
    ]


def _corrupt(house: UUID, _at: datetime) -> Found:
    try:
        kept = read_snapshot(house)
    except SnapshotCorrupt as error:
        return [str(error)]
    if kept is None:
        return []
    mark = kept[1]
    then, now = position_of(house, at_edge=mark.last_edge), position_of(house)
    is_of = mark.last_edge <= now.last_edge and then.last_one == mark.last_one
    return [] if is_of else ["it has another history than the database"]


def _anew(house: UUID, _at: datetime) -> None:
    forget(house)
    discard_snapshot(house)
    keep_snapshot(house, anew=True)


def _behind(house: UUID, at: datetime) -> Found:
    now = position_of(house)
    if now.edges <= AT_ONCE or _corrupt(house, at):
        return []
    kept = read_snapshot(house)
    late = now.edges - (kept[1].edges if kept else 0)
    return [f"{late} edges"] if late >= LATER_PACKED else []


def _unsent(house: UUID, at: datetime) -> Found:
    late = Q(sent_at=None) & (Q(given_up_at__isnull=False) | Q(created_at__lt=at - STALLED_AFTER))
    rows = LineageEvent.objects.filter(late, organisation=house).order_by("created_at")
    return [str(one) for one in rows.values_list("pk", flat=True)]


def _send_again(house: UUID, at: datetime) -> None:
    rows = LineageEvent.objects.filter(organisation=house, sent_at=None)
    rows.update(due_at=at, given_up_at=None, tries=0)
    tasks.send_lineage_events.delay()


def _over(house: UUID, at: datetime) -> Found:
    rights = [str(row.pk) for row, _held in rights_over(at, organisation_id=house)]
    scripts = [
        str(one.asset_id)
        for one in lapsed_uses(at=at, organisation_id=house)
        if one.standing in (TrainingStanding.EXPIRED, TrainingStanding.ENDED)
    ]
    return rights + scripts


def _take_down(house: UUID, at: datetime) -> None:
    open_due_takedowns(at=at, organisation_id=house)
    open_for_scripts(at=at, organisation_id=house)


def _unjudged(house: UUID, at: datetime) -> Found:
    policy = [str(house)] if house in organisations_to_judge() else []
    late = rights_to_compare(house).filter(created_at__lt=at - COMPARED_WITHIN)
    return policy + [str(one) for one in late.values_list("pk", flat=True)]


def _judge_again(house: UUID, _at: datetime) -> None:
    if house in organisations_to_judge():
        open_for_policy(organisation_id=house)
    open_for_narrower_rights(organisation_id=house)


def _stalled(house: UUID, at: datetime) -> Found:
    return [str(one) for _kind, one in _orphans(house, at)]


def _orphans(house: UUID, at: datetime) -> list[tuple[Waiting, UUID]]:
    quiet = at - STALLED_AFTER
    return [
        (kind, one) for kind in Waiting for one in orphaned(kind, quiet_since=quiet, organisation_id=house)
    ]


def _resume(house: UUID, at: datetime) -> None:
    """This house's work that nobody is at, and no other: what a worker holds goes on undisturbed."""
    for kind, one in _orphans(house, at):
        tasks.take_up(kind, [one])


def _hanging(house: UUID, at: datetime) -> Found:
    since = at - HANGS_AFTER
    return [
        str(one)
        for kind in Waiting
        for one in held_without_moving(kind, quiet_since=since, organisation_id=house)
    ]


CHECKS: Final = (
    Check(
        "ORIGINAL_BYTES_MISSING", "storage",
        later("An original stands here, and its bytes are not where they were put, or not whole."),
        later("It is isolated until its bytes are sent again and judged again."),
        lambda house, _at: [str(row.pk) for row in _missing(_originals(house))], _send_back,
    ),
    Check(
        "DERIVATIVE_BYTES_MISSING", "storage",
        later("A derivative stands here, and its bytes are not where they were put, or not whole."),
        later("It is marked removed, so that no manifest of it is released; its job makes it again."),
        lambda house, _at: [str(row.pk) for row in _missing(_derivatives(house))], _give_up,
    ),
    Check(
        "REMOVED_BYTES_LEFT", "storage",
        later("Something was removed, and its bytes are still there, as after a crash."),
        later("The bytes are deleted, unless something that stays needs them."),
        _left, lambda house, _at: finish_removals(organisation_id=house, most=LOOKED_AT),
    ),
    Check(
        "LINEAGE_SNAPSHOT_CORRUPT", "lineage index",
        later("The copy of the graph is not what was written, or of another history; answers come from the database alone."),
        later("The copy is made anew from the database."), _corrupt, _anew,
    ),
    Check(
        "LINEAGE_SNAPSHOT_BEHIND", "lineage index",
        later("The copy of the graph is far behind; answers are slower, and complete all the same."),
        later("The copy is brought up to date."), _behind, lambda house, _at: keep_snapshot(house),
    ),
    Check(
        "LINEAGE_EVENTS_UNSENT", "OpenLineage",
        later("Events for the catalogue outside have not been taken there."),
        later("Every one of them is sent again, from the oldest on."), _unsent, _send_again,
    ),
    Check(
        "ENDS_NOT_TAKEN_DOWN", "takedowns",
        later("Rights or grants are over, and material that rests on them stands admitted."),
        later("A case is opened for each, and what it reaches is contained at once."), _over, _take_down,
    ),
    Check(
        "POLICY_NOT_APPLIED", "policy",
        later("What is there was admitted under other rules, or under earlier rights, than those of now."),
        later("It is judged again, and what would not be admitted now is taken down."),
        _unjudged, _judge_again,
    ),
    Check(
        "WORK_STALLED", "workers",
        later("Imports, scans, transformations or reports have not moved for ten minutes, and no worker is at them."),
        later("A worker takes each up where it stands; nothing is done twice."), _stalled, _resume,
    ),
    Check(
        "WORK_HANGS", "workers",
        later("A worker holds an import, a scan, a transformation or a report that has not moved for two hours."),
        later("Whoever runs the server ends that worker's process; the work is taken up by another at once."),
        _hanging, None,
    ),
    Check(
        "SYSTEM_BEHIND", "other systems",
        later("Another system holds manifests in another state than they stand in here."),
        later("That system takes what it was told, and reports again."),
        lambda house, _at: [row.system for row in systems_behind(house)], None,
    ),
)  # fmt: skip
"""Everything that is looked at, in the order in which it is shown."""
