"""The evidence of one output's EU duties, as JSON values and as a page to read. Reads only."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string

from audit.models import Event
from common import clock
from provenance.duties import OutputFacts, duty_findings
from provenance.models import Asset, ManifestRecord, ResolutionChoice
from provenance.selectors import current_manifest
from receipts import selectors as receipts
from receipts.models import EntryKind, LogEntry
from watermarking.models import MarkReport, ReportKind

FORM = "trustmark.eu-evidence/1"
_KEPT = ("status", "p_value", "confidence", "method", "card", "thresholds", "key_id")


@dataclass(frozen=True, slots=True)
class LoggedOutput:
    """What a state of the log says of an output, for evidence as of that state.

    Attributes:
        index: of the entry that last said it was verified; ``sha256`` and ``manifest_sha256`` as that entry has them.
        receipts: rendered frames of its licences.
    """

    index: int
    sha256: str
    manifest_sha256: str
    receipts: int


def duty_evidence(
    asset: Asset, *, at: datetime | None = None, logged: LoggedOutput | None = None
) -> dict[str, Any]:
    """Return every duty of an output with its state and what shows it.

    Args:
        at: as of then, with what the log said of it by then; None: as it stands.
    """
    facts = output_facts(asset) if at is None or logged is None else facts_at(asset, at, logged)
    findings = [finding.to_dict() for finding in duty_findings(facts)]
    return {
        "form": FORM,
        "made_at": clock.rfc3339(at or clock.now()),
        "asset": facts.asset,
        "state": facts.state,
        "released_at": clock.rfc3339(facts.released_at) if facts.released_at else None,
        "sha256": facts.sha256,
        "digital_source_type": facts.source_type,
        "duties": findings,
    }


def duty_page(evidence: dict[str, Any]) -> str:
    """Return :func:`duty_evidence` as a page that stands alone: no script, nothing fetched."""
    return render_to_string("provenance/evidence.html", {"evidence": evidence})


def output_facts(asset: Asset, shown: ManifestRecord | None = None) -> OutputFacts:
    """Gather what is on record of an output; what is not there stays empty.

    Args:
        shown: the manifest to tell of; None: the one inside the file as it stands.
    """
    manifest = shown or current_manifest(asset)
    report = manifest.report if manifest else {}
    counts = receipts.counts_for_tokens(asset.token_jtis)
    choice = ResolutionChoice.objects.filter(production=asset.production_id).first()
    return OutputFacts(
        asset=str(asset.pk),
        state=asset.state,
        sha256=asset.sha256,
        mark_id=asset.mark_id,
        layers=_layers_read(asset),
        verdict=manifest.verdict if manifest else "",
        source_type=report.get("digital_source_type") or "",
        manifest_id=report["manifests"][0]["label"] if report.get("manifests") else "",
        manifest_sha256=manifest.sha256 if manifest else "",
        signed_at=manifest.created_at if manifest else None,
        released_at=asset.released_at,
        log_origin=asset.production.origin,
        log_index=_log_index(asset),
        receipts=sum(one.rendered for one in counts.values()),
        licences=[str(jti) for jti in asset.token_jtis],
        is_resolved=choice is None or choice.is_public,
        timestamp=report.get("timestamp", ""),
    )


def facts_at(asset: Asset, at: datetime, logged: LoggedOutput) -> OutputFacts:
    """What was on record of an output at ``at``; whether strangers could resolve its mark, by the choice as it stands."""
    signed = [one for one in asset.manifests.all() if one.sha256 == logged.manifest_sha256]
    released = asset.released_at if asset.released_at and asset.released_at <= at else None
    return replace(
        output_facts(asset, max(signed, key=lambda one: one.created_at, default=None)),
        state=_state_at(asset, at),
        sha256=logged.sha256,
        layers=_layers_read(asset, at),
        released_at=released,
        log_index=logged.index,
        receipts=logged.receipts,
    )


def _state_at(asset: Asset, at: datetime) -> str:
    moves = [one for one in asset.events.all() if one.created_at <= at]
    return max(moves, key=lambda one: one.number).state_after if moves else ""


def _layers_read(asset: Asset, at: datetime | None = None) -> dict[str, dict[str, Any]]:
    """What the last verification, by ``at``, read in the final file, by layer."""
    rows = MarkReport.objects.filter(registration__mark_id=asset.mark_id, kind=ReportKind.VERIFIED)
    if at is not None:
        rows = rows.filter(created_at__lte=at)
    last = rows.order_by("-created_at").first() if asset.mark_id else None
    layers = (last.results.get("layers") or {}) if last else {}
    read = {name: {part: layer.get(part) for part in _KEPT} for name, layer in layers.items() if layer}
    # a layer that names another id is no layer of this output
    return {
        name: one
        if layers[name].get("payload") in {None, asset.mark_id}
        else {**one, "status": "another mark"}
        for name, one in read.items()
    }


def _log_index(asset: Asset) -> int | None:
    events = Event.objects.filter(object_type="asset", object_id=str(asset.pk), log_entry__isnull=False)
    last = events.order_by("-number").first()
    if last is None:
        return None
    rows = LogEntry.objects.filter(log__production_id=asset.production_id, kind=EntryKind.VERIFIED)
    found = rows.filter(entry=last.log_entry).first()
    return found.idx if found else None
