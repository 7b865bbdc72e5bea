"""The Content Credentials of an output, as this floor sees them: what they state, the signing, the reading back.

An upload that came with credentials keeps them as an ingredient, whoever signed them; broken ones hold the
output, since nobody could tell afterwards who broke them. A file that cannot carry credentials gets them beside
it, and a signed proxy to look at. With a timestamp authority nothing is signed without its stamp.

The source type is the one that the provenance graph derived of what the upload was made from, and the same things stand
in the manifest as ingredients. By its licences is classed what came before there was a graph, and what the graph calls
less generative than the uses that it was licensed for: whoever delivers has recorded that.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from common import clock, timestamps
from common.storage import local_copy, put_file
from licensing.models import LicenceToken
from provenance.authority import ClaimSigner
from provenance.credentials import (
    CredentialFacts,
    IngredientFact,
    LicenceFact,
    SigningFailed,
    TimestampMissing,
    sign_file,
)
from provenance.formats import Format, format_of_media_type
from provenance.graph.classify import licensed_origin, under_licence, with_materials
from provenance.graph.models import RelationKind
from provenance.graph.selectors.making import MadeFrom, Making, making_of
from provenance.media import track_numbers
from provenance.models import Asset, ManifestRecord
from provenance.proxies import MEDIA_TYPE as PROXY_TYPE
from provenance.proxies import SUFFIX as PROXY_SUFFIX
from provenance.proxies import make_proxy
from provenance.reading import CredentialReport, CredentialVerdict, TimeVerdict, read_credentials
from provenance.rules import HoldCode, HoldReason
from provenance.services import marking
from provenance.services.intake import file_sha256
from provenance.services.signing import revoked_certificates, signing_identity, trust_anchors_pem
from provenance.source_type import Concept, context_of_uses, derive_digital_source_type, vocabulary

_STEERED = frozenset({RelationKind.GENERATED_FROM, RelationKind.ACCORDING_TO, RelationKind.TRAINED_ON})


class UploadBroken(SigningFailed):
    """The credentials that the upload came with are broken."""

    code = "UPLOAD_CREDENTIALS_BROKEN"


@dataclass(frozen=True)
class Signed:
    """A signed output in a scratch folder.

    Attributes:
        path: the file that goes out.
        store: its manifest store, inside or beside it.
        report: what reading it back said.
        proxy: a signed picture of it, for what browsers do not show.
        source_type: code of the derived IPTC class.
    """

    path: Path
    store: Path
    report: CredentialReport
    source_type: str
    proxy: Path | None = None

    @property
    def store_sha256(self) -> str:
        """SHA-256 of the manifest store."""
        return file_sha256(self.store)


def sign_output(asset: Asset, folder: Path) -> Signed:
    """Sign the marked file of an output into ``folder``.

    Raises:
        UploadBroken: see there.
        TimestampMissing: the authority gives no stamp now, or one that does not hold.
        SigningFailed: the library refused.
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    identity, form = signing_identity(), _format(asset)
    if asset.waits_for == Asset.Waits.TIMESTAMP:
        _ask_authority(asset)
    url, roots = (timestamps.authority_url(), timestamps.trusted_roots())
    with local_copy(asset.marked_blob) as source, local_copy(asset.upload_blob) as upload:
        facts = _credential_facts(asset, source)
        target = folder / f"signed{form.suffix}"
        store = sign_file(
            source,
            target,
            facts=facts,
            identity=identity,
            media_type=form.media_type,
            ingredient=upload if _came_with_credentials(upload) else None,
            timestamp_url=url,
        )
    beside = folder / "manifest.c2pa"
    beside.write_bytes(store)
    report = read_credentials(
        target,
        anchor_pem=identity.anchor_pem,
        sidecar=None if form.embeds else beside,
        timestamp_roots_pem=roots,
    )
    if url and report.timestamp is not TimeVerdict.TRUSTED:
        raise TimestampMissing(f"the stamp in the signature is {report.timestamp}")
    signed = Signed(target, beside, report, facts.source_type.code)
    return signed if form.embeds else replace(signed, proxy=_proxy(asset, signed, facts, identity, url))


def read_output(asset: Asset, final: Path, sidecar: Path | None) -> CredentialReport:
    """Read the credentials of the stored file as a stranger with our anchors would."""
    return read_credentials(
        final,
        anchor_pem=trust_anchors_pem(),
        revoked=revoked_certificates(),
        sidecar=sidecar,
        timestamp_roots_pem=timestamps.trusted_roots(),
    )


def manifest_record(asset: Asset, signed: Signed, blob_name: str) -> ManifestRecord:
    """The row of a manifest store, whose file is stored here; not saved yet."""
    return ManifestRecord(
        asset=asset,
        blob=put_file(blob_name, signed.store),
        sha256=signed.store_sha256,
        size_bytes=signed.store.stat().st_size,
        digital_source_type=signed.report.digital_source_type or "",
        verdict=signed.report.own_verdict,
        report=signed.report.to_dict(),
    )


