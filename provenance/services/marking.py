"""The marks of an output, as this floor sees them: register, embed, look for, write down what was found.

One id goes into every layer the medium has. A layer that cannot carry it (black pictures, silence) holds the
output only where its licences ask for that layer; a layer that was embedded must be found again, with the
same id, in the final file. Nothing is claimed that a detection would not confirm.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.storage import local_copy
from licensing.models import LicenceToken
from provenance.models import Asset
from provenance.rules import HoldCode, HoldReason
from provenance.selectors import parties_of
from trustcore.receipt import LayerResult
from watermarking import engine, services, workflows
from watermarking import selectors as marks
from watermarking.algorithms import algorithm_of_layer
from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD
from watermarking.errors import MediaReason
from watermarking.keys import DEFAULT_KEY_ID, mark_key, read_secret
from watermarking.models import JobState, MediaJob, ReportKind
from watermarking.work.jobs import take_result

_PIXEL, _AUDIO = "PIXEL", "AUDIO"
CARDS = {_PIXEL: DEFAULT_PIXEL_CARD, _AUDIO: DEFAULT_AUDIO_CARD}
CARD = services.DEFAULT_CARD


@dataclass(frozen=True)
class Embedding:
    """What was embedded.

    Attributes:
        layers: those that carry the mark now.
        reasons: why the output must be held, if a layer that is asked for could not be marked.
        report: the engine's own words.
    """

    card: str
    layers: tuple[str, ...]
    reasons: tuple[HoldReason, ...]
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Detection:
    """What was found in the final file, by layer, and why it must be held if something was not."""

    layers: tuple[LayerResult, ...]
    reasons: tuple[HoldReason, ...]
    report: dict[str, Any] = field(default_factory=dict)


def register(asset: Asset) -> str:
    """Register a mark for the asset and return its id; call it inside the transaction that keeps the id."""
    registration = services.register_mark(
        production_id=asset.production_id,
        token_jtis=asset.token_jtis,
        asset_id=asset.pk,
        card=CARD,
        registered_by=asset.organisation_id,
        visible_to=parties_of(asset),
    )
    return registration.mark_id


def job_of(asset: Asset) -> MediaJob:
    """Return the mark job of the asset as it stands; ask for it where there is none yet.

    Raises:
        Unavailable: too much waits, or there is no space: to be asked again later.
        MediaError: the upload is no medium.
    """
    job = MediaJob.objects.filter(registration__mark_id=asset.mark_id).first()
    if job is not None:
        return job
    with local_copy(asset.upload_blob) as source:
        return workflows.mark_blob(
            organisation_id=asset.organisation_id,
            mark_id=asset.mark_id,
            blob=asset.upload_blob,
            path=source,
            file_name=asset.file_name,
            then={"task": "provenance.continue_release", "args": [str(asset.pk)]},
        )


def embedding_of(asset: Asset, job: MediaJob) -> Embedding:
    """Say what a job that has ended did for the asset."""
    if job.source_sha256 != asset.upload_sha256:
        return Embedding(CARD, (), (HoldReason(HoldCode.PROCESSING_FAILED, "another file was marked"),))
    if job.state == JobState.FAILED and job.error_code in set(MediaReason):
        return Embedding(CARD, (), (HoldReason(HoldCode.MEDIA_UNREADABLE, job.error_code),))
    if job.state in {JobState.FAILED, JobState.CANCELLED}:
        detail = f"marking: {job.error_code or 'cancelled'}"
        return Embedding(CARD, (), (HoldReason(HoldCode.PROCESSING_FAILED, detail),))
    report: dict[str, Any] = job.result or {}
    found: dict[str, Any] = {name.upper(): one for name, one in report.get("layers", {}).items()}
    carried = tuple(layer for layer in CARDS if found.get(layer, {}).get("status") == "embedded")
    lacking = [layer for layer in _asked_for(asset) if layer not in carried]
    reasons = tuple(
        HoldReason(HoldCode.MARK_NOT_EMBEDDED, f"{layer}: {_why(found.get(layer, {}))}") for layer in lacking
    )
    if not carried and not reasons:
        reasons = (HoldReason(HoldCode.MARK_NOT_EMBEDDED, "no layer can carry a mark"),)
    return Embedding(CARD, carried, reasons, report)


def detect(asset: Asset, final: Path) -> Detection:
    """Look for the mark in the final file without being told it, layer by layer."""
    report = engine.detect_file(final, key=_key(asset), search=False)
    layers, reasons = [], []
    for layer in embedded_layers(asset):
        found = report.layers.get(layer.lower())
        status = found.status if found is not None else "absent"
        p_value = f"{found.p_value:.3g}" if found is not None else None
        layers.append(LayerResult(layer=layer, status=status, p_value=p_value))
        if status != "present":
            reasons.append(HoldReason(HoldCode.MARK_NOT_FOUND, f"{layer}: {status}"))
        elif found is None or found.payload != asset.mark_id:
            reasons.append(HoldReason(HoldCode.MARK_NOT_FOUND, f"{layer}: another mark was found"))
    return Detection(tuple(layers), tuple(reasons), report.as_dict())


def take_marked_file(asset: Asset, job: MediaJob, embedded: Embedding) -> None:
    """Let the marked file and its layers be the asset's; the job has kept the engine's words with the mark."""
    asset.marked_blob = take_result(job.pk)
    asset.marked_layers = list(embedded.layers)


def record_detection(asset: Asset, found: Detection) -> None:
    """Keep the engine's words on the verification with the registration."""
    services.record_report(mark_id=asset.mark_id, kind=ReportKind.VERIFIED, results=found.report)


def embedded_layers(asset: Asset) -> tuple[str, ...]:
    """The layers that carry the mark, in the order of the cards."""
    return tuple(layer for layer in CARDS if layer in asset.marked_layers)


def algorithms(asset: Asset) -> dict[str, str]:
    """The soft-binding algorithm of each layer that carries the mark."""
    return {layer: algorithm_of_layer(layer).alg for layer in embedded_layers(asset)}


def _asked_for(asset: Asset) -> list[str]:
    """The layers that the licences ask for and the medium has; a film without sound has no sound to mark."""
    asked: set[str] = set()
    for token in LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("terms"):
        asked.update(token.terms.terms.get("marking", {}).get("watermark", list(CARDS)))
    has = {_PIXEL: bool(asset.media.get("width")), _AUDIO: bool(asset.media.get("sample_rate_hz"))}
    return [layer for layer in CARDS if layer in asked and has[layer]]


def _why(layer: dict[str, Any]) -> str:
    return str(layer.get("reason") or layer.get("status") or "not reported")


def _key(asset: Asset) -> bytes:
    """The key that the mark was registered under, whichever is current now."""
    lead = marks.lead_of(asset.mark_id)
    return mark_key(read_secret(), lead.key_id if lead else DEFAULT_KEY_ID)
