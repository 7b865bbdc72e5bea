"""``trustmark key``: list, rotate, revoke, told to the trail."""

import json
from datetime import timedelta
from typing import Any

import pytest

from audit.models import Event
from common import clock, keys
from common.models import SigningKey
from trustmark.cli.keys import main

pytestmark = pytest.mark.django_db


def test_rotated_key_is_listed_revoked_and_told_to_the_trail(capsys: pytest.CaptureFixture[str]) -> None:
    old = keys.signer_for("TOKEN").kid
    assert main(["rotate", "TOKEN"]) == 0
    new = keys.signer_for("TOKEN").kid
    assert new != old
    assert main(["revoke", old]) == 0
    capsys.readouterr()
    assert main(["list"]) == 0
    listed = {line.split()[2]: line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert (listed[old], listed[new]) == ("REVOKED", "ACTIVE")
    assert list(Event.objects.values_list("kind", "object_id")) == [
        ("key.rotated", new),
        ("key.revoked", old),
    ]


def test_key_that_signs_and_unknown_key_are_not_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    active = keys.signer_for("LOG").kid
    assert main(["revoke", active]) == 1
    assert "KEY_ACTIVE" in capsys.readouterr().out
    assert main(["revoke", "nobody"]) == 1
    assert "KEY_UNKNOWN" in capsys.readouterr().out
    assert active in keys.public_keys("LOG")
    assert not Event.objects.exists()


def test_unknown_purpose_is_misuse() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rotate", "EVERYTHING"])
    assert ended.value.code == 2


def test_key_id_that_begins_with_a_dash_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    kid = "-J2tPbvT0n4Lttt0m86HSG-dsDZQ4eJegX5o2tCYC9U"
    at = clock.now() - timedelta(hours=1)
    SigningKey.objects.create(
        kid=kid, purpose="LOG", state="RETIRED", public_key=b"\1" * 32, sealed_private_key=b"x",
        created_at=at, retired_at=at,
    )  # fmt: skip
    assert main(["show", kid, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "RETIRED"
    assert main(["revoke", kid, "--compromised-at", clock.rfc3339(at + timedelta(minutes=5))]) == 0
    assert SigningKey.objects.get(kid=kid).state == "REVOKED"


def test_list_as_json_names_every_key_and_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    kid = keys.signer_for("BUNDLE").kid
    assert main(["list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["kid"], row["purpose"], row["backend"], row["reference"]) == (kid, "BUNDLE", "database", None)
    assert "sealed" not in str(row)


def test_key_service_that_is_out_fails_the_command(capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    active = keys.signer_for("TOKEN").kid
    settings.KEY_BACKENDS = {**settings.KEY_BACKENDS, "TOKEN": "pkcs11"}
    settings.PKCS11_MODULE = "/nowhere/libhsm.so"
    assert main(["rotate", "TOKEN"]) == 1
    assert "KEY_BACKEND_UNAVAILABLE" in capsys.readouterr().out
    assert SigningKey.objects.get().kid == active
    assert not Event.objects.exists()
