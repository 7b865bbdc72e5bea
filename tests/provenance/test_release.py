"""From an upload to a release on a real film: marked in both layers, signed, read back; or held, with reasons."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from audit.models import Event
from common.errors import Forbidden, InvalidInput, NotFound
from common.storage import blobs, local_copy
from compliance.services import build_bundle, request_bundle
from licensing import services as licensing
from provenance import selectors, services
from provenance.models import Asset, AssetEvent, AssetState, ManifestRecord
from provenance.reading import CredentialVerdict, read_credentials
from provenance.rules import HoldCode
from provenance.services.signing import trust_anchors_pem
from provenance.tasks import mark_asset, release_chain, resume_releases, sign_asset, verify_asset
from tests import factories
from tests.farm import Farm, make_farm
from tests.independent.test_bundle_by_hand import python, snippet, walked
from tests.provenance.conftest import cut_clip
from trustcore.bundle import verify_bundle
from trustcore.receipt import parse_entry
from watermarking import engine
from watermarking.keys import mark_key, read_secret
from watermarking.selectors import lead_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the clip: enough sound for its mark."""
    return cut_clip(demo_clip, tmp_path_factory.mktemp("media") / "film.mp4", seconds=6, start=20)


@pytest.fixture(autouse=True)
def mark_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 23)
    return farm


def received(farm: Farm, film: Path, desk=None, **changes) -> Asset:
    given = {
        "principal": desk or farm.desk,
        "production_id": farm.token.production_id,
        "token_jtis": [farm.token.jti],
        "kind": "DELIVERABLE",
        "path": film,
        "file_name": "The Glass Meridian reel 1.mp4",
    }
    return services.receive_asset(**given | changes)


def released(farm: Farm, film: Path) -> Asset:
    asset = received(farm, film)
    release_chain(asset.pk).apply()
    return Asset.objects.get(pk=asset.pk)


def codes(asset: Asset) -> list[str]:
    return [reason["code"] for reason in asset.hold_reasons]


def logged(asset: Asset) -> list:
    events = Event.objects.filter(object_type="asset", object_id=str(asset.pk), log_entry__isnull=False)
    return [parse_entry(bytes(event.log_entry)) for event in events.order_by("number")]


