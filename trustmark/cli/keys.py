"""``trustmark key list|rotate|revoke``: the deployment's signing keys. Needs the deployment's environment."""

import argparse
import os

from common.errors import DomainError

PURPOSES = ("TOKEN", "LOG", "BUNDLE", "DECISION")
DONE, FAILED = 0, 1


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 misuse)."""
    parser = argparse.ArgumentParser(prog="trustmark key", description="Signing keys of this deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every key with its purpose and state")
    rotate = commands.add_parser(
        "rotate", help="retire the active key (it still verifies) and make a new one"
    )
    rotate.add_argument("purpose", choices=PURPOSES)
    revoke = commands.add_parser("revoke", help="stop trusting a retired key at once")
    revoke.add_argument("kid")
    arguments = parser.parse_args(argv)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    try:
        return _carry_out(arguments)
    except DomainError as error:
        print(f"{error.code}: {error.title} {error.detail}".rstrip())
        return FAILED


def _carry_out(arguments: argparse.Namespace) -> int:
    from audit.services import record
    from common import keys
    from common.models import SigningKey

    if arguments.command == "list":
        for row in SigningKey.objects.order_by("purpose", "created_at"):
            print(f"{row.purpose:<12}{row.state:<9}{row.kid}  {row.created_at:%Y-%m-%dT%H:%M:%SZ}")
        return DONE
    if arguments.command == "rotate":
        row = keys.rotate_key(arguments.purpose)
        record(kind="key.rotated", principal=None, object_type="key", object_id=row.kid)
        print(f"{row.purpose} now signs with {row.kid}")
        return DONE
    row = keys.revoke_key(arguments.kid)
    record(kind="key.revoked", principal=None, object_type="key", object_id=row.kid)
    print(f"{row.kid} is trusted no more")
    return DONE
