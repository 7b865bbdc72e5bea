"""Where the boundary of a licence is: one production, its scope, its parties; refused beyond, and provable later."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from accounts.models import Organisation
from common import keys
from licensing import services as licensing
from licensing.models import GrantStatement, TermsVersion
from receipts.models import RenderCheck
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm
from trustcore.policy.terms import parse_terms, terms_hash
from trustcore.receipt import AuthorisedEntry, CheckedEntry
from trustcore.tokens import GRANT_TYP, verify_token

pytestmark = pytest.mark.django_db


def reasons(response: Any) -> list[str]:
    codes: list[str] = response.json()["reason_codes"]
    return codes


def payload(jws: str) -> dict[str, Any]:
    """What a token says, read by anyone."""
    part = jws.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


@pytest.mark.req("ST-001")
@pytest.mark.parametrize("kind", ["PROJECT", "PRODUCTION", "CAMPAIGN"])
def test_licence_is_locked_to_the_one_work_it_was_asked_for(kind: str) -> None:
    studio = factories.make_studio()
    works = [
        licensing.register_production(
            principal=factories.make_producer(studio), title=f"Work {number}", kind=kind
        )
        for number in range(2)
    ]
    farm = make_farm(production=works[0])
    assert payload(farm.jws())["prj"] == str(works[0].pk)
    assert reasons(farm.check()) == []
    assert reasons(farm.check(project=str(works[1].pk))) == ["PROJECT_MISMATCH"]


@pytest.mark.req("ST-002")
def test_scope_duration_rights_and_territory_stand_in_the_token_and_bind(db: None) -> None:
    farm = make_farm(shots=("0410_0020",), frames_max=100, days=90)
    said = payload(farm.jws())
    assert said["scope"] == {"shots": ["0410_0020"]}
    assert said["quota"]["frames"] == 100
    assert said["win"]["na"] - said["win"]["nb"] == 90 * 86_400
    assert said["ut"] == ["FACE_RENDER", "VOICE_RENDER"]
    assert said["ter"] == {"render": ["CA", "GB", "US"], "dist": ["CA", "GB", "US"]}
    assert reasons(farm.check()) == []
    for beyond, reason in (
        ({"shot": "0410_0030"}, "SHOT_OUT_OF_SCOPE"),
        ({"frame_range": {"first": 100, "last": 175}}, "FRAMES_EXHAUSTED"),
        ({"use_type": "DE_AGING"}, "USE_TYPE_NOT_GRANTED"),
        ({"render_territory": "FR"}, "TERRITORY_DENIED"),
    ):
        assert reasons(farm.check(**beyond)) == [reason]


@pytest.mark.req("ST-005")
def test_new_owner_of_the_licensee_is_refused_and_the_token_says_why(farm: Farm) -> None:
    said = payload(farm.jws())
    assert (said["sub"], said["coc"], said["ccr"]) == (str(farm.token.licensee_id), 1, "TERMINATE")
    jws = farm.jws()
    assert reasons(farm.check(token=jws)) == []
    Organisation.objects.filter(pk=farm.token.licensee_id).update(control_generation=2)
    assert reasons(farm.check(token=jws)) == ["CHANGE_OF_CONTROL"]
    assert logged(farm.token.production_id, CheckedEntry)[-1].reasons == ("CHANGE_OF_CONTROL",)
    beat = licensing.heartbeat_token(principal=farm.principal, jti=farm.token.pk)
    assert beat.reasons == ("CHANGE_OF_CONTROL",)


@pytest.mark.req("ST-006")
def test_signed_terms_show_years_later_where_the_boundary_was_and_by_which_rules_was_decided(
    farm: Farm,
) -> None:
    """Grant, terms, log and decision agree on one hash, which anyone computes from the terms alone."""
    answer = farm.check(render_territory="FR").json()
    version = TermsVersion.objects.get(pk=farm.token.terms_id)
    hashed = terms_hash(parse_terms(version.terms))
    grant = verify_token(
        GrantStatement.objects.get(token=farm.token).jws,
        keys=keys.public_keys("TOKEN"),
        issuer=payload(farm.jws())["iss"],
        audience=f"urn:trustmark:licence:{farm.token.licence_id}",
        now=int(farm.token.created_at.timestamp()) + 1,
        typ=GRANT_TYP,
    )
    (authorised,) = logged(farm.token.production_id, AuthorisedEntry)
    assert hashed == version.terms_hash == grant.terms_hash == authorised.terms_hash
    assert "FR" not in grant.ter.render
    refused = logged(farm.token.production_id, CheckedEntry)[-1]
    assert (refused.jti, refused.terms_version, refused.reasons) == (
        str(farm.token.pk), version.version, ("TERRITORY_DENIED",),
    )  # fmt: skip
    kept = RenderCheck.objects.get(pk=answer["decision_id"])
    assert (kept.policy_version, kept.policy_hash) == (refused.policy_version, answer["policy_hash"])
    altered = {**version.terms, "render_territory": [*version.terms["render_territory"], "FR"]}
    assert terms_hash(parse_terms(altered)) != grant.terms_hash, "a wider boundary is another hash"
