"""``trustmark key ca``: the authority of the Content Credentials and its signing certificates.

trustmark key ca list [--json]
trustmark key ca rotate [--authority]       a new signing certificate; with --authority under a new root
trustmark key ca revoke SERIAL [--reason keyCompromise] [--compromised-at TIME]
trustmark key ca crl                        the revocation lists, as PEM
"""

import argparse
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

REASONS = ("keyCompromise", "superseded", "cessationOfOperation")


def add_commands(parser: argparse.ArgumentParser, moment: Callable[[str], datetime]) -> None:
    """Add the commands of this group to ``parser``."""
    commands = parser.add_subparsers(dest="ca_command", required=True)
    listed = commands.add_parser("list", help="every signing certificate with its state")
    listed.add_argument("--json", action="store_true", help="as JSON")
    rotate = commands.add_parser("rotate", help="sign with a new certificate; the old one still verifies")
    rotate.add_argument(
        "--authority", action="store_true", help="under a new root, which verifiers must learn"
    )
    revoke = commands.add_parser("revoke", help="put a retired certificate on the revocation list")
    revoke.add_argument("serial", type=int)
    revoke.add_argument("--reason", choices=REASONS, default=REASONS[0])
    revoke.add_argument("--compromised-at", type=moment, metavar="TIME")
    commands.add_parser("crl", help="print the revocation lists")


def run(arguments: argparse.Namespace) -> None:
    """Carry out one command; Django is set up. Raises ``DomainError``."""
    _COMMANDS[arguments.ca_command](arguments)


def _list(arguments: argparse.Namespace) -> None:
    from provenance.models import SigningAuthority

    rows = [_facts(row) for row in SigningAuthority.objects.order_by("created_at")]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        end = f"revoked {row['revoked_at']} {row['reason']}" if row["revoked_at"] else f"until {row['until']}"
        print(f"{row['state']:<9}{row['serial']}  {end}  root {row['root_sha256'][:16]}")


def _facts(row: Any) -> dict[str, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    from common.clock import rfc3339
    from provenance.services.signing import serial_of

    root = x509.load_pem_x509_certificate(row.authority_pem.encode())
    return {
        # text: a reader of JSON may not keep so large a number
        "serial": str(serial_of(row)),
        "state": row.state,
        "until": rfc3339(row.not_after),
        "revoked_at": rfc3339(row.revoked_at) if row.revoked_at else None,
        "reason": row.revocation_reason or None,
        "compromised_at": rfc3339(row.compromised_at) if row.compromised_at else None,
        "root_sha256": root.fingerprint(SHA256()).hex(),
    }


def _rotate(arguments: argparse.Namespace) -> None:
    from provenance.services import rotate_certificate

    row = rotate_certificate(new_authority=arguments.authority)
    print(f"Content Credentials are now signed with {_facts(row)['serial']}")


def _revoke(arguments: argparse.Namespace) -> None:
    from provenance.services import revoke_certificate

    revoke_certificate(
        serial=arguments.serial, reason=arguments.reason, compromised_at=arguments.compromised_at
    )
    print(f"{arguments.serial} is on the revocation list")


def _crl(arguments: argparse.Namespace) -> None:
    from provenance.services import revocation_lists_pem

    print(revocation_lists_pem(), end="")


_COMMANDS = {"list": _list, "rotate": _rotate, "revoke": _revoke, "crl": _crl}
