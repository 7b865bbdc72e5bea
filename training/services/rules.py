"""Counsel defines what the house accepts, from where, for where, for how long, and how it is taken down (TP-162).

A version takes effect with its commit: at the gate for what comes, at the release gate for what is there, and what an
earlier version admitted is judged again (:mod:`training.services.automatic`). Single domains are counsel's too
(:func:`~training.services.sources.rule_domain`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.models import Organisation
from accounts.principals import Principal
from audit.services import record
from common.errors import InvalidInput
from common.ids import new_id
from training.gate.policy import compile_policy
from training.gate.rules import rules_text
from training.models import HouseRules
from training.seats import require_counsel
from training.selectors.rules import MODEL_ACTIONS, rules_of
from training.services.texts import clean
from training.vocabulary import CollectionMethod, LicenceClass, SourceType, TakedownTrigger
from trustcore.policy.territory import expand_territories

_HOURS_MOST = 24 * 90
_DAYS_MOST = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesAsk:
    """What counsel defines; every trigger of a takedown has its procedure."""

    licence_classes: tuple[str, ...]
    territories: tuple[str, ...]
    takedowns: Mapping[str, Mapping[str, Any]]
    note: str
    prohibited_source_types: tuple[str, ...] = ()
    prohibited_methods: tuple[str, ...] = ()
    retention_days: int | None = None


def set_rules(*, principal: Principal, ask: RulesAsk) -> HouseRules:
    """Write the next version; it holds from this commit on.

    Raises:
        NotFound, Forbidden, StepUpRequired: as :func:`~training.seats.require_counsel`.
        InvalidInput: ``RULES_INVALID`` naming the field, ``TERRITORY_UNKNOWN``, ``NOTE_INVALID``.
    """
    require_counsel(principal)
    told: dict[str, Any] = {
        "licence_classes": _closed("licence_classes", ask.licence_classes, LicenceClass.values, least=1),
        "prohibited_source_types": _closed(
            "prohibited_source_types", ask.prohibited_source_types, SourceType.values
        ),
        "prohibited_methods": _closed("prohibited_methods", ask.prohibited_methods, CollectionMethod.values),
        "territories": _territories(ask.territories),
        "retention_days": _days(ask.retention_days),
        "takedowns": _procedures(ask.takedowns),
    }
    note = clean(ask.note, most=500, code="NOTE_INVALID")
    with transaction.atomic():
        # one version after the other
        Organisation.objects.select_for_update(no_key=True).get(pk=principal.organisation_id)
        before = rules_of(principal.organisation_id)
        version = before.version + 1 if before else 1
        text = rules_text(
            version, licence_classes=told["licence_classes"], source_types=told["prohibited_source_types"],
            methods=told["prohibited_methods"], territories=told["territories"],
        )  # fmt: skip
        compile_policy(text)  # what the engine does not take does not hold
        made = HouseRules.objects.create(
            pk=new_id(), organisation=principal.organisation, version=version, text=text, note=note,
            set_by=principal.person, **told,
        )  # fmt: skip
        record(
            kind="training.rules_set", principal=principal, object_type="training_rules", object_id=made.pk,
            details={"version": version, "note": note, **told},
        )  # fmt: skip
    return made


def _closed(name: str, told: Sequence[str], words: Sequence[str], *, least: int = 0) -> list[str]:
    chosen = sorted(set(told))
    if len(chosen) < least or not set(chosen) <= set(words):
        raise _invalid(name)
    return chosen


def _territories(names: tuple[str, ...]) -> list[str]:
    try:
        found = expand_territories(names)
    except ValueError as error:
        raise InvalidInput("TERRITORY_UNKNOWN", "A territory is not known.", str(error)) from error
    if not found:
        raise _invalid("territories")
    return list(found)


def _days(days: int | None) -> int | None:
    if days is not None and not 0 <= days <= _DAYS_MOST:
        raise _invalid("retention_days")
    return days


def _procedures(told: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    if set(told) != set(TakedownTrigger.values):
        raise _invalid("takedowns")
    return {trigger: _procedure(trigger, one) for trigger, one in sorted(told.items())}


def _procedure(trigger: str, told: Mapping[str, Any]) -> dict[str, Any]:
    hours, actions = told.get("hours"), told.get("model_actions")
    is_whole = isinstance(hours, int) and not isinstance(hours, bool) and 1 <= hours <= _HOURS_MOST
    if set(told) != {"hours", "model_actions"} or not is_whole or not isinstance(actions, list | tuple):
        raise _invalid(f"takedowns.{trigger}")
    return {
        "hours": hours,
        "model_actions": _closed(
            f"takedowns.{trigger}", [str(one) for one in actions], [str(one) for one in MODEL_ACTIONS], least=1
        ),
    }  # fmt: skip


def _invalid(field: str) -> InvalidInput:
    return InvalidInput("RULES_INVALID", "These rules cannot be enforced.", field, {"field": field})
