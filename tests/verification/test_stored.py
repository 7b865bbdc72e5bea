"""Outputs that lie here are verified by their address: nothing is carried, nothing is fetched, nobody else's is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from audit.models import Event
from provenance import services as outputs
from provenance.models import Asset
from tests import factories
from tests.farm import make_farm
from tests.provenance.conftest import silent_clip
from tests.provenance.test_assets_api import released
from verification import services
from verification.models import Verification

__all__ = ["silent_clip"]
URL = "/api/v1/verifications"

pytestmark = pytest.mark.django_db


@pytest.mark.req("LV-071")
def test_an_output_is_verified_by_its_address_by_who_may_have_its_media(
    client: Client,
    silent_clip: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 4)
    asset = outputs.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=silent_clip, file_name="reel.mp4",
    )  # fmt: skip
    address = f"/api/v1/assets/{asset.pk}/content"

    def key(organisation: Any, *scopes: str) -> dict[str, str]:
        return factories.bearer(factories.make_credential(organisation, scopes=list(scopes))[0])

    both = key(farm.token.licensee, "watermark:detect", "asset:read")

    def asked(address: str, headers: dict[str, str] = both, **more: Any) -> Any:
        answer = client.post(URL, {"address": address, "layers": "provenance"} | more, headers=headers)
        return answer.json().get("code") or answer.json()

    assert asked(address) == "ASSET_NOT_RELEASED"
    asset = released(str(asset.pk), silent_clip)
    told = asked(settings.BASE_URL + address)
    assert (told["sha256"], told["size_bytes"]) == (asset.sha256, asset.size_bytes)
    row = Verification.objects.get(pk=told["id"])
    assert Event.objects.filter(kind="verification.asked").latest("number").details["source"] == (
        f"asset:{asset.pk}"
    )
    services.run_verification(verification_id=row.pk)
    row.refresh_from_db()
    assert row.record.report["provenance"]["status"] == "valid"
    # refusals: another's server, another place here, another's output, too little a key, both at once, neither
    for foreign in (
        f"https://elsewhere.example{address}", f"//elsewhere.example{address}", f"{address}?x=1", "/etc/passwd",
        f"file://{address}", f"/api/v1/assets/{asset.pk}/proxy",
    ):  # fmt: skip
        assert asked(foreign) == "ADDRESS_FOREIGN", foreign
    assert asked(f"/api/v1/assets/{row.pk}/content") == "NOT_FOUND"
    assert asked(address, key(factories.make_studio(), "watermark:detect", "asset:read")) == "NOT_FOUND"
    guild = key(farm.token.production.guild, "watermark:detect", "asset:read")
    assert asked(address, guild) == "CONTENT_NOT_SHARED"
    assert asked(address, key(farm.token.licensee, "watermark:detect")) == "SCOPE_MISSING"
    with silent_clip.open("rb") as stream:
        assert asked(address, file=stream) == "FILE_OR_ADDRESS"
    # what cannot be taken in now is not even copied from where it lies
    with monkeypatch.context() as without:
        without.setattr("verification.workflows.local_copy", None)
        settings.UPLOAD_BYTES_MAX = 10
        assert asked(address) == "UPLOAD_TOO_LARGE"
    assert asked("") == "FILE_OR_ADDRESS"
    media = asset.media | {"media_type": "image/x-exr", "suffix": ".exr"}
    Asset.objects.filter(pk=asset.pk).update(media=media)
    assert asked(address) == "CREDENTIALS_BESIDE"
    assert Verification.objects.count() == 1
