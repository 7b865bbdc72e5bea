"""Fill an empty database with one live licence and say what a farm needs of it, as one line of JSON.

A program of its own, so that a deployment under test is never the database that the tests themselves use:
``python -m tests.faults.cast '{"frames_max": 250000}'``.
"""

from __future__ import annotations

import json
import os
import sys

import django


def main(changes: dict[str, object]) -> None:
    """Print token, production, API key and proof key of a new licence."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from django.core.management import call_command

    from tests import factories

    call_command("migrate", verbosity=0)
    token, credential, proof_key = factories.make_live_token(**changes)  # type: ignore[arg-type]
    decider = factories.decider_of(token.request)
    agents_key, _ = factories.make_credential(decider.organisation, created_by=decider.person)
    pem = proof_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    told = {
        "jti": str(token.pk),
        "production": str(token.production_id),
        "api_key": credential.secret,  # type: ignore[attr-defined]
        "proof_pem": pem,
        "agents_key": agents_key.secret,  # type: ignore[attr-defined]
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    django.setup()
    main(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
