"""Content Credentials in every format that outputs come in: inside the file, or beside it where there is no place."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from datetime import UTC, datetime
from pathlib import Path

import c2pa
import pytest

from common.errors import InvalidInput
from provenance import authority
from provenance.credentials import (
    CredentialFacts,
    LicenceFact,
    SigningFailed,
    c2pa_settings,
    manifest_definition,
    sign_file,
)
from provenance.formats import DPX, EXR, FLAC, FORMATS, JPEG, MOV, MP4, PNG, TIFF, WAV, Kind, format_of
from provenance.media import probe_media
from provenance.reading import MALFORMED, CredentialVerdict, judge_store, read_credentials, sidecar_of
from provenance.source_type import vocabulary
from tests.provenance.media_files import SOUNDS, STILLS, media_file
from tests.provenance.test_credentials import new_identity
from verification import cli

MARK = "00e1d2c3b4a59687"
HOSTILE = "'; DROP TABLE assets;-- <script>alert(1)</script> \u202e"


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def facts():
    return CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["trainedAlgorithmicMedia"],
        created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
        mark_id=MARK,
        mark_algorithms={"PIXEL": "org.trustmark-server.pixel-1"},
        licences=(LicenceFact("0192a000-0000-7000-8000-000000000002", 3, "sha256:" + "ab" * 32),),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory, short_clip):
    folder = tmp_path_factory.mktemp("plain")
    made = {form: media_file(folder, form) for form in (*STILLS, *SOUNDS)}
    quicktime = folder / "plain.mov"
    import imageio_ffmpeg

    copy = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(short_clip),
        "-c",
        "copy",
        str(quicktime),
    ]
    subprocess.run(copy, check=True)
    return made | {MP4: short_clip, MOV: quicktime}


@pytest.fixture(scope="module")
def signed(plain, facts, identity, tmp_path_factory):
    """Every format signed, with its sidecar where it has one, under one name."""
    made = {}
    for form in FORMATS:
        folder = tmp_path_factory.mktemp("signed")
        target = folder / f"delivery{form.suffix}"
        store = sign_file(plain[form], target, facts=facts, identity=identity, media_type=form.media_type)
        if not form.embeds:
            (folder / "delivery.c2pa").write_bytes(store)
        made[form] = target
    return made


def judged(path: Path, identity, **more):
    return read_credentials(path, anchor_pem=identity.anchor_pem, sidecar=sidecar_of(path), **more)


def named(forms):
    return pytest.mark.parametrize("form", forms, ids=lambda form: form.name)


@named(FORMATS)
@pytest.mark.req("GP-020")
@pytest.mark.req("LV-020")
@pytest.mark.req("LV-024")
def test_every_format_is_signed_and_read_back_trusted_and_without_its_credentials_it_is_not(
    form, plain, signed, identity, facts
):
    assert format_of(plain[form]) is form
    report = judged(signed[form], identity)
    assert (report.verdict, report.signed_by_us) == (CredentialVerdict.TRUSTED, True)
    assert report.digital_source_type == facts.source_type.uri
    assert report.licence["mark_id"] == MARK
    assert report.assertions["c2pa.soft-binding"][0]["alg"] == "org.trustmark-server.pixel-1"
    assert "cawg.training-mining" in report.assertions
    assert read_credentials(plain[form], anchor_pem=identity.anchor_pem).verdict is CredentialVerdict.ABSENT
    if not form.embeds:
        # the file is byte for byte what was marked: the sidecar alone speaks for it
        assert signed[form].read_bytes() == plain[form].read_bytes()
        assert read_credentials(signed[form], anchor_pem=identity.anchor_pem).verdict == "ABSENT"


@named(FORMATS)
@pytest.mark.req("LV-021")
@pytest.mark.req("LV-025")
def test_a_strangers_signature_is_intact_and_not_trusted(form, signed, identity):
    assert judged(signed[form], new_identity("elsewhere.example")).verdict is CredentialVerdict.UNTRUSTED
    (serial,) = {int(one["cert_serial_number"]) for one in signature_infos(signed[form], identity)}
    report = judged(signed[form], identity, revoked=frozenset({serial}))
    assert report.verdict is CredentialVerdict.UNTRUSTED
    assert "signingCredential.revoked" in report.findings[0].failures


def signature_infos(path: Path, identity) -> list[dict]:
    sidecar = sidecar_of(path)
    store = sidecar.read_bytes() if sidecar else None
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        path.open("rb") as stream,
        c2pa.Reader(format_of(path).media_type, stream, manifest_data=store, context=context) as reader,
    ):
        return [one["signature_info"] for one in json.loads(reader.json())["manifests"].values()]


@named(FORMATS)
@pytest.mark.req("LV-023")
@pytest.mark.req("LV-026")
def test_a_flipped_byte_of_media_or_manifest_breaks_it(form, signed, identity, tmp_path):
    whole = signed[form].read_bytes()
    store = sidecar_of(signed[form])
    places = [len(whole) - 7 if form not in {TIFF, WAV} else 5000]
    if store is None:
        places.append(whole.index(b"cawg.ai_training") + 3)
    for number, place in enumerate(places):
        copy = tmp_path / str(number) / signed[form].name
        copy.parent.mkdir()
        touched = bytearray(whole)
        touched[place] ^= 1
        copy.write_bytes(touched)
        if store is not None:
            shutil.copy(store, copy.parent)
        report = judged(copy, identity)
        assert report.verdict is CredentialVerdict.BROKEN
        assert not report.signed_by_us
    if store is not None:
        data = bytearray(store.read_bytes())
        data[data.index(b"cawg.ai_training") + 3] ^= 1
        copy = shutil.copy(signed[form], tmp_path / signed[form].name)
        (tmp_path / "delivery.c2pa").write_bytes(data)
        assert judged(Path(copy), identity).verdict is CredentialVerdict.BROKEN


@named(FORMATS)
def test_a_file_cut_off_is_never_trusted(form, signed, identity, tmp_path):
    whole, store = signed[form].read_bytes(), sidecar_of(signed[form])
    if store is not None:
        shutil.copy(store, tmp_path)
    for part in (0.98, 0.5, 0.05):
        copy = tmp_path / signed[form].name
        copy.write_bytes(whole[: int(len(whole) * part)])
        report = judged(copy, identity)
        assert report.verdict in {CredentialVerdict.BROKEN, CredentialVerdict.ABSENT}
        assert not report.signed_by_us


@pytest.mark.parametrize(
    "bad",
    [b"", b"\0" * 64, b"<script>", b"\xff\xff\xff\xffjumb" + b"\0" * 32],
    ids=["empty", "zero", "script", "length"],
)
@named((EXR, DPX))
def test_a_sidecar_that_is_none_is_malformed(form, bad, signed, identity, tmp_path):
    copy = Path(shutil.copy(signed[form], tmp_path))
    (tmp_path / "delivery.c2pa").write_bytes(bad)
    report = judged(copy, identity)
    assert report.verdict is CredentialVerdict.BROKEN
    assert report.findings[0].failures == (MALFORMED,)
    # a sidecar that was cut off, and another file's
    store = sidecar_of(signed[form]).read_bytes()
    (tmp_path / "delivery.c2pa").write_bytes(store[:-40])
    assert judged(copy, identity).findings[0].failures == (MALFORMED,)
    other = EXR if form is DPX else DPX
    shutil.copy(sidecar_of(signed[other]), tmp_path)
    assert judged(copy, identity).verdict is CredentialVerdict.BROKEN


@named((PNG, JPEG, TIFF, WAV, FLAC, EXR))
def test_a_container_that_lies_about_its_kind_is_told_by_its_bytes(form, plain, identity, facts, tmp_path):
    renamed = tmp_path / "lies.mp4"
    shutil.copy(plain[form], renamed)
    assert format_of(renamed) is form
    assert probe_media(renamed).media_type == form.media_type
    with pytest.raises(SigningFailed):
        sign_file(renamed, tmp_path / "out.mp4", facts=facts, identity=identity, media_type="video/mp4")


@named((*STILLS, *SOUNDS))
def test_what_is_taken_in_is_described_and_a_header_without_content_is_refused(form, plain, tmp_path):
    found = probe_media(plain[form])
    assert (found.media_type, found.suffix, found.kind) == (form.media_type, form.suffix, form.kind)
    if form.kind is Kind.STILL:
        assert (found.width, found.height, found.has_audio, found.duration_ms) == (640, 360, False, 0)
    else:
        assert (found.width, found.sample_rate_hz, found.duration_ms) == (0, 48_000, 2000)
    whole = plain[form].read_bytes()
    for content in (whole[:40], whole[:12] + b"\xff" * 4000, whole[:12]):
        path = tmp_path / f"tm-secret-place{form.suffix}"
        path.write_bytes(content)
        with pytest.raises(InvalidInput) as refused:
            probe_media(path)
        assert refused.value.code == "MEDIA_UNREADABLE"
        assert "secret-place" not in refused.value.detail


def test_a_flac_behind_a_tag_is_a_flac_and_a_tag_before_anything_else_is_not(signed, plain, tmp_path):
    assert signed[FLAC].read_bytes()[:3] == b"ID3"
    assert probe_media(signed[FLAC]).media_type == "audio/flac"
    other = tmp_path / "song.flac"
    other.write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + plain[WAV].read_bytes())
    assert format_of(other) is None
    other.write_bytes(b"ID3\x04\0\0\xff\xff\xff\xff\0\0")
    assert format_of(other) is None


def test_signed_sound_still_plays_with_every_sample(signed, plain):
    import soundfile

    with wave.open(str(signed[WAV])) as one, wave.open(str(plain[WAV])) as other:
        assert one.readframes(one.getnframes()) == other.readframes(other.getnframes())
    import av

    for form in (WAV, FLAC):
        with av.open(str(signed[form])) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) == 96_000
    assert soundfile.info(str(signed[WAV])).frames == 96_000


@named((MP4, MOV))
def test_a_copy_by_ffmpeg_has_lost_its_credentials_and_nobody_is_told_otherwise(
    form, signed, identity, tmp_path
):
    import imageio_ffmpeg

    copy = tmp_path / f"copy{form.suffix}"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(signed[form]),
        "-c",
        "copy",
        str(copy),
    ]
    subprocess.run(command, check=True)
    report = read_credentials(copy, anchor_pem=identity.anchor_pem)
    assert (report.verdict, report.signed_by_us) == (CredentialVerdict.ABSENT, False)


def test_a_claim_signers_usage_counts_only_where_the_library_is_told_so(plain, facts, tmp_path, monkeypatch):
    monkeypatch.setattr(authority, "ACCEPTED_USAGES", (authority.C2PA_CLAIM_SIGNING,))
    ours, target = new_identity(), tmp_path / "signed.png"
    sign_file(plain[PNG], target, facts=facts, identity=ours, media_type="image/png")
    assert read_credentials(target, anchor_pem=ours.anchor_pem).verdict is CredentialVerdict.TRUSTED
    settings = c2pa_settings(ours.anchor_pem)
    del settings["trust"]["trust_config"]
    with (
        c2pa.Context.from_dict(settings) as context,
        target.open("rb") as stream,
        c2pa.Reader("image/png", stream, context=context) as reader,
    ):
        untold = judge_store(json.loads(reader.json()))
    assert untold.verdict is not CredentialVerdict.TRUSTED


def test_a_builder_signs_once(plain, identity, facts, tmp_path):
    definition = manifest_definition(facts, media_type="image/png")
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem) as signer,
        c2pa.Builder(definition, context=context) as builder,
        plain[PNG].open("rb") as reading,
    ):
        with (tmp_path / "one.png").open("w+b") as writing:
            builder.sign(signer, "image/png", reading, writing)
        with (tmp_path / "two.png").open("w+b") as writing, pytest.raises(c2pa.C2paError):
            builder.sign(signer, "image/png", reading, writing)


@pytest.mark.req("GP-047")
@named((PNG, JPEG, TIFF, WAV, FLAC, MP4))
def test_a_downstream_signer_signs_over_ours_and_ours_is_kept(form, signed, identity, facts, tmp_path):
    """What we deliver is the ingredient of another's credentials, and both are read."""
    other, target = new_identity("downstream.example"), tmp_path / f"over{form.suffix}"
    sign_file(
        signed[form], target, facts=facts, identity=other, media_type=form.media_type, ingredient=signed[form]
    )
    report = read_credentials(target, anchor_pem=other.anchor_pem + identity.anchor_pem)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert [(finding.depth, finding.signer) for finding in report.findings] == [
        (0, "downstream.example"),
        (1, "studio.example"),
    ]
    alone = read_credentials(target, anchor_pem=other.anchor_pem)
    assert alone.verdict is CredentialVerdict.UNTRUSTED
    assert alone.own_verdict is CredentialVerdict.TRUSTED


