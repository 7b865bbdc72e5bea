"""``trustmark key``: the deployment's signing keys. Needs the deployment's environment.

    trustmark key list [--json]
    trustmark key rotate TOKEN
    trustmark key revoke KID [--compromised-at 2026-11-25T08:00:00Z]
    trustmark key reissue KID           go on signing anew the grants that a revoked key signed
    trustmark key show KID [--json]     what every log holds of it, before and after its revocation
    trustmark key ca ...                the authority of the Content Credentials

Exit codes: 0 done, 1 failed, 2 misuse.
"""

import argparse
import json
import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from common.errors import DomainError
from trustcore.receipt import is_utc_time
from trustmark.cli import authority

if TYPE_CHECKING:  # models load after django.setup()
    from common.models import SigningKey

PURPOSES = ("TOKEN", "LOG", "BUNDLE", "DECISION", "STATUS")
DONE, FAILED = 0, 1
_DASHED_KID = re.compile(r"-[A-Za-z0-9_-]{42}", re.ASCII)


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 misuse)."""
    arguments = _parser().parse_args(_kids_last(argv))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from django.db import DatabaseError

    from common.keys import KeyUnreadable
    from trustcore.errors import TrustError

    try:
        _COMMANDS[arguments.command](arguments)
    except DomainError as error:
        print(f"{error.code}: {error.title} {error.detail}".rstrip())
        return FAILED
    except (DatabaseError, KeyUnreadable, TrustError) as error:
        print(f"not done: {error}")
        return FAILED
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark key", description="Signing keys of this deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    listed = commands.add_parser("list", help="every key with its purpose, state and place")
    rotate = commands.add_parser(
        "rotate", help="retire the active key (it still verifies) and make a new one"
    )
    rotate.add_argument("purpose", choices=PURPOSES)
    revoke = commands.add_parser("revoke", help="stop trusting a retired key at once; every log tells it")
    revoke.add_argument("kid")
    revoke.add_argument(
        "--compromised-at", type=_moment, metavar="TIME", help="since when others may have signed with it"
    )
    reissue = commands.add_parser(
        "reissue", help="sign anew the grants of a revoked key, where that broke off"
    )
    reissue.add_argument("kid")
    show = commands.add_parser("show", help="what every log holds of a key, before and after its revocation")
    show.add_argument("kid")
    authority.add_commands(
        commands.add_parser("ca", help="the authority of the Content Credentials"), _moment
    )
    for command in (listed, show):
        command.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _kids_last(argv: list[str]) -> list[str]:
    """One key id in 64 begins with a dash: it is no option for that."""
    kids = [word for word in argv if _DASHED_KID.fullmatch(word)]
    return [*(word for word in argv if word not in kids), "--", *kids] if kids else argv


def _moment(text: str) -> datetime:
    if not is_utc_time(text):
        raise argparse.ArgumentTypeError("an RFC 3339 time in UTC, such as 2026-11-25T08:00:00Z")
    return datetime.fromisoformat(text)


def _list(arguments: argparse.Namespace) -> None:
    from common.models import SigningKey

    rows = SigningKey.objects.order_by("purpose", "created_at")
    if arguments.json:
        print(json.dumps([_facts(row) for row in rows], indent=2))
        return
    for row in rows:
        at = f"{row.created_at:%Y-%m-%dT%H:%M:%SZ}"
        print(f"{row.purpose:<12}{row.state:<9}{row.kid}  {at}  {row.backend} {row.reference}".rstrip())


def _rotate(arguments: argparse.Namespace) -> None:
    from receipts.services import rotate_signing_key

    row = rotate_signing_key(purpose=arguments.purpose)
    print(f"{row.purpose} now signs with {row.kid}")


def _revoke(arguments: argparse.Namespace) -> None:
    from receipts.services import revoke_signing_key

    row = revoke_signing_key(kid=arguments.kid, compromised_at=arguments.compromised_at)
    print(f"{row.kid} is trusted no more")
    if row.purpose == "TOKEN":
        _reissue(arguments)


def _reissue(arguments: argparse.Namespace) -> None:
    from licensing.services import reissue_grants

    print(f"{reissue_grants(kid=arguments.kid)} grants were signed anew")


def _show(arguments: argparse.Namespace) -> None:
    from common.errors import NotFound
    from common.models import SigningKey
    from receipts.selectors import key_use

    row = SigningKey.objects.filter(kid=arguments.kid).first()
    if row is None:
        raise NotFound("KEY_UNKNOWN", "No key has this id.")
    uses = key_use(row.kid)
    if arguments.json:
        logs = [
            {name: str(value) if name == "production_id" else value for name, value in _fields(use).items()}
            for use in uses
        ]
        print(json.dumps({**_facts(row), "logs": logs}, indent=2))
        return
    for name, value in _facts(row).items():
        print(f"{name + ':':<16}{value if value is not None else '-'}")
    for use in uses:
        end = "not revoked here" if use.revoked_at_leaf is None else f"revoked at leaf {use.revoked_at_leaf}"
        print(f"{use.origin}: {end}")
        print(f"  before: {use.grants_before} grants, {use.checks_before} checks")
        print(
            f"  after:  {use.grants_after} grants, {use.checks_after} checks ({use.allowed_after} of them allowed)"
        )


def _fields(use: Any) -> dict[str, Any]:
    return {name: getattr(use, name) for name in use.__slots__}


def _facts(row: "SigningKey") -> dict[str, Any]:
    from common.clock import rfc3339

    times = ("created_at", "retired_at", "revoked_at", "compromised_at")
    return {
        "kid": row.kid,
        "purpose": row.purpose,
        "state": row.state,
        "backend": row.backend,
        "reference": row.reference or None,
        **{name: rfc3339(at) if (at := getattr(row, name)) else None for name in times},
    }


_COMMANDS = {
    "list": _list,
    "rotate": _rotate,
    "revoke": _revoke,
    "reissue": _reissue,
    "show": _show,
    "ca": authority.run,
}
