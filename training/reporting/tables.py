"""The tables of a report: which question each answers, and its columns in order."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Table:
    """One table; ``question`` is the one of the four that it answers, or what the answers rest on."""

    question: str
    columns: tuple[str, ...]


COLLECTED, ALLOWED, TRANSFORMED, ENDED_UP = "collected", "allowed", "transformed", "ended_up"
EVIDENCE: Final = "evidence"
QUESTIONS: Final = {
    COLLECTED: "What was collected?",
    ALLOWED: "Why was it allowed?",
    TRANSFORMED: "How was it transformed?",
    ENDED_UP: "Where did it end up?",
}
"""The four questions of an audit, in order (TP-091 to TP-094)."""


def _table(question: str, columns: str) -> Table:
    return Table(question, tuple(columns.split()))


TABLES: Final[dict[str, Table]] = {
    "sources": _table(
        COLLECTED,
        "id source_class source_type canonical_url platform platform_id rights_holder geography registered_at "
        "class_stopped_at",
    ),
    "originals": _table(
        COLLECTED,
        "id source external_id version kind media_type sha256 size_bytes canonical_url method collected_at "
        "registered_at licence_claim capture state rights verdicts",
    ),
    "rights": _table(
        ALLOWED,
        "id source version licence_class licence_type licence_source may_train may_derive may_redistribute "
        "restrictions territories attribution expires_at time_zone checks evidence_sha256 evidence_uri "
        "training_token grant_sha256 recorded_at standing ended_at end_reason",
    ),
    "verdicts": _table(
        ALLOWED,
        "id original covers at outcome codes facts facts_hash policy contract_hash exceptions after asked_by",
    ),
    "reviews": _table(ALLOWED, "id original codes risk asked_at answer answered_at answered_by reason"),
    "exceptions": _table(
        ALLOWED,
        "id codes source_class source reason compensating_controls rollback_plan asked_at signed_at signed_by "
        "ended_at ends_at",
    ),
    "policies": _table(ALLOWED, "hash text"),
    "jobs": _table(TRANSFORMED, "id name code_commit container_image steps run_by approved_by at"),
    "derivatives": _table(
        TRANSFORMED,
        "id job parents dataset dataset_version kind role media_type sha256 size_bytes technical made_at removed_at",
    ),
    "manifests": _table(
        ENDED_UP,
        "id content_id name frozen_at rows rows_root policy territory code_commit container_image released_at "
        "withdrawn_at withdrawn_reason envelope_sha256 signed_with",
    ),
    "rows": _table(ENDED_UP, "manifest ordinal ref is_derivative"),
    "runs": _table(
        ENDED_UP,
        "id external_id name manifest code_commit container_image parameters refusals at licences",
    ),
    "models": _table(ENDED_UP, "id run name version sha256 at"),
    "takedowns": _table(
        ENDED_UP,
        "id trigger is_drill opened_at state removed_at ended_at reached reached_root as_of_edge counts "
        "certificate_sha256 signed_with",
    ),
    "events": _table(EVIDENCE, "number at kind object_type object_id person credential"),
}
"""Every table of a report by its name."""
