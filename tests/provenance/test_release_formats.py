"""Outputs that are no films, uploads that bring credentials, stamps and keys that are elsewhere: through the release."""

# ruff: noqa: F811  (fixtures of other files)

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from common import clock
from common.errors import Unavailable
from common.keys import hsm
from common.storage import local_copy
from provenance import services
from provenance.credentials import CredentialFacts, LicenceFact, sign_file
from provenance.formats import DPX, EXR, FLAC, PNG, WAV, Format
from provenance.models import Asset, AssetState, SigningAuthority
from provenance.reading import CredentialVerdict, TimeVerdict, read_credentials
from provenance.rules import HoldCode
from provenance.services.signing import trust_anchors_pem
from provenance.source_type import vocabulary
from provenance.tasks import resume_releases
from tests import factories
from tests.common.test_key_kms import moto_with_ed25519, service  # noqa: F401  (fixtures)
from tests.common.test_key_pkcs11 import token  # noqa: F401  (a fixture)
from tests.farm import Farm, make_farm
from tests.provenance.media_files import sound_file, still_file
from tests.provenance.test_credentials import new_identity
from tests.provenance.test_release import codes, received, released
from tests.timestamping import Authority, timestamp_authority

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mark_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 4)
    return farm


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return still_file(tmp_path / "frame.png", PNG)


def signing(farm: Farm, path: Path) -> Asset:
    """An output that is marked and about to be signed."""
    asset = services.mark_asset(received(farm, path).pk)
    assert (asset.state, asset.hold_reasons) == (AssetState.SIGNING, [])
    return asset


def upload_with_credentials(plain: Path, target: Path, identity, **changes) -> Path:
    facts = CredentialFacts(
        asset_id="elsewhere",
        source_type=vocabulary()["digitalCapture"],
        created_at=clock.now(),
        mark_id="00e1d2c3b4a59687",
        mark_algorithms={},
        licences=(LicenceFact("0192a000-0000-7000-8000-000000000002", 1, "sha256:" + "ab" * 32),),
        log_origin="elsewhere",
        **changes,
    )
    sign_file(plain, target, facts=facts, identity=identity, media_type="image/png")
    return target


@pytest.mark.req("GP-020")
@pytest.mark.req("GP-026")
@pytest.mark.req("LV-024")
@pytest.mark.parametrize("form", [EXR, DPX], ids=lambda form: form.name)
def test_a_frame_without_place_for_credentials_goes_out_with_a_sidecar_and_a_signed_proxy(
    form: Format, farm, tmp_path, client
):
    asset = released(farm, still_file(tmp_path / f"frame{form.suffix}", form))
    assert (asset.state, asset.hold_reasons) == (AssetState.RELEASED, [])
    headers = factories.bearer(farm.credential)
    told = client.get(f"/api/v1/assets/{asset.pk}", headers=headers).json()
    delivery, sidecar, proxy = tmp_path / f"d{form.suffix}", tmp_path / "d.c2pa", tmp_path / "p.jpg"
    for address, path in (("content", delivery), ("sidecar", sidecar), ("proxy", proxy)):
        path.write_bytes(b"".join(client.get(told[address], headers=headers).streaming_content))
    anchors = trust_anchors_pem()
    report = read_credentials(delivery, anchor_pem=anchors, sidecar=sidecar)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert report.licence["mark_id"] == asset.mark_id
    shown = read_credentials(proxy, anchor_pem=anchors)
    assert shown.verdict is CredentialVerdict.TRUSTED
    assert shown.licence["proxy_of"] == {
        "media_type": form.media_type,
        "sha256": asset.sha256,
        "manifest_sha256": told["manifest"]["sha256"],
    }
    # by itself the frame claims nothing, and another frame's sidecar does not speak for it
    assert read_credentials(delivery, anchor_pem=anchors).verdict is CredentialVerdict.ABSENT
    other = still_file(tmp_path / f"other{form.suffix}", form)
    assert read_credentials(other, anchor_pem=anchors, sidecar=sidecar).verdict == "BROKEN"


