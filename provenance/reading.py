"""Read the Content Credentials of a file and judge them, without any network.

The library's own state is not believed: it says ``Trusted`` of a manifest whose ingredient was tampered
with before it was taken in, because the failure was recorded then. So every manifest of the store is
walked, and the failures found now *and* those recorded at every ingredient count. In steps:

1. the boxes of the store fit (:mod:`provenance.jumbf`); it is opened with our anchors, nothing is fetched;
2. the active manifest's signature and hard binding must be confirmed, not merely unrefuted, and its signer
   must be certified under the anchors of signers: a root that only stamps times certifies no signer;
3. every ingredient's manifest must be in the store; its recorded and its present failures are gathered;
4. any failure but an unknown or revoked signer breaks the whole; such a signer leaves it untrusted;
5. who else signed a manifest (CAWG identity assertions) is named with what speaks for and against *that* signature:
   it neither breaks nor vouches for what the claim's signer signed.

Example::

    report = read_credentials(Path("delivery.mp4"), anchor_pem=pem)
    report.verdict  # CredentialVerdict.TRUSTED

Source: C2PA specification 2.4, section on validation; status codes as listed there.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import c2pa
from cryptography.x509 import load_pem_x509_certificates

from provenance.credentials import LICENCE_ASSERTION, c2pa_settings
from provenance.embedded import check_embedded_stores
from provenance.formats import format_of
from provenance.jumbf import StoreMalformed, check_store

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
SIDECAR_SUFFIX = ".c2pa"
# how the library names the list that ``trust.user_anchors`` is
_ROOTS_OF_TIME = "user_anchors"
_TRUST_FAILURES = frozenset({"signingCredential.untrusted", REVOKED})
_MANIFESTS_MAX = 1000
IDENTITY = "cawg.identity"
# codes on identity assertions, which are told of their actor and not of the manifest
_ABOUT_ACTORS = ("cawg.identity.", "cawg.x509.", "cawg.ica.")
_UNTRUSTED_ACTOR = frozenset({"cawg.x509.credential.untrusted", "cawg.ica.untrusted_issuer"})


class TimeVerdict(StrEnum):
    """What can be said of the time in the active manifest's signature."""

    TRUSTED = "TRUSTED"
    UNTRUSTED = "UNTRUSTED"
    BROKEN = "BROKEN"
    ABSENT = "ABSENT"


class ActorVerdict(StrEnum):
    """What can be said of a signature beside the claim's; ``UNTRUSTED``: whole, and of nobody that we know."""

    TRUSTED = "TRUSTED"
    UNTRUSTED = "UNTRUSTED"
    BROKEN = "BROKEN"


class CredentialVerdict(StrEnum):
    """What can be said of a file's credentials as a whole."""

    TRUSTED = "TRUSTED"
    UNTRUSTED = "UNTRUSTED"
    BROKEN = "BROKEN"
    ABSENT = "ABSENT"


@dataclass(frozen=True)
class NamedActor:
    """Who signed a manifest beside its claim's signer.

    Attributes:
        name: the organisation in the certificate, or what an aggregator says; shown, never trusted by itself.
        roles: what they say that their part was, as the specification names it.
        kind: the kind of credential, such as ``cawg.x509.cose``.
        covers: labels of the assertions that they signed.
        codes: status codes that speak against this signature, sorted.
        serial: number of their certificate, in decimal digits; empty where it has none.
    """

    label: str
    name: str
    roles: tuple[str, ...]
    kind: str
    verdict: ActorVerdict
    covers: tuple[str, ...]
    codes: tuple[str, ...]
    serial: str = ""


@dataclass(frozen=True)
class ManifestFinding:
    """One manifest of the store, as the walk found it.

    Attributes:
        label: its address in the store.
        depth: 0 for the active manifest, 1 for its ingredients, and so on.
        signer: the organisation in its certificate; shown, never trusted by itself.
        failures: status codes that speak against it, sorted.
        detail: what the library said of a store that it could not read; prose, not a code.
        actors: who signed it, too.
    """

    label: str
    depth: int
    signer: str
    failures: tuple[str, ...]
    detail: str = ""
    actors: tuple[NamedActor, ...] = ()


