"""Thresholds and actions of the decision, as dated, versioned data; a change is a new version, never an edit.

A policy is a file in ``policies``. It declares the bounds of risk, mark and binding, what each error state leads to
by impact, and the deployment profile that its numbers were chosen for.

    >>> policy_named("default@1").risk.high_above
    0.75
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trustcore.encoding import parse_json_strict, prepare_readers, sha256_hex
from trustcore.errors import TrustError
from trustcore.verification.words import Action, ErrorState, Impact, ProvenanceReason

SCHEMA = "trustmark.verification-policy/1"
DEFAULT = "default@2"
# why credentials are not what was signed, or signed by whom they say: what a policy may lead further than their absence
AGAINST = frozenset(
    {ProvenanceReason.SIGNATURE_INVALID, ProvenanceReason.INGREDIENT_INVALID, ProvenanceReason.SIGNER_REVOKED}
)
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Words = Annotated[str, Meta(min_length=10, max_length=600)]


class PolicyInvalid(TrustError):
    """A policy cannot be relied on: ``POLICY_INVALID``, or ``POLICY_UNKNOWN``."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed part of a policy."""


class ProvenancePolicy(_Part, frozen=True):
    """``binding_tolerance``: least similarity to the nearest original that counts as bound; 1.0 asks for the very bytes.

    ``early_exit``: valid credentials with an exact binding skip the detectors, and the report says so.
    """

    binding_tolerance: Share
    early_exit: bool


class WatermarkPolicy(_Part, frozen=True):
    """``confident_above``: a mark counts as confident above it."""

    confident_above: Share


class RiskPolicy(_Part, frozen=True):
    """Classes and aggregation of detector scores.

    ``calibration_set``: what the thresholds were calibrated on; without one no detector ever acts.
    ``confidence_least``: below it a high risk is looked at by a person instead of held.
    ``disagreement``: a distance of two detectors' scores from which on they disagree.
    """

    median_weight: Share
    p95_weight: Share
    smoothing_windows: Annotated[int, Meta(ge=1, le=99)]
    medium_above: Share
    high_above: Share
    confidence_least: Share
    disagreement: Share
    disagreement_escalates: bool
    calibration_set: str | None


class Profile(_Part, frozen=True):
    """What the numbers were chosen for: the seven records of a deployment."""

    threat_model: Words
    transformation_model: Words
    provenance_availability: Words
    watermark_control: Words
    calibration_data: Words
    tolerances: Words
    audit_requirements: Words


class ByImpact(_Part, frozen=True):
    """The least that follows from an error state."""

    low: Action
    high: Action

    def of(self, impact: Impact) -> Action:
        """The action for media of this impact."""
        return self.high if impact is Impact.HIGH else self.low


class Policy(_Part, frozen=True):
    """One version of a policy; ``errors`` names every error state.

    ``provenance_reasons``: the least that follows from reasons of ``AGAINST``; policies of before have none, and keep
    their hash.
    """

    schema: str
    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,40}$")]
    version: Annotated[int, Meta(ge=1)]
    effective: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    provenance: ProvenancePolicy
    watermark: WatermarkPolicy
    risk: RiskPolicy
    errors: dict[ErrorState, ByImpact]
    profile: Profile
    provenance_reasons: dict[ProvenanceReason, ByImpact] | UnsetType = UNSET

    def floor_of(self, reason: ProvenanceReason | None) -> ByImpact | None:
        """The least that follows from a reason, where the policy says so."""
        if self.provenance_reasons is UNSET or reason is None:
            return None
        return self.provenance_reasons.get(reason)

    @property
    def ref(self) -> str:
        """Name and version, as reports state them."""
        return f"{self.name}@{self.version}"

    @property
    def sha256(self) -> str:
        """The hash of its content, which a report carries beside the name."""
        return sha256_hex(msgspec.json.encode(self, order="deterministic"))


prepare_readers(Policy)


def parse_policy(data: bytes) -> Policy:
    """Read a policy strictly.

    Raises:
        PolicyInvalid: ``POLICY_INVALID``: unknown fields, an error state without an action, bounds out of order.
    """
    try:
        policy = msgspec.convert(parse_json_strict(data), Policy)
    except (TrustError, msgspec.ValidationError) as error:
        raise PolicyInvalid("POLICY_INVALID", str(error)) from error
    for complaint in _complaints(policy):
        raise PolicyInvalid("POLICY_INVALID", complaint)
    return policy


@cache
def policy_named(ref: str) -> Policy:
    """Return a policy of this distribution.

    Raises:
        PolicyInvalid: ``POLICY_UNKNOWN``.
    """
    if ref not in policy_refs():
        raise PolicyInvalid("POLICY_UNKNOWN", f"no policy is called {ref!r}")
    return parse_policy((files("trustcore.verification") / "policies" / f"{ref}.json").read_bytes())


def policy_refs() -> tuple[str, ...]:
    """The policies of this distribution, by name and version."""
    folder = files("trustcore.verification") / "policies"
    return tuple(
        sorted(one.name.removesuffix(".json") for one in folder.iterdir() if one.name.endswith(".json"))
    )


def policy_document(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON values."""
    plain: dict[str, Any] = msgspec.to_builtins(policy)
    return plain


def _complaints(policy: Policy) -> list[str]:
    risk = policy.risk
    missing = sorted(set(ErrorState) - set(policy.errors))
    found = [f"no action for {', '.join(missing)}"] if missing else []
    if policy.provenance_reasons is not UNSET and set(policy.provenance_reasons) != AGAINST:
        found.append(f"provenance_reasons are {', '.join(sorted(AGAINST))}")
    if policy.schema != SCHEMA:
        found.append(f"the schema is not {SCHEMA}")
    if risk.medium_above > risk.high_above:
        found.append("medium_above lies over high_above")
    if abs(risk.median_weight + risk.p95_weight - 1.0) > 1e-9:
        found.append("the weights of an aggregate add up to 1")
    return found