@pytest.mark.parametrize("form", [WAV, FLAC], ids=lambda form: form.name)
def test_a_sound_is_marked_signed_and_released(form: Format, farm, tmp_path, client):
    asset = released(farm, sound_file(tmp_path / f"line{form.suffix}", form, seconds=6))
    assert (asset.state, asset.hold_reasons) == (AssetState.RELEASED, [])
    assert asset.marked_layers == ["AUDIO"]
    with local_copy(asset.signed_blob) as path:
        report = read_credentials(path, anchor_pem=trust_anchors_pem())
    assert report.verdict is CredentialVerdict.TRUSTED
    assert len(report.assertions["c2pa.soft-binding"]) == 1
    headers = factories.bearer(farm.credential)
    told = client.get(f"/api/v1/assets/{asset.pk}", headers=headers).json()
    assert (told["sidecar"], told["proxy"]) == (None, None)
    none = client.get(f"/api/v1/assets/{asset.pk}/proxy", headers=headers)
    assert (none.status_code, none.json()["code"]) == (409, "ASSET_HAS_NO_PROXY")


def test_what_an_upload_brought_is_kept_as_an_ingredient_whoever_signed_it(farm, picture, tmp_path):
    theirs = new_identity("camera.example")
    brought = upload_with_credentials(picture, tmp_path / "brought.png", theirs)
    asset = released(farm, brought)
    assert (asset.state, asset.hold_reasons) == (AssetState.RELEASED, [])
    with local_copy(asset.signed_blob) as path:
        report = read_credentials(path, anchor_pem=trust_anchors_pem())
        both = read_credentials(path, anchor_pem=trust_anchors_pem() + theirs.anchor_pem)
    assert report.verdict is CredentialVerdict.UNTRUSTED  # nobody here knows the camera
    assert report.own_verdict is CredentialVerdict.TRUSTED
    assert [finding.depth for finding in report.findings] == [0, 1]
    assert report.findings[1].signer == "camera.example"
    actions = [one["action"] for one in report.assertions["c2pa.actions.v2"][0]["actions"]]
    assert actions[:2] == ["c2pa.created", "c2pa.placed"]
    assert both.verdict is CredentialVerdict.TRUSTED
    assert asset.manifests.get().verdict == "TRUSTED"


def test_an_upload_whose_credentials_are_broken_is_held_and_says_so(farm, picture, tmp_path):
    brought = upload_with_credentials(picture, tmp_path / "brought.png", new_identity("camera.example"))
    touched = bytearray(brought.read_bytes())
    touched[touched.index(b"cawg.ai_training") + 3] ^= 1
    brought.write_bytes(touched)
    asset = released(farm, brought)
    assert (asset.state, codes(asset)) == (AssetState.HELD, [HoldCode.UPLOAD_CREDENTIALS_BROKEN])


@pytest.fixture
def authority(tmp_path: Path, settings) -> Iterator[Authority]:
    with timestamp_authority(tmp_path / "authority") as running:
        settings.TIMESTAMP_URL = running.url
        settings.TIMESTAMP_ROOTS = str(running.folder / "root.pem")
        yield running


@pytest.mark.req("LV-020")
def test_a_signature_is_stamped_and_only_under_the_roots_that_are_trusted(farm, picture, authority):
    asset = released(farm, picture)
    assert (asset.state, asset.hold_reasons) == (AssetState.RELEASED, [])
    anchors = trust_anchors_pem()
    with local_copy(asset.signed_blob) as path:
        report = read_credentials(path, anchor_pem=anchors, timestamp_roots_pem=authority.root_pem)
        unknown = read_credentials(path, anchor_pem=anchors)
        # who trusts the authority's root for times trusts no signer by it
        signers = read_credentials(path, anchor_pem=authority.root_pem, timestamp_roots_pem=anchors)
    assert (report.verdict, report.timestamp) == (CredentialVerdict.TRUSTED, TimeVerdict.TRUSTED)
    assert report.signed_at
    assert (unknown.verdict, unknown.timestamp) == (CredentialVerdict.TRUSTED, TimeVerdict.UNTRUSTED)
    assert signers.verdict is CredentialVerdict.UNTRUSTED
    assert not signers.signed_by_us


