r"""``trustmark bundle ask``: ask for a compliance bundle, watch it being made, download it, verify it.

    trustmark bundle ask 0197... --purpose REGULATORY --out film.zip
    trustmark bundle ask 0197... --purpose UNION_REPORTING --talent 0198... --begins 2026-11-01T00:00:00Z
    trustmark bundle fetch 0199... --out film.zip
    trustmark bundle list --project 0197...

A download that broke off goes on where it stopped when the same command is given again. A file gets its name once it
is what the server announced and holds offline (``trustmark bundle verify``). Exit statuses: 0 done; 3 refused or no
answer; 4 it does not hold; 2 misuse.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.layout import Purpose
from trustcore.bundle.revoked import revoked_from_jwks
from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.signing import keys_from_jwks
from trustmark_client.client import TrustmarkClient
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError, ServerUnreachable
from trustmark_client.exchange import Call

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED, EXIT_NOT_VERIFIED = 0, 2, 3, 4
PIECE_BYTES = 8 * 1024 * 1024
_PATH, _KEYS = "/api/v1/bundles", "/.well-known/jwks.json"
_LOOK_AGAIN_SECONDS = 1.0


def main(argv: list[str]) -> int:
    """Run one verb; the exit status."""
    options = _parser().parse_args(argv)
    try:
        with client_of(options) as client:
            return int(options.run(client, options))
    except InvalidEvidence as error:
        where = f"{error.path}: " if error.path else ""
        return _say(f"not verified: {error.code}: {where}{error.detail}", EXIT_NOT_VERIFIED)
    except ClientError as error:
        return _say(f"refused: {error.code} ({error.detail})", EXIT_DENIED)
    except (ValueError, OSError, TrustError) as error:
        return _say(str(error), EXIT_MISUSE)


def ask(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Ask, wait until it is made, and keep it where ``--out`` says; prints its id at once, so that it can be fetched."""
    told = {"project": options.project, "purpose": options.purpose, "talent": options.talent,
            "begins": options.begins, "until": options.until, "size": options.size}  # fmt: skip
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {name: value for name, value in told.items() if value is not None}
    row = client.transport.request(Call("POST", _PATH, lambda: headers, repeatable=True, json=body)).json()
    print(row["id"], flush=True)
    return _finish(client, row, options)


