r"""``trustmark report``: ask for a signed rights report, keep it, and check one without a server.

    trustmark report ask --scope MODEL --about 0197... --out faces.zip
    trustmark report fetch 0198... --out faces.zip
    trustmark report paper 0198... --out faces.pdf
    trustmark report verify faces.zip --keys decision-jwks.json
    trustmark report verify faces.pdf --statement faces.pdf.dsse.json --keys decision-jwks.json

``fetch`` and ``paper`` verify before a file gets its name. Exit statuses: 0 done; 3 refused or no answer; 4 it does not
hold; 2 misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.rights_report import Report, verify_paper, verify_report
from trustcore.signing import keys_from_jwks
from trustmark_client.client import TrustmarkClient
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError
from trustmark_client.exchange import Call

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED, EXIT_NOT_VERIFIED = 0, 2, 3, 4
_PATH, _KEYS = "/api/v1/rights-reports", "/.well-known/decision-jwks.json"
_SCOPES = ("ORGANISATION", "SOURCE", "ASSET", "MANIFEST", "RUN", "MODEL")
_LOOK_AGAIN_SECONDS = 1.0


def main(argv: list[str]) -> int:
    """Run one verb; the exit status."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except InvalidEvidence as error:
        return _say(f"not verified: {error.code}: {error.detail}", EXIT_NOT_VERIFIED)
    except ClientError as error:
        return _say(f"refused: {error.code} ({error.detail})", EXIT_DENIED)
    except (ValueError, OSError, TrustError) as error:
        return _say(str(error), EXIT_MISUSE)


def ask(options: argparse.Namespace) -> int:
    """Ask, wait until it is made, and keep it where ``--out`` says; prints its ids."""
    body = {"scope": options.scope, "about": options.about, "until": options.until, "event": options.event}
    with client_of(options) as client:
        row = client.transport.request(Call("POST", _PATH, json=body)).json()
        ends_at = time.monotonic() + options.patience
        while row["state"] in ("QUEUED", "BUILDING") and time.monotonic() < ends_at:
            time.sleep(_LOOK_AGAIN_SECONDS)
            row = json.loads(_get(client, f"{_PATH}/{row['id']}"))
        if row["state"] != "DONE":
            code = row["problem"] or "REPORT_NOT_DONE"
            return _say(f"refused: {code} ({row['id']})", EXIT_DENIED)
        print(f"{row['id']}: {row['report']}, until {row['until']}, {row['took_ms']} ms")
        return _kept(client, row, options) if options.out else EXIT_DONE


def fetch(options: argparse.Namespace) -> int:
    """Download a report and verify it before it gets its name."""
    with client_of(options) as client:
        return _kept(client, json.loads(_get(client, f"{_PATH}/{options.id}")), options)


def paper(options: argparse.Namespace) -> int:
    """Download the PDF and its statement (``FILE.dsse.json`` beside it), and keep both if they hold."""
    with client_of(options) as client:
        pdf = _get(client, f"{_PATH}/{options.id}/paper")
        statement = _get(client, f"{_PATH}/{options.id}/paper/statement")
        told = verify_paper(pdf, statement, _keys(client, options))
        _require_same(json.loads(_get(client, f"{_PATH}/{options.id}"))["report"], told["report"])
    options.out.write_bytes(pdf)
    options.out.with_name(options.out.name + ".dsse.json").write_bytes(statement)
    print(f"{options.out}: {told['report']}")
    return EXIT_DONE


def verify(options: argparse.Namespace) -> int:
    """Check a file under keys of one's own; no server is asked."""
    keys = keys_from_jwks(parse_json_strict(options.keys.read_bytes()))
    if options.statement is not None:
        told = verify_paper(options.file.read_bytes(), options.statement.read_bytes(), keys)
        return _print(options, {"report": told["report"], "cut": told["cut"], "scope": told["scope"]})
    return _print(options, _told(_verified(options.file, keys)))


def _kept(client: TrustmarkClient, row: dict[str, Any], options: argparse.Namespace) -> int:
    part = options.out.with_name(options.out.name + ".part")
    try:
        part.write_bytes(_get(client, f"{_PATH}/{row['id']}/content"))
        found = _verified(part, _keys(client, options))
        _require_same(row["report"], found.id)
        part.replace(options.out)
    finally:
        part.unlink(missing_ok=True)
    print(f"{options.out}: {found.id}, key {found.kid}")
    return EXIT_DONE


def _require_same(announced: str, found: str) -> None:
    """A genuine report is not the one that was asked for because it is genuine."""
    if announced != found:
        raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "another report was sent", found)


def _verified(path: Path, keys: Any) -> Report:
    with path.open("rb") as stream:
        return verify_report(stream, keys)


def _told(found: Report) -> dict[str, Any]:
    return {
        "report": found.id,
        "key": found.kid,
        **{name: found.head[name] for name in ("organisation", "scope", "cut", "answers")},
    }


def _print(options: argparse.Namespace, told: dict[str, Any]) -> int:
    cut = told["cut"]
    print(json.dumps(told) if options.json else f"{told['report']}: holds, cut at {cut['until']}")
    return EXIT_DONE


def _keys(client: TrustmarkClient, options: argparse.Namespace) -> Any:
    jwks = options.keys.read_bytes() if options.keys else _get(client, _KEYS)
    return keys_from_jwks(parse_json_strict(jwks))


def _get(client: TrustmarkClient, path: str) -> bytes:
    return client.transport.request(Call("GET", path)).content


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    asks = verbs.add_parser("ask", help="ask the four questions about some material")
    asks.add_argument("--scope", choices=_SCOPES, default="ORGANISATION")
    asks.add_argument(
        "--about", default="", metavar="ID", help="what the scope names; of a manifest also sha256:..."
    )
    asks.add_argument("--until", metavar="TIME", help="cut at this moment (RFC 3339); now by default")
    asks.add_argument("--event", type=int, metavar="NUMBER", help="cut at this event of the trail")
    asks.add_argument("--out", type=Path, help="keep the archive here")
    asks.add_argument("--patience", type=float, default=600.0, help="seconds to wait until it is made (600)")
    asks.set_defaults(run=ask)
    for run, text in ((fetch, "download and verify a report"), (paper, "download and verify its PDF")):
        verb = verbs.add_parser(run.__name__, help=text)
        verb.add_argument("id")
        verb.add_argument("--out", type=Path, required=True)
        verb.set_defaults(run=run)
    for verb in verbs.choices.values():
        verb.add_argument("--keys", type=Path, help="decision-jwks.json, pinned instead of fetched")
        add_connection(verb)
    checks = verbs.add_parser("verify", help="check a file; no server is asked")
    checks.add_argument("file", type=Path)
    checks.add_argument("--keys", type=Path, required=True, help="decision-jwks.json")
    checks.add_argument("--statement", type=Path, help="the paper's statement, where the file is a PDF")
    checks.add_argument("--json", action="store_true", help="print what was signed as JSON")
    checks.set_defaults(run=verify)
    return parser


def _say(sentence: str, status: int) -> int:
    print(f"trustmark report: {sentence}", file=sys.stderr)
    return status