def credential_reasons(asset: Asset, report: CredentialReport, *, is_same: bool) -> list[HoldReason]:
    """Why the credentials that were read back hold the output."""
    code = HoldCode.CREDENTIALS_NOT_TRUSTED
    reasons = []
    if not is_same:
        reasons.append(HoldReason(code, "the stored file is not the one that was signed"))
    if report.own_verdict is not CredentialVerdict.TRUSTED or not report.signed_by_us:
        failures = sorted({failure for finding in report.findings for failure in finding.failures})
        reasons.append(HoldReason(code, f"{report.verdict}: {', '.join(failures) or 'not confirmed'}"))
    if report.licence.get("mark_id") != asset.mark_id or report.licence.get("asset") != str(asset.pk):
        reasons.append(HoldReason(code, "the manifest does not name this output and its mark"))
    if report.digital_source_type != vocabulary()[asset.digital_source_type].uri:
        reasons.append(HoldReason(code, "the manifest does not state the derived source type"))
    stamped = asset.manifests.order_by("-created_at").values_list("report__timestamp", flat=True).first()
    if stamped == TimeVerdict.TRUSTED and report.timestamp is not TimeVerdict.TRUSTED:
        reasons.append(HoldReason(code, f"the stamp in the signature is {report.timestamp}"))
    return reasons


def is_sidecar(asset: Asset) -> bool:
    """Whether the credentials of an output lie beside it."""
    return not _format(asset).embeds


def _proxy(
    asset: Asset, master: Signed, facts: CredentialFacts, identity: ClaimSigner, timestamp_url: str
) -> Path:
    plain = master.path.with_name(f"plain{PROXY_SUFFIX}")
    target = master.path.with_name(f"proxy{PROXY_SUFFIX}")
    make_proxy(master.path, plain)
    found = marking.detect(asset, plain)
    shown = replace(
        facts,
        # nothing is claimed that a detection does not confirm: a small picture may have lost the mark
        mark_algorithms={} if found.reasons else facts.mark_algorithms,
        proxy_of={
            "media_type": _format(asset).media_type,
            "sha256": file_sha256(master.path),
            "manifest_sha256": master.store_sha256,
        },
    )
    sign_file(
        plain,
        target,
        facts=shown,
        identity=identity,
        media_type=PROXY_TYPE,
        timestamp_url=timestamp_url,
    )
    return target


def _came_with_credentials(upload: Path) -> bool:
    report = read_credentials(upload, anchor_pem=trust_anchors_pem(), revoked=revoked_certificates())
    if report.verdict is CredentialVerdict.BROKEN:
        failures = sorted({failure for finding in report.findings for failure in finding.failures})
        raise UploadBroken(", ".join(failures) or "not confirmed")
    return report.verdict is not CredentialVerdict.ABSENT


def _ask_authority(asset: Asset) -> None:
    """Ask the authority that was away for a small stamp, before a large file is signed in vain."""
    if not timestamps.is_configured():
        return
    try:
        timestamps.stamp(bytes.fromhex(asset.upload_sha256))
    except timestamps.Unavailable as error:
        raise TimestampMissing(str(error)) from error


def _credential_facts(asset: Asset, marked: Path) -> CredentialFacts:
    tokens = (
        LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("terms").order_by("created_at")
    )
    uses = {use for token in tokens for use in token.use_types}
    making = making_of(asset)
    return CredentialFacts(
        asset_id=str(asset.pk),
        source_type=_source_type(making, uses),
        created_at=clock.now(),
        mark_id=asset.mark_id,
        mark_algorithms=marking.algorithms(asset),
        licences=tuple(
            LicenceFact(str(token.jti), token.terms.version, token.terms.terms_hash) for token in tokens
        ),
        log_origin=asset.production.origin,
        duration_ms=asset.media["duration_ms"] or None,
        mark_tracks=track_numbers(marked),
        made_from=tuple(_ingredient(one) for one in making.made_from) if making else (),
        made_from_cut=making.is_cut if making else False,
        runs=_runs(making) if making else (),
    )


def _source_type(making: Making | None, uses: set[str]) -> Concept:
    """The graph's class, with what the licence let be done and what the work was made of: each may say more, none less.

    Who delivers also records: a capture of the very same bytes, recorded first, never hides what the licence is for.
    """
    if making is None or not making.code:
        return derive_digital_source_type(context_of_uses(uses))
    code = under_licence(licensed_origin(uses), making.code)
    return vocabulary()[with_materials(code, making.materials)]


def _ingredient(one: MadeFrom) -> IngredientFact:
    frames = f", frames {one.frames[0]} to {one.frames[1]}" if one.frames else ""
    return IngredientFact(
        version=str(one.version),
        child=str(one.child),
        title=f"{one.kind.replace('_', ' ').lower()}, version {one.number}{frames}",
        way=one.way,
        role=one.role,
        is_input=one.way in _STEERED,
        sha256=one.sha256,
        media_type=one.media_type,
        source_type=vocabulary()[one.code].uri if one.code else "",
    )


def _runs(making: Making) -> tuple[dict[str, str], ...]:
    rows = [
        {
            "run": str(one.run), "version": str(one.version), "model": str(one.model),
            "model_version": one.model_version, "model_sha256": one.model_sha256,
        }
        for one in making.runs
    ]  # fmt: skip
    return tuple({name: value for name, value in row.items() if value} for row in rows)


def _format(asset: Asset) -> Format:
    form = format_of_media_type(asset.media["media_type"])
    if form is None:
        raise SigningFailed(f"nobody signs {asset.media['media_type']}")
    return form