def test_words_of_a_manifest_are_values_and_never_code(plain, identity, facts, tmp_path, capsys):
    from dataclasses import replace

    target = tmp_path / "hostile.png"
    hostile = replace(facts, asset_id=HOSTILE, log_origin=HOSTILE)
    sign_file(plain[PNG], target, facts=hostile, identity=identity, media_type="image/png")
    report = read_credentials(target, anchor_pem=identity.anchor_pem)
    assert report.verdict is CredentialVerdict.TRUSTED
    assert report.licence["asset"] == HOSTILE
    assert (
        json.loads(json.dumps(report.to_dict()))["assertions"]["org.trustmark-server.licence"][0]["asset"]
        == HOSTILE
    )


def test_the_command_finds_the_sidecar_beside_the_file(signed, identity, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TRUSTMARK_MARK_KEY", raising=False)
    anchors = tmp_path / "authority.pem"
    anchors.write_text(identity.anchor_pem)
    asked = ["--anchors", str(anchors), "--no-detect", "--json"]
    assert cli.main([str(signed[EXR]), *asked]) == 0
    lonely = shutil.copy(signed[EXR], tmp_path / "lonely.exr")
    assert cli.main([str(lonely), *asked]) == 4
    beside = str(sidecar_of(signed[EXR]))
    capsys.readouterr()
    assert cli.main([str(lonely), *asked, "--sidecar", beside]) == 0
    told = json.loads(capsys.readouterr().out)["provenance"]
    assert (told["status"], told["source"], told["binding"]) == ("valid", "sidecar", "match")
    with lonely.open("r+b") as other:
        other.seek(-8, 2)
        other.write(b"\x55" * 8)
    assert cli.main([str(lonely), *asked, "--sidecar", beside]) == 4
