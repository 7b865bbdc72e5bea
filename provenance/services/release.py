"""The three steps from an upload to a release: mark, sign, verify. Each can be repeated.

A step looks at the state it finds: too early or too late, it does nothing; at its own state it works on
files outside any transaction and ends in one transaction that checks the state again, moves it and writes
the audit event and the log entry. A worker that dies in between leaves the state as it was, so the step is
done again. Only ``verify_asset`` releases, and only what it read back from the final file.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.db import transaction

from common import clock
from common.errors import Unavailable
from common.ids import new_id
from common.locks import sole_worker
from common.storage import blobs, local_copy, put_file
from licensing.models import LicenceToken
from licensing.selectors import effective_state
from provenance.credentials import CredentialFacts, LicenceFact, SigningFailed, sign_file
from provenance.duties import layer_reasons
from provenance.graph.services.outputs import record_release
from provenance.media import track_numbers
from provenance.models import Asset, AssetState, ManifestRecord
from provenance.reading import CredentialReport, CredentialVerdict, read_credentials
from provenance.rules import HoldCode, HoldReason, LicenceStanding, hold_reasons
from provenance.services import marking
from provenance.services.events import hold, locked, record_move
from provenance.services.intake import file_sha256
from provenance.services.signing import revoked_certificates, signing_identity, trust_anchors_pem
from provenance.source_type import context_of_uses, derive_digital_source_type, vocabulary
from receipts import selectors as receipts
from trustcore.receipt import LayerResult, MarkedEntry, VerifiedEntry
from watermarking.errors import MediaError
from watermarking.models import JOBS_UNFINISHED


def mark_asset(asset_id: UUID) -> Asset:
    """Hide one mark id in the pictures and the sound of an upload."""
    with _step(asset_id, AssetState.RECEIVED, AssetState.MARKING) as asset:
        if asset is None:
            return Asset.objects.get(pk=asset_id)
        if reasons := standing_reasons(asset):
            return hold(asset_id, reasons)
        begun = _begin_marking(asset_id)
        try:
            job = marking.job_of(begun)
        except Unavailable:
            # too much waits: the upload is safe, and the sweeper asks again
            return begun
        except MediaError as error:
            return hold(asset_id, (HoldReason(HoldCode.MEDIA_UNREADABLE, str(error)[:300]),))
        if job.state in JOBS_UNFINISHED:
            # its end sends the steps of this release again
            return begun
        embedded = marking.embedding_of(begun, job)
        if embedded.reasons:
            return hold(asset_id, embedded.reasons)
        with locked(asset_id) as row:
            if row.state != AssetState.MARKING:
                return row
            marking.take_marked_file(row, job, embedded)
            sha256 = job.result_sha256
            entry = MarkedEntry(
                asset=str(row.pk),
                asset_sha256=sha256,
                at=clock.rfc3339(clock.now()),
                card=embedded.card,
                jtis=tuple(str(jti) for jti in row.token_jtis),
                layers=embedded.layers,
                mark=row.mark_id,
            )
            details = {"mark": row.mark_id, "layers": list(embedded.layers), "sha256": sha256}
            record_move(row, AssetState.SIGNING, details=details, log_entry=entry)
            return row


def sign_asset(asset_id: UUID) -> Asset:
    """Write Content Credentials into the marked file."""
    with _step(asset_id, AssetState.SIGNING) as asset:
        if asset is None:
            return Asset.objects.get(pk=asset_id)
        identity = signing_identity()
        with local_copy(asset.marked_blob) as source, _scratch() as folder:
            facts = _credential_facts(asset, source)
            target = folder / f"signed{asset.media['suffix']}"
            try:
                store = sign_file(
                    source, target, facts=facts, identity=identity, media_type=asset.media["media_type"]
                )
            except SigningFailed as error:
                return hold(asset_id, (HoldReason(HoldCode.SIGNING_FAILED, str(error)[:300]),))
            report = read_credentials(target, anchor_pem=identity.anchor_pem)
            manifest = _manifest_record(asset, store, report, folder)
            sha256, size = file_sha256(target), target.stat().st_size
            blob = put_file(_blob_name(asset, "signed"), target)
        with locked(asset_id) as row:
            if row.state != AssetState.SIGNING:
                blobs().delete(blob)
                blobs().delete(manifest.blob)
                return row
            row.signed_blob, row.sha256, row.size_bytes = blob, sha256, size
            row.digital_source_type = facts.source_type.code
            manifest.save()
            details = {"manifest_sha256": manifest.sha256, "digital_source_type": facts.source_type.uri}
            record_move(row, AssetState.VERIFYING, details=details)
            return row


def verify_asset(asset_id: UUID) -> Asset:
    """Read everything back from the final file and release it, or hold it with every reason found."""
    with _step(asset_id, AssetState.VERIFYING) as asset:
        if asset is None:
            return Asset.objects.get(pk=asset_id)
        with local_copy(asset.signed_blob) as final:
            # the stored file is what goes out: it must still be the one that was signed
            is_same = file_sha256(final) == asset.sha256
            found = marking.detect(asset, final)
            report = read_credentials(final, anchor_pem=trust_anchors_pem(), revoked=revoked_certificates())
        read = {layer.layer: layer.status for layer in found.layers}
        reasons = (
            *found.reasons,
            *_credential_reasons(asset, report, is_same=is_same),
            *layer_reasons(read, report.verdict),
        )
        with locked(asset_id) as row:
            if row.state != AssetState.VERIFYING:
                return row
            # asked again under the lock: a revocation that came in meanwhile holds
            reasons = (*reasons, *standing_reasons(row))
            marking.record_detection(row, found)
            entry = _verified_entry(row, found, report, released=not reasons)
            if reasons:
                row.hold_reasons = [reason.to_dict() for reason in reasons]
                record_move(row, AssetState.HELD, details={"reasons": row.hold_reasons}, log_entry=entry)
                return row
            row.released_at = clock.now()
            _drop_unmarked(row)
            details = {"sha256": row.sha256, "layers": [_layer_words(layer) for layer in entry.layers]}
            record_move(row, AssetState.RELEASED, details=details, log_entry=entry)
            record_release(row)
            return row


def _drop_unmarked(row: Asset) -> None:
    """Let no copy without mark or credentials outlive the release; the hash of the upload stays."""
    for name in (row.upload_blob, row.marked_blob):
        transaction.on_commit(_deletion_of(name), robust=True)
    row.upload_blob = row.marked_blob = ""


def _deletion_of(name: str) -> Callable[[], None]:
    # a function of its own: Django names the hook that failed, and a partial has no name
    def delete() -> None:
        blobs().delete(name)

    return delete


def standing_reasons(asset: Asset) -> tuple[HoldReason, ...]:
    """Return why the licences an asset cites hold it now; none if they do not."""
    rows = LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("superseded_by")
    tokens = {token.jti: token for token in rows}
    counts = receipts.counts_for_tokens(asset.token_jtis)
    standings = []
    for jti in asset.token_jtis:
        token = tokens.get(jti)
        if token is None:
            standings.append(LicenceStanding(jti, None, ""))
            continue
        standings.append(
            LicenceStanding(
                jti=jti,
                production_id=token.production_id,
                state=effective_state(token),
                revocation_kind=token.revocation_kind,
                frame_disposition=token.frame_disposition,
                rendered=counts[jti].rendered if jti in counts else 0,
            )
        )
    return hold_reasons(asset.production_id, standings)


def _begin_marking(asset_id: UUID) -> Asset:
    """Give the asset its mark id, once, in the transaction that says marking has begun."""
    with locked(asset_id) as row:
        if row.state == AssetState.RECEIVED:
            row.mark_id = marking.register(row)
            record_move(row, AssetState.MARKING, details={"mark": row.mark_id})
        return row


def _credential_facts(asset: Asset, marked: Path) -> CredentialFacts:
    tokens = (
        LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("terms").order_by("created_at")
    )
    uses = {use for token in tokens for use in token.use_types}
    return CredentialFacts(
        asset_id=str(asset.pk),
        source_type=derive_digital_source_type(context_of_uses(uses)),
        created_at=clock.now(),
        mark_id=asset.mark_id,
        mark_algorithms=marking.algorithms(asset),
        licences=tuple(
            LicenceFact(str(token.jti), token.terms.version, token.terms.terms_hash) for token in tokens
        ),
        log_origin=asset.production.origin,
        duration_ms=asset.media["duration_ms"] or None,
        mark_tracks=track_numbers(marked),
    )


def _manifest_record(asset: Asset, store: bytes, report: CredentialReport, folder: Path) -> ManifestRecord:
    path = folder / "manifest.c2pa"
    path.write_bytes(store)
    return ManifestRecord(
        asset=asset,
        blob=put_file(_blob_name(asset, "manifest", ".c2pa"), path),
        sha256=file_sha256(path),
        size_bytes=len(store),
        digital_source_type=report.digital_source_type or "",
        verdict=report.verdict,
        report=report.to_dict(),
    )


def _credential_reasons(asset: Asset, report: CredentialReport, *, is_same: bool) -> list[HoldReason]:
    code = HoldCode.CREDENTIALS_NOT_TRUSTED
    reasons = []
    if not is_same:
        reasons.append(HoldReason(code, "the stored file is not the one that was signed"))
    if report.verdict is not CredentialVerdict.TRUSTED or not report.signed_by_us:
        failures = sorted({failure for finding in report.findings for failure in finding.failures})
        reasons.append(HoldReason(code, f"{report.verdict}: {', '.join(failures) or 'not confirmed'}"))
    if report.licence.get("mark_id") != asset.mark_id or report.licence.get("asset") != str(asset.pk):
        reasons.append(HoldReason(code, "the manifest does not name this output and its mark"))
    if report.digital_source_type != vocabulary()[asset.digital_source_type].uri:
        reasons.append(HoldReason(code, "the manifest does not state the derived source type"))
    return reasons


def _verified_entry(
    asset: Asset, found: marking.Detection, report: CredentialReport, *, released: bool
) -> VerifiedEntry:
    manifest = asset.manifests.order_by("-created_at").first()
    credentials = LayerResult(layer="C2PA", status=str(report.verdict))
    return VerifiedEntry(
        asset=str(asset.pk),
        asset_sha256=asset.sha256,
        at=clock.rfc3339(clock.now()),
        layers=(*found.layers, credentials),
        manifest_sha256=manifest.sha256 if manifest else None,
        mark=asset.mark_id,
        released=released,
    )


def _layer_words(layer: LayerResult) -> dict[str, str]:
    return {"layer": layer.layer, "status": layer.status, "p_value": layer.p_value or ""}


@contextmanager
def _step(asset_id: UUID, *states: AssetState) -> Iterator[Asset | None]:
    """Give the asset if it is in one of ``states`` and nobody else works on it; else ``None``."""
    with sole_worker(asset_id) as mine:
        asset = Asset.objects.select_related("production").get(pk=asset_id)
        yield asset if mine and asset.state in states else None


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tm-release-") as folder:
        yield Path(folder)


def _blob_name(asset: Asset, stage: str, suffix: str = "") -> str:
    """Name a file of this attempt: whoever comes second drops its own file, never the first's."""
    return f"assets/{asset.pk}/{stage}-{new_id()}{suffix or asset.media['suffix']}"
