"""``trustmark key``: list, rotate, revoke, told to the trail."""

import pytest

from audit.models import Event
from common import keys
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