def fetch(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Wait for a bundle that was asked for, and keep it."""
    return _finish(client, _row(client, options.id), options)


def listed(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Print the bundles that the key may fetch, newest first."""
    path = f"{_PATH}?limit=200" + (f"&project={options.project}" if options.project else "")
    while path:
        page = _json(client, path)
        for row in page["results"]:
            if options.json:
                print(json.dumps(row))
            else:
                print(f"{row['id']}  {row['state']:<8}  {row['purpose']:<22}  {row['created_at']}")
        path = (page.get("next") or "").removeprefix(client.transport.base_url)
    return EXIT_DONE


def _finish(client: TrustmarkClient, row: dict[str, Any], options: argparse.Namespace) -> int:
    row = _made(client, row, options.patience)
    if row["state"] != "READY":
        code = row["failure_code"] or "BUNDLE_NOT_READY"
        return _say(f"refused: {code} ({row['id']})", EXIT_DENIED)
    if options.out is None:
        return _print(row, options, f"{row['id']}: ready, {row['size_bytes']:,} bytes")
    part = options.out.with_name(f"{options.out.name}.{row['id']}.part")
    download(client, row, part)
    trust = _trust(client, options)
    try:
        report = verify_bundle(part, trust)
    except InvalidEvidence:
        part.unlink()  # it is what the server has, so another download would be no better
        raise
    part.replace(options.out)
    return _print(row, options, f"{options.out}: {report.sentence}\n{report.trust}")


def _made(client: TrustmarkClient, row: dict[str, Any], patience: float) -> dict[str, Any]:
    """Look until it is made, saying on stderr how far it is; at most ``patience`` seconds."""
    ends_at, told = time.monotonic() + patience, ""
    while row["state"] in ("QUEUED", "BUILDING") and time.monotonic() < ends_at:
        so_far = row["progress"]
        said = row["state"]
        if so_far:
            said = f"{so_far['part']}: {so_far['entries_read']:,} of {so_far['entries']:,} entries"
        if said != told:
            print(said, file=sys.stderr, flush=True)
        told = said
        time.sleep(_LOOK_AGAIN_SECONDS)
        row = _row(client, row["id"])
    return row


def download(client: TrustmarkClient, row: dict[str, Any], part: Path) -> None:
    """Bring ``part`` to the bundle's size, from where it is, a piece at a time; each piece is asked for again if need be.

    Raises:
        InvalidEvidence: ``HASH_MISMATCH``: what came is not the file that was announced; ``part`` is deleted.
        ServerUnreachable: an answer that is no piece; ``part`` stays, and the next call goes on with it.
    """
    size, digest = int(row["size_bytes"]), hashlib.sha256()
    with part.open("a+b") as target:
        target.seek(0)
        for piece in iter(lambda: target.read(PIECE_BYTES), b""):
            digest.update(piece)
        have = target.tell()
        while have < size:
            last = min(have + PIECE_BYTES, size) - 1
            wanted = {"Range": f"bytes={have}-{last}"}
            answer = client.transport.request(Call("GET", row["content"], partial(dict, wanted)))
            piece = answer.content
            whole = answer.status_code == 200 and have == 0 and len(piece) == size
            if not whole and (answer.status_code != 206 or len(piece) != last + 1 - have):
                raise ServerUnreachable(f"bytes {have} to {last} of the bundle did not come")
            target.write(piece)
            digest.update(piece)
            have += len(piece)
    if digest.hexdigest() != row["sha256"]:
        part.unlink()
        raise InvalidEvidence(
            InvalidReason.HASH_MISMATCH, "not the file that was announced; ask for it again", str(part)
        )


def _trust(client: TrustmarkClient, options: argparse.Namespace) -> Trust:
    jwks = options.keys.read_bytes() if options.keys else client.transport.request(Call("GET", _KEYS)).content
    document = parse_json_strict(jwks)
    if not keys_from_jwks(document):
        raise ValueError("there is no key in that key set")  # the bundle's own would be relied on
    roots = options.tsa.read_text("ascii") if options.tsa else ""
    return Trust(keys=keys_from_jwks(document), revoked=revoked_from_jwks(document), stamp_roots=roots)


def _row(client: TrustmarkClient, bundle_id: str) -> dict[str, Any]:
    return _json(client, f"{_PATH}/{bundle_id}")


def _json(client: TrustmarkClient, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.transport.request(Call("GET", path)).json()
    return answer


def _print(row: dict[str, Any], options: argparse.Namespace, sentence: str) -> int:
    print(json.dumps(row) if options.json else sentence)
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark bundle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    asks = verbs.add_parser("ask", help="ask for a bundle, wait for it, download and verify it")
    asks.add_argument("project", metavar="PRODUCTION")
    asks.add_argument("--purpose", choices=[str(one.value) for one in Purpose], required=True)
    asks.add_argument("--talent", metavar="ID", help="one performer's part alone")
    asks.add_argument("--begins", metavar="TIME", help="receipts from this moment (RFC 3339)")
    asks.add_argument("--until", metavar="TIME", help="receipts before this moment")
    asks.add_argument("--size", type=int, metavar="ENTRIES", help="cut at the log's checkpoint of this size")
    asks.set_defaults(run=ask)
    fetches = verbs.add_parser("fetch", help="wait for a bundle that was asked for, download and verify it")
    fetches.add_argument("id")
    fetches.set_defaults(run=fetch)
    for verb in (asks, fetches):
        verb.add_argument("--out", type=Path, required=verb is fetches, help="keep the file here")
        verb.add_argument("--patience", type=float, default=3600.0, help="seconds to wait for it (3600)")
        verb.add_argument("--keys", type=Path, help="jwks.json, pinned instead of fetched")
        verb.add_argument("--tsa", type=Path, help="roots of the timestamp authorities you trust (PEM)")
    lists = verbs.add_parser("list", help="the bundles that your key may fetch")
    lists.add_argument("--project", metavar="PRODUCTION")
    lists.set_defaults(run=listed)
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="print the answer as JSON")
        add_connection(verb)
    return parser


def _say(sentence: str, status: int) -> int:
    print(f"trustmark bundle: {sentence}", file=sys.stderr)
    return status
