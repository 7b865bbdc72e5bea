r"""``trustmark gate exec ... -- CMD``: no licence, no command; a receipt for every frame it leaves.

    trustmark gate exec --token token.jwt --project P --shot sh010 --use-type FACE_RENDER \
        --frames 1-25 --render-territory US --output frames -- render --start 1 --end 25

Server, API key and proof key come from options or from ``TRUSTMARK_URL``, ``TRUSTMARK_API_KEY`` (or
``TRUSTMARK_API_KEY_FILE``) and ``TRUSTMARK_PROOF_KEY_FILE``. Exit statuses: the command's own; 3 denied, revoked
in mid-run or offline; 2 misuse; 1 frames or their receipts are missing.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from pathlib import Path

from trustmark_client.asks import Ask
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError
from trustmark_client.keys import ClientCertificate, ProofKey
from trustmark_client.outbox import flush_folder
from trustmark_client.session import Work, run_gated

EXIT_DONE, EXIT_FAILED, EXIT_MISUSE, EXIT_DENIED = 0, 1, 2, 3
_FRAMES = re.compile(r"(\d+)(?:-(\d+))?")


def main(argv: list[str]) -> int:
    """Run ``gate exec`` or ``gate flush``; the exit status."""
    own, command = _split(argv)
    options = _parser().parse_args(own)
    if options.verb == "exec" and not command:
        return _misuse("nothing to run: put the command after --")
    try:
        with _client(options) as client:
            if options.verb == "flush":
                return _flush(client, options.outbox)
            return run_gated(client, _ask(options), _work(options, command))
    except (ValueError, OSError) as error:
        return _misuse(str(error))


def _flush(client: TrustmarkClient, folder: Path) -> int:
    try:
        counts = flush_folder(folder, lambda rows, key: client.send_rows(rows, key=key))
    except ClientError as error:
        print(f"receipts wait in {folder}: {error}", file=sys.stderr)
        return EXIT_FAILED
    print(f"{counts.accepted} accepted, {counts.unauthorised} unauthorised, {counts.refused} refused")
    if counts.out_of_step:
        print(
            f"{counts.out_of_step} wait in {folder}: this clock and the server's disagree (CLOCK_SKEW)",
            file=sys.stderr,
        )
    return EXIT_FAILED if counts.refused or counts.out_of_step else EXIT_DONE


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our options before ``--``, the command after it."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, text in (("exec", "check, then run a command"), ("flush", "send receipts that still wait")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--server", default=os.environ.get("TRUSTMARK_URL"))
        verb.add_argument("--key-file", type=Path, default=_path("TRUSTMARK_API_KEY_FILE"))
        verb.add_argument("--proof-key", type=Path, default=_path("TRUSTMARK_PROOF_KEY_FILE"))
        verb.add_argument("--client-cert", type=Path, help="PEM of the client certificate, for mutual TLS")
        verb.add_argument("--client-key", type=Path, help="PEM of its key")
        verb.add_argument("--ca", type=Path, help="PEM of who issued the server's certificate")
        verb.add_argument("--outbox", type=Path, default=_default_outbox(), help="where receipts wait")
    run = verbs.choices["exec"]
    run.add_argument("--token", type=Path, required=True, help="file with the token")
    run.add_argument("--project", required=True)
    run.add_argument("--shot", required=True)
    run.add_argument("--use-type", required=True)
    run.add_argument("--construct", default="FACE_3D")
    run.add_argument("--frames", help="1-25 or 7")
    run.add_argument("--lines", type=int, help="utterances, for voice")
    run.add_argument("--take", type=int, default=1)
    run.add_argument("--render-territory", required=True, help="where this machine stands, ISO 3166")
    run.add_argument("--task", default="render")
    run.add_argument("--purpose", default="FINAL")
    run.add_argument("--engine", default="command")
    run.add_argument("--engine-version", default="0")
    run.add_argument("--worker", default=platform.node() or "worker")
    run.add_argument("--operator", default=os.environ.get("USER", "farm"))
    run.add_argument("--output", type=Path, help="folder in which one file per frame appears")
    run.add_argument("--own-folder", action="store_true", help="the output folder is this command's alone")
    return parser


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _default_outbox() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "trustmark" / "outbox"


def _client(options: argparse.Namespace) -> TrustmarkClient:
    api_key = os.environ.get("TRUSTMARK_API_KEY") or (
        options.key_file.read_text().strip() if options.key_file else ""
    )
    if not options.server or not api_key:
        raise ValueError("name the server (--server, TRUSTMARK_URL) and the API key (--key-file)")
    if bool(options.client_cert) != bool(options.client_key):
        raise ValueError("a client certificate needs its key, and the reverse (--client-cert, --client-key)")
    if options.verb == "exec" and options.proof_key is None and options.client_cert is None:
        raise ValueError(
            "name the key or certificate that the token is bound to (--proof-key, --client-cert)"
        )
    proof_key = ProofKey.read(options.proof_key) if options.proof_key else None
    certificate = (
        ClientCertificate(options.client_cert, options.client_key, options.ca)
        if options.client_cert
        else None
    )
    return TrustmarkClient(options.server, api_key, proof_key, certificate=certificate)


def _ask(options: argparse.Namespace) -> Ask:
    first, last = _frames(options.frames)
    return Ask(
        token=options.token.read_text().strip(),
        project=options.project,
        shot=options.shot,
        use_type=options.use_type,
        construct=options.construct,
        first=first,
        last=last,
        lines=options.lines,
        task=options.task,
        purpose=options.purpose,
        engine=options.engine,
        engine_version=options.engine_version,
        worker=options.worker,
        operator=options.operator,
        render_territory=options.render_territory,
    )


def _frames(text: str | None) -> tuple[int | None, int | None]:
    """Both ends of ``1-25`` or ``7``.

    Raises:
        ValueError: neither form, or backwards.
    """
    if text is None:
        return None, None
    found = _FRAMES.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise ValueError(f"--frames {text}: write 1-25 or 7")
    return first, last


def _work(options: argparse.Namespace, command: list[str]) -> Work:
    if options.output is not None and options.frames is None:
        raise ValueError("--output needs --frames")
    return Work(
        command=command,
        output=options.output,
        own_folder=options.own_folder,
        outbox=options.outbox,
        take=options.take,
    )


def _misuse(sentence: str) -> int:
    print(f"trustmark gate: {sentence}", file=sys.stderr)
    return EXIT_MISUSE
