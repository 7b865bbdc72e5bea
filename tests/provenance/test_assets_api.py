"""The HTTP face of outputs: upload, look, download; who may, and what it says when it may not."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from provenance.models import Asset, AssetState
from provenance.services import sign_asset
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.test_release import as_if_marked
from verification.cli import main as verify

pytestmark = pytest.mark.django_db
URL = "/api/v1/assets"


@pytest.fixture(autouse=True)
def mark_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 4)
    return farm


@pytest.fixture
def owner(farm) -> dict[str, str]:
    return factories.bearer(farm.credential)


@pytest.fixture
def colleague(farm) -> dict[str, str]:
    return factories.bearer(factories.make_credential(farm.token.licensee, scopes=["asset:read"])[0])


@pytest.fixture
def stranger() -> dict[str, str]:
    return factories.bearer(factories.make_credential(factories.make_studio())[0])


def upload(client: Client, farm: Farm, headers, film: Path, **changes):
    with film.open("rb") as stream:
        data = {"file": stream, "project": str(farm.token.production_id), "tokens": [str(farm.token.jti)]}
        return client.post(URL, data | changes, headers=headers)


def released(asset_id: str, film: Path) -> Asset:
    """An output as it stands after its release, without the minutes of marking and reading back."""
    from common import clock

    asset = Asset.objects.get(pk=asset_id)
    as_if_marked(asset, (film, int(uuid4().hex[:16], 16)))
    asset = sign_asset(asset.pk)
    Asset.objects.filter(pk=asset.pk).update(state=AssetState.RELEASED, released_at=clock.now())
    return Asset.objects.get(pk=asset.pk)


def test_an_upload_is_taken_in_and_its_work_is_sent_out(
    client, farm, owner, short_clip, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("celery.canvas._chain.apply_async", lambda self, *a, **k: sent.append(self))
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(client, farm, owner, short_clip)
    assert answer.status_code == 202
    told = answer.json()
    assert told["state"] == AssetState.RECEIVED
    assert told["media"]["width"] == 1280
    assert told["content"] is None
    assert [task.task for task in sent[0].tasks] == [
        "provenance.mark_asset",
        "provenance.sign_asset",
        "provenance.verify_asset",
    ]
    assert client.get(answer["Location"], headers=owner).json()["id"] == told["id"]


def test_only_a_released_output_is_downloaded_and_by_ranges_if_asked(client, farm, owner, short_clip):
    asset_id = upload(client, farm, owner, short_clip).json()["id"]
    early = client.get(f"{URL}/{asset_id}/content", headers=owner)
    assert (early.status_code, early.json()["code"]) == (409, "ASSET_NOT_RELEASED")
    asset = released(asset_id, short_clip)
    told = client.get(f"{URL}/{asset_id}", headers=owner).json()
    assert told["manifest"]["verdict"] == "TRUSTED"
    whole = client.get(told["content"], headers=owner)
    data = b"".join(whole.streaming_content)
    assert len(data) == asset.size_bytes
    part = client.get(told["content"], headers=owner | {"Range": "bytes=4-7"})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, b"ftyp")
    manifest = client.get(f"{URL}/{asset_id}/manifest", headers=owner)
    assert manifest["Content-Type"] == "application/c2pa"
    assert b"".join(manifest.streaming_content) in data


def test_to_a_stranger_no_output_exists(client, farm, owner, stranger, short_clip):
    asset_id = upload(client, farm, owner, short_clip).json()["id"]
    for place in (
        f"{URL}/{asset_id}",
        f"{URL}/{asset_id}/content",
        f"{URL}/{asset_id}/manifest",
        f"{URL}/{uuid4()}",
    ):
        answer = client.get(place, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert client.get(URL, headers=stranger).json()["results"] == []
    assert upload(client, farm, stranger, short_clip).status_code == 404


def test_the_agency_and_the_guild_read_and_do_not_get_the_media(client, farm, owner, short_clip):
    asset_id = upload(client, farm, owner, short_clip).json()["id"]
    released(asset_id, short_clip)
    for organisation in (farm.token.agency, farm.token.production.guild):
        reader = factories.bearer(factories.make_credential(organisation)[0])
        assert client.get(f"{URL}/{asset_id}", headers=reader).json()["state"] == AssetState.RELEASED
        refused = client.get(f"{URL}/{asset_id}/content", headers=reader)
        assert (refused.status_code, refused.json()["code"]) == (403, "CONTENT_NOT_SHARED")


def test_another_agency_of_the_same_production_does_not_see_it(client, farm, owner, short_clip):
    upload(client, farm, owner, short_clip)
    other = make_farm(farm.token.production)
    reader = factories.bearer(factories.make_credential(other.token.agency)[0])
    assert client.get(URL, headers=reader).json()["results"] == []


def test_a_key_that_may_only_read_uploads_nothing(client, farm, colleague, short_clip):
    answer = upload(client, farm, colleague, short_clip)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")
    assert not Asset.objects.exists()


def test_what_is_no_film_has_its_code_and_leaves_nothing(client, farm, owner):
    fake = SimpleUploadedFile("film.mp4", b"not a film", content_type="video/mp4")
    answer = upload(client, farm, owner, Path(__file__), file=fake)
    assert (answer.status_code, answer.json()["code"]) == (422, "MEDIA_UNREADABLE")
    assert not Asset.objects.exists()


def test_a_licence_of_another_production_is_refused(client, farm, owner, short_clip):
    other = make_farm()
    answer = upload(client, farm, owner, short_clip, tokens=[str(farm.token.jti), str(other.token.jti)])
    assert (answer.status_code, answer.json()["code"]) == (422, "TOKEN_NOT_OF_PRODUCTION")
    unknown = upload(client, farm, owner, short_clip, tokens=[str(uuid4())])
    assert unknown.json()["code"] == "TOKEN_NOT_OF_PRODUCTION"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"project": "x"}, "project"),
        ({"tokens": ["x"]}, "tokens"),
        ({"kind": "RUMOUR"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_fields_are_named(client, farm, owner, short_clip, changes, field):
    answer = upload(client, farm, owner, short_clip, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELDS_INVALID")
    assert answer.json()["errors"][0]["field"].startswith(field)


def test_an_upload_declared_too_large_is_refused_unread(client, farm, owner, short_clip, settings):
    settings.UPLOAD_BYTES_MAX = 1000
    answer = upload(client, farm, owner, short_clip)
    assert (answer.status_code, answer.json()["code"]) == (413, "UPLOAD_TOO_LARGE")


def test_a_body_of_another_type_is_refused(client, owner):
    answer = client.post(URL, {"a": 1}, content_type="application/json", headers=owner)
    assert (answer.status_code, answer.json()["code"]) == (415, "CONTENT_TYPE_UNSUPPORTED")


def test_one_key_makes_one_output_and_not_of_two_films(client, farm, owner, short_clip, silent_clip):
    headers = owner | {"Idempotency-Key": "reel-1"}
    first, second = upload(client, farm, headers, short_clip), upload(client, farm, headers, short_clip)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotent-Replay"] == "true"
    assert Asset.objects.count() == 1
    other = upload(client, farm, headers, silent_clip)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")


def test_lists_are_narrowed_by_production_and_state(client, farm, owner, short_clip):
    upload(client, farm, owner, short_clip)
    same = f"{URL}?project={farm.token.production_id}&state=RECEIVED"
    assert len(client.get(same, headers=owner).json()["results"]) == 1
    assert client.get(f"{URL}?state=HELD", headers=owner).json()["results"] == []
    assert client.get(f"{URL}?project={uuid4()}", headers=owner).json()["results"] == []
    assert client.get(f"{URL}?project=x", headers=owner).json()["code"] == "PROJECT_INVALID"


def test_anyone_may_fetch_the_authority_that_signs_and_judge_a_film_by_it(
    client, farm, owner, short_clip, tmp_path
):
    asset = released(upload(client, farm, owner, short_clip).json()["id"], short_clip)
    content = client.get(f"{URL}/{asset.pk}/content", headers=owner)
    film, anchors = tmp_path / "film.mp4", tmp_path / "authority.pem"
    film.write_bytes(b"".join(content.streaming_content))
    anchors.write_bytes(client.get("/.well-known/c2pa-authority.pem").content)
    assert verify([str(film), "--trust-anchors", str(anchors), "--no-detect"]) == 0
    assert verify([str(film), "--no-detect"]) == 4
    assert b"PRIVATE" not in anchors.read_bytes()
    assert client.post("/.well-known/c2pa-authority.pem").status_code == 405
