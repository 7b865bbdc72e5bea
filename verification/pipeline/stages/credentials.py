"""Layer A: Content Credentials, embedded or beside the file, every manifest of the graph; nothing is fetched.

``valid`` needs all of it: a store that fits, a signature, an exact binding, no failure at any ingredient, and a signer
whom the audience trusts. What falls short is ``invalid`` and says in its reason by which of these.

Source: C2PA specification 2.4, validation; :mod:`provenance.reading` walks the graph.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import c2pa
import msgspec

from provenance.credentials import LICENCE_ASSERTION, c2pa_settings
from provenance.embedded import check_embedded_stores, media_type_of
from provenance.formats import format_of
from provenance.jumbf import StoreMalformed
from provenance.reading import (
    REVOKED,
    CredentialReport,
    CredentialVerdict,
    ManifestFinding,
    NamedActor,
    claim_codes,
    judge_store,
)
from provenance.revocation import RevocationListInvalid, revoked_serials
from trustcore.verification.report import Actor, Manifest, Provenance
from trustcore.verification.words import (
    ActorState,
    Binding,
    ProvenanceReason,
    ProvenanceStatus,
    SignerTrust,
    TimeTrust,
)
from verification.pipeline.contracts import Credentials
from verification.pipeline.stages.second import second_opinion

# as CAWG names for an actor's certificate what C2PA names ``signingCredential.revoked``
ACTOR_REVOKED = "cawg.x509.credential.revoked"
SIDECAR_BYTES_MAX = 64 * 1024 * 1024
CAUSES = ("transcoding", "metadata stripping", "re-wrapping", "canonicalisation mismatch")
_JUDGED = ("Hash.match", "Hash.mismatch")
_TRUST_CODES = frozenset({"signingCredential.untrusted", REVOKED})
# the certificate is not valid now, and no stamp that counts says that it was when it signed
_EXPIRED = "signingCredential.expired"


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Judge the credentials of ``path``; ``sidecar`` is a manifest store's path.

    ``anchors``, ``crls``, ``timestamp_roots``, ``actor_anchors`` and ``actor_crls`` are PEM; who is trusted for times, or as a named
    actor, is trusted as no signer.
    """
    path, anchors = Path(given["path"]), str(given.get("anchors", ""))
    roots = str(given.get("timestamp_roots", ""))
    crls = str(given.get("crls", ""))
    revoked = revoked_serials(crls, anchor_pem=anchors, now=datetime.now(UTC)) if crls else frozenset()
    sidecar = Path(given["sidecar"]) if given.get("sidecar") else None
    gone, complaint = _revoked_actors(given)
    judged = _judged(path, sidecar, anchors, roots, _Gone(revoked, gone))
    opinion, vouched = second_opinion(
        path,
        sidecar,
        anchors,
        judged.provenance,
        roots=roots,
        actor_anchors=str(given.get("actor_anchors", "")),
    )
    provenance = msgspec.structs.replace(
        judged.provenance,
        second_opinion=opinion,
        manifests=_vouched_for(judged.provenance.manifests, vouched, complaint),
    )
    answer: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(judged, provenance=provenance))
    return answer


@dataclass(frozen=True)
class _Gone:
    """Serial numbers that revocation lists name: of those who sign claims, and of named actors."""

    signers: frozenset[int]
    actors: frozenset[int]


def _revoked_actors(given: dict[str, Any]) -> tuple[frozenset[int], str]:
    """Named actors whose certificates were revoked; and why nobody can be vouched for, where a list says nothing.

    A list of actors that cannot be relied on costs the actors their trust, and nobody else anything.
    """
    crls, anchors = str(given.get("actor_crls", "")), str(given.get("actor_anchors", ""))
    if not crls:
        return frozenset(), ""
    try:
        return revoked_serials(crls, anchor_pem=anchors, now=datetime.now(UTC)), ""
    except RevocationListInvalid as error:
        return frozenset(), error.code


