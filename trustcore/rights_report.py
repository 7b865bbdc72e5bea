"""Rights reports: four questions about training material, answered up to a moment, signed, and checked without a server.

A report is a ZIP archive. ``statement.dsse.json`` is a DSSE envelope (in-toto statement) whose subjects are every other
file of it by its SHA-256 and whose predicate is the head; ``report.json`` is that head again, in canonical JSON. The
tables are lines of JSON and sheets. The id of a report is ``sha256:`` of its head: of one cut there is one report. Its
paper is a PDF with a statement of its own, which names the report that it prints.

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1, RFC 8785.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.dsse import MAX_BYTES, sign_statement, verify_statement
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import dataclass
from trustcore.signing import Signer

PREDICATE_TYPE: Final = "urn:trustmark:predicate:rights-report:v1"
PAPER_TYPE: Final = "urn:trustmark:predicate:rights-report-paper:v1"
FORMAT: Final = "trustmark.rights-report/1"
STATEMENT: Final = "statement.dsse.json"
HEAD: Final = "report.json"
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """A report whose signature and files were verified.

    Attributes:
        id: ``sha256:`` and the hash of the canonical head.
        head: what it answers.
        kid: id of the key that signed it.
        files: SHA-256 of each file by its name.
    """

    id: str
    head: dict[str, Any]
    kid: str
    files: dict[str, str]


def report_id(head: Mapping[str, Any]) -> str:
    """The id of a report with this head."""
    return f"sha256:{sha256_hex(canonical_json(dict(head)))}"


def sign_report(head: Mapping[str, Any], files: Mapping[str, str], signer: Signer) -> bytes:
    """The envelope over ``head`` and the SHA-256 of each table's file."""
    digests = {**files, HEAD: report_id(head)[7:]}
    return sign_statement(digests, PREDICATE_TYPE, head, signer)


def read_statement(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Report:
    """Verify the envelope alone.

    Raises:
        InvalidEvidence: as :func:`~trustcore.dsse.verify_statement`, or ``HASH_MISMATCH``: the head is another one.
    """
    signed = verify_statement(envelope, PREDICATE_TYPE, keys, path=STATEMENT)
    if signed.predicate.get("format") != FORMAT:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another form of report", STATEMENT)
    told = report_id(signed.predicate)
    if signed.digests.get(HEAD) != told[7:]:
        raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "the id is not the hash of the head", STATEMENT)
    return Report(told, signed.predicate, signed.kid, signed.digests)


def verify_report(stream: BinaryIO, keys: Mapping[str, Ed25519PublicKey]) -> Report:
    """Verify a report whole: the signature, and that it holds these files and no others.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``UNSUPPORTED``, ``KEY_UNTRUSTED``, ``SIGNATURE_INVALID`` or ``HASH_MISMATCH``.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if names.count(STATEMENT) != 1 or len(set(names)) != len(names):
                raise InvalidEvidence(InvalidReason.MALFORMED, "no report of this form", None)
            with archive.open(STATEMENT) as member:
                envelope = member.read(MAX_BYTES + 1)
            report = read_statement(envelope, keys)
            if set(names) != {*report.files, STATEMENT}:
                raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "not the files that were signed", None)
            for name, wanted in sorted(report.files.items()):
                if _sha256(archive, name) != wanted:
                    raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "changed after it was signed", name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the archive cannot be read", None) from error
    return report


def paper_predicate(head: Mapping[str, Any]) -> dict[str, Any]:
    """What is signed of a paper: the report that it prints, and what that is about."""
    return {"report": report_id(head), **{name: head[name] for name in ("organisation", "scope", "cut")}}


def verify_paper(paper: bytes, envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    """Verify a paper by its statement; return what was signed of it, ``report`` among it.

    Raises:
        InvalidEvidence: as :func:`~trustcore.dsse.verify_statement`, or ``HASH_MISMATCH``: another paper.
    """
    signed = verify_statement(envelope, PAPER_TYPE, keys, path="statement")
    if list(signed.digests.values()) != [sha256_hex(paper)]:
        raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "another paper was signed", None)
    return signed.predicate


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
