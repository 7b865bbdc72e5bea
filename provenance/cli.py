"""``trustmark verify FILE``: judge the Content Credentials of a file, offline and without Django.

    trustmark verify delivery.mp4 --anchors authority.pem

Exit codes: 0 trusted, 1 failed (no such file), 2 misuse, 4 not verified.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from provenance.reading import CredentialReport, CredentialVerdict, read_credentials

_DONE, _FAILED, _NOT_VERIFIED = 0, 1, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Read the arguments, judge the file, say so."""
    given = _parser().parse_args(argv)
    try:
        anchors = "".join(path.read_text(encoding="ascii") for path in given.anchors)
        report = read_credentials(given.file, anchor_pem=anchors)
    except (OSError, ValueError) as error:
        print(f"trustmark verify: {error}", file=sys.stderr)
        return _FAILED
    print(json.dumps(report.to_dict(), indent=2) if given.json else _in_words(report))
    return _DONE if report.verdict is CredentialVerdict.TRUSTED else _NOT_VERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark verify", description="Judge a file's Content Credentials."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--anchors", type=Path, action="append", default=[], metavar="PEM", help="certificates to trust"
    )
    parser.add_argument("--json", action="store_true", help="the whole judgement as JSON")
    return parser


def _in_words(report: CredentialReport) -> str:
    lines = [f"Content Credentials: {report.verdict}"]
    if report.digital_source_type:
        lines.append(f"  source type: {report.digital_source_type}")
    for finding in report.findings:
        words = ", ".join(finding.failures) or "nothing against it"
        lines.append(
            f"  {'  ' * finding.depth}{finding.label or 'manifest store'} by {finding.signer or '?'}: {words}"
        )
    return "\n".join(lines)
