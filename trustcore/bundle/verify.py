"""The offline verifier of a bundle: twelve steps, no network, no server, bounded memory.

 1. The archive has one reading: plain, unique paths below one folder, headers that agree.
 2. The keys are read: the ones given, or the bundle's own.
 3. The signature over the statement is valid.
 4. Every file is in the statement with its SHA-256, and no file is missing or unlisted.
 5. The bag is whole: declaration, manifest, tag manifest, size and number of files. Where an authority stamped the
    signature, it stamped this one; and it did so itself, where the auditor gave its root. A key that was revoked since stands where the stamp is
    earlier, and nowhere else (trustcore.bundle.revoked).
 6. The summary can be read and names the log's origin, size and root.
 7. The checkpoint is signed with the log's key and says what the summary says.
 8. The log's entries lead to the signed root through every tile; each frame entry cites an earlier
    check that allowed it and stands in the log once; both receipt files say exactly what it says.
    What witnesses cosigned of this log are earlier states of it; a witness whose key the auditor gave is among them.
 9. Every granted version has its terms with the approved hash, its signed grant, and its history; or its token is
    said to be withheld from the reader, with what the log says of it.
10. The mark report and the manifest stores are the ones the log speaks of, none missing but of outputs under
    nothing but withheld tokens; the events can be read. Those of the
    provenance graph, where the bundle brings them, lead batch by batch to the roots that the log recorded.
11. The counts of the summary are the log's counts.
12. Every signature that a person made by passkey holds over the terms it stands under, and none is missing.

A bundle that fails a step is refused with the reason and the file at fault. Step 8 is done ahead, while the files are
hashed, and by several processes if asked; what it found counts in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore import timestamp
from trustcore.bundle.archive import Archive
from trustcore.bundle.bag import BAGIT_TXT, parse_manifest, payload_oxum
from trustcore.bundle.contents import verify_log
from trustcore.bundle.layout import (
    BAG_INFO,
    BAGIT,
    EVENTS,
    HISTORY_SCHEMA,
    JWKS,
    LOG,
    MANIFEST,
    MARKS,
    MARKS_SCHEMA,
    PAYLOAD,
    SIGNATURE,
    SIGNATURE_STAMP,
    SUMMARY,
    TAG_FILES,
    TAG_MANIFEST,
    TOKENS,
    WITHHELD_SCHEMA,
    Summary,
    grant_path,
    history_path,
    manifest_store_path,
    parse_summary,
    terms_path,
    withheld_path,
)
from trustcore.bundle.ledger import Ledger, withheld_outputs
from trustcore.bundle.parts import verify_log_by_parts
from trustcore.bundle.people import SignedAct, verify_people
from trustcore.bundle.provenance import Events, verify_events
from trustcore.bundle.report import UNCHECKED, BundleReport, Step, Trust
from trustcore.bundle.revoked import Export, judge_revoked, refuse_own_end
from trustcore.bundle.statement import MAX_ENVELOPE_BYTES, SignedStatement, verify_statement
from trustcore.bundle.witnesses import verify_witnesses
from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.log.checkpoint import MAX_NOTE_BYTES, Checkpoint, NoteVerifier, verify_checkpoint
from trustcore.log.tiles import CHECKPOINT_PATH, VKEY_PATH
from trustcore.receipt import AuthorisedEntry
from trustcore.signing import keys_from_jwks
from trustcore.tokens import GRANT_TYP, verify_token

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_SMALL_BYTES = 1024 * 1024
MAX_EVENT_BYTES = 1024 * 1024

Keys = Mapping[str, Ed25519PublicKey]


def verify_bundle(
    path: Path, trust: Trust | None = None, *, jobs: int = 1, later: Path | None = None
) -> BundleReport:
    """Verify the bundle at ``path``; see the module's steps.

    Args:
        path: the zip file.
        trust: keys the auditor knew before; without them the bundle's own are relied on.
        jobs: how many processes read the log; the answer is the same with any number.
        later: a later bundle of the same production, verified first: its log may show that the one at ``path`` was
            there before the key that signed it was revoked.

    Raises:
        InvalidEvidence: the bundle does not hold; ``path`` names the file at fault inside it.
        OSError: the zip file cannot be read.
    """
    trust = trust or Trust()
    export = None
    if later is not None:
        ledger = _verify(later, trust, jobs, None)[1]
        found = ledger.exports.get(_file_sha256(path))
        export = Export(*found, ledger.key_ends) if found else None
    return _verify(path, trust, jobs, export)[0]


def _verify(path: Path, trust: Trust, jobs: int, export: Export | None) -> tuple[BundleReport, Ledger]:
    with Archive.open(path) as archive:  # 1
        keys = _trusted_keys(archive, trust)  # 2
        signed = _verify_signature(archive, _with_revoked(keys, trust))  # 3
        ahead = _read_ahead(archive, trust, jobs)
        digests = _hash_files(archive, signed.digests)  # 4
        _verify_bag(archive, digests)  # 5
        stamped = _verify_stamp(archive, trust)
        summary = _read_summary(archive)  # 6
        stands = _judge_key(archive, trust, signed, stamped, summary.created_at, export)
        keys = {**keys, **_ended_after(trust, stamped, export)}
        verifier = _read_vkey(archive, trust)
        checkpoint = _verify_checkpoint(archive, verifier, summary)  # 7
        read_already = ahead is not None and ahead[0] == checkpoint
        ledger = ahead[1] if ahead and read_already else verify_log(archive, checkpoint)  # 8
        refuse_own_end(signed.kid, ledger.key_ends)
        witnesses = verify_witnesses(archive, verifier, checkpoint, trust.witnesses)
        withheld = _verify_withheld(archive, ledger)  # 9
        shown = {key: entry for key, entry in ledger.grants.items() if entry.jti not in withheld}
        histories = _verify_tokens(archive, ledger, shown, keys, _with_revoked({}, trust), summary)
        _verify_marks(archive, ledger, digests, withheld)  # 10
        _verify_events(archive)
        events = verify_events(archive, ledger.recorded)
        _verify_counts(ledger, summary)  # 11
        people = verify_people(  # 12
            histories, shown.values(), issuer=summary.issuer, known=trust.passkeys
        )
    relied_on = (f"log {verifier.vkey}", f"bundle {signed.kid}")
    report = BundleReport(
        summary,
        len(digests),
        relied_on,
        trust.sentence,
        _steps(summary, len(digests), signed, people, events),
        people,
        withheld,
        stamped,
        witnesses,
        stands,
    )
    return report, ledger


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for piece in iter(lambda: stream.read(MAX_SMALL_BYTES), b""):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def open_bag(path: Path, trust: Trust) -> Iterator[tuple[Archive, SignedStatement, dict[str, str]]]:
    """Open a bag of any content and do steps 1 to 5: give it, its signed statement, and its files' digests.

    Raises:
        InvalidEvidence: the bag does not hold.
        OSError: the zip file cannot be read.
    """
    with Archive.open(path) as archive:
        keys = _trusted_keys(archive, trust)
        signed = _verify_signature(archive, _with_revoked(keys, trust))
        if signed.kid in trust.revoked:
            _judge_key(archive, trust, signed, "", "")
        digests = _hash_files(archive, signed.digests)
        _verify_bag(archive, digests)
        yield archive, signed, digests


def _read_ahead(archive: Archive, trust: Trust, jobs: int) -> tuple[Checkpoint, Ledger] | None:
    """Do step 8 before step 4, so that each file is unpacked once: it is hashed as it is read.

    Nothing is answered from here: the steps follow in their order, and use what was read only if it holds. If
    anything does not, they read it again and say what comes first.
    """
    try:
        checkpoint = _verify_checkpoint(archive, _read_vkey(archive, trust), _read_summary(archive))
        by_parts = verify_log_by_parts(archive, checkpoint, jobs=jobs) if jobs > 1 else None
        return checkpoint, by_parts or verify_log(archive, checkpoint)
    except InvalidEvidence:
        return None


def _trusted_keys(archive: Archive, trust: Trust) -> Keys:
    """Return the auditor's keys, or the bundle's own where none were brought; never one that the auditor knows to be revoked."""
    given = trust.keys if trust.has_key_set else _read_keys(archive)
    return {kid: key for kid, key in given.items() if kid not in trust.revoked}


def _with_revoked(keys: Keys, trust: Trust) -> Keys:
    return {**keys, **{kid: one.key for kid, one in trust.revoked.items()}}


def _ended_after(trust: Trust, stamped: str, export: Export | None) -> Keys:
    """Keys that were still good when an authority, or a log, saw the bundle: what they had signed by then stands."""
    if stamped and stamped != UNCHECKED:
        return {kid: one.key for kid, one in trust.revoked.items() if stamped[:19] < one.ended_at[:19]}
    if export is not None:
        return {kid: one.key for kid, one in trust.revoked.items() if export.is_before(kid, one)}
    return {}


def _judge_key(
    archive: Archive,
    trust: Trust,
    signed: SignedStatement,
    stamped: str,
    made_at: str,
    export: Export | None = None,
) -> str:
    """Say why the signature stands if its key was revoked since; refuse it if it does not; else nothing."""
    ended = trust.revoked.get(signed.kid)
    if ended is None:
        return ""
    return judge_revoked(
        signed.kid,
        ended,
        stamped="" if stamped == UNCHECKED else stamped,
        made_at=made_at,
        has_stamp=SIGNATURE_STAMP in archive.members,
        export=export,
    )


def _read_keys(archive: Archive) -> Keys:
    try:
        return keys_from_jwks(_object(archive, JWKS, MAX_SMALL_BYTES))
    except InvalidEvidence:
        raise
    except TrustError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, error.detail, JWKS) from error


def _verify_signature(archive: Archive, keys: Keys) -> SignedStatement:
    envelope = archive.read(SIGNATURE, max_bytes=MAX_ENVELOPE_BYTES)
    try:
        return verify_statement(envelope, keys)
    except InvalidEvidence as error:
        # the signature or the key may be the damaged one: the manifest's digest of the keys tells
        manifest = parse_manifest(archive.read(MANIFEST, max_bytes=MAX_DOCUMENT_BYTES), path=MANIFEST)
        if JWKS in archive.members and manifest.get(JWKS) != _digest(archive, JWKS):
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "the keys were changed", JWKS) from error
        raise InvalidEvidence(error.reason, error.detail, SIGNATURE) from error


def _hash_files(archive: Archive, signed: Mapping[str, str]) -> dict[str, str]:
    """Hash every file of the bag; compare with the statement, both ways."""
    digests = {path: _digest(archive, path) for path in archive.members}
    for path, digest in sorted(signed.items()):
        if path not in digests:
            raise InvalidEvidence(InvalidReason.MISSING_FILE, "the file was removed", path)
        if digests[path] != digest:
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "the file was changed", path)
    for path in sorted(digests.keys() - signed.keys() - {SIGNATURE, SIGNATURE_STAMP, TAG_MANIFEST}):
        raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "the file was added", path)
    return digests


def _verify_bag(archive: Archive, digests: Mapping[str, str]) -> None:
    if archive.read(BAGIT, max_bytes=MAX_SMALL_BYTES) != BAGIT_TXT:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "not a BagIt 1.0 bag", BAGIT)
    payload = {path: digest for path, digest in digests.items() if path.startswith(PAYLOAD)}
    _same_manifest(archive, MANIFEST, payload)
    tags = {*TAG_FILES, *({SIGNATURE_STAMP} & digests.keys())}
    _same_manifest(archive, TAG_MANIFEST, {path: digests.get(path, "") for path in tags})
    for path in sorted(digests.keys() - payload.keys() - tags - {TAG_MANIFEST}):
        raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "not a file of a bag", path)
    size = sum(archive.size(path) for path in payload)
    if payload_oxum(archive.read(BAG_INFO, max_bytes=MAX_SMALL_BYTES)) != (size, len(payload)):
        raise InvalidEvidence(
            InvalidReason.SIZE_MISMATCH, "the payload's size is not the one stated", BAG_INFO
        )


def _verify_stamp(archive: Archive, trust: Trust) -> str:
    """Say when an authority stamped the signature: a time, ``UNCHECKED`` without its root, or nothing at all."""
    if SIGNATURE_STAMP not in archive.members:
        return ""
    envelope = archive.read(SIGNATURE, max_bytes=MAX_ENVELOPE_BYTES)
    token = archive.read(SIGNATURE_STAMP, max_bytes=timestamp.TOKEN_BYTES_MAX)
    digest = hashlib.sha256(envelope).digest()
    try:
        if not trust.stamp_roots:
            timestamp.read(token, digest)
            return UNCHECKED
        stamp = timestamp.verify(token, digest, trust.stamp_roots)
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, SIGNATURE_STAMP) from error
    return stamp.at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _same_manifest(archive: Archive, path: str, actual: Mapping[str, str]) -> None:
    listed = parse_manifest(archive.read(path, max_bytes=MAX_DOCUMENT_BYTES), path=path)
    if listed != actual:
        odd = min(name for name in listed.keys() | actual.keys() if listed.get(name) != actual.get(name))
        raise InvalidEvidence(InvalidReason.HASH_MISMATCH, f"its line for {odd} is not right", path)


def _read_summary(archive: Archive) -> Summary:
    try:
        return parse_summary(archive.read(SUMMARY, max_bytes=MAX_SMALL_BYTES))
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, SUMMARY) from error


def _read_vkey(archive: Archive, trust: Trust) -> NoteVerifier:
    path = LOG + VKEY_PATH
    try:
        verifier = NoteVerifier.parse(archive.read(path, max_bytes=MAX_SMALL_BYTES).decode("utf-8"))
    except (InvalidEvidence, UnicodeDecodeError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a verifier key", path) from error
    if trust.vkey is not None and trust.vkey != verifier:
        raise InvalidEvidence(InvalidReason.KEY_UNTRUSTED, "the log's key is not the one you gave", path)
    return verifier


def _verify_checkpoint(archive: Archive, verifier: NoteVerifier, summary: Summary) -> Checkpoint:
    path = LOG + CHECKPOINT_PATH
    note = archive.read(path, max_bytes=MAX_NOTE_BYTES)
    try:
        checkpoint = verify_checkpoint(note, [verifier])
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, path) from error
    said = (summary.log.origin, summary.log.size, summary.log.root)
    if said != (checkpoint.origin, checkpoint.size, checkpoint.root.hex()):
        raise InvalidEvidence(
            InvalidReason.ROOT_MISMATCH, "the summary names another state of the log", SUMMARY
        )
    return checkpoint


def _verify_withheld(archive: Archive, ledger: Ledger) -> tuple[str, ...]:
    """Return the tokens that are withheld from the reader; each is told of as the log tells of it."""
    withheld = tuple(
        jti for jti in sorted({jti for jti, _ in ledger.grants}) if withheld_path(jti) in archive.members
    )
    for jti in withheld:
        _same_log(archive, withheld_path(jti), WITHHELD_SCHEMA, ledger.history(jti))
    return withheld


def _verify_tokens(
    archive: Archive,
    ledger: Ledger,
    shown: Mapping[tuple[str, int], AuthorisedEntry],
    keys: Keys,
    revoked: Keys,
    summary: Summary,
) -> dict[str, tuple[str, list[Any]]]:
    """Check terms, grants and histories of what is shown; return each token's history path and acts."""
    histories: dict[str, tuple[str, list[Any]]] = {}
    expected = {history_path(jti) for jti, _ in shown}
    expected |= {withheld_path(jti) for jti, _ in ledger.grants.keys() - shown.keys()}
    for (jti, version), entry in sorted(shown.items()):
        expected |= {terms_path(jti, version), grant_path(jti, version)}
        _verify_terms(archive, entry)
        _verify_grant(archive, entry, keys, revoked, summary)
    for jti in sorted({jti for jti, _ in shown}):
        path = history_path(jti)
        acts = _same_log(archive, path, HISTORY_SCHEMA, ledger.history(jti)).get("actions", [])
        if not isinstance(acts, list):
            raise InvalidEvidence(InvalidReason.MALFORMED, "its acts are no list", path)
        histories[jti] = (path, acts)
    for path in sorted(path for path in archive.members if path.startswith(TOKENS)):
        if path not in expected:
            raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "the log knows nothing of this grant", path)
    return histories


