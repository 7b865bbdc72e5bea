"""``trustmark watermark``: marks without a server.

    trustmark watermark embed IN OUT --payload HEX16 [--key FILE] [--quality LEVEL | --crf N | --lossless]
        [--codec NAME] [--verify]
    trustmark watermark detect FILE [--candidates FILE] [--key FILE]... [--layers pixel,audio] [--json]
    trustmark watermark serve-frames --payload HEX16 [--watch DIR --out DIR [--once]] [--fps N] [--key FILE]
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
from watermarking.engine import (
    CODECS,
    QUALITIES,
    check_seal,
    detect_file,
    embed_file,
    frame_marker,
    seal_file,
)
from watermarking.frame_server import FrameServer, Watch, say_line, serve_lines, stopping
from watermarking.keys import DEFAULT_KEY_ID, KeyUnusable, MarkKey, mark_key, read_keys, read_secret
from watermarking.media.staging import ending_on_sigterm
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
        with ending_on_sigterm():
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
        quality=given.quality,
        codec=given.codec,
        verify=given.verify,
    )
    print(json.dumps(report.as_dict()))
    return NOT_VERIFIED if given.verify and not report.is_verified else DONE


def _serve_frames(given: argparse.Namespace) -> int:
    key = mark_key(read_secret(given.key), given.key_id)
    if (given.watch is None) != (given.out is None):
        raise _Misused("USAGE", "--watch and --out go together")
    for folder in filter(None, (given.watch, given.out)):
        if not folder.is_dir():
            raise _Misused("USAGE", f"{folder} is no folder")
    if given.watch is not None and given.watch.resolve() == given.out.resolve():
        raise _Misused("USAGE", "frames cannot go where they come from")
    if not 0 < given.fps <= 1000 or not 0 <= given.settle <= 60:
        raise _Misused("USAGE", "--fps is above 0 and at most 1000, --settle 0 to 60")
    try:
        payload = parse_payload(given.payload)
    except ValueError as error:
        raise _Misused("PAYLOAD_MALFORMED", str(error)) from error
    marker, number_of = frame_marker(
        mark_id=payload, key=key, frames_a_second=given.fps, lossless=given.lossless, device=given.device
    )
    server = FrameServer(marker, number_of, say_line)
    with stopping() as stop:
        if given.watch is not None:
            Watch(given.watch, given.out, settle_seconds=given.settle).serve(server, stop, once=given.once)
        else:
            serve_lines(server, stop, sys.stdin.buffer)
    say_line(server.summary())
    return DONE


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


def _seal(given: argparse.Namespace) -> int:
    key = mark_key(read_secret(given.key), given.key_id)
    _refuse_same(given.source, given.target)
    print(json.dumps(seal_file(given.source, given.target, key=key)))
    return DONE


def _check_seal(given: argparse.Namespace) -> int:
    report = check_seal(given.file, key=mark_key(read_secret(given.key), given.key_id))
    if not given.json:
        print(f"seal: {report['status']}: {report['detail']}")
        for one in report["regions"]:
            where = f"{one['width']}x{one['height']} at {one['x']},{one['y']}"
            print(f"changed: frame {one['frame']}, {where}")
    print(json.dumps(report))
    return DONE if report["status"] == "intact" else NOT_VERIFIED


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
    quality.add_argument(
        "--quality", choices=QUALITIES, default=QUALITIES[0], help="how much the encoding itself may change"
    )
    quality.add_argument("--crf", type=_crf, help="the encoder's own rate factor, 0 to 63")
    quality.add_argument("--lossless", action="store_true", help="nothing but the mark may change")
    embed.add_argument("--codec", choices=CODECS, help="of the pictures; as in IN where that can be written")
    embed.add_argument("--verify", action="store_true", help="read the mark back; exit 4 if it is not there")
    embed.set_defaults(run=_embed)
    serve = commands.add_parser("serve-frames", help="mark single frames as they are rendered")
    serve.add_argument("--payload", required=True, metavar="HEX16", help="mark id, 16 hex digits")
    serve.add_argument("--watch", type=Path, metavar="DIR", help="mark frames that appear here")
    serve.add_argument("--out", type=Path, metavar="DIR", help="where the marked frames go")
    serve.add_argument("--once", action="store_true", help="end when nothing is left to mark")
    serve.add_argument(
        "--settle", type=float, default=0.5, metavar="SECONDS", help="a frame is taken when quiet"
    )
    serve.add_argument("--fps", type=float, default=24.0, help="frames a second of the film")
    serve.add_argument("--lossless", action="store_true", help="nothing but the mark may change")
    serve.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="gpu: CUDA where torch has it")
    serve.set_defaults(run=_serve_frames)
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
    seal = commands.add_parser("seal", help="write a lossless copy that shows where it is edited")
    seal.add_argument("source", type=Path, metavar="IN")
    seal.add_argument("target", type=Path, metavar="OUT", help=".png, .tif or .mkv")
    seal.set_defaults(run=_seal)
    check = commands.add_parser("check-seal", help="find what was edited since it was sealed")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--json", action="store_true", help="print the JSON object alone")
    check.set_defaults(run=_check_seal)
    for command in (embed, serve, seal, check):
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
