"""An incident package, and its offline verifier: the same bag and signature as a compliance bundle.

A package is a zip file of one BagIt 1.0 bag:

    <name>/bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt  signature.dsse.json
    <name>/data/incident.json            what this is: of whom, where and when it was seen, how far the file goes
    <name>/data/keys/jwks.json           the public keys that the bag is signed with
    <name>/data/entries.ndjson           every entry, in order, each with the hash of the one before it
    <name>/data/details/<number>.json    licences or outputs that an entry speaks of, where the reader may know them
    <name>/data/evidence/<number>.<end>  the files themselves, by the number of the entry that added them
    <name>/data/statement.txt .html      the facts in sentences

Steps 1 to 5 are a bundle's (``trustcore.bundle.verify``); then:

 6. The summary can be read, and the signature speaks of the same incident, entries and last hash.
 7. Each entry has the next number, names the hash before it, and its own hash is right; the last is the summary's.
 8. Each evidence entry has its file with its SHA-256 and size, and no file is without an entry.
 9. Each details file has the digest that its entry holds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from trustcore.bundle.archive import Archive
from trustcore.bundle.report import Trust
from trustcore.bundle.verify import open_bag
from trustcore.encoding import canonical_json, parse_json_strict, prepare_readers
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import StrEnum, dataclass

INCIDENT: Final = "data/incident.json"
ENTRIES: Final = "data/entries.ndjson"
DETAILS: Final = "data/details/"
EVIDENCE: Final = "data/evidence/"
STATEMENT_TEXT: Final = "data/statement.txt"
STATEMENT_PAGE: Final = "data/statement.html"
SCHEMA: Final = "trustmark.incident/1"
FIRST_HASH: Final = "0" * 64
MAX_DOCUMENT_BYTES: Final = 1024 * 1024
MAX_ENTRIES_BYTES: Final = 64 * 1024 * 1024
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class IncidentState(StrEnum):
    """How an incident stands."""

    OPEN = "OPEN"
    NOTICE_SENT = "NOTICE_SENT"
    ANSWERED = "ANSWERED"
    RESOLVED = "RESOLVED"
    DISMISSED = "DISMISSED"


class IncidentSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``data/incident.json``.

    Attributes:
        head: hash of the last entry inside.
        entries, evidence: how many there are.
        withheld: entries whose details this reader may not be told.
        made_for: name of the organisation that asked.
        schema: always ``trustmark.incident/1``.
    """

    constructs: tuple[str, ...]
    created_at: str
    description: str
    entries: int
    evidence: int
    generator: str
    head: str
    incident: str
    issuer: str
    made_for: str
    platform: str
    recorded_at: str
    schema: str = SCHEMA
    seen_at: str
    state: IncidentState
    talent: str
    url: str
    use_types: tuple[str, ...]
    withheld: tuple[int, ...]


prepare_readers(IncidentSummary)


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """A package that holds."""

    summary: IncidentSummary
    files: int
    key_ids: tuple[str, ...]
    trust: str

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        entries = "1 entry is" if self.summary.entries == 1 else f"{self.summary.entries:,} entries are"
        files = (
            "1 file of evidence"
            if self.summary.evidence == 1
            else f"{self.summary.evidence:,} files of evidence"
        )
        left = f" Details of {len(self.summary.withheld)} were withheld." if self.summary.withheld else ""
        return f"{entries} in the incident file, with {files}. Nothing was added, removed or changed.{left}"


def entry_hash(line: Mapping[str, Any]) -> str:
    """Return the SHA-256, hex, of an entry without its own ``hash``: canonical JSON, the hash before it included."""
    return hashlib.sha256(
        canonical_json({name: value for name, value in line.items() if name != "hash"})
    ).hexdigest()


def evidence_path(number: int, ending: str) -> str:
    """Return where the file of an evidence entry lies."""
    return f"{EVIDENCE}{number:04}.{ending}"


def details_path(number: int) -> str:
    """Return where the details of an entry lie."""
    return f"{DETAILS}{number:04}.json"


def is_incident_package(path: Path) -> bool:
    """Whether the file at ``path`` says that it is an incident package; what cannot be read says nothing."""
    try:
        with Archive.open(path) as archive:
            return INCIDENT in archive.members
    except InvalidEvidence:
        return False


