"""Takedowns that nobody has to think of: a licence ran out, rights were revoked, a policy changed (TP-218)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from audit.services import record
from common import clock
from training.contracts.compiling import Compiled
from training.gate.policy import Policy, compile_policy, decide_many
from training.models import HouseRules, RightsRecord, SourceClass, Takedown, TrainingAsset
from training.selectors.contracts import hold_over
from training.selectors.rights import Standing, current_rights
from training.selectors.rules import is_judged, policy_for, stand_of
from training.services.rejudging import facts_kept
from training.services.takedowns import write_takedown
from training.vocabulary import AssetState, Outcome, TakedownTrigger

_AT_ONCE = 500
_FACTS_AT_ONCE = 2000
_JUDGED: Final = "training.policy_reviewed"


def open_due_takedowns(*, at: datetime | None = None, organisation_id: UUID | None = None) -> list[UUID]:
    """Open a case for each rights record that is over while material rests on it; the ids of the new cases.

    Of every house, where none is named.

    A record that a later version stands in for is no reason: what it permitted is asked of the later one, and one that
    does not permit training any more is a reason as its end is.
    """
    at = at or clock.now()
    opened = []
    for rights, held in rights_over(at, organisation_id=organisation_id):
        with transaction.atomic():
            # one worker at a time for one record: who comes second finds the case
            RightsRecord.objects.select_for_update(of=("self",), no_key=True).get(pk=rights.pk)
            trigger = _trigger(held)
            if Takedown.objects.filter(rights=rights, trigger=trigger, is_drill=False).exists():
                continue
            case = write_takedown(
                organisation_id=rights.organisation_id, principal=None, trigger=trigger,
                reason=_("The rights on %(source)s are over.") % {"source": rights.source.canonical_url},
                roots=[rights.node_id], rights=rights,
            )  # fmt: skip
            opened.append(case.pk)
    return opened


def open_for_policy(*, organisation_id: UUID) -> UUID | None:
    """Judge what was admitted under another policy again; a case for what would not be admitted now, or None.

    The facts are those that the old decision rested on: what was known then, under the rules of today (TP-216).
    """
    stand = stand_of(organisation_id)  # before: what changes while they are judged has them judged again
    refused: dict[str, list[int]] = defaultdict(list)
    for row, codes in _rejudged(organisation_id):
        for code in codes:
            refused[code].append(row.node_id)
    with transaction.atomic():
        record(
            kind=_JUDGED, principal=None, organisation_id=organisation_id, object_type="training_policy",
            object_id=stand,
            details={"refused": {code: len(nodes) for code, nodes in sorted(refused.items())}},
        )  # fmt: skip
        if not refused:
            return None
        case = write_takedown(
            organisation_id=organisation_id, principal=None, trigger=TakedownTrigger.POLICY_CHANGED,
            reason=_("Not admitted by the policy of now: %(codes)s.") % {"codes": ", ".join(sorted(refused))},
            roots=sorted({node for nodes in refused.values() for node in nodes}),
        )  # fmt: skip
    return case.pk


def organisations_to_judge() -> list[UUID]:
    """Houses with admitted material that another policy admitted, and no later judgement of it.

    A contract that was put into force or retired is another policy of its house, and so are other rules of counsel.
    """
    rows = TrainingAsset.objects.filter(state=AssetState.ADMITTED)
    others = rows.exclude(decision__policy=compile_policy().hash).order_by("organisation_id")
    ruled = HouseRules.objects.order_by("organisation_id").values_list("organisation_id", flat=True)
    houses = {*others.values_list("organisation_id", flat=True).distinct(), *ruled.distinct()}
    return [house for house in sorted(houses) if not is_judged(house)]


def rights_over(
    at: datetime, *, organisation_id: UUID | None = None
) -> Iterator[tuple[RightsRecord, Standing]]:
    """Records that are over, each with how it stands; however many talents' licences are asked of that hold."""
    waiting = _suspects(at, organisation_id).iterator(chunk_size=_AT_ONCE)
    for some in iter(lambda: list(islice(waiting, _AT_ONCE)), []):
        held = current_rights([one.source_id for one in some], at=at)
        for rights in some:
            standing = held.get(rights.source_id)
            if standing is None or standing.rights.pk != rights.pk or standing.is_held:
                continue
            if not standing.is_in_force or not rights.may_train:
                yield rights, standing


def _suspects(at: datetime, organisation_id: UUID | None) -> QuerySet[RightsRecord]:
    over = Q(expires_at__lte=at) | Q(end__ended_at__lte=at) | Q(training_token__isnull=False)
    over |= Q(may_train=False)
    rests = TrainingAsset.objects.filter(source=OuterRef("source"), state=AssetState.ADMITTED)
    known = Takedown.objects.filter(rights=OuterRef("pk"), is_drill=False)
    later = RightsRecord.objects.filter(source=OuterRef("source"), version__gt=OuterRef("version"))
    rows = RightsRecord.objects.filter(over, Exists(rests), ~Exists(known), ~Exists(later))
    if organisation_id is not None:
        rows = rows.filter(organisation=organisation_id)
    return rows.select_related("source").order_by("created_at")


def _trigger(held: Standing) -> str:
    is_revoked = (
        held.is_ended or not held.is_expired
    )  # a later version that does not permit training takes it back
    return TakedownTrigger.RIGHTS_REVOKED if is_revoked else TakedownTrigger.LICENCE_EXPIRED


def _rejudged(organisation_id: UUID) -> Iterable[tuple[TrainingAsset, tuple[str, ...]]]:
    # what a person admitted from the queue stands: the rules had not admitted it then either
    plain = policy_for(organisation_id)
    rows = (
        TrainingAsset.objects.filter(
            organisation=organisation_id, state=AssetState.ADMITTED, decision__outcome=Outcome.ADMIT
        )
        .exclude(decision__policy=plain.hash)
        .select_related("decision", "source")
    )
    # a class that has lost its contract takes nothing new; what came in under it stays
    classes = SourceClass.objects.filter(organisation=organisation_id)
    for kind in classes.values_list("pk", flat=True):
        hold = hold_over(kind)
        if hold.is_lost:
            continue
        contract = hold.compiled
        policy = policy_for(organisation_id, contract.rules) if contract else plain
        waiting = rows.filter(source__source_class=kind).exclude(decision__policy=policy.hash).order_by("pk")
        found = waiting.iterator(chunk_size=_FACTS_AT_ONCE)
        for some in iter(lambda found=found: list(islice(found, _FACTS_AT_ONCE)), []):  # type: ignore[misc]
            yield from _judged(some, policy, contract)


def _judged(
    batch: list[TrainingAsset], policy: Policy, contract: Compiled | None
) -> Iterable[tuple[TrainingAsset, tuple[str, ...]]]:
    verdicts = decide_many(policy, [facts_kept(row, contract) for row in batch])
    for row, verdict in zip(batch, verdicts, strict=True):
        if verdict.outcome != Outcome.ADMIT:
            yield row, verdict.codes
