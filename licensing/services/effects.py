"""What an event does to live licences: judged before it is confirmed, and confirmed by its hash."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from licensing.models import LicenceToken, TrainingToken
from licensing.models.events import EventKind
from licensing.selectors.tokens import hold_reasons_on
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.reasons import DenyReason


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event does to one live licence: ``HELD``, ``TERMINATED``, ``NEEDS_CONSENT`` or ``UNCHANGED``."""

    jti: UUID
    becomes: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """The effect as JSON has it."""
        return {"jti": str(self.jti), "becomes": self.becomes, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole effect of an event on licences and training licences, and the hash to confirm it by."""

    effects: tuple[Effect, ...]
    effect_hash: str


def preview_of(
    event: EventKind, covered_id: UUID, effects: Iterable[Effect], further: dict[str, Any] | None = None
) -> Preview:
    """The effects under one hash, with what else the confirmation depends on."""
    found = tuple(effects)
    document: dict[str, Any] = {
        "covered": str(covered_id),
        "effects": [one.to_dict() for one in found],
        "event": str(event),
        **(further or {}),
    }
    return Preview(found, f"sha256:{sha256_hex(canonical_json(document))}")


def held_by(reason: DenyReason, token: LicenceToken) -> Effect:
    """The licence stands still for ``reason``, unless it does already."""
    if reason in hold_reasons_on(token):
        return Effect(token.pk, "UNCHANGED", "HELD_ALREADY")
    return Effect(token.pk, "HELD", str(reason))


def held_unless_of(reason: DenyReason, agency_id: UUID | None, token: LicenceToken) -> Effect:
    """What another agency granted stands still; the talent's own word needs no agent."""
    if token.agency_id is None:
        return Effect(token.pk, "UNCHANGED", "TALENTS_OWN_WORD")
    if token.agency_id == agency_id:
        return Effect(token.pk, "UNCHANGED", "SAME_REPRESENTATION")
    return held_by(reason, token)


def concerned_by(shown: Preview) -> list[UUID]:
    """The parties of every licence of ``shown``: whoever is told of the event."""
    jtis = [one.jti for one in shown.effects]
    rows = LicenceToken.objects.filter(pk__in=jtis).select_related("talent", "production")
    found: set[UUID] = set()
    for trained in TrainingToken.objects.filter(pk__in=jtis).select_related("talent"):
        found |= {trained.licensee_id, trained.talent.organisation_id}
    for token in rows:
        guild = token.production.guild_id
        found |= {token.licensee_id, token.talent.organisation_id, *token.vendor_ids}
        found |= {one for one in (token.agency_id, guild) if one is not None}
    return sorted(found)
