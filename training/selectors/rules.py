"""What counsel defined for a house, and the policy that its material is judged by."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.principals import Principal
from audit.selectors import organisations_with
from training.gate.policy import Policy, compile_policy
from training.models import DataContract, HouseRules
from training.vocabulary import ContractState, ItemAction
from trustcore.encoding import canonical_json, sha256_hex

MODEL_ACTIONS = (ItemAction.WITHDRAW, ItemAction.RETRAIN, ItemAction.MITIGATE)
"""What may be done about a model that a takedown reaches, unless counsel permits less."""


def rules_of(organisation_id: UUID) -> HouseRules | None:
    """The rules that hold for a house now; 1 query."""
    return HouseRules.objects.filter(organisation=organisation_id).order_by("-version").first()


def rules_told(principal: Principal) -> QuerySet[HouseRules]:
    """Every version of the caller's house, newest first."""
    rows = HouseRules.objects.filter(organisation=principal.organisation)
    return rows.select_related("set_by").order_by("-created_at", "-id")


def policy_for(organisation_id: UUID, contract_rules: str = "") -> Policy:
    """The policy of a house now: the product's text, then counsel's, then a contract's; 1 query."""
    return policy_under(rules_of(organisation_id), contract_rules)


def policy_under(rules: HouseRules | None, contract_rules: str = "") -> Policy:
    """The policy of a house whose rules are at hand."""
    parts = [one for one in (rules.text if rules else "", contract_rules) if one]
    return compile_policy("\n".join(parts)) if parts else compile_policy()


def stand_of(organisation_id: UUID) -> str:
    """What a house's material is judged by now, as one name: its policy and the contracts in force; 2 queries."""
    return stand_under(rules_of(organisation_id), organisation_id)


def stand_under(rules: HouseRules | None, organisation_id: UUID) -> str:
    """The same for a house whose rules are at hand; 1 query."""
    contracts = DataContract.objects.filter(organisation=organisation_id, state=ContractState.ACTIVE)
    hashes = contracts.order_by("created_at").values_list("hash", flat=True)
    names = [policy_under(rules).hash.partition(":")[2], *sorted(hashes)]
    return names[0] if len(names) == 1 else sha256_hex(canonical_json(names))


def is_judged(organisation_id: UUID) -> bool:
    """Whether what the house has was judged by the policy of now."""
    return is_judged_under(rules_of(organisation_id), organisation_id)


def is_judged_under(rules: HouseRules | None, organisation_id: UUID) -> bool:
    """The same for a house whose rules are at hand; 2 queries."""
    return organisation_id in organisations_with("training_policy", stand_under(rules, organisation_id))


def procedure_for(rules: HouseRules | None, trigger: str) -> tuple[timedelta, list[str]]:
    """How long a takedown of this trigger may take, and what may be done about models it reaches."""
    told = (rules.takedowns if rules else {}).get(trigger)
    if told is None:
        return timedelta(hours=settings.TAKEDOWN_HOURS), [str(one) for one in MODEL_ACTIONS]
    return timedelta(hours=told["hours"]), list(told["model_actions"])


def kept_days(rules: HouseRules | None, retention_days: int | None) -> int | None:
    """Days that material is kept after the end of its rights: the shorter of what the rights and counsel allow."""
    said = [one for one in (retention_days, rules.retention_days if rules else None) if one is not None]
    return min(said) if said else None
