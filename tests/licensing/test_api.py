"""The HTTP face: keys and scopes, bodies that cannot be read, pages, repeats, strangers."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from common.errors import InvalidInput
from licensing import services
from licensing.models import LicenceRequest, Production
from tests import factories
from tests.licensing.conftest import Api, Cast


@pytest.mark.req("ST-056")
@pytest.mark.req("ST-057")
def test_studio_with_a_key_registers_a_production_and_one_without_is_turned_away(
    api: Api, cast: Cast
) -> None:
    guild = cast.production.guild
    assert guild is not None
    made = api.post(
        "productions", {"title": "Saltwater Parliament", "kind": "PRODUCTION", "guild": guild.slug}
    )
    assert made.status_code == 201
    body = made.json()
    assert (body["title"], body["guild"]) == ("Saltwater Parliament", guild.slug)
    assert body["origin"].endswith(f"/log/{body['id']}")
    assert api.get(f"productions/{body['id']}").json() == body

    nobody = Client().post(
        "/api/v1/productions", {"title": "X", "kind": "PRODUCTION"}, content_type="application/json"
    )
    assert (nobody.status_code, nobody.json()["code"]) == (401, "UNAUTHENTICATED")
    wrong = Client().get("/api/v1/productions", headers={"Authorization": "Bearer tm_0000000000_guess"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "API_KEY_INVALID")
    assert Production.objects.filter(title="X").count() == 0


@pytest.mark.req("ST-058")
@pytest.mark.req("ST-090")
def test_starting_a_shot_asks_for_a_ninety_day_face_licence_in_one_call(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    made = api.post(
        "license-requests",
        {**request_body, "use_types": ["FACE_RENDER"], "constructs": ["FACE_3D"], "shots": ["0410_0020"]},
    )
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["waiting_on"]) == ("SUBMITTED", ["AGENT"])
    assert body["terms"]["scope"]["shots"] == ["0410_0020"]
    assert body["terms"]["window"]["days"] == 90
    assert body["token"] is None
    reader = Api(Client(), factories.make_credential(cast.producer.organisation, scopes=["licence:read"])[0])
    refused = reader.post("license-requests", request_body)
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")


def test_accepting_and_withdrawing_over_the_api(api: Api, cast: Cast, request_body: dict[str, Any]) -> None:
    made = api.post("license-requests", request_body).json()
    services.counter_request(
        principal=cast.agent,
        request_id=made["id"],
        terms_hash=made["terms_hash"],
        changes={"render_territory": ["US"]},
    )
    stale = api.post(f"license-requests/{made['id']}/accept", {"terms_hash": made["terms_hash"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "TERMS_CHANGED")
    read = api.get(f"license-requests/{made['id']}").json()
    assert read["waiting_on"] == ["LICENSEE"]
    accepted = api.post(f"license-requests/{made['id']}/accept", {"terms_hash": read["terms_hash"]})
    assert accepted.json()["state"] == "COUNTER_ACCEPTED"
    assert [one["kind"] for one in accepted.json()["actions"]] == ["SUBMIT", "COUNTER", "ACCEPT_COUNTER"]
    gone = api.post(f"license-requests/{made['id']}/withdraw", {})
    assert gone.json()["state"] == "WITHDRAWN"
    assert api.post(f"license-requests/{made['id']}/withdraw", {}).json()["code"] == "REQUEST_STATE"


def test_strangers_get_the_same_404_for_what_is_there_and_what_is_not(
    api: Api, stranger_api: Api, cast: Cast
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    for path in ("productions", "license-requests", "tokens"):
        there = {"productions": cast.production.pk, "license-requests": token.request_id, "tokens": token.pk}
        assert api.get(f"{path}/{there[path]}").status_code == 200
        hidden, missing = stranger_api.get(f"{path}/{there[path]}"), stranger_api.get(f"{path}/{uuid4()}")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.content == missing.content
        assert stranger_api.get(path).json()["results"] == []
    for path in (
        f"license-requests/{token.request_id}/accept",
        f"license-requests/{token.request_id}/withdraw",
        f"tokens/{token.pk}/heartbeat",
        f"tokens/{token.pk}/revoke",
    ):
        body = {"terms_hash": token.terms.terms_hash} if path.endswith("accept") else {}
        body = {"reason": "x"} if path.endswith("revoke") else body
        assert stranger_api.post(path, body).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"use_types": ["FACE_RENDERING"]}, "use_types"),
        ({"use_types": []}, "use_types"),
        ({"channels": ["CINEMA"]}, "channels"),
        ({"replica_class": "CLONE"}, "replica_class"),
        ({"window": {"days": 90, "weeks": 2}}, "window.weeks"),
        ({"window": {"days": 0}}, "window.days"),
        ({"frames_max": -1}, "frames_max"),
        ({"frames_max": 1.5}, "frames_max"),
        ({"project": "film-a"}, "project"),
        ({"surprise": True}, "surprise"),
    ],
)
def test_unknown_values_and_fields_are_named(
    api: Api, request_body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    refused = api.post("license-requests", {**request_body, **change})
    assert (refused.status_code, refused.json()["code"]) == (422, "FIELDS_INVALID")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert any(row["field"].startswith(field) for row in refused.json()["errors"])
    assert not LicenceRequest.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"description": "A face."}, "DESCRIPTION_TOO_VAGUE"),
        ({"description": "Her face in every scene\u202e of the film"}, "TERMS_INVALID"),
        ({"render_territory": ["Narnia"]}, "TERMS_INVALID"),
        ({"vendors": ["nobody"]}, "VENDOR_UNKNOWN"),
        ({"content": {"NUDITY": "SOMETIMES"}}, "TERMS_INVALID"),
        ({"compensation": {"amount_minor": 1.5}}, "TERMS_INVALID"),
        ({"compensation": {"due": "on\u0000delivery"}}, "TERMS_INVALID"),
        ({"compensation": {"due": "on \u202edelivery"}}, "TERMS_INVALID"),
        ({"script": [{"ref": "x", "version": "1", "sha256": "short"}]}, "TERMS_INVALID"),
    ],
)
def test_terms_that_make_no_sense_are_refused_with_their_code(
    api: Api, request_body: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    refused = api.post("license-requests", {**request_body, **change})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert not LicenceRequest.objects.exists()


def test_names_of_rival_studios_cannot_be_tried_out_as_vendors(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    answers = set()
    for slug in (cast.other_studio.organisation.slug, cast.other_agent.organisation.slug, "nobody"):
        refused = api.post("license-requests", {**request_body, "vendors": [slug]})
        answers.add((refused.status_code, refused.content.replace(slug.encode(), b"SLUG")))
    ((status, body),) = answers
    assert (status, b"VENDOR_UNKNOWN" in body) == (422, True)
    named = api.post("license-requests", {**request_body, "vendors": [factories.make_vendor().slug]})
    assert named.status_code == 201


def test_body_that_cannot_be_read_changes_nothing(api: Api) -> None:
    path, headers = "/api/v1/license-requests", factories.bearer(api.credential)
    for body, kind, status in (
        (b'{"project": ', "application/json", 422),
        (b'{"talent": "a", "talent": "b"}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"talent": "\\ud800"}', "application/json", 422),
        (b'{"talent": "a\\u0000b"}', "application/json", 422),
        (b"project=1", "application/x-www-form-urlencoded", 415),
        (b'{"x": "' + b"a" * 300_000 + b'"}', "application/json", 413),
    ):
        refused = api.client.post(path, body, content_type=kind, headers=headers)
        assert refused.status_code in {status, 400}, (kind, refused.content)
        assert refused.json()["code"]
    assert not LicenceRequest.objects.exists()


def test_repeated_submission_with_one_key_makes_one_request(api: Api, request_body: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "shot-0410-0020"}
    first, second = (api.post("license-requests", request_body, **key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    other = api.post("license-requests", {**request_body, "frames_max": 1}, **key)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert LicenceRequest.objects.count() == 1


def test_lists_turn_pages_by_cursor(api: Api, cast: Cast) -> None:
    made = [factories.make_production(cast.producer.organisation) for _ in range(4)]
    first = api.get("productions?limit=3").json()
    assert len(first["results"]) == 3
    rest = api.client.get(first["next"], headers=factories.bearer(api.credential)).json()
    seen = [row["id"] for row in [*first["results"], *rest["results"]]]
    assert seen == [str(one.pk) for one in reversed([cast.production, *made])]


def test_lists_take_as_many_queries_for_many_rows_as_for_one(
    api: Api, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        factories.make_live_token(cast.production, cast.talent)
    api.get("alerts")
    for path in ("tokens", "license-requests", "productions", "alerts"):
        with django_assert_max_num_queries(4):
            assert api.get(path).status_code == 200


def test_vendor_and_guild_see_the_licence_but_not_the_negotiation(cast: Cast) -> None:
    vendor = factories.make_vendor()
    token, _, _ = factories.make_live_token(cast.production, cast.talent, vendors=[vendor])
    assert cast.production.guild is not None
    for reader in (vendor, cast.production.guild):
        desk = Api(Client(), factories.make_credential(reader)[0])
        body = desk.get(f"tokens/{token.pk}").json()
        assert body["terms_hash"] == token.terms.terms_hash
        assert cast.talent.handle not in str(body)
        assert desk.get(f"license-requests/{token.request_id}").status_code == 404
        assert desk.get(f"productions/{cast.production.pk}").status_code == 200


def test_vendor_reads_what_it_may_do_and_neither_the_deal_nor_who_made_it(cast: Cast) -> None:
    vendor, rival = factories.make_vendor(), factories.make_vendor()
    changes = {"vendors": [vendor, rival], "shots": ("0410_0020",)}
    token, _, _ = factories.make_live_token(cast.production, cast.talent, **changes)
    path, whole = f"tokens/{token.pk}", token.terms.terms
    body = Api(Client(), factories.make_credential(vendor)[0]).get(path).json()
    shared = ("use_types", "constructs", "scope", "window", "render_territory", "exploitation", "marking")
    assert {name: body["terms"][name] for name in shared} == {name: whole[name] for name in shared}
    assert body["terms"]["vendors"] == [str(vendor.pk)]
    assert body["grant"] is None
    hidden = {"compensation", "description", "represented_by", "licensor", "approvals", "exclusivity"}
    assert hidden <= set(whole)
    assert not hidden & set(body["terms"])
    for word in (str(rival.pk), rival.slug, "1245000", cast.talent.stage_name, cast.talent.handle):
        assert word not in str(body)
    for party in (token.licensee, cast.agent.organisation, cast.production.guild):
        assert party is not None
        seen = Api(Client(), factories.make_credential(party)[0]).get(path).json()
        assert seen["terms"] == whole
        assert seen["grant"] == token.grant.jws


@pytest.mark.req("ST-011")
def test_licence_for_one_production_is_no_use_in_another(api: Api, cast: Cast) -> None:
    factories.make_live_token(cast.production, cast.talent)
    other = factories.make_production(cast.producer.organisation)
    for production, granted in ((cast.production, True), (other, False)):
        body = {"talent": cast.talent.handle, "project": str(production.pk)}
        assert api.post("visibility/check", body).json()["usage"]["granted"] is granted


def test_only_a_studio_registers_productions(cast: Cast) -> None:
    agency = Api(Client(), factories.make_credential(cast.agent.organisation)[0])
    refused = agency.post("productions", {"title": "Ours", "kind": "PRODUCTION"})
    assert (refused.status_code, refused.json()["code"]) == (403, "STUDIO_ONLY")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"guild": "no-such-guild"}, "GUILD_UNKNOWN"),
        ({"title": "hid\u200bden"}, "TITLE_INVALID"),
        ({"kind": "FILM"}, "FIELDS_INVALID"),
    ],
)
def test_malformed_production_is_refused(api: Api, change: dict[str, str], code: str) -> None:
    refused = api.post("productions", {"title": "A film", "kind": "PRODUCTION", **change})
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_schema_names_every_operation() -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    named = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert {"license_requests_submit", "tokens_heartbeat", "visibility_check", "tokens_revoke"} <= named


def test_ask_names_ratings_and_reference_assets_and_a_counter_only_lowers_the_ceiling(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    asked = {**request_body, "ratings": {"MPA": "R"}, "anchors": ["a" * 64], "content": {"VIOLENCE": 3}}
    made = api.post("license-requests", asked).json()
    assert made["terms"]["ratings"] == {"MPA": "R"}
    assert made["terms"]["anchors"] == ["a" * 64]

    def counter(changes: dict[str, Any], terms_hash: str) -> Any:
        return services.counter_request(
            principal=cast.agent, request_id=UUID(made["id"]), terms_hash=terms_hash, changes=changes
        )

    with pytest.raises(InvalidInput) as widened:
        counter({"ratings.MPA": "NC-17"}, made["terms_hash"])
    assert widened.value.code == "NOT_NARROWER"
    with pytest.raises(InvalidInput) as unknown:
        counter({"ratings.MPA": "18"}, made["terms_hash"])
    assert unknown.value.code == "TERMS_INVALID"
    lowered = counter({"ratings.MPA": "PG-13", "ratings.BBFC": "12"}, made["terms_hash"])
    assert lowered.current.terms["ratings"] == {"BBFC": "12", "MPA": "PG-13"}


@pytest.mark.parametrize(
    "wrong", [{"ratings": {"FSK": "12"}}, {"ratings": {"MPA": "18"}}, {"anchors": ["not a hash"]}]
)
def test_ask_with_unknown_ratings_or_assets_is_refused(
    api: Api, request_body: dict[str, Any], wrong: dict[str, Any]
) -> None:
    assert api.post("license-requests", {**request_body, **wrong}).status_code == 422


def test_counter_adds_a_rating_ceiling_where_none_was_agreed(
    api: Api, cast: Cast, request_body: dict[str, Any]
) -> None:
    made = api.post("license-requests", request_body).json()
    assert "ratings" not in made["terms"]
    countered = services.counter_request(
        principal=cast.agent,
        request_id=UUID(made["id"]),
        terms_hash=made["terms_hash"],
        changes={"ratings.MPA": "PG-13"},
    )
    assert countered.current is not None
    assert countered.current.terms["ratings"] == {"MPA": "PG-13"}
