"""Judge again what was judged before: the facts that a decision rested on, under the rules or the rights of now."""

from dataclasses import fields
from typing import Any, Final

from common import clock
from training.contracts.compiling import Compiled
from training.gate.facts import Facts
from training.models import TrainingAsset
from training.services.assets import as_captured
from training.services.gate import contract_facts

_NEUTRAL: Final = {"str": "", "int": 0, "tuple[str, ...]": (), "<class 'str'>": "", "<class 'int'>": 0}


def facts_kept(row: TrainingAsset, contract: Compiled | None) -> Facts:
    """The facts as they were kept; one that gates did not ask for then is taken as not so.

    What a contract asks for beside them is worked out from what was captured.
    """
    told: dict[str, Any] = dict.fromkeys((one.name for one in fields(Facts)), False)
    told |= {one.name: _NEUTRAL[str(one.type)] for one in fields(Facts) if str(one.type) in _NEUTRAL}
    kept = {name: value for name, value in row.decision.facts.items() if name in told}
    told |= {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    told["country"] = str(told["territory"])[:2]
    told |= contract_facts(contract, as_captured(row), registered_at=None, bound_at=None, at=clock.now())
    # decisions that cover many rows of a bulk leave out what their policy did not read
    told["size_bytes"] = kept.get("size_bytes", row.size_bytes)
    return Facts(**told)