def _verify_terms(archive: Archive, entry: AuthorisedEntry) -> None:
    path = terms_path(entry.jti, entry.terms_version)
    digest = hashlib.sha256(archive.read(path, max_bytes=MAX_SMALL_BYTES)).hexdigest()
    if entry.terms_hash != f"sha256:{digest}":
        raise InvalidEvidence(InvalidReason.TERMS_MISMATCH, "not the terms that were approved", path)


def _is_by_revoked(token: str, revoked: Keys, summary: Summary) -> bool:
    try:
        verify_token(token, keys=revoked, issuer=summary.issuer, audience=None, now=None, typ=GRANT_TYP)
    except TrustError:
        return False
    return True


def _verify_grant(
    archive: Archive, entry: AuthorisedEntry, keys: Keys, revoked: Keys, summary: Summary
) -> None:
    path = grant_path(entry.jti, entry.terms_version)
    token = archive.read(path, max_bytes=MAX_SMALL_BYTES).decode("ascii", "replace").strip()
    try:
        claims = verify_token(token, keys=keys, issuer=summary.issuer, audience=None, now=None, typ=GRANT_TYP)
    except TrustError as error:
        why = f"the grant: {error}"
        if _is_by_revoked(token, revoked, summary):
            raise InvalidEvidence(
                InvalidReason.KEY_REVOKED, "the grant is signed with a key that was revoked", path
            ) from error
        raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, why, path) from error
    granted = (claims.jti, claims.ver, claims.terms_hash, claims.tal, claims.prj, frozenset(claims.ut))
    logged = (entry.jti, entry.terms_version, entry.terms_hash, entry.talent, summary.production)
    if granted != (*logged, frozenset(entry.use_types)):
        raise InvalidEvidence(InvalidReason.TERMS_MISMATCH, "the grant and the log disagree", path)


