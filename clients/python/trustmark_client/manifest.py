r"""``trustmark manifest``: what a training job calls before it reads a byte.

    trustmark manifest check faces.manifest.ndjson --server https://licences.example --key-file key
    trustmark manifest fetch sha256:0f3c... --out faces.manifest.ndjson
    trustmark manifest freeze --name faces --dataset faces:3 --territory US --commit $(git rev-parse HEAD) \
        --image registry.example/train@sha256:... --purpose "Dialogue faces"

``check`` verifies a file (signature, id, every row) and asks the server whether it may be trained on *now*: released,
every right still in force, nothing removed. Exit statuses: 0 it may; 3 it may not, or the server gave no answer; 4 the
file is not what was frozen; 2 misuse. One line says why.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidEvidence, TrustError
from trustcore.manifest import Manifest, verify_manifest
from trustcore.signing import keys_from_jwks
from trustmark_client.client import TrustmarkClient
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError
from trustmark_client.exchange import Call

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED, EXIT_NOT_VERIFIED = 0, 2, 3, 4
_ID = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH, _KEYS = "/api/v1/manifests", "/.well-known/decision-jwks.json"


def main(argv: list[str]) -> int:
    """Run one verb; the exit status."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except InvalidEvidence as error:
        return _say(f"not verified: {error.code}: {error.detail}", EXIT_NOT_VERIFIED)
    except ClientError as error:
        return _say(f"denied: {error.code} ({error.detail})", EXIT_DENIED)
    except (ValueError, OSError, TrustError) as error:
        return _say(str(error), EXIT_MISUSE)


def check(options: argparse.Namespace) -> int:
    """Verify the file, where one is given, and ask whether it may be trained on now."""
    path = Path(options.manifest)
    is_file = path.exists()
    if not is_file and not _ID.fullmatch(options.manifest):
        raise ValueError(f"{options.manifest}: no such file, and no id of a manifest")
    if options.offline:
        if not is_file or options.keys is None:
            raise ValueError("--offline verifies a file, under keys of your own (--keys JWKS)")
        return _offline(_verified(path, options.keys.read_bytes()), options)
    with client_of(options) as client, client.transport.hurried(options.patience):
        name = options.manifest
        if is_file:
            jwks = options.keys.read_bytes() if options.keys else _get(client, _KEYS)
            name = _verified(path, jwks).id
        answer = json.loads(_get(client, f"{_PATH}/{quote(name, safe=':')}/check"))
    is_same = not is_file or answer.get("manifest") == name
    if answer.get("permitted") is not True or not is_same:
        return _refused(answer, options)
    _print(options, answer, f"{answer['manifest']}: may be trained on ({answer['checked_at']})")
    return EXIT_DONE


def fetch(options: argparse.Namespace) -> int:
    """Download a manifest and verify it before it gets its name."""
    part = options.out.with_name(options.out.name + ".part")
    with client_of(options) as client:
        part.write_bytes(_get(client, f"{_PATH}/{quote(options.manifest, safe=':')}/file"))
        try:
            found = _verified(part, _get(client, _KEYS))
        except InvalidEvidence:
            part.unlink()
            raise
    part.replace(options.out)
    print(f"{options.out}: {found.id}, {found.head['rows']} rows")
    return EXIT_DONE


def freeze(options: argparse.Namespace) -> int:
    """Freeze a list; prints its id."""
    body = {
        "name": options.name,
        "purpose": options.purpose,
        "territory": options.territory,
        "code_commit": options.commit,
        "container_image": options.image,
        "assets": options.asset,
        "sources": options.source,
        "datasets": [_dataset(text) for text in options.dataset],
    }
    with client_of(options) as client:
        answer = client.transport.request(Call("POST", _PATH, json=body))
    print(answer.json()["manifest"])
    return EXIT_DONE


def _dataset(text: str) -> dict[str, Any]:
    name, _, version = text.rpartition(":")
    if not name or not version.isdigit():
        raise ValueError(f"--dataset {text}: write NAME:VERSION")
    return {"dataset": name, "version": int(version)}


def _verified(path: Path, jwks: bytes) -> Manifest:
    with path.open("rb") as stream:
        return verify_manifest(stream, keys_from_jwks(parse_json_strict(jwks)))


def _offline(found: Manifest, options: argparse.Namespace) -> int:
    told = {"manifest": found.id, "verified": True, "rows": found.head["rows"], "permitted": None}
    _print(
        options,
        told,
        f"{found.id}: as frozen, {found.head['rows']} rows; whether it may be used was not asked",
    )
    return EXIT_DONE


def _refused(answer: dict[str, Any], options: argparse.Namespace) -> int:
    codes = " ".join(str(one["code"]) for one in answer.get("reasons", [])) or "NOT_PERMITTED"
    if options.json:
        print(json.dumps(answer))
    return _say(f"denied: {codes} ({answer.get('manifest')})", EXIT_DENIED)


def _print(options: argparse.Namespace, document: dict[str, Any], sentence: str) -> None:
    print(json.dumps(document) if options.json else sentence)


def _get(client: TrustmarkClient, path: str) -> bytes:
    return client.transport.request(Call("GET", path)).content


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark manifest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    checks = verbs.add_parser("check", help="may this be trained on now?")
    checks.add_argument("manifest", help="the file, or an id: sha256:... or the row's own")
    checks.add_argument(
        "--keys", type=Path, help="the server's keys (decision-jwks.json), pinned instead of fetched"
    )
    checks.add_argument("--offline", action="store_true", help="verify the file alone; grants nothing")
    checks.add_argument("--json", action="store_true", help="print the answer as JSON")
    checks.add_argument(
        "--patience", type=float, default=30.0, help="seconds to wait for the server in all (30)"
    )
    checks.set_defaults(run=check)
    fetches = verbs.add_parser("fetch", help="download and verify a manifest")
    fetches.add_argument("manifest", help="its id")
    fetches.add_argument("--out", type=Path, required=True)
    fetches.set_defaults(run=fetch)
    freezes = verbs.add_parser("freeze", help="freeze a list")
    for name in ("--name", "--purpose", "--territory", "--commit", "--image"):
        freezes.add_argument(name, required=True)
    for name, text in (
        ("--asset", "id of an original"),
        ("--source", "id of a source: all its admitted originals"),
        ("--dataset", "NAME:VERSION of derivatives"),
    ):
        freezes.add_argument(name, action="append", default=[], help=f"{text}; repeat")
    freezes.set_defaults(run=freeze)
    for verb in (checks, fetches, freezes):
        add_connection(verb)
    return parser


def _say(sentence: str, status: int) -> int:
    print(f"trustmark manifest: {sentence}", file=sys.stderr)
    return status
