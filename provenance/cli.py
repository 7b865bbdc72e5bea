"""``trustmark verify FILE``: judge the Content Credentials of a file, offline and without Django.

    trustmark verify delivery.mp4 --anchors authority.pem --crl authority.crl
    trustmark verify delivery.mp4 --policy trust.json --audience guild
    trustmark verify shot.exr --anchors authority.pem --sidecar shot.c2pa

Exit codes: 0 trusted, 1 failed (no such file, a list that cannot be relied on), 2 misuse, 4 not verified.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from provenance.reading import (
    REVOKED,
    CredentialReport,
    CredentialVerdict,
    TimeVerdict,
    read_credentials,
    sidecar_of,
)
from provenance.revocation import revoked_serials
from provenance.trust import TrustList, load_trust_list

_DONE, _FAILED, _NOT_VERIFIED = 0, 1, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Read the arguments, judge the file, say so."""
    parser = _parser()
    given = parser.parse_args(argv)
    if (given.policy is None) != (given.audience is None):
        parser.error("--policy and --audience come together")
    try:
        trust = _trust(given)
        revoked = (
            revoked_serials(trust.crl_pem, anchor_pem=trust.anchor_pem, now=datetime.now(UTC))
            if trust.crl_pem
            else frozenset()
        )
        report = read_credentials(
            given.file,
            anchor_pem=trust.anchor_pem,
            revoked=revoked,
            sidecar=given.sidecar or sidecar_of(given.file),
            timestamp_roots_pem="".join(path.read_text(encoding="ascii") for path in given.timestamp_roots),
        )
    except (OSError, ValueError) as error:
        print(f"trustmark verify: {error}", file=sys.stderr)
        return _FAILED
    print(json.dumps(report.to_dict(), indent=2) if given.json else _in_words(report))
    return _DONE if report.verdict is CredentialVerdict.TRUSTED else _NOT_VERIFIED


def _trust(given: argparse.Namespace) -> TrustList:
    anchors = "".join(path.read_text(encoding="ascii") for path in given.anchors)
    crls = "".join(path.read_text(encoding="ascii") for path in given.crl)
    if given.policy is None:
        return TrustList(anchors, crls)
    listed = load_trust_list(given.policy, given.audience)
    return TrustList(listed.anchor_pem + anchors, listed.crl_pem + crls)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark verify", description="Judge a file's Content Credentials."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--anchors", type=Path, action="append", default=[], metavar="PEM", help="certificates to trust"
    )
    parser.add_argument(
        "--crl", type=Path, action="append", default=[], metavar="PEM", help="their revocation lists"
    )
    parser.add_argument(
        "--sidecar", type=Path, metavar="C2PA", help="the manifest beside it; else FILE with the ending .c2pa"
    )
    parser.add_argument(
        "--timestamp-roots",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="roots of timestamp authorities to trust",
    )
    parser.add_argument("--policy", type=Path, metavar="JSON", help="trust lists by audience")
    parser.add_argument("--audience", metavar="NAME", help="whose trust list of the policy to use")
    parser.add_argument("--json", action="store_true", help="the whole judgement as JSON")
    return parser


def _in_words(report: CredentialReport) -> str:
    lines = [f"Content Credentials: {report.verdict}"]
    if any(REVOKED in finding.failures for finding in report.findings):
        lines[0] += " (the signing certificate was revoked)"
    if report.timestamp is not TimeVerdict.ABSENT:
        lines.append(f"  signed at {report.signed_at or '?'}: timestamp {report.timestamp}")
    if report.digital_source_type:
        lines.append(f"  source type: {report.digital_source_type}")
    for finding in report.findings:
        words = ", ".join(finding.failures) or "nothing against it"
        words += f" ({finding.detail})" if finding.detail else ""
        lines.append(
            f"  {'  ' * finding.depth}{finding.label or 'manifest store'} by {finding.signer or '?'}: {words}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
