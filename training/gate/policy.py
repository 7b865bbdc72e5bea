"""The policy engine: Cedar, with every reason named, and a broken rule that refuses.

Cedar skips a rule that cannot be evaluated. A skipped ``forbid`` would let through what it was written to stop,
so an error while evaluating is a refusal (``POLICY_ERROR``), and a text is validated against the schema of facts
before it can be used at all.

    >>> policy = compile_policy()
    >>> decide(policy, facts).outcome                       # doctest: +SKIP
    'REFUSE'

Source: Cedar policy language, https://docs.cedarpolicy.com; the engine is ``cedarpy``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import cedarpy

from common.errors import InvalidInput
from training.gate.facts import Facts
from training.vocabulary import Outcome
from trustcore.encoding import sha256_hex

HOUSE: Final = resources.files("training.gate").joinpath("house.cedar").read_text("utf-8")
SHAPE: Final = resources.files("training.gate").joinpath("shape.cedarschema").read_text("utf-8")
LIFTABLE: Final = frozenset(
    {
        "RIGHTS_UNCLEAR", "SOURCE_CLASS_NOT_ALLOWED", "NEAR_DUPLICATE", "TRAINING_REFUSED_IN_FILE",
        "FLAGGED_PERSONAL", "LOW_QUALITY", "OUTPUT_MARKED", "FLAGGED_UNSAFE",
        "FRAMES_REPEAT",
    }
)  # fmt: skip
"""Codes of the house that an exception may lift; the others stand always."""

_NOBODY = cedarpy.Entities.from_json_str("[]")
_SCHEMA = cedarpy.Schema.from_str(SHAPE)
_ACTIONS = ("admit", "isolate")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy ready to decide: its text, the hash of that text, and the engine's own form of it."""

    text: str
    hash: str
    rules: cedarpy.PolicySet


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of one set of facts, with every reason that applies; none for an admission."""

    outcome: Outcome
    codes: tuple[str, ...]


@lru_cache(maxsize=64)
def compile_policy(further: str = "") -> Policy:
    """The house's rules, and those of a contract below them.

    Raises:
        InvalidInput: ``POLICY_INVALID``: it cannot be read, or speaks of facts that there are none of.
    """
    text = HOUSE + (f"\n{further}" if further else "")
    checked = cedarpy.validate_policies(text, SHAPE)
    if not checked.validation_passed:
        raise InvalidInput("POLICY_INVALID", "This policy cannot be used.", str(checked.errors[0])[:500])
    return Policy(text, f"sha256:{sha256_hex(text.encode())}", cedarpy.PolicySet.from_str(text))


def decide(policy: Policy, facts: Facts) -> Verdict:
    """Decide one set of facts; see :func:`decide_many`."""
    return decide_many(policy, [facts])[0]


def decide_many(policy: Policy, many: Sequence[Facts]) -> list[Verdict]:
    """Decide many sets of facts in one call of the engine; unknown or missing facts refuse."""
    asked = [_request(action, facts) for facts in many for action in _ACTIONS]
    answers = cedarpy.is_authorized_batch(asked, policy.rules, _NOBODY, _SCHEMA)
    return [_verdict(answers[at], answers[at + 1]) for at in range(0, len(answers), 2)]


def _request(action: str, facts: Facts) -> dict[str, Any]:
    return {
        "principal": {"type": "Collector", "id": "collector"},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Asset", "id": "asset"},
        "context": asdict(facts),
    }


def _verdict(admit: cedarpy.AuthzResult, isolate: cedarpy.AuthzResult) -> Verdict:
    if admit.diagnostics.errors or isolate.diagnostics.errors:
        return Verdict(Outcome.REFUSE, ("POLICY_ERROR",))
    if admit.allowed and isolate.allowed:
        return Verdict(Outcome.ADMIT, ())
    outcome = Outcome.ISOLATE if isolate.allowed else Outcome.REFUSE
    # the rules that stop it for good come first
    codes = dict.fromkeys([*_codes(isolate), *_codes(admit)] if not isolate.allowed else _codes(admit))
    return Verdict(outcome, tuple(codes) or ("NO_RIGHTS_BASIS",))


def _codes(answer: cedarpy.AuthzResult) -> Iterable[str]:
    if answer.allowed:
        return ()
    named = answer.diagnostics.id_annotations_by_reason
    return sorted({named.get(rule) or "RULE_WITHOUT_NAME" for rule in answer.diagnostics.reasons})