@pytest.fixture(scope="module")
def marked_film(film: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The film with a mark that nobody registered, for tests that need a marked file and not the marking."""
    target = tmp_path_factory.mktemp("media") / "marked.mp4"
    engine.embed_file(film, target, mark_id=0x00E1D2C3B4A59687, key=mark_key(bytes.fromhex("5a" * 32)))
    return target, 0x00E1D2C3B4A59687


@pytest.mark.req("ST-031")
@pytest.mark.req("ST-034")
@pytest.mark.req("ST-038")
def test_an_output_is_released_with_one_id_in_pictures_and_sound_and_trusted_credentials(
    farm, film, tmp_path
):
    asset = released(farm, film)
    assert (asset.state, asset.hold_reasons) == (AssetState.RELEASED, [])
    with local_copy(asset.signed_blob) as path:
        final = Path(shutil.copy(path, tmp_path / "final.mp4"))
    # each layer alone leads to the same registered id
    for layer in ("pixel", "audio"):
        found = engine.detect_file(final, key=mark_key(read_secret()), layers=(layer,), search=False)
        assert (found.status, found.payload) == ("present", asset.mark_id)
    lead = lead_of(asset.mark_id)
    assert (lead.asset_id, lead.production_id, lead.token_jtis) == (
        asset.pk,
        asset.production_id,
        [farm.token.jti],
    )
    assert farm.token.licensee_id in lead.visible_to
    # the credentials name licence, terms, mark and log
    report = read_credentials(final, anchor_pem=trust_anchors_pem())
    assert report.verdict is CredentialVerdict.TRUSTED
    assert report.digital_source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    assert report.licence["mark_id"] == asset.mark_id
    assert report.licence["log_origin"] == farm.token.production.origin
    assert report.licence["licences"] == [
        {"jti": str(farm.token.jti), "terms_version": 1, "terms_hash": farm.token.terms.terms_hash}
    ]
    # the log will say so: marked, then verified and released
    marked, verified = logged(asset)
    assert (marked.mark, marked.layers) == (asset.mark_id, ("PIXEL", "AUDIO"))
    assert verified.released
    assert verified.asset_sha256 == asset.sha256
    assert [(layer.layer, layer.status) for layer in verified.layers] == [
        ("PIXEL", "present"),
        ("AUDIO", "present"),
        ("C2PA", "TRUSTED"),
    ]
    # and without a licence of the production nothing goes out
    other = make_farm()
    with pytest.raises(InvalidInput) as refused:
        received(farm, film, token_jtis=[farm.token.jti, other.token.jti])
    assert refused.value.code == "TOKEN_NOT_OF_PRODUCTION"
    unproved = make_farm(farm.token.production)
    held = services.mark_asset(received(farm, film, token_jtis=[unproved.token.jti]).pk)
    assert (held.state, codes(held)) == (AssetState.HELD, [HoldCode.RECEIPTS_MISSING])


@pytest.mark.req("ST-033")
@pytest.mark.req("ST-073")
@pytest.mark.req("ST-095")
def test_the_whole_chain_is_exported_for_guild_and_clearance_and_nothing_in_it_can_be_swapped(
    farm, film, tmp_path
):
    import json
    import zipfile

    from trustcore.errors import InvalidEvidence

    asset = released(farm, film)
    auditor = factories.make_desk(farm.token.production.guild, "AUDITOR")
    for_guild = exported(auditor, asset.production_id, "UNION_REPORTING", tmp_path / "guild.zip")
    assert verify_bundle(for_guild).summary.purpose == "UNION_REPORTING"
    # the performer is on no roll: of the output the guild has what the log says, and nothing of how it was made
    with zipfile.ZipFile(for_guild) as archive:
        seen = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert not [name for name in seen if name.startswith(("data/manifests/", "data/duties/"))]
    told = json.loads(seen["data/marks/report.json"])
    assert (len(told["log"]), told["reports"]) == (2, [])
    desk = factories.make_producer(farm.token.licensee)
    copy = exported(desk, asset.production_id, "DISTRIBUTION_CLEARANCE", tmp_path / "bundle.zip")
    counts = verify_bundle(copy).summary.counts
    # the whole chain: granted, checked, rendered, marked, verified, exported
    assert (counts.token_versions, counts.checks, counts.rendered) == (1, 1, 24)
    assert (counts.marked, counts.verified, counts.exported) == (1, 1, 1)
    with zipfile.ZipFile(copy) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    marks = json.loads(files["data/marks/report.json"])
    assert [item["entry"]["t"] for item in marks["log"]] == ["marked", "verified"]
    assert [report["kind"] for report in marks["reports"][0]["reports"]] == ["EMBEDDED", "VERIFIED"]
    assert marks["reports"][0]["reports"][1]["results"]["layers"]["audio"]["status"] == "present"
    # what was authorised, what was rendered, and when
    history = json.loads(files[f"data/tokens/{farm.token.jti}/history.json"])
    granted = history["log"][0]["entry"]
    assert {party["organisation"] for party in granted["approvals"]} == {
        str(farm.token.licensee_id),
        str(farm.token.agency_id),
    }
    rows = [json.loads(line) for line in files["data/receipts/receipts.ndjson"].splitlines()]
    assert all(granted["not_before"] <= row["started_at"] <= granted["not_after"] for row in rows)
    # evidence of each duty, as of the cut; the regulator's page says the same
    told = json.loads(files[f"data/duties/{asset.pk}.json"])
    duties = {one["duty"]: one for one in told["duties"]}
    assert (duties["imperceptible-mark"]["state"], duties["logging"]["state"]) == ("MET", "MET")
    assert duties["signed-metadata"]["evidence"]["manifest_sha256"] == asset.manifests.get().sha256
    assert duties["logging"]["evidence"]["receipts"] == 24
    assert (told["sha256"], told["state"]) == (asset.sha256, "RELEASED")
    store = files[f"data/manifests/{asset.pk}.c2pa"]
    with local_copy(asset.signed_blob) as final:
        assert store in final.read_bytes()
    # an auditor's own tools, by the document alone: this film is that output, and its credentials are trusted
    with zipfile.ZipFile(copy) as archive:
        archive.extractall(tmp_path / "open")
        folder = tmp_path / "open" / archive.namelist()[0].partition("/")[0]
    with local_copy(asset.signed_blob) as final:
        shutil.copy(final, folder.parent / "film.mp4")
    jwks = Client().get("/.well-known/jwks.json").content
    credentials = ("7. The Content Credentials", "python")
    said = walked(folder, jwks, sections=(credentials,))
    assert f"film.mp4 is output {asset.pk}" in said[credentials[0]]
    (folder.parent / "film.mp4").write_bytes(film.read_bytes())
    assert python(snippet("3. The log", "python") + snippet(*credentials), folder).returncode != 0
    # another manifest store under the same name is refused
    data = bytearray(copy.read_bytes())
    data[data.index(store) + 100] ^= 1
    forged = tmp_path / "forged.zip"
    forged.write_bytes(data)
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(forged)
    assert refused.value.path == f"data/manifests/{asset.pk}.c2pa"


def exported(desk, production_id, purpose: str, target: Path) -> Path:
    bundle = build_bundle(request_bundle(principal=desk, production_id=production_id, purpose=purpose).pk)
    with local_copy(bundle.blob) as path:
        return Path(shutil.copy(path, target))


def test_a_licence_revoked_with_a_hold_stops_the_release_even_at_the_last_step(farm, film, marked_film):
    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    services.sign_asset(asset.pk)
    licensing.revoke_token(
        principal=factories.decider_of(farm.token.request),
        jti=farm.token.jti,
        kind="DISTRIBUTION_HOLD",
        disposition="QUARANTINE",
        reason="dispute",
    )
    held = services.verify_asset(asset.pk)
    assert (held.state, codes(held)) == (AssetState.HELD, [HoldCode.DISTRIBUTION_HOLD])
    assert not logged(held)[-1].released


def as_if_marked(asset: Asset, marked_film: tuple[Path, int]) -> None:
    """Bring the asset to SIGNING with a file that is marked already; saves the minutes of embedding."""
    from common.storage import put_file
    from watermarking.models import MarkRegistration

    path, mark_id = marked_film
    registration = MarkRegistration.objects.create(
        mark_id=f"{mark_id:016x}",
        production_id=asset.production_id,
        token_jtis=asset.token_jtis,
        asset_id=asset.pk,
        card="pixel-1+audio-1",
        key_id="1",
    )
    Asset.objects.filter(pk=asset.pk).update(
        state=AssetState.SIGNING,
        mark_id=registration.mark_id,
        marked_layers=["PIXEL", "AUDIO"],
        marked_blob=put_file(f"assets/{asset.pk}/marked.mp4", path),
    )


def _of_marks(held):
    return [one for one in held.hold_reasons if one["code"] != HoldCode.LAYERS_INCOMPLETE]


@pytest.mark.req("ST-035")
def test_a_file_without_its_mark_or_with_another_is_held_and_says_which_layer(farm, film, marked_film):
    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    # the mark is found as registered: released
    services.sign_asset(asset.pk)
    assert services.verify_asset(asset.pk).state == AssetState.RELEASED
    # the unmarked film in its place: both layers are missed
    unmarked = received(farm, film)
    as_if_marked_with(unmarked, film, "1122334455667788")
    services.sign_asset(unmarked.pk)
    held = services.verify_asset(unmarked.pk)
    assert sorted(codes(held)) == sorted(
        [HoldCode.MARK_NOT_FOUND, HoldCode.MARK_NOT_FOUND, HoldCode.LAYERS_INCOMPLETE]
    )
    assert {reason["detail"].split(":")[0] for reason in _of_marks(held)} == {"PIXEL", "AUDIO"}
    # a film with somebody else's id: it is found, and it is not this output's
    wrong = received(farm, film)
    as_if_marked_with(wrong, marked_film[0], "8877665544332211")
    services.sign_asset(wrong.pk)
    held = services.verify_asset(wrong.pk)
    assert {reason["detail"] for reason in _of_marks(held)} == {
        "PIXEL: another mark was found",
        "AUDIO: another mark was found",
    }


def as_if_marked_with(asset: Asset, path: Path, mark_id: str) -> None:
    as_if_marked(asset, (path, int(mark_id, 16)))


def test_no_copy_without_mark_and_credentials_outlives_the_release(
    farm, film, marked_film, django_capture_on_commit_callbacks
):
    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    before = services.sign_asset(asset.pk)
    assert blobs().exists(before.upload_blob)
    with django_capture_on_commit_callbacks(execute=True):
        after = services.verify_asset(asset.pk)
    assert (after.state, after.upload_blob, after.marked_blob) == (AssetState.RELEASED, "", "")
    assert not blobs().exists(before.upload_blob)
    assert not blobs().exists(before.marked_blob)
    assert blobs().exists(after.signed_blob)


def test_a_file_changed_after_signing_is_held(farm, film, marked_film):
    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    asset = services.sign_asset(asset.pk)
    with blobs().open(asset.signed_blob, "rb") as stream:
        data = bytearray(stream.read())
    data[-200] ^= 1
    from django.core.files.base import ContentFile

    blobs().delete(asset.signed_blob)
    blobs().save(asset.signed_blob, ContentFile(bytes(data)))
    held = services.verify_asset(asset.pk)
    assert set(codes(held)) == {HoldCode.CREDENTIALS_NOT_TRUSTED, HoldCode.LAYERS_INCOMPLETE}
    details = " ".join(reason["detail"] for reason in held.hold_reasons)
    assert "not the one that was signed" in details
    assert "assertion.bmffHash.mismatch" in details


def test_a_silent_black_film_cannot_carry_a_mark_and_is_held_not_claimed(farm, tmp_path):
    path = tmp_path / "black.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, width=640, height=360, pix_fmt="yuv420p")
        for _ in range(24):
            frame = av.VideoFrame(640, 360, "yuv420p")
            for plane, value in zip(frame.planes, (16, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    held = services.mark_asset(received(farm, path).pk)
    assert (held.state, codes(held)) == (AssetState.HELD, [HoldCode.MARK_NOT_EMBEDDED])
    assert "DARK" in held.hold_reasons[0]["detail"]


def test_each_step_does_nothing_out_of_its_turn(farm, film, marked_film):
    asset = received(farm, film)
    assert services.sign_asset(asset.pk).state == AssetState.RECEIVED
    assert services.verify_asset(asset.pk).state == AssetState.RECEIVED
    as_if_marked(asset, marked_film)
    assert services.mark_asset(asset.pk).state == AssetState.SIGNING
    services.sign_asset(asset.pk)
    signed = Asset.objects.get(pk=asset.pk)
    assert services.sign_asset(asset.pk).sha256 == signed.sha256
    assert ManifestRecord.objects.filter(asset=asset).count() == 1
    services.verify_asset(asset.pk)
    assert services.verify_asset(asset.pk).state == AssetState.RELEASED
    assert [event.state_after for event in AssetEvent.objects.filter(asset=asset)] == [
        "RECEIVED",
        "VERIFYING",
        "RELEASED",
    ]


def test_work_that_a_dead_worker_left_is_taken_up_and_finished(farm, film, marked_film, monkeypatch):
    from datetime import timedelta

    from common import clock

    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    sent = []
    monkeypatch.setattr(
        "provenance.tasks.release_chain",
        lambda one: type("C", (), {"delay": lambda self: sent.append(one)})(),
    )
    assert resume_releases() == 0
    Asset.objects.filter(pk=asset.pk).update(touched_at=clock.now() - timedelta(minutes=2))
    assert resume_releases() == 1
    assert sent == [asset.pk]
    assert resume_releases() == 0
    for task in (mark_asset, sign_asset, verify_asset):
        task.apply(args=[str(asset.pk)])
    assert Asset.objects.get(pk=asset.pk).state == AssetState.RELEASED
    assert len(release_chain(asset.pk).tasks) == 3


def test_a_step_that_fails_for_good_holds_the_output_and_says_where(farm, film, marked_film):
    asset = received(farm, film)
    as_if_marked(asset, marked_film)
    blobs().delete(Asset.objects.get(pk=asset.pk).marked_blob)
    sign_asset.apply(args=[str(asset.pk)])
    held = Asset.objects.get(pk=asset.pk)
    assert (held.state, codes(held)) == (AssetState.HELD, [HoldCode.PROCESSING_FAILED])
    assert "sign_asset" in held.hold_reasons[0]["detail"]


def test_state_can_be_told_from_the_events_alone_and_events_cannot_be_changed(farm, film):
    asset = received(farm, film)
    unproved = make_farm(farm.token.production)
    held = services.mark_asset(received(farm, film, token_jtis=[unproved.token.jti]).pk)
    assert selectors.state_from_events(asset) == AssetState.RECEIVED
    assert selectors.state_from_events(held) == AssetState.HELD
    for change in (
        lambda: AssetEvent.objects.filter(asset=held).update(state_after="RELEASED"),
        lambda: AssetEvent.objects.filter(asset=held).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_both_sides_of_the_licence_and_the_guild_see_what_becomes_of_an_output_and_other_vendors_do_not(
    farm, film
):
    from audit.selectors import events_visible_to

    vendor = factories.make_vendor()
    make_farm(farm.token.production, vendors=[vendor])
    asset = received(farm, film)
    mine = {"object_type": "asset", "object_id": str(asset.pk)}
    readers = [
        factories.make_producer(farm.token.licensee),
        factories.decider_of(farm.token.request),
        factories.desk_of_talent(farm.token.talent),
        factories.make_desk(farm.token.production.guild, "AUDITOR"),
    ]
    assert [events_visible_to(desk).filter(**mine).count() for desk in readers] == [1, 1, 1, 1]
    for stranger in (vendor, factories.make_studio()):
        desk = factories.make_desk(stranger, "ENGINEER")
        assert not events_visible_to(desk).filter(**mine).exists()
        assert selectors.asset_for(desk, asset.pk) is None


def test_no_released_row_can_exist_without_its_mark_and_signature(farm, film):
    asset = received(farm, film)
    with pytest.raises(DatabaseError, match="released_asset_is_marked_and_signed"), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(state=AssetState.RELEASED)


def test_who_may_deliver(farm, film):
    vendor = factories.make_vendor()
    licensed = make_farm(farm.token.production, vendors=[vendor])
    ours = factories.make_desk(vendor, "ENGINEER")
    asset = received(farm, film, desk=ours, token_jtis=[licensed.token.jti])
    assert asset.organisation == vendor
    # a vendor delivers only under licences that list it
    with pytest.raises(Forbidden):
        received(farm, film, desk=ours, token_jtis=[licensed.token.jti, farm.token.jti])
    # the guild reads
    with pytest.raises(Forbidden):
        received(farm, film, desk=factories.make_desk(farm.token.production.guild, "AUDITOR"))
    # to a stranger the production does not exist
    with pytest.raises(NotFound):
        received(farm, film, desk=factories.make_producer(factories.make_studio()))


def test_an_upload_that_is_no_film_leaves_nothing_behind(farm, tmp_path):
    path = tmp_path / "x.mp4"
    path.write_bytes(b"no film" * 1000)
    with pytest.raises(InvalidInput) as refused:
        received(farm, path)
    assert refused.value.code == "MEDIA_UNREADABLE"
    assert not Asset.objects.exists()


def test_the_authority_is_made_once_and_its_keys_lie_sealed():
    from cryptography.hazmat.primitives import serialization

    from provenance.models import SigningAuthority

    first, second = services.signing_identity(), services.signing_identity()
    assert first.chain_pem == second.chain_pem
    row = SigningAuthority.objects.get()
    plain = first.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert plain not in bytes(row.sealed_signing_key)
    assert trust_anchors_pem() == first.anchor_pem


def test_a_certificate_near_its_end_is_renewed_under_the_same_authority():
    from datetime import UTC, datetime, timedelta

    from provenance.models import SigningAuthority

    first = services.signing_identity()
    SigningAuthority.objects.update(not_after=datetime.now(UTC) + timedelta(days=10))
    second = services.signing_identity()
    assert second.chain_pem != first.chain_pem
    assert second.anchor_pem == first.anchor_pem
    assert trust_anchors_pem() == first.anchor_pem
    assert SigningAuthority.objects.filter(state="ACTIVE").count() == 1
