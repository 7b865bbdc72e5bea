"""``trustmark log proof verify`` and ``trustmark log compare``: what anybody can ask of a log, without its server.

Both need the log's key (its ``vkey``) from a place that is not the log. ``compare`` reads the network only if
it is given an address.

Exit codes: 0 it holds, 1 a file or address cannot be read, 2 misuse, 4 not verified, not consistent, or not shown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
)

import msgspec

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import MAX_NOTE_BYTES, NoteVerifier
from trustcore.log.compare import Comparison, Verdict, compare_checkpoints, open_checkpoint
from trustcore.log.cosignature import Cosignature
from trustcore.log.proof import MAX_PROOF_BYTES, ProvenEntry, parse_log_proof, verify_log_proof
from trustcore.log.tiles import MAX_BUNDLE_BYTES, Fetch, cut_tile
from trustcore.log.witness import parse_hash_line

DONE, FAILED, MISUSE, NOT_VERIFIED = 0, 1, 2, 4
ACTIONS = frozenset({"proof", "compare"})

_WEB = ("https://", "http://")
_TIMEOUT_SECONDS = 30


def main(argv: Sequence[str]) -> int:
    """Run ``proof verify`` or ``compare``; return the exit code."""
    try:
        options = _parser().parse_args(argv)
        keys = [_read_vkey(text) for text in options.vkey]
        witnesses = [_read_vkey(text) for text in getattr(options, "witness", ())]
        quorum = getattr(options, "quorum", None)
        if quorum is not None and not 0 <= quorum <= len(witnesses):
            print(
                f"trustmark log: {len(witnesses)} witnesses cannot make a quorum of {quorum}", file=sys.stderr
            )
            return MISUSE
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MISUSE
    except (InvalidEvidence, OSError, UnicodeDecodeError) as error:
        print(f"trustmark log: not a verifier key: {error}", file=sys.stderr)
        return MISUSE
    try:
        if options.action == "compare":
            return _compare(options, keys)
        return _verify_proof(options, keys, witnesses)
    except InvalidEvidence as error:
        _say(
            options.json,
            {"verified": False, "code": error.code, "detail": error.detail},
            f"Not verified. {error}",
        )
        return NOT_VERIFIED
    except OSError as error:
        print(f"trustmark log: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark log", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True)
    proof = actions.add_parser("proof", help="verify a .tlog-proof file offline")
    verify = proof.add_subparsers(required=True, metavar="ACTION").add_parser("verify")
    verify.add_argument("file", metavar="FILE")
    verify.add_argument("--entry", metavar="FILE", help="the entry, where the proof does not carry it")
    verify.add_argument(
        "--witness", action="append", default=[], metavar="VKEY|FILE", help="a witness you trust"
    )
    verify.add_argument(
        "--quorum", type=int, metavar="N", help="how many of the witnesses must have cosigned (all)"
    )
    compare = actions.add_parser("compare", help="do two checkpoints belong to one history?")
    compare.add_argument("one", metavar="A", help="a checkpoint: a file, or an address")
    compare.add_argument("other", metavar="B")
    source = compare.add_mutually_exclusive_group()
    source.add_argument("--log-url", metavar="URL", help="the log's address; its tiles are read")
    source.add_argument("--log-dir", metavar="DIR", help="a copy of the log's files")
    source.add_argument("--proof", metavar="FILE", help="consistency proof: JSON of the API, or base64 lines")
    for each in (verify, compare):
        each.add_argument("--vkey", action="append", required=True, metavar="VKEY|FILE", help="the log's key")
        each.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _read_vkey(text: str) -> NoteVerifier:
    return NoteVerifier.parse(
        text if text.count("+") >= 2 and not Path(text).exists() else Path(text).read_text("utf-8")
    )


def _verify_proof(
    options: argparse.Namespace, keys: list[NoteVerifier], witnesses: list[NoteVerifier]
) -> int:
    entry = _read_file(options.entry, MAX_BUNDLE_BYTES) if options.entry else None
    proven = verify_log_proof(
        parse_log_proof(_read_file(options.file, MAX_PROOF_BYTES)),
        log_keys=keys,
        witnesses=witnesses,
        quorum=options.quorum,
        entry=entry,
    )
    _say(options.json, _proven_json(proven), _proven_text(proven))
    return DONE


def _proven_text(proven: ProvenEntry) -> str:
    checkpoint = proven.checkpoint
    seen = ", ".join(_seen(one) for one in proven.cosignatures) or "no witness asked for"
    return (
        f"Leaf {proven.index} stands in {checkpoint.origin} of {checkpoint.size} entries"
        f" (root {checkpoint.root.hex()}). Cosigned: {seen}.\n{proven.entry.decode('utf-8', 'replace')}"
    )


def _seen(one: Cosignature) -> str:
    return f"{one.witness} at {one.seen_at}"


def _proven_json(proven: ProvenEntry) -> dict[str, object]:
    return {
        "verified": True,
        "leaf_index": proven.index,
        "origin": proven.checkpoint.origin,
        "size": proven.checkpoint.size,
        "root": proven.checkpoint.root.hex(),
        "cosignatures": [{"witness": one.witness, "seen_at": one.seen_at} for one in proven.cosignatures],
        "entry": proven.entry.decode("utf-8", "replace"),
    }


def _compare(options: argparse.Namespace, keys: list[NoteVerifier]) -> int:
    one, other = (
        open_checkpoint(_read(where, MAX_NOTE_BYTES), keys) for where in (options.one, options.other)
    )
    comparison = compare_checkpoints(
        one,
        other,
        fetch=_fetch_of(options),
        log_keys=keys,
        proof=_read_consistency(options.proof) if options.proof else None,
    )
    _say(options.json, _comparison_json(comparison), comparison.report())
    return DONE if comparison.verdict is Verdict.CONSISTENT else NOT_VERIFIED


def _comparison_json(comparison: Comparison) -> dict[str, object]:
    shown = {
        name: {"size": one.size, "root": one.checkpoint.root.hex(), "note": one.note.encode().decode()}
        for name, one in (("older", comparison.older), ("newer", comparison.newer))
    }
    proof = [item.hex() for item in comparison.proof]
    return {"verdict": comparison.verdict.value, "detail": comparison.detail, **shown, "proof": proof}


def _read_consistency(path: str) -> list[bytes]:
    data = _read_file(path, MAX_PROOF_BYTES)
    try:
        text = data.decode("utf-8")
        lines = json.loads(text)["hashes"] if text.lstrip().startswith("{") else text.split()
        return [parse_hash_line(line) for line in lines]
    except (ValueError, LookupError, TypeError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a consistency proof", path) from error


def _fetch_of(options: argparse.Namespace) -> Fetch | None:
    base = options.log_url or options.log_dir
    return partial(_fetch, base) if base else None


def _fetch(base: str, path: str) -> bytes:
    """Read a file of the log; a partial tile that is gone is cut from the full one."""
    try:
        return _read(f"{base.rstrip('/')}/{path}", MAX_BUNDLE_BYTES)
    except OSError:
        whole, separator, _ = path.partition(".p/")
        if not separator:
            raise
        return cut_tile(path, _read(f"{base.rstrip('/')}/{whole}", MAX_BUNDLE_BYTES))


def _read(where: str, most: int) -> bytes:
    return _read_web(where, most) if where.startswith(_WEB) else _read_file(where, most)


def _read_file(where: str, most: int) -> bytes:
    with Path(where).open("rb") as stream:
        return _bounded(stream.read(most + 1), most, where)


def _read_web(address: str, most: int) -> bytes:
    opener = OpenerDirector()  # http and https alone: no file, no ftp, no redirect to them
    for handler in (HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    with opener.open(address, timeout=_TIMEOUT_SECONDS) as answer:
        return _bounded(answer.read(most + 1), most, address)


def _bounded(data: bytes, most: int, where: str) -> bytes:
    if len(data) > most:
        raise InvalidEvidence(InvalidReason.TOO_LARGE, f"longer than {most} bytes", where)
    return data


def _say(as_json: bool, document: dict[str, object], text: str) -> None:
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    print(text, file=sys.stdout if as_json or not text.startswith("Not verified") else sys.stderr)
