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
from licensing.selectors import effective_state, is_let_go
from provenance.credentials import SigningFailed, TimestampMissing
from provenance.duties import layer_reasons
from provenance.graph.services.outputs import record_release
from provenance.models import Asset, AssetState
from provenance.reading import CredentialReport
from provenance.rules import HoldCode, HoldReason, LicenceStanding, hold_reasons
from provenance.services import credentialing, marking
from provenance.services.events import hold, locked, record_move
from provenance.services.intake import file_sha256
from provenance.source_type import vocabulary
from receipts import selectors as receipts
from trustcore.policy.clauses import Checkpoint
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
    """Write Content Credentials into the marked file, or beside it; wait where a stamp or a key is not to be had."""
    with _step(asset_id, AssetState.SIGNING) as asset:
        if asset is None:
            return Asset.objects.get(pk=asset_id)
        with _scratch() as folder:
            try:
                signed = credentialing.sign_output(asset, folder)
            except TimestampMissing:
                return _waiting(asset_id, Asset.Waits.TIMESTAMP)
            except Unavailable:
                return _waiting(asset_id, Asset.Waits.KEY)
            except SigningFailed as error:
                return hold(asset_id, (HoldReason(HoldCode(error.code), str(error)[:300]),))
            manifest = credentialing.manifest_record(asset, signed, _blob_name(asset, "manifest", ".c2pa"))
            sha256, size = file_sha256(signed.path), signed.path.stat().st_size
            blob, proxy = put_file(_blob_name(asset, "signed"), signed.path), ""
            if signed.proxy is not None:
                proxy = put_file(_blob_name(asset, "proxy", signed.proxy.suffix), signed.proxy)
                proxy_sha256, proxy_bytes = file_sha256(signed.proxy), signed.proxy.stat().st_size
        with locked(asset_id) as row:
            if row.state != AssetState.SIGNING:
                for name in filter(None, (blob, manifest.blob, proxy)):
                    blobs().delete(name)
                return row
            row.signed_blob, row.sha256, row.size_bytes = blob, sha256, size
            if proxy:
                row.proxy_blob, row.proxy_sha256, row.proxy_bytes = proxy, proxy_sha256, proxy_bytes
            row.digital_source_type, row.waits_for = signed.source_type, ""
            manifest.save()
            details = {
                "manifest_sha256": manifest.sha256,
                "digital_source_type": vocabulary()[signed.source_type].uri,
                "timestamp": str(signed.report.timestamp),
            }
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
            with _sidecar(asset) as sidecar:
                report = credentialing.read_output(asset, final, sidecar)
        read = {layer.layer: layer.status for layer in found.layers}
        reasons = (
            *found.reasons,
            *credentialing.credential_reasons(asset, report, is_same=is_same),
            *_proxy_reasons(asset),
            *layer_reasons(read, report.own_verdict),
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


def _waiting(asset_id: UUID, what: Asset.Waits) -> Asset:
    """Say what a signature waits for; the sweeper takes it up again when it has been quiet for a while."""
    with locked(asset_id) as row:
        if row.state == AssetState.SIGNING:
            row.waits_for, row.touched_at = what, clock.now()
            row.save(update_fields=["waits_for", "touched_at"])
        return row


@contextmanager
def _sidecar(asset: Asset) -> Iterator[Path | None]:
    """The manifest store of an output whose credentials lie beside it."""
    manifest = asset.manifests.order_by("-created_at").first() if credentialing.is_sidecar(asset) else None
    if manifest is None:
        yield None
        return
    with local_copy(manifest.blob) as path:
        yield path


def _proxy_reasons(asset: Asset) -> list[HoldReason]:
    if not asset.proxy_blob:
        return []
    with local_copy(asset.proxy_blob) as proxy:
        is_same = file_sha256(proxy) == asset.proxy_sha256
        report = credentialing.read_output(asset, proxy, None)
    found = credentialing.credential_reasons(asset, report, is_same=is_same)
    if report.licence.get("proxy_of", {}).get("sha256") != asset.sha256:
        found.append(HoldReason(HoldCode.CREDENTIALS_NOT_TRUSTED, "the proxy shows another file"))
    return [HoldReason(reason.code, f"proxy: {reason.detail}") for reason in found]


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
    rows = (
        LicenceToken.objects.filter(jti__in=asset.token_jtis)
        .select_related("superseded_by", "terms")
        .prefetch_related("checkpoints_passed", "frame_releases")
    )
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
                awaits_final=_awaits_final(token),
                is_let_go=is_let_go(token),
            )
        )
    return hold_reasons(asset.production_id, standings)


def _awaits_final(token: LicenceToken) -> bool:
    agreed = token.terms.terms["approvals"]["checkpoints"]
    passed = {row.checkpoint for row in token.checkpoints_passed.all()}
    return Checkpoint.FINAL in agreed and Checkpoint.FINAL not in passed


def _begin_marking(asset_id: UUID) -> Asset:
    """Give the asset its mark id, once, in the transaction that says marking has begun."""
    with locked(asset_id) as row:
        if row.state == AssetState.RECEIVED:
            row.mark_id = marking.register(row)
            record_move(row, AssetState.MARKING, details={"mark": row.mark_id})
        return row


def _verified_entry(
    asset: Asset, found: marking.Detection, report: CredentialReport, *, released: bool
) -> VerifiedEntry:
    manifest = asset.manifests.order_by("-created_at").first()
    credentials = LayerResult(layer="C2PA", status=str(report.own_verdict))
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
