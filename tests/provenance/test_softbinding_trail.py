"""From a stripped, re-encoded copy back to token, production and receipts: for the parties, by either layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Organisation
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.resolving import MARK_ID, signing_asset
from tests.watermarking import media
from watermarking import pipeline, selectors
from watermarking.models import MarkRegistration
from watermarking.tasks import detect

pytestmark = pytest.mark.django_db
MARK = f"{MARK_ID:016x}"


@pytest.fixture
def film(plain_film: Path) -> Path:
    return plain_film


@pytest.fixture
def marked(resolvable_film: Path) -> Path:
    return resolvable_film


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 3)
    return farm


def key_of(organisation: Any, **further: Any) -> dict[str, str]:
    return factories.bearer(factories.make_credential(organisation, **further)[0])


@pytest.mark.req("BX-017")
@pytest.mark.req("LV-058")
def test_either_layer_of_a_stripped_copy_leads_the_parties_home_and_strangers_nowhere(
    farm: Farm, film: Path, marked: Path, tmp_path: Path, client: Client
) -> None:
    asset = signing_asset(farm, film, marked)
    leak = media.recode(marked, tmp_path / "leak.mp4", crf=26, sound_bits=96_000)
    studio = key_of(farm.token.production.organisation)
    stranger = key_of(factories.make_studio())
    for layer in ("pixel", "audio"):
        upload = SimpleUploadedFile("leak.mp4", leak.read_bytes(), "video/mp4")
        asked = client.post("/api/v1/watermarks/detect", {"file": upload, "layers": layer}, headers=studio)
        where = asked.headers["Location"]
        assert client.get(where, headers=studio).json()["watermark"]["status"] is None
        detect(where.rsplit("/", 1)[1])
        answer = client.get(where, headers=studio).json()
        report = answer["watermark"]
        assert (report["status"], report["scheme"], report["error"]) == ("present", "trustmark.dual", None)
        assert report["confidence"] > 0.99
        assert report["cards"] == [f"{layer}-1"]
        assert len(answer["sha256"]) == 64
        assert answer["lead"]["tokens"] == [str(farm.token.jti)]
        # from the id of this layer alone
        trail = client.get(f"/api/v1/watermarks/{answer['result']['payload']}/trail", headers=studio).json()
        assert (trail["project"], trail["asset"]) == (str(asset.production_id), str(asset.pk))
        assert [(one["jti"], one["rendered"]) for one in trail["tokens"]] == [(str(farm.token.jti), 4)]
        assert trail["log_origin"] == farm.token.production.origin
        assert trail["log_size"] > 0
        assert trail["manifest"].startswith("urn:c2pa:")
    guild = key_of(farm.token.production.guild)
    assert client.get(f"/api/v1/watermarks/{MARK}/trail", headers=guild).status_code == 200
    assert client.get(f"/api/v1/watermarks/{MARK}/trail", headers=stranger).status_code == 404
    assert client.get(f"/api/v1/watermarks/{MARK}/trail").status_code == 401


@pytest.mark.req("LV-143")
def test_a_reader_that_breaks_is_a_state_of_its_own(
    film: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = key_of(factories.make_studio())
    monkeypatch.setattr(pipeline, "detect_medium", lambda *given: 1 / 0)
    upload = SimpleUploadedFile("film.mp4", film.read_bytes(), "video/mp4")
    where = client.post("/api/v1/watermarks/detect", {"file": upload}, headers=studio).headers["Location"]
    detect(where.rsplit("/", 1)[1])
    answer = client.get(where, headers=studio).json()
    assert (answer["state"], answer["error_code"]) == ("FAILED", "watermark_extraction_failed")
    assert answer["watermark"] == {
        "status": None, "confidence": None, "scheme": None, "p_value": None, "cards": [],
        "error": "watermark_extraction_failed",
    }  # fmt: skip
    assert (answer["result"], answer["lead"]) == (None, None)


@pytest.mark.req("LV-035")
def test_schemes_are_declared_to_everybody(client: Client) -> None:
    answer = client.get("/api/v1/watermarks/schemes")
    declared = {one["scheme"]: one for one in answer.json()["results"]}
    assert set(declared) == {"trustmark.pixel", "trustmark.audio", "trustmark.seal"}
    for one in declared.values():
        assert (one["blind"], one["needs_original"]) == (True, False)
        assert "mark key" in one["recovery_key"]
    assert declared["trustmark.pixel"]["thresholds"]["claim_p"] == 1e-9
    assert declared["trustmark.seal"]["kind"] == "fragile"
    assert "5a5a" not in answer.content.decode()


def test_a_render_node_registers_before_it_embeds(farm: Farm, client: Client) -> None:
    given = {
        "project": str(farm.token.production_id),
        "tokens": [str(farm.token.jti)],
        "segment": "shot 041_0100",
    }
    address, studio = "/api/v1/watermarks/registrations", farm.token.production.organisation

    def post(headers: dict[str, str], **changes: Any) -> Any:
        return client.post(address, given | changes, content_type="application/json", headers=headers)

    answer = post(key_of(studio))
    assert answer.status_code == 201
    made = answer.json()
    assert (len(made["payload"]), made["key_id"], made["segment"]) == (16, "1", "shot 041_0100")
    lead = selectors.lead_of(made["payload"])
    assert lead is not None
    assert (lead.production_id, lead.token_jtis) == (farm.token.production_id, [farm.token.jti])
    assert (lead.registered_by, lead.vendor_ids) == (studio, [])
    trail = client.get(f"/api/v1/watermarks/{made['payload']}/trail", headers=key_of(studio)).json()
    assert (trail["segment"], trail["asset"], trail["manifest"]) == ("shot 041_0100", None, None)
    assert post(key_of(factories.make_studio())).status_code == 404
    assert post(key_of(farm.token.production.guild)).status_code == 403
    assert (
        post(key_of(studio), tokens=[str(farm.token.production_id)]).json()["code"]
        == "TOKEN_NOT_OF_PRODUCTION"
    )
    assert post(key_of(studio, scopes=["asset:read"])).status_code == 403


def test_a_studios_vendors_may_embed_its_marks_and_a_vendors_marks_are_its_own(client: Client) -> None:
    vendor, rival = factories.make_vendor(), factories.make_vendor()
    listed = make_farm(vendors=[vendor, rival])
    further = make_farm(production=listed.token.production, vendors=[vendor])
    production = listed.token.production
    both = [listed.token.jti, further.token.jti]

    def drawn(organisation: Organisation, jtis: list[UUID]) -> MarkRegistration:
        given = {"project": str(production.pk), "tokens": [str(jti) for jti in jtis]}
        answer = client.post(
            "/api/v1/watermarks/registrations", given, content_type="application/json", headers=key_of(organisation)
        )  # fmt: skip
        return MarkRegistration.objects.get(mark_id=answer.json()["payload"])

    of_the_studio = drawn(production.organisation, both)
    assert of_the_studio.vendor_ids == [vendor.pk], "only whom every licence lists"
    of_the_vendor = drawn(vendor, both)
    assert (of_the_vendor.registered_by, of_the_vendor.vendor_ids) == (vendor, [])
    desks = {one: factories.make_desk(one, "ENGINEER") for one in (vendor, rival)}
    assert selectors.registration_to_mark(desks[vendor], of_the_studio.mark_id) == of_the_studio
    for mark in (of_the_studio, of_the_vendor):
        assert selectors.registration_to_mark(desks[rival], mark.mark_id) is None
