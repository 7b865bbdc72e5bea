"""Read the Content Credentials of a file and judge them, without any network.

The library's own state is not believed: it says ``Trusted`` of a manifest whose ingredient was tampered
with before it was taken in, because the failure was recorded then. So every manifest of the store is
walked, and the failures found now *and* those recorded at every ingredient count. In steps:

1. the boxes of the store fit (:mod:`provenance.jumbf`); it is opened with our anchors, nothing is fetched;
2. the active manifest's signature and hard binding must be confirmed, not merely unrefuted;
3. every ingredient's manifest must be in the store; its recorded and its present failures are gathered;
4. any failure but an unknown or revoked signer breaks the whole; such a signer leaves it untrusted.

Example::

    report = read_credentials(Path("delivery.mp4"), anchor_pem=pem)
    report.verdict  # CredentialVerdict.TRUSTED

Source: C2PA specification 2.4, section on validation; status codes as listed there.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import c2pa
from cryptography.x509 import load_pem_x509_certificates

from provenance.credentials import LICENCE_ASSERTION, c2pa_settings
from provenance.jumbf import StoreMalformed, check_bmff_store

_BINDINGS = frozenset(
    {
        "assertion.bmffHash.match",
        "assertion.dataHash.match",
        "assertion.boxesHash.match",
        "assertion.collectionHash.match",
    }
)
REVOKED = "signingCredential.revoked"
UNREADABLE = "manifest.unreadable"
MALFORMED = "manifest.malformed"
_BMFF_SUFFIXES = frozenset({".mp4", ".mov", ".m4v"})
_TRUST_FAILURES = frozenset({"signingCredential.untrusted", REVOKED})
_MANIFESTS_MAX = 1000


class CredentialVerdict(StrEnum):
    """What can be said of a file's credentials as a whole."""

    TRUSTED = "TRUSTED"
    UNTRUSTED = "UNTRUSTED"
    BROKEN = "BROKEN"
    ABSENT = "ABSENT"


@dataclass(frozen=True)
class ManifestFinding:
    """One manifest of the store, as the walk found it.

    Attributes:
        label: its address in the store.
        depth: 0 for the active manifest, 1 for its ingredients, and so on.
        signer: the organisation in its certificate; shown, never trusted by itself.
        failures: status codes that speak against it, sorted.
        detail: what the library said of a store that it could not read; prose, not a code.
    """

    label: str
    depth: int
    signer: str
    failures: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class CredentialReport:
    """The judgement on a file, with its evidence.

    Attributes:
        verdict: the whole; ``TRUSTED`` only where every manifest of the graph is.
        signed_by_us: the active manifest's signature, trust and binding were all confirmed.
        findings: every manifest reached, the active one first.
        assertions: the active manifest's assertions by label; a repeated label holds a list.
        sdk: the C2PA library's version.
    """

    verdict: CredentialVerdict
    signed_by_us: bool
    findings: tuple[ManifestFinding, ...]
    assertions: dict[str, list[Any]]
    sdk: str

    def to_dict(self) -> dict[str, Any]:
        """Return the judgement as JSON values."""
        return {
            "verdict": str(self.verdict),
            "signed_by_us": self.signed_by_us,
            "digital_source_type": self.digital_source_type,
            "manifests": [asdict(finding) for finding in self.findings],
            "assertions": self.assertions,
            "sdk": self.sdk,
        }

    @property
    def is_intact(self) -> bool:
        """Whether nothing in the graph is broken; signers may still be strangers."""
        return self.verdict in {CredentialVerdict.TRUSTED, CredentialVerdict.UNTRUSTED}

    @property
    def digital_source_type(self) -> str | None:
        """The IPTC address in the ``c2pa.created`` action, if there is one."""
        for data in self.assertions.get("c2pa.actions.v2", []):
            for action in data.get("actions", []):
                if action.get("action") == "c2pa.created":
                    return str(action.get("digitalSourceType"))
        return None

    @property
    def licence(self) -> dict[str, Any]:
        """Our own assertion, or an empty one."""
        found = self.assertions.get(LICENCE_ASSERTION, [{}])[0]
        return found if isinstance(found, dict) else {}


def read_credentials(
    path: Path, *, anchor_pem: str, revoked: frozenset[int] = frozenset()
) -> CredentialReport:
    """Read and judge the credentials embedded in a file.

    Args:
        path: a media file of a kind that C2PA knows.
        anchor_pem: certificates to trust, as PEM; without any, nothing is ever ``TRUSTED``.
        revoked: serial numbers of signing certificates that are trusted no more
            (:func:`provenance.revocation.revoked_serials`).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: ``anchor_pem`` is not a list of certificates.
    """
    try:
        if path.suffix.lower() in _BMFF_SUFFIXES:
            check_bmff_store(path)
    except StoreMalformed as error:
        return _without_store(CredentialVerdict.BROKEN, str(error), code=MALFORMED)
    with path.open("rb") as reading, _context(anchor_pem) as context:
        try:
            with c2pa.Reader(_format_of(path), reading, context=context) as reader:
                return judge_store(json.loads(reader.json()), revoked=revoked)
        except c2pa.C2paError.ManifestNotFound:
            return _without_store(CredentialVerdict.ABSENT)
        except (c2pa.C2paError, json.JSONDecodeError) as error:
            return _without_store(CredentialVerdict.BROKEN, str(error) or type(error).__name__)


