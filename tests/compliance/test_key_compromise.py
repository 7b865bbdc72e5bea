"""A key that signed grants leaks: bundles go on proving what was granted, under a key that is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit.models import Event
from common import keys
from common.errors import Conflict, NotFound
from licensing.models import GrantReissue, GrantStatement
from licensing.services import reissue_grants
from tests import factories
from tests.compliance.test_bundles import made, members, saved
from tests.farm import make_farm
from tests.trustcore.forge import parts_of
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.revoked import revoked_from_jwks
from trustcore.errors import InvalidEvidence, InvalidToken
from trustcore.signing import keys_from_jwks
from trustmark.cli.keys import main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings: Any) -> None:
    settings.SIGNER_CACHE_SECONDS = 0


def published() -> Trust:
    """The keys that an auditor fetches now."""
    document = Client().get("/.well-known/jwks.json").json()
    return Trust(keys=keys_from_jwks(document), revoked=revoked_from_jwks(document))


@pytest.mark.req("BX-027")
def test_bundle_verifies_after_its_grants_were_signed_anew_and_not_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = make_farm(factories.make_production())
    farm.render(0, 9)
    leaked = keys.signer_for("TOKEN").kid
    assert (
        verify_bundle(saved(made(farm, purpose="REGULATORY"), tmp_path), published()).summary.counts.rendered
        == 10
    )
    keys.rotate_key("TOKEN")
    keys.revoke_key(leaked)
    with pytest.raises(InvalidEvidence, match="KEY_REVOKED"):
        verify_bundle(saved(made(farm, purpose="REGULATORY"), tmp_path), published())

    assert main(["reissue", leaked]) == 0
    assert "1 grants were signed anew" in capsys.readouterr().out
    path = saved(made(farm, purpose="REGULATORY"), tmp_path)
    assert verify_bundle(path, published()).summary.counts.rendered == 10
    anew = members(path)[f"data/tokens/{farm.token.jti}/v1.grant.jwt"].decode()
    header, payload = parts_of(anew)
    assert header["kid"] == keys.signer_for("TOKEN").kid != leaked
    assert payload == parts_of(farm.token.grant.jws)[1]
    assert Event.objects.get(kind="licence.grant_reissued").details["revoked_kid"] == leaked
    # work goes on, and what was rendered before still has its grant
    farm.render(10, 19)
    assert (
        verify_bundle(saved(made(farm, purpose="REGULATORY"), tmp_path), published()).summary.counts.rendered
        == 20
    )


def test_revocation_by_command_signs_grants_anew_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = [factories.make_live_token()[0] for _ in range(3)]
    leaked = keys.signer_for("TOKEN").kid
    assert main(["rotate", "TOKEN"]) == 0
    later = factories.make_live_token()[0]
    assert main(["revoke", leaked]) == 0
    assert "3 grants were signed anew" in capsys.readouterr().out
    assert set(GrantReissue.objects.values_list("token_id", flat=True)) == {token.pk for token in tokens}
    assert not later.reissues.exists()
    assert reissue_grants(kid=leaked) == 0
    # and once more, when the second key leaks too
    second = keys.signer_for("TOKEN").kid
    assert main(["rotate", "TOKEN"]) == 0
    assert main(["revoke", second]) == 0
    assert "4 grants were signed anew" in capsys.readouterr().out
    assert [token.reissues.count() for token in (*tokens, later)] == [2, 2, 2, 1]


def test_grants_of_a_key_that_is_trusted_or_unknown_are_not_signed_anew() -> None:
    factories.make_live_token()
    with pytest.raises(Conflict, match="KEY_NOT_REVOKED"):
        reissue_grants(kid=keys.signer_for("TOKEN").kid)
    with pytest.raises(NotFound, match="KEY_UNKNOWN"):
        reissue_grants(kid=keys.signer_for("LOG").kid)
    assert not GrantReissue.objects.exists()


def test_statement_that_the_key_never_signed_is_not_made_good() -> None:
    token, _, _ = factories.make_live_token()
    old = keys.signer_for("TOKEN").kid
    keys.rotate_key("TOKEN")
    keys.revoke_key(old)
    head, _, signature = token.grant.jws.rpartition(".")
    with connection.cursor() as cursor:  # a superuser lifts the trigger and changes the row
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table licensing_grantstatement disable trigger user")
        GrantStatement.objects.filter(token=token).update(jws=f"{head}.{signature[::-1]}")
        cursor.execute("alter table licensing_grantstatement enable trigger user")
    with pytest.raises(InvalidToken):
        reissue_grants(kid=old)
    assert not GrantReissue.objects.exists()


def test_statement_signed_anew_is_never_changed() -> None:
    token, _, _ = factories.make_live_token()
    row = GrantReissue.objects.create(token=token, jws="jws", kid="kid")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        GrantReissue.objects.filter(pk=row.pk).update(jws="other")
    assert GrantReissue.objects.get().jws == "jws"
