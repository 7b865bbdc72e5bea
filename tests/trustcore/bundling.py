"""A small real bundle, made with the core's own writers: one production, two licence versions, 290 frames."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.trustcore.samples import FILM_A, ISSUER, TOKEN_ID, claims, terms
from trustcore.bundle.archive import entry_info
from trustcore.bundle.bag import BAGIT_TXT, encode_bag_info, encode_manifest
from trustcore.bundle.layout import (
    BAG_INFO,
    BAGIT,
    EVENTS,
    JWKS,
    LOG,
    MANIFEST,
    MARKS,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    SIGNATURE,
    SUMMARY,
    TAG_FILES,
    TAG_MANIFEST,
    LogRef,
    Purpose,
    Summary,
    encode_summary,
    grant_path,
    history_path,
    manifest_store_path,
    terms_path,
)
from trustcore.bundle.ledger import CSV_HEADER, Ledger, history_document, marks_document, take_all
from trustcore.bundle.statement import sign_statement, statement
from trustcore.encoding import canonical_json
from trustcore.log.checkpoint import Checkpoint, encode_checkpoint, encode_vkey
from trustcore.log.merkle import Frontier, leaf_hash
from trustcore.log.tiles import tiles_to_write
from trustcore.policy.terms import canonical_terms, terms_hash
from trustcore.policy.vocabulary import DecisionOutcome, FrameDisposition, Outcome, RevocationKind
from trustcore.receipt import (
    AuthorisedEntry,
    CheckedEntry,
    Entry,
    ExportedEntry,
    FrameEntry,
    LayerResult,
    MarkedEntry,
    Party,
    RevokedEntry,
    VerifiedEntry,
    encode_entry,
)
from trustcore.signing import Ed25519Signer, public_key_set
from trustcore.tokens import GRANT_TYP, encode_token

AT = "2026-09-01T12:00:00Z"
ORIGIN = f"licences.example/log/{FILM_A}"
TALENT = terms().talent
LOG_SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x11" * 32), "log-1")
BUNDLE_SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x12" * 32), "bundle-1")
TOKEN_SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x13" * 32), "token-1")
ALL_KEYS = {signer.kid: signer.public_key for signer in (BUNDLE_SIGNER, TOKEN_SIGNER)}
ASSET = "0199d000-0000-7000-8000-000000000001"
STORE = b"a manifest store"
NAME = "bundle-1"

TERMS = {1: terms(), 2: terms(terms_version=2, supersedes=terms_hash(terms()), render_territory=["US"])}


def uuid(kind: int, number: int) -> str:
    return f"0199{kind:04x}-0000-7000-8000-{number:012d}"


def authorised(version: int = 1, **changes: Any) -> AuthorisedEntry:
    values = {
        "approvals": (Party(actor="p1", at=AT, method="PASSWORD", organisation=uuid(1, 1)),),
        "at": AT,
        "jti": TOKEN_ID,
        "not_after": "2026-10-30T00:00:00Z",
        "not_before": "2026-08-01T00:00:00Z",
        "supersedes": version - 1 or None,
        "talent": TALENT,
        "terms_hash": terms_hash(TERMS[version]),
        "terms_version": version,
        "use_types": ("FACE_RENDER", "VOICE_RENDER"),
    }
    return AuthorisedEntry(**{**values, **changes})


def checked(number: int, first: int = 0, last: int = 0, version: int = 1, **changes: Any) -> CheckedEntry:
    values = {
        "at": AT,
        "construct": "FACE_3D",
        "decision": uuid(2, number),
        "first": first,
        "input_hash": "ab" * 32,
        "jkt": "k" * 43,
        "jti": TOKEN_ID,
        "last": last,
        "lease": uuid(3, number),
        "outcome": DecisionOutcome.ALLOW_WITH_OBLIGATIONS,
        "policy_version": "1",
        "shot": "sh0450",
        "talent": TALENT,
        "terms_version": version,
        "territory": "US",
        "use_type": "FACE_RENDER",
    }
    return CheckedEntry(**{**values, **changes})


def frame(under: CheckedEntry, number: int, **changes: Any) -> FrameEntry:
    values = {
        "check": under.decision,
        "file_sha256": hashlib.sha256(b"file %d" % number).hexdigest(),
        "finished_at": AT,
        "frame": number,
        "outcome": Outcome.RENDERED,
        "pixel_sha256": hashlib.sha256(b"pixels %d" % number).hexdigest(),
        "started_at": AT,
        "take": 1,
    }
    return FrameEntry(**{**values, **changes})


def long_frame(under: CheckedEntry, number: int, **changes: Any) -> FrameEntry:
    """A frame entry of an older log, which repeats what its check says."""
    repeated = {
        "id": uuid(4, number),
        "jti": under.jti,
        "lease": under.lease,
        "talent": under.talent,
        "terms_version": under.terms_version,
    }
    return frame(under, number, **{**repeated, **changes})


def unauthorised(number: int) -> FrameEntry:
    stray = checked(99)
    told = {"check": None, "lease": stray.lease, "outcome": Outcome.UNAUTHORISED, "reason": "LEASE_UNKNOWN"}
    return frame(stray, number, **told)


def denied(number: int) -> CheckedEntry:
    return checked(
        number, outcome=DecisionOutcome.DENY, reasons=("TERRITORY_DENIED",), lease=None, territory="FR"
    )


def some_entries(frames: int = 280) -> list[Entry]:
    """A production's life: granted, checked, rendered, changed, marked, revoked."""
    first, second = checked(1, 0, frames - 1), checked(2, frames, frames + 9, version=2)
    mark = {"asset": ASSET, "asset_sha256": "cd" * 32, "at": AT, "mark": "00ff00ff00ff00ff"}
    found = (LayerResult(layer="PIXEL", p_value="1.2e-31", status="present"),)
    return [
        authorised(1),
        denied(3),
        first,
        *(frame(first, number) for number in range(frames)),
        unauthorised(7),
        authorised(2),
        second,
        *(frame(second, frames + number) for number in range(10)),
        MarkedEntry(card="card", jtis=(TOKEN_ID,), layers=("PIXEL", "AUDIO"), **mark),
        VerifiedEntry(layers=found, manifest_sha256=hashlib.sha256(STORE).hexdigest(), released=True, **mark),
        RevokedEntry(
            at=AT,
            by="p2",
            disposition=FrameDisposition.KEEP,
            jti=TOKEN_ID,
            kind=RevocationKind.PROSPECTIVE,
            organisation=uuid(1, 2),
            terms_version=2,
        ),
        ExportedEntry(at=AT, bundle=uuid(5, 1), by="p3", purpose="UNION_REPORTING", root="ef" * 32, size=3),
    ]


