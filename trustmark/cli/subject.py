"""``trustmark subject``: erase a person, with a second pair of eyes; bring a restored backup to where it should be.

    trustmark subject erase --talent ada-merrow --ground CONSENT_WITHDRAWN --as op@house.example --dry-run
    trustmark subject erase --talent ada-merrow --ground CONSENT_WITHDRAWN --as op@house.example
    trustmark subject confirm 0191f0c2-... --as other@house.example [--certificate FILE]
    trustmark subject certificate 0191f0c2-... --certificate FILE
    trustmark subject withdraw 0191f0c2-... --as op@house.example
    trustmark subject reapply

Needs the deployment's environment. ``--as`` names an administrator of the operator; who confirms is another one than who
asked; it is carried out when its days are over (``TRUSTMARK_ERASURE_COOLING_OFF_SECONDS``; 0: at once). ``reapply`` is run after every restore, before the server takes calls: /readyz stays 503 until then. Answers are
JSON. Exit codes: 0 done, 1 failed, 2 misuse, 3 refused: something stands against it.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

DONE, FAILED, REFUSED = 0, 1, 3


def main(argv: list[str]) -> int:
    """Plan, ask, confirm, take back or do again; returns the exit code."""
    given = _parser().parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from common.errors import Conflict, DomainError, Forbidden
    from compliance.erasure.tombstones import TombstoneUnreadable

    try:
        return int(given.act(given))
    except (Conflict, Forbidden) as error:
        return _said({"code": error.code, "detail": f"{error.title} {error.detail or ''}".strip()}, REFUSED)
    except DomainError as error:
        return _said({"code": error.code, "detail": f"{error.title} {error.detail or ''}".strip()}, FAILED)
    except TombstoneUnreadable as error:
        return _said({"code": "TOMBSTONE_UNREADABLE", "detail": str(error)}, FAILED)


def _erase(given: argparse.Namespace) -> int:
    from accounts.operating import require_operator
    from compliance.erasure.people import person_named
    from compliance.erasure.services import ask_erasure, plan_erasure

    principal = _principal(given.person)
    require_operator(principal)
    person = person_named(talent=given.talent or "", user=given.user or "")
    if given.dry_run:
        plan = asdict(plan_erasure(person))
        return _said({"dry_run": True, **plan}, REFUSED if plan["against"] else DONE)
    row = ask_erasure(principal=principal, person=person, ground=given.ground)
    return _said({"erasure": str(row.pk), "state": row.state, "next": "another administrator confirms it"})


def _confirm(given: argparse.Namespace) -> int:
    from compliance.erasure.services import carry_out_erasure, confirm_erasure

    row = confirm_erasure(principal=_principal(given.person), erasure_id=given.erasure)
    row = carry_out_erasure(erasure_id=row.pk) or row  # where it is due already
    if row.certificate is None:
        return _said(
            {"erasure": str(row.pk), "state": row.state, "due_at": row.due_at, "against": row.against}
        )
    return _signed(row, given.certificate)


def _certificate(given: argparse.Namespace) -> int:
    from common.errors import NotFound
    from compliance.erasure.models import Erasure

    row = Erasure.objects.filter(pk=given.erasure).first()
    if row is None:
        raise NotFound
    if row.certificate is None:
        return _said({"erasure": str(row.pk), "state": row.state, "code": "ERASURE_NOT_DONE"}, FAILED)
    return _signed(row, given.certificate)


def _signed(row: Any, path: Path | None) -> int:
    signed = {"certificate": row.certificate, "kid": row.kid, "signature": bytes(row.signature).hex()}
    if path is not None:
        path.write_text(json.dumps(signed, indent=2), "utf-8")
    return _said({"erasure": str(row.pk), "state": row.state, **signed})


def _withdraw(given: argparse.Namespace) -> int:
    from compliance.erasure.services import withdraw_erasure

    row = withdraw_erasure(principal=_principal(given.person), erasure_id=given.erasure)
    return _said({"erasure": str(row.pk), "state": row.state})


def _reapply(given: argparse.Namespace) -> int:
    from compliance.erasure.services import reapply_tombstones

    return _said({"erased_again": reapply_tombstones()})


def _principal(email: str) -> Any:
    from accounts.models import User
    from accounts.principals import principal_of_person
    from common.errors import InvalidInput

    person = User.objects.filter(email__iexact=email, is_active=True).first()
    principal = principal_of_person(person) if person else None
    if principal is None:
        raise InvalidInput("PERSON_UNKNOWN", "There is no such person in any organisation.")
    return principal


def _said(told: Any, code: int = DONE) -> int:
    print(json.dumps(told, default=str))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark subject", description="Erase a person (GDPR, Article 17)."
    )
    acts = parser.add_subparsers(required=True, metavar="erase|confirm|certificate|withdraw|reapply")
    erase = acts.add_parser("erase", help="ask for an erasure, or see with --dry-run what it would do")
    whom = erase.add_mutually_exclusive_group(required=True)
    whom.add_argument(
        "--talent", metavar="HANDLE", help="handle or id of a talent, with the talent's own user"
    )
    whom.add_argument("--user", metavar="EMAIL", help="address or id of a user who is no talent")
    erase.add_argument("--ground", default="CONSENT_WITHDRAWN", help="which of Article 17(1) it is")
    erase.add_argument("--dry-run", action="store_true", help="say what it would do; nothing is kept")
    erase.set_defaults(act=_erase)
    confirm = acts.add_parser("confirm", help="confirm what another one asked for")
    confirm.set_defaults(act=_confirm)
    certificate = acts.add_parser("certificate", help="show what was done, signed")
    certificate.set_defaults(act=_certificate)
    for one in (confirm, certificate):
        one.add_argument(
            "--certificate", type=Path, metavar="FILE", help="write the signed certificate there"
        )
    withdraw = acts.add_parser("withdraw", help="take back what was asked and not carried out yet")
    withdraw.set_defaults(act=_withdraw)
    for one in (confirm, certificate, withdraw):
        one.add_argument("erasure", type=UUID, help="id of the erasure")
    for one in (erase, confirm, withdraw):
        one.add_argument("--as", dest="person", required=True, metavar="EMAIL", help="who acts")
    acts.add_parser("reapply", help="erase again whom a restored backup brought back").set_defaults(
        act=_reapply
    )
    return parser
