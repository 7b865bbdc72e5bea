r"""``trustmark gate exec ... -- CMD``: no licence, no command; a receipt for every frame it leaves.

    trustmark gate exec --token token.jwt --project P --shot sh010 --use-type FACE_RENDER \
        --frames 1-25 --render-territory US --output frames -- render --start 1 --end 25

``gate ask`` puts the same question and runs nothing, for the beginning of a job; ``gate flush`` sends what waits.
Server, API key and proof key come from options or from ``TRUSTMARK_URL``, ``TRUSTMARK_API_KEY`` (or
``TRUSTMARK_API_KEY_FILE``) and ``TRUSTMARK_PROOF_KEY_FILE``; licence, project, shot, use type and territory from
``TRUSTMARK_LICENCE`` and so on. Exit statuses: the command's own; 3 denied, revoked in mid-run or offline; 2 misuse;
1 frames or their receipts are missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from trustmark_client.asks import Ask
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError
from trustmark_client.gate_options import announcer, frames_of, parser_of
from trustmark_client.keys import ClientCertificate, ProofKey
from trustmark_client.outbox import flush_folder
from trustmark_client.session import TOKEN_SECONDS, Work, denied, run_gated, within_patience, would_permit

EXIT_DONE, EXIT_FAILED, EXIT_MISUSE, EXIT_DENIED = 0, 1, 2, 3


def main(argv: list[str]) -> int:
    """Run ``gate exec`` or ``gate flush``; the exit status."""
    own, command = _split(argv)
    options = parser_of(__doc__ or "").parse_args(own)
    if options.verb == "exec" and not command:
        return _misuse("nothing to run: put the command after --")
    try:
        with _client(options) as client:
            if options.verb == "flush":
                return _flush(client, options.outbox)
            announce = announcer(options.announce)
            try:
                with within_patience(client, TOKEN_SECONDS):
                    ask = _ask(options, client)
            except ClientError as error:
                return denied([error.screen_code], str(error), announce)
            if options.verb == "ask":
                return would_permit(client, ask, announce)
            return run_gated(client, ask, _work(options, command), announce)
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
    if counts.damaged:
        print(
            f"{counts.damaged} were damaged on disk and are set aside in {folder} (ROW_DAMAGED): their frames "
            "have no receipt",
            file=sys.stderr,
        )
    return EXIT_FAILED if counts.refused or counts.out_of_step or counts.damaged else EXIT_DONE


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our options before ``--``, the command after it."""
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _client(options: argparse.Namespace) -> TrustmarkClient:
    api_key = os.environ.get("TRUSTMARK_API_KEY") or (
        options.key_file.read_text().strip() if options.key_file else ""
    )
    if not options.server or not api_key:
        raise ValueError("name the server (--server, TRUSTMARK_URL) and the API key (--key-file)")
    if bool(options.client_cert) != bool(options.client_key):
        raise ValueError("a client certificate needs its key, and the reverse (--client-cert, --client-key)")
    if options.verb != "flush" and options.proof_key is None and options.client_cert is None:
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


def _ask(options: argparse.Namespace, client: TrustmarkClient) -> Ask:
    first, last = frames_of(options.frames)
    if options.token is None and not options.licence:
        raise ValueError("name the licence (--licence, TRUSTMARK_LICENCE) or a file with its token (--token)")
    token = options.token.read_text().strip() if options.token else client.fresh_token(options.licence)
    return Ask(
        token=token,
        project=options.project,
        shot=options.shot,
        use_type=options.use_type,
        construct=options.construct,
        first=first,
        last=last,
        lines=options.lines,
        words=options.words,
        task=options.task,
        purpose=options.purpose,
        engine=options.engine,
        engine_version=options.engine_version,
        worker=options.worker,
        operator=options.operator,
        render_territory=options.render_territory,
    )


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