def test_an_authority_that_is_away_holds_nothing_back_for_good(farm, picture, authority, monkeypatch, client):
    asset = signing(farm, picture)
    for instead in ((500, b""), (200, b"junk"), (200, b"")):
        authority.instead = instead
        waiting = services.sign_asset(asset.pk)
        assert (waiting.state, waiting.waits_for) == (AssetState.SIGNING, "TIMESTAMP")
        assert waiting.hold_reasons == []
    told = client.get(f"/api/v1/assets/{asset.pk}", headers=factories.bearer(farm.credential)).json()
    assert (told["state"], told["waits_for"], told["content"]) == ("SIGNING", "TIMESTAMP", None)
    assert services.verify_asset(asset.pk).state == AssetState.SIGNING
    authority.instead = None
    # the sweeper takes it up again, once it has been quiet for a while
    sent = []
    monkeypatch.setattr("celery.canvas._chain.apply_async", lambda self, *a, **k: sent.append(self))
    assert resume_releases() == 0
    Asset.objects.filter(pk=asset.pk).update(touched_at=clock.now() - timedelta(minutes=5))
    assert resume_releases() == 1
    assert [task.task for task in sent[0].tasks][1] == "provenance.sign_asset"
    services.sign_asset(asset.pk)
    done = services.verify_asset(asset.pk)
    assert (done.state, done.waits_for) == (AssetState.RELEASED, "")
    assert done.manifests.get().report["timestamp"] == "TRUSTED"


def test_a_stamp_of_an_authority_that_is_not_trusted_is_waited_out_too(
    farm, picture, authority, settings, tmp_path, monkeypatch
):
    from tests.timestamping import make_authority

    asset = signing(farm, picture)
    make_authority(tmp_path / "stranger", name="Stranger")
    settings.TIMESTAMP_ROOTS = str(tmp_path / "stranger" / "root.pem")
    waiting = services.sign_asset(asset.pk)
    assert (waiting.state, waiting.waits_for) == (AssetState.SIGNING, "TIMESTAMP")
    # who must go on without an authority takes its address out
    settings.TIMESTAMP_URL = settings.TIMESTAMP_ROOTS = ""
    services.sign_asset(asset.pk)
    done = services.verify_asset(asset.pk)
    assert (done.state, done.manifests.get().report["timestamp"]) == (AssetState.RELEASED, "ABSENT")


@pytest.mark.req("LV-220")
def test_the_key_of_claims_stays_in_its_token_and_an_output_waits_for_it(
    token,
    farm,
    picture,
    monkeypatch,
):
    asset = signing(farm, picture)
    services.signing_identity()
    row = SigningAuthority.objects.get()
    assert (row.key_backend, row.sealed_signing_key) == ("pkcs11", None)
    monkeypatch.setattr(hsm, "_with_session", _away)
    waiting = services.sign_asset(asset.pk)
    assert (waiting.state, waiting.waits_for) == (AssetState.SIGNING, "KEY")
    monkeypatch.undo()
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    with local_copy(services.sign_asset(asset.pk).signed_blob) as path:
        assert read_credentials(path, anchor_pem=trust_anchors_pem()).verdict is CredentialVerdict.TRUSTED


def _away(_work):
    raise Unavailable("KEY_BACKEND_UNAVAILABLE", "away")


def test_the_key_of_claims_stays_in_kms(service, picture, tmp_path, settings):
    identity = services.signing_identity()
    row = SigningAuthority.objects.get()
    assert (row.key_backend, row.sealed_signing_key) == ("kms", None)
    described = service.describe_key(KeyId=row.key_reference)["KeyMetadata"]
    assert (described["KeySpec"], described["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    signed = upload_with_credentials(picture, tmp_path / "signed.png", identity)
    assert read_credentials(signed, anchor_pem=identity.anchor_pem).verdict is CredentialVerdict.TRUSTED
    settings.KMS_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        upload_with_credentials(picture, tmp_path / "again.png", identity)