def _judged(path: Path, sidecar: Path | None, anchors: str, roots: str, revoked: _Gone) -> Credentials:
    try:
        check_embedded_stores(path)
    except StoreMalformed as error:
        return _broken(ProvenanceReason.MALFORMED, error, "embedded")
    known = format_of(path)
    # by its bytes, whatever it is called; by its name where they say nothing to us
    kind = known.media_type if known else media_type_of(path) or path.suffix.lower().lstrip(".")
    embeds = known.embeds if known else kind in c2pa.Reader.get_supported_mime_types()
    if not embeds and (known is None or sidecar is None):
        return _missing(ProvenanceReason.MISSING)  # a container in which nothing can be embedded
    settings = c2pa_settings(anchors, timestamp_roots_pem=roots)
    with c2pa.Context.from_dict(settings) as context, path.open("rb") as stream:
        embedded = _read(kind, stream, None, context) if embeds else _missing(ProvenanceReason.MISSING)
        if isinstance(embedded, dict):
            return _of_store(embedded, "embedded", anchors, revoked)
        if embedded.provenance.status is not ProvenanceStatus.MISSING or sidecar is None:
            return embedded
        stream.seek(0)
        try:
            if sidecar.stat().st_size > SIDECAR_BYTES_MAX:
                raise ValueError("a manifest store of that size is not read")
            beside = _read(kind, stream, sidecar.read_bytes(), context)
        except (ValueError, OSError) as error:
            return _broken(ProvenanceReason.EXTRACT_FAILED, error, "sidecar")
        return _of_store(beside, "sidecar", anchors, revoked) if isinstance(beside, dict) else beside


def _read(kind: str, stream: BinaryIO, manifest: bytes | None, context: Any) -> dict[str, Any] | Credentials:
    """The store as the library reports it, or what is said where there is none."""
    try:
        return _store(kind, stream, manifest, context)
    except c2pa.C2paError.ManifestNotFound:
        return _missing(ProvenanceReason.MISSING)
    except c2pa.C2paError.RemoteManifest:
        return _missing(ProvenanceReason.REMOTE_NOT_FETCHED)
    except (c2pa.C2paError, json.JSONDecodeError) as error:
        if "remote" in str(error).lower():
            return _missing(ProvenanceReason.REMOTE_NOT_FETCHED)
        return _broken(ProvenanceReason.EXTRACT_FAILED, error, "embedded" if manifest is None else "sidecar")


def _store(kind: str, stream: BinaryIO, manifest: bytes | None, context: Any) -> dict[str, Any]:
    with c2pa.Reader(kind, stream, manifest_data=manifest, context=context) as reader:
        store: dict[str, Any] = json.loads(reader.json())
        return store


def _of_store(store: dict[str, Any], source: str, anchors: str, revoked: _Gone) -> Credentials:
    report = judge_store(store, revoked=revoked.signers)
    results = (store.get("validation_results") or {}).get("activeManifest") or {}
    active = set(claim_codes(results.get("failure")))
    confirmed = {str(one.get("code")) for one in results.get("success") or []}
    mismatch = {
        code for code in active if code.endswith("Hash.mismatch") and code != "assertion.hashedURI.mismatch"
    }
    bound = any(code.endswith("Hash.match") for code in confirmed) and not mismatch
    status, reason = _verdict(report, active, mismatch, bound=bound, anchors=anchors)
    below = any(finding.failures for finding in report.findings[1:])
    only = (
        bool(mismatch)
        and not (active - mismatch - _TRUST_CODES)
        and not below
        and _is_trusted(report, confirmed)
    )
    provenance = Provenance(
        status=status,
        reason=reason,
        binding=Binding.MATCH if bound else Binding.MISMATCH,
        binding_score=1.0 if bound else None,
        binding_format=_binding_format(confirmed | active),
        signer_trust=_trust(report, confirmed, anchors),
        asserted_by=report.findings[0].signer or None if report.findings else None,
        asserted_at=_asserted_at(store, report),
        asserted_time=TimeTrust(report.timestamp.value.lower()),
        asserted_evidence=tuple(sorted(report.assertions)),
        source="sidecar" if source == "sidecar" else "embedded",
        source_type=report.digital_source_type,
        manifests=tuple(_manifest(one, revoked.actors) for one in report.findings),
        causes=() if bound else CAUSES,
        licensed=report.verdict is CredentialVerdict.TRUSTED and LICENCE_ASSERTION in report.assertions,
        sdk=report.sdk,
    )
    return Credentials(provenance=provenance, only_binding_fails=only)


def _binding_format(told: set[str]) -> str | None:
    """By which kind of assertion the media is bound: each covers what it says, and is held against the bytes as they came."""
    kinds = {code.split(".")[1] for code in told if code.startswith("assertion.") and code.endswith(_JUDGED)}
    return ", ".join(sorted(kind for kind in kinds if kind.endswith("Hash"))) or None


def _manifest(found: ManifestFinding, revoked: frozenset[int]) -> Manifest:
    return Manifest(
        label=found.label,
        depth=found.depth,
        signer=found.signer,
        failures=found.failures,
        detail=found.detail,
        actors=tuple(_actor(one, revoked) for one in found.actors),
    )


