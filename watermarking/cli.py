"""``trustmark watermark embed`` and ``trustmark watermark detect``: no server needed.

    trustmark watermark embed IN OUT --payload HEX16 [--key FILE] [--quality LEVEL | --crf N | --lossless]
        [--codec NAME] [--verify]
    trustmark watermark detect FILE [--candidates FILE] [--key FILE] [--layers pixel,audio] [--json]

The last line printed is one JSON object. Exit codes: 0 done, 1 failed, 2 misuse, 4 nothing
verified (no mark was found, or an embedded layer could not be read back).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from watermarking.engine import CODECS, QUALITIES, detect_file, embed_file
from watermarking.errors import MediaError
from watermarking.keys import DEFAULT_KEY_ID, KeyUnusable, mark_key, read_secret
from watermarking.media.staging import ending_on_sigterm
from watermarking.reports import LAYERS, DetectReport, parse_payload

DONE, FAILED, MISUSE, NOT_VERIFIED = 0, 1, 2, 4


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        given = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MISUSE
    try:
        key = mark_key(read_secret(given.key), given.key_id)
        with ending_on_sigterm():
            code: int = given.run(given, key)
    except MediaError as error:
        print(json.dumps({"error": error.code, "detail": error.detail}))
        return FAILED
    except (KeyUnusable, ValueError) as error:
        print(f"trustmark watermark: {error}", file=sys.stderr)
        return MISUSE
    return code


def _embed(given: argparse.Namespace, key: bytes) -> int:
    if given.source.resolve() == given.target.resolve():
        raise ValueError("IN and OUT are the same file")
    report = embed_file(
        given.source,
        given.target,
        mark_id=parse_payload(given.payload),
        key=key,
        crf=given.crf,
        lossless=given.lossless,
        quality=given.quality,
        codec=given.codec,
        verify=given.verify,
    )
    print(json.dumps(report.as_dict()))
    return NOT_VERIFIED if given.verify and not report.is_verified else DONE


def _detect(given: argparse.Namespace, key: bytes) -> int:
    report = detect_file(
        given.file,
        key=key,
        candidates=_read_candidates(given.candidates),
        layers=[name.strip() for name in given.layers.split(",")],
    )
    if not given.json:
        for line in _sentences(report):
            print(line)
    print(json.dumps(report.as_dict()))
    return DONE if report.status == "present" else NOT_VERIFIED


def _read_candidates(path: Path | None) -> list[int] | None:
    """Read one mark id per line; blank lines and lines that begin with # are skipped."""
    if path is None:
        return None
    try:
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the candidates in {path}") from error
    return [parse_payload(line) for line in lines if line and not line.startswith("#")]


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
    quality.add_argument(
        "--quality", choices=QUALITIES, default=QUALITIES[0], help="how much the encoding itself may change"
    )
    quality.add_argument("--crf", type=_crf, help="the encoder's own rate factor, 0 to 63")
    quality.add_argument("--lossless", action="store_true", help="nothing but the mark may change")
    embed.add_argument("--codec", choices=CODECS, help="of the pictures; as in IN where that can be written")
    embed.add_argument("--verify", action="store_true", help="read the mark back; exit 4 if it is not there")
    embed.set_defaults(run=_embed)
    detect = commands.add_parser("detect", help="look for a mark")
    detect.add_argument("file", type=Path, metavar="FILE")
    detect.add_argument("--candidates", type=Path, metavar="FILE", help="registered ids, one per line")
    detect.add_argument("--layers", default=",".join(LAYERS), help="pixel, audio or both")
    detect.add_argument("--json", action="store_true", help="print the JSON object alone")
    detect.set_defaults(run=_detect)
    for command in (embed, detect):
        command.add_argument("--key", type=Path, metavar="FILE", help="file with the mark secret in hex")
        command.add_argument("--key-id", default=DEFAULT_KEY_ID, help="which key of the secret")
    return parser


def _crf(text: str) -> int:
    value: Any = int(text)
    if not 0 <= value <= 63:
        raise argparse.ArgumentTypeError("0 to 63")
    return int(value)


if __name__ == "__main__":
    sys.exit(main())