def verify_incident(path: Path, trust: Trust | None = None) -> IncidentReport:
    """Verify the package at ``path``; see the module's steps.

    Raises:
        InvalidEvidence: it does not hold; ``path`` names the file at fault inside it.
        OSError: the zip file cannot be read.
    """
    trust = trust or Trust()
    with open_bag(path, trust) as (archive, signed, digests):  # 1 to 5
        summary = _read_summary(archive)
        _same_subject(summary, signed.predicate)  # 6
        entries = _read_entries(archive, summary)  # 7
        _verify_evidence(archive, entries, summary, digests)  # 8
        _verify_details(entries, summary, digests)  # 9
        _only_these_files(archive, entries)
    keys = "The server's keys are the ones you gave." if trust.has_key_set else Trust().sentence
    return IncidentReport(summary, len(digests), (f"bundle {signed.kid}",), keys)


def _read_summary(archive: Archive) -> IncidentSummary:
    document = parse_json_strict(archive.read(INCIDENT, max_bytes=MAX_DOCUMENT_BYTES))
    if isinstance(document, dict) and document.get("schema") != SCHEMA:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another version of the format", INCIDENT)
    try:
        return msgspec.convert(document, IncidentSummary)
    except msgspec.ValidationError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, str(error), INCIDENT) from error


def _same_subject(summary: IncidentSummary, predicate: Mapping[str, Any]) -> None:
    told = (predicate.get("incident"), predicate.get("entries"), predicate.get("head"))
    if told != (summary.incident, summary.entries, summary.head):
        raise InvalidEvidence(InvalidReason.ENTRY_MISMATCH, "the signature speaks of another file", INCIDENT)


def _read_entries(archive: Archive, summary: IncidentSummary) -> list[dict[str, Any]]:
    lines = archive.read(ENTRIES, max_bytes=MAX_ENTRIES_BYTES).splitlines(keepends=True)
    entries: list[dict[str, Any]] = []
    before = FIRST_HASH
    for number, data in enumerate(lines, 1):
        entry = parse_json_strict(data)
        if not isinstance(entry, dict) or canonical_json(entry) + b"\n" != data:
            raise InvalidEvidence(InvalidReason.NOT_CANONICAL, f"line {number} is no entry", ENTRIES)
        if (entry.get("number"), entry.get("previous")) != (number, before):
            raise InvalidEvidence(
                InvalidReason.ENTRY_MISMATCH, f"entry {number} does not follow the one before it", ENTRIES
            )
        before = entry_hash(entry)
        if entry.get("hash") != before or not isinstance(entry.get("body"), dict):
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, f"entry {number} was changed", ENTRIES)
        entries.append(entry)
    if (len(entries), before) != (summary.entries, summary.head) or not entries:
        raise InvalidEvidence(InvalidReason.COUNT_MISMATCH, "not the entries that the summary names", ENTRIES)
    return entries


def _verify_evidence(
    archive: Archive, entries: list[dict[str, Any]], summary: IncidentSummary, digests: Mapping[str, str]
) -> None:
    added = [entry for entry in entries if entry["kind"] == "EVIDENCE"]
    for entry in added:
        path, body = str(entry["body"].get("path", "")), entry["body"]
        if path not in digests or not path.startswith(f"{EVIDENCE}{entry['number']:04}."):
            raise InvalidEvidence(InvalidReason.MISSING_FILE, "the evidence is not inside", path or EVIDENCE)
        if (digests[path], archive.size(path)) != (body.get("sha256"), body.get("size_bytes")):
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "not the file that the entry added", path)
    if len(added) != summary.evidence:
        raise InvalidEvidence(InvalidReason.COUNT_MISMATCH, "not so many files of evidence", INCIDENT)


def _verify_details(
    entries: list[dict[str, Any]], summary: IncidentSummary, digests: Mapping[str, str]
) -> None:
    withheld = set(summary.withheld)
    for entry in entries:
        number, path = entry["number"], details_path(entry["number"])
        digest = entry["body"].get("details_sha256")
        if digest is None or number in withheld:
            if path in digests or (digest is None and number in withheld):
                raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "no entry speaks of these details", path)
            continue
        if not _HEX.fullmatch(str(digest)) or digests.get(path) != digest:
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "not the details that the entry holds", path)


def _only_these_files(archive: Archive, entries: list[dict[str, Any]]) -> None:
    known = {entry["body"]["path"] for entry in entries if entry["kind"] == "EVIDENCE"}
    for path in sorted(archive.members):
        if path.startswith(EVIDENCE) and path not in known:
            raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "no entry added this file", path)