def _actor(found: NamedActor, revoked: frozenset[int]) -> Actor:
    """A named actor as the report has them; nothing trusts one whose certificate was revoked, whenever they signed."""
    state, codes = ActorState(found.verdict.value.lower()), found.codes
    if found.serial in {str(serial) for serial in revoked}:
        state = ActorState.BROKEN if state is ActorState.BROKEN else ActorState.UNTRUSTED
        codes = tuple(sorted({*codes, ACTOR_REVOKED}))
    return Actor(
        name=found.name, state=state, kind=found.kind, roles=found.roles, covers=found.covers, codes=codes,
        label=found.label,
    )  # fmt: skip


def _vouched_for(
    manifests: tuple[Manifest, ...], vouched: frozenset[str], complaint: str
) -> tuple[Manifest, ...]:
    """Name those actors of the active manifest trusted whom both opinions find whole, and whose authority is listed.

    Args:
        complaint: code of a revocation list that says nothing; then nobody is, and their codes name it.
    """

    def told(one: Actor) -> Actor:
        if one.state is not ActorState.UNTRUSTED or one.label not in vouched or ACTOR_REVOKED in one.codes:
            return one
        if complaint:
            return msgspec.structs.replace(one, codes=(*one.codes, complaint))
        return msgspec.structs.replace(one, state=ActorState.TRUSTED, codes=())

    if not manifests:
        return manifests
    active = msgspec.structs.replace(manifests[0], actors=tuple(map(told, manifests[0].actors)))
    return (active, *manifests[1:])


def _verdict(
    report: CredentialReport, active: set[str], mismatch: set[str], *, bound: bool, anchors: str
) -> tuple[ProvenanceStatus, ProvenanceReason]:
    if report.verdict is CredentialVerdict.TRUSTED:
        return ProvenanceStatus.VALID, ProvenanceReason.TRUSTED
    if report.verdict is CredentialVerdict.UNTRUSTED:
        revoked = any(REVOKED in finding.failures for finding in report.findings)
        unknown = ProvenanceReason.SIGNER_UNTRUSTED if anchors else ProvenanceReason.SIGNER_UNKNOWN
        return ProvenanceStatus.INVALID, ProvenanceReason.SIGNER_REVOKED if revoked else unknown
    if active - mismatch - _TRUST_CODES - {_EXPIRED}:
        return ProvenanceStatus.INVALID, ProvenanceReason.SIGNATURE_INVALID
    if mismatch or not bound:
        return ProvenanceStatus.INVALID, ProvenanceReason.BINDING_MISMATCH
    if _EXPIRED in active and not any(set(one.failures) - _TRUST_CODES for one in report.findings[1:]):
        # nothing was changed: it cannot be shown that whoever holds the key might still sign with it
        return ProvenanceStatus.INVALID, ProvenanceReason.SIGNER_EXPIRED
    return ProvenanceStatus.INVALID, ProvenanceReason.INGREDIENT_INVALID


def _trust(report: CredentialReport, confirmed: set[str], anchors: str) -> SignerTrust:
    if not anchors:
        return SignerTrust.UNKNOWN
    return SignerTrust.TRUSTED if _is_trusted(report, confirmed) else SignerTrust.UNTRUSTED


def _is_trusted(report: CredentialReport, confirmed: set[str]) -> bool:
    """Whether the signature is that of a signer whom the library trusts.

    Not by a certificate alone that somebody laid beside another signature, by a revoked one, or by a root of times.
    """
    against = set(report.findings[0].failures) if report.findings else set()
    told = {"signingCredential.trusted", "claimSignature.validated"}
    return told <= confirmed and against.isdisjoint(_TRUST_CODES)


def _asserted_at(store: dict[str, Any], report: CredentialReport) -> str | None:
    manifest = (store.get("manifests") or {}).get(store.get("active_manifest")) or {}
    signed = (manifest.get("signature_info") or {}).get("time")
    if signed:
        return str(signed)
    actions = [
        one for data in report.assertions.get("c2pa.actions.v2", []) for one in data.get("actions", [])
    ]
    return next((str(one["when"]) for one in actions if one.get("when")), None)


def _missing(reason: ProvenanceReason) -> Credentials:
    return Credentials(
        provenance=Provenance(
            status=ProvenanceStatus.MISSING, reason=reason, binding=Binding.UNKNOWN, sdk=c2pa.sdk_version()
        )
    )


def _broken(reason: ProvenanceReason, error: Exception, source: str) -> Credentials:
    return Credentials(
        provenance=Provenance(
            status=ProvenanceStatus.INVALID,
            reason=reason,
            binding=Binding.UNKNOWN,
            source="sidecar" if source == "sidecar" else "embedded",
            error=type(error).__name__,
            manifests=(
                Manifest(label="", depth=0, signer="", failures=(str(reason),), detail=str(error)[:300]),
            ),
            sdk=c2pa.sdk_version(),
        )
    )
