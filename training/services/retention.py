"""Material is removed once it was kept as long after the end of its rights as its rights record allows (TP-056).

The end of rights opens a case that isolates everything below them (:mod:`training.services.automatic`); the days run from
that end. Counsel may remove sooner, or call the case off where the rights hold after all.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common import clock
from training.models import HouseRules, RightsRecord, Source, Takedown
from training.selectors.rights import current_rights
from training.selectors.rules import kept_days, rules_of
from training.services.carrying_on import for_each
from training.services.takedown_acts import remove_contained
from training.vocabulary import TakedownState, TakedownTrigger

_ENDS = (TakedownTrigger.LICENCE_EXPIRED, TakedownTrigger.RIGHTS_REVOKED)


def kept_until(case: Takedown) -> datetime | None:
    """When the material of a case is removed by itself; None where neither its rights nor counsel's rules set days."""
    rights = case.rights
    if rights is None or case.trigger not in _ENDS or case.is_drill:
        return None
    days = kept_days(rules_of(case.organisation_id), rights.retention_days)
    if days is None:
        return None
    ended = min((one for one in _ends(rights) if one <= case.created_at), default=case.created_at)
    return ended + timedelta(days=days)


def remove_what_was_kept_long_enough(*, at: datetime | None = None) -> list[UUID]:
    """Remove the material of contained cases whose days are over, each in its own transaction; the ids of the cases.

    Where anything was said of the source's rights since, a hold among it, the case is left to counsel.
    """
    at = at or clock.now()
    ruled = HouseRules.objects.filter(organisation=OuterRef("organisation"), retention_days__isnull=False)
    limited = Q(Exists(ruled))
    waiting = Takedown.objects.filter(
        limited | Q(rights__retention_days__isnull=False),
        is_drill=False, state=TakedownState.CONTAINED, trigger__in=_ENDS, rights__isnull=False,
    )  # fmt: skip
    due = list(waiting.order_by("created_at").values_list("pk", "rights__source_id"))
    return for_each(due, partial(_remove_if_over, at=at))


def _remove_if_over(one: tuple[UUID, UUID], *, at: datetime) -> UUID | None:
    pk, source = one
    with transaction.atomic():
        # whoever records rights holds the source: a renewal is seen, or waits until this has committed
        Source.objects.select_for_update(no_key=True).get(pk=source)
        case = Takedown.objects.select_for_update(of=("self",)).get(pk=pk)
        until = kept_until(case)
        if case.state != TakedownState.CONTAINED or until is None or until > at or _is_in_doubt(case, at):
            return None
        remove_contained(case, None)
    return pk


def _ends(rights: RightsRecord) -> list[datetime]:
    end = getattr(rights, "end", None)
    return [one for one in (rights.expires_at, end.ended_at if end else None) if one is not None]


def _is_in_doubt(case: Takedown, at: datetime) -> bool:
    """Whether a later version was recorded, whatever became of it, or what it rests on is merely held."""
    assert case.rights is not None  # kept_until said so
    held = current_rights([case.rights.source_id], at=at).get(case.rights.source_id)
    return held is None or held.rights.pk != case.rights_id or held.is_held or held.is_in_force
