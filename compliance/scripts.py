"""Was the script there before the performance? Told for each script that a licence names, and signed.

A licence's terms name scripts by version and SHA-256; a studio's registered versions are known by the same hash, with
the moment at which this server took each in and what it signed then. The performance, as far as this server can know,
begins with the first lease of frames or lines under the licence. What is compared is the server's own time; the day
that a draft bears is told beside it and proves nothing.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Min

from accounts.principals import Principal
from common import clock
from common.clock import rfc3339
from common.keys import public_keys, signer_for
from licensing.models import LicenceToken
from licensing.selectors.tokens import tokens, whole_parties
from receipts.models import Lease
from screenplays.models import Version, VersionProof
from screenplays.proofs import verify_version
from screenplays.selectors import scenes_of_shots, versions_by_hash
from trustcore.dsse import sign_statement
from trustcore.errors import InvalidEvidence
from trustcore.signing import public_key_set

PREDICATE_TYPE: Final = "urn:trustmark:predicate:script-predates:v1"
PREDATES, AFTER, NOT_YET, UNREGISTERED, UNPROVED = "PREDATES", "AFTER", "NOT_YET", "UNREGISTERED", "UNPROVED"


@dataclass(frozen=True, slots=True)
class ScriptFinding:
    """One script of a licence.

    Attributes:
        verdict: ``PREDATES`` the performance, came ``AFTER`` it began, ``NOT_YET``: nothing was performed;
            ``UNREGISTERED``: the licensee has no such version here; ``UNPROVED``: what was signed does not hold.
        scenes: scenes, by number as printed or by place, of each shot that the licence names.
    """

    ref: str
    label: str
    sha256: str
    dated: str | None
    version: Version | None
    verdict: str
    is_before_consent: bool | None
    scenes: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class LicenceScripts:
    """The scripts of a licence, and what they are compared with."""

    token: LicenceToken
    consented_at: datetime
    performed_from: datetime | None
    findings: tuple[ScriptFinding, ...]


def scripts_of_licence(principal: Principal, jti: UUID) -> LicenceScripts | None:
    """What is known of the scripts that a licence names, for whoever reads all of the licence; else None."""
    token = tokens().filter(whole_parties(principal), pk=jti).select_related("terms", "grant").first()
    if token is None:
        return None
    said: list[dict[str, Any]] = list(token.terms.terms.get("script") or ())
    versions = versions_by_hash(token.licensee_id, [one["sha256"] for one in said])
    began = Lease.objects.filter(token_jti=token.pk).aggregate(began=Min("granted_at"))["began"]
    shots = list(token.terms.terms.get("scope", {}).get("shots") or ())
    scenes = scenes_of_shots([one.pk for one in versions.values()], shots)
    findings = tuple(
        _finding(one, versions.get(one["sha256"]), token.created_at, began, shots, scenes) for one in said
    )
    return LicenceScripts(token, token.created_at, began, findings)


def judge(admitted_at: datetime, performed_from: datetime | None) -> str:
    """Whether a version that came at ``admitted_at`` was there before the performance began."""
    if performed_from is None:
        return NOT_YET
    return PREDATES if admitted_at < performed_from else AFTER


def statement_of(found: LicenceScripts) -> dict[str, Any]:
    """The findings as a document that anybody can check: signed, with each version's own proof beside it."""
    signer = signer_for("DECISION")
    digests = {f"script {n}": one.sha256 for n, one in enumerate(found.findings, 1)}
    predicate = {
        "licence": str(found.token.pk),
        "terms_hash": found.token.terms.terms_hash,
        "consented_at": rfc3339(found.consented_at),
        "performed_from": rfc3339(found.performed_from) if found.performed_from else None,
        "stated_at": rfc3339(clock.now()),
        "scripts": [write_finding(one) for one in found.findings],
    }
    envelope = sign_statement(digests, PREDICATE_TYPE, predicate, signer)
    return {
        **predicate,
        "statement": base64.b64encode(envelope).decode(),
        "proofs": [_proof(one.version.proof) for one in found.findings if one.version is not None],
    }


def proof_document(version: Version) -> dict[str, Any]:
    """What was signed of a version when it came, as a document to take along, with the keys that check it."""
    proof = VersionProof.objects.filter(version=version).first()
    keys = public_key_set(public_keys("DECISION"))
    return {
        "sha256": version.sha256,
        "admitted_at": rfc3339(version.created_at),
        "proof": _proof(proof) if proof else None,
        "keys": keys,
    }


def write_finding(one: ScriptFinding) -> dict[str, Any]:
    """A finding as the API and the statement say it."""
    return {
        "ref": one.ref,
        "version": one.label,
        "sha256": one.sha256,
        "dated": one.dated,
        "admitted_at": rfc3339(one.version.created_at) if one.version else None,
        "verdict": one.verdict,
        "before_consent": one.is_before_consent,
        "scenes_of_shots": one.scenes,
    }


def _finding(
    said: dict[str, Any],
    version: Version | None,
    consented_at: datetime,
    began: datetime | None,
    shots: list[str],
    scenes: dict[Any, Any],
) -> ScriptFinding:
    verdict, is_before = UNREGISTERED, None
    told: dict[str, list[str]] = {}
    if version is not None:
        verdict = judge(version.created_at, began) if _holds(version) else UNPROVED
        is_before = version.created_at < consented_at
        told = {
            shot: [one.label or str(one.ordinal) for one in scenes[version.pk, shot]]
            for shot in shots
            if (version.pk, shot) in scenes
        }
    return ScriptFinding(
        said["ref"], said["version"], said["sha256"], said.get("dated"), version, verdict, is_before, told
    )


def _holds(version: Version) -> bool:
    """Whether what was signed of a version when it came says what its row says."""
    proof = getattr(version, "proof", None)
    if proof is None:
        return False
    try:
        proven = verify_version(bytes(proof.envelope), public_keys("DECISION"))
    except InvalidEvidence:
        return False
    return (proven.sha256, proven.version, proven.admitted_at) == (
        version.sha256,
        str(version.pk),
        version.created_at.replace(microsecond=0),
    )


def _proof(proof: VersionProof) -> dict[str, Any]:
    return {
        "version": str(proof.version_id),
        "envelope": base64.b64encode(bytes(proof.envelope)).decode(),
        "timestamp": base64.b64encode(bytes(proof.stamp)).decode() if proof.stamp is not None else None,
    }
