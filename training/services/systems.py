"""One truth about manifests: other systems say what they hold, and are told where it is not what stands here (TP-105).

What stands here is authoritative. A scheduler, a catalogue or a tracker that keeps a copy reports it whole; it is in step
only if it says of every manifest what stands here at that moment, and is behind again as soon as something moves here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.principals import Principal
from audit.services import record
from common.errors import InvalidInput
from training.models import SystemReport, TrainingManifest
from training.seats import require_engineer
from trustcore.encoding import canonical_json, sha256_hex

STATES: Final = ("FROZEN", "RELEASED", "WITHDRAWN")
"""Where a manifest stands: a job may use what is RELEASED, and nothing else."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}", re.ASCII)
_TOLD_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One manifest of which a system holds something else; empty: it has none, or there is none here."""

    manifest: str
    theirs: str
    ours: str


def states_of(organisation_id: UUID) -> dict[str, str]:
    """Where each manifest of a house stands, by its id; 1 query."""
    rows = TrainingManifest.objects.filter(organisation=organisation_id).order_by("content_id")
    told = rows.values_list("content_id", "released_at", "withdrawn_at")
    return {
        name: "WITHDRAWN" if withdrawn else "RELEASED" if released else "FROZEN"
        for name, released, withdrawn in told
    }


def digest_of(states: Mapping[str, str]) -> str:
    """SHA-256 of the states, in canonical JSON (RFC 8785)."""
    return sha256_hex(canonical_json(dict(states)))


def report_system(
    *, principal: Principal, system: str, told: Mapping[str, str]
) -> tuple[SystemReport, list[Difference]]:
    """Take down what a system holds, and tell it where that differs; every difference.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``SYSTEM_INVALID``: its name is none; ``STATE_UNKNOWN``: a state that is none of :data:`STATES`.
    """
    require_engineer(principal)
    if not _NAME.fullmatch(system):
        raise InvalidInput("SYSTEM_INVALID", "A system is named by small letters, digits and hyphens.")
    if not set(told.values()) <= set(STATES):
        raise InvalidInput("STATE_UNKNOWN", "A manifest stands in one of a few states.", ", ".join(STATES))
    ours = states_of(principal.organisation_id)
    found = [
        Difference(one, told.get(one, ""), ours.get(one, ""))
        for one in sorted({*ours, *told})
        if told.get(one) != ours.get(one)
    ]
    row = SystemReport.objects.create(
        organisation=principal.organisation, system=system, told_sha256=digest_of(told), held_sha256=digest_of(ours),
        differs=len(found), differences=[_written(one) for one in found[:_TOLD_MOST]], reported_by=principal.person,
    )  # fmt: skip
    record(
        kind="training.system_reported", principal=principal, object_type="training_system", object_id=row.pk,
        details={"system": system, "differs": len(found), "told": row.told_sha256, "held": row.held_sha256},
    )  # fmt: skip
    return row, found


def systems_behind(organisation_id: UUID) -> list[SystemReport]:
    """The newest report of each system that does not say what stands here now; 2 queries."""
    newest = (
        SystemReport.objects.filter(organisation=organisation_id)
        .order_by("system", "-created_at", "-pk")
        .distinct("system")
    )
    now = digest_of(states_of(organisation_id))
    return [row for row in newest if row.told_sha256 != now]


def _written(one: Difference) -> dict[str, str]:
    return {"manifest": one.manifest, "theirs": one.theirs, "ours": one.ours}
