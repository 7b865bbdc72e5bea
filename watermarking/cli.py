"""``trustmark watermark``: marks without a server.

    trustmark watermark embed IN OUT --payload HEX16 [--key FILE] [--crf N | --lossless] [--verify]
    trustmark watermark detect FILE [--candidates FILE] [--key FILE]... [--layers pixel,audio] [--json]
    trustmark watermark seal IN OUT [--key FILE]
    trustmark watermark check-seal FILE [--key FILE] [--json]

The last line on standard output is one JSON object, of an error too (``code``, ``detail``). Exit codes: 0 done,
1 failed, 2 misuse, 4 nothing verified (no mark was found, an embedded layer could not be read back, a seal is
not whole).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trustcore.errors import TrustError
from watermarking.candidates import CandidatesMalformed, read_candidates
from watermarking.engine import DEFAULT_CRF, detect_file, embed_file
from watermarking.keys import DEFAULT_KEY_ID, KeyUnusable, MarkKey, mark_key, read_keys, read_secret
from watermarking.reports import LAYERS, DetectReport, parse_payload

DONE, FAILED, MISUSE, NOT_VERIFIED = 0, 1, 2, 4


class _Misused(TrustError):
    """The command was called in a way that it cannot carry out."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        given = _parser().parse_args(argv)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else MISUSE
        return _failed("USAGE", "the command line was not understood", MISUSE) if code else DONE
    try:
        done: int = given.run(given)
    except (_Misused, CandidatesMalformed) as error:
        return _failed(error.code, error.detail, MISUSE, line=getattr(error, "line", None))
    except KeyUnusable as error:
        return _failed("KEY_UNUSABLE", str(error), MISUSE)
    except TrustError as error:
        return _failed(error.code, error.detail, FAILED)
    except ValueError as error:
        return _failed("VALUE_INVALID", str(error), MISUSE)
    return done


def _failed(code: str, detail: str, exit_code: int, *, line: int | None = None) -> int:
    if exit_code == MISUSE:
        print(f"trustmark watermark: {detail}", file=sys.stderr)
    answer: dict[str, Any] = {"error": code, "code": code, "detail": detail}
    if line is not None:
        answer["line"] = line
    print(json.dumps(answer))
    return exit_code


def _embed(given: argparse.Namespace) -> int:
    key = mark_key(read_secret(given.key), given.key_id)
    _refuse_same(given.source, given.target)
    try:
        payload = parse_payload(given.payload)
    except ValueError as error:
        raise _Misused("PAYLOAD_MALFORMED", str(error)) from error
    report = embed_file(
        given.source,
        given.target,
        mark_id=payload,
        key=key,
        crf=given.crf,
        lossless=given.lossless,
        verify=given.verify,
    )
    print(json.dumps(report.as_dict()))
    return NOT_VERIFIED if given.verify and not report.is_verified else DONE


def _detect(given: argparse.Namespace) -> int:
    keys: tuple[MarkKey, ...] = read_keys(given.key or (), given.key_id or (DEFAULT_KEY_ID,))
    layers = [name.strip().lower() for name in given.layers.split(",")]
    if set(layers) - set(LAYERS):
        raise _Misused("LAYER_UNKNOWN", f"layers are {', '.join(LAYERS)}")
    candidates = None if given.candidates is None else read_candidates(given.candidates)
    report = detect_file(given.file, key=keys, candidates=candidates, layers=layers)
    if not given.json:
        for line in _sentences(report):
            print(line)
    print(json.dumps(report.as_dict()))
    return DONE if report.status == "present" else NOT_VERIFIED


def _refuse_same(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        raise _Misused("SAME_FILE", "IN and OUT are the same file")


def _sentences(report: DetectReport) -> list[str]:
    lines = [f"mark: {report.status}" + (f", {report.payload}" if report.payload else "")]
    for name, layer in report.layers.items():
        if layer is not None:
            lines.append(f"{name}: {layer.status}, p <= {layer.p_value:.1e}, {layer.geometry}")
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark watermark", description="Hidden marks in media.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    embed = commands.add_parser("embed", help="write a marked copy")
    embed.add_argument("source", type=Path, metavar="IN")
    embed.add_argument("target", type=Path, metavar="OUT")
    embed.add_argument("--payload", required=True, metavar="HEX16", help="mark id, 16 hex digits")
    quality = embed.add_mutually_exclusive_group()
    quality.add_argument("--crf", type=_crf, default=DEFAULT_CRF, help="x264 rate factor, 0 to 51")
    quality.add_argument("--lossless", action="store_true", help="lossless H.264 and sound")
    embed.add_argument("--verify", action="store_true", help="read the mark back; exit 4 if it is not there")
    embed.set_defaults(run=_embed)
    detect = commands.add_parser("detect", help="look for a mark")
    detect.add_argument("file", type=Path, metavar="FILE")
    detect.add_argument(
        "--candidates", type=Path, metavar="FILE", help="registered ids, one a line, or binary"
    )
    detect.add_argument("--layers", default=",".join(LAYERS), help="pixel, audio or both")
    detect.add_argument("--json", action="store_true", help="print the JSON object alone")
    detect.add_argument(
        "--key",
        type=Path,
        action="append",
        metavar="FILE",
        help="file, or folder of files, with a mark secret",
    )
    detect.add_argument("--key-id", action="append", help="which key of each secret; may be repeated")
    detect.set_defaults(run=_detect)
    embed.add_argument("--key", type=Path, metavar="FILE", help="file with the mark secret in hex")
    embed.add_argument("--key-id", default=DEFAULT_KEY_ID, help="which key of the secret")
    return parser


def _crf(text: str) -> int:
    value: Any = int(text)
    if not 0 <= value <= 51:
        raise argparse.ArgumentTypeError("0 to 51")
    return int(value)


if __name__ == "__main__":
    sys.exit(main())