@dataclass(frozen=True)
class CredentialReport:
    """The judgement on a file, with its evidence.

    Attributes:
        verdict: the whole; ``TRUSTED`` only where every manifest of the graph is.
        signed_by_us: the active manifest's signature, trust and binding were all confirmed.
        findings: every manifest reached, the active one first.
        assertions: the active manifest's assertions by label; a repeated label holds a list.
        sdk: the C2PA library's version.
        timestamp: whether a timestamp authority that is trusted signed the time.
        signed_at: the time in that stamp, or nothing.
    """

    verdict: CredentialVerdict
    signed_by_us: bool
    findings: tuple[ManifestFinding, ...]
    assertions: dict[str, list[Any]]
    sdk: str
    timestamp: TimeVerdict = TimeVerdict.ABSENT
    signed_at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the judgement as JSON values."""
        return {
            "verdict": str(self.verdict),
            "signed_by_us": self.signed_by_us,
            "digital_source_type": self.digital_source_type,
            "manifests": [asdict(finding) for finding in self.findings],
            "assertions": self.assertions,
            "sdk": self.sdk,
            "timestamp": str(self.timestamp),
            "signed_at": self.signed_at,
        }

    @property
    def is_intact(self) -> bool:
        """Whether nothing in the graph is broken; signers may still be strangers."""
        return self.verdict in {CredentialVerdict.TRUSTED, CredentialVerdict.UNTRUSTED}

    @property
    def own_verdict(self) -> CredentialVerdict:
        """The verdict on the active manifest, where what it took in is intact, whoever signed that.

        A file that was handed in with a stranger's credentials can be signed by us and go out; one whose
        ingredient is broken or signed with a revoked certificate cannot.
        """
        failures = {code for finding in self.findings for code in finding.failures}
        if self.signed_by_us and self.is_intact and REVOKED not in failures:
            return CredentialVerdict.TRUSTED
        return self.verdict

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
    path: Path,
    *,
    anchor_pem: str,
    revoked: frozenset[int] = frozenset(),
    sidecar: Path | None = None,
    timestamp_roots_pem: str = "",
) -> CredentialReport:
    """Read and judge the credentials embedded in a file, or lying beside it.

    Args:
        path: a media file of a kind that C2PA knows; EXR and DPX with their sidecar.
        anchor_pem: certificates to trust, as PEM; without any, nothing is ever ``TRUSTED``.
        revoked: serial numbers of signing certificates that are trusted no more
            (:func:`provenance.revocation.revoked_serials`).
        sidecar: the manifest store beside the file; what is embedded counts alone where it is not given.
        timestamp_roots_pem: roots of timestamp authorities, as PEM.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: ``anchor_pem`` or ``timestamp_roots_pem`` is not a list of certificates.
    """
    known = format_of(path)
    try:
        store = None if sidecar is None else _sidecar_bytes(sidecar)
        check_embedded_stores(path)
    except StoreMalformed as error:
        return _without_store(CredentialVerdict.BROKEN, str(error), code=MALFORMED)
    if known is not None and not known.embeds and store is None:
        return _without_store(CredentialVerdict.ABSENT)
    with path.open("rb") as reading, _context(anchor_pem, timestamp_roots_pem) as context:
        try:
            with c2pa.Reader(
                known.media_type if known else None, reading, manifest_data=store, context=context
            ) as reader:
                return judge_store(json.loads(reader.json()), revoked=revoked)
        except c2pa.C2paError.ManifestNotFound:
            return _without_store(CredentialVerdict.ABSENT)
        except (c2pa.C2paError, json.JSONDecodeError) as error:
            return _without_store(CredentialVerdict.BROKEN, str(error) or type(error).__name__)


def sidecar_of(path: Path) -> Path | None:
    """The sidecar that lies beside a file under its name, if there is one."""
    beside = path.with_suffix(SIDECAR_SUFFIX)
    return beside if beside.is_file() else None


def _sidecar_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    check_store(data)
    return data


def _context(anchor_pem: str, timestamp_roots_pem: str) -> "c2pa.Context":
    for pem in (anchor_pem, timestamp_roots_pem):
        if pem:
            # the library drops certificates it cannot read without a word; this raises
            load_pem_x509_certificates(pem.encode("ascii"))
    return c2pa.Context.from_dict(c2pa_settings(anchor_pem, timestamp_roots_pem=timestamp_roots_pem))


def judge_store(store: dict[str, Any], *, revoked: frozenset[int] = frozenset()) -> CredentialReport:
    """Judge a manifest store as the library reports it: the steps 2 to 4 above."""
    results = store.get("validation_results") or {}
    active = results.get("activeManifest") or {}
    findings = tuple(_walk(store, results, revoked))
    failures = {code for finding in findings for code in finding.failures}
    confirmed = set(_codes(active.get("success")))
    if _is_vouched_by_roots_of_time(active):
        # the root of a timestamp authority is no anchor of signers, whatever the library says
        findings = (_with_failure(findings[0], "signingCredential.untrusted"), *findings[1:])
        failures.add("signingCredential.untrusted")
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
        timestamp=_time_verdict(active),
        signed_at=_signed_at(store),
    )


def _is_vouched_by_roots_of_time(active: dict[str, Any]) -> bool:
    return any(
        entry.get("code") == "signingCredential.trusted" and _ROOTS_OF_TIME in str(entry.get("explanation"))
        for entry in active.get("success") or []
    )


def _with_failure(finding: ManifestFinding, code: str) -> ManifestFinding:
    return replace(finding, failures=tuple(sorted({*finding.failures, code})))


def _time_verdict(active: dict[str, Any]) -> TimeVerdict:
    told = {code for part in ("success", "informational", "failure") for code in _codes(active.get(part))}
    about_time = {code for code in told if code.startswith("timeStamp.")}
    if not about_time:
        return TimeVerdict.ABSENT
    if about_time == {"timeStamp.validated", "timeStamp.trusted"}:
        return TimeVerdict.TRUSTED
    untrusted = about_time <= {"timeStamp.validated", "timeStamp.untrusted"}
    return TimeVerdict.UNTRUSTED if untrusted else TimeVerdict.BROKEN


def _signed_at(store: dict[str, Any]) -> str:
    manifest = (store.get("manifests") or {}).get(store.get("active_manifest")) or {}
    return str((manifest.get("signature_info") or {}).get("time") or "")


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
    present.setdefault(root, set()).update(claim_codes((results.get("activeManifest") or {}).get("failure")))
    for delta in results.get("ingredientDeltas") or []:
        # a delta names the assertion inside the manifest that took the ingredient in
        taker = _owner(delta.get("ingredientAssertionURI", ""), root)
        for entry in (delta.get("validationDeltas") or {}).get("failure") or []:
            code = str(entry.get("code", "unknown"))
            if code.startswith(_ABOUT_ACTORS):
                continue
            # an unknown signer is the ingredient's own matter; anything else is its taker's too
            about = _owner(str(entry.get("url")), taker) if code in _TRUST_FAILURES else taker
            present.setdefault(about, set()).add(code)
    trusted_now, told = _trusted_now(results), _about_actors(results)
    queue, seen = [(root, 0)], {root}
    while queue and len(seen) <= _MANIFESTS_MAX:
        label, depth = queue.pop(0)
        manifest = manifests.get(label)
        if manifest is None:
            yield ManifestFinding(label, depth, "", ("manifest.missing",))
            continue
        for ingredient in manifest.get("ingredients") or []:
            below = ingredient.get("active_manifest")
            recorded = _recorded_failures(ingredient, trusted_now)
            present.setdefault(below or label, set()).update(recorded & _TRUST_FAILURES)
            present.setdefault(label, set()).update(recorded - _TRUST_FAILURES)
            if below and below not in seen:
                seen.add(below)
                queue.append((below, depth + 1))
        signature = manifest.get("signature_info") or {}
        signer = str(signature.get("issuer", ""))
        if str(signature.get("cert_serial_number", "")) in {str(serial) for serial in revoked}:
            present.setdefault(label, set()).add(REVOKED)
        yield ManifestFinding(
            label,
            depth,
            signer,
            tuple(sorted(present.get(label, set()))),
            actors=_actors(label, manifest, told),
        )
    if queue:
        yield ManifestFinding(queue[0][0], queue[0][1], "", ("manifest.tooMany",))


def _about_actors(results: dict[str, Any]) -> dict[str, set[tuple[bool, str]]]:
    """What this validation says of identity assertions: by their address, whether it speaks for them, and the code."""
    parts = [results.get("activeManifest") or {}]
    parts += [delta.get("validationDeltas") or {} for delta in results.get("ingredientDeltas") or []]
    told: dict[str, set[tuple[bool, str]]] = {}
    for part in parts:
        for name in ("success", "failure"):
            for entry in part.get(name) or []:
                code = str(entry.get("code", ""))
                if code.startswith(_ABOUT_ACTORS):
                    told.setdefault(str(entry.get("url", "")), set()).add((name == "success", code))
    return told


def _actors(
    label: str, manifest: dict[str, Any], told: dict[str, set[tuple[bool, str]]]
) -> tuple[NamedActor, ...]:
    """The identity assertions of one manifest; nothing that speaks for one leaves it broken."""
    found = []
    for one in manifest.get("assertions") or []:
        own = str(one.get("label"))
        if own.partition("__")[0] != IDENTITY:
            continue
        number = one.get("instance")
        address = own if number is None or "__" in own else f"{own}__{number}"
        codes = told.get(f"self#jumbf=/c2pa/{label}/c2pa.assertions/{address}", set())
        found.append(_actor(address, one.get("data"), codes))
    return tuple(found)


def _actor(label: str, data: Any, told: set[tuple[bool, str]]) -> NamedActor:
    data = data if isinstance(data, dict) else {}
    payload = data["signer_payload"] if isinstance(data.get("signer_payload"), dict) else {}
    signature = data["signature_info"] if isinstance(data.get("signature_info"), dict) else {}
    against = {code for speaks_for, code in told if not speaks_for}
    whole = any(speaks_for and code.endswith((".validated", "well-formed")) for speaks_for, code in told)
    if not whole or against - _UNTRUSTED_ACTOR:
        verdict = ActorVerdict.BROKEN
    else:
        trusted = any(speaks_for and code.endswith("credential.trusted") for speaks_for, code in told)
        verdict = ActorVerdict.TRUSTED if trusted and not against else ActorVerdict.UNTRUSTED
    roles, covers = payload.get("role"), payload.get("referenced_assertions")
    return NamedActor(
        label=label,
        name=str(signature.get("issuer") or ""),
        roles=tuple(str(role) for role in (roles if isinstance(roles, list) else [])),
        kind=str(payload.get("sig_type") or ""),
        verdict=verdict,
        covers=tuple(
            str(one.get("url", "")).rpartition("/")[2]
            for one in (covers if isinstance(covers, list) else [])
            if isinstance(one, dict)
        ),
        codes=tuple(sorted(against)),
        serial=str(signature.get("cert_serial_number") or ""),
    )


def _trusted_now(results: dict[str, Any]) -> set[str]:
    """Ingredients whose signer whoever took them in did not know, and these anchors do."""
    return {
        _owner(str(entry.get("url")), "")
        for delta in results.get("ingredientDeltas") or []
        for entry in (delta.get("validationDeltas") or {}).get("success") or []
        if entry.get("code") == "signingCredential.trusted"
        and _ROOTS_OF_TIME not in str(entry.get("explanation"))
    }


def _recorded_failures(ingredient: dict[str, Any], trusted_now: set[str]) -> set[str]:
    results = ingredient.get("validation_results") or {}
    recorded = (results.get("activeManifest") or {}).get("failure") or []
    found = set(
        claim_codes(
            entry
            for entry in recorded
            if entry.get("code") != "signingCredential.untrusted"
            or _owner(str(entry.get("url")), "") not in trusted_now
        )
    )
    for delta in results.get("ingredientDeltas") or []:
        found.update(claim_codes((delta.get("validationDeltas") or {}).get("failure")))
    # older manifests keep one flat list, of failures only
    found.update(claim_codes(ingredient.get("validation_status")) if not recorded else ())
    return found


def _codes(entries: Any) -> list[str]:
    return [str(entry.get("code", "unknown")) for entry in entries or []]


def claim_codes(entries: Any) -> list[str]:
    """The codes among them that are about the claim and its assertions, and not about who signed beside it."""
    return [code for code in _codes(entries) if not code.startswith(_ABOUT_ACTORS)]


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
