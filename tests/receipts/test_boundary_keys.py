"""The boundary of a licence at the check's door: whose hands it is in, and that its terms are provable later."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from common import keys
from licensing.models import LicenceToken
from tests.receipts.conftest import Farm, logged
from trustcore.errors import InvalidToken
from trustcore.receipt import AuthorisedEntry
from trustcore.signing import keys_from_jwks
from trustcore.tokens import GRANT_TYP, verify_token

pytestmark = pytest.mark.django_db


@pytest.mark.req("ST-005")
def test_licensee_that_was_bought_is_denied_with_a_token_fetched_before(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"] is not None
    licensee = farm.token.licensee
    licensee.control_generation += 1
    licensee.save()
    answer = farm.check(token=jws, frame_range={"first": 25, "last": 49}).json()
    assert (answer["decision"], answer["reason_codes"][0]) == ("DENY", "CHANGE_OF_CONTROL")


@pytest.mark.req("ST-006")
def test_boundary_is_provable_with_public_keys_long_after_the_key_was_retired(
    farm: Farm, settings: Any, move_clock: Any
) -> None:
    keys.rotate_key("TOKEN")
    move_clock(days=400)
    published = keys_from_jwks(Client().get("/.well-known/jwks.json").json())
    read = {"issuer": django_settings.BASE_URL, "audience": None, "now": None, "typ": GRANT_TYP}
    grant = LicenceToken.objects.get(pk=farm.token.pk).grant
    claims = verify_token(grant.jws, keys=published, **read)
    (entry,) = logged(farm.token.production_id, AuthorisedEntry)
    assert (claims.jti, claims.terms_hash) == (entry.jti, entry.terms_hash)
    assert (grant.kid, claims.prj) == (entry.kid, str(farm.token.production_id))
    with pytest.raises(InvalidToken, match="KEY_UNTRUSTED"):
        verify_token(grant.jws, keys={kid: published[kid] for kid in published if kid != grant.kid}, **read)
