"""Where things stand in a bundle, and the shape of its summary.

A bundle is a zip file of one BagIt 1.0 bag:

    <name>/bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt  signature.dsse.json
    <name>/signature.dsse.json.tsr                where an authority stamped the signature: its response (RFC 3161)
    <name>/data/bundle.json                       what this is: production, purpose, log size and root, counts
    <name>/data/keys/jwks.json                    the public keys that everything inside is signed with
    <name>/data/tokens/<jti>/v<n>.terms.json      terms, canonical JSON, as hashed and approved
    <name>/data/tokens/<jti>/v<n>.grant.jwt       the signed grant of that version
    <name>/data/tokens/<jti>/history.json         the token's life, each step with its place in the log
    <name>/data/tokens/<jti>/withheld.json        instead of these three, where the reader may not see the terms
    <name>/data/receipts/receipts.ndjson .csv     one row per frame entry, in the order of the log
    <name>/data/log/checkpoint vkey tile/...      the whole log as C2SP static files
    <name>/data/marks/report.json                 marks and their verification
    <name>/data/manifests/<asset>.c2pa .json      Content Credentials of each output
    <name>/data/audit/events.ndjson               the deployment's events of this production
    <name>/data/verify.html                       the page that verifies a bundle in a browser
    <name>/data/summary.html .pdf                 what the bundle shows, for people who read
    <name>/data/ro-crate-metadata.json            the index: what each file is (RO-Crate 1.1)
    <name>/data/receipts/receipts.parquet         the receipts once more, with their entries, for other tools
    <name>/data/profiles/<ref>.json               each compliance profile that the terms name
    <name>/data/witnesses/<n>.note <n>.vkey       what each witness cosigned of this log
    <name>/data/usage/                            the guild's usage report
    <name>/data/reconciliation/<id>.json          receipts against files, as they were compared
    <name>/data/duties/<asset>.json               what the law asks of each output, and what shows that it was done
    <name>/data/scope.json                        where a part was asked for (a talent, a period): which, and its counts
    <name>/data/receipts/asked.ndjson .csv        the receipts of that part
    <name>/data/omc/graph.omc.json                where it all came from (OMC-JSON 2.8), generation records in it
    <name>/data/omc/graph.prov.json               the same graph as W3C PROV-JSON
    <name>/data/provenance/events.ndjson          the events that the graph is made of, or their digests, as the log has them

Paths below are relative to the bag, in the form manifests and statements name them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from trustcore.encoding import parse_json_strict, prepare_readers
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import StrEnum

BAGIT: Final = "bagit.txt"
BAG_INFO: Final = "bag-info.txt"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
SIGNATURE: Final = "signature.dsse.json"
TAG_FILES: Final = (BAG_INFO, BAGIT, MANIFEST, SIGNATURE)
"""What the tag manifest lists, in its order; the stamp follows where there is one."""
SIGNATURE_STAMP: Final = "signature.dsse.json.tsr"

PAYLOAD: Final = "data/"
SUMMARY: Final = "data/bundle.json"
JWKS: Final = "data/keys/jwks.json"
RECEIPTS_NDJSON: Final = "data/receipts/receipts.ndjson"
RECEIPTS_CSV: Final = "data/receipts/receipts.csv"
LOG: Final = "data/log/"
MARKS: Final = "data/marks/report.json"
MANIFESTS: Final = "data/manifests/"
EVENTS: Final = "data/audit/events.ndjson"
TOKENS: Final = "data/tokens/"
VERIFY_PAGE: Final = "data/verify.html"
SUMMARY_PAGE: Final = "data/summary.html"
SUMMARY_PDF: Final = "data/summary.pdf"
RO_CRATE: Final = "data/ro-crate-metadata.json"
RECEIPTS_PARQUET: Final = "data/receipts/receipts.parquet"
PROFILES: Final = "data/profiles/"
WITNESSES: Final = "data/witnesses/"
USAGE: Final = "data/usage/"
RECONCILIATION: Final = "data/reconciliation/"
DUTIES: Final = "data/duties/"
OMC: Final = "data/omc/graph.omc.json"
PROV: Final = "data/omc/graph.prov.json"
PROVENANCE: Final = "data/provenance/events.ndjson"

SUMMARY_SCHEMA: Final = "trustmark.bundle/1"
HISTORY_SCHEMA: Final = "trustmark.history/1"
WITHHELD_SCHEMA: Final = "trustmark.withheld/1"
MARKS_SCHEMA: Final = "trustmark.marks/1"

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:trustmark:predicate:bundle:v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"

CSV_COLUMNS: Final = (
    "leaf_index",
    "id",
    "outcome",
    "reason",
    "frame",
    "take",
    "shot",
    "use_type",
    "construct",
    "talent",
    "jti",
    "terms_version",
    "check",
    "lease",
    "started_at",
    "finished_at",
    "file_sha256",
    "pixel_sha256",
    "mark",
)
"""The columns of ``receipts.csv``; the members of an NDJSON row are the same."""


class Purpose(StrEnum):
    """What a bundle is for."""

    UNION_REPORTING = "UNION_REPORTING"
    DISTRIBUTION_CLEARANCE = "DISTRIBUTION_CLEARANCE"
    EO_INSURANCE = "EO_INSURANCE"
    REGULATORY = "REGULATORY"


class LogRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The log at the bundle's cut-off: its origin, size, and root hash in hex."""

    origin: str
    root: str
    size: int


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many entries of each kind the log holds, and how the frames among them came out.

    Attributes:
        denied: checks that were answered with anything but an allowance.
        receipts: frame entries of any outcome, so rows of the receipt files.
        rendered: frame entries with outcome ``RENDERED`` or ``RERENDER_OF``.
        tokens: distinct token ids that were authorised; ``token_versions`` counts their versions.
    """

    checks: int = 0
    denied: int = 0
    discarded: int = 0
    exported: int = 0
    failed: int = 0
    marked: int = 0
    receipts: int = 0
    rendered: int = 0
    revoked: int = 0
    token_versions: int = 0
    tokens: int = 0
    unauthorised: int = 0
    verified: int = 0


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``data/bundle.json``.

    Attributes:
        created_at: RFC 3339 UTC.
        generator: name and version of the program that wrote the bundle.
        issuer: the server's URL, as its grants name it.
        production: id of the production; ``title`` its working title.
        schema: always ``trustmark.bundle/1``.
    """

    bundle: str
    counts: Counts
    created_at: str
    generator: str
    issuer: str
    log: LogRef
    production: str
    purpose: Purpose
    schema: str = SUMMARY_SCHEMA
    title: str


