"""What the gate looks at. Every field has one type and no field is optional: a rule never meets a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from training.vocabulary import MediaKind

CAPTURE: Final[Mapping[str, tuple[str, ...]]] = {
    MediaKind.VIDEO: ("video_id", "channel_id", "title", "duration_seconds", "uploaded_at"),
    MediaKind.IMAGE: ("hosting_domain", "embedded_metadata", "page_context"),
    MediaKind.AUDIO: ("title", "duration_seconds"),
    MediaKind.TEXT: ("title", "language"),
}
"""What is captured of each kind beside what every asset has (TP-031, TP-033)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One asset at the gate, as the rules read it (``shape.cedarschema`` has the same names and types)."""

    has_provenance: bool
    has_rights: bool
    has_licence_claim: bool
    rights_in_force: bool
    rights_expired: bool
    rights_ended: bool
    may_train: bool
    may_derive: bool
    may_redistribute: bool
    checks_refused: bool
    checks_unknown: bool
    domain: str
    domain_blocked: bool
    class_code: str
    class_allowed: bool
    class_stopped: bool
    source_type: str
    licence_class: str
    territory: str
    territory_permitted: bool
    method: str
    kind: str
    media_type: str
    size_bytes: int
    business_unit: str = ""
    retention_days: int = 0
    content: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    talent_licensed: bool = False
    checksum_wrong: bool = False
    unreadable: bool = False
    exact_duplicate: bool = False
    near_duplicate: bool = False
    credentials_refuse: bool = False
    marked: bool = False
    marks_unread: bool = False
    # a registered script is in it that the house was not granted to train with, or could not be looked for
    script_ungranted: bool = False
    script_unread: bool = False
    frames_repeat: bool = False
    low_quality: bool = False
    sampled_out: bool = False
    # asked for by contracts: where it may be used, how old it is, how long it has waited for its scan, what lacks
    country: str = ""
    age_days: int = 0
    waited_minutes: int = 0
    metadata_missing: tuple[str, ...] = ()
    metadata_invalid: tuple[str, ...] = ()
    contract_missing: bool = False


def missing_capture(kind: str, capture: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of the fields that ``kind`` demands were not captured."""
    return tuple(
        name for name in CAPTURE.get(kind, ("kind",)) if name not in capture or capture[name] in (None, "")
    )