def _verify_marks(
    archive: Archive, ledger: Ledger, digests: Mapping[str, str], withheld: Sequence[str]
) -> None:
    _same_log(archive, MARKS, MARKS_SCHEMA, ledger.marks())
    # an output that was signed again is shown with its latest credentials
    verified = [item["entry"] for item in ledger.marks() if item["entry"]["t"] == "verified"]
    latest = {entry["asset"]: entry.get("manifest_sha256") for entry in verified}
    hidden = withheld_outputs(ledger.marks(), withheld)
    for asset, wanted in sorted(latest.items()):
        path = manifest_store_path(asset)
        if asset in hidden and path not in digests:
            continue  # of licences that this reader may not see; its hash is in the log
        if wanted is not None and digests.get(path) != wanted:
            reason = InvalidReason.HASH_MISMATCH if path in digests else InvalidReason.MISSING_FILE
            raise InvalidEvidence(reason, "not the manifest store that was verified", path)


def _verify_events(archive: Archive) -> None:
    number, rest = 0, b""
    for chunk in archive.chunks(EVENTS):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            try:
                parse_json_strict(line, max_bytes=MAX_EVENT_BYTES)
            except InvalidEvidence as error:
                raise InvalidEvidence(error.reason, f"line {number}: {error.detail}", EVENTS) from error
        if len(rest) > MAX_EVENT_BYTES:
            raise InvalidEvidence(InvalidReason.TOO_LARGE, f"line {number + 1} is too long", EVENTS)
    if rest:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the last line is cut short", EVENTS)