_encoder = msgspec.json.Encoder(order="sorted")
prepare_readers(Summary)


def encode_summary(summary: Summary) -> bytes:
    """Return the bytes of ``data/bundle.json`` (canonical JSON)."""
    return _encoder.encode(summary)


def parse_summary(data: bytes) -> Summary:
    """Read ``data/bundle.json``.

    Raises:
        InvalidEvidence: ``JSON_INVALID``, ``MALFORMED``, or ``UNSUPPORTED`` for another schema.
    """
    document = parse_json_strict(data)
    if isinstance(document, dict) and document.get("schema") != SUMMARY_SCHEMA:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another version of the bundle format", SUMMARY)
    try:
        return msgspec.convert(document, Summary)
    except msgspec.ValidationError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, str(error), SUMMARY) from error


def terms_path(jti: str, version: int) -> str:
    """Return the path of one version of a token's terms."""
    return f"{TOKENS}{jti}/v{version}.terms.json"


def grant_path(jti: str, version: int) -> str:
    """Return the path of the signed grant of that version."""
    return f"{TOKENS}{jti}/v{version}.grant.jwt"


def history_path(jti: str) -> str:
    """Return the path of a token's history."""
    return f"{TOKENS}{jti}/history.json"


def withheld_path(jti: str) -> str:
    """Return the path of what stands in for a token whose terms the reader may not see."""
    return f"{TOKENS}{jti}/withheld.json"


def manifest_store_path(asset: str) -> str:
    """Return the path of an output's C2PA manifest store; ``.json`` beside it is its readable form."""
    return f"{MANIFESTS}{asset}.c2pa"
