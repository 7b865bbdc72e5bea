r"""``trustmark takedown``: open a case from the shell, hold a drill, follow one, keep its certificate.

    trustmark takedown open --reason "Claim 8 of 3 March" --asset 0197... --asset 0198...
    trustmark takedown drill --reason "Quarterly" --source 0197...
    trustmark takedown show 0197...
    trustmark takedown certificate 0197... --out case.dsse.json

What reaches into law (removing, calling off, closing) is done by counsel, signed in. Exit statuses: 0 done; 3 refused or
no answer; 4 the certificate does not hold; 2 misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from trustcore.dsse import verify_statement
from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidEvidence, TrustError
from trustcore.signing import keys_from_jwks
from trustmark_client.client import TrustmarkClient
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError
from trustmark_client.exchange import Call

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED, EXIT_NOT_VERIFIED = 0, 2, 3, 4
PREDICATE_TYPE = "urn:trustmark:predicate:takedown:v1"
_PATH, _KEYS = "/api/v1/takedowns", "/.well-known/decision-jwks.json"
_TRIGGERS = ("CLAIM", "LICENCE_EXPIRED", "RIGHTS_REVOKED", "POLICY_CHANGED")


def main(argv: list[str]) -> int:
    """Run one verb; the exit status."""
    options = _parser().parse_args(argv)
    try:
        with client_of(options) as client:
            return int(options.run(client, options))
    except InvalidEvidence as error:
        return _say(f"not verified: {error.code}: {error.detail}", EXIT_NOT_VERIFIED)
    except ClientError as error:
        return _say(f"refused: {error.code} ({error.detail})", EXIT_DENIED)
    except (ValueError, OSError, TrustError) as error:
        return _say(str(error), EXIT_MISUSE)


def begin(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Open a case, or hold a drill; prints its id and what it reaches."""
    body = {
        "trigger": options.trigger,
        "reason": options.reason,
        "assets": options.asset,
        "sources": options.source,
        "rights": options.rights,
        "is_drill": options.is_drill,
    }
    case = client.transport.request(Call("POST", _PATH, json=body)).json()
    return _print(case, options)


def show(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Print how a case stands."""
    return _print(client.transport.request(Call("GET", f"{_PATH}/{options.id}")).json(), options)


def certificate(client: TrustmarkClient, options: argparse.Namespace) -> int:
    """Fetch a certificate, and keep it if it holds."""
    envelope = client.transport.request(Call("GET", f"{_PATH}/{options.id}/certificate")).content
    jwks = options.keys.read_bytes() if options.keys else client.transport.request(Call("GET", _KEYS)).content
    signed = verify_statement(envelope, PREDICATE_TYPE, keys_from_jwks(parse_json_strict(jwks)))
    options.out.write_bytes(envelope)
    print(
        f"{options.out}: {signed.predicate['state']}, {signed.predicate['reached']} reached, key {signed.kid}"
    )
    return EXIT_DONE


def _print(case: dict[str, Any], options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps(case))
    else:
        counts = ", ".join(f"{number} {kind}" for kind, number in case["counts"].items())
        print(
            f"{case['id']}: {case['state']}, {case['reached']} reached ({counts}), root {case['reached_root']}"
        )
    return EXIT_DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark takedown", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, text in (("open", "open and contain a case"), ("drill", "measure one and change nothing")):
        verb = verbs.add_parser(name, help=text)
        verb.add_argument("--reason", required=True)
        verb.add_argument("--trigger", choices=_TRIGGERS, default="CLAIM")
        for what in ("--asset", "--source", "--rights"):
            verb.add_argument(what, action="append", default=[], metavar="ID", help="repeat")
        verb.set_defaults(run=begin, is_drill=name == "drill")
    shows = verbs.add_parser("show", help="how a case stands")
    shows.set_defaults(run=show)
    certifies = verbs.add_parser("certificate", help="fetch and verify a certificate")
    certifies.add_argument("--out", type=Path, required=True)
    certifies.add_argument("--keys", type=Path, help="decision-jwks.json, pinned instead of fetched")
    certifies.set_defaults(run=certificate)
    for verb in (shows, certifies):
        verb.add_argument("id")
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="print the answer as JSON")
        add_connection(verb)
    return parser


def _say(sentence: str, status: int) -> int:
    print(f"trustmark takedown: {sentence}", file=sys.stderr)
    return status
