"""The ``trustmark`` command.

``trustmark bundle verify``, ``trustmark token verify``, ``trustmark log proof verify`` and ``trustmark log
compare`` are answered here and need nothing but this distribution. Everything else belongs to the room that
knows it: an installed distribution offers ``main(argv) -> int`` under the entry point group
``trustmark.commands``, and only the one asked for is imported.

Exit codes: 0 done, 1 failed, 2 misuse, 3 denied, 4 not verified.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import IntEnum
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec

from trustcore import __version__, cli_log, tokencli
from trustcore.bundle import BundleReport, Trust, verify_bundle
from trustcore.bundle.incident import IncidentReport, is_incident_package, verify_incident
from trustcore.bundle.offline import verify_page
from trustcore.bundle.revoked import revoked_from_jwks
from trustcore.encoding import parse_json_strict, sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.log.checkpoint import COSIGNATURE_V1, NoteVerifier
from trustcore.older import dataclass, entry_points_of
from trustcore.signing import keys_from_jwks

COMMANDS = "trustmark.commands"
MAX_JOBS = 64
_OWN_BUNDLE_ACTIONS = frozenset({"verify", "page", "-h", "--help"})


class ExitCode(IntEnum):
    """What a ``trustmark`` command answers with."""

    DONE = 0
    FAILED = 1
    MISUSE = 2
    DENIED = 3
    NOT_VERIFIED = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["log"] and set(arguments[1:2]) & cli_log.ACTIONS:
        return cli_log.main(arguments[1:])
    groups = {point.name: point for point in entry_points_of(COMMANDS)}
    if arguments and arguments[0] in groups and arguments[0] != "bundle":
        return _run_group(groups[arguments[0]], arguments[1:])
    if arguments[:1] == ["bundle"] and "bundle" in groups and set(arguments[1:2]) - _OWN_BUNDLE_ACTIONS:
        return _run_group(groups["bundle"], arguments[1:])  # asking a server for one is the client's
    if arguments[:1] == ["token"]:
        return tokencli.main(arguments[1:])
    parser = _parser(sorted(groups))
    try:
        options = parser.parse_args(arguments)
        if options.action == "page":
            return _write_page(Path(options.file))
        roots = Path(options.tsa).read_text("ascii") if options.tsa else ""
        trust = replace(read_trust(options.key), passkeys=frozenset(options.passkey), stamp_roots=roots)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.MISUSE
    except (TrustError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, InvalidEvidence) and error.reason is InvalidReason.KEY_UNTRUSTED:
            _printer(options).refused(error)
            return ExitCode.NOT_VERIFIED
        print(f"trustmark: --key: {error}", file=sys.stderr)
        return ExitCode.MISUSE
    printer = _printer(options)
    return _verify(
        Path(options.file), trust, printer, options.jobs, Path(options.later) if options.later else None
    )


def _run_group(point: EntryPoint, arguments: list[str]) -> int:
    try:
        command: Callable[[list[str]], int] = point.load()
    except ImportError as error:
        print(f"trustmark {point.name}: not installed here ({error})", file=sys.stderr)
        return ExitCode.FAILED
    return command(arguments)


def _parser(groups: list[str]) -> argparse.ArgumentParser:
    epilog = f"further commands: {', '.join(groups)}" if groups else None
    parser = argparse.ArgumentParser(prog="trustmark", description=__doc__, epilog=epilog)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=f"trustmark {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("token", help="licence tokens and leases, verified offline", add_help=False)
    bundle = commands.add_parser("bundle", help="compliance bundles")
    actions = bundle.add_subparsers(required=True, metavar="ACTION", dest="action")
    page = actions.add_parser(
        "page",
        help="write the page that verifies bundles in a browser",
        description="Write this distribution's own verify.html, so that it need not be taken from a bundle.",
    )
    page.add_argument("file", metavar="FILE", help="where to write it")
    verify = actions.add_parser(
        "verify",
        help="verify a bundle offline",
        description="Verify a compliance bundle or an incident package; no network is used.",
    )
    verify.add_argument("file", metavar="FILE", help="the bundle, a zip file")
    verify.add_argument("--json", action="store_true", help="print the report as JSON")
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="VKEY|FILE",
        help="a key you trust: the log's or a witness's vkey, or a file with it, or a file with the server's jwks.json",
    )
    verify.add_argument(
        "--passkey",
        action="append",
        default=[],
        metavar="THUMBPRINT",
        help="a passkey you know, as its holder reads it on their security page; a signature by any other is refused",
    )
    verify.add_argument(
        "--tsa", metavar="FILE", help="roots of the timestamp authorities you trust (PEM): a stamp must hold"
    )
    verify.add_argument(
        "--later",
        metavar="FILE",
        help="a later bundle of the same production, whose log tells when this one was made (for a key revoked since)",
    )
    verify.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes that read the log (1)")
    return parser


def _write_page(path: Path) -> int:
    try:
        path.write_bytes(verify_page())
    except OSError as error:
        print(f"trustmark: {path}: {error.strerror or error}", file=sys.stderr)
        return ExitCode.FAILED
    print(f"{path}: SHA-256 {sha256_hex(verify_page())}")
    return ExitCode.DONE


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_JOBS:
        raise ValueError
    return number


def read_trust(given: list[str]) -> Trust:
    """Read the keys an auditor brings; each is a vkey, or a file with a vkey or a key set.

    Raises:
        InvalidEvidence: ``KEY_UNTRUSTED``: a key set trusts no key: nothing that is signed could hold.
        TrustError: it is neither.
        OSError: there is no such file.
    """
    trust = Trust()
    for text in given:
        content = text if text.count("+") >= 2 and not Path(text).exists() else Path(text).read_text("utf-8")
        if content.lstrip().startswith("{"):
            document = parse_json_strict(content.encode())
            keys, revoked = keys_from_jwks(document), revoked_from_jwks(document)
            if not keys:  # or else the bundle's own would be relied on
                raise InvalidEvidence(InvalidReason.KEY_UNTRUSTED, "this key set trusts no key", text)
            trust = replace(trust, keys=trust.keys | keys, revoked=trust.revoked | revoked)
            continue
        verifier = NoteVerifier.parse(content)
        if verifier.algorithm == COSIGNATURE_V1:
            trust = replace(trust, witnesses=(*trust.witnesses, verifier))
        else:
            trust = replace(trust, vkey=verifier)
    return trust


def _verify(path: Path, trust: Trust, printer: _Printer, jobs: int, later: Path | None) -> int:
    report: BundleReport | IncidentReport
    try:
        report = (
            verify_incident(path, trust)
            if is_incident_package(path)
            else verify_bundle(path, trust, jobs=jobs, later=later)
        )
    except InvalidEvidence as error:
        printer.refused(error)
        return ExitCode.NOT_VERIFIED
    except OSError as error:
        print(f"trustmark: {path}: {error.strerror or error}", file=sys.stderr)
        return ExitCode.FAILED
    printer.verified(report)
    return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _Printer:
    verified: Callable[[BundleReport | IncidentReport], None]
    refused: Callable[[InvalidEvidence], None]


def _print_report(report: BundleReport | IncidentReport) -> None:
    print(report.sentence)
    if isinstance(report, BundleReport):
        for signed in report.people:
            print(signed.sentence)
        for sentence in filter(
            None,
            (report.withheld_sentence, report.witness_sentence, report.stamp_sentence, report.revoked),
        ):
            print(sentence)
    print(report.trust)


def _print_refusal(error: InvalidEvidence) -> None:
    where = f"{error.path}: " if error.path else ""
    print(f"Not verified. {where}{error.detail} ({error.code})", file=sys.stderr)


def _print_json(document: dict[str, object]) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _report_json(report: BundleReport | IncidentReport) -> None:
    _print_json({"verified": True, "sentence": report.sentence, **msgspec.to_builtins(report)})


def _refusal_json(error: InvalidEvidence) -> None:
    _print_json({"verified": False, "code": error.code, "path": error.path, "detail": error.detail})


def _printer(options: argparse.Namespace) -> _Printer:
    return _Printer(_report_json, _refusal_json) if options.json else _Printer(_print_report, _print_refusal)


if __name__ == "__main__":
    sys.exit(main())