def _context(anchor_pem: str) -> "c2pa.Context":
    if anchor_pem:
        # the library drops certificates it cannot read without a word; this raises
        load_pem_x509_certificates(anchor_pem.encode("ascii"))
    return c2pa.Context.from_dict(c2pa_settings(anchor_pem))


def judge_store(store: dict[str, Any], *, revoked: frozenset[int] = frozenset()) -> CredentialReport:
    """Judge a manifest store as the library reports it: the steps 2 to 4 above."""
    results = store.get("validation_results") or {}
    active = results.get("activeManifest") or {}
    findings = tuple(_walk(store, results, revoked))
    failures = {code for finding in findings for code in finding.failures}
    confirmed = set(_codes(active.get("success")))
    signed = (
        {"claimSignature.validated", "signingCredential.trusted"} <= confirmed
        and bool(confirmed & _BINDINGS)
        and bool(findings)
        and not findings[0].failures
    )
    return CredentialReport(
        verdict=_verdict(failures, is_confirmed=bool(confirmed & _BINDINGS), signed=signed),
        signed_by_us=signed,
        findings=findings,
        assertions=_assertions(store),
        sdk=c2pa.sdk_version(),
    )


def _verdict(failures: set[str], *, is_confirmed: bool, signed: bool) -> CredentialVerdict:
    if failures - _TRUST_FAILURES or not is_confirmed:
        return CredentialVerdict.BROKEN
    return CredentialVerdict.TRUSTED if signed and not failures else CredentialVerdict.UNTRUSTED


def _walk(
    store: dict[str, Any], results: dict[str, Any], revoked: frozenset[int]
) -> Iterator[ManifestFinding]:
    manifests: dict[str, Any] = store.get("manifests") or {}
    present = {label: set() for label in manifests}  # type: dict[str, set[str]]
    root = str(store.get("active_manifest", ""))
    present.setdefault(root, set()).update(_codes((results.get("activeManifest") or {}).get("failure")))
    for delta in results.get("ingredientDeltas") or []:
        found = _codes((delta.get("validationDeltas") or {}).get("failure"))
        # a delta names the assertion inside the manifest that took the ingredient in
        present.setdefault(_owner(delta.get("ingredientAssertionURI", ""), root), set()).update(found)
    queue, seen = [(root, 0)], {root}
    while queue and len(seen) <= _MANIFESTS_MAX:
        label, depth = queue.pop(0)
        manifest = manifests.get(label)
        if manifest is None:
            yield ManifestFinding(label, depth, "", ("manifest.missing",))
            continue
        for ingredient in manifest.get("ingredients") or []:
            present.setdefault(label, set()).update(_recorded_failures(ingredient))
            below = ingredient.get("active_manifest")
            if below and below not in seen:
                seen.add(below)
                queue.append((below, depth + 1))
        signature = manifest.get("signature_info") or {}
        signer = str(signature.get("issuer", ""))
        if str(signature.get("cert_serial_number", "")) in {str(serial) for serial in revoked}:
            present.setdefault(label, set()).add(REVOKED)
        yield ManifestFinding(label, depth, signer, tuple(sorted(present.get(label, set()))))
    if queue:
        yield ManifestFinding(queue[0][0], queue[0][1], "", ("manifest.tooMany",))


def _recorded_failures(ingredient: dict[str, Any]) -> set[str]:
    results = ingredient.get("validation_results") or {}
    found = set(_codes((results.get("activeManifest") or {}).get("failure")))
    for delta in results.get("ingredientDeltas") or []:
        found.update(_codes((delta.get("validationDeltas") or {}).get("failure")))
    # older manifests keep one flat list, of failures only
    found.update(_codes(ingredient.get("validation_status")))
    return found


def _codes(entries: Any) -> list[str]:
    return [str(entry.get("code", "unknown")) for entry in entries or []]


def _owner(uri: str, default: str) -> str:
    parts = uri.split("/")
    return parts[2] if len(parts) > 2 else default


def _assertions(store: dict[str, Any]) -> dict[str, list[Any]]:
    manifest = (store.get("manifests") or {}).get(store.get("active_manifest")) or {}
    grouped: dict[str, list[Any]] = {}
    for assertion in manifest.get("assertions") or []:
        grouped.setdefault(str(assertion.get("label")), []).append(assertion.get("data"))
    return grouped


def _without_store(
    verdict: CredentialVerdict, detail: str = "", *, code: str = UNREADABLE
) -> CredentialReport:
    findings = (ManifestFinding("", 0, "", (code,), detail[:300]),) if detail else ()
    return CredentialReport(
        verdict, signed_by_us=False, findings=findings, assertions={}, sdk=c2pa.sdk_version()
    )


def _format_of(path: Path) -> str | None:
    from_suffix = {".mp4": "video/mp4", ".mov": "video/quicktime", ".png": "image/png", ".wav": "audio/wav"}
    return from_suffix.get(path.suffix.lower())
