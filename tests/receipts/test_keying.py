"""A key that leaked is survived: rotated, revoked, and every log shows what came before and what after."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from common import clock, keys
from common.models import SigningKey
from licensing.services.heartbeat import audience_of
from receipts.inspection import inspect_log
from receipts.models import EntryKind, LogEntry
from receipts.selectors import key_use
from receipts.services import (
    drain_log,
    publish_log,
    revoke_signing_key,
    rotate_signing_key,
)
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm
from tests.trustcore.forge import forge
from trustcore.receipt import AuthorisedEntry, CheckedEntry, KeyEntry
from trustmark.cli.keys import main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings: Any) -> None:
    """Nobody else signs in these tests, so nobody is waited for."""
    settings.SIGNER_CACHE_SECONDS = 0


def stolen(farm: Farm, signer: Any) -> str:
    """A token that a thief of the issuer's key makes up."""
    jws = farm.jws()
    assert audience_of(farm.credential)
    return forge(jws, signer, header={"kid": signer.kid}, quota={"frames": 10_000_000})


@pytest.mark.req("BX-027")
@pytest.mark.req("LV-221")
def test_log_shows_what_was_signed_before_and_after_a_key_was_compromised(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    thief = keys.signer_for("TOKEN")
    assert farm.check().json()["decision"] == "ALLOW_WITH_OBLIGATIONS"
    leaked = clock.now()
    forged = stolen(farm, thief)
    # the thief's token verifies as long as the key is trusted, and the log keeps that
    farm.check(token=forged, frame_range={"first": 25, "last": 49})
    new = rotate_signing_key(purpose="TOKEN").kid
    assert main(["revoke", thief.kid, "--compromised-at", clock.rfc3339(leaked + timedelta(seconds=90))]) == 1
    assert "COMPROMISED_AT_INVALID" in capsys.readouterr().out
    revoke_signing_key(kid=thief.kid, compromised_at=leaked)
    answer = farm.check(token=forged, frame_range={"first": 50, "last": 74}).json()
    assert (answer["decision"], answer["reason_codes"][0]) == ("DENY", "KEY_UNTRUSTED")
    # re-issue: the next heartbeat gives a token of the new key, and work goes on
    assert farm.check(frame_range={"first": 75, "last": 99}).json()["lease"] is not None

    told = logged(farm.token.production_id, KeyEntry)
    assert [(entry.event, entry.kid) for entry in told] == [("rotated", new), ("revoked", thief.kid)]
    assert told[1].compromised_at == clock.rfc3339(leaked)
    assert [entry.kid for entry in logged(farm.token.production_id, AuthorisedEntry)] == [thief.kid]
    assert [entry.kid for entry in logged(farm.token.production_id, CheckedEntry)] == [
        thief.kid, thief.kid, thief.kid, new,
    ]  # fmt: skip
    use, other = key_use(thief.kid)[0], key_use(new)[0]
    assert (use.grants_before, use.checks_before) == (1, 2)
    assert (use.grants_after, use.checks_after, use.allowed_after) == (0, 1, 0)
    assert (other.revoked_at_leaf, other.checks_before, other.checks_after) == (None, 1, 0)
    assert main(["show", thief.kid, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["compromised_at"]) == ("REVOKED", clock.rfc3339(leaked))
    assert shown["logs"][0]["revoked_at_leaf"] == use.revoked_at_leaf
    assert main(["show", thief.kid]) == 0
    assert "before: 1 grants, 2 checks" in capsys.readouterr().out
    publish_log(production_id=farm.token.production_id)
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()


def test_every_log_and_every_waiting_grant_hears_of_a_revocation(farm: Farm) -> None:
    other, unopened = make_farm(), factories.make_live_token()[0]
    for one in (farm, other):
        one.lease()
    old = keys.signer_for("TOKEN").kid
    rotate_signing_key(purpose="TOKEN")
    revoke_signing_key(kid=old)
    for production in (farm.token.production_id, other.token.production_id, unopened.production_id):
        assert [entry.event for entry in logged(production, KeyEntry)] == ["rotated", "revoked"]
    assert [use.grants_before for use in key_use(old)] == [1, 1, 1]


def test_change_that_fails_is_told_to_nobody(farm: Farm) -> None:
    farm.lease()
    active = keys.signer_for("TOKEN").kid
    assert main(["revoke", active]) == 1
    assert main(["show", "nobody"]) == 1
    drain_log(production_id=farm.token.production_id)
    assert not LogEntry.objects.filter(kind=EntryKind.KEY).exists()
    assert SigningKey.objects.get(kid=active).state == "ACTIVE"


def test_time_of_a_compromise_that_is_no_time_is_misuse() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["revoke", "kid", "--compromised-at", "yesterday"])
    assert ended.value.code == 2


def test_key_id_that_was_never_ours_does_not_enter_the_log(farm: Farm) -> None:
    signer = keys.signer_for("TOKEN")
    for kid in ("Ada-Merrow-is-the-performer-and-lives-in-Hove", "x" * 43, "a\u0000b", "' or 1=1 --"):
        answer = farm.check(token=forge(farm.jws(), signer, header={"kid": kid})).json()
        assert answer["reason_codes"][0] == "KEY_UNTRUSTED"
    assert {entry.kid for entry in logged(farm.token.production_id, CheckedEntry)} == {None}