def _verify_counts(ledger: Ledger, summary: Summary) -> None:
    try:
        counts = ledger.finish()
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, LOG + CHECKPOINT_PATH) from error
    if counts != summary.counts:
        raise InvalidEvidence(InvalidReason.COUNT_MISMATCH, f"the log counts {counts}", SUMMARY)


def _same_log(archive: Archive, path: str, schema: str, logged: list[dict[str, Any]]) -> dict[str, Any]:
    document = _object(archive, path, MAX_DOCUMENT_BYTES)
    if document.get("schema") != schema:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another version of this document", path)
    if document.get("log") != logged:
        raise InvalidEvidence(InvalidReason.ENTRY_MISMATCH, "does not say what the log says", path)
    return document


def _object(archive: Archive, path: str, max_bytes: int) -> dict[str, Any]:
    try:
        document = parse_json_strict(archive.read(path, max_bytes=max_bytes), max_bytes=max_bytes)
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, path) from error
    if not isinstance(document, dict):
        raise InvalidEvidence(InvalidReason.MALFORMED, "not an object", path)
    return document


def _digest(archive: Archive, path: str) -> str:
    if path not in archive.digests:
        for _ in archive.chunks(path):
            pass
    return archive.digests[path]


def _steps(
    summary: Summary, files: int, signed: SignedStatement, people: Sequence[SignedAct], events: Events | None
) -> tuple[Step, ...]:
    counts, log = summary.counts, summary.log
    traced = f"; {events.shown:,} events of the graph shown, {events.withheld:,} counted" if events else ""
    done = (
        ("Archive", "one folder, plain paths, headers agree"),
        ("Keys", "read"),
        ("Signature", f"valid, by key {signed.kid}"),
        ("Files", f"{files:,} files have the signed hashes, none is missing or added"),
        ("Bag", "BagIt 1.0, manifests complete"),
        ("Summary", f"production {summary.production}, {summary.purpose.value}"),
        ("Checkpoint", f"{log.origin}, {log.size:,} entries, signed"),
        ("Log and receipts", f"root {log.root}; {counts.receipts:,} receipts match, each under its check"),
        ("Tokens", f"{counts.tokens:,} tokens, {counts.token_versions:,} versions: terms, grants, histories"),
        ("Marks and credentials", f"{counts.marked:,} marks, {counts.verified:,} verifications{traced}"),
        (
            "Counts",
            f"{counts.checks:,} checks ({counts.denied:,} denied), {counts.rendered:,} frames rendered",
        ),
        (
            "Signatures of people",
            f"{len(people):,} acts signed with {len({one.key for one in people}):,} passkeys, none missing",
        ),
    )
    return tuple(Step(number, title, detail) for number, (title, detail) in enumerate(done, start=1))
