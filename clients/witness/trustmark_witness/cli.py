"""``trustmark witness keygen|run``: a witness of logs, on a machine of its own.

Exit codes: 0 done, 1 a log cannot be reached (``--once``) or the state cannot be used, 2 misuse,
4 a log contradicts what it signed before (``--once``); the report lies in the state's folder.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustcore.errors import InvalidKey
from trustcore.log.checkpoint import NoteVerifier
from trustcore.log.cosignature import encode_witness_key, parse_witness_key, witness_verifier
from trustmark_witness.config import ConfigInvalid, FollowedLog, followed_log, read_config
from trustmark_witness.follow import ALARMS, Follower, Outcome, Result
from trustmark_witness.server import serve_witness
from trustmark_witness.source import LogSource
from trustmark_witness.state import StateUnusable, WitnessState

DONE, FAILED, MISUSE, NOT_VERIFIED = 0, 1, 2, 4


def main(argv: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MISUSE
    try:
        return _keygen(options) if options.command == "keygen" else _run(options)
    except (ConfigInvalid, InvalidKey, FileExistsError, ValueError) as error:
        print(f"trustmark witness: {error}", file=sys.stderr)
        return MISUSE
    except (StateUnusable, OSError) as error:
        print(f"trustmark witness: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark witness", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    keygen = commands.add_parser("keygen", help="make a key; print what others need to verify with it")
    keygen.add_argument("--name", required=True, help="the witness's name, e.g. guild.example/witness")
    keygen.add_argument("--out", type=Path, required=True, metavar="FILE", help="the private key, mode 0600")
    run = commands.add_parser("run", help="follow logs, cosign, show what was seen")
    logs = run.add_mutually_exclusive_group(required=True)
    logs.add_argument("--config", type=Path, metavar="FILE", help="TOML: the logs and their keys")
    logs.add_argument("--log", metavar="URL", help="one log's address")
    run.add_argument("--vkey", action="append", default=[], metavar="VKEY|FILE", help="the key of --log")
    run.add_argument("--push", metavar="URL", help="where cosignatures of --log go (URL/cosignatures)")
    run.add_argument("--key", type=Path, required=True, metavar="FILE", help="the witness's private key")
    run.add_argument("--state", type=Path, required=True, metavar="DIR", help="what must never be lost")
    run.add_argument("--listen", metavar="HOST:PORT", help="take add-checkpoint and show what was seen")
    run.add_argument("--interval", type=float, default=10.0, metavar="SECONDS", help="between two looks (10)")
    run.add_argument("--once", action="store_true", help="look at every log once, then end")
    return parser


def _keygen(options: argparse.Namespace) -> int:
    private = Ed25519PrivateKey.generate()
    vkey = witness_verifier(options.name, private.public_key()).vkey  # refuses a bad name
    number = os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as stream:
        stream.write(encode_witness_key(options.name, private) + "\n")
        stream.flush()
        os.fsync(number)
    print(vkey)
    return DONE


def _run(options: argparse.Namespace) -> int:
    followed = (
        read_config(options.config)
        if options.config
        else (followed_log(options.log, options.vkey, options.push),)
    )
    name, signer = parse_witness_key(options.key.read_text("utf-8"))
    verifier = witness_verifier(name, signer.public_key)
    sources = {log.origin: LogSource(log.url, log.push_url) for log in followed if log.url}
    with WitnessState(options.state, verifier) as state:
        follower = Follower(name, signer, state, _keys_by_origin(followed))
        server = serve_witness(follower, *_address(options.listen)) if options.listen else None
        if server is not None:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            host, port = server.socket.getsockname()[:2]
            print(f"listening on {host}:{port}", flush=True)
        try:
            if options.once:
                return _code_of([_look(follower, origin, source) for origin, source in sources.items()])
            _follow(follower, sources, options.interval)
        finally:
            if server is not None:
                server.shutdown()
                server.server_close()
    return DONE


def _keys_by_origin(followed: Sequence[FollowedLog]) -> dict[str, tuple[NoteVerifier, ...]]:
    keys = {log.origin: log.keys for log in followed}
    if len(keys) != len(followed):
        raise ConfigInvalid("a log is named twice")
    return keys


def _follow(follower: Follower, sources: dict[str, LogSource], interval: float) -> None:
    """Look again and again until a signal; say what changed, and every alarm at least once an hour."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    said: dict[str, tuple[Outcome, float]] = {}
    while not stop.is_set():
        for origin, source in sources.items():
            result = follower.pull(origin, source)
            outcome, at = said.get(origin, (None, 0.0))
            if result.outcome is not outcome or time.monotonic() - at > 3600:
                _say(result)
                said[origin] = (result.outcome, time.monotonic())
        stop.wait(interval * random.uniform(0.9, 1.1))  # noqa: S311 - so that witnesses do not come all at once


def _look(follower: Follower, origin: str, source: LogSource) -> Result:
    result = follower.pull(origin, source)
    _say(result)
    return result


def _say(result: Result) -> None:
    where = f"; evidence: {result.evidence}" if result.evidence else ""
    stream = sys.stderr if result.outcome in ALARMS else sys.stdout
    print(f"{result.outcome}: {result.detail}{where}", file=stream, flush=True)


def _code_of(results: Sequence[Result]) -> int:
    outcomes = {result.outcome for result in results}
    if outcomes & ALARMS:
        return NOT_VERIFIED
    return FAILED if Outcome.UNREACHABLE in outcomes else DONE


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise ConfigInvalid(f"--listen takes HOST:PORT, not {text}")
    return host.strip("[]"), int(port)
