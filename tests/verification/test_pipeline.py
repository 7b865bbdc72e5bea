"""The stages one by one and together: what is said of good, changed, stripped, foreign and broken files."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import wave
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import jsonschema
import msgspec
import pytest

from common.warmed import Warmed
from provenance.credentials import sign_file
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from trustcore.verification.policy import Policy, policy_named
from trustcore.verification.report import Report, json_schema, parse_report
from trustcore.verification.words import (
    Action,
    Binding,
    DetectionState,
    ErrorState,
    Headline,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    SignerTrust,
    Stage,
    WatermarkReason,
    WatermarkStatus,
)
from verification.cli import main
from verification.pipeline.case import LAYERS, Case, Original
from verification.pipeline.contracts import CONTRACTS
from verification.pipeline.nearest import nearest_original
from verification.pipeline.run import verify

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FAULTY = "tests.verification.faulty_child"
DEFAULT = policy_named("default@1")
# where a test is about credentials alone, nothing else is looked at: each layer costs a process
LAYER_A = frozenset({Stage.PROVENANCE})


def case(path: Path, **more: object) -> Case:
    return Case(path=path, name=path.name, asset_id="asset-1", pointer="upload", **more)  # type: ignore[arg-type]


def judged(path: Path, policy: Policy = DEFAULT, **more: object) -> Report:
    return verify(case(path, **more), policy, at=AT)


def flipped(source: Path, target: Path) -> Path:
    """A bit of the pictures is another one; the container stays whole."""
    data = bytearray(source.read_bytes())
    begin = data.index(b"mdat")
    # late in the film, so that most of its pictures are what they were
    at = begin + int(0.97 * (len(data) - begin))
    data[at] ^= 1
    target.write_bytes(data)
    return target


def rewrapped(source: Path, target: Path) -> Path:
    """The same packets in another container; no credentials come along."""
    with av.open(str(source)) as reading, av.open(str(target), "w") as writing:
        streams = [*reading.streams.video[:1], *reading.streams.audio[:1]]
        outputs = {stream.index: writing.add_stream_from_template(stream) for stream in streams}
        for packet in reading.demux(streams):
            if packet.dts is not None:
                packet.stream = outputs[packet.stream.index]
                writing.mux(packet)
    return target


# layer A


@pytest.mark.req("LV-051")
@pytest.mark.req("LV-070")
@pytest.mark.req("LV-075")
@pytest.mark.req("LV-071")
@pytest.mark.req("LV-007")
@pytest.mark.req("LV-025")
@pytest.mark.req("LV-090")
@pytest.mark.req("LV-091")
@pytest.mark.req("LV-151")
@pytest.mark.req("LV-160")
def test_a_signed_film_is_authenticated_and_says_by_whom_when_and_by_what(
    signed: Path, studio: House
) -> None:
    told: list[Stage] = []
    report = verify(
        case(signed, anchors=studio.identity.anchor_pem, transport={"content_type": "video/mp4"}),
        DEFAULT, at=AT, tell=lambda run: told.append(run.name),
    )  # fmt: skip
    made = report.provenance
    assert (made.status, made.reason, made.binding) == (
        ProvenanceStatus.VALID, ProvenanceReason.TRUSTED, Binding.MATCH,
    )  # fmt: skip
    assert (made.binding_score, made.signer_trust) == (1.0, SignerTrust.TRUSTED)
    assert made.asserted_by == "studio.example"
    assert made.asserted_at is not None
    assert "c2pa.soft-binding" in made.asserted_evidence
    assert (report.decision.action, report.decision.headline) == (Action.PUBLISH, Headline.MADE_UNDER_LICENCE)
    assert report.deepfake.state is DetectionState.SKIPPED
    assert told == list(Stage) == [run.name for run in report.audit.stages]
    assert report.audit.transport == {"content_type": "video/mp4"}
    jsonschema.validate(report.to_dict(), json_schema())
    assert parse_report(json.loads(json.dumps(report.to_dict()))) == report


@pytest.mark.req("LV-223")
@pytest.mark.req("LV-057")
def test_the_same_film_is_not_valid_for_who_trusts_somebody_else_or_nobody(signed: Path) -> None:
    nobody, stranger = judged(signed), judged(signed, anchors=House("other.example").identity.anchor_pem)
    assert (nobody.provenance.reason, nobody.provenance.signer_trust) == (
        ProvenanceReason.SIGNER_UNKNOWN, SignerTrust.UNKNOWN,
    )  # fmt: skip
    assert (stranger.provenance.reason, stranger.provenance.signer_trust) == (
        ProvenanceReason.SIGNER_UNTRUSTED, SignerTrust.UNTRUSTED,
    )  # fmt: skip
    for report in (nobody, stranger):
        assert report.provenance.status is ProvenanceStatus.INVALID
        assert report.provenance.binding is Binding.MATCH
        assert report.decision.action is Action.LABEL
        # no early exit for who is not trusted
        assert report.deepfake.state is not DetectionState.SKIPPED
        assert not report.provenance.licensed


def test_a_revoked_signer_is_named_as_such(signed: Path, studio: House) -> None:
    crl = studio.crl(studio.leaf.serial_number)
    report = judged(signed, layers=LAYER_A, anchors=studio.identity.anchor_pem, crls=crl)
    assert report.provenance.reason is ProvenanceReason.SIGNER_REVOKED
    assert report.decision.action is not Action.PUBLISH


@pytest.mark.req("LV-051")
@pytest.mark.req("LV-142")
@pytest.mark.req("LV-180")
@pytest.mark.req("LV-092")
@pytest.mark.req("LV-093")
@pytest.mark.req("LV-026")
def test_a_changed_picture_is_a_binding_mismatch_with_its_causes(
    signed: Path, studio: House, tmp_path: Path
) -> None:
    report = judged(flipped(signed, tmp_path / "changed.mp4"), anchors=studio.identity.anchor_pem)
    assert report.provenance.reason is ProvenanceReason.BINDING_MISMATCH
    assert report.provenance.binding is Binding.MISMATCH
    assert set(report.provenance.causes) == {
        "transcoding", "metadata stripping", "re-wrapping", "canonicalisation mismatch",
    }  # fmt: skip
    assert report.decision.headline is Headline.CHANGED
    assert "binding_mismatch" in report.audit.errors
    high = judged(
        tmp_path / "changed.mp4", layers=LAYER_A, anchors=studio.identity.anchor_pem, impact=Impact.HIGH
    )
    assert high.decision.action is Action.ESCALATE


@pytest.mark.req("LV-002")
@pytest.mark.req("LV-091")
def test_a_changed_ingredient_under_a_trusted_manifest_is_invalid(
    signed: Path, studio: House, tmp_path: Path
) -> None:
    tampered, whole = flipped(signed, tmp_path / "in.mp4"), tmp_path / "whole.mp4"
    for ingredient in (tampered, signed):
        sign_file(
            signed,
            whole,
            facts=FACTS,
            identity=studio.identity,
            media_type="video/mp4",
            ingredient=ingredient,
        )
        report = judged(whole, layers=LAYER_A, anchors=studio.identity.anchor_pem)
        expected = ProvenanceReason.INGREDIENT_INVALID if ingredient is tampered else ProvenanceReason.TRUSTED
        assert report.provenance.reason is expected, report.provenance
        chain = report.provenance.manifests
        assert [one.depth for one in chain] == [0, 1]
        assert {one.signer for one in chain} == {"studio.example"}
        assert any(one.failures for one in chain) is (ingredient is tampered)
        assert report.provenance.signer_trust is SignerTrust.TRUSTED


@pytest.mark.req("LV-141")
@pytest.mark.req("LV-224")
def test_a_malformed_store_is_rejected_and_its_class_is_kept(
    signed: Path, studio: House, tmp_path: Path
) -> None:
    data = bytearray(signed.read_bytes())
    at = data.index(b"jumb") + 40
    data[at : at + 400] = random.Random(3).randbytes(400)
    (tmp_path / "broken.mp4").write_bytes(data)
    report = judged(tmp_path / "broken.mp4", layers=LAYER_A, anchors=studio.identity.anchor_pem)
    assert report.provenance.status is ProvenanceStatus.INVALID
    assert report.provenance.error
    assert "provenance_extract_failed" in report.audit.errors


@pytest.mark.req("LV-024")
def test_a_sidecar_is_read_where_nothing_is_embedded(plain: Path, studio: House, tmp_path: Path) -> None:
    film, made = tmp_path / "film.mp4", tmp_path / "made.mp4"
    shutil.copy(plain, film)
    store = sign_file(plain, made, facts=FACTS, identity=studio.identity, media_type="video/mp4")
    sidecar = tmp_path / "film.c2pa"
    sidecar.write_bytes(store)
    report = judged(film, layers=LAYER_A, anchors=studio.identity.anchor_pem, sidecar=sidecar)
    assert report.provenance.source == "sidecar"
    assert report.provenance.asserted_by == "studio.example"
    # the store is of the film that carries it: of this one it is no binding
    assert report.provenance.reason is ProvenanceReason.BINDING_MISMATCH
    sidecar.write_bytes(b"no store")
    unread = judged(film, layers=LAYER_A, sidecar=sidecar)
    assert unread.provenance.reason is ProvenanceReason.EXTRACT_FAILED
    assert judged(film, layers=LAYER_A).provenance.status is ProvenanceStatus.MISSING


@pytest.mark.req("LV-003")
@pytest.mark.req("LV-051")
@pytest.mark.req("LV-140")
@pytest.mark.req("LV-184")
@pytest.mark.req("LV-009")
@pytest.mark.req("LV-028")
@pytest.mark.req("LV-011")
def test_a_stripped_film_still_gets_a_whole_report(signed: Path, studio: House, tmp_path: Path) -> None:
    report = judged(rewrapped(signed, tmp_path / "bare.mkv"), anchors=studio.identity.anchor_pem)
    assert (report.provenance.status, report.provenance.reason) == (
        ProvenanceStatus.MISSING, ProvenanceReason.MISSING,
    )  # fmt: skip
    assert report.decision.action is Action.LABEL
    assert {"provenance_missing", "missing_provenance"} <= set(report.decision.rationale_codes)
    assert [run.name for run in report.audit.stages] == list(Stage)
    # of a file that is not known nothing is said of what it may have lost; of a copy of a known one it is
    assert (report.provenance.nearest_original, report.provenance.causes) == (None, ())
    first = judged(signed, layers=LAYER_A, anchors=studio.identity.anchor_pem)
    original = Original(
        "asset-0", first.audit.input_canonical_hash.removeprefix("sha256:"), first.audit.frame_hashes
    )
    lost = judged(
        tmp_path / "bare.mkv", layers=LAYER_A, anchors=studio.identity.anchor_pem, originals=(original,)
    ).provenance
    assert (lost.status, lost.nearest_original, lost.binding_score) == (
        ProvenanceStatus.MISSING,
        "asset-0",
        1.0,
    )
    assert lost.causes == ("metadata stripping",)


@pytest.mark.req("LV-072")
@pytest.mark.req("LV-073")
@pytest.mark.req("LV-023")
@pytest.mark.req("LV-094")
@pytest.mark.req("LV-027")
@pytest.mark.req("LV-052")
def test_a_rewrapped_copy_has_the_same_canonical_hash_and_finds_its_original(
    plain: Path, signed: Path, studio: House, tmp_path: Path
) -> None:
    copied = rewrapped(plain, tmp_path / "copy.mkv")
    first, copy = judged(plain, layers=LAYER_A), judged(copied, layers=LAYER_A)
    assert first.audit.input_sha256 != copy.audit.input_sha256
    assert first.audit.input_canonical_hash == copy.audit.input_canonical_hash
    assert first.audit.frame_hashes == copy.audit.frame_hashes
    assert first.audit.sampling.frames >= 16
    assert {one[:8] for one in first.audit.iscc} >= {"ISCC:GAA", "ISCC:IAA"}, "of its data, of its bytes"
    changed = judged(flipped(plain, tmp_path / "flipped.mp4"), layers=LAYER_A)
    assert changed.audit.input_canonical_hash != first.audit.input_canonical_hash
    original = Original(
        "asset-0", first.audit.input_canonical_hash.removeprefix("sha256:"), first.audit.frame_hashes
    )
    tampered = flipped(signed, tmp_path / "tampered.mp4")
    known = {"anchors": studio.identity.anchor_pem, "originals": (original,), "layers": LAYER_A}
    strict = judged(tampered, **known)
    assert strict.provenance.nearest_original == "asset-0"
    assert 0.9 < (strict.provenance.binding_score or 0) <= 1.0
    assert strict.provenance.status is ProvenanceStatus.INVALID
    tolerant = msgspec.structs.replace(
        DEFAULT, provenance=msgspec.structs.replace(DEFAULT.provenance, binding_tolerance=0.9)
    )
    borne = judged(tampered, tolerant, **known)
    assert (borne.provenance.status, borne.provenance.binding) == (ProvenanceStatus.VALID, Binding.TOLERATED)
    assert "binding_tolerated" in borne.decision.rationale_codes
    untrusted = judged(tampered, tolerant, originals=(original,), layers=LAYER_A)
    assert untrusted.provenance.status is ProvenanceStatus.INVALID


def test_unrelated_frames_have_no_original() -> None:
    from trustcore.verification.report import Sampling
    from verification.pipeline.contracts import Canonical

    draw = random.Random(5)
    codes = tuple(draw.randbytes(8).hex() for _ in range(16))
    other = tuple(draw.randbytes(8).hex() for _ in range(16))
    copy = Canonical(canonical_sha256="0", sampling=Sampling(frames=16, strategy="x"), frame_codes=codes)
    assert nearest_original(copy, [Original("a", "1", other)]) is None
    assert nearest_original(copy, [Original("a", "1", other), Original("b", "2", codes)]) == (
        Original("b", "2", codes), 1.0,
    )  # fmt: skip


# layers B and C


def test_without_a_key_nothing_is_said_of_a_mark(plain: Path) -> None:
    report = judged(plain)
    assert (report.watermark.status, report.watermark.reason) == (
        WatermarkStatus.UNCERTAIN, WatermarkReason.NO_KEY,
    )  # fmt: skip
    assert report.decision.headline is Headline.CANNOT_TELL


@pytest.mark.req("LV-144")
def test_what_no_detector_fits_is_out_of_contract_and_never_scored(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "tone.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(random.Random(1).randbytes(64_000))
    report = judged(tmp_path / "tone.wav")
    assert report.media.kind == "sound"
    assert report.deepfake.state is DetectionState.OUT_OF_CONTRACT
    assert (report.deepfake.status, report.deepfake.risk_score) == (None, None)
    assert "detector_out_of_contract" in report.decision.rationale_codes


@pytest.mark.req("LV-230")
def test_layers_are_switched_off_one_by_one_and_say_so(signed: Path, studio: House) -> None:
    anchors = studio.identity.anchor_pem
    for off in LAYERS:
        layers = frozenset(LAYERS) - {off}
        report = judged(signed, anchors=anchors, layers=layers)
        run = next(one for one in report.audit.stages if one.name is off)
        assert (run.state, run.reason) == ("skipped", "disabled")
    without = judged(signed, anchors=anchors, layers=frozenset({Stage.WATERMARK, Stage.DETECTION}))
    assert without.provenance.reason is ProvenanceReason.NOT_EXAMINED
    assert without.decision.action is not Action.PUBLISH


@pytest.mark.req("LV-208")
def test_under_load_fewer_frames_are_sampled_and_the_report_says_so(plain: Path) -> None:
    full, less = judged(plain, layers=LAYER_A), judged(plain, layers=LAYER_A, reduced=True)
    assert less.audit.sampling.frames < full.audit.sampling.frames
    assert (less.audit.sampling.reduced, less.audit.sampling.reason) == (True, "backpressure")
    assert not full.audit.sampling.reduced


# faults


ERRORS = {
    Stage.INGEST: ErrorState.INGESTION_FAILED,
    Stage.CANONICALISE: ErrorState.CANONICALISATION_FAILED,
    Stage.PROVENANCE: ErrorState.PROVENANCE_EXTRACT_FAILED,
    Stage.WATERMARK: ErrorState.WATERMARK_EXTRACTION_FAILED,
    Stage.DETECTION: ErrorState.DETECTOR_FAILED,
}
REASONS = {
    "raises": "raised",
    "hangs": "timed_out",
    "nonsense": "nonsense",
    "memory": "out_of_memory",
    "dies": "crashed",
}


@pytest.mark.req("LV-147")
@pytest.mark.req("LV-004")
@pytest.mark.req("LV-143")
@pytest.mark.req("LV-145")
@pytest.mark.parametrize("fault", REASONS)
@pytest.mark.parametrize("stage", ERRORS)
def test_a_stage_that_fails_is_reported_with_its_reason_and_the_others_go_on(
    stage: Stage, fault: str, still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "hangs":  # the others have all the time that they need
        short = [replace(one, seconds=1.0) if one.stage is stage else one for one in CONTRACTS]
        monkeypatch.setattr("verification.pipeline.contracts.CONTRACTS", tuple(short))
    broken = Case(
        path=still, name=f"{stage}={fault}", asset_id="asset-1", pointer="upload", impact=Impact.HIGH,
        keys={"1": "5a" * 32} if stage is Stage.WATERMARK else {},
    )  # fmt: skip
    report = verify(broken, DEFAULT, at=AT, child=FAULTY)
    runs = {run.name: run for run in report.audit.stages}
    assert runs[stage].state == ("timed_out" if fault == "hangs" else "failed")
    assert runs[stage].reason.startswith(REASONS[fault])
    assert runs[stage].error
    assert str(ERRORS[stage]) in report.audit.errors
    assert str(ERRORS[stage]) in report.decision.rationale_codes
    assert report.decision.action is Action.ESCALATE
    assert {run.state for name, run in runs.items() if name is not stage} <= {"done", "skipped"}
    assert list(runs) == list(Stage)


@pytest.mark.req("LV-147")
def test_a_stage_that_is_forked_fails_as_one_that_loads_for_itself_and_finds_the_same(still: Path) -> None:
    warmed = Warmed(FAULTY)
    try:
        assert warmed.wait_ready()
        for fault in [*REASONS, "none"]:
            broken = Case(path=still, name=f"ingest={fault}", asset_id="a", pointer="p", layers=frozenset())
            broken = broken if fault in REASONS else replace(broken, name="still.png")
            seconds = 1.5 if fault == "hangs" else None
            own, forked = (
                verify(broken, DEFAULT, at=AT, child=FAULTY, seconds=seconds, warmed=one)
                for one in (None, warmed)
            )
            assert [(run.state, run.reason, run.error, run.isolated) for run in forked.audit.stages] == [
                (run.state, run.reason, run.error, run.isolated) for run in own.audit.stages
            ], fault
            assert (forked.media, forked.audit.input_canonical_hash) == (
                own.media,
                own.audit.input_canonical_hash,
            )
    finally:
        warmed.end()


@pytest.mark.req("LV-147")
def test_where_every_stage_fails_each_is_named_and_nothing_is_claimed(still: Path) -> None:
    broken = Case(
        path=still, name="every=raises", asset_id="asset-1", pointer="upload", keys={"1": "5a" * 32}
    )
    report = verify(broken, DEFAULT, at=AT, child=FAULTY)
    runs = {run.name: run for run in report.audit.stages}
    assert {runs[stage].error for stage in ERRORS} == {"ZeroDivisionError"}
    assert {str(error) for error in ERRORS.values()} <= set(report.audit.errors)
    assert {str(error) for error in ERRORS.values()} <= set(report.decision.rationale_codes)
    assert (report.decision.action, report.decision.headline) == (Action.HOLD, Headline.CANNOT_TELL)
    assert report.decision.layers == ()
    assert report.audit.input_sha256 == f"sha256:{hashlib.sha256(still.read_bytes()).hexdigest()}"
    assert parse_report(json.loads(json.dumps(report.to_dict()))) == report


@pytest.mark.req("LV-146")
@pytest.mark.req("LV-239")
def test_a_stream_that_breaks_off_is_held_or_escalated_by_impact(plain: Path, tmp_path: Path) -> None:
    target = tmp_path / "cut.mp4"
    shutil.copy(plain, target)
    with (
        av.open(str(plain)) as reading,
        av.open(str(target), "w", options={"movflags": "faststart"}) as writing,
    ):
        stream = reading.streams.video[0]
        output = writing.add_stream_from_template(stream)
        for packet in reading.demux(stream):
            if packet.dts is not None:
                packet.stream = output
                writing.mux(packet)
    data = target.read_bytes()
    target.write_bytes(data[: int(0.3 * len(data))])
    for impact, action in ((Impact.LOW, Action.HOLD), (Impact.HIGH, Action.ESCALATE)):
        report = judged(target, impact=impact)
        assert "stream_corrupted" in report.audit.errors, report.audit
        assert report.decision.action is action


def test_what_is_no_medium_gets_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_bytes(b"these are words" * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    for path in tmp_path.iterdir():
        report = judged(path)
        assert {"ingestion_failed", "stream_corrupted"} <= set(report.audit.errors)
        assert report.decision.action is Action.HOLD
        assert report.decision.headline is Headline.CANNOT_TELL


def test_the_process_holds_no_secret_and_is_bounded(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_SECRET", "tell nobody")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@host/db")
    report = verify(
        Case(path=still, name="ingest=environment", asset_id="a", pointer="p"), DEFAULT, at=AT, child=FAULTY
    )
    run = report.audit.stages[0]
    assert run.error == "RuntimeError"
    assert {"memory", "cpu", "files"} <= set(run.isolated)


# mutated files


@pytest.mark.req("LV-224")
@pytest.mark.req("LV-239")
def test_mutated_files_neither_crash_nor_hang_nor_pass_for_what_they_are_not(
    tiny: Path, studio: House, tmp_path: Path
) -> None:
    from bench.hostile import mutants, tried

    anchors = studio.identity.anchor_pem
    whole = tried(tiny, anchors=anchors)
    assert (whole.trusted, whole.crashed) == (True, "")
    outcomes = [tried(path, anchors=anchors) for path in mutants(tiny, tmp_path, count=300, seed=11)]
    assert not [one for one in outcomes if one.crashed or one.seconds > 20]
    # bytes that no hash covers (padding of the store) may change: pictures and sound may not
    passed = [one for one in outcomes if one.trusted]
    assert {one.canonical_sha256 for one in passed} <= {whole.canonical_sha256}
    assert len(passed) < len(outcomes) // 4


# the command line


@pytest.mark.req("LV-050")
@pytest.mark.req("LV-055")
def test_the_command_prints_one_json_object_and_exits_by_what_is_proved(
    signed: Path, plain: Path, anchors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("TRUSTMARK_MARK_KEY", raising=False)
    assert main([str(signed), "--json", "--trust-anchors", str(anchors), "--no-detect"]) == 0
    report = parse_report(json.loads(capsys.readouterr().out))
    assert report.provenance.status is ProvenanceStatus.VALID
    assert report.deepfake.state is DetectionState.DISABLED
    assert report.audit.input_pointer == "signed.mp4"
    assert main([str(signed), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["provenance"]["signer_trust"] == "unknown"
    assert main([str(plain), "--anchors", str(anchors)]) == 4
    assert "cannot tell" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere.mp4"), "--json"]) == 1
    assert "code" in json.loads(capsys.readouterr().out)
    (tmp_path / "bad.pem").write_text("no certificate")
    assert main([str(signed), "--json", "--trust-anchors", str(tmp_path / "bad.pem")]) == 1
    capsys.readouterr()
    assert main([str(signed), "--json", "--decide-by", "nobody@1"]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "POLICY_UNKNOWN"


# a second opinion


@pytest.mark.req("LV-091")
@pytest.mark.req("LV-224")
def test_another_implementation_says_what_it_finds_and_where_it_disagrees_the_report_says_so(
    signed: Path, plain: Path, still: Path, studio: House, tmp_path: Path
) -> None:
    only = frozenset({Stage.PROVENANCE})

    def opinion(path: Path, **more: object) -> tuple[str, bool | None]:
        said = judged(path, layers=only, **more).provenance.second_opinion
        assert said is not None
        assert (said.library, bool(said.version)) == ("encypher-c2pa", True)
        return str(said.state), said.agrees

    anchors = studio.identity.anchor_pem
    assert opinion(signed, anchors=anchors) == ("trusted", True)
    assert opinion(signed) == ("valid", True)
    assert opinion(plain, anchors=anchors) == ("absent", True)
    assert opinion(flipped(signed, tmp_path / "flipped.mp4"), anchors=anchors) == ("invalid", True)
    # it knows no revocation lists of ours, and decides nothing
    revoked = judged(signed, layers=only, anchors=anchors, crls=studio.crl(studio.leaf.serial_number))
    assert revoked.provenance.reason is ProvenanceReason.SIGNER_REVOKED
    assert revoked.provenance.second_opinion is not None
    assert (revoked.provenance.second_opinion.state, revoked.provenance.second_opinion.agrees) == (
        "trusted",
        False,
    )


def test_a_second_opinion_that_breaks_costs_the_first_nothing(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verification.pipeline.stages import credentials, second

    def breaks(*given: object, **more: object) -> None:
        raise RuntimeError("a fault of the tests")

    whole = credentials.run({"path": str(signed), "anchors": ""})["provenance"]
    monkeypatch.setattr(second.encypher_c2pa, "verify", breaks)
    broken = credentials.run({"path": str(signed), "anchors": ""})["provenance"]
    assert broken["second_opinion"]["state"] == "failed"
    assert broken["second_opinion"]["error"] == "RuntimeError"
    assert broken | {"second_opinion": None} == whole | {"second_opinion": None}