class Lenient(Ledger):
    """A dishonest insider's ledger: it writes the receipt rows without judging them."""

    def take(self, data):
        try:
            return super().take(data)
        except Exception:  # noqa: BLE001 - an insider skips every rule
            return None

    def finish(self):
        self._used.clear()
        return super().finish()


Edit = Callable[[dict[str, bytes]], None]


@dataclass
class Forge:
    """Everything an insider with all signing keys can vary."""

    entries: list[Entry] = field(default_factory=some_entries)
    payload: Edit = lambda files: None
    tags: Edit = lambda files: None
    ledger: type[Ledger] = Ledger

    def but(self, **changes: Any) -> "Forge":
        return replace(self, **changes)


def payload_files(forge: Forge) -> dict[str, bytes]:
    """Return the payload of a bundle over ``forge.entries``."""
    leaves = [encode_entry(entry) for entry in forge.entries]
    ledger = forge.ledger()
    rows = list(take_all(iter(leaves), ledger))
    counts = ledger.finish()
    root = Frontier().append_many([leaf_hash(leaf) for leaf in leaves]).root()
    checkpoint = Checkpoint(ORIGIN, len(leaves), root)
    summary = Summary(
        bundle=uuid(5, 1),
        counts=counts,
        created_at=AT,
        generator="tests/1",
        issuer=ISSUER,
        log=LogRef(origin=ORIGIN, root=root.hex(), size=len(leaves)),
        production=FILM_A,
        purpose=Purpose.UNION_REPORTING,
        title="The Glass Meridian",
    )
    files = {
        SUMMARY: encode_summary(summary),
        JWKS: canonical_json(public_key_set(ALL_KEYS)),
        RECEIPTS_NDJSON: b"".join(row.ndjson for row in rows),
        RECEIPTS_CSV: CSV_HEADER + b"".join(row.csv for row in rows),
        LOG + "checkpoint": encode_checkpoint(checkpoint, LOG_SIGNER),
        LOG + "vkey": encode_vkey(ORIGIN, LOG_SIGNER.public_key).encode() + b"\n",
        MARKS: canonical_json(marks_document(ledger, [{"mark": "00ff00ff00ff00ff", "bits": 64}])),
        manifest_store_path(ASSET): STORE,
        EVENTS: b'{"kind":"token.issued"}\n{"kind":"token.revoked"}\n',
    }
    for path, data in tiles_to_write(0, len(leaves), entries=leaves, fetch={}.__getitem__):
        files[LOG + path] = data
    for jti, version in ledger.grants:
        files[terms_path(jti, version)] = canonical_terms(TERMS[version])
        granted = claims(TERMS[version], token_id=jti, licence_id=jti, jkt=None)
        files[grant_path(jti, version)] = encode_token(granted, TOKEN_SIGNER, GRANT_TYP).encode()
        files[history_path(jti)] = canonical_json(history_document(jti, ledger, [{"act": "submitted"}]))
    return files


def bag_files(forge: Forge | None = None) -> dict[str, bytes]:
    """Return every file of a bag, signed; ``forge.payload`` edits before signing, ``forge.tags`` after."""
    forge = forge or Forge()
    files = payload_files(forge)
    forge.payload(files)
    payload = {
        path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path.startswith("data/")
    }
    size = sum(len(files[path]) for path in payload)
    files[BAGIT] = BAGIT_TXT
    files[BAG_INFO] = encode_bag_info(
        identifier="b1", created_at=AT, agent="tests/1", payload_bytes=size, payload_files=len(payload)
    )
    files[MANIFEST] = encode_manifest(payload)
    seal(files)
    forge.tags(files)
    return files


def seal(files: dict[str, bytes]) -> None:
    """Sign what is there: the statement and the tag manifest."""
    own = {SIGNATURE, TAG_MANIFEST}
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path not in own}
    files[SIGNATURE] = sign_statement(statement(digests, {"bundle": "b1"}), BUNDLE_SIGNER)
    files[TAG_MANIFEST] = encode_manifest(
        {path: hashlib.sha256(files[path]).hexdigest() for path in TAG_FILES}
    )


def zip_bytes(files: dict[str, bytes] | Iterable[tuple[str, bytes]], *, compress: bool = True) -> bytes:
    """Return the bag as a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in dict(files).items():
            with archive.open(entry_info(f"{NAME}/{path}", compress=compress), "w") as member:
                member.write(data)
    return stream.getvalue()
