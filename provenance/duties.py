"""What EU law asks of an output, duty by duty, and what shows that it was done. Pure: facts in, findings out.

Two machine-readable layers are checked on every output before its release: signed metadata, and an imperceptible mark
that was read back from the final file. What this server cannot see (whether a label was shown to the audience) is said
to be not shown, never assumed.

Source: Regulation (EU) 2024/1689, Article 50(2) and (4); Code of Practice on marking and labelling of AI-generated
content, final of 10 June 2026, measures 1.1.1, 1.1.2, 1.1.3, 1.2 and section 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from provenance.rules import HoldCode, HoldReason

TRUSTED, PRESENT, RELEASED = "TRUSTED", "present", "RELEASED"


class DutyState(StrEnum):
    """Whether a duty was done, as far as the records show."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    NOT_SHOWN = "NOT_SHOWN"


@dataclass(frozen=True)
class OutputFacts:
    """What is on record of an output.

    Attributes:
        layers: what the last verification read in the final file: layer to status, p-value, card, thresholds.
        verdict: of the credentials in the final file; ``sources``: the digital source type's address.
        log_index: place of the log entry that says it was verified; None while it waits for its place.
        is_resolved: whether strangers may find the manifest by the mark.
        timestamp: what was read of the authority's stamp in the signature: ``TRUSTED``, ``ABSENT`` and so on.
    """

    asset: str
    state: str
    sha256: str
    mark_id: str
    layers: Mapping[str, Mapping[str, Any]]
    verdict: str
    source_type: str
    manifest_id: str
    manifest_sha256: str
    signed_at: datetime | None
    released_at: datetime | None
    log_origin: str
    log_index: int | None
    receipts: int
    licences: Sequence[str]
    is_resolved: bool
    timestamp: str = ""


@dataclass(frozen=True)
class DutyFinding:
    """One duty: what it asks, whether it was done, and the evidence, which is values and never a claim."""

    duty: str
    law: str
    asks: str
    state: DutyState
    says: str
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {**asdict(self), "state": str(self.state)}


def layer_reasons(statuses: Mapping[str, str], verdict: str) -> tuple[HoldReason, ...]:
    """Return why an output lacks one of the two layers that it must have before its release; none if it has both.

    Args:
        statuses: layer to what was read in the final file, ``present`` or anything else.
        verdict: of its credentials.
    """
    reasons = []
    if verdict != TRUSTED:
        reasons.append(HoldReason(HoldCode.LAYERS_INCOMPLETE, f"signed metadata: {verdict}"))
    if PRESENT not in statuses.values():
        reasons.append(HoldReason(HoldCode.LAYERS_INCOMPLETE, "imperceptible mark: in no layer"))
    return tuple(reasons)


def duty_findings(facts: OutputFacts) -> tuple[DutyFinding, ...]:
    """Return every duty with its state and evidence, in the order of the Code."""
    return (_metadata(facts), _mark(facts), _records(facts), _kept(facts), _detection(facts), _label(facts))


def _metadata(facts: OutputFacts) -> DutyFinding:
    is_met = facts.verdict == TRUSTED and bool(facts.source_type)
    return DutyFinding(
        "signed-metadata",
        "Art. 50(2); Code 1.1.1",
        "Digitally signed, time-stamped metadata says that the content was generated or changed by AI.",
        DutyState.MET if is_met else DutyState.NOT_MET,
        "Content Credentials in the final file were read back and their signer is trusted."
        if is_met
        else f"The credentials were judged {facts.verdict or 'absent'}.",
        {
            "verdict": facts.verdict,
            "digital_source_type": facts.source_type,
            "manifest": facts.manifest_id,
            "manifest_sha256": facts.manifest_sha256,
            "signed_at": _time(facts.signed_at),
            "timestamp": facts.timestamp,
            "time_witness": {"log": facts.log_origin, "entry": facts.log_index},
        },
    )


def _mark(facts: OutputFacts) -> DutyFinding:
    present = [name for name, layer in facts.layers.items() if layer.get("status") == PRESENT]
    return DutyFinding(
        "imperceptible-mark",
        "Art. 50(2); Code 1.1.2",
        "An imperceptible mark is woven into the content and survives usual processing.",
        DutyState.MET if present else DutyState.NOT_MET,
        f"Read back from the final file, without being told it, in: {', '.join(present)}."
        if present
        else "No layer of the final file was found to carry it.",
        {"mark_id": facts.mark_id, "layers": {name: dict(layer) for name, layer in facts.layers.items()}},
    )


def _records(facts: OutputFacts) -> DutyFinding:
    is_met = facts.receipts > 0
    return DutyFinding(
        "logging",
        "Code 1.1.3 (optional)",
        "Fingerprints or logs allow the origin to be found where marks are lost.",
        DutyState.MET if is_met else DutyState.NOT_MET,
        f"{facts.receipts} receipts of what was rendered stand in an append-only log under "
        f"{len(facts.licences)} licences.",
        {
            "log": facts.log_origin,
            "verified_entry": facts.log_index,
            "receipts": facts.receipts,
            "licences": list(facts.licences),
            "file_sha256": facts.sha256,
        },
    )


def _kept(facts: OutputFacts) -> DutyFinding:
    return DutyFinding(
        "marks-kept",
        "Code 1.2",
        "Marks that are there are not taken away.",
        DutyState.NOT_SHOWN,
        "This server adds marks and takes none away; whether the file had lost some before it was handed in is "
        "not on its records.",
    )


def _detection(facts: OutputFacts) -> DutyFinding:
    is_open = facts.state == RELEASED and facts.is_resolved
    return DutyFinding(
        "detection",
        "Art. 50(2); Code, detection",
        "Others can find out free of charge that the content was generated or changed by AI.",
        DutyState.MET if is_open else DutyState.NOT_SHOWN,
        "Whoever holds a copy finds its manifest by the mark, at the addresses given."
        if is_open
        else "The output is not released, or its production does not resolve marks for strangers.",
        {"byContent": "/softbinding/v1/matches/byContent", "byBinding": "/softbinding/v1/matches/byBinding"},
    )


def _label(facts: OutputFacts) -> DutyFinding:
    return DutyFinding(
        "label",
        "Art. 50(4); Code, section 2",
        "Who publishes a deep fake discloses it at first exposure.",
        DutyState.NOT_SHOWN,
        "Shown by who publishes. The source type in the metadata says what to disclose.",
        {"digital_source_type": facts.source_type},
    )


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
